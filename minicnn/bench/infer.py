"""Inference: images in, logits out, ours against PyTorch's.

Of ours, what `Graph.forward(x)` does is timed, on an array of images as a user has it; on a device that includes the way there and back.  PyTorch reads the same memory without copying, in
inference mode, in both of its layouts; it gets many images at once or in batches that stay in cache: the fastest counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minicnn import engine, zoo
from minicnn.bench.equality import all_alike
from minicnn.bench.options import Options
from minicnn.bench.protocol import Contestant
from minicnn.bench.records import OURS, Note, Row
from minicnn.bench.train import training_images

WORK = (("lenet", (10_000,)), ("alexnet", (1, 64)), ("resnet20", (1, 128)))
QUICK_WORK = (("lenet", (1_000,)),)


def names(quick: bool = False) -> list[str]:
    """Names of its rows."""
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
    channels = net.input_shape[0]
    unchanged = ([1.0] * channels, [0.0] * channels)
    contestants = [Contestant(OURS, lambda: engine.predict(net, images, *unchanged, options.threads, options.device))]
    if torch is not None:
        from minicnn.bench.peers.place import Place
        from minicnn.bench.peers.torch_networks import forwards

        contestants += forwards(Place(torch, options.device), net, images)
    summary = net.summary()
    terms = max((row.macs or 0) // int(np.prod(row.output_shape)) for row in summary.layers)
    limit = options.tolerance(terms)
    race = options.protocol.race(contestants, lambda results: all_alike(results, limit))
    return Row("infer", name, "forward", count, race.timings, flops=count * summary.totals.flops, agreement=race.agreement)
