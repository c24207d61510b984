"""How fast a device is, for `on_a_gpu.py`: launches, layers, training; against PyTorch where it is there.

Rows are those of `minicnn bench --device cuda`, in less time each; results are compared before anything is timed.
"""

from __future__ import annotations

import importlib
import os
import time
from dataclasses import asdict

import numpy as np

from minicnn import Trainer, bench, datasets, engine, zoo
from minicnn.bench import Options, Protocol, Row, kernels, ladder, train
from minicnn.bench.layer_set import LAYER_SET, conv
from minicnn.kernels.cuda.runtime import wait
from minicnn.optimizers import SGD
from minicnn.train import EpochRecord

SHORT = Protocol(seconds=0.15, least_turns=3, most_turns=9, turn_seconds=0.005, rest_seconds=0.002)
LAYERS = (
    ("lenet-conv1", 128),
    ("lenet-conv2", 128),
    ("alexnet-conv2", 64),
    ("alexnet-conv3", 64),
    ("vgg-conv3-2", 64),
    ("vgg-conv5-2", 64),
    ("resnet50-1x1", 64),
    ("resnet50-3x3", 64),
    ("mobilenet-3x3dw", 64),
    ("lenet-unshared", 128),
    ("lenet-tiled", 128),
    ("alexnet-tiled", 64),
)
WITH_TF32 = ("alexnet-conv3", "vgg-conv3-2", "resnet50-3x3")
TINY = ((conv("tiny", (2, 4, 4), 3, 3, padding=1), 4),)
TINY_PROTOCOL = Protocol(seconds=1e-6, least_turns=1, most_turns=1, turn_seconds=1e-6, rest_seconds=0)


def peer(name="torch"):
    """PyTorch if it is there and computes on a device, else nobody."""
    try:
        return (name,) if importlib.import_module("torch").cuda.is_available() else ()
    except ImportError:
        return ()


def options(tiny=False, against=(), **more):
    return Options(1, against, TINY_PROTOCOL if tiny else SHORT, device="cuda:0", **more)


def told(rows, machine):
    """Rows as JSON values, their means, and those that are wrong."""
    found = list(rows)
    for row in found:
        rates = {each.name: round((row.rate(each) or 0) / 1e9, 1) for each in row.timings} if isinstance(row, Row) else row.text
        print(f"  {row.name} {getattr(row, 'work', '')}: {rates}", flush=True)
    own = [row for row in found if isinstance(row, Row)]
    return {
        "rows": [bench.row_record(row, machine) if isinstance(row, Row) else row.to_dict() for row in found],
        "means": [asdict(mean) for mean in bench.means(own)],
        "wrong": [f"{row.name} {row.work}" for row in own if row.wrong],
    }


def layers(machine, tiny=False):
    """GFLOP/s of every pass of some layers, by the function and as the engine's step, beside PyTorch without TF32."""
    with_peer = options(tiny, () if tiny else peer())
    by_name = {case.name: case for case in LAYER_SET}
    cases = TINY if tiny else [(by_name[name], batch) for name, batch in LAYERS]
    torch = with_peer.torch()
    return told((row for case, batch in cases for row in kernels.case_rows(case, batch, with_peer, torch)), machine)


def layers_with_tf32(machine):
    """A few of them beside PyTorch with TF32."""
    if not peer():
        return {"left out": "no PyTorch that computes on a CUDA device"}
    with_peer = options(against=("torch-tf32",))
    torch = with_peer.torch()
    cases = [case for case in LAYER_SET if case.name in WITH_TF32]
    return told((row for case in cases for row in kernels.case_rows(case, 64, with_peer, torch)), machine)


def rungs(machine, tiny=False):
    """The ladder of kernels for one layer."""
    case, batch = TINY[0] if tiny else (ladder.LAYERS[1], ladder.DEVICE_BATCH)
    return told(ladder.climb(kernels.arrays(case, batch), options(tiny), None), machine)


def steps(machine):
    """A step and an epoch of LeNet, and of ResNet-20, beside PyTorch without TF32."""
    with_peer = options(against=peer())
    torch = with_peer.torch()
    return told((row for name, _ in train.WORK for row in train.network_rows(name, train.BATCH, with_peer, torch)), machine)


def launches(net=None, batch=128, times=200):
    """Microseconds of a training step whose kernels are launched one by one, and as one graph."""
    net = net or zoo.build("lenet")
    plan = engine.new_plan("cuda:0", net, batch, 1, training=True, optimizer=SGD(1e-4))
    x, labels = np.zeros((batch, *net.input_shape), np.float32), np.zeros(batch, np.int64)
    numbers, keys = np.array([SGD(1e-4).rates(1, 1e-4)]), np.zeros(1, np.int64)
    plan.run(net.parameter_memory.copy(), x, np.arange(batch), batch, labels=labels, keys=keys, rates=numbers)
    chosen = [number for number, name in enumerate(plan.names) if name != "advance"]  # a run's arrays end
    found = {"kernels": len(chosen)}
    for name, graph in (("one by one", False), ("as one graph", True)):
        launch = plan.part(chosen, graph)
        launch()
        wait()
        begin = time.perf_counter()
        for _ in range(times):
            launch()
        queued = time.perf_counter() - begin
        wait()
        found |= {f"{name}, queued": queued / times * 1e6, f"{name}, done": (time.perf_counter() - begin) / times * 1e6}
    return found


def mnist():
    """Seconds of training, evaluation between epochs not counted, until LeNet has 99 % of MNIST's test images right."""
    if not os.environ.get("MINICNN_DATA"):
        return {"left out": "MINICNN_DATA names no folder with MNIST"}
    images, tested = (datasets.load("mnist", split) for split in ("train", "test"))
    trainer = Trainer(zoo.build("lenet"), SGD(0.05, momentum=0.9, weight_decay=5e-4), device="cuda:0")
    seconds, epochs, begin = 0.0, [], time.perf_counter()
    for record in trainer.stream(images, tested, until_epoch=10, schedule="cosine"):
        if isinstance(record, EpochRecord):
            seconds += record.seconds
            epochs.append({"seconds": record.seconds, "test accuracy": record.metrics["accuracy"]})
            if record.metrics["accuracy"] >= 0.99:
                break
    reached = epochs[-1]["test accuracy"] >= 0.99
    return {"seconds to 99 %": seconds if reached else None, "with everything": time.perf_counter() - begin, "epochs": epochs}
