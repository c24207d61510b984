"""How a plan on a device loads images, takes the loss, adds gradients, and runs a layer's loop: what its planner asks of a machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from minicnn.engine.cuda.program import ARENA, GRADIENT, PARAMETERS, DeviceProgram, OfRun
from minicnn.engine.plan import shard_size
from minicnn.engine.planner import Planner
from minicnn.errors import DeviceError
from minicnn.graph import Node, ParameterSlot
from minicnn.kernels import textbook
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Place, padded
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.batch import Run, append_load, append_store
from minicnn.kernels.cuda.derived import Binding, append_loop
from minicnn.kernels.cuda.launches import Handle, Launches, Part, as_type, blocks_for
from minicnn.kernels.cuda.loss import append_load_target, append_loss, append_shares, append_total
from minicnn.kernels.derive import Definition
from minicnn.kernels.derive import read as definition_of
from minicnn.kernels.derive.kinds import FLOAT64
from minicnn.kernels.derive.lanes.images_innermost import images_innermost
from minicnn.kernels.derive.lanes.lowering import GradientArray, Integers, ParameterArray, Table, role_of

if TYPE_CHECKING:
    from minicnn.optimizers import Optimizer

RUN = Run(*map(OfRun, Run._fields))
Bindings = dict[str, tuple[str, dict[str, Any]]]


def run_loop(program: DeviceProgram, function: Callable[..., None], bindings: Bindings | None = None, /, **arguments: Any) -> None:
    """A loop on values of the plan, sums in float32; `bindings` are settings that it reads on the device."""
    definition = definition_of(function)
    own = {name: _handle(program, definition, name, value) for name, value in arguments.items()}
    append_loop(program, function, own, single=True, bindings=bindings)


def run_own_loop(program: DeviceProgram, function: Callable[..., None], owner: str = "", /, **arguments: Any) -> None:
    """The same for a layer's loop; a user's may not go where values lead it, because nobody looks there on a device."""
    if owner:
        roles = {name: role_of(name, value) for name, value in arguments.items()}
        if places := images_innermost(definition_of(function), roles, checks=True).checked:
            raise DeviceError(
                f"{owner}: the values of an image lead to places of {function.__name__}, which no device checks: use the CPU\n  "
                + "\n  ".join(places)
            )
    run_loop(program, function, **arguments)


def _handle(program: DeviceProgram, definition: Definition, name: str, value: Any) -> Any:
    """An argument of a loop in the axes that the loop has for it."""
    axes = definition.ranks.get(name, 0)
    match value:
        case ParameterArray():
            return program.array(PARAMETERS, value.offset, value.shape)
        case GradientArray():
            return program.array(GRADIENT, value.offset, value.shape)
        case Table():
            return program.table(value.values)
        case Integers():
            return as_type(_handle(program, definition, name, value.value), "int32")
        case Activation():
            return program.images_first(value, axes) if axes else program.lanes(value)
        case None:
            return program.zeros(axes)
    return value


def key_of(plan: Planner, node: Node) -> Bindings:
    """What a layer draws from: the batch's key, stirred with the layer's number."""
    return drawn_key(plan.program, node.index)


def drawn_key(program: DeviceProgram, number: int) -> Bindings:
    """The batch's key, stirred with a number that tells one use of chance from another."""
    if number not in program.draws:
        program.draws.append(number)
    return {"key": ("draws[job[0], number]", {"draws": OfRun("draws"), "job": OfRun("job"), "number": program.draws.index(number)})}


def draw(program: DeviceProgram, chance: Activation, number: int) -> None:
    run_loop(program, textbook.chance_forward, drawn_key(program, number), chance=chance, first_image=0)


def read(program: DeviceProgram, y: Activation, x: Activation, place: Activation, sizes: tuple[int, ...]) -> None:
    names, loop = (
        ("layers", "rows", "columns")[-len(sizes) :],
        textbook.read_linear2d_forward if len(sizes) == 2 else textbook.read_linear3d_forward,
    )
    run_loop(program, loop, y=y, x=x, place=place, **dict(zip(names, sizes, strict=True)))


