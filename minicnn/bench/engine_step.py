"""One layer as the engine computes it inside a network: its steps alone, in the engine's own layout.

A function such as `kernels.conv2d` carries arrays into lanes and back; a network does so once for all its layers.  Here the engine plans
a network of one layer, and the steps that fetch images and write results are taken out of the plan.  What is left is run as always, by
the same threads over the same shards, on numbers that lie where the step before would have left them.

    forward            a plan for inference, without loading and storing
    weight gradient    what a plan for training does after the loss
    input gradient     what it does more when the input's gradient is wanted too
    batch norm         what a plan for training does before and after the loss
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from minicnn.engine.plan import Plan, build_plan
from minicnn.errors import SettingError
from minicnn.graph import Topology
from minicnn.kernels.cpu.program.program import FinishedProgram
from minicnn.layers import Flatten, Layer, Sequential
from minicnn.layers.batch_norm import BatchNorm

TRANSFERS = ("load_", "store_")  # how the steps between the user's arrays and lanes are called
LOSS = "softmax_cross_entropy"
CALL_OPERATIONS = 2e9  # work of one call: several batches run in it, so that starting the threads does not count
MOST_BATCHES = 64


class EngineStep:
    """The steps of one pass of one layer; called, it runs some batches.

    x : (N, C, *space) float32
        Images for one run of the whole plan, after which memory holds what it holds in a network.
    weight : float32, or None for a layer without
    part : "forward", "input" or "weight"
    batches : how many run in a call

    After it is made, `output` holds what the forward pass put out for `x`, to be compared.
    """

    def __init__(self, layer: Layer, x: np.ndarray, weight: np.ndarray | None, threads: int, part: str, batches: int) -> None:
        self.output: np.ndarray | None = None
        self._batch, self._images = len(x), x
        inference = part == "forward" and not isinstance(layer, BatchNorm)
        topology = Topology.build(layer if inference else Sequential(layer, Flatten()), x.shape[1:])
        plan, chosen = _steps_of(topology, len(x), threads, part)
        self._parameters = np.ones(topology.memory_size + 16, np.float32)
        if weight is not None:
            self._parameters[: weight.size] = weight.ravel()
        plan.memory += 0  # written once, for memory that never was is one and the same page of zeros, read from cache
        self._run_whole(plan, topology.output_shapes[0], inference)
        needed = plan.arrays._replace(classes=0, output=None, input_gradient=False)  # the steps that would use them are gone
        self._plan = replace(plan, program=_only(plan.program, chosen), arrays=needed)
        self._order = np.zeros(self._batch * batches, np.int64)

    def __call__(self) -> None:
        self._plan.run(self._parameters, self._images, self._order, self._batch)

    def _run_whole(self, plan: Plan, output_shape: tuple[int, ...], inference: bool) -> None:
        order = np.arange(self._batch)
        if inference:
            self.output = np.empty((self._batch, *output_shape), np.float32)
            plan.run(self._parameters, self._images, order, self._batch, output=self.output)
        else:
            plan.run(
                self._parameters,
                self._images,
                order,
                self._batch,
                labels=np.zeros(self._batch, np.int64),
                keys=np.zeros(1, np.int64),
                input_gradient=np.empty_like(self._images),
            )


def _steps_of(topology: Topology, batch: int, threads: int, part: str) -> tuple[Plan, list[int]]:
    """A plan, and the numbers of the steps that belong to the pass."""

    def build(training: bool, input_gradient: bool) -> Plan:
        return build_plan(topology, topology.memory_size, batch, threads, training=training, input_gradient=input_gradient)

    if isinstance(topology.nodes[0].layer, BatchNorm):  # another computation in training, with one pass for all its gradients
        plan = build(training=True, input_gradient=False)
        names = plan.program.names
        return plan, _after_loss(names) if part == "input" else _work(names[: _loss(names)])
    if part == "forward":
        plan = build(training=False, input_gradient=False)
        chosen = _work(plan.program.names)
    else:
        plan = build(training=True, input_gradient=part == "input")
        chosen = _after_loss(plan.program.names)
    if part == "input":
        names = plan.program.names
        without = build(training=True, input_gradient=False).program.names
        weight_steps = [without[number] for number in _after_loss(without)]
        if [names[number] for number in chosen[: len(weight_steps)]] != weight_steps:
            raise SettingError("bench: the engine's plan mixes input and weight gradient, so that they cannot be timed apart")
        chosen = chosen[len(weight_steps) :]
    if not chosen:
        raise SettingError(f"bench: the engine has no steps for the pass {part!r} of this layer")
    return plan, chosen


def _work(names: tuple[str, ...], first: int = 0) -> list[int]:
    """Steps from `first` on that compute."""
    return [number for number in range(first, len(names)) if not names[number].startswith(TRANSFERS)]


def _after_loss(names: tuple[str, ...]) -> list[int]:
    return _work(names, 1 + _loss(names))


def _loss(names: tuple[str, ...]) -> int:
    return next(number for number, name in enumerate(names) if name.startswith(LOSS))


def _only(program: FinishedProgram, chosen: list[int]) -> FinishedProgram:
    """The program with no other steps than these; phases that have none left are gone."""
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
        names=tuple(program.names[number] for number in rows),
    )


def batches_in_a_call(operations_of_a_batch: int) -> int:
    """So many that a call takes a few milliseconds."""
    return int(min(MOST_BATCHES, max(1, CALL_OPERATIONS / max(operations_of_a_batch, 1))))


def operations(layer: Layer, input_shape: tuple[int, ...], batch: int) -> int:
    """Floating-point operations of one pass: 2 for each multiplication of a weight; for others 16 for each tap of each output."""
    outputs = layer.output_shapes(layer.where(), (input_shape,))
    macs = layer.cost((input_shape,), outputs).macs
    if macs is None:
        macs = 8 * prod(outputs[0]) * prod(axis.taps for axis in layer.axes((input_shape,)) or ())
    return 2 * macs * batch
