"""Inference: images in, logits out, ours against those of other libraries.

Of ours, `Graph.forward(x)` is timed, on an array of images as a user has it; on a device that includes the way there and back.  PyTorch
reads the same memory without copying, in inference mode, in both of its layouts; ONNX Runtime and OpenVINO get the network as ONNX, for
images of just this shape.  Peers get many images at once or in batches that stay in cache: the fastest counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from minicnn import engine
from minicnn.bench import networks
from minicnn.bench.curve import Curve, follow
from minicnn.bench.equality import all_alike
from minicnn.bench.machine import limited
from minicnn.bench.networks import Work
from minicnn.bench.options import Options
from minicnn.bench.protocol import Contestant
from minicnn.bench.records import OURS, Note, Row
from minicnn.bench.train import training_images
from minicnn.network import Graph

WORK: Work = (
    ("lenet", (1, 128, 2000)),
    ("alexnet-torchvision", (1, 16, 64)),
    ("vgg16", (1, 4, 16)),
    ("resnet18", (1, 8, 32)),
    ("resnet20", (1, 128)),
)
QUICK_WORK: Work = (("lenet", (1_000,)),)
USUAL = (1, 16)  # images at once, for a network without rows of its own
TO_65 = tuple(range(1, 66))
CURVES: Work = (
    *((name, TO_65) for name in ("lenet", "mnist1d-cnn", "lenet-unshared", "lenet-tiled", "resnet20", "alexnet-torchvision", "resnet18")),
    ("vgg16", (1, 2, 3, 4, 5, 8, 9, 16, 17)),
)


def names(options: Options) -> list[str]:
    """Names of its rows."""
    return networks.names(_work(options), options)


def _work(options: Options) -> Work:
    return QUICK_WORK if options.quick else CURVES if options.curve else WORK


def rows(options: Options) -> Iterator[Row | Curve | Note]:
    """A row for each network and number of images, or a curve over them."""
    peers = peers_of(options)
    for name, counts in networks.chosen(_work(options), options, USUAL):
        if not networks.is_known(name):
            yield Note("infer", name, "not in the zoo yet")
        elif options.curve:
            yield network_curve(name, counts, options, peers)
        else:
            for images in counts:
                yield network_row(name, images, options, peers)


Peer = Callable[[Graph, np.ndarray], Iterable[Contestant]]  # what it does with a network and images


def peers_of(options: Options) -> list[Peer]:
    """The peers to compare with; a SettingError if one is not installed."""
    found: list[Peer] = []
    torch = options.torch()
    if torch is not None:
        from minicnn.bench.peers.place import Place
        from minicnn.bench.peers.torch_networks import forwards

        found.append(lambda net, images: forwards(Place(torch, options.device), net, images))
    if "onnxruntime" in options.against:
        from minicnn.bench.peers.onnx_runtime import OnnxRuntime

        found.append(OnnxRuntime(options.threads).forwards)
    if "openvino" in options.against:
        from minicnn.bench.peers.open_vino import OpenVino

        found.append(OpenVino(options.threads).forwards)
    return found


def own_forward(net: Graph, images: np.ndarray, options: Options) -> Contestant:
    """Ours: what a user calls."""
    if options.device == engine.CPU:
        return Contestant(OURS, lambda: net.forward(images))
    channels = net.input_shape[0]
    unchanged = ([1.0] * channels, [0.0] * channels)
    return Contestant(OURS, lambda: engine.predict(net, images, *unchanged, options.threads, options.device))


def network_row(name: str, count: int, options: Options, peers: list[Peer]) -> Row:
    """One network, so many images."""
    net = networks.build(name)
    images, _ = training_images(net.input_shape, net.classes, count)
    contestants = [own_forward(net, images, options), *(each for peer in peers for each in peer(net, images))]
    summary = net.summary()
    terms = max((row.macs or 0) // int(np.prod(row.output_shape)) for row in summary.layers)
    limit = options.tolerance(terms)
    with limited(options.threads):
        race = options.protocol.race(contestants, lambda results: all_alike(results, limit))
    return Row("infer", name, "forward", count, race.timings, flops=count * summary.totals.flops, agreement=race.agreement)


def network_curve(name: str, counts: tuple[int, ...], options: Options, peers: list[Peer]) -> Curve:
    """The time an image over the batch."""
    net = networks.build(name)
    images, _ = training_images(net.input_shape, net.classes, max(counts))

    def contestants(count: int) -> Iterator[Contestant]:
        yield own_forward(net, images[:count], options)
        for peer in peers:
            yield from peer(net, images[:count])

    with limited(options.threads):
        return follow("infer", name, "forward", counts, contestants, options)
