"""One layer as the engine computes it inside a network: its steps alone, in the engine's own layout.

A function such as `kernels.conv2d` moves arrays into lanes and back; a network does so once for all its layers.  Here the engine plans
a network of one layer, and the steps that fetch images and write results are taken out of the plan.  The rest is run as usual, by
the same threads over the same shards, on numbers that lie where the previous step would have left them.

    forward            a plan for inference, without loading and storing
    weight gradient    what a plan for training does after the loss
    input gradient     what it does more when the input's gradient is wanted too
    batch norm         what a plan for training does before and after the loss
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from minicnn.engine.plan import Plan, build_plan
from minicnn.errors import SettingError
from minicnn.graph import Topology
from minicnn.kernels.cpu.program.program import FinishedProgram
from minicnn.layers import Flatten, Layer, Sequential
from minicnn.layers.batch_norm import BatchNorm

if TYPE_CHECKING:
    from minicnn.engine import AnyPlan

SomePlan = TypeVar("SomePlan")

TRANSFERS = ("load_", "store", "advance")  # names of the steps between the user's arrays and lanes, and to the next batch
LOSS = "softmax_cross_entropy"
CALL_OPERATIONS = 2e9  # work of one call: it runs several batches, so that starting the threads does not count
MOST_BATCHES = 64


class EngineStep:
    """The steps of one pass of one layer; called, it runs some batches.

    x : (N, C, *space) float32
        Images for one run of the whole plan, after which memory holds what it holds in a network.
    weight : float32, or None for a layer without
    part : "forward", "input" or "weight"
    batches : how many run in a call

    After construction, `output` holds the output of the forward pass for `x`, to be compared.
    """

    def __init__(self, layer: Layer, x: np.ndarray, weight: np.ndarray | None, threads: int, part: str, batches: int) -> None:
        self.output: np.ndarray | None = None
        self._batch, self._images = len(x), x
        inference = is_inference(layer, part)
        topology = topology_of(layer, x.shape[1:], part)

        def build(training: bool, input_gradient: bool) -> Plan:
            return build_plan(topology, topology.memory_size, len(x), threads, training=training, input_gradient=input_gradient)

        plan, chosen = steps_of(topology, part, build, lambda plan: plan.program.names)
        self._parameters = np.ones(topology.memory_size + 16, np.float32)
        if weight is not None:
            self._parameters[: weight.size] = weight.ravel()
        plan.memory += 0  # written once: untouched memory would all be one page of zeros, read from cache
        self.output = run_whole(plan, self._parameters, x, topology.output_shapes[0], inference)
        needed = plan.arrays._replace(target=None, output=None, input_gradient=False)  # the steps that would use them are gone
        self._plan = replace(plan, program=_only(plan.program, chosen), arrays=needed)
        self._order = np.zeros(self._batch * batches, np.int64)

    def __call__(self) -> None:
        self._plan.run(self._parameters, self._images, self._order, self._batch)


def is_inference(layer: Layer, part: str) -> bool:
    """Whether a plan for inference has the steps of a pass: batch norm is computed differently in training."""
    return part == "forward" and not isinstance(layer, BatchNorm)


def topology_of(layer: Layer, shape: tuple[int, ...], part: str) -> Topology:
    """A network of one layer."""
    return Topology.build(layer if is_inference(layer, part) else Sequential(layer, Flatten()), shape)


def run_whole(
    plan: AnyPlan, parameters: np.ndarray, images: np.ndarray, output_shape: tuple[int, ...], inference: bool
) -> np.ndarray | None:
    """Run the whole plan once, so that memory holds what it holds in a network; returns the output of inference."""
    batch = len(images)
    if inference:
        output = np.empty((batch, *output_shape), np.float32)
        plan.run(parameters, images, np.arange(batch), batch, output=output)
        return output
    gradient = np.empty_like(images) if plan.arrays.input_gradient else None
    labels, keys = np.zeros(batch, np.int64), np.zeros(1, np.int64)
    plan.run(parameters, images, np.arange(batch), batch, labels=labels, keys=keys, input_gradient=gradient)
    return None


def steps_of(
    topology: Topology, part: str, build: Callable[[bool, bool], SomePlan], names_of: Callable[[SomePlan], Sequence[str]]
) -> tuple[SomePlan, list[int]]:
    """A plan, and the numbers of its steps that belong to the pass; `build` takes `training` and `input_gradient`."""
    if isinstance(topology.nodes[0].layer, BatchNorm):  # one pass computes all its gradients
        plan = build(True, False)
        names = names_of(plan)
        return plan, _after_loss(names) if part == "input" else _work(names[: _loss(names)])
    if part == "forward":
        plan = build(False, False)
        chosen = _work(names_of(plan))
    else:
        plan = build(True, part == "input")
        chosen = _after_loss(names_of(plan))
    if part == "input":
        names = names_of(plan)
        without = names_of(build(True, False))
        weight_steps = [without[number] for number in _after_loss(without)]
        if [names[number] for number in chosen[: len(weight_steps)]] != weight_steps:
            raise SettingError("bench: the engine computes input and weight gradient together here, so they cannot be timed separately")
        chosen = chosen[len(weight_steps) :]
    if not chosen:
        raise SettingError(f"bench: the engine has no steps for the pass {part!r} of this layer")
    return plan, chosen


def _work(names: Sequence[str], first: int = 0) -> list[int]:
    """Steps from `first` on that compute."""
    return [number for number in range(first, len(names)) if not names[number].startswith(TRANSFERS)]


def _after_loss(names: Sequence[str]) -> list[int]:
    return _work(names, 1 + _loss(names))


def _loss(names: Sequence[str]) -> int:
    return next(number for number, name in enumerate(names) if name.startswith(LOSS))


def _only(program: FinishedProgram, chosen: list[int]) -> FinishedProgram:
    """The program with no other steps than these; empty phases are dropped."""
    rows: list[int] = []
    phases = []
    for kind, first, stop, parts in program.phases.tolist():
        own = [number for number in chosen if first <= number < stop]
        if own:
            phases.append((kind, len(rows), len(rows) + len(own), parts))
            rows += own
    return program._replace(
        steps=np.ascontiguousarray(program.steps[rows]),
        phases=np.array(phases, np.int64),
        kernels=tuple(program.kernels[number] for number in rows),
    )


def batches_in_a_call(operations_of_a_batch: int) -> int:
    """Enough batches for a call to take a few milliseconds."""
    return int(min(MOST_BATCHES, max(1, CALL_OPERATIONS / max(operations_of_a_batch, 1))))


def operations(layer: Layer, input_shape: tuple[int, ...], batch: int) -> int:
    """Floating-point operations of one pass: 2 for each multiplication of a weight; for others 16 for each tap of each output."""
    outputs = layer.output_shapes(layer.where(), (input_shape,))
    macs = layer.cost((input_shape,), outputs).macs
    if macs is None:
        macs = 8 * prod(outputs[0]) * prod(axis.taps for axis in layer.axes((input_shape,)) or ())
    return 2 * macs * batch
