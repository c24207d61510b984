"""Our side of one layer on a CUDA device, in the two ways a user meets it, as `own_layers.py` has it for the processor.

minicnn         `kernels.conv2d(x, weight, ...)` on arrays of the device, (image, channel, row, column) in and out
minicnn step    the launches of the engine's plan for this layer as one graph, images innermost, without the way there and back
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minicnn import engine
from minicnn.bench.engine_step import is_inference, run_whole, steps_of, topology_of
from minicnn.bench.layer_set import Trial
from minicnn.bench.means import STEP
from minicnn.bench.on_device import queued, times_in_a_call
from minicnn.bench.own_layers import function_call
from minicnn.bench.protocol import Contestant
from minicnn.bench.records import OURS
from minicnn.engine.cuda.plan import DevicePlan, build_plan
from minicnn.kernels.cuda.memory import to_device
from minicnn.kernels.cuda.runtime import on


class DeviceStep:
    """The launches of one pass of one layer, planned at the first call, which returns the output of the whole plan."""

    def __init__(self, trial: Trial, part: str, device: str) -> None:
        self._trial, self._part, self._device = trial, part, device
        self._launch: Callable[[], None] | None = None

    def __call__(self) -> Any:
        if self._launch is None:
            return self._planned()
        return self._launch()

    def _planned(self) -> np.ndarray | None:
        (case, x, weight, _), part = self._trial, self._part
        topology = topology_of(case.layer, x.shape[1:], part)
        device = engine.found_device(self._device)

        def build(training: bool, input_gradient: bool) -> DevicePlan:
            return build_plan(device, topology, len(x), training=training, input_gradient=input_gradient)

        plan, chosen = steps_of(topology, part, build, lambda plan: plan.names)
        parameters = np.ones(topology.memory_size, np.float32)
        if weight is not None:
            parameters[: weight.size] = weight.ravel()
        output = run_whole(plan, parameters, x, topology.output_shapes[0], is_inference(case.layer, part))
        self._launch = plan.part(chosen)
        return output


def contestants(trial: Trial, part: str, device: str) -> list[Contestant]:
    """The function, if there is one, and the step; their calls queue the work, and wait for nothing."""
    with on(engine.found_device(device).number):
        weight = None if trial.weight is None else to_device(trial.weight)
        there = Trial(trial.case, to_device(trial.x), weight, to_device(trial.dy))
        call = function_call(there, part, to_device)
    return [*([] if call is None else [Contestant(OURS, call)]), Contestant(STEP, DeviceStep(trial, part, device))]


def queued_alike(everyone: Sequence[Contestant], device: str, flops: int | None, moved_bytes: int | None) -> list[Contestant]:
    """Contestants whose calls queue the same number of pieces and wait once."""
    number, times = engine.found_device(device).number, times_in_a_call(flops, moved_bytes)
    return [queued(number, each, times) for each in everyone]
