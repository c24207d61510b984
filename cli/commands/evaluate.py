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
@click.option("--data", metavar="NAME", help="Another data set with the same classes.")
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

    device = checked_device(device)
    trained = load_trained(weights_path(run))
    if not data and trained.data not in names():
        raise DataError(
            f"{run} was trained on custom data ({trained.data!r}), which cannot be found by name"
            f"\n  use --data NAME, one of 'minicnn data list'"
        )
    name = data_name(data, data_dir, trained.data)
    found = examine(trained, load(name, "test", data_dir or recorded_data_dir(run, name)), device=device)
    if form == "json":
        click.echo(json.dumps({"network": trained.net.name, "epoch": trained.epoch, "data": name, **as_json(found)}))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.evaluation import print_examination

    print_examination(stdout_console(), found, f"{trained.net.name} after epoch {trained.epoch}", name)


def recorded_data_dir(run: str, name: str) -> str | None:
    """The folder in which a run found the data set `name`, if RUN is the run's folder."""
    from minicnn.train import RunFolder, RunSettings

    if not os.path.isdir(run):
        return None
    settings = RunSettings.from_json(RunFolder.open(run).read_description().get("settings"), run)
    return settings.data_dir if settings.data == name else None


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
