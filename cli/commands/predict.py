"""`minicnn predict RUN IMAGE...`: classify pictures with a trained network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from minicnn.cli.echo import echo, echo_error
from minicnn.cli.options import device_option, format_option, weights_path
from minicnn.errors import MinicnnError

if TYPE_CHECKING:
    import numpy as np


@click.command()
@click.argument("run")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--raw", is_flag=True, help="Take images as they are: they are light on black, cut out and scaled already.")
@click.option("--resize", is_flag=True, help="Stretch images of other sizes.")
@click.option("--invert", is_flag=True, help="Swap light and dark: for dark ink on paper, where the training images are light on black.")
@device_option
@format_option
def predict(run: str, images: tuple[str, ...], raw: bool, resize: bool, invert: bool, device: str, form: str) -> None:
    """Classify images with the weights of RUN: the three most probable classes of each.

    RUN is a run folder, a best.safetensors taken from one, or a network saved from Python after training.  IMAGE is a PNG,
    JPEG, PGM or .npy file, in the size of the training images or of the network's input.  Images that cannot be used are
    reported, the others classified; the exit status is 1 then.

    A network that was trained on MNIST, QMNIST or EMNIST takes a picture of any sheet with one digit or letter, dark on light or light
    on dark: it is prepared like the training images, and shown as the network saw it.  With --raw it is not.
    """
    from minicnn.datasets.pictures import read_picture
    from minicnn.engine import checked_device
    from minicnn.train import fit_picture, guesses, handwriting_kind, load_trained, looks_inverted, prepare_picture

    device = checked_device(device)
    trained = load_trained(weights_path(run))
    prepares = not raw and handwriting_kind(trained) is not None
    if prepares and (resize or invert):
        echo(f"Warning: images are prepared like those of {trained.data}: --resize and --invert are for --raw", err=True)
    pictures: dict[int, np.ndarray] = {}  # by their position among the images
    faults: dict[int, MinicnnError] = {}
    for place, name in enumerate(images):
        try:
            picture = read_picture(name, contrasting=prepares)
            pictures[place] = prepare_picture(trained, picture, name) if prepares else fit_picture(trained, picture, name, resize, invert)
        except MinicnnError as error:
            echo_error(str(error))
            faults[place] = error
            continue
        if not prepares and looks_inverted(trained, pictures[place]):
            fix = "leave out --invert" if invert else "use --invert"
            echo(f"Warning: {name} seems to be inverted compared with {trained.data}: {fix}", err=True)
    answers = dict(zip(pictures, guesses(trained, list(pictures.values()), device=device), strict=True)) if pictures else {}
    if form == "json":
        echo(
            json.dumps(
                [
                    {"image": name, "error": faults[place].headline}
                    if place in faults
                    else {
                        "image": name,
                        "predictions": [
                            {"class": guess.name, "index": guess.label, "probability": guess.probability} for guess in answers[place]
                        ],
                        **({"seen": pictures[place][0].tolist()} if prepares else {}),
                    }
                    for place, name in enumerate(images)
                ]
            )
        )
    elif answers:
        from minicnn.cli.render.console import stdout_console
        from minicnn.cli.render.prediction import print_predictions

        seen = [pictures[place] for place in answers] if prepares else None
        print_predictions(stdout_console(), [images[place] for place in answers], list(answers.values()), seen)
    if faults:
        click.get_current_context().exit(1)
