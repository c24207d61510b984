"""`minicnn train NETWORK`: train a network on a data set, and keep the run in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from minicnn.cli.echo import echo
from minicnn.cli.following import continuation, follow, views
from minicnn.cli.options import training_options

RUNS = "runs"


class TrainCommand(click.Command):
    """A command whose help ends with the recipes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from minicnn.cli.render.recipes_text import definitions
        from minicnn.zoo import RECIPES, entries

        with formatter.section("Recipes, with the test accuracy of three seeds"):
            formatter.write_dl(definitions(entries(), tuple(RECIPES.values())))


@click.command(cls=TrainCommand)
@click.argument("network", required=False, metavar="[NETWORK|FILE|RUN]", is_eager=True)
@training_options
def train(
    network: str | None,
    out: str | None,
    resume: str | None,
    repeat: int | None,
    device: str,
    threads: int | None,
    form: str,
    quiet: bool,
    **given: Any,
) -> int:
    """Train NETWORK on a data set: one of 'minicnn zoo', a Python file that defines 'network', or a run, whose architecture is
    trained anew.

    Settings that are left out come from the network's recipe (data, epochs, optimizer, learning rate), with which it is known to learn.

    The run is kept in a folder: its settings, a line for each epoch, a checkpoint, and for 'minicnn evaluate' and 'minicnn
    predict' the weights of the last epoch, or of the best one if --validation or --select-on-test chooses it.  Ctrl-C stops it;
    --resume RUN continues it, with the same result to the last bit on the same device; on another, sums are rounded in another order.

    --repeat N trains N seeds, in the folders seed-0, seed-1, ... of the run's; with --resume RUN it continues such a set.
    """
    if resume and given["recipe"]:
        raise click.UsageError("a resumed run keeps its settings: leave out --recipe")
    if resume and out:
        raise click.UsageError("a resumed run stays in its folder: leave out --out")
    if not network and not resume:
        from minicnn.zoo import RECIPES

        if given["recipe"] not in RECIPES:
            raise click.UsageError("which network? As in: minicnn train lenet")
        network = RECIPES[given["recipe"]].network
    from minicnn.cli import repeats, run_making
    from minicnn.cli.data_choice import overview, short_name
    from minicnn.datasets import names
    from minicnn.engine import checked_device
    from minicnn.train import RunFolder
    from minicnn.train.run_set import make_set

    device = checked_device(device)  # before anything slow
    given["data_dir"] = given["data_dir"] and str(Path(given["data_dir"]).expanduser().absolute())
    given["freeze"] = given["freeze"] or None
    if resume and repeat:
        return repeats.resume(resume, network, repeat, given, device, threads, form, quiet)
    if resume:
        run = run_making.resumed(resume, network, given, device, threads)
        return follow(run, *views(run, form, quiet), continuation(run, run_making.own_file(run.trainer, network, run.settings)))
    choice = run_making.chosen(str(network), given)
    settings = choice.settings
    name = f"{settings.network}-{short_name(settings.data)}"
    if repeat:
        folder = make_set(out) if out else RunFolder.create_next(RUNS, name).path
        return repeats.repeat(choice, str(network), folder, repeat, device, threads, form, quiet)
    run = run_making.begun(choice, RunFolder.create(out) if out else RunFolder.create_next(RUNS, name), device, threads)
    run_making.warn_of_long(run.trainer, choice.train_data, settings.epochs)
    if not quiet and settings.data not in names():
        echo(overview(run.whole, run.test_data), err=True)
    return follow(run, *views(run, form, quiet), continuation(run, run_making.own_file(run.trainer, network, run.settings)))
