"""The memory of whole programs: the peak resident memory of a separate process, ours and PyTorch's.

A training run is the command `minicnn train lenet` as it is, run folder and all; PyTorch's is a plain loop over the same images.  What one
step or answer of larger networks takes is in `network_memory.py`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from minicnn.bench import network_memory
from minicnn.bench.options import Options
from minicnn.bench.process import call, peak_bytes
from minicnn.bench.process_records import Memory, footprint
from minicnn.bench.records import OURS
from minicnn.errors import SettingError

NETWORK = "lenet"
BATCH = 128
EPOCHS, QUICK_EPOCHS = 3, 1
PROCESSES, QUICK_PROCESSES = 3, 1  # that count, after one that does not


def names(options: Options) -> list[str]:
    """Names of its rows."""
    return list(dict.fromkeys((NETWORK, *(() if options.quick else (case.name for case in network_memory.CASES)))))


def rows(options: Options) -> Iterator[Memory]:
    """A row for each batch size, then one for each larger network.

    Raises
    ------
    SettingError
        If the system does not report peak memory, or the peer is not installed.
    """
    if importlib.util.find_spec("resource") is None:
        raise SettingError("bench: this system does not report the peak memory of a process\n  'memory' needs Linux or macOS")
    options.torch()  # now, for its message if it is missing
    for batch in options.batches or (BATCH,):
        if options.wants(NETWORK):
            yield training_row(batch, options)
    if not options.quick:
        yield from network_memory.rows(options, QUICK_PROCESSES)


def training_row(batch: int, options: Options) -> Memory:
    """A few epochs of the embedded digits, tested after each; each program several times."""
    from minicnn.datasets import load, scale_to

    epochs = QUICK_EPOCHS if options.quick else EPOCHS
    count = QUICK_PROCESSES if options.quick else PROCESSES
    arguments = [
        "train",
        NETWORK,
        "--data",
        "digits",
        "--epochs",
        str(epochs),
        "--batch-size",
        str(batch),
        "--threads",
        str(options.threads),
        "--out",
        "run",
        "--quiet",
    ]
    footprints = [footprint(OURS, partial(call, own_training, arguments, using=(peak_bytes,)), count)]
    train_data, test_data = load("digits", "train"), load("digits", "test")
    if "torch" in options.against:
        from minicnn.bench.peers.torch_lenet import torch_lenet, torch_training

        with TemporaryDirectory(prefix="minicnn-bench-") as folder:
            path = Path(folder) / "digits.npz"
            np.savez(
                path,
                images=scale_to(train_data.images, 28, 28),
                labels=train_data.labels,
                test_images=scale_to(test_data.images, 28, 28),
                test_labels=test_data.labels,
            )
            settings = (str(path), float(train_data.mean[0]), float(train_data.std[0]), epochs, batch, options.threads)
            footprints.append(footprint("torch", partial(call, torch_training, *settings, using=(peak_bytes, torch_lenet)), count))
    return Memory("memory", NETWORK, f"training, {epochs} epoch{'s' * (epochs > 1)}", batch, tuple(footprints))


def own_training(arguments: list[str]) -> dict[str, Any]:
    """The command line with these arguments; the accuracy is in its last line of history."""
    import importlib
    import json
    from pathlib import Path

    command = importlib.import_module("minicnn.cli.main")
    command.without_scipy()
    for name in ("minicnn.cli.commands.train", "minicnn.datasets", "minicnn.train", "minicnn.zoo"):
        importlib.import_module(name)
    imports = peak_bytes()
    try:
        command.main(arguments)
    except SystemExit as stopped:
        if stopped.code:
            raise
    peak = peak_bytes()
    history = (Path(arguments[arguments.index("--out") + 1]) / "history.jsonl").read_text(encoding="utf-8")
    return {"imports": imports, "peak": peak, "accuracy": json.loads(history.splitlines()[-1])["test_accuracy"]}
