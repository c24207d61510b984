"""One operation on a user's arrays: fetched into lanes, computed, written back, on all cores.

The program of a call depends on sizes and settings alone, so it is kept and found again.  Many images are cut into shards that go
through the whole call one thread each; for few, each stage is a phase of its own whose work is split.  Little work is done by the
calling thread alone, for waking another takes longer: a program's result has the same bits on any number of threads.
"""

from __future__ import annotations

import ctypes
import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.plane_transfer import load_planes_step, store_planes_step
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pointwise.lowering import append_in_one_piece, append_load_plain, append_store
from minicnn.kernels.cpu.program.activation import Activation, Outside, new_activation
from minicnn.kernels.cpu.program.crew import run
from minicnn.kernels.cpu.program.executor import JOB_FIELDS, JOB_IMAGES, JOB_ORDER, Layout
from minicnn.kernels.cpu.program.feature_map import FeatureMap
from minicnn.kernels.cpu.program.operands import Parameter
from minicnn.kernels.cpu.program.program import EXTRA, LABELS, SHARDS, SLICES, FinishedProgram, Program, aligned_zeros, padded
from minicnn.kernels.memory import check_room
from minicnn.locks import new_lock, refuse_holder
from minicnn.processors import threads as usual_threads

SHARD = 32  # images of a shard where there are many
SMALL_SHARD = 16  # images of a shard where there are few
WHOLE_SHARD = 256  # images of a shard where weights outweigh images
PARTS = 8  # parts of a stage's work
# how a call cuts its images
MANY = "many"  # into shards of full vectors
NARROW = "narrow"  # a shard of a few images is no wider than they are: every step knows how to leave lanes alone
SINGLE = "single"  # one image a shard, narrow
WHOLE = "whole"  # all images together, because the weights are many and should be read once
BIAS = Parameter(0, in_memory=True)  # where the bias of a call lies
SLOTS = 4  # stretches for gradients that shards share
KEPT_PROGRAMS = 256
KEPT_BYTES = 1 << 28  # memory kept from one call to the next, and tables of programs
ELEMENT_WORK = 16  # multiply-adds in the time of an element read or written: 0.16 ns
ALONE = 6_000_000  # multiply-adds that one thread does in 75 us: with a second, 45 us to wake and await it, and half of the work


@dataclass
class Stage:
    """A call under construction: what `build` appends to.

    split : whether stages are phases of their own
    common_begin : where memory that all shards share begins
    multiply_adds : of one image, where they take longer than reading and writing the arrays; set by `build`
    """

    shard: int
    split: bool
    common_begin: int = 0
    program: Program = field(default_factory=Program)
    common_size: int = 0
    multiply_adds: int = 0

    def load(self, number: int, shape: Sequence[int], halo: Sequence[tuple[int, int]] = ()) -> Activation:
        """Array `number` of the call in lanes; `shape` is that of one image."""
        value = self.new(shape, halo)
        if self._turns(value):
            append_in_one_piece(self.program, load_planes_step, value, EXTRA + number)
        else:
            append_load_plain(self.program, value, EXTRA + number)
        return value

    def new(self, shape: Sequence[int], halo: Sequence[tuple[int, int]] = ()) -> Activation:
        """Memory for a value of this shape."""
        return new_activation(self.program, tuple(shape), self.shard, tuple(b for b, _ in halo), tuple(a for _, a in halo))

    def outside(self, number: int, shape: Sequence[int]) -> Outside:
        """Array `number` of the call where it lies, for a shard of one image."""
        return Outside(EXTRA + number, FeatureMap(shape[0], tuple(shape[1:]), self.shard))

    def common(self, size: int) -> int:
        """Room in memory that all shards share."""
        place = self.common_begin + self.common_size
        self.common_size += padded(size)
        return place

    def store(self, number: int, value: Activation) -> None:
        """Write a value to array `number`."""
        if self._turns(value):
            append_in_one_piece(self.program, store_planes_step, value, EXTRA + number)
        else:
            append_store(self.program, value, EXTRA + number)

    @contextmanager
    def once(self, parts: int) -> Iterator[None]:
        """What is appended inside is done once for all shards, in so many parts."""
        self.program.step_parts, own = 0, self.program.step_parts
        yield
        self.program.close_phase(SLICES, parts)
        self.program.step_parts = own

    def _turns(self, value: Activation) -> bool:
        """Whether the way between images and lanes is that of a matrix that is transposed, squares at a time."""
        return self.shard % LANES == 0 and not any(map(any, value.map.halo))

    def cut(self, parts: int = PARTS) -> None:
        """End of a stage; with `parts` above 1 every step of it must know how to do a part."""
        self.program.cut(parts)


class Kept(NamedTuple):
    """A program with what its stage knows: elements of memory that shards share, multiply-adds of an image."""

    program: FinishedProgram
    common_size: int
    multiply_adds: int


_programs: OrderedDict[Hashable, Kept] = OrderedDict()
_scratch: np.ndarray | None = None
_lock = new_lock()
NO_LABELS = (0,) * (EXTRA - LABELS)  # addresses of a data set, which a call has not