def partner(plan: Planner, y: Activation, x: Activation, number: int) -> None:
    """Within the same groups of images as on the CPU."""
    shard = shard_size(plan.topology, plan.program.batch)
    run_loop(plan.program, textbook.partner_forward, drawn_key(plan.program, number), y=y, x=x, shard=shard)


def load(program: DeviceProgram, x: Activation, loading: Loading) -> None:
    append_load(program, program.images_first(x), RUN, program.batch, loading)


def loss(program: DeviceProgram, dlogits: Activation, logits: Activation) -> None:
    append_loss(program, program.images_first(dlogits, 2), program.images_first(logits, 2), RUN, program.images)


def load_target(program: DeviceProgram, target: Activation, narrow: bool | None) -> None:
    own = program.images_first(target, 2)
    own = own if narrow is None else as_type(own, "int32")
    append_load_target(program, own, OfRun("targets"), RUN.order, RUN.job, program.batch)


def shares(program: DeviceProgram, share: Activation) -> None:
    append_shares(program, program.images_first(share, 1), OfRun("scales"), RUN.job)


def total(program: DeviceProgram, dy: Activation, losses: Activation, rights: Activation | None) -> None:
    right = program.zeros(1) if rights is None else program.images_first(rights, 1)
    append_total(program, program.images_first(losses, 1), right, RUN.statistics, RUN.job)


def store(program: DeviceProgram, y: Activation) -> None:
    append_store(program, OfRun("output"), program.images_first(y, 2), RUN.job, program.batch)


def store_input_gradient(program: DeviceProgram, dx: Activation) -> None:
    append_store(program, OfRun("input_gradient"), program.images_first(dx, 2), RUN.job, 0)


def add(program: DeviceProgram, total: Activation, part: Activation) -> None:
    run_loop(program, textbook.add_forward, y=total, x1=total, x2=part)


def copy(program: DeviceProgram, y: Part, x: Part) -> None:
    """y = x, both flat."""
    blocks, threads = blocks_for(y.size)
    program.launch(memory.COPY, blocks, y, x, threads=threads)


def set_aside(plan: Planner, slot: ParameterSlot, first: bool) -> Part | None:
    """The sum of the other layers' parts; None before there is one."""
    if first:
        return None
    kept = Part(ARENA, Place(plan.program.buffer(padded(slot.size))), (slot.size,), (1,))
    copy(plan.program, kept, plan.program.array(GRADIENT, slot.offset, (slot.size,)))
    return kept


def add_back(plan: Planner, slot: ParameterSlot, kept: Part | None) -> None:
    if kept is not None:
        total = plan.program.array(GRADIENT, slot.offset, (slot.size,))
        run_loop(plan.program, textbook.add_forward, y=total, x1=total, x2=kept)


def append_update(
    launches: Launches,
    optimizer: Optimizer,
    weight: Handle,
    gradient: Handle,
    states: Mapping[str, Handle],
    rates: Handle,
    job: Handle,
    column: int = 0,
) -> None:
    """One step of an optimizer: what stands before its loop in float64, the loop in float32.

    weight : (P,) float32, updated
    gradient : (P,) float32
    states : (P,) float32 each, updated; by the names that the optimizer has for what it remembers
    rates : (batches, numbers) float64: the optimizer's numbers, in its order
    job : (1,) integers: which batch of the run it is
    column : where the optimizer's numbers begin
    """
    reads = {"rates": rates, "job": job}
    bindings = {name: Binding(f"rates[job[0], {n}]", reads, FLOAT64) for n, name in enumerate(optimizer.number_names, column)}
    append_loop(launches, type(optimizer).update, {"weight": weight, "gradient": gradient, **states}, single=True, bindings=bindings)


def average_weights(average, weight, decay):  # type: ignore[no-untyped-def]
    """average = decay * average + (1 - decay) * weight"""
    for i in range(average.size):
        average[i] += (1.0 - decay) * (weight[i] - average[i])


def append_average(launches: Launches, average: Handle, weight: Handle, rates: Handle, job: Handle, column: int) -> None:
    """The moving average of all weights (P,) and running statistics follows them; its decay is number `column` of the batch."""
    bindings = {"decay": Binding(f"rates[job[0], {column}]", {"rates": rates, "job": job}, FLOAT64)}
    append_loop(launches, average_weights, {"average": average, "weight": weight}, single=True, bindings=bindings)
