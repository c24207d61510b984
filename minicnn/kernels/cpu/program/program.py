"""A program: steps over one flat memory, sorted into phases, that several threads run together.

    memory       float32, the program's own: activations, gradients, optimizer state
    parameters   float32, the network's weights
    table        int64, what the steps look up: runs, taps, ranges
    steps        int64, one row a step: the kernel's address, then its arguments (offsets, sizes, numbers as bits)
    frame        int64, what differs from task to task: see `Frame`

A *shard* is a fixed number of images that goes through a phase's steps in one go, on one thread, in that thread's *arena* (its stretch
of `memory`).  Shards that share a *slot* run one after the other and add their gradients into the slot's stretch.  Who runs what is
decided while running; what is added to what, and in which order, is not: the result has the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.cpu.program.preparation import just_in_time
from minicnn.kernels.machine_code.compile import StepKernel
from minicnn.kernels.machine_code.records import Frame, flatten

# fields of a frame that lowerings pass to steps by number
OUTPUT, LABELS, INPUT, EXTRA = (list(Frame.__annotations__).index(name) for name in ("output", "labels", "input", "extra"))

STEP_FIELDS = 64
CACHE_LINE = 16  # float32 elements
PREPARED_BYTES = 1 << 24  # what is prepared in a first phase as long as it all fits this; more phases take time, more memory less of it

# kinds of phases
SHARDS = 0  # a task is a slot: its shards run one after the other
SLICES = 1  # a task is a part of the parameters
SPLIT = 2  # a task is a part of one shard's work: for few images, or weights so many that they should be read once


@dataclass(eq=False)
class Buffer:
    """A stretch of the arena, or of what all shards share: how long it is, and from which step to which its content matters.

    Its place is chosen when the program is finished; buffers that are never needed together share memory.
    """

    size: int
    permanent: bool = False  # content outlives the run: zeros that no step writes
    first: int = -1
    last: int = -1
    offset: int = -1
    read: int = -1  # by the first step after the one that wrote it

    def used_at(self, step: int) -> None:
        """Note that a step reads or writes it."""
        if self.first < 0:
            self.first = step
        elif self.read < 0 and step > self.first:
            self.read = step
        self.last = step


class Place(NamedTuple):
    """Somewhere inside a buffer."""

    buffer: Buffer
    offset: int = 0


Argument = int | Place


@dataclass
class Program:
    """Steps, tables and phases under construction.

    step_parts : if above 0, every step is a phase of its own, split into so many parts where its kernel can do a part
    cut_parts : if above 0, `cut` ends a phase whose work is split into so many parts
    """

    step_parts: int = 0
    cut_parts: int = 0

    rows: list[list[Argument]] = field(default_factory=list)
    kernels: list[StepKernel] = field(default_factory=list)
    phases: list[tuple[int, int, int, int]] = field(default_factory=list)  # kind, first step, stop, parts
    buffers: list[Buffer] = field(default_factory=list)
    shared: list[Buffer] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    _chunks: list[np.ndarray] = field(default_factory=list)
    _length: int = 0
    _known: dict[bytes, int] = field(default_factory=dict)
    _opened: int = 0

    def buffer(self, size: int, permanent: bool = False) -> Buffer:
        """Ask for a stretch of the arena."""
        self.buffers.append(Buffer(size, permanent))
        return self.buffers[-1]

    def common(self, size: int) -> Place:
        """Ask for memory that all shards share, for what steps of the first phase prepare."""
        self.shared.append(Buffer(size))
        return Place(self.shared[-1])

    def constant(self, values: np.ndarray | Sequence[int]) -> int:
        """Put integers into the table and return where they begin; equal tables are kept once.  Begins are multiples of 8."""
        array = np.ascontiguousarray(values, dtype=np.int64).ravel()
        key = array.tobytes()
        if key not in self._known:
            self._known[key] = self._length
            padded = np.zeros(-(-max(1, len(array)) // 8) * 8, dtype=np.int64)
            padded[: len(array)] = array
            self._chunks.append(padded)
            self._length += len(padded)
        return self._known[key]

    def step(self, kernel: StepKernel, /, **fields: Any) -> None:
        """Append one step to the open phase: a value for each of the kernel's fields."""
        arguments: list[Argument] = list(flatten(kernel.fields, fields, f"step {kernel.name}"))
        for argument in arguments:
            if isinstance(argument, Place):
                argument.buffer.used_at(len(self.rows))
        self.rows.append(arguments)
        self.kernels.append(kernel)
        if self.step_parts:
            self.close_phase(SPLIT, self.step_parts if kernel.splits else 1)

    @property
    def parts(self) -> int:
        """How many parts of a step may run at once."""
        return max(1, self.step_parts, self.cut_parts)

    def cut(self, parts: int | None = None) -> None:
        """Where later steps need all parts of earlier ones; with `parts` above 1 every step since the last must know how to do a part."""
        if self.cut_parts and not self.step_parts:
            self.close_phase(SPLIT, self.cut_parts if parts is None else parts)

    def close_phase(self, kind: int, parts: int = 1) -> None:
        """End a phase: everything appended since the last one; later phases see its results.

        `parts` is the number of slices, or of parts of a shard's work.
        """
        self.phases.append((kind, self._opened, len(self.rows), parts))
        self._opened = len(self.rows)

    def finish(self, compiled: bool = True, common_begin: int = 0, in_turn: bool = False) -> FinishedProgram:
        """Place the buffers and turn everything into arrays.

        compiled : whether it is to run here; else no kernel is compiled, and the steps have no addresses
        common_begin : where in memory the buffers that all shards share begin
        in_turn : as `place_buffers` has it
        """
        self._delay_preparations()
        common_size = self._place_common(common_begin)
        arena_size = place_buffers(self.buffers, len(self.rows), in_turn)
        steps = np.zeros((len(self.rows), STEP_FIELDS), dtype=np.int64)
        for row, kernel, own in zip(steps, self.kernels, self.rows, strict=True):
            row[0] = kernel.address if compiled else 0
            row[1 : 1 + len(own)] = [each.buffer.offset + each.offset if isinstance(each, Place) else each for each in own]
        table = np.concatenate(self._chunks) if self._chunks else np.zeros(8, dtype=np.int64)
        return FinishedProgram(
            steps,
            table,
            np.array(self.phases, dtype=np.int64).reshape(-1, 4),
            arena_size,
            tuple(self.kernels),
            tuple((each.offset, each.size) for each in self.buffers if each.permanent),
            self.faults,
            common_size,
        )

    def _delay_preparations(self) -> None:
        """Prepare right before the phase that reads it what would take much memory if all of it were there from the start."""
        if sum(each.size for each in self.shared) * 4 <= PREPARED_BYTES:
            return
        needed = {each.first: each.read for each in self.shared if each.read >= self.phases[0][2]}
        order, self.phases = just_in_time(self.phases, needed)
        moved = {old: new for new, old in enumerate(order)}
        self.rows, self.kernels = [self.rows[old] for old in order], [self.kernels[old] for old in order]
        self.faults = {moved[old]: words for old, words in self.faults.items()}
        for each in (*self.buffers, *self.shared):
            each.first, each.read, each.last = (moved.get(step, step) for step in (each.first, each.read, each.last))

    def _place_common(self, begin: int) -> int:
        """Place what all shards share; as they may be at any step of a phase, its content matters for whole phases."""
        phase_of = {step: number for number, (_, first, stop, _) in enumerate(self.phases) for step in range(first, stop)}
        for each in self.shared:
            each.first, each.last = phase_of.get(each.first, -1), phase_of.get(each.last, -1)
        size = place_buffers(self.shared, len(self.phases))
        for each in self.shared:
            each.offset += begin
        return size


