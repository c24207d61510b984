"""A plan on a device: parameters, values, the optimizer's state and the data lie there, and a batch is one launch of a graph.

The network's parameters are copied to the device before a run, where they are others than it has, and back after one that changes them.
Images that a caller holds are copied once.  Batches of different sizes are programs of their own, over the same memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minicnn.engine.arrays import Arrays
from minicnn.engine.cuda.operations import MACHINE
from minicnn.engine.cuda.program import ARENA, GRADIENT, PARAMETERS, STATE, DeviceProgram, Launch, OfRun
from minicnn.engine.cuda.run_arrays import RunArrays
from minicnn.engine.cuda.steps import append_average, append_update
from minicnn.engine.objective import CROSS_ENTROPY, Objective
from minicnn.engine.planner import Planner
from minicnn.engine.update import decaying_stretches
from minicnn.errors import DeviceError
from minicnn.graph import Topology
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.kernels.cpu.program.program import padded
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.batch import append_advance
from minicnn.kernels.cuda.graph import captured
from minicnn.kernels.cuda.runtime import Device, on
from minicnn.kernels.random_bits import MASK
from minicnn.kernels.textbook.compile import uniform_bits
from minicnn.locks import new_lock
from minicnn.optimizers.update import AVERAGE, Update

if TYPE_CHECKING:
    from minicnn.optimizers import Optimizer

COPIED_BYTES = 1 << 28  # images that are copied at once, where nobody holds them
KEPT_SIZES = 8  # sizes of batches whose programs are kept


class Purpose(NamedTuple):
    """What a plan does with a batch."""

    topology: Topology
    training: bool
    loading: Loading
    optimizer: Optimizer | Update | None
    input_gradient: bool
    objective: Objective = CROSS_ENTROPY
    inference: bool = False
    outputs: bool = False


class Stretch(NamedTuple):
    """Batches that are run with one copy of images: numbers of the first and of the one after the last."""

    first: int
    stop: int
    images: np.ndarray
    labels: np.ndarray | None
    order: np.ndarray


class Program(NamedTuple):
    """A program for batches of one size, on the plan's memory."""

    own: DeviceProgram
    tables: dict[str, Any]


class Ready(NamedTuple):
    """A program with the arrays of a run, and what launches it.

    version : of the run's arrays
    """

    rows: list[Launch]
    version: int
    launch: Callable[[], None]


