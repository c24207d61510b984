"""Options that several verbs share, and the long list for training."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from minicnn.cli.mistakes import Choice, OwnChoice
from minicnn.errors import CheckpointError, SettingError

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")
SCHEDULES = ("constant", "step", "milestones", "halving", "plateau", "cosine", "cosine-restarts", "one-cycle", "warm-up")
DECAYS = ("all", "weights")

ENDS_OF_WEIGHTS = (".safetensors", ".pth", ".pt", ".onnx", ".keras", ".h5")
DEVICE = re.compile("cpu|cuda(:[0-9]{1,9})?")


class DeviceName(click.ParamType):
    """The name of a device; whether there is such a one is asked where it is used."""

    name = "device"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        word = str(value).lower()
        if DEVICE.fullmatch(word) is None:
            self.fail(f"{value!r} is not a device: use 'cpu', 'cuda', or 'cuda:1' for the second GPU", param, ctx)
        return word


format_option = click.option("--format", "form", type=Choice(("table", "json")), default="table", show_default=True, help="Output format.")
data_dir_option = click.option(
    "--data-dir", metavar="DIR", help="Look for data in this folder first; without --data, use the data set it holds."
)

device_option = click.option(
    "--device", type=DeviceName(), default="cpu", metavar="cpu|cuda|cuda:N", show_default=True, help="Where to compute."
)


def _run_file(ctx: click.Context, param: click.Parameter, file: str | None) -> None:
    if file is not None:
        from minicnn.cli.python_file import definitions

        definitions(file)


own_option = click.option(
    "--own",
    metavar="FILE.py",
    expose_value=False,
    callback=_run_file,
    help="Run this file first, where RUN has layers or a loss of your own that it defines.",
)


def update_options() -> tuple[Callable[[Command], Command], ...]:
    """What happens around an optimizer's step, and when training ends."""
    above, share = click.FloatRange(min=0, min_open=True), click.FloatRange(0, 1, min_open=True, max_open=True)
    return (
        click.option("--nesterov", is_flag=True, default=None, help="Look ahead along the momentum (sgd)."),
        click.option(
            "--decay", type=Choice(DECAYS), show_default="recipe, else all", help="What weight decay pulls: not biases and normalizations."
        ),
        click.option("--warmup", type=above, metavar="EPOCHS", help="Let the learning rate rise within so many epochs, such as 0.5."),
        click.option("--clip-norm", type=above, metavar="X", help="Shorten gradients whose norm over all parameters is larger."),
        click.option(
            "--accumulate",
            type=click.IntRange(min=1),
            metavar="N",
            show_default="1",
            help="Batches whose gradients make one update; batch normalization sees each alone.",
        ),
        click.option(
            "--ema", type=share, metavar="DECAY", help="Evaluate and keep a moving average of the weights, with this decay, such as 0.999."
        ),
        click.option(
            "--patience",
            type=click.IntRange(min=1),
            metavar="N",
            help="End when so many epochs have not been better on the images that --validation holds out.",
        ),
    )


