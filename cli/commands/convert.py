"""`minicnn convert IN OUT`: weights and networks of others in, and ours out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minicnn.cli import network_choice
from minicnn.cli.commands.summary import ImageShape
from minicnn.cli.echo import echo
from minicnn.cli.mistakes import Choice
from minicnn.cli.options import own_option
from minicnn.errors import DataError, SettingError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minicnn.network import Graph

LIBRARIES = ("minicnn", "torchvision", "timm")
IMAGENET = "--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225"


class Numbers(click.ParamType):
    """One number for each channel: 0.485,0.456,0.406."""

    name = "X,X,X"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(float(each) for each in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a number for each channel, as in 0.485,0.456,0.406", param, ctx)


@click.command()
@click.argument("source", metavar="RUN|FILE")
@click.argument("target", metavar="FILE|FOLDER")
@click.option("--network", metavar="NETWORK|RUN|FILE", help="Whose weights the first holds: a network of the zoo, FILE.py, or a run.")
@click.option("--classes", type=click.IntRange(min=1), metavar="K", help="Number of classes, where they are not those of --network.")
@click.option("--input", "input_shape", type=ImageShape(), metavar="CxHxW", help="Input shape, where it is not that of --network.")
@click.option("--width", type=click.FloatRange(min=0, min_open=True), metavar="X", help="Multiply the number of filters, as in 0.25.")
@click.option("--names", type=Choice(LIBRARIES), show_default="torchvision, else minicnn", help="Whose names the written arrays get.")
@click.option("--preparation", is_flag=True, help="Let the written network (.onnx, .py) prepare images itself, as in training.")
@click.option("--mean", type=Numbers(), metavar="X,X,X", help="How weights of others want images: minus this, of values from 0 to 1, ...")
@click.option("--std", type=Numbers(), metavar="X,X,X", help="... divided by this; both are kept.")
@own_option
def convert(
    source: str,
    target: str,
    network: str | None,
    classes: int | None,
    input_shape: tuple[int | None, ...] | None,
    width: float | None,
    names: str | None,
    preparation: bool,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
) -> None:
    """Turn weights and networks of others into ours, and ours into files that others read.

    \b
    from  a run, a network saved by minicnn, an .onnx file
          with --network, weights: .safetensors, .pth, .weights.h5, .keras
    to    .safetensors, .pth  weights, under torchvision's names where it has them
          .onnx               the network
          .py                 a module of PyTorch, and .safetensors beside it
          FOLDER              like a run: evaluate, predict, show, train --weights

    A file that exists already is not written over.

    \b
    minicnn convert runs/lenet-digits-1 lenet.onnx
    minicnn convert resnet18-f37072fd.pth runs/resnet18 --network resnet18
    """
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting
    from minicnn.exchange.convert import library_for, write_network

    keep_existing(Path(target).expanduser())
    with Waiting(stderr_console(), f"reading {one_line(source)}") as waiting:
        net, notes = network_of(source, network, classes, input_shape, width)
        if mean is not None or std is not None:
            set_preparation(net, source, mean, std)
        elif net.trained_on is None and library_for(net) == "torchvision":
            notes = (*notes, f"how its images are prepared is not in the file; weights of torchvision want {IMAGENET}")
        elif net.trained_on is None and not Path(target).suffix:
            notes = (*notes, "how its images are prepared is not in the file; 'minicnn predict' needs it: --mean and --std")
        waiting.show(f"writing {one_line(target)}")
        written = write_network(net, target, names, preparation)
    for note in notes:
        echo(f"{source}: {note}", err=True)
    files = " and ".join(map(str, written.files))
    echo(f"wrote {files}: {net.name}, {net.topology.parameter_count:,} parameters; {written.words}")


def keep_existing(target: Path) -> None:
    """Refuse to write over a file, before anything is read; whether a folder is free is known when it is made."""
    beside = [target.with_suffix(".safetensors")] if target.suffix.lower() == ".py" else []
    for path in (target, *beside):
        if path.is_file():
            raise DataError(f"convert: {path} exists already, and may hold somebody's work\n  use another name, or remove it")


def network_of(
    source: str, network: str | None, classes: int | None, input_shape: tuple[int | None, ...] | None, width: float | None
) -> tuple[Graph, tuple[str, ...]]:
    """The network with the weights of IN, and what is to be said of them."""
    if network is not None:
        path = Path(source).expanduser()
        if path.suffix.lower() == ".onnx":
            raise SettingError(f"convert: {source} holds a network with its weights: leave out --network")
        net = network_choice.find(network).build(classes, input_shape, width=width)
        loaded = net.load_weights(path)
        return net, (loaded.text(),)
    if classes is not None or width is not None:
        raise SettingError(f"convert: --{'classes' if classes is not None else 'width'} is for the network that --network names")
    if Path(source).suffix.lower() == ".onnx":
        from minicnn.exchange.onnx import read_onnx

        return read_onnx(Path(source).expanduser(), input_shape=input_shape), ()
    if input_shape is not None:
        raise SettingError("convert: --input is for the network that --network names, or an .onnx file that leaves it open")
    return saved(source), ()


def saved(source: str) -> Graph:
    """The network of a run or of a file that minicnn wrote; a CheckpointError that says what else it may be."""
    from minicnn import zoo
    from minicnn.cli.weights_choice import saved as of_run
    from minicnn.exchange.weights import KERAS, TORCH, kind_of, read_weights

    if source.lower() in zoo.names() and not os.path.exists(source):
        raise SettingError(f"convert: {source} is a network of the zoo, without weights\n  train it: minicnn train {source}")
    path = Path(source).expanduser()
    if not path.is_file():
        return of_run(source)
    kind = kind_of(path)
    if kind == KERAS:
        raise SettingError(f"convert: {source} holds weights of Keras: say of which network, as in --network lenet")
    if kind == TORCH or not read_weights(path).metadata.get("format", "").startswith("minicnn network"):
        fitting = networks_with({each: array.shape for each, array in read_weights(path).arrays.items()})
        hint = f"\n  its names are those of {', '.join(fitting)}" if fitting else ""
        raise SettingError(
            f"convert: {source} holds weights alone: say of which network, as in --network {(fitting or ['resnet18'])[0]}{hint}"
        )
    return of_run(source)


def networks_with(shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Networks of the zoo all of whose arrays have these names, in someone's naming; those of the same shapes alone, where there are any.

    The shapes of the last layer, which depend on the number of classes, are not compared.
    """
    from minicnn import zoo
    from minicnn.exchange.weights import NAMINGS, OWN, names_of

    file = {name for name in shapes if not name.endswith("num_batches_tracked")}
    found, of_same_shapes = [], []
    for entry in zoo.entries():
        topology = entry.build().topology
        for naming in (OWN, *(each for each in NAMINGS if entry.name in each.networks)):
            theirs = names_of(topology, naming) or {}
            if theirs and {name for name in file if not name.startswith(naming.left_out or ("\0",))} == set(theirs.values()):
                found.append(entry.name)
                end = max(slot.node for slot in topology.slots)
                if all(shapes[theirs[slot.name]] == slot.shape for slot in topology.slots if slot.node != end):
                    of_same_shapes.append(entry.name)
                break
    return of_same_shapes or found


def set_preparation(net: Graph, source: str, mean: tuple[float, ...] | None, std: tuple[float, ...] | None) -> None:
    """Keep with the network how its weights want images: uint8, scaled to 1, minus mean, divided by std."""
    from minicnn.preparation import BYTES, Preparation
    from minicnn.trained_on import TrainedOn

    if net.trained_on is not None:
        raise SettingError(f"convert: {source} says how its images are prepared: leave out --mean and --std")
    if mean is None or std is None:
        raise SettingError("convert: --mean and --std belong together")
    if None in net.input_shape:
        raise SettingError(f"convert: {net.name} takes images of any size: --mean and --std are for one of a fixed size")
    net.trained_on = TrainedOn(Preparation(net.input_shape, mean, std, BYTES), (), net.input_shape, one_line(Path(source).name), 0)
