"""`minicnn evaluate RUN`: accuracy of a trained network, class by class."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from minicnn.cli.options import data_dir_option, device_option, format_option, weights_path

if TYPE_CHECKING:
    from minicnn.train import Examination


@click.command()
@click.argument("run")
@click.option("--data", metavar="NAME|PATH", help="Other data with the same classes: a data set, a folder of pictures, or a file.")
@data_dir_option
@device_option
@format_option
def evaluate(run: str, data: str | None, data_dir: str | None, device: str, form: str) -> None:
    """Measure the weights of RUN on the test images: loss, accuracy, and which classes are confused.

    RUN is a run folder, a best.safetensors taken from one, or a network saved from Python after training.
    """
    from minicnn.cli.data_choice import data_name
    from minicnn.datasets import load, names
    from minicnn.engine import checked_device
    from minicnn.errors import DataError
    from minicnn.train import examine, load_trained
    from minicnn.train.settings import DEFAULT_DATA

    device = checked_device(device)
    trained = load_trained(weights_path(run))
    known = trained.data if trained.data in names() else recorded(run, "data")
    if not data and known is None:
        raise DataError(
            f"{run} was trained on custom data ({trained.data!r}), which cannot be found by name"
            f"\n  use --data NAME, one of 'minicnn data list', or --data PATH, a folder of pictures or a file"
        )
    name = data_name(data, data_dir, known or DEFAULT_DATA)
    same = recorded(run, "data") == name
    size = trained.image_shape[1:] if len(trained.image_shape) == 3 else None
    images = load(name, "test", data_dir or (recorded(run, "data_dir") if same else None), size)  # type: ignore[arg-type]
    found = examine(trained, images, device=device)
    if form == "json":
        click.echo(json.dumps({"network": trained.net.name, "epoch": trained.epoch, "data": name, **as_json(found)}))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.evaluation import print_examination

    print_examination(stdout_console(), found, f"{trained.net.name} after epoch {trained.epoch}", name)


def recorded(run: str, setting: str) -> str | None:
    """What a run's folder says about its data or data_dir; None if RUN is no folder."""
    from minicnn.train import RunFolder, RunSettings

    if not os.path.isdir(run):
        return None
    value: str | None = getattr(RunSettings.from_json(RunFolder.open(run).read_description().get("settings"), run), setting)
    return value


def as_json(found: Examination) -> dict[str, Any]:
    """The examination as JSON values."""
    return {
        "images": found.images,
        "loss": found.loss,
        "accuracy": found.accuracy,
        "metrics": found.metrics,
        "classes": [
            {
                "class": name,
                "images": int(found.counts[k].sum()),
                "correct": int(found.counts[k, k]),
                "accuracy": found.class_accuracy(k),
            }
            for k, name in enumerate(found.classes)
            if found.confusion is not None
        ],
        "confusion_matrix": None if found.confusion is None else found.confusion.tolist(),
    }
