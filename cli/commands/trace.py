"""`minicnn trace`: one number of a layer or of a kernel, every product that leads to it.

    minicnn trace lenet --layer conv2 --at 3,4,5 --data digits --index 7
    minicnn trace lenet --layer conv2 --at 3,2,0,1 --gradient weight
    minicnn trace --kernel conv2d_backward_weight --input 4x4 --window 3x3 --padding 1 --at 0,0,1,1

Lecture 000 slides a 3x3 filter over a 5x5 input; all nine steps, drawn:

    minicnn trace --kernel conv2d --x "3 3 2 1 0; 0 0 1 3 1; 3 1 2 2 3; 2 0 0 2 2; 2 0 0 0 1" --weight "0 1 2; 2 2 0; 0 1 2" --frames nine.svg
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

import click

from minicnn.cli.echo import json_text
from minicnn.cli.mistakes import Choice
from minicnn.cli.options import data_dir_option
from minicnn.errors import DataError, SettingError

if TYPE_CHECKING:
    import numpy as np

    from minicnn.cli.weights_choice import Weighted
    from minicnn.tracing import TraceTable
    from minicnn.tracing.of_kernel import Kernel

FORMATS = ("table", "json", "markdown", "latex")
Command = TypeVar("Command", bound=Callable[..., Any])


class Numbers(click.ParamType):
    """Whole numbers with a sign between them: "3,4,5" or "4x4"."""

    def __init__(self, sign: str, name: str) -> None:
        self.sign, self.name = sign, name

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).lower().split(self.sign)]
        if not all(part.lstrip("-").isascii() and part.lstrip("-").isdigit() and len(part) < 10 for part in parts):
            self.fail(f"{value!r} is not {self.name}, whole numbers with {self.sign!r} between them", param, ctx)
        return tuple(map(int, parts))


class Padding(Numbers):
    """valid, same, full, or pixels, one number or one per axis."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if value in ("valid", "same", "full") else super().convert(value, param, ctx)


class Setting(click.ParamType):
    """NAME=VALUE; what is no number, list or word of Python is text."""

    name = "NAME=VALUE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).partition("=")
        if not equals or not name.isidentifier():
            self.fail(f"{value!r} is not a setting like sharing=unshared", param, ctx)
        try:
            return name, ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return name, text


class Array(click.ParamType):
    """A .npy file, or rows of numbers: "1 2 3; 4 5 6"."""

    name = "NUMBERS|FILE.npy"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        import numpy as np

        if isinstance(value, np.ndarray):
            return value
        word = str(value)
        if word.endswith(".npy"):
            return loaded(word)
        rows = [row.replace(",", " ").split() for row in word.split(";")]
        try:
            numbers = [[float(each) for each in row] for row in rows]
            if len({len(row) for row in numbers}) > 1 or not numbers[0]:
                raise ValueError
        except ValueError:
            self.fail(f"{word!r} is not numbers in rows of one length, as in '1 2 3; 4 5 6', nor a .npy file", param, ctx)
        return np.array(numbers[0] if len(numbers) == 1 else numbers, np.float32)


def loaded(path: str) -> np.ndarray:
    """An array of float32 or float64 from a .npy file."""
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if array.dtype.kind not in "biuf":
        raise DataError(f"{path} holds {array.dtype}, but a trace needs numbers")
    return array if array.dtype == np.float64 else array.astype(np.float32)


