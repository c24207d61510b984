"""Everything to find out on a GPU in one go, the most important first: right results, the same bits, then speed, alone and beside PyTorch.

    python -m tests.cuda.on_a_gpu [--out FILE] [--minutes N] [PART...]         see PARTS
    NUMBA_ENABLE_CUDASIM=1 python -m tests.cuda.on_a_gpu --tiny                the parts that the simulator can, on a few numbers

A part that fails is reported, and the next one begins; after N minutes, seven if not given, none begins any more.  FILE, on_a_gpu.json if
not given, is written after each part.  The exit status is 1 if a part failed or a result was wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import numpy as np

import minicnn
from minicnn import bench
from minicnn import layers as L

from . import gpu_checks, gpu_speed
from .convolving import CASES

MINUTES = 7.0  # after which no part begins
MEASURED = []  # the machine, by the first part that needs it


def machine():
    if not MEASURED:
        MEASURED.append(bench.measured(gpu_speed.options(against=gpu_speed.peer())))
    return MEASURED[0]


def small_net():
    return minicnn.Graph(L.Sequential(L.Conv2D(2, 2), L.ReLU(), L.Flatten(), L.Linear(3)), input_shape=(1, 4, 4), seed=1)


def tiny_training():
    drawn = np.random.default_rng(0)
    return gpu_checks.same_bits(small_net(), drawn.integers(0, 256, (7, 1, 4, 4)).astype(np.uint8), np.arange(7) % 3, 4)


PARTS = {
    "machine": lambda: asdict(machine()),
    "tiles": gpu_checks.tiles,
    "graph": gpu_checks.graph,
    "networks": gpu_checks.networks,
    "same bits": gpu_checks.same_bits,
    "launches": gpu_speed.launches,
    "layers": lambda: gpu_speed.layers(machine()),
    "steps": lambda: gpu_speed.steps(machine()),
    "MNIST": gpu_speed.mnist,
    "ladder": lambda: gpu_speed.rungs(machine()),
    "arrays of others": lambda: gpu_checks.foreign_arrays() if gpu_speed.peer() else {"left out": "no PyTorch on a CUDA device"},
    "layers with TF32": lambda: gpu_speed.layers_with_tf32(machine()),
    "functions": lambda: gpu_checks.doors(every=3),
}
TINY = {
    "machine": PARTS["machine"],
    "tiles": lambda: gpu_checks.tiles(CASES[1:2]),
    "graph": lambda: gpu_checks.graph(small_net(), 3),
    "same bits": tiny_training,
    "launches": lambda: gpu_speed.launches(small_net(), 2, 2),
    "layers": lambda: gpu_speed.layers(machine(), tiny=True),
    "ladder": lambda: gpu_speed.rungs(machine(), tiny=True),
    "functions": lambda: gpu_checks.doors(every=35),
}


def run(parts, out, minutes=MINUTES):
    """Run parts one after the other and write what they find; returns the names of those that failed or are wrong."""
    found, bad, start = {}, [], time.perf_counter()
    for name, part in parts.items():
        begin = time.perf_counter()
        try:
            result = part() if begin - start < 60 * minutes else {"left out": f"{minutes:g} minutes are over"}
        except Exception:
            result = {"failed": traceback.format_exc()}
        seconds = time.perf_counter() - begin
        found[name] = {"seconds": round(seconds, 1), **result}
        fault = result.get("failed") or ", ".join(map(str, result.get("wrong") or ()))
        bad += [name] * bool(fault)
        shown = fault or ", ".join(f"{key} {value}" for key, value in result.items() if isinstance(value, int | float | str))
        print(f"{name} ({seconds:.1f} s): {'WRONG ' * bool(fault)}{shown}", flush=True)
        Path(out).write_text(json.dumps(found, indent=1, default=str), encoding="utf-8")
    return bad


def main():
    parser = argparse.ArgumentParser("python -m tests.cuda.on_a_gpu", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"these alone: {', '.join(PARTS)}")
    parser.add_argument("--tiny", action="store_true", help="a few numbers: does it run at all?")
    parser.add_argument("--out", default="on_a_gpu.json", metavar="FILE", help="what is written after each part")
    parser.add_argument("--minutes", type=float, default=MINUTES, metavar="N", help="after which no part begins")
    given = parser.parse_args()
    every = TINY if given.tiny else PARTS
    if unknown := [name for name in given.parts if name not in every]:
        parser.error(f"there is no part {unknown[0]!r}: choose from {', '.join(every)}")
    bad = run({name: every[name] for name in given.parts or every}, given.out, given.minutes)
    if bad:
        print(f"failed or wrong: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
