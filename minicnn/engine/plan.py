"""A plan: a graph's program with its memory, ready to run on any number of threads.

Its purpose (training or inference, batch, data type) is fixed when it is built; the network's parameters are passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numba import config

from minicnn.engine.arrays import Arrays
from minicnn.engine.objective import CROSS_ENTROPY, Objective
from minicnn.engine.planner import Planner
from minicnn.engine.ranks import SLOTS, SWAP, Exchange, Ranks, gather_results, refuse_alone, run_together
from minicnn.engine.small_batches import FEW_SHARDS, alone, is_small, small_shard, splits_steps
from minicnn.engine.update import append_update, running_stretches
from minicnn.engine.work import is_little
from minicnn.errors import SettingError
from minicnn.graph import Node, Topology
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.kernels.cpu.program.crew import run
from minicnn.kernels.cpu.program.executor import (
    JOB_FIELDS,
    JOB_IMAGES,
    JOB_KEY,
    JOB_ORDER,
    JOB_OUTPUT,
    JOB_RATES,
    JOB_SCALE,
    JOB_STATISTICS,
    Layout,
)
from minicnn.kernels.cpu.program.program import FinishedProgram, aligned_zeros, padded
from minicnn.kernels.cpu.unshared.lowering import serves_few
from minicnn.kernels.memory import check_room
from minicnn.layers.conv import Conv
from minicnn.locks import new_lock
from minicnn.optimizers.update import Update

if TYPE_CHECKING:
    from minicnn.optimizers import Optimizer

SHARDS_SIZES = (64, 32, 16)
CACHE_BYTES = 1 << 20  # second-level cache of one core, typical today
SLOT_BYTES = 1 << 28  # memory that gradients of slots may take together
MOST_SLOTS = 8
STEP_PARTS = 8


def shard_size(topology: Topology, batch: int, training: bool = True) -> int:
    """Images of a shard, from the network and the batch alone, so that results do not depend on the machine.

    The largest size for which the largest value still fits the cache of a core and a batch makes at least four shards, or two of any
    size where filters of single positions, which every shard reads anew, do not fit it themselves (64 images of 64 channels 13x13, 96
    filters: 47 and 27 ms); in use, a few images are a shard of just that size, and in training what `small_batches` says.
    """
    largest = max(prod(shape) for node in topology.nodes for shape in (*node.input_shapes, *node.output_shapes))
    if batch < SHARDS_SIZES[-1] and not training:
        return batch
    if any(map(outweighs_images, topology.nodes)):
        if training and batch < SHARDS_SIZES[-1]:
            return batch
        return next((size for size in SHARDS_SIZES if 2 * size <= batch), SHARDS_SIZES[-1])
    if training and is_small(batch):
        return small_shard(topology, batch)
    for size in SHARDS_SIZES:
        if 4 * size <= batch and largest * size * 4 <= CACHE_BYTES:
            return size
    return SHARDS_SIZES[-1]


def slots_of_batch(topology: Topology, batch: int) -> int:
    """Into how many slots a batch's gradients are added, from the network and the batch alone as well; each is of one rank."""
    shards = -(-batch // shard_size(topology, batch))
    return min(shards, max(2, min(MOST_SLOTS, SLOT_BYTES // (4 * padded(topology.memory_size)))))


def outweighs_images(node: Node) -> bool:
    """Whether its weights do not fit the cache, and serve so few positions that the time is that of reading them for each shard."""
    layer = cast(Any, node.layer)
    few = isinstance(layer, Conv) and serves_few(layer.axes(node.input_shapes), layer.tile(node.input_shapes), LANES)
    return few and 4 * node.slots[0].size > CACHE_BYTES


class Stretches(NamedTuple):
    """The elements of a plan's memory, in their order.

    slots : gradients of parameters
    state : the optimizer's
    common : what all shards share: filters that are transformed for Winograd's algorithm, statistics of batches
    arenas : values, their gradients, and what steps need beside
    """

    slots: int
    state: int
    common: int
    arenas: int


def reads_key(program: FinishedProgram) -> bool:
    """Whether a step draws from the batch's key, besides one that moves or mirrors images as it loads them."""
    return any("key" in kernel.function.__code__.co_names for kernel in set(program.kernels))


@dataclass
class Plan:
    """A finished program with its stretches of memory.

    memory : as `stretches` says
    exchanges : where several processes that run it together wait for each other, in the order of its phases
    is_tower : whether it is one of two that run together
    running : ranges of the parameters that follow with the batches, as running statistics do
    finished : (1,) batches of the latest run that are done
    """

    program: FinishedProgram
    layout: Layout
    memory: np.ndarray
    threads: int
    parameter_size: int
    state_begin: int
    state_count: int
    arrays: Arrays
    stretches: Stretches
    exchanges: tuple[Exchange, ...] = ()
    is_tower: bool = False
    running: tuple[tuple[int, int], ...] = ()
    finished: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    _statistics: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 2)))
    alone: int = 0  # images that one thread had better run by itself
    draws: bool = True  # whether anything depends on a batch's key
    lock: Any = field(default_factory=new_lock)  # one run at a time, and readers of `memory` after it

    def state(self) -> np.ndarray:
        """The optimizer's state: one row like the parameters per kind (velocity; mean and square)."""
        row = padded(self.parameter_size)
        whole = self.memory[self.state_begin : self.state_begin + self.state_count * row]
        return whole.reshape(self.state_count, row)[:, : self.parameter_size]

    def set_state(self, state: np.ndarray) -> None:
        """Continue with such a state."""
        self.state()[...] = state

    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Images and labels that will not change before the next call: nothing to do where they can be read."""

    def gradient(self, images: int) -> np.ndarray:
        """The parameters' gradient after a run without an update: the slots in their order."""
        slots = min(self.layout.slots, -(-images // self.layout.shard))
        begin, size = self.layout.slot_begin, self.layout.slot_size
        total = self.memory[begin : begin + self.parameter_size].copy()
        for slot in range(1, slots):
            total += self.memory[begin + slot * size : begin + slot * size + self.parameter_size]
        return total

    def warm(self, parameters: np.ndarray) -> None:
        """Compile, or fetch from the cache, what a run needs besides the steps, by running no batch."""
        nothing = np.zeros(0, np.int64)
        jobs = np.zeros((0, JOB_FIELDS), np.int64)
        run(self.threads, self.program, self.memory, parameters, jobs, nothing, self.layout)

    def run(
        self,
        parameters: np.ndarray,
        images: np.ndarray,
        order: np.ndarray,
        batch_size: int,
        labels: np.ndarray | None = None,
        keys: np.ndarray | None = None,
        rates: np.ndarray | None = None,
        output: np.ndarray | None = None,
        input_gradient: np.ndarray | None = None,
        scales: np.ndarray | None = None,
        ranks: Ranks | None = None,
    ) -> np.ndarray:
        """Run batches of `batch_size` images, in the given order, to the last.

        Parameters
        ----------
        parameters : (memory size,) float32
            Changed if the plan updates them.
        images : (M, C, *space) float32 or uint8, C-contiguous
        order : (any,) int64
            Which image comes when; the last batch may be smaller.
        labels : (M,) int64, or as the plan's `arrays.target` says
        keys : (batches,) int64
            What dropout draws from.
        rates : (batches, numbers) float64
            The optimizer's numbers.
        output : (len(order), ...) float32, written
        input_gradient : (batch, C, *space) float32, written
        scales : (batches,) float64
            What the sum of a batch's losses is multiplied by; without it, 1 / images.
        ranks : Ranks, optional
            The processes that run these batches together, each of which calls this with the same arguments and gets the same results.

        Returns
        -------
        (batches, 2) float64
            Summed loss and correct answers of each batch.

        Raises
        ------
        ShapeError, SettingError
            If an array is not what the plan was made for; nothing is run then.
        """
        self.finished[0] = 0
        self.arrays.check(parameters, images, order, batch_size, labels, keys, rates, output, input_gradient, scales)
        batches = -(-len(order) // batch_size)
        shards = -(-batch_size // self.layout.shard)
        self._statistics = statistics = np.zeros((batches, shards, 2))
        jobs = np.zeros((batches, JOB_FIELDS), dtype=np.int64)
        number = np.arange(batches)
        jobs[:, JOB_ORDER] = order.ctypes.data + number * batch_size * order.itemsize
        jobs[:, JOB_IMAGES] = np.minimum(batch_size, len(order) - number * batch_size)
        jobs[:, JOB_STATISTICS] = statistics.ctypes.data + number * statistics.strides[0]
        jobs[:, JOB_SCALE] = (1.0 / jobs[:, JOB_IMAGES] if scales is None else scales).view(np.int64)
        if keys is not None:
            jobs[:, JOB_KEY] = keys
        if rates is not None:
            jobs[:, JOB_RATES] = rates.ctypes.data + number * rates.strides[0]
        if output is not None:
            jobs[:, JOB_OUTPUT] = output.ctypes.data + number * batch_size * output.strides[0]
        addresses = np.array(
            [0 if labels is None else labels.ctypes.data, images.ctypes.data, 0 if input_gradient is None else input_gradient.ctypes.data],
            dtype=np.int64,
        )
        if ranks is None:
            self.launch(parameters, jobs, addresses, statistics)
        else:
            with self.lock:
                run_together(self, ranks, parameters, jobs, addresses)
                gather_results(self, ranks, statistics, batch_size, output)
        return statistics.sum(axis=1)

    def launch(self, parameters: np.ndarray, jobs: np.ndarray, addresses: np.ndarray, statistics: np.ndarray | None = None) -> None:
        """Run batches that are known to be right; who calls keeps what `jobs` and `addresses` point to.

        statistics : (batches, shards, 2) float64, written: where losses are wanted, see `done`
        """
        if self.is_tower:
            refuse_alone()
        with self.lock:
            if statistics is None:
                run(self.threads, self.program, self.memory, parameters, jobs, addresses, self.layout)
                return
            self.finished[0], self._statistics = 0, statistics
            threads = 1 if jobs[:, JOB_IMAGES].sum() <= self.alone else self.threads
            how = {"whole_batches": self.arrays.rates is not None}
            run(threads, self.program, self.memory, parameters, jobs, addresses, self.layout, self.finished, **how)

    def done(self) -> np.ndarray:
        """The result of the latest run; if an exception ended it, of the batches it finished: (batches, 2)."""
        return self._statistics.sum(axis=1)[: int(self.finished[0])]


def build_plan(
    topology: Topology,
    parameter_size: int,
    batch: int,
    threads: int,
    *,
    training: bool,
    uint8: bool = False,
    scale: Sequence[float] | None = None,
    shift: Sequence[float] | None = None,
    optimizer: Optimizer | Update | None = None,
    input_gradient: bool = False,
    shifts: int = 0,
    flips: bool = False,
    changes: tuple[Any, ...] = (),
    objective: Objective = CROSS_ENTROPY,
    inference: bool = False,
    compiled: bool = True,
    outputs: bool = False,
    shard: int | None = None,
    together: int | None = None,
    by_feature: bool = False,
    split: bool | None = None,
    allocated: bool = True,
) -> Plan:
    """Plan a graph.

    Parameters
    ----------
    batch : int
        The largest batch it will run.
    training : bool
        Gradients; otherwise outputs.
    uint8 : bool
        Images come as uint8, else as float32; either is multiplied by scale[c] and shifted by shift[c].
    optimizer : Optimizer or Update, optional
        Update the parameters after each batch.
    shifts, flips : int, bool
        Move each image by up to so many pixels, mirror every other one.
    changes : tuple of changes
        Other changes of images, see `minicnn.engine.changes`.
    objective : Objective
        The loss whose gradients are wanted.
    inference : bool
        Gradients of the network as it is in use: without dropout, by batch normalization's running statistics.
    compiled : bool
        Whether it is to run in this process; else its steps are known by their names.
    outputs : bool
        With `training`, the outputs that a plan for gradients goes back from, bit for bit, in place of gradients.
    shard, together, by_feature, split : int, int, bool, bool
        Images of a shard, images by whose number layers choose their ways, how linear layers sum, whether threads share the steps of few
        shards: where the batch is a part of more, see `engine.cutting`; by default `shard_size`, the batch, and yes.
    allocated : bool
        Whether it gets its memory; else it can tell how much that would be, and cannot run.
    """
    if config.DISABLE_JIT:
        raise SettingError(
            "a network in float32 is machine code, but NUMBA_DISABLE_JIT is set\n  unset it, or give float64: that runs the textbook loops"
        )
    channels = topology.input_shape[0]
    shard = shard_size(topology, batch, training) if shard is None else shard
    shards = -(-batch // shard)
    slot_size = padded(parameter_size)
    slots = slots_of_batch(topology, batch) if training else shards
    state_begin = slots * slot_size if training else 0
    states = len(optimizer.state_names) if optimizer else 0
    common_begin = state_begin + states * slot_size
    planner = Planner(
        topology,
        shard,
        training,
        optimizer is not None,
        common_begin,
        batch,
        objective=objective,
        inference=inference,
        together=together or 0,
        by_feature=by_feature,
    )
    planner.plan_preparations(input_gradient)
    if not training and is_little(topology, batch):
        threads = 1
    # parts of several shards run at once, so none may add into the slot of another
    elif shards < FEW_SHARDS and (split is not False if not training else (shards <= slots and splits_steps(topology, batch, shards))):
        planner.program.step_parts = STEP_PARTS
    planner.plan_forward(Loading(uint8, tuple(scale or [1.0] * channels), tuple(shift or [0.0] * channels), shifts, flips, changes))
    if training and not outputs:
        planner.plan_backward(input_gradient)
    else:
        planner.plan_output()
    planner.close_shards()
    planner.program.step_parts = 0
    per_shard = planner.several_phases or shards <= threads  # else as many arenas as threads, whichever take part
    if optimizer:
        planner.exchanges.append(Exchange(len(planner.program.phases), SLOTS))
        append_update(planner, Update.of(optimizer), parameter_size, slot_size, state_begin)
    program = planner.finish(compiled)
    arena_begin = padded(common_begin + planner.common_size + program.common_size)
    arenas = shards if per_shard else threads
    stretches = Stretches(state_begin, common_begin - state_begin, arena_begin - common_begin, arenas * program.arena_size)
    size = sum(stretches) if allocated else 0
    check_room(4 * size, f"a plan for {batch} images at a time", "use fewer images at a time")
    memory = aligned_zeros(size)
    layout = Layout(shard, slots, arena_begin, program.arena_size, 0, slot_size, int(per_shard))
    (output,) = topology.output_shapes
    arrays = Arrays(
        batch,
        topology.input_shape,
        np.dtype(np.uint8 if uint8 else np.float32),
        objective.target(output) if training and not outputs else None,
        None if training and not outputs else output,
        training and input_gradient,
        len(optimizer.number_names) if optimizer else None,
        parameter_size,
    )
    exchanges = tuple(planner.exchanges)
    by_ranks = (exchanges, any(each.kind == SWAP for each in exchanges), running_stretches(topology))
    own: dict[str, Any] = {"alone": alone(topology) if training else 0, "draws": bool(shifts or flips or changes) or reads_key(program)}
    return Plan(program, layout, memory, threads, parameter_size, state_begin, states, arrays, stretches, *by_ranks, **own)
