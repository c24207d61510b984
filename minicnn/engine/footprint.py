"""How much memory a process takes that trains a network, or uses it: from the plan that it would run, which gets no memory for that.

A process starts with Python, NumPy, the compiler and the machine code of its steps; what was not in the cache of machine code is
compiled at first, which takes up to 200 MiB more for a while.  Beside what is counted here, a run holds its data set, and where it
evaluates, a plan for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from minicnn.engine.plan import Plan, build_plan
from minicnn.engine.stages import stages_of
from minicnn.errors import GraphError
from minicnn.graph import Topology
from minicnn.processors import thread_count

if TYPE_CHECKING:
    from minicnn.network import Graph
    from minicnn.optimizers import Optimizer, Update

NUMBER_BYTES = 4  # float32
PROCESS_BYTES = 173 << 20  # Python, NumPy, Numba with its compiler, the engine: measured on Linux
KERNEL_BYTES = 400_000  # machine code of a step, with what the compiler keeps of it


class Footprint(NamedTuple):
    """Bytes of a process, in the order in which they come.

    purpose, batch, threads : "training" or "inference"; images at a time
    optimizer : its kind, in training
    process_bytes : what it takes before the network
    parameter_bytes, gradient_bytes, state_bytes : parameters; their gradients, those of several images apart; the optimizer's memory
    common_bytes : transformed filters, statistics of batches
    activation_bytes : values and their gradients, as many as are needed at a time, and what steps need beside
    image_bytes : one batch as the caller holds it, and what comes out in use
    """

    purpose: str
    batch: int
    threads: int
    optimizer: str | None
    process_bytes: int
    parameter_bytes: int
    gradient_bytes: int
    state_bytes: int
    common_bytes: int
    activation_bytes: int
    image_bytes: int

    @property
    def total_bytes(self) -> int:
        """All of it."""
        return sum(value for name, value in self._asdict().items() if name.endswith("_bytes"))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {**self._asdict(), "total_bytes": self.total_bytes}


def training_footprint(net: Graph, batch: int, optimizer: Optimizer | Update, threads: int | None = None) -> Footprint:
    """A process that trains on batches of so many images.

    Examples
    --------
    >>> from minicnn import optimizers, zoo
    >>> from minicnn.engine.footprint import training_footprint
    >>> found = training_footprint(zoo.build("resnet18"), 32, optimizers.SGD(momentum=0.9), threads=2)
    >>> 0.9e9 < found.total_bytes < 1.2e9
    True

    Raises
    ------
    GraphError
        If the network has free axes, or several outputs.
    """
    return _footprint(net, "training", batch, threads, {"training": True, "optimizer": optimizer})


def inference_footprint(net: Graph, batch: int, threads: int | None = None) -> Footprint:
    """A process that runs the network forward on so many images.  Errors as for `training_footprint`."""
    return _footprint(net, "inference", batch, threads, {"training": False})


def _footprint(net: Graph, purpose: str, batch: int, threads: int | None, how: Mapping[str, Any]) -> Footprint:
    topology, many = net.topology, thread_count(purpose, threads)
    if None in topology.input_shape or len(topology.outputs) != 1:
        raise GraphError(f"{net.name}: memory depends on the size of its images: say one")
    plans = _plans(net, batch, many, how)
    slots, state, common, arenas = (NUMBER_BYTES * sum(each) for each in zip(*(plan.stretches for plan in plans), strict=True))
    outputs = 0 if how["training"] else sum(prod(stage.topology.output_shapes[0]) for stage in stages_of(topology, batch))
    images = NUMBER_BYTES * batch * (prod(topology.input_shape) + outputs)
    optimizer = how.get("optimizer")
    return Footprint(
        purpose,
        batch,
        many,
        None if optimizer is None else optimizer.kind.partition(" ")[0],
        PROCESS_BYTES + KERNEL_BYTES * len({kernel for plan in plans for kernel in plan.program.kernels}),
        NUMBER_BYTES * topology.memory_size,
        slots,
        state,
        common,
        arenas,
        images,
    )


def _plans(net: Graph, batch: int, threads: int, how: Mapping[str, Any]) -> list[Plan]:
    """The plans that would run, without memory; in use, one for each part that the images are cut into."""
    size = net.topology.memory_size
    parts: list[tuple[Topology, int, dict[str, Any]]] = (
        [(net.topology, batch, {})]
        if how["training"]
        else [(stage.topology, cut.batch, cut.plan()) for stage in stages_of(net.topology, batch) for cut in stage.cuts]
    )
    return [build_plan(own, size, images, threads, compiled=False, allocated=False, **how, **cut) for own, images, cut in parts]
