"""`minicnn train NAME`: train a network of the zoo on a data set, and keep the run in a folder."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minicnn.cli.echo import echo
from minicnn.cli.interrupts import INTERRUPTED, Interrupts
from minicnn.cli.options import training_options
from minicnn.cli.streams import UNWRITABLE
from minicnn.errors import DataError, GraphError
from minicnn.geometry import shape_text

if TYPE_CHECKING:
    from minicnn.cli.render.live import Progress
    from minicnn.cli.render.training_results import Results
    from minicnn.datasets import Dataset
    from minicnn.network import Graph
    from minicnn.recipe import Recipe
    from minicnn.train import Run, RunSettings, Trainer

RUNS = "runs"


class TrainCommand(click.Command):
    """A command whose help ends with the recipes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from minicnn.cli.render.recipes_text import definitions
        from minicnn.zoo import entries

        with formatter.section("Recipes, with the test accuracy of three seeds"):
            formatter.write_dl(definitions(entries()))


@click.command(cls=TrainCommand)
@click.argument("network", required=False, metavar="[NAME]")
@training_options
def train(
    network: str | None, out: str | None, resume: str | None, device: str, threads: int | None, form: str, quiet: bool, **given: Any
) -> int:
    """Train the network NAME on a data set; 'minicnn zoo' lists the networks.

    Settings that are left out come from the network's recipe (data, epochs, optimizer, learning rate), with which it is known to learn.

    The run is kept in a folder: its settings, a line for each epoch, a checkpoint, and for 'minicnn evaluate' and 'minicnn
    predict' the weights of the last epoch, or of the best one if --validation or --select-on-test chooses it.  Ctrl-C stops it;
    --resume DIR continues it, with the same result to the last bit on the same device; on another, sums are rounded in another order.
    """
    if resume and given["recipe"]:
        raise click.UsageError("a resumed run keeps its settings: leave out --recipe")
    if resume and out:
        raise click.UsageError("a resumed run stays in its folder: leave out --out")
    if not network and not resume:
        raise click.UsageError("which network? As in: minicnn train lenet")
    from minicnn import zoo
    from minicnn.cli.data_choice import overview
    from minicnn.datasets import names
    from minicnn.engine import checked_device

    device = checked_device(device)  # before anything slow
    folder = given["data_dir"] and str(Path(given["data_dir"]).expanduser().absolute())
    given |= {"network": network and zoo.find(network).name, "data_dir": folder}
    run = resumed_run(resume, given, device, threads) if resume else new_run(out, given, device, threads)
    if not quiet and not resume and run.settings.data not in names():
        echo(overview(run.whole, run.test_data), err=True)
    return follow(run, *views(run, form, quiet))


def new_run(out: str | None, given: dict[str, Any], device: str, threads: int | None) -> Run:
    """A new run with these options, in a new folder."""
    from minicnn import zoo
    from minicnn.cli.data_choice import data_name, load_both, short_name
    from minicnn.train import Run, RunFolder, RunSettings
    from minicnn.train.settings import default_data

    check_trainable(given["network"])
    recipe = chosen_recipe(given["network"], given.pop("recipe"))
    name = given["data"] = data_name(given["data"], given["data_dir"], default_data(recipe))
    train_data, test_data = load_both(name, given["data_dir"], zoo.find(given["network"]).input_shape)
    settings = RunSettings.completed(given, len(train_data), recipe)
    trainer = make_trainer(settings, train_data, device, threads)
    warn_of_long(trainer, train_data, settings.epochs)
    folder = RunFolder.create(out) if out else RunFolder.create_next(RUNS, f"{settings.network}-{short_name(settings.data)}")
    return Run(folder, settings, trainer, train_data, test_data)


def chosen_recipe(network: str, other: str | None) -> Recipe | None:
    """The recipe of a network, or of the network named by --recipe."""
    from minicnn import zoo
    from minicnn.errors import SettingError

    recipe = zoo.find(network).recipe
    if other is None:
        return recipe
    borrowed = zoo.find(other).recipe
    if borrowed is None:
        raise SettingError(f"{other} has no recipe\n  'minicnn recipes' lists them all")
    return borrowed if other == network else borrowed.borrowed()


def resumed_run(resume: str, given: dict[str, Any], device: str, threads: int | None) -> Run:
    """The run in a folder, resumed; warnings go to stderr."""
    from minicnn import zoo
    from minicnn.cli.data_choice import data_name, load_both
    from minicnn.train import Run, RunFolder, RunSettings

    folder = RunFolder.open(resume)
    given = {name: value for name, value in given.items() if name != "recipe"}
    folder.claim()  # before anything slow
    try:
        settings = RunSettings.from_json(folder.read_description().get("settings"), str(folder.path))
        settings = settings.continued(given | {"data": data_name(given["data"], given["data_dir"], settings.data)})
        train_data, test_data = load_both(settings.data, settings.data_dir, zoo.find(settings.network).input_shape)
        run = Run(folder, settings, make_trainer(settings, train_data, device, threads), train_data, test_data)
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


