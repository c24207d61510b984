"""The end of a training plan: the gradient becomes one step of the optimizer, with what the update has around it."""

from __future__ import annotations

from collections.abc import Callable

from minicnn.engine.planner import Planner
from minicnn.graph import ParameterSlot, Topology
from minicnn.kernels.cpu.pointwise.update import average_weights_step, bring_gradient_step, gather_gradient_step
from minicnn.kernels.cpu.program.program import SLICES
from minicnn.kernels.derive.lanes.update import update_step
from minicnn.optimizers.update import AVERAGE, GRADIENT, Update

MOST_SLICES = 16
SLICE_FLOATS = 8192  # parameters that make a slice worth a task


def append_update(planner: Planner, update: Update, parameter_size: int, slot_size: int, state_begin: int) -> None:
    """One phase over slices of the parameters; one more before it where all of the gradient has to be known first."""
    program, topology, optimizer = planner.program, planner.topology, update.optimizer
    slices = max(1, min(MOST_SLICES, parameter_size // SLICE_FLOATS))
    places = {name: state_begin + n * slot_size for n, name in enumerate(update.state_names)}
    every, last = _as_fields(planner, trainable_stretches(topology)), update.column("last")
    total = places.get(GRADIENT, -1)
    gathered = total >= 0 or update.clip_norm is not None
    if gathered:
        norms = planner.common_once(2 * slices)
        around = {"parameter_count": parameter_size, **every, "sum": total, "norms": norms}
        program.step(gather_gradient_step, slot_size=slot_size, first=update.column("first"), **around)
        program.close_phase(SLICES, slices)
        program.step(bring_gradient_step, last=last, clip=update.column("clip_norm"), **around)
    for stretches, column in decaying_stretches(topology, update):
        program.step(
            update_step(type(optimizer).update, optimizer.state_names, optimizer.number_names),
            parameter_count=parameter_size,
            slot_size=slot_size,
            states=state_begin,
            rates=column,
            gathered=gathered,
            last=last,
            **_as_fields(planner, stretches),
        )
    if update.ema is not None:
        program.step(average_weights_step, parameter_count=parameter_size, average=places[AVERAGE], last=last, ema=update.column("ema"))
    program.close_phase(SLICES, slices)


def _as_fields(planner: Planner, stretches: list[tuple[int, int]]) -> dict[str, int]:
    table = planner.program.constant([n for stretch in stretches for n in stretch])
    return {"stretches": table, "stretch_count": len(stretches)}


def decaying_stretches(topology: Topology, update: Update) -> list[tuple[list[tuple[int, int]], int]]:
    """Stretches of parameters with where the optimizer's numbers for them begin: those that decay, and those that are spared."""
    if not update.optimizer.spares_biases:
        return [(trainable_stretches(topology), 0)]
    found = [
        (trainable_stretches(topology, decays), 0),
        (trainable_stretches(topology, lambda slot: not decays(slot)), len(update.optimizer.number_names)),
    ]
    return [each for each in found if each[0]]


def decays(slot: ParameterSlot) -> bool:
    """Whether weight decay reaches a parameter where it is for weights only: neither a bias nor a number for each channel."""
    return len(slot.shape) > 1 and slot.name.rpartition(".")[2] != "bias"


def trainable_stretches(topology: Topology, wanted: Callable[[ParameterSlot], bool] = lambda _: True) -> list[tuple[int, int]]:
    """Ranges (begin, end) of the parameters that an optimizer may change: all but running statistics and constants."""
    stretches: list[tuple[int, int]] = []
    ends = [slot.offset for slot in topology.slots[1:]] + [topology.memory_size]
    for slot, end in zip(topology.slots, ends, strict=True):
        if not slot.learns or not wanted(slot):
            continue
        if stretches and stretches[-1][1] == slot.offset:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((slot.offset, end))
    return stretches


def running_stretches(topology: Topology) -> tuple[tuple[int, int], ...]:
    """Ranges (begin, end) of what no gradient changes, and batches may: running statistics."""
    return tuple((slot.offset, slot.offset + slot.size) for slot in topology.slots if not slot.trainable)