def training_options(command: Command) -> Command:
    """Everything that can be set for a run.  What is left out is None, so that a resumed run can tell."""
    rate, count = click.FloatRange(min=0), click.IntRange(min=1)
    options = (
        click.option(
            "--data",
            metavar="DATA|PATH",
            show_default="recipe, else digits",
            help="Data set, one of 'minicnn data list'; or a folder of pictures by class, or a file .npz, .npy or .csv.",
        ),
        data_dir_option,
        click.option(
            "--epochs",
            type=count,
            metavar="N",
            show_default="recipe, else 40 for few images, 10 for many",
            help="Passes over the training images.",
        ),
        click.option("--batch-size", type=count, metavar="N", show_default="recipe, else 128", help="Images per update."),
        click.option("--optimizer", type=OwnChoice(OPTIMIZERS), show_default="recipe, else adam", help="How weights are updated."),
        click.option(
            "--learning-rate",
            type=rate,
            metavar="X",
            show_default="recipe, else 0.05 for sgd, 0.003 for adam, 0.003 for adamw, 0.001 for rmsprop",
            help="Step size.",
        ),
        click.option(
            "--momentum",
            type=click.FloatRange(0, 1, max_open=True),
            metavar="X",
            show_default="recipe, else 0.9",
            help="Share of the last update that is kept (sgd, rmsprop).",
        ),
        click.option(
            "--weight-decay",
            type=rate,
            metavar="X",
            show_default="recipe, else 0.0005 for sgd, 0 for adam, 0.01 for adamw, 0 for rmsprop",
            help="How strongly weights are pulled towards 0.",
        ),
        click.option(
            "--schedule",
            type=OwnChoice(SCHEDULES),
            metavar="SCHEDULE",
            show_default="recipe, else cosine",
            help=f"How the learning rate changes over the epochs: {', '.join(SCHEDULES)}.",
        ),
        *update_options(),
        click.option(
            "--loss", metavar="LOSS", show_default="recipe, else SoftmaxCrossEntropy", help="What is made smaller, one of minicnn.losses."
        ),
        click.option(
            "--label-smoothing",
            type=click.FloatRange(0, 1, max_open=True),
            metavar="X",
            help="Share of every label that is spread over all classes, such as 0.1.",
        ),
        click.option(
            "--recipe", metavar="RECIPE", help="Use a recipe by its name, or that of another network; 'minicnn recipes' lists them."
        ),
        click.option(
            "--augment",
            metavar="LIST",
            help="Random changes of training images, separated by commas: shift, rotate=10, elastic, flip, ... (a wrong word lists them all).",
        ),
        click.option(
            "--validation",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            metavar="FRACTION",
            help="Hold out this share of the training images: they choose the epoch whose weights are kept, in place of the"
            " last; the test images are used only at the end.",
        ),
        click.option(
            "--select-on-test",
            is_flag=True,
            default=None,
            help="Keep the weights of the epoch that is best on the test images; the accuracy is then too optimistic.",
        ),
        device_option,
        click.option("--threads", type=count, metavar="N", show_default="all", help="Processors to use; the result does not depend on it."),
        click.option(
            "--parallel",
            type=Choice(("data", "model")),
            show_default="data under mpiexec",
            help="How the ranks that mpiexec starts share the work: each takes a part of every batch, or each of two a tower of the network.",
        ),
        click.option(
            "--init",
            metavar="NAME",
            show_default="he",
            help="What weights start from: he, glorot, lecun, each with -normal, gaussian=SIGMA, orthogonal.",
        ),
        click.option(
            "--weights",
            metavar="RUN|FILE",
            help="Start with its weights, of the layers whose names and shapes fit; the others start anew, as a last layer for other classes.",
        ),
        click.option(
            "--freeze",
            multiple=True,
            metavar="PATTERN",
            help="Leave these weights as they are: a layer, a block or a parameter, as in 'conv*'; may be given several times.",
        ),
        click.option("--seed", type=click.IntRange(min=0), metavar="N", show_default="0", help="Seed of everything random."),
        click.option(
            "--repeat",
            type=count,
            metavar="N",
            help="Train N times, with this seed and those after it, each in its own folder; report mean and spread.",
        ),
        click.option("--out", metavar="DIR", show_default="runs/NAME-DATA-1, or the next number", help="Folder for a new run."),
        click.option("--resume", metavar="RUN", help="Continue this run; NETWORK is needed for a file with layers of your own only."),
        format_option,
        click.option("--quiet", is_flag=True, help="Write only the last line."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def weights_path(run: str) -> Path:
    """The weight file of RUN: a run folder's best, or the file itself; a CheckpointError if it is neither."""
    from minicnn.train import RunFolder

    path = Path(run).expanduser()
    if path.suffix.lower() in ENDS_OF_WEIGHTS and not path.exists():
        raise CheckpointError(f"{run}: there is no such file")
    return path if os.path.isfile(path) else RunFolder.open(path).best_path


def svg_path(verb: str, out: str) -> Path:
    """The file for a picture; a SettingError unless its name ends in .svg."""
    path = Path(out).expanduser()
    if path.suffix.lower() != ".svg":
        raise SettingError(f"{verb}: {path} does not end in .svg, but pictures are written as SVG\n  use {path.with_suffix('.svg')}")
    return path