class FinishedProgram(NamedTuple):
    """A program as the arrays that `executor.run` takes.

    arena_size : elements of one arena
    zeros : (offset, size) of the stretches of an arena that must hold zeros when a run begins
    faults : what it means that a step fails, by its number; for want of memory where nothing is said
    common_size : elements of what all shards share
    """

    steps: np.ndarray
    table: np.ndarray
    phases: np.ndarray
    arena_size: int
    kernels: tuple[StepKernel, ...]
    zeros: tuple[tuple[int, int], ...]
    faults: dict[int, str]
    common_size: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """What its steps are called."""
        return tuple(kernel.name for kernel in self.kernels)


def place_buffers(buffers: Sequence[Buffer], steps: int, in_turn: bool = False) -> int:
    """Give every buffer an offset such that buffers needed at the same time do not overlap; return the size of it all.

    Largest first, each at the lowest free place: within a few percent of the bound for the nets of the zoo.

    in_turn : in the order in which they are needed, if that takes no more: what is written then lies more often where something was read a
        moment ago, and is in the cache; one image of ResNet-18, one thread: 15.3 and 15.1 milliseconds
    """
    for buffer in buffers:
        if buffer.permanent:
            buffer.first, buffer.last = 0, steps
    needed = [each for each in buffers if each.first >= 0]
    total = _place(sorted(needed, key=lambda each: -each.size))
    if in_turn:
        offsets = [each.offset for each in needed]
        size = _place(sorted(needed, key=lambda each: (each.first, -each.size)))
        if size <= total:
            return size
        for each, offset in zip(needed, offsets, strict=True):
            each.offset = offset
    return total


def _place(buffers: Sequence[Buffer]) -> int:
    """Each at the lowest place that is free when it comes; the size of it all."""
    placed: list[Buffer] = []
    total = 0
    for buffer in buffers:
        neighbours = sorted((each for each in placed if each.first <= buffer.last and buffer.first <= each.last), key=lambda b: b.offset)
        offset = 0
        for other in neighbours:
            if offset + padded(buffer.size) <= other.offset:
                break
            offset = max(offset, other.offset + padded(other.size))
        buffer.offset = offset
        placed.append(buffer)
        total = max(total, offset + padded(buffer.size))
    return total


def padded(size: int) -> int:
    """A size rounded up to whole cache lines, and one more, because vectors may read (never write) past an end."""
    return (-(-size // CACHE_LINE) + 1) * CACHE_LINE


def aligned_zeros(size: int) -> np.ndarray:
    """float32 zeros that begin on a cache line, so that no vector straddles two."""
    raw = np.zeros(size + 2 * CACHE_LINE, dtype=np.float32)
    begin = -(raw.ctypes.data // 4) % CACHE_LINE
    return raw[begin : begin + size + CACHE_LINE]
