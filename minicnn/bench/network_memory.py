"""The memory of one network's step or answer: the peak of a separate process, ours and PyTorch's, beside what our plan says it will be.

Ours is what a user writes: `net.forward(x)`, or `Trainer.step(x, labels)`.  PyTorch's does the same with the same network in either
layout; it reads our parameters where they lie, or has copies of its own and ours are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from minicnn import zoo
from minicnn.bench.options import Options
from minicnn.bench.process import call, peak_bytes
from minicnn.bench.process_records import Memory, footprint
from minicnn.bench.records import OURS


class Case(NamedTuple):
    """A network with its images at a time.

    least_ratio : of the peer's memory over ours, as wanted
    """

    name: str
    training: bool
    batch: int
    least_ratio: float

    @property
    def work(self) -> str:
        """In words."""
        return "training step" if self.training else "forward"


CASES = (Case("vgg16", False, 1, 1.0), Case("resnet18", True, 32, 1 / 0.6), Case("vgg16", True, 8, 1.0))


def rows(options: Options, count: int) -> Iterator[Memory]:
    """A row for each case that is wanted; each program `count` times, after one that does not count."""
    for case in CASES:
        if options.wants(case.name):
            for batch in options.batches or (case.batch,):
                yield case_row(case._replace(batch=batch), options, count)


def case_row(case: Case, options: Options, count: int) -> Memory:
    """One network."""
    settings = (case.name, case.training, case.batch, options.threads)
    ours = footprint(OURS, partial(call, own_network, *settings, using=(peak_bytes,)), count)
    footprints = [replace(ours, predicted_bytes=predicted_bytes(case, options.threads))]
    if "torch" in options.against:
        for layout in ("", "channels_last"):
            ask = partial(call, torch_network, *settings, layout, using=(peak_bytes,))
            footprints.append(footprint(f"torch {layout}".strip(), ask, count))
    return Memory("memory", case.name, case.work, case.batch, tuple(footprints), case.least_ratio)


def predicted_bytes(case: Case, threads: int) -> int:
    """What `minicnn summary --batch` says."""
    from minicnn.engine.footprint import inference_footprint, training_footprint
    from minicnn.optimizers import SGD

    net = zoo.build(case.name)
    if not case.training:
        return inference_footprint(net, case.batch, threads).total_bytes
    return training_footprint(net, case.batch, SGD(learning_rate=0.01, momentum=0.9), threads).total_bytes


def own_network(name: str, training: bool, batch: int, threads: int) -> dict[str, Any]:
    """Two steps, or two answers, from random images."""
    import numpy as np

    import minicnn
    import minicnn.engine
    import minicnn.train

    imports = peak_bytes()
    minicnn.set_threads(threads)
    net = minicnn.zoo.build(name)
    x = np.random.default_rng(0).standard_normal((batch, *net.input_shape), dtype=np.float32)
    optimizer = minicnn.optimizers.SGD(learning_rate=0.01, momentum=0.9)
    trainer = minicnn.Trainer(net, optimizer, batch_size=batch, threads=threads) if training else None
    for _ in range(2):
        if trainer is None:
            net.forward(x)
        else:
            trainer.step(x, np.zeros(batch, np.int64))
    return {"imports": imports, "peak": peak_bytes()}


def torch_network(name: str, training: bool, batch: int, threads: int, layout: str) -> dict[str, Any]:
    """The same in PyTorch."""
    import gc

    import torch

    from minicnn import zoo
    from minicnn.bench.peers.place import Place
    from minicnn.bench.peers.torch_networks import Twin

    torch.set_num_threads(threads)
    imports = peak_bytes()
    net = zoo.build(name)
    twin = Twin(Place(torch), net, bool(layout), training=training)
    shape = net.input_shape
    del net
    gc.collect()
    x = torch.randn(batch, *shape)
    x = x.contiguous(memory_format=torch.channels_last) if layout else x
    optimizer = torch.optim.SGD(list(twin.parameters.values()), lr=0.01, momentum=0.9) if training else None
    for _ in range(2):
        if optimizer is None:
            with torch.inference_mode():
                twin(x)
        else:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(twin(x), torch.zeros(batch, dtype=torch.long)).backward()
            optimizer.step()
    return {"imports": imports, "peak": peak_bytes()}
