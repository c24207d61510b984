"""How a plan on a device loads images, takes the loss, adds gradients, and runs a layer's loop: what its planner asks of a machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicnn.engine.cuda.program import ARENA, GRADIENT, PARAMETERS, DeviceProgram, OfRun
from minicnn.engine.planner import Planner
from minicnn.errors import DeviceError
from minicnn.graph import Node, ParameterSlot
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import Place, padded
from minicnn.kernels.cuda.batch import append_load, append_store
from minicnn.kernels.cuda.copying import append_add, append_copy
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Part, as_type
from minicnn.kernels.cuda.loss import append_loss
from minicnn.kernels.derive import Definition, read
from minicnn.kernels.derive.lanes.images_innermost import images_innermost
from minicnn.kernels.derive.lanes.lowering import GradientArray, Integers, ParameterArray, Table, role_of

Bindings = dict[str, tuple[str, dict[str, Any]]]


def run_loop(program: DeviceProgram, function: Callable[..., None], bindings: Bindings | None = None, /, **arguments: Any) -> None:
    """A loop on values of the plan, sums in float32; `bindings` are settings that it reads on the device."""
    definition = read(function)
    own = {name: _handle(program, definition, name, value) for name, value in arguments.items()}
    append_loop(program, function, own, single=True, bindings=bindings)


def run_own_loop(program: DeviceProgram, function: Callable[..., None], owner: str = "", /, **arguments: Any) -> None:
    """The same for a layer's loop; a user's may not go where values lead it, because nobody looks there on a device."""
    if owner:
        roles = {name: role_of(name, value) for name, value in arguments.items()}
        if places := images_innermost(read(function), roles, checks=True).checked:
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
    draws = plan.program.draws
    if node.index not in draws:
        draws.append(node.index)
    return {"key": ("draws[job[0], number]", {"draws": OfRun("draws"), "job": OfRun("job"), "number": draws.index(node.index)})}


def load(program: DeviceProgram, x: Activation, loading: Loading) -> None:
    append_load(
        program,
        program.images_first(x),
        OfRun("batch_labels"),
        OfRun("images"),
        OfRun("labels"),
        OfRun("order"),
        OfRun("job"),
        program.batch,
        loading,
        OfRun("keys"),
    )


def loss(program: DeviceProgram, dlogits: Activation, logits: Activation) -> None:
    append_loss(
        program,
        program.images_first(dlogits, 2),
        program.images_first(logits, 2),
        OfRun("batch_labels"),
        OfRun("statistics"),
        OfRun("job"),
        program.images,
    )


def store(program: DeviceProgram, y: Activation) -> None:
    append_store(program, OfRun("output"), program.images_first(y, 2), OfRun("job"), program.batch)


def store_input_gradient(program: DeviceProgram, dx: Activation) -> None:
    append_store(program, OfRun("input_gradient"), program.images_first(dx, 2), OfRun("job"), 0)


def add(program: DeviceProgram, total: Activation, part: Activation) -> None:
    append_add(program, program.lanes(total), program.lanes(part))


def set_aside(plan: Planner, slot: ParameterSlot, first: bool) -> Part | None:
    """The sum of the other layers' parts; None before there is one."""
    if first:
        return None
    kept = Part(ARENA, Place(plan.program.buffer(padded(slot.size))), (slot.size,), (1,))
    append_copy(plan.program, kept, plan.program.array(GRADIENT, slot.offset, (slot.size,)))
    return kept


def add_back(plan: Planner, slot: ParameterSlot, kept: Part | None) -> None:
    if kept is not None:
        append_add(plan.program, plan.program.array(GRADIENT, slot.offset, (slot.size,)), kept)