def kernel_options(command: Command) -> Command:
    """What makes a bare kernel."""
    size = click.IntRange(min=1)
    per_axis = Numbers("x", "a number, or one per axis")
    options = (
        click.option(
            "--kernel", "name", metavar="KERNEL", help="A loop of minicnn.kernels.textbook on its own, as conv2d_backward_weight."
        ),
        click.option("--window", type=per_axis, metavar="RxS", help="With --kernel: taps."),
        click.option("--filters", type=size, metavar="K", help="With --kernel: output channels."),
        click.option("--stride", type=per_axis, metavar="N", help="With --kernel: one number, or one per axis as 2x1."),
        click.option(
            "--padding", type=Padding("x", "valid, same, full, a number, or one per axis"), metavar="N|WORD", help="With --kernel."
        ),
        click.option("--dilation", type=per_axis, metavar="N", help="With --kernel."),
        click.option("--groups", type=size, metavar="G", help="With --kernel."),
        click.option("--images", type=size, default=1, metavar="N", help="With --kernel: how many."),
        click.option("--set", "settings", type=Setting(), multiple=True, help="With --kernel: another setting of its layer, as flip=True."),
        *(
            click.option(f"--{each}", type=Array(), help=f"With --kernel: {what}, instead of small whole numbers.")
            for each, what in {"x": "the input", "weight": "the weights", "bias": "the bias", "dy": "the gradient of y"}.items()
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("network", required=False)
@click.option("--layer", metavar="LAYER", help="A layer of NETWORK, as in 'minicnn summary'.")
@click.option("--at", type=Numbers(",", "a place"), metavar="k,p,q", help="An index for each axis; of a weight k,c,r,s.")
@click.option("--gradient", metavar="weight|bias|input", help="A gradient of the loss, not the output.")
@click.option("--image", metavar="FILE", help="The picture that goes through: PNG, JPEG, PGM or .npy.")
@click.option("--data", metavar="DATA", help="A picture of a data set instead.")
@data_dir_option
@click.option("--index", type=click.IntRange(min=0), default=0, metavar="N", show_default=True, help="Which of its test images.")
@click.option("--label", type=click.IntRange(min=0), metavar="K", help="With --gradient: the class; by default the picture's own.")
@click.option("--input", "input_shape", type=Numbers("x", "a shape"), metavar="CxHxW", help="Input shape; of a kernel HxW will do.")
@click.option("--seed", type=click.IntRange(min=0), default=0, metavar="N", show_default=True, help="Of numbers that are drawn.")
@kernel_options
@click.option(
    "--format", "form", type=Choice(FORMATS), default="table", show_default=True, help="Output format; all but table hold every step."
)
@click.option("--all", "whole", is_flag=True, help="Show every step of a long sum.")
@click.option("--frames", metavar="FILE.svg|png", help="Draw the steps of the convolution or pooling: input, window, weights, output.")
def trace(network: str | None, layer: str | None, at: tuple[int, ...] | None, name: str | None, form: str, **given: Any) -> None:
    """Trace one number to its products: what each tap reads, multiplies and adds, taps on padding marked.

    NETWORK is a network of the zoo, or a run; the fast engine's number for the same place stands beside the textbook loop's.
    With --kernel there is no network: small whole numbers go through one loop.

    \b
    minicnn trace lenet --layer conv2 --at 3,4,5 --data digits --index 7
    minicnn trace lenet --layer conv1 --at 3,0,1,2 --gradient weight
    minicnn trace --kernel conv2d_backward_weight --input 4x4 --at 0,0,1,1
    minicnn trace --kernel conv2d --input 5x5 --padding 1 --frames steps.svg
    """
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting

    frames, whole = given.pop("frames"), given.pop("whole")
    if (network is None) == (name is None):
        raise click.UsageError("trace what? minicnn trace NETWORK --layer LAYER --at k,p,q, or minicnn trace --kernel KERNEL --at k,p,q")
    if at is None and not frames and (name is None or form != "table"):
        raise click.UsageError("which number? --at k,p,q, or --frames FILE.svg for all steps of the layer")
    with Waiting(stderr_console(), str(name)) if network is None else nullcontext():
        found = of_kernel(str(name), given) if network is None else of_network(network, layer, given)
    if frames and network is not None and found.wanted != "y":
        raise click.UsageError("--frames draws what a forward pass reads: leave out --gradient")
    if frames and found.wanted != "y":
        forward = str(name).partition("_backward")[0]
        raise click.UsageError(f"--frames draws what a forward pass reads: minicnn trace --kernel {forward} ... --frames {frames}")
    with Waiting(stderr_console(), "tracing"):
        table = None if at is None else found.layered.trace(found.wanted, at)  # a place that there is not leaves no file behind
    if frames:
        from minicnn.charts.files import write_svg
        from minicnn.tracing.frames import frames_of
        from minicnn.tracing.frames_svg import svg

        picture = frames_of(found.layered, 0 if at is None else at[-len(found.layered.results["y"].shape) + 1])
        write_svg(frames, svg(picture))
        click.echo(f"{frames}: {picture.summary}", err=at is not None or form != "table")
    if table is not None:
        show(table, form, whole)
    elif network is None and form == "table":
        from minicnn.cli.render.console import stdout_console
        from minicnn.cli.render.trace import print_arrays

        print_arrays(stdout_console(), found)


def show(table: TraceTable, form: str, whole: bool) -> None:
    """Write a trace in a format."""
    if form == "json":
        click.echo(json_text(table.to_dict()))
    elif form == "markdown":
        click.echo(table.to_markdown())
    elif form == "latex":
        click.echo(table.to_latex())
    else:
        from minicnn.cli.render.console import stdout_console
        from minicnn.cli.render.trace import print_trace

        print_trace(stdout_console(), table, whole)


def of_kernel(name: str, given: dict[str, Any]) -> Kernel:
    """A bare kernel from the command line's options."""
    from minicnn.tracing.of_kernel import kernel

    for word in ("gradient", "image", "data", "label"):
        if given[word] is not None:
            raise click.UsageError(f"--{word} is for a network: a kernel such as conv2d_backward_weight says itself what it computes")
    settings = {key: given[key] for key in ("window", "filters", "stride", "padding", "dilation", "groups") if given[key] is not None}
    settings = {key: value[0] if isinstance(value, tuple) and len(value) == 1 else value for key, value in settings.items()}
    arrays = {key: given[key] for key in ("x", "weight", "bias", "dy") if given[key] is not None}
    return kernel(
        name,
        input_shape=given["input_shape"],
        images=given["images"],
        arrays=arrays,
        seed=given["seed"],
        **settings,
        **dict(given["settings"]),
    )


def of_network(word: str, layer: str | None, given: dict[str, Any]) -> Kernel:
    """A layer of a network, with a picture that goes through."""
    import numpy as np

    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting
    from minicnn.cli.weights_choice import with_weights
    from minicnn.tracing.of_kernel import Kernel
    from minicnn.tracing.of_network import gradients, node_called, values

    for key in ("window", "filters", "stride", "padding", "dilation", "groups", "x", "weight", "bias", "dy"):
        if given[key] is not None:
            raise click.UsageError(f"--{key} is for --kernel: a network has its own")
    if given["label"] is not None and given["gradient"] is None:
        raise click.UsageError("--label is for --gradient: an output does not depend on what is right")
    if layer is None:
        raise click.UsageError(f"which layer? --layer LAYER; 'minicnn summary {word}' lists them")
    chosen = with_weights(word, given["input_shape"], given["seed"])
    net = chosen.net
    node_called(net, layer)  # before a picture is looked for
    if None in net.input_shape:
        raise SettingError(f"{net.name} takes images of any size\n  say which, as in --input 1x28x28")
    x, label, note = picture(chosen, given)
    own = net.sized(x.shape[1:])
    node = node_called(own, layer)
    backward = given["gradient"]
    if backward is None:
        with Waiting(stderr_console(), f"{net.name} up to {layer}"):
            layered = values(own, x, node)
    else:
        label = label if given["label"] is None else given["label"]
        loss = None if net.trained_on is None else net.trained_on.loss
        with Waiting(stderr_console(), f"{net.name} and back to {layer}"):
            layered = gradients(own, x, node, None if label is None else np.asarray(label)[None], loss)
        layered.notes += (f"label {label}",) * (label is not None and np.ndim(label) == 0)
    layered.notes += (note,)
    return Kernel(layered, layered.wanted(backward), layer)


def picture(chosen: Weighted, given: dict[str, Any]) -> tuple[np.ndarray, Any, str]:
    """(x (1, C, *space) as the network takes it, what is right if known, where it is from)."""
    from minicnn.cli.picture_choice import from_data, from_files, usual_data

    net = chosen.net
    if given["image"] is not None:
        seen = from_files(net, [given["image"]])
    elif net.trained_on is None and not (given["data"] or given["data_dir"] or usual_data(net)):
        from minicnn.random import generator

        drawn = generator(given["seed"], "trace", "x").standard_normal((1, *net.input_shape), "float32")
        return drawn, None, f"x is drawn from seed {given['seed']}"
    else:
        seen = from_data(chosen, given["data"], given["data_dir"], given["index"], 1)
    return seen.x, seen.labels[0], f"picture {seen.names[0]}"
