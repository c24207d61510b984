"""`minicnn train --repeat N`: one run for each of N seeds, each in its own folder, and what came of all of them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minicnn.cli import network_choice, run_making
from minicnn.cli.data_choice import load_both
from minicnn.cli.echo import echo, json_text
from minicnn.cli.following import follow, launch, views
from minicnn.cli.run_making import Choice
from minicnn.errors import CheckpointError

if TYPE_CHECKING:
    from minicnn.parallel import MPIRanks
    from minicnn.train import Run
    from minicnn.train.spread import Spread

MAY_CHANGE = ("epochs", "data_dir")  # for seeds that have not begun


def repeat(
    choice: Choice,
    name: str,
    folder: Path,
    count: int,
    device: str,
    threads: int | None,
    form: str,
    quiet: bool,
    ranks: MPIRanks | None = None,
) -> int:
    """Train a new set of runs: the seed of the settings, and those after it.

    Ctrl-C keeps the runs that are done and the one under way.
    """
    from minicnn.train import RunFolder
    from minicnn.train.run_set import seed_folder
    from minicnn.train.shared_folder import run_folder

    def run_of(seed: int) -> Run:
        own = choice._replace(settings=replace(choice.settings, seed=seed))
        return run_making.begun(own, run_folder(ranks, lambda: RunFolder.create(seed_folder(folder, seed))), device, threads, ranks)

    first = choice.settings.seed
    return _all(run_of, range(first, first + count), name, folder, form, quiet)


def resume(
    path: str,
    name: str | None,
    count: int,
    given: dict[str, Any],
    device: str,
    threads: int | None,
    form: str,
    quiet: bool,
    ranks: MPIRanks | None = None,
) -> int:
    """Continue a set: runs that were stopped are resumed, seeds that are missing begun, up to so many.

    Raises
    ------
    CheckpointError
        If there is no run of any seed.
    """
    from minicnn.train import RunFolder, RunSettings
    from minicnn.train.run_set import seed_folder, seeds
    from minicnn.train.shared_folder import on_first, run_folder

    folder = Path(path).expanduser()
    known = on_first(ranks, lambda: seeds(folder))
    if not known:
        raise CheckpointError(f"{folder} holds no runs of several seeds\n  'minicnn train NAME --repeat {count}' makes them")
    if given.get("seed") not in (None, known[0]):
        raise click.UsageError("a resumed set keeps its seeds: leave out --seed")
    given["seed"] = None

    def run_of(seed: int) -> Run:
        own = seed_folder(folder, seed)
        if seed in known:
            return run_making.resumed(own, name, dict(given), device, threads, ranks)
        first = run_folder(ranks, lambda: RunFolder.open(seed_folder(folder, known[0])))
        settings = RunSettings.from_json(first.read_description().get("settings"), str(first.path)).continued(
            {option: given.get(option) for option in MAY_CHANGE}
        )
        network = network_choice.find(name) if name else network_choice.recorded(settings)
        data = load_both(settings.data, settings.data_dir, network.input_shape)
        choice = Choice(network, replace(settings, seed=seed, architecture=None), *data)
        return run_making.begun(choice, run_folder(ranks, lambda: RunFolder.create(own)), device, threads, ranks)

    return _all(run_of, sorted({*known, *range(known[0], known[0] + count)})[:count], name, folder, form, quiet)


def _all(run_of: Callable[[int], Run], seeds: Sequence[int], name: str | None, folder: Path, form: str, quiet: bool) -> int:
    """Train a run for each seed, one after the other, and report all of them."""
    results = {}
    where = f"--repeat {len(seeds)} --resume {shlex.quote(str(folder))}"
    for number, seed in enumerate(seeds, 1):
        run = run_of(seed)
        if not quiet:
            blank = "\n" if number > 1 else ""
            echo(f"{blank}seed {seed}, {number} of {len(seeds)}", err=True)
        device = "" if run.trainer.device == "cpu" else f" --device {run.trainer.device}"
        words = (f"continue with: {launch(run)}minicnn train", run_making.own_file(run.trainer, name, run.settings), f"{where}{device}")
        status = follow(run, *views(run, form, quiet), " ".join(filter(None, words)))
        if status:
            return status
        if not run.folder.writes:
            continue
        result = run.result()
        results[seed] = result.test.metrics or {"loss": result.test.loss}
    if results:
        _report(results, folder, form)
    return 0


def _report(results: dict[int, dict[str, float]], folder: Path, form: str) -> None:
    """Mean, standard deviation, lowest and highest of each metric."""
    from minicnn.train.spread import Spread

    names = dict.fromkeys(name for each in results.values() for name in each)
    spreads: dict[str, Spread] = {name: Spread.of([each[name] for each in results.values() if name in each]) for name in names}
    if form == "json":
        metrics = {name: spread._asdict() for name, spread in spreads.items()}
        echo(json_text({"event": "summary", "seeds": list(results), "metrics": metrics, "out": str(folder)}))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.run_set import print_spreads

    print_spreads(stdout_console(), list(results), spreads, str(folder))
