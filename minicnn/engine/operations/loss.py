"""A loss as steps of a plan: its loops with the images innermost, between the targets that are loaded and the batch's statistics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.engine.operations.derived import trial
from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.derive.lanes.lowering import Bound, Integers, Table
from minicnn.layers import Shape
from minicnn.losses.arrays import arguments_of, in_axes, is_own, loop_of
from minicnn.losses.base import BOXES, CLASS, MASK, Loops, Loss

if TYPE_CHECKING:
    from minicnn.engine.planner import Planner

NARROW = {CLASS: False, MASK: True}  # whether whole numbers come as int32


def append_loss_of(plan: Planner, dy: Activation, y: Activation) -> None:
    """The loss of the plan's objective over outputs y, and its gradient dy.

    Where images were mixed with each other, the loss is as well: by an image's own target and by its partner's.  What is right is counted
    by its own, of which it has the larger share.
    """
    loss, kind, _ = objective = plan.objective
    (output,) = plan.topology.output_shapes
    share = None if plan.changing is None else plan.changing.share
    if loss is None:
        plan.machine.load_target(plan.program, dy, None)
        return
    if loss.is_plain(kind, output) and share is None:
        plan.machine.loss(plan.program, dy, y)
        return
    loops, settings = loss.loops(kind), loss.loop_settings(output, plan.topology.input_shape)
    own = objective.target(output)
    target = plan.new(own.shape or (1,))
    plan.machine.load_target(plan.program, target, NARROW.get(kind))
    if plan.changing is not None and not (kind == MASK and len(output) == 1):  # several answers of an image are no pixels
        target = plan.changing.moved_target(target, own.shape, kind, own.ignored)
    known: dict[str, Any] = {
        **{name: Table(np.asarray(value)) if isinstance(value, np.ndarray | tuple | list) else value for name, value in settings.items()},
        "y": y,
        "target": Integers(target) if kind in NARROW else target,
    }
    partners = None if share is None else known | {"target": _partner(plan, target, own.shape or (1,), kind)}
    losses = _losses(plan, loss, loops, known)
    rights = None
    if loops.right is not None:
        rights = plan.new((1,))
        _append(plan, loss, loop_of(loss, loops.right), {**known, "right_per_image": rights})
    whole = plan.new((1,))
    plan.machine.shares(plan.program, whole)
    if partners is None:
        _append(plan, loss, loop_of(loss, loops.backward), {**known, "dy": dy, "dloss_per_image": whole})
    else:
        mixed, parts, dy_partner = plan.new((1,)), (plan.new((1,)), plan.new((1,))), plan.new(output)
        both = {"x": losses, "partner": _losses(plan, loss, loops, partners)}
        plan.machine.loop(plan.program, textbook.mix_forward, "", y=mixed, **both, numbers=share)
        plan.machine.loop(plan.program, textbook.mix_backward, "", own=parts[0], other=parts[1], whole=whole, numbers=share)
        for names, gradient, part in zip((known, partners), (dy, dy_partner), parts, strict=True):
            _append(plan, loss, loop_of(loss, loops.backward), {**names, "dy": gradient, "dloss_per_image": part})
        plan.machine.add(plan.program, dy, dy_partner)
        losses = mixed
    plan.machine.total(plan.program, dy, losses, rights)


def _losses(plan: Planner, loss: Loss, loops: Loops, known: dict[str, Any]) -> Activation:
    """The loss of every image."""
    losses = plan.new((1,))
    _append(plan, loss, loop_of(loss, loops.forward), {**known, "loss_per_image": losses})
    return losses


def _partner(plan: Planner, target: Activation, shape: Shape, kind: str) -> Activation | Integers:
    """The target of every image's partner."""
    if plan.changing is None or kind == BOXES:
        raise SettingError("augment: images with boxes are not mixed: nothing says which boxes a mixture of two has")
    other = plan.changing.partner(target, shape)
    return Integers(other) if kind in NARROW else other


def _append(plan: Planner, loss: Loss, loop: Callable[..., None], known: dict[str, Bound]) -> None:
    arguments = arguments_of(loss, loop, known)
    for name, value in arguments.items():
        if isinstance(value, Activation | Integers):
            shape = (value if isinstance(value, Activation) else value.value).map
            in_axes(loss, loop, name, (shape.shard, shape.channels, *shape.sizes))
    if is_own(loop):
        trial(loop, arguments, partial(in_axes, loss, loop), loss.kind())
    plan.machine.loop(plan.program, loop, loss.kind() if is_own(loop) else "", **arguments)
