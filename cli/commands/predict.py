"""`minicnn predict RUN IMAGE...`: what a trained network sees in pictures."""

from __future__ import annotations

import json

import click

from minicnn.cli.echo import echo
from minicnn.cli.options import format_option, weights_path


@click.command()
@click.argument("run")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--resize", is_flag=True, help="Stretch images of another size.")
@click.option("--invert", is_flag=True, help="Swap light and dark: for ink on paper, where the training images are light on black.")
@format_option
def predict(run: str, images: tuple[str, ...], resize: bool, invert: bool, form: str) -> None:
    """Classify images with the best weights of RUN: the three most probable classes of each.

    RUN is a run folder, or a best.safetensors taken from one.  IMAGE is a PNG, JPEG, PGM or .npy file, in the size of the
    training images or of the network's input.
    """
    from minicnn.datasets.pictures import read_picture
    from minicnn.train import fit_picture, guesses, load_trained, looks_inverted

    trained = load_trained(weights_path(run))
    pictures = []
    for name in images:
        pictures.append(fit_picture(trained, read_picture(name), name, resize, invert))
        if looks_inverted(trained, pictures[-1]):
            fix = "leave out --invert" if invert else "use --invert"
            echo(f"Warning: {name} seems to have dark and light the other way round than {trained.data}: {fix}", err=True)
    answers = guesses(trained, pictures)
    if form == "json":
        echo(json.dumps([{"image": name, "predictions": [
            {"class": guess.name, "index": guess.label, "probability": guess.probability} for guess in best]}
            for name, best in zip(images, answers, strict=True)]))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.prediction import print_predictions

    print_predictions(stdout_console(), images, answers)
