"""How long a command takes from start to end, Python's own start included, in a separate process.

cold     with an empty cache of machine code: what a first start compiles
cached   the same again
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from minicnn.bench.options import Options
from minicnn.bench.process import COMMAND, call, run_python
from minicnn.bench.process_records import Launch, Start
from minicnn.bench.records import OURS

COMMANDS = (("--help",), ("summary", "alexnet"))
FIRST_STEP = "first step of lenet"
BATCH = 128
PROCESSES, QUICK_PROCESSES = 3, 1  # with the cache filled
CACHE_VARIABLE = "NUMBA_CACHE_DIR"  # moves the cache: see `minicnn/kernels/machine_code/files.py`

Program = Callable[[dict[str, str]], float]  # from variables of the environment to seconds


def names(options: Options) -> list[str]:
    """Names of its rows; a first step compiles, which is not quick."""
    return [*(command_name(each) for each in COMMANDS), *([] if options.quick else [FIRST_STEP])]


def command_name(arguments: tuple[str, ...]) -> str:
    """The command as typed."""
    return " ".join(("minicnn", *arguments))


def rows(options: Options) -> Iterator[Start]:
    """A row for each command, and one for the first training step.

    Raises
    ------
    SettingError
        If the requested peer is not installed.
    """
    options.torch()  # now, for its message if it is missing
    count = QUICK_PROCESSES if options.quick else PROCESSES
    for arguments in COMMANDS:
        if options.wants(command_name(arguments)):
            yield Start("starts", command_name(arguments), (launch(partial(run_python, COMMAND, arguments), count),))
    if FIRST_STEP in names(options) and options.wants(FIRST_STEP):
        for batch in options.batches or (BATCH,):
            yield first_step(batch, options, count)


def first_step(batch: int, options: Options, count: int) -> Start:
    """Build LeNet, update it once from random images."""
    launches = [launch(lambda variables: call(own_first_step, batch, options.threads, variables=variables).seconds, count)]
    if "torch" in options.against:
        from minicnn.bench.peers.torch_lenet import torch_first_step, torch_lenet

        times = [call(torch_first_step, batch, options.threads, using=(torch_lenet,)).seconds for _ in range(1 + count)]
        launches.append(Launch("torch", None, tuple(times[1:]), 0))
    return Start("starts", FIRST_STEP, tuple(launches), batch)


def launch(program: Program, count: int) -> Launch:
    """Run a program of ours with a separate cache: once empty, then filled."""
    with TemporaryDirectory(prefix="minicnn-bench-") as folder:
        variables = {CACHE_VARIABLE: folder}
        cold, *cached = (program(variables) for _ in range(1 + count))
        return Launch(OURS, cold, tuple(cached), sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()))


def own_first_step(batch: int, threads: int) -> None:
    """One update from random images."""
    import numpy as np

    import minicnn

    stream = np.random.default_rng(0)
    images = stream.standard_normal((batch, 1, 28, 28), dtype=np.float32)
    trainer = minicnn.Trainer(minicnn.zoo.build("lenet"), batch_size=batch, threads=threads)
    trainer.step(images, stream.integers(10, size=batch))
