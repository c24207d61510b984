"""The training step: one update of a network from one batch, ours against PyTorch's.

The same network, the same first parameters, loss, optimizer and images.  PyTorch gets its images as a tensor in either layout,
batch by batch and never shuffled, and does plain and fused updates: the fastest combination counts.

A network with dropout is timed without being compared: each side draws for itself.

    step    `Trainer.step(x, labels)`, everything in it: checks, the copy into lanes, forward, backward, update
    epoch   the loop of `Trainer.fit` over many batches, images in random order; times are given for one step
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import cycle
from math import inf, isfinite, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import engine
from minicnn.bench import networks
from minicnn.bench.curve import Curve, follow
from minicnn.bench.equality import relative_error
from minicnn.bench.networks import Work
from minicnn.bench.options import Options
from minicnn.bench.protocol import Agreement, Contestant
from minicnn.bench.records import OURS, Note, Row
from minicnn.layers import Dropout
from minicnn.optimizers import SGD, Update
from minicnn.random import generator
from minicnn.train import Trainer
from minicnn.train.updates import rates

if TYPE_CHECKING:
    from minicnn.graph import Summary
    from minicnn.network import Graph

BATCH = 128
WORK: Work = (("lenet", (1, 4, 8, 16, 32, 64, 128)), ("resnet20", (8, 32, 128)))
QUICK_WORK: Work = (("lenet", (BATCH,)),)
CURVES: Work = (("lenet", tuple(range(1, 34))), ("resnet20", tuple(range(1, 34))))
STEPS = 14  # batches in the loop: the 1,797 embedded digits make 14
LEARNING_RATE = 1e-3  # small: over thousands of steps on few images gradients must not shrink until they are denormal numbers
MOMENTUM = 0.9
PEER_ERRORS = 3  # our error may be so many times the largest of PyTorch's: 1 measured directly, 3 with Winograd in 4x4
TRIALS = 4  # of PyTorch, on images that differ by a rounding error of Winograd's
ROUNDING = 3e-6


def names(options: Options) -> list[str]:
    """Names of its rows."""
    return networks.names(_work(options), options)


def _work(options: Options) -> Work:
    return QUICK_WORK if options.quick else CURVES if options.curve else WORK


def rows(options: Options) -> Iterator[Row | Curve | Note]:
    """Two rows for each batch of each network, or a curve over them."""
    torch = options.torch()
    for name, batches in networks.chosen(_work(options), options, (BATCH,)):
        if not networks.is_known(name):
            yield Note("train", name, "not in the zoo yet")
        elif options.curve:
            yield network_curve(name, batches, options, torch)
        else:
            for batch in batches:
                yield from network_rows(name, batch, options, torch)


def network_curve(name: str, batches: tuple[int, ...], options: Options, torch: Any) -> Curve:
    """The step over the batch."""
    net = networks.build(name)
    images, labels = training_images(net.input_shape, net.classes, max(batches))

    def contestants(batch: int) -> Iterator[Contestant]:
        own = images[:batch], labels[:batch]
        yield Contestant(OURS, own_step(networks.build(name), *own, batch, options.threads, options.device))
        if torch is not None:
            from minicnn.bench.peers.place import Place
            from minicnn.bench.peers.torch_networks import steps

            yield from steps(Place(torch, options.device), networks.build(name), *own, batch, 1, own_optimizer())

    return follow("train", name, "step", batches, contestants, options)


def network_rows(name: str, batch: int, options: Options, torch: Any) -> Iterator[Row]:
    """The step and the epoch of one network."""
    steps = 3 if options.quick else STEPS
    net = networks.build(name)
    images, labels = training_images(net.input_shape, net.classes, steps * batch)
    summary = net.summary()
    by_chance = any(isinstance(node.layer, Dropout) and node.layer.rate for node in net.topology.nodes)
    terms = batch * max(prod(row.output_shape[1:]) for row in summary.layers)  # that meet in one number of a weight's gradient

    def compare(results: Iterator[Any]) -> Agreement:
        deque(results, maxlen=0)  # the first calls come first: they compile
        return agreement(torch, networks.build(name), images[:batch], labels[:batch], options, options.tolerance(terms))

    for work, ours, units in (("step", own_step, 1), ("epoch", own_epoch, steps)):
        call = ours(networks.build(name), images, labels, batch, options.threads, options.device)
        contestants = [Contestant(OURS, call, units)]
        if torch is not None:
            from minicnn.bench.peers.place import Place
            from minicnn.bench.peers.torch_networks import steps as torch_steps

            contestants += torch_steps(Place(torch, options.device), networks.build(name), images, labels, batch, units, own_optimizer())
        race = options.protocol.race(contestants, compare if torch is not None and work == "step" and not by_chance else None)
        row = Row("train", name, work, batch, race.timings, step_flops(summary, batch), agreement=race.agreement)
        yield row
        if row.wrong:
            return


def training_images(shape: tuple[int, ...], classes: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits if they fit the network, otherwise random numbers; mean 0, variance 1."""
    stream = generator(0, "bench", "images")
    if shape[0] == 1 and len(shape) == 3 and classes == 10:
        from minicnn.datasets import load, scale_to

        data = [load("digits", split) for split in ("train", "test")]
        pictures = scale_to(np.concatenate([each.images for each in data]), *shape[1:]).astype(np.float32)
        labels = np.concatenate([each.labels for each in data])
        pictures = (pictures - pictures.mean()) / pictures.std()
        chosen = np.arange(count) % len(labels)
        return np.ascontiguousarray(pictures[chosen]), np.ascontiguousarray(labels[chosen].astype(np.int64))
    return stream.standard_normal((count, *shape), dtype=np.float32), stream.integers(classes, size=count)


