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
@click.option("--resize", is_flag=True, help="Stretch images of other sizes.")
@click.option("--invert", is_flag=True, help="Swap light and dark: for dark ink on paper, where the training images are light on black.")
@device_option
@format_option
def predict(run: str, images: tuple[str, ...], resize: bool, invert: bool, device: str, form: str) -> None:
    """Classify images with the weights of RUN: the three most probable classes of each.

    RUN is a run folder, a best.safetensors taken from one, or a network saved from Python after training.  IMAGE is a PNG,
    JPEG, PGM or .npy file, in the size of the training images or of the network's input.  Images that cannot be used are
    reported, the others classified; the exit status is 1 then.
    """
    from minicnn.datasets.pictures import read_picture
    from minicnn.engine import checked_device
    from minicnn.train import fit_picture, guesses, load_trained, looks_inverted

    device = checked_device(device)
    trained = load_trained(weights_path(run))
    pictures: dict[int, np.ndarray] = {}  # by their position among the images
    faults: dict[int, MinicnnError] = {}
    for place, name in enumerate(images):
        try:
            pictures[place] = fit_picture(trained, read_picture(name), name, resize, invert)
        except MinicnnError as error:
            echo_error(str(error))
            faults[place] = error
            continue
        if looks_inverted(trained, pictures[place]):
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
                    }
                    for place, name in enumerate(images)
                ]
            )
        )
    elif answers:
        from minicnn.cli.render.console import stdout_console
        from minicnn.cli.render.prediction import print_predictions

        print_predictions(stdout_console(), [images[place] for place in answers], list(answers.values()))
    if faults:
        click.get_current_context().exit(1)
