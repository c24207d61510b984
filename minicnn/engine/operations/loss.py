"""A loss as steps of a plan: its loops with the images innermost, between the targets that are loaded and the batch's statistics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.engine.operations.derived import trial
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.derive.lanes.lowering import Bound, Integers, Table
from minicnn.losses.arrays import arguments_of, in_axes, is_own, loop_of
from minicnn.losses.base import CLASS, MASK, Loss

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner

NARROW = {CLASS: False, MASK: True}  # whether whole numbers come as int32


def append_loss_of(plan: Planner, dy: Activation, y: Activation) -> None:
    """The loss of the plan's objective over outputs y, and its gradient dy."""
    loss, kind, _ = objective = plan.objective
    (output,) = plan.topology.output_shapes
    if loss is None:
        plan.machine.load_target(plan.program, dy, None)
        return
    if loss.is_plain(kind, output):
        plan.machine.loss(plan.program, dy, y)
        return
    loops, settings = loss.loops(kind), loss.loop_settings(output, plan.topology.input_shape)
    own = objective.target(output)
    target = plan.new(own.shape or (1,))
    plan.machine.load_target(plan.program, target, NARROW.get(kind))
    if plan.changing is not None:
        target = plan.changing.moved_target(target, own.shape, kind, own.ignored)
    losses, share = plan.new((1,)), plan.new((1,))
    rights = None if loops.right is None else plan.new((1,))
    known: dict[str, Any] = {
        **{name: Table(np.asarray(value)) if isinstance(value, np.ndarray | tuple | list) else value for name, value in settings.items()},
        "y": y,
        "target": Integers(target) if kind in NARROW else target,
    }
    _append(plan, loss, loop_of(loss, loops.forward), {**known, "loss_per_image": losses})
    if rights is not None:
        _append(plan, loss, loop_of(loss, loops.right), {**known, "right_per_image": rights})
    plan.machine.shares(plan.program, share)
    _append(plan, loss, loop_of(loss, loops.backward), {**known, "dy": dy, "dloss_per_image": share})
    plan.machine.total(plan.program, dy, losses, rights)


def _append(plan: Planner, loss: Loss, loop: Callable[..., None], known: dict[str, Bound]) -> None:
    arguments = arguments_of(loss, loop, known)
    for name, value in arguments.items():
        if isinstance(value, Activation | Integers):
            shape = (value if isinstance(value, Activation) else value.value).map
            in_axes(loss, loop, name, (shape.shard, shape.channels, *shape.sizes))
    if is_own(loop):
        trial(loop, arguments, partial(in_axes, loss, loop), loss.kind())
    plan.machine.loop(plan.program, loop, loss.kind() if is_own(loop) else "", **arguments)
