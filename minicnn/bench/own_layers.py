"""Our side of one layer, in the two ways a user meets it: the function on arrays, and the engine's steps inside a network.

minicnn         `kernels.conv2d(x, weight, ...)`: NCHW arrays in and out, including the move into lanes and back
minicnn step    the steps of the engine's plan for this layer, in lanes, without that move (see `engine_step.py`)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minicnn import kernels
from minicnn.bench.engine_step import EngineStep, batches_in_a_call, operations
from minicnn.bench.layer_set import Trial
from minicnn.bench.means import STEP
from minicnn.bench.protocol import Contestant
from minicnn.bench.records import OURS

FUNCTIONS = {
    "conv": "conv2d",
    "unshared": "unshared_conv2d",
    "tiled": "tiled_conv2d",
    "max_pool": "max_pool2d",
    "avg_pool": "avg_pool2d",
    "norm": "local_response_norm",
    "batch_norm": "batch_norm_training",
}
WITH_WEIGHTS = ("conv", "unshared", "tiled")  # their gradients have a function each


def function_name(family: str, part: str) -> str:
    """The name of the public function for one pass."""
    if part == "forward":
        return FUNCTIONS[family]
    return FUNCTIONS[family] + (f"_backward_{part}" if family in WITH_WEIGHTS else "_backward")


def missing_functions(family: str, parts: Sequence[str]) -> list[str]:
    """Missing public functions for these passes."""
    return [name for name in (function_name(family, part) for part in parts) if public(name) is None]


def public(name: str) -> Any:
    """A function of minicnn.kernels; None if missing."""
    try:
        return getattr(kernels, name)
    except (AttributeError, ModuleNotFoundError):
        return None


def function_call(trial: Trial, part: str, put: Callable[[np.ndarray], Any] = np.asarray) -> Callable[[], Any] | None:
    """One call of the public function; None if there is none.

    put : where the trial's arrays are, as a function that brings others there
    """
    case, x, weight, dy = trial
    function = public(function_name(case.family, part))
    if function is None:
        return None
    settings: Any = case.layer
    if weight is not None:
        options = {"stride": settings.stride, "padding": settings.padding, "dilation": settings.dilation, "groups": settings.groups}
        if part == "forward":
            return lambda: function(x, weight, **options)
        if part == "input":
            return lambda: function(dy, weight, x.shape, **options)
        return lambda: function(dy, x, weight.shape, **options)
    if case.family == "norm":
        numbers = (settings.size, settings.k, settings.alpha, settings.beta)
        return (lambda: function(x, *numbers)) if part == "forward" else (lambda: function(dy, x, *numbers))
    if case.family == "batch_norm":
        gamma, beta = (put(np.full(x.shape[1], value, np.float32)) for value in (1, 0))
        if part == "forward":
            return lambda: function(x, gamma, beta).y
        known = kernels.batch_norm_training(x, gamma, beta)
        return lambda: function(dy, x, gamma, known.mean, known.variance)[0]
    window, options = settings.window, {"stride": settings.stride, "padding": settings.padding, "ceil_mode": settings.ceil_mode}
    if part == "forward":
        return lambda: function(x, window, **options)
    if case.family == "max_pool":
        indices = kernels.max_pool2d(x, window, return_indices=True, **options)[1]
        return lambda: function(dy, indices, x.shape)
    return lambda: function(dy, x.shape, window, **options)


class LazyStep:
    """The engine's step, planned at the first call, which returns the output of the whole plan; later calls run the step alone."""

    def __init__(self, trial: Trial, part: str, threads: int) -> None:
        self.batches = batches_in_a_call(operations(trial.case.layer, trial.case.input_shape, len(trial.x)))
        self._settings = (trial.case.layer, trial.x, trial.weight, threads, part, self.batches)
        self._step: EngineStep | None = None

    def __call__(self) -> Any:
        if self._step is None:
            self._step = EngineStep(*self._settings)
            output, self._step.output = self._step.output, None
            return output
        return self._step()


def contestants(trial: Trial, part: str, threads: int) -> list[Contestant]:
    """The function, if there is one, and the step."""
    call = function_call(trial, part)
    step = LazyStep(trial, part, threads)
    return [*([] if call is None else [Contestant(OURS, call)]), Contestant(STEP, step, step.batches)]