class DevicePlan:
    """A network's program on a device; see `minicnn.engine.plan.Plan`, whose methods it has."""

    def __init__(self, device: Device, purpose: Purpose, batch: int) -> None:
        topology, optimizer = purpose.topology, purpose.optimizer
        (output,) = topology.output_shapes
        training = purpose.training and not purpose.outputs  # gives gradients
        if optimizer and ((update := Update.of(optimizer)).accumulate > 1 or update.clip_norm is not None):
            raise DeviceError(f"{device} neither clips gradients nor accumulates them: leave out clip_norm and accumulate, or use the CPU")
        self.purpose, self.device, self.threads = purpose, device, 1
        self.arrays = Arrays(
            batch,
            topology.input_shape,
            np.dtype(np.uint8 if purpose.loading.uint8 else np.float32),
            purpose.objective.target(output) if training else None,
            None if training else output,
            training and purpose.input_gradient,
            len(optimizer.number_names) if optimizer else None,
            topology.memory_size,
        )
        self.lock = new_lock()
        self._statistics = np.zeros((0, 2))
        self._known: np.ndarray | None = None  # the parameters that the device has
        self._programs: OrderedDict[tuple[int, int], Program] = OrderedDict()
        self._ready: dict[tuple[int, int], Ready] = {}
        self._row = padded(topology.memory_size)
        self._states = len(optimizer.state_names) if optimizer else 0
        self._what = what = f"a plan for {batch} images at a time"
        with on(device.number):
            self._stream = memory.new_stream()
            self._of_run = RunArrays(what)
            sizes = {GRADIENT: self._row if training else 1, STATE: max(1, self._states * self._row)}
            self._memory = {name: memory.zeros((size,), np.float32, what) for name, size in sizes.items()}
            self._memory[PARAMETERS] = memory.empty((self._row,), np.float32, what)
            self._memory[ARENA] = memory.empty((0,), np.float32)
            self._program(batch, batch)

    @property
    def memory(self) -> Any:
        """The arena."""
        return self._memory[ARENA]

    def state(self) -> np.ndarray:
        """A copy of the optimizer's state: one row like the parameters per kind."""
        with on(self.device.number):
            rows = memory.to_host(self._memory[STATE])[: self._states * self._row]
        return rows.reshape(self._states, self._row)[:, : self.arrays.parameter_size].copy()

    def set_state(self, state: np.ndarray) -> None:
        """Continue with such a state."""
        rows = np.zeros((self._states, self._row), np.float32)
        rows[:, : self.arrays.parameter_size] = state
        if rows.size:
            with on(self.device.number):
                memory.copy_to_device(rows.ravel(), self._memory[STATE])

    def gradient(self, images: int) -> np.ndarray:
        """The parameters' gradient after a run without an update."""
        with on(self.device.number):
            return memory.to_host(self._memory[GRADIENT])[: self.arrays.parameter_size]

    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Copy images and labels that will not change before the next call: runs that are given the same arrays copy nothing."""
        with self.lock, on(self.device.number):
            self._of_run.hold(images, labels)

    def warm(self, parameters: np.ndarray) -> None:
        """Compile what a whole batch needs."""
        with self.lock, on(self.device.number):
            batch = self.arrays.batch
            self._of_run.prepare(self.arrays, 1, batch, len(self._drawing))
            self._bring(parameters)
            prepare(self._bound(batch, batch).rows)

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
    ) -> np.ndarray:
        """Run batches; arguments, result and errors as for `Plan.run`."""
        with self.lock, on(self.device.number):  # another thread that begins a run does not touch this one's result
            self._statistics = np.zeros((0, 2))
            self.arrays.check(parameters, images, order, batch_size, labels, keys, rates, output, input_gradient, scales)
            batches = -(-len(order) // batch_size)
            if scales is None and self.arrays.target is not None:
                scales = 1.0 / np.minimum(batch_size, len(order) - np.arange(batches) * batch_size)
            self._bring(parameters)
            try:
                for stretch in self._stretches(images, labels, order, batch_size):
                    part = slice(stretch.first, stretch.stop)
                    self._run(stretch, batch_size, *(None if each is None else each[part] for each in (keys, rates, scales)))
                    if output is not None:
                        first = stretch.first * batch_size
                        self._of_run.fetch("output", output[first : first + len(stretch.order)].reshape(len(stretch.order), -1))
                if input_gradient is not None:
                    self._of_run.fetch("input_gradient", input_gradient.reshape(len(input_gradient), -1))
            finally:  # after Ctrl-C as well: the parameters reflect exactly the batches that are done
                if self.purpose.optimizer is not None:
                    self._known = memory.to_host(self._memory[PARAMETERS])[: self.arrays.parameter_size]
                    parameters[: self.arrays.parameter_size] = self._known
            return self._statistics

    def done(self) -> np.ndarray:
        """The result of the latest run; if an exception ended it, of the batches it finished: (batches, 2)."""
        return self._statistics

    def _run(self, stretch: Stretch, batch_size: int, keys: np.ndarray | None, rates: np.ndarray | None, scales: np.ndarray | None) -> None:
        """Batches that need no copy in between; what they did is known even if an exception ends them."""
        batches = stretch.stop - stretch.first
        own = self._of_run
        own.prepare(self.arrays, batches, batch_size, len(self._drawing))
        own.give_images(stretch.images, stretch.labels)
        own.give("order", stretch.order)
        own.give("job", np.zeros(1, np.int64))
        if keys is not None:
            own.give("keys", keys)
        if rates is not None:
            own.give("rates", rates)
        if scales is not None:
            own.give("scales", scales)
        sizes = [min(batch_size, len(stretch.order) - n * batch_size) for n in range(batches)]
        if keys is not None:
            own.give("draws", self._draws(keys))
        try:
            for size in sizes:
                self._bound(size, batch_size).launch()
        except BaseException:
            batches = own.finished()
            raise
        finally:
            self._statistics = np.concatenate([self._statistics, own.statistics(batches)])

    def _draws(self, keys: np.ndarray) -> np.ndarray:
        """(batches, layers that draw): each batch's key stirred with each layer's number."""
        layers = self._drawing
        drawn = [[uniform_bits(key & MASK, key >> 32, layer) for layer in layers] for key in keys.tolist()]
        return np.array(drawn, np.int64).reshape(len(keys), len(layers))

    @property
    def _drawing(self) -> list[int]:
        return next(iter(self._programs.values())).own.draws

    def _stretches(self, images: np.ndarray, labels: np.ndarray | None, order: np.ndarray, batch_size: int) -> Iterator[Stretch]:
        """All batches with all images where these are held or few, else as many as are copied at once."""
        batches = -(-len(order) // batch_size)
        if self._of_run.holds(images, labels) or images.nbytes <= COPIED_BYTES:
            yield Stretch(0, batches, images, labels, order)
            return
        together = max(1, COPIED_BYTES // (batch_size * images[:1].nbytes))
        for first in range(0, batches, together):
            stop = min(first + together, batches)
            own = order[first * batch_size : stop * batch_size]
            yield Stretch(first, stop, images[own], None if labels is None else labels[own], np.arange(len(own)))

    def _bring(self, parameters: np.ndarray) -> None:
        """Copy the parameters to the device unless it has them."""
        own = parameters[: self.arrays.parameter_size]
        if self._known is None or not np.array_equal(self._known.view(np.int32), own.view(np.int32)):
            self._known, known = None, own.copy()
            memory.copy_to_device(known, self._memory[PARAMETERS])
            self._known = known

    def _program(self, images: int, batch_size: int) -> Program:
        """The program for a batch of so many images, in a run of batches of `batch_size`."""
        key = (images, batch_size)
        if key not in self._programs:
            program = DeviceProgram(images, batch_size)
            self._append(program)
            program.place()
            self._make_room(program.size)
            self._programs[key] = Program(program, {name: memory.to_device(table) for name, table in program.tables.items()})
            if len(self._programs) > KEPT_SIZES:
                forgotten, _ = self._programs.popitem(last=False)
                self._ready.pop(forgotten, None)
        self._programs.move_to_end(key)
        return self._programs[key]

    def _make_room(self, size: int) -> None:
        """An arena of at least this size: a smaller batch may need a larger one, where its sums are cut into more parts."""
        if size > self._memory[ARENA].size:
            self._ready.clear()
            self._memory[ARENA] = memory.empty((0,), np.float32)  # its memory is free before more is asked for
            self._memory[ARENA] = memory.empty((size,), np.float32, self._what)

    def _append(self, program: DeviceProgram) -> None:
        topology, training, loading, optimizer, input_gradient, objective, inference, outputs = self.purpose
        planner = Planner(topology, program.row, training, optimizer is not None, 0, program.row, program, MACHINE, objective, inference)
        planner.plan_preparations(input_gradient)
        planner.plan_forward(loading)
        if training and not outputs:
            planner.plan_backward(input_gradient)
        else:
            planner.plan_output()
        if optimizer:
            self._append_update(program, Update.of(optimizer))
        append_advance(program, OfRun("job"))

    def _append_update(self, program: DeviceProgram, update: Update) -> None:
        rates, job, optimizer = OfRun("rates"), OfRun("job"), update.optimizer

        def row(name: str, begin: int, size: tuple[int, ...]) -> Any:
            return program.array(STATE, update.state_names.index(name) * self._row + begin, size)

        for stretches, column in decaying_stretches(self.purpose.topology, update):
            for begin, stop in stretches:
                size = (stop - begin,)
                states = {name: row(name, begin, size) for name in optimizer.state_names}
                weight, gradient = (program.array(owner, begin, size) for owner in (PARAMETERS, GRADIENT))
                append_update(program, optimizer, weight, gradient, states, rates, job, column)
        if update.ema is not None:
            size = (self.purpose.topology.memory_size,)
            append_average(program, row(AVERAGE, 0, size), program.array(PARAMETERS, 0, size), rates, job, update.column("ema"))

    @property
    def names(self) -> list[str]:
        """The kernels of a whole batch, in their order."""
        batch = self.arrays.batch
        return [row.kernel.name for row in self._program(batch, batch).own.rows]

    def part(self, chosen: Sequence[int], graph: bool = True) -> Callable[[], None]:
        """Some launches of a whole batch, by their numbers among `names`, as one graph or one by one; to be measured after a run."""
        batch = self.arrays.batch
        with self.lock, on(self.device.number):
            rows = [self._bound(batch, batch).rows[number] for number in chosen]
            launch_all = launching(rows)
            return captured(launch_all, self._stream) if graph else lambda: launch_all(self._stream)

    def _bound(self, images: int, batch_size: int) -> Ready:
        """The program with today's arrays.  The first time, each kernel is launched; from then on, a graph of them."""
        key, version = (images, batch_size), self._of_run.version
        program = self._program(images, batch_size)  # each time, so that the ones in use are kept
        known = self._ready.get(key)
        if known is None or known.version != version:
            self._make_room(program.own.size)  # a larger program may have found no memory, and left none
            rows = program.own.bound({**self._memory, **self._of_run.arrays, **program.tables})
            self._ready[key] = Ready(rows, version, lambda: self._first(key, rows))
        return self._ready[key]

    def _first(self, key: tuple[int, int], rows: list[Launch]) -> None:
        prepare(rows)  # takes seconds: Ctrl-C finds the batch not begun
        launch_all = launching(rows)
        launch_all(self._stream)
        self._ready[key] = self._ready[key]._replace(launch=captured(launch_all, self._stream))


def prepare(rows: Sequence[Launch]) -> None:
    """Compile them."""
    for row in rows:
        row.kernel.prepare(*row.arguments)


def launching(rows: Sequence[Launch]) -> Callable[[Any], None]:
    """A function that launches them on a stream."""

    def launch_all(stream: Any) -> None:
        for row in rows:
            row.kernel.launch(row.grid, row.threads, stream, *row.arguments)

    return launch_all


def build_plan(
    device: Device,
    topology: Topology,
    batch: int,
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
    outputs: bool = False,
) -> DevicePlan:
    """Plan a graph on a device; arguments as for `minicnn.engine.plan.build_plan`."""
    channels = topology.input_shape[0]
    loading = Loading(uint8, tuple(scale or [1.0] * channels), tuple(shift or [0.0] * channels), shifts, flips, changes)
    return DevicePlan(device, Purpose(topology, training, loading, optimizer, input_gradient, objective, inference, outputs), batch)
