"""`minicnn evaluate RUN`: how good a trained network is, class by class, and the pictures that it answers worst."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from minicnn.cli.echo import json_text
from minicnn.cli.options import data_dir_option, device_option, format_option, own_option, svg_path, weights_path

if TYPE_CHECKING:
    from minicnn.train import Examination


@click.command()
@click.argument("run")
@click.option("--data", metavar="DATA|PATH", help="Other data with the same classes: a data set, a folder of pictures, or a file.")
@data_dir_option
@click.option(
    "--mistakes",
    type=click.IntRange(min=0),
    metavar="N",
    show_default="5, in a pipe 0",
    help="Show the N pictures that are answered worst.",
)
@click.option("--out", metavar="FILE.svg", help="Draw these pictures, with the answers over them, into a file.")
@own_option
@device_option
@format_option
def evaluate(run: str, data: str | None, data_dir: str | None, mistakes: int | None, out: str | None, device: str, form: str) -> None:
    """Measure the weights of RUN on the test images: loss, accuracy, which classes are confused, and the worst mistakes.

    RUN is a run folder, a best.safetensors taken from one, or a network saved from Python after training.

    Of classes, the worst mistakes are those that the network is surest of; of masks, the lowest intersection over union; of boxes, most
    objects missed or seen where there are none.  Each comes with its index in the test images, from 0.
    """
    path = None if out is None else svg_path("evaluate", out)
    from minicnn.cli.data_choice import of_training
    from minicnn.datasets import load
    from minicnn.engine import checked_device
    from minicnn.train import examine, load_trained

    device = checked_device(device)
    trained = load_trained(weights_path(run))
    name, folder = of_training(run, trained.data, data, data_dir)
    size = trained.image_shape[1:] if len(trained.image_shape) == 3 else None
    images = load(name, "test", folder, size)  # type: ignore[arg-type]
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting

    with Waiting(stderr_console(), f"{len(images):,} images"):
        found = examine(trained, images, device=device, **({} if mistakes is None else {"mistakes": mistakes}))
    classes = trained.class_names
    if path is not None:
        from minicnn.cli.render.mistakes import tiles
        from minicnn.cli.render.picture_sheet import write_sheet

        write_sheet(path, tiles(found.mistakes, images, classes), classes)
        click.echo(f"wrote {path}", err=True)
    if form == "json":
        click.echo(json_text({"network": trained.net.name, "epoch": trained.epoch, "data": name, **as_json(found, classes)}))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.evaluation import print_examination
    from minicnn.cli.render.mistakes import print_mistakes

    console = stdout_console()
    print_examination(console, found, f"{trained.net.name} after epoch {trained.epoch}", name)
    if mistakes or (mistakes is None and console.is_terminal):
        print_mistakes(console, found.kind, found.mistakes, images, classes)


def as_json(found: Examination, names: Sequence[str]) -> dict[str, Any]:
    """The examination as JSON values."""
    from minicnn.cli.render.mistakes import as_json as mistake

    return {
        "images": found.images,
        "loss": found.loss,
        "accuracy": found.accuracy,
        "metrics": found.metrics,
        "classes": [class_as_json(found, k, name) for k, name in enumerate(found.classes) if found.confusion is not None]
        + [{"class": names[k], "objects": objects, "average_precision": ap} for k, objects, ap in found.precisions],
        "confusion_matrix": None if found.confusion is None else found.confusion.tolist(),
        "mistakes": [mistake(each) for each in found.mistakes],
    }


def class_as_json(found: Examination, k: int, name: str) -> dict[str, Any]:
    """One class of a confusion matrix, of images or of pixels."""
    what = "pixels" if found.kind == "mask" else "images"
    figures = {"class": name, what: int(found.counts[k].sum()), "correct": int(found.counts[k, k]), "accuracy": found.class_accuracy(k)}
    return figures | ({"iou": found.class_iou(k)} if found.kind == "mask" else {})