def call(
    key: Hashable,
    build: Callable[[Stage], None],
    images: int,
    arrays: Sequence[np.ndarray],
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    gradient: np.ndarray | None = None,
    shards: str = MANY,
) -> None:
    """Run one operation.

    Parameters
    ----------
    key : hashable
        Names the operation with all sizes and settings.
    build : function of a Stage
        Appends the steps; `stage.cut()` after each of loading, computing, storing.
    images : int
        How many.
    arrays : float32, C-contiguous, one row an image
        Read by `stage.load(n, ...)` and written by `stage.store(n, ...)`.
    weight : float32, C-contiguous
        The parameters; offset 0.
    bias : float32
        Copied to the beginning of memory.
    gradient : float32, C-contiguous, written
        Receives what the steps leave in the slot, from its beginning.
    shards : MANY, NARROW, SINGLE or WHOLE

    Raises
    ------
    ShapeError
        If there is not enough memory.
    """
    global _scratch
    if not images:
        if gradient is not None:
            gradient[...] = 0
        return
    split, shard, narrow = images <= SMALL_SHARD, SMALL_SHARD if images <= 4 * SHARD else SHARD, False
    if shards == WHOLE:
        split, shard = True, min(WHOLE_SHARD, -(-images // SMALL_SHARD) * SMALL_SHARD)
    elif shards == SINGLE:  # as many at a time as there are threads, unless there are more threads than images
        # what is added into a slot, and in which order, must not depend on the threads
        split, shard, narrow = images < (usual_threads() if gradient is None else 2), 1, True
    elif shards == NARROW:
        shard, narrow = min(shard, images), True
    bias_room = padded(bias.size) if bias is not None else 0
    refuse_holder(_lock)
    with _lock:
        program, common_size, multiply_adds = _find(key, build, shard, split, narrow, bias_room)
        shard_count = -(-images // shard)
        # parts of several shards run at once, so none may add into the slot of another
        slots = min(shard_count, SLOTS) if gradient is not None and not split else shard_count
        slot_size = padded(gradient.size) if gradient is not None else 0
        elements = sum([array.size for array in (*arrays, weight, gradient) if array is not None])
        threads = 1 if ELEMENT_WORK * elements + multiply_adds * images <= ALONE else usual_threads()
        arenas = shard_count if split else threads
        slot_begin = bias_room + common_size
        begin = slot_begin + slots * slot_size
        needed = begin + arenas * program.arena_size
        memory = _scratch if _scratch is not None and len(_scratch) >= needed else _zeros(needed)
        if memory.nbytes <= KEPT_BYTES:
            _scratch = memory
        if bias is not None:
            memory[: bias.size] = bias.ravel()
        for number in range(arenas):
            for offset, size in program.zeros:
                memory[begin + number * program.arena_size + offset :][:size] = 0
        if gradient is not None:
            memory[slot_begin:begin] = 0  # taps that no output reads are written by nobody
        jobs, numbers = _one_batch(images)
        addresses = np.array([*NO_LABELS, *map(address, arrays)], np.int64)
        layout = Layout(shard, slots, begin, program.arena_size, slot_begin, slot_size, int(split))
        # compiled code tells read-only arrays apart and would be compiled anew for them
        parameters = memory[:1] if weight is None else (weight if weight.flags.writeable else weight.copy()).reshape(-1)
        run(threads, program, memory, parameters, jobs, addresses, layout)
        del numbers  # the job pointed to them
        if gradient is not None:
            rows = memory[slot_begin:begin].reshape(slots, slot_size)[:, : gradient.size]
            flat = gradient.reshape(-1)
            flat[...] = rows[0]
            for row in rows[1:]:
                flat += row


@functools.lru_cache(maxsize=8)
def _one_batch(images: int) -> tuple[np.ndarray, np.ndarray]:
    """The job of a call, and the images' numbers that it points to."""
    order = np.arange(images)
    jobs = np.zeros((1, JOB_FIELDS), np.int64)
    jobs[0, JOB_IMAGES], jobs[0, JOB_ORDER] = images, order.ctypes.data
    return jobs, order


def address(array: np.ndarray) -> int:
    """Where an array begins; by way of its buffer, if it can be written, in 0.3 us instead of 0.9."""
    if array.flags.writeable and array.size:
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    return array.ctypes.data


def _zeros(size: int) -> np.ndarray:
    """Memory for a call.

    Raises
    ------
    ShapeError
        If the machine does not have so much.
    """
    check_room(4 * size, "a kernel, for its work,", "use fewer images at a time")
    return aligned_zeros(size)


def _table_bytes() -> int:
    return sum(kept.program.table.nbytes for kept in _programs.values())


def _find(key: Hashable, build: Callable[[Stage], None], shard: int, split: bool, narrow: bool, common_begin: int) -> Kept:
    """The program of a call, built if it is not among those kept."""
    full_key = (key, shard, split, narrow, common_begin)
    found = _programs.get(full_key)
    if found is not None:
        _programs.move_to_end(full_key)
        return found
    stage = Stage(shard, split, common_begin, Program(PARTS if narrow and split else 0, PARTS if split else 0))
    build(stage)
    if not split:
        stage.program.close_phase(SHARDS)
    _programs[full_key] = built = Kept(stage.program.finish(), stage.common_size, stage.multiply_adds)
    while len(_programs) > KEPT_PROGRAMS or (len(_programs) > 1 and _table_bytes() > KEPT_BYTES):
        _programs.popitem(last=False)
    return built