def check_trainable(network: str) -> None:
    """A GraphError unless a network of the zoo can be trained."""
    from minicnn import zoo

    entry = zoo.find(network)
    if entry.classes is None:
        raise GraphError(f"{entry.name} is part of a network and has no classes to train\n  'minicnn summary {entry.name}' shows it")


def make_trainer(settings: RunSettings, data: Dataset, device: str, threads: int | None) -> Trainer:
    """A trainer for the network of the settings, built for the channels and classes of the data."""
    from minicnn import zoo
    from minicnn.train import Trainer

    entry = zoo.find(settings.network)
    net = entry.build(
        len(data.classes), (data.input_shape[0], *(settings.image_size or entry.input_shape[1:])), settings.seed, init=settings.init
    )
    check_fit(net, data)
    how: dict[str, Any] = {"batch_size": settings.batch_size, "threads": threads, "device": device, "seed": settings.seed}
    return Trainer(net, settings.make_optimizer(), **how, **settings.around_update)


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


def patience_line(run: Run) -> str:
    """Why a run ended before its last epoch."""
    epochs = f"{run.settings.patience} epoch{'s' * (run.settings.patience != 1)}"
    return f"validation has not improved for {epochs}: training ended after epoch {len(run.trainer.history)}"


def warn_of_long(trainer: Trainer, data: Dataset, epochs: int) -> None:
    """Before the start, report how long a network not tried on the data will train on the CPU, and which were tried."""
    if trainer.device != "cpu":
        return
    from minicnn.zoo import suitability

    def peak_flops() -> float:
        from minicnn.bench.machine import arithmetic_peak

        return arithmetic_peak(trainer.threads)

    if line := suitability.warning(trainer.net, data, epochs, peak_flops):
        echo(f"Warning: {line}", err=True)


def views(run: Run, form: str, quiet: bool) -> tuple[Results, Progress]:
    """What writes results to stdout and what shows progress on stderr."""
    from minicnn.cli.render import training_results as results
    from minicnn.cli.render.console import stderr_console, stdout_console
    from minicnn.cli.render.live import Announcement, LiveProgress, Progress

    console = stdout_console() if sys.stdout.isatty() else stderr_console()  # one object draws the table and the bar below it
    metric = next(iter(run.trainer.loss.figures(run.whole.target)), "")
    where = (str(run.folder.path), "Validation" if run.settings.validation else "Test", run.marks, console, metric)
    if quiet:
        return (results.QuietJsonResults if form == "json" else results.QuietResults)(*where), Progress()
    if form == "json":
        return results.JsonResults(*where), Announcement()
    live = LiveProgress(console) if sys.stderr.isatty() else Announcement()
    return (results.TableResults if sys.stdout.isatty() else results.LineResults)(*where), live


def follow(run: Run, results: Results, progress: Progress) -> int:
    """Train, show what happens, and return the exit status.

    Results that cannot be shown do not end the run: if their reader has gone it stops as on Ctrl-C, otherwise it continues.
    """
    from minicnn.train import ProgressRecord, StartRecord

    lost: OSError | None = None

    def show(write: Callable[..., None], *what: Any) -> None:
        nonlocal lost
        try:
            write(*what)
        except OSError as error:
            lost = lost or error
            if isinstance(error, BrokenPipeError):
                trainer.stop()

    def give_up() -> None:
        progress.close()
        run.folder.discard()

    trainer, history, begun = run.trainer, list(run.trainer.history), time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(progress)
        interrupts = stack.enter_context(Interrupts(give_up))
        for record in stack.enter_context(closing(run.records())):
            if isinstance(record, StartRecord):
                begun = time.monotonic()
                show(results.start, record, run.description(), history)
                progress.start(record, results.watched, results.metric)
                interrupts.ask_for(trainer.stop, progress.stop)
            elif isinstance(record, ProgressRecord):
                progress.move(record)
            else:
                show(results.epoch, record, record is run.best)
                if line := run.watch.look(trainer.history):
                    progress.warn(line)
    if not run.finished:
        show(results.stopped, trainer.epoch)
        if lost is not None:
            raise DataError(
                f"{UNWRITABLE}: {lost.strerror}; the run stopped in epoch {trainer.epoch} of {run.settings.epochs} {continuation(run)}"
            ) from lost
        echo(
            f"stopped in epoch {trainer.epoch} of {run.settings.epochs}, saved in {run.folder.path}\n{continuation(run)}",
            err=True,
        )
        return INTERRUPTED
    if run.out_of_patience and len(history) < len(trainer.history):
        echo(patience_line(run), err=True)
    result = run.result()
    show(results.end, result, time.monotonic() - begun)
    if result.warning and not run.watch.told:
        echo(f"Warning: {result.warning}", err=True)
    if lost is not None and not isinstance(lost, BrokenPipeError):
        raise DataError(f"{UNWRITABLE}: {lost.strerror}; the run is complete in {run.folder.path}") from lost
    return 0


def continuation(run: Run) -> str:
    """How to continue a run that stopped, where it ran."""
    device = "" if run.trainer.device == "cpu" else f" --device {run.trainer.device}"
    return f"continue with: minicnn train --resume {shlex.quote(str(run.folder.path))}{device}"
