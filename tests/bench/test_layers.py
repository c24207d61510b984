"""Every way a layer is timed computes the layer: the function, the engine's plan, and every formulation in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.bench import own_layers
from minicnn.bench.engine_step import EngineStep
from minicnn.bench.equality import relative_error
from minicnn.bench.kernels import arrays
from minicnn.bench.layer_set import LayerCase, conv
from minicnn.bench.peers import torch_layers
from minicnn.bench.peers.place import Place
from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.layers import AvgPool2D, BatchNorm2D, Conv2D, LocalResponseNorm, MaxPool2D

ROUNDING = 5e-6  # sums of at most a few hundred terms

CASES = {
    "plain": conv("plain", (3, 7, 6), 4, 3),
    "stride leaves a rest": conv("strided", (3, 8, 6), 4, 3, stride=2, padding=1),
    "depthwise": conv("depthwise", (4, 6, 6), 4, 3, padding=1, groups=4),
    "one tap": conv("one tap", (5, 4, 4), 3, 1),
    "unshared": conv("unshared", (3, 7, 6), 4, 3, family="unshared", sharing="unshared"),
    "unshared, padded, strided": conv("unshared", (3, 7, 6), 4, 3, family="unshared", sharing="unshared", padding=1, stride=2),
    "tiled": conv("tiled", (3, 8, 8), 4, 3, family="tiled", sharing=2),
    "tile does not divide": conv("tiled", (3, 7, 9), 4, 3, family="tiled", sharing=(2, 3), padding=1),
    "tiled, strided": conv("tiled", (3, 9, 11), 4, 3, family="tiled", sharing=2, stride=2, padding=1),
}
PLAIN = {
    "max pool": LayerCase("pool", "max_pool", MaxPool2D(3, stride=2), (2, 9, 9)),
    "max pool hangs over": LayerCase("pool", "max_pool", MaxPool2D(2, ceil_mode=True), (2, 5, 5)),
    "average pool": LayerCase("pool", "avg_pool", AvgPool2D(3, stride=2), (2, 9, 9)),
    "norm": LayerCase("norm", "norm", LocalResponseNorm(), (7, 3, 3)),
    "batch norm": LayerCase("norm", "batch_norm", BatchNorm2D(), (3, 5, 4)),
    "norm over an even number": LayerCase("norm", "norm", LocalResponseNorm(size=4, alpha=0.1), (7, 3, 3)),
}
BOTH = {**CASES, **PLAIN}


def truth(trial, part):
    """The textbook loops in float64; ordinary convolution is the tiled one with a tile of 1."""
    layer, case = trial.case.layer, trial.case
    x, dy = trial.x.astype(np.float64), trial.dy.astype(np.float64)
    axes = case.axes
    if trial.weight is not None:
        seen = trial.weight.shape[-3:]
        weight = trial.weight.reshape(len(trial.weight), *layer.tile((case.input_shape,)), *seen).astype(np.float64)
        numbers = (*(a.stride for a in axes), *(a.before for a in axes), *(a.dilation for a in axes), layer.groups)
        result = np.empty({"forward": dy, "input": x, "weight": weight}[part].shape)
        if part == "forward":
            textbook.tiled_conv2d_forward(result, x, weight, np.zeros(weight.shape[:3]), *numbers)
        elif part == "input":
            textbook.tiled_conv2d_backward_input(result, dy, weight, *numbers)
        else:
            textbook.tiled_conv2d_backward_weight(result, dy, x, *numbers)
        return result.reshape(trial.weight.shape) if part == "weight" else result
    result = np.empty((dy if part == "forward" else x).shape)
    taps, steps, pads = ([getattr(a, name) for a in axes] for name in ("taps", "stride", "before"))
    if case.family == "max_pool":
        y, indices = np.empty(dy.shape), np.empty(dy.shape, np.int64)
        textbook.max_pool2d_forward(y, indices, x, *taps, *steps, *pads, 1, 1)
        if part == "forward":
            return y
        textbook.max_pool2d_backward(result, dy, indices)
    elif case.family == "avg_pool":
        settings = (*taps, *steps, *pads, *(a.after for a in axes), 1, 1, True)
        textbook.avg_pool2d_forward(result, x, *settings) if part == "forward" else textbook.avg_pool2d_backward(result, dy, *settings)
    elif case.family == "batch_norm":
        C = x.shape[1]
        y, mean, variance, *gradients = np.empty(x.shape), *(np.empty(C) for _ in range(4))
        lines = [each.reshape(*each.shape[:2], -1) for each in (y, result, dy, x)]
        textbook.batch_norm_training_forward(lines[0], mean, variance, lines[3], np.ones(C), np.zeros(C), layer.eps)
        if part == "forward":
            return y
        textbook.batch_norm_training_backward(lines[1], *gradients, lines[2], lines[3], mean, variance, np.ones(C), layer.eps)
    else:
        numbers = (layer.size, layer.k, layer.alpha, layer.beta)
        lines, x_lines, dy_lines = (each.reshape(*each.shape[:2], -1) for each in (result, x, dy))
        if part == "forward":
            textbook.local_response_norm_forward(lines, x_lines, *numbers)
        else:
            textbook.local_response_norm_backward(lines, dy_lines, x_lines, *numbers)
    return result


@pytest.mark.parametrize("name", BOTH)
def test_every_formulation_in_torch(torch, name):
    trial = arrays(BOTH[name], 3)
    for part in trial.case.passes:
        wanted = truth(trial, part)
        for contestant in torch_layers.contestants(Place(torch), trial, part):
            for _ in range(2):  # a graph that is walked twice gives the same gradient twice
                assert relative_error(contestant.call(), wanted) < ROUNDING, (part, contestant.name)


@pytest.mark.parametrize("name", BOTH)
def test_functions_and_steps(name):
    trial = arrays(BOTH[name], 5)
    for part in trial.case.passes:
        wanted = truth(trial, part)
        for contestant in own_layers.contestants(trial, part, threads=1):
            result = contestant.call()
            if contestant.name == "minicnn" or (part == "forward" and name != "batch norm"):
                assert relative_error(result, wanted) < ROUNDING, (part, contestant.name)
            else:
                assert result is None
            contestant.call()


def test_a_function_that_is_missing_leaves_the_step(monkeypatch):
    monkeypatch.setitem(own_layers.FUNCTIONS, "conv", "conv2d_of_tomorrow")
    assert own_layers.missing_functions("conv", ["forward", "weight"]) == ["conv2d_of_tomorrow", "conv2d_of_tomorrow_backward_weight"]
    assert [each.name for each in own_layers.contestants(arrays(CASES["plain"], 1), "forward", 1)] == ["minicnn step"]


@pytest.mark.parametrize(("part", "words"), [("forward", ["statistics", "training"]), ("input", ["gradient_sums", "backward"])])
def test_batch_norm_steps_are_those_of_training(part, words):
    trial = arrays(BOTH["batch norm"], 4)
    names = EngineStep(trial.case.layer, trial.x, None, 1, part, 1)._plan.program.names
    assert [name.removeprefix("batch_norm_") for name in names] == words


@pytest.mark.parametrize("part", ["forward", "input", "weight"])
def test_a_step_is_what_is_left_of_the_plan(part):
    trial = arrays(CASES["plain"], 4)
    step = EngineStep(trial.case.layer, trial.x, trial.weight, 1, part, 2)
    names = step._plan.program.names
    assert names
    assert not [name for name in names if name.startswith(("load_", "store_", "softmax"))]
    assert any(("weight" in name) == (part == "weight") for name in names)


def test_a_layer_without_weights_has_no_weight_gradient():
    x = np.zeros((2, 3, 6, 6), np.float32)
    with pytest.raises(SettingError, match="no steps for the pass 'weight'"):
        EngineStep(MaxPool2D(2), x, None, 1, "weight", 1)


def test_padding_of_two_kinds_is_beyond_torch(torch):
    case = LayerCase("uneven", "conv", Conv2D(2, 3, padding=((0, 1), (1, 1)), bias=False), (1, 5, 5))
    with pytest.raises(SettingError, match="uneven pads its two sides differently"):
        torch_layers.contestants(Place(torch), arrays(case, 1), "forward")
