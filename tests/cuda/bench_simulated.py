"""As a script, under NUMBA_ENABLE_CUDASIM=1: benchmarks on a device, in Numba's simulator, on a few numbers.

python bench_simulated.py PART...       each of PARTS prints what it measured, and ends with an error where a result is wrong
"""

import sys

import numpy as np

import minicnn
from minicnn import bench
from minicnn import layers as L
from minicnn.bench import Options, Protocol, Row, kernels, ladder, train
from minicnn.bench.kernels import arrays
from minicnn.bench.layer_set import LayerCase, conv

HASTY = Protocol(seconds=1e-6, least_turns=1, most_turns=1, turn_seconds=1e-6, rest_seconds=0)
OPTIONS = Options(1, protocol=HASTY, device="cuda")
CASES = (
    conv("conv", (2, 4, 4), 3, 3, padding=1, stride=2),
    conv("unshared", (2, 3, 3), 3, 2, family="unshared", sharing="unshared"),
    LayerCase("max pool", "max_pool", L.MaxPool2D(2), (2, 4, 4)),
    LayerCase("batch norm", "batch_norm", L.BatchNorm2D(), (2, 3, 3)),
)


def show(rows, contestants):
    """Every row is right, and everybody in it was timed."""
    for row in rows:
        if not isinstance(row, Row):
            raise SystemExit(f"left out: {row.name}: {row.text}")
        names = [each.name for each in row.timings]
        if row.wrong or not all(each.turns for each in row.timings) or len(names) != contestants:
            raise SystemExit(f"{row.name} {row.work}: {row.agreement}, {names}")
        print(row.name, row.work)


def layers():
    for case in CASES:
        show(kernels.case_rows(case, 3, OPTIONS, None), 2)


def rungs():
    rows = list(ladder.climb(arrays(CASES[0], 3), OPTIONS, None))
    show(rows, 1)
    if not all(row.agreement.holds for row in rows):
        raise SystemExit("a rung was not compared")


def networks():
    net = minicnn.Graph(L.Sequential(L.Conv2D(2, 2), L.ReLU(), L.Flatten(), L.Linear(3)), input_shape=(1, 4, 4), seed=1)
    images, labels = np.random.default_rng(0).standard_normal((7, 1, 4, 4)).astype(np.float32), np.arange(7) % 3
    made = []
    for device in ("cpu", "cuda"):
        own = minicnn.Graph.from_architecture(net.architecture())
        train.own_step(own, images, labels, 4, 1, device)()
        train.own_epoch(own, images, labels, 4, 1, device)()
        made.append(own.parameter_memory)
    if not np.allclose(*made, atol=1e-6):
        raise SystemExit("a step and an epoch on the device differ from the CPU's")
    print("step and epoch")


def machine():
    found = bench.measured(OPTIONS)
    if not (found.device.startswith("simulator (cuda:0)") and found.peak_flops > 0 and found.peak_bytes > 0):
        raise SystemExit(found)
    print(found.device)


PARTS = {each.__name__: each for each in (layers, rungs, networks, machine)}

if __name__ == "__main__":
    for part in sys.argv[1:]:
        PARTS[part]()