def step_flops(summary: Summary, batch: int) -> int:
    """Operations of one update: forward, weight gradient and input gradient cost the same, and the input's own gradient is not needed."""
    total = 0
    for row in summary.layers:
        passes = 2 if row.inputs == ("input",) else 3
        total += 2 * passes * (row.macs or 0) * batch
    return total


def own_optimizer() -> SGD:
    """The optimizer of both sides."""
    return SGD(learning_rate=LEARNING_RATE, momentum=MOMENTUM)


def own_step(net: Graph, images: np.ndarray, labels: np.ndarray, batch: int, threads: int, device: str = engine.CPU) -> Callable[[], Any]:
    """One call of `Trainer.step`, each time with the next batch."""
    trainer = Trainer(net, own_optimizer(), batch_size=batch, threads=threads, device=device)
    batches = cycle([(images[n : n + batch], labels[n : n + batch]) for n in range(0, len(images), batch)])
    return lambda: trainer.step(*next(batches))


def own_epoch(net: Graph, images: np.ndarray, labels: np.ndarray, batch: int, threads: int, device: str = engine.CPU) -> Callable[[], Any]:
    """All batches in one call of the plan, as `Trainer.fit` makes it."""
    optimizer = own_optimizer()
    plan = engine.new_plan(device, net, batch, threads, training=True, optimizer=optimizer)
    plan.hold(images, labels)
    count = -(-len(images) // batch)
    numbers = rates(Update.of(optimizer), 1, [optimizer.learning_rate] * count)
    order = generator(0, "bench", "order").permutation(len(images)).astype(np.int64)
    keys = np.zeros(count, np.int64)
    return lambda: plan.run(net.parameter_memory, images, order, batch, labels=labels, keys=keys, rates=numbers)


def agreement(torch: Any, net: Graph, images: np.ndarray, labels: np.ndarray, options: Options, limit: float) -> Agreement:
    """Loss, gradients, and parameters and running statistics after two updates, ours against PyTorch's in float64.

    A rectifier whose input is as small as a rounding error may open in one computation and stay closed in the other.  Deep networks
    have thousands of them, and one moves the sums before it by percents: ResNet-20's gradient of 8 images by 2 to 11 % where the
    images change by 3e-6.  How far PyTorch's float32 then gets from its float64 sets the limit of each of the three.
    """
    from minicnn.bench.peers.torch_networks import results

    optimizer = own_optimizer()
    stream = generator(0, "bench", "rounding")
    changed = [images, *((images * (1 + ROUNDING * stream.standard_normal(images.shape))).astype(np.float32) for _ in range(TRIALS))]
    exact = results(torch, net, images, labels, optimizer, torch.float64)
    singles = [results(torch, net, each, labels, optimizer, torch.float32) for each in changed]
    loss, gradients = engine.backward(net, images, labels, threads=options.threads, device=options.device)
    trainer = Trainer(net, optimizer, batch_size=len(images), threads=options.threads, device=options.device)
    for _ in range(2):
        trainer.step(images, labels)
    parts = [
        Agreement(relative_error(own, right), max(limit, PEER_ERRORS * max(relative_error(each, right) for each in others)))
        for own, right, *others in zip((loss, gradients, dict(net.arrays)), exact, *singles, strict=True)
    ]
    return max(parts, key=lambda part: part.error / part.tolerance if isfinite(part.error) else inf)
