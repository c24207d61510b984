"""Inference: images in, logits out, ours against PyTorch's.

`Graph.forward(x)` is what is timed of ours, on an array of images as a user has it.  PyTorch reads the same memory without copying, in
inference mode, in both of its layouts; many images it gets at once or in batches of a size that stays in cache: the fastest counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minicnn import engine, zoo
from minicnn.bench.equality import all_alike, tolerance
from minicnn.bench.options import Options
from minicnn.bench.protocol import Contestant
from minicnn.bench.records import OURS, Note, Row
from minicnn.bench.train import training_images

WORK = (("lenet", (10_000,)), ("alexnet", (1, 64)), ("resnet20", (1, 128)))
QUICK_WORK = (("lenet", (1_000,)),)


def names(quick: bool = False) -> list[str]:
    """Rows that can be asked for."""
    return [name for name, _ in (QUICK_WORK if quick else WORK)]


def rows(options: Options) -> Iterator[Row | Note]:
    """A row for each network and number of images."""
    torch = options.peer()
    for name, counts in QUICK_WORK if options.quick else WORK:
        if not options.wants(name):
            continue
        if name not in zoo.names():
            yield Note("infer", name, "not in the zoo yet")
            continue
        for images in options.batches or counts:
            yield network_row(name, images, options, torch)


def network_row(name: str, count: int, options: Options, torch: Any) -> Row:
    """One network, so many images."""
    net = zoo.build(name)
    images, _ = training_images(net.input_shape, net.classes, count)
    contestants = [Contestant(OURS, lambda: engine.forward(net, images, options.threads))]
    if torch is not None:
        from minicnn.bench.peers.torch_networks import forwards

        contestants += forwards(torch, net, images)
    summary = net.summary()
    terms = max((row.macs or 0) // int(np.prod(row.output_shape)) for row in summary.layers)
    limit = tolerance(terms)
    race = options.protocol.race(contestants, lambda results: all_alike(results, limit))
    return Row("infer", name, "forward", count, race.timings, flops=count * summary.totals.flops, agreement=race.agreement)
