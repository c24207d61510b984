"""A run made from the words of the command line: its settings, data, network and trainer; new, or resumed from its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from minicnn.cli import network_choice
from minicnn.cli.data_choice import data_name, load_both
from minicnn.cli.echo import echo
from minicnn.cli.following import patience_line
from minicnn.cli.network_choice import Network, OwnNetwork
from minicnn.cli.options import weights_path
from minicnn.cli.recipe_choice import chosen_recipe
from minicnn.errors import CheckpointError, GraphError
from minicnn.geometry import shape_text

if TYPE_CHECKING:
    from minicnn.datasets import Dataset
    from minicnn.network import Graph
    from minicnn.parallel import MPIRanks
    from minicnn.train import Run, RunFolder, RunSettings, Trainer


class Choice(NamedTuple):
    """What a user has chosen: everything a run needs but its seed and its folder."""

    network: Network
    settings: RunSettings
    train_data: Dataset
    test_data: Dataset


def chosen(name: str, given: dict[str, Any]) -> Choice:
    """From NAME and the options; those that are left out by recipe."""
    from minicnn.train import RunSettings
    from minicnn.train.settings import default_data
    from minicnn.train.transfer import file_digest

    network = network_choice.find(name)
    check_trainable(network)
    recipe = chosen_recipe(network, given.pop("recipe", None))
    usual = network.data if isinstance(network, OwnNetwork) and network.data else default_data(recipe)
    given |= {"network": network.name, "data": data_name(given["data"], given["data_dir"], usual)}
    if given.get("weights"):
        path = weights_path(given["weights"])
        given |= {"weights": str(path.absolute()), "weights_sha256": file_digest(path)}
    data = load_both(given["data"], given["data_dir"], network.input_shape)
    return Choice(network, RunSettings.completed(given, len(data[0]), recipe), *data)


def begun(choice: Choice, folder: RunFolder, device: str, threads: int | None, ranks: MPIRanks | None = None) -> Run:
    """A new run in a new folder; what became of the weights it starts with goes to stderr."""
    from minicnn.train import Run

    network, settings, train_data, test_data = choice
    try:
        trainer = make_trainer(network, settings, train_data, device, threads, ranks)
        if isinstance(network, OwnNetwork):
            settings = replace(settings, architecture=trainer.net.architecture())
        load_weights(trainer.net, settings)
        return Run(folder, settings, trainer, train_data, test_data)
    except BaseException:
        folder.discard()
        raise


def resumed(
    path: str | Path, name: str | None, given: dict[str, Any], device: str, threads: int | None, ranks: MPIRanks | None = None
) -> Run:
    """The run in a folder, resumed; warnings go to stderr.

    name : the network again, of which the run must be; a Python file is run, so that its layers are known
    """
    from minicnn.train import Run, RunSettings
    from minicnn.train.run_folder import CHECKPOINT
    from minicnn.train.shared_folder import run_folder

    folder = run_folder(ranks, lambda: existing(path))
    given = {option: value for option, value in given.items() if option != "recipe"}
    folder.claim()  # before anything slow
    try:
        again = network_choice.find(name) if name else None
        settings = RunSettings.from_json(folder.read_description().get("settings"), str(folder.path))
        if given.get("weights"):
            given["weights"] = str(weights_path(given["weights"]).absolute())
        names = {"network": again and again.name, "data": data_name(given["data"], given["data_dir"], settings.data)}
        settings = settings.continued(given | names)
        network = network_choice.recorded(settings)
        train_data, test_data = load_both(settings.data, settings.data_dir, network.input_shape)
        trainer = make_trainer(network, settings, train_data, device, threads, ranks)
        if isinstance(again, OwnNetwork):
            check_unchanged(build(again, settings, train_data), trainer.net, str(name))
        run = Run(folder, settings, trainer, train_data, test_data)
        if not folder.holds(CHECKPOINT):  # it ended before its first
            load_weights(trainer.net, settings)
        warnings = run.restore()
    except BaseException:
        folder.release()
        raise
    for warning in warnings:
        echo(f"Warning: {warning}", err=True)
    if run.out_of_patience:
        echo(f"{patience_line(run)}; a new run may have more", err=True)
    elif run.trainer.epoch > settings.epochs:
        echo(f"all {settings.epochs} epochs are done; to continue, give a larger --epochs", err=True)
    return run


def existing(path: str | Path) -> RunFolder:
    """The folder of a run; a CheckpointError if it holds several, or none."""
    from minicnn.train import RunFolder
    from minicnn.train.run_set import seeds

    if known := seeds(path):
        raise CheckpointError(
            f"{path} holds the runs of {len(known)} seeds"
            f"\n  continue them all: minicnn train --repeat {len(known)} --resume {path}\n  or choose one: {path}/seed-{known[0]}"
        )
    return RunFolder.open(path)


def make_trainer(
    network: Network, settings: RunSettings, data: Dataset, device: str, threads: int | None, ranks: MPIRanks | None = None
) -> Trainer:
    """A trainer for a network, built for the channels and classes of the data."""
    from minicnn.train import Trainer

    net = build(network, settings, data)
    check_fit(net, data)
    if settings.freeze:
        net.freeze(settings.freeze)
    how: dict[str, Any] = {"batch_size": settings.batch_size, "threads": threads, "device": device, "seed": settings.seed}
    how["parallel"] = ranks
    return Trainer(net, settings.make_optimizer(), settings.make_loss(), **how, **settings.around_update)


def build(network: Network, settings: RunSettings, data: Dataset) -> Graph:
    """The network for the channels and classes of the data; one of no shape of its own takes the images as they are."""
    sizes = settings.image_size or network.input_shape[1:]
    own = isinstance(network, OwnNetwork) and data.target not in ("class", "mask")  # what its outputs mean is then its own affair
    return network.build(
        None if own else len(data.classes), (data.input_shape[0], *sizes) if sizes else data.input_shape, settings.seed, init=settings.init
    )


def own_file(trainer: Trainer, name: str | None, settings: RunSettings) -> str:
    """NAME, if it is needed to resume: it defines layers, or how they are trained, that are not of this package."""
    from minicnn.losses import LOSSES
    from minicnn.optimizers import OPTIMIZERS
    from minicnn.train.augmentation import augmentation
    from minicnn.train.schedule import SCHEDULES

    kinds: list[type[Any]] = [type(node.layer) for node in trainer.net.nodes] + [
        type(each) for each in augmentation(settings.augment).changes
    ]
    kinds += [OPTIMIZERS[settings.optimizer], SCHEDULES[settings.schedule]]
    if settings.loss:
        kinds.append(LOSSES[settings.loss["type"]])
    return str(name) if any(not kind.__module__.startswith("minicnn.") for kind in kinds) else ""


def load_weights(net: Graph, settings: RunSettings) -> None:
    """Start from the weights of another run, and report which were taken."""
    from minicnn.train.transfer import start_from

    if settings.weights is not None:
        echo(f"weights of {settings.weights}: {start_from(net, settings.weights, settings.weights_sha256).text()}", err=True)


def check_unchanged(now: Graph, then: Graph, name: str) -> None:
    """A CheckpointError if a network is no longer the one that a run was started with."""
    if now.architecture()["network"] != then.architecture()["network"]:
        raise CheckpointError(
            f"{name} has changed: its network is not the one that the run was started with"
            f"\n  then  {then.topology.parameter_count:,} parameters, {len(then.nodes)} layers"
            f"\n  now   {now.topology.parameter_count:,} parameters, {len(now.nodes)} layers\n  start a new run"
        )


def check_trainable(network: Network) -> None:
    """A GraphError unless a network of the zoo can be trained."""
    if network.classes is None and not isinstance(network, OwnNetwork):
        raise GraphError(f"{network.name} is part of a network and has no classes to train\n  'minicnn summary {network.name}' shows it")


def check_fit(net: Graph, data: Dataset) -> None:
    """A GraphError unless a network answers once for an image where the data set asks once for it, and for places where it asks there."""
    if (data.target == "class") == (len(net.output_shape) == 1) or data.target == "numbers":
        return
    asks = {"class": "asks for one class of each", "mask": "asks for the class of every pixel", "boxes": "asks where objects are"}
    others = "unet-small --data cells, yolo-digits --data digit-scenes" if data.target == "class" else "unet-small and yolo-digits"
    raise GraphError(
        f"{net.name} gives {shape_text(net.output_shape)} numbers for an image, but {data.name} {asks[data.target]}"
        f"\n  'minicnn summary {net.name}' shows it\n  what answers for places: minicnn train {others}"
        f"\n  'minicnn zoo' has others that can be trained, such as lenet and resnet20"
    )


def warn_of_long(trainer: Trainer, data: Dataset, epochs: int) -> None:
    """Before the start, report how long a network not tried on the data will train on this CPU alone, and which were tried."""
    if trainer.device != "cpu" or trainer.ranks is not None:
        return
    from minicnn.zoo import suitability

    def peak_flops() -> float:
        from minicnn.bench.machine import arithmetic_peak

        return arithmetic_peak(trainer.threads)

    if line := suitability.warning(trainer.net, data, epochs, peak_flops):
        echo(f"Warning: {line}", err=True)
