"""An optimizer's loop as a step of a plan: what it computes, and what is no loop over parameters."""

import inspect
from pathlib import Path

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.kernels.derive import read
from minicnn.kernels.derive.lanes.update import update_text
from minicnn.optimizers import OPTIMIZERS, SGD, Adam, Optimizer

SHRINK = 0.5


def halved(value):
    return value * SHRINK


def everything(weight, gradient, seen, largest, learning_rate, weight_decay, step):
    """A constant and a function from around it, a name and a branch, a power, a number that both the loop and what stands before it use."""
    warm = 1.0 - 0.5**step
    for i in range(len(weight)):
        slope = gradient[i] + weight_decay * weight[i] ** 2
        seen[i] += 1
        if abs(slope) > largest[i]:
            largest[i] = abs(slope)
        weight[i] -= learning_rate * warm * (halved(slope) + SHRINK * slope) / (largest[i] + 1e-3) / seen[i]


class Everything(Optimizer):
    update = everything
    learning_rate: float = 0.01


@pytest.mark.parametrize("optimizer", [SGD(0.02, weight_decay=0.01), Adam(0.01, weight_decay=0.02), Everything(weight_decay=0.03)])
def test_a_plan_does_what_the_loop_does(optimizer):
    """Three updates from 70 images, which fill several slots, against the loop in plain Python and float64."""
    net = minicnn.Graph(L.Sequential(L.Conv2D(7, 3), L.ReLU(), L.BatchNorm2D(), L.Flatten(), L.Linear(10)), (1, 8, 8))
    rng, trainer = np.random.default_rng(0), minicnn.Trainer(net, optimizer, batch_size=70)
    weight = net.parameter_memory.astype(np.float64)
    states = [np.zeros_like(weight) for _ in optimizer.state_names]
    names = inspect.signature(type(optimizer).update).parameters
    for step in range(1, 4):
        x, labels = rng.standard_normal((70, 1, 8, 8)).astype(np.float32), rng.integers(0, 10, 70)
        _, gradients = net.backward(x, labels)
        gradient = np.zeros_like(weight)
        for name, view in net.views(gradient).items():
            view[...] = gradients[name]
        trainer.step(x, labels)
        numbers = dict(zip(optimizer.number_names, optimizer.rates(step, optimizer.learning_rate), strict=True))
        known = {"weight": weight, "gradient": gradient, **dict(zip(optimizer.state_names, states, strict=True)), **numbers}
        type(optimizer).update(*(known[name] for name in names))
        for name, view in net.views(weight).items():
            np.testing.assert_allclose(net.parameters[name], view, rtol=0, atol=2e-6, err_msg=f"{name} after {step}")
        net.parameter_memory[...] = np.where(gradient == 0, net.parameter_memory, weight)  # not to follow roundings
        weight[...] = net.parameter_memory


def neighbour(weight, gradient, learning_rate):
    for i in range(weight.size):
        weight[i] -= learning_rate * gradient[i - 1]


def place(weight, gradient, learning_rate):
    for i in range(weight.size):
        weight[i] -= learning_rate * i


def whole_norm(weight, gradient, learning_rate):
    for i in range(gradient.size):
        weight[i] -= learning_rate * gradient[i]


def spoilt(weight, gradient, learning_rate):
    for i in range(weight.size):
        gradient[i] = 0.0
        weight[i] -= learning_rate


def unused(weight, gradient, average, learning_rate):
    for i in range(weight.size):
        weight[i] -= learning_rate * gradient[i]


REFUSED = {
    neighbour: r"gradient\[i - 1\]: an optimizer's loop uses weight, gradient and what it remembers, at \[i\]",
    place: "i counts parameters of all layers",
    whole_norm: r"whole_norm is an optimizer's loop: for i in range\(weight\.size\)",
    spoilt: r"gradient\[i\] is stored to",
    unused: "unused takes average, which is no setting",
}


@pytest.mark.parametrize("loop", REFUSED, ids=lambda loop: loop.__name__)
def test_what_is_no_loop_over_parameters_is_refused_where_it_says_so(loop):
    states = tuple(name for name in inspect.signature(loop).parameters if name == "average")
    with pytest.raises(SettingError, match=rf"{Path(__file__).name}:\d+: {REFUSED[loop]}"):
        update_text(read(loop), states, ("learning_rate",))


def test_a_class_defined_again_replaces_and_one_from_elsewhere_is_an_error():
    again = type("Everything", (Optimizer,), {"update": everything, "__module__": __name__})
    assert OPTIMIZERS["everything"] is again
    with pytest.raises(SettingError, match=r"^there is already an optimizer called sgd, from .*sgd\.py\n  this one is from"):
        type("SGD", (Optimizer,), {"update": everything, "__module__": __name__})


def test_settings_that_the_loop_does_not_take_are_refused():
    kind = type("Plain", (Optimizer,), {"update": place, "__module__": __name__})
    with pytest.raises(SettingError, match=r"^Plain: weight_decay is 0\.1, but its update does not take it"):
        kind(0.5, weight_decay=0.1)
    with pytest.raises(SettingError, match=r"^Odd: update takes x, but must begin with weight, gradient"):
        type("Odd", (Optimizer,), {"update": lambda x: None, "__module__": __name__})


RATE = 1.0


def following(weight, gradient, learning_rate):
    for i in range(weight.size):
        weight[i] -= RATE * learning_rate * gradient[i]


def test_a_number_around_a_loop_is_the_one_of_now(monkeypatch):
    kind = type("Following", (Optimizer,), {"update": following})
    moved = []
    for rate in (1.0, 0.0):
        monkeypatch.setitem(globals(), "RATE", rate)
        net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(3)), (1, 2, 2), seed=0)
        start = net.parameters["fc1.weight"].copy()
        minicnn.Trainer(net, kind(0.5)).step(np.ones((4, 1, 2, 2), np.float32), np.zeros(4, np.int64))
        moved.append(bool((net.parameters["fc1.weight"] != start).any()))
    assert moved == [True, False]


def test_a_loop_can_be_read_again_after_it_became_a_step():
    text = update_text(read(following), (), ("learning_rate",))
    assert update_text(read(following), (), ("learning_rate",)) == text


@pytest.mark.parametrize(("members", "words"), [({"update": 7}, "update is 7, but must be a loop"), ({}, "Lacking has no update")])
def test_a_class_without_a_loop_says_what_it_lacks(members, words):
    with pytest.raises(SettingError, match=words):
        type("Lacking", (Optimizer,), members)(0.1)
