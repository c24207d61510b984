"""The weight gradient by Winograd's tiles: like the textbook loop over generated sizes, cut in any way, in functions and in networks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minicnn
from minicnn import kernels
from minicnn import layers as L
from minicnn.engine.plan import build_plan
from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution import choice
from minicnn.kernels.cpu.convolution.problem import BACKWARD_WEIGHT, Images, Problem
from minicnn.kernels.cpu.convolution.ways import choose

from .comparing import generated, poison, soil, uniform  # noqa: F401

NAMES = [choice.WINOGRAD2, choice.WINOGRAD4]
BOUNDS = {choice.WINOGRAD2: 2e-6, choice.WINOGRAD4: 1e-5}  # of the largest gradient; direct sums stay below 4e-6


def problem(size, channels, filters, **settings):
    axis = Axis(size, 3, 1, 1, 1, 1, size)._replace(**settings)
    return Problem(BACKWARD_WEIGHT, (axis, axis), 1, (1, 1), False, channels, filters)


def compared(dy, x, shape, name, **settings):
    """Our gradient, within the bound of the loop's in float64."""
    soil()
    found = kernels.conv2d_backward_weight(dy, x, shape, **settings)
    wanted = kernels.conv2d_backward_weight(dy.astype(np.float64), x.astype(np.float64), shape, **settings)
    assert abs(found - wanted).max() <= BOUNDS[name] * abs(wanted).max()
    return found


@st.composite
def layers(draw):
    groups = draw(st.sampled_from([1, 1, 2]))
    return {
        "images": draw(st.sampled_from([4, 7, 8, 13, 16, 17, 40])),
        "groups": groups,
        "channels": groups * draw(st.sampled_from([32, 33, 47])),
        "filters": groups * draw(st.sampled_from([24, 33, 64, 131])),
        "sizes": (draw(st.integers(5, 11)), draw(st.integers(5, 11))),
        "padding": tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(2)),
        "flip": draw(st.booleans()),
        "seed": draw(st.integers(0, 999)),
    }


@pytest.mark.parametrize("name", NAMES)
def test_like_the_loop(name, monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, name)

    @generated
    @given(case=layers())
    def check(case):
        out = [size + sum(pad) - 2 for size, pad in zip(case["sizes"], case["padding"], strict=True)]
        x = uniform(case["seed"], (case["images"], case["channels"], *case["sizes"]))
        dy = uniform(case["seed"] + 1, (case["images"], case["filters"], *out))
        shape = (case["filters"], case["channels"] // case["groups"], 3, 3)
        compared(dy, x, shape, name, **{key: case[key] for key in ("groups", "padding", "flip")})

    check()


@pytest.mark.parametrize(("images", "value"), [(16, np.inf), (16, np.nan), (5, 3e38)])
@pytest.mark.parametrize("name", NAMES)
def test_special_pixels(name, images, value, monkeypatch):
    """What is infinite or no number in the loop's gradient is so here, and nothing else is."""
    monkeypatch.setenv(choice.VARIABLE, name)
    x, dy = uniform(0, (images, 32, 7, 9)), uniform(1, (images, 40, 7, 9))
    x[3, 5, 0, 0] = value
    dy[4, 11, 6, 8] = value
    soil()
    with np.errstate(all="ignore"):
        found = kernels.conv2d_backward_weight(dy, x, (40, 32, 3, 3), padding=1)
        wanted = kernels.conv2d_backward_weight(dy.astype(np.float64), x.astype(np.float64), (40, 32, 3, 3), padding=1).astype(np.float32)
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(np.isfinite(found), finite)
    np.testing.assert_array_equal(found[~finite], wanted[~finite])
    assert 0 < finite.sum() < finite.size or value == 3e38


@pytest.mark.parametrize("images", [17, 64])
def test_network(images, monkeypatch):
    """The gradients of a network are those of its textbook run, and have the same bits on any number of threads."""
    monkeypatch.setenv(choice.VARIABLE, choice.WINOGRAD4)
    net = minicnn.Graph(L.Sequential(L.Conv2D(32, 3, padding=1), L.Conv2D(40, 3), L.Flatten(), L.Linear(3)), input_shape=(4, 11, 9))
    x, labels = uniform(0, (images, 4, 11, 9)), np.arange(images) % 3
    _, found = net.backward(x, labels)
    _, wanted = net.backward(x.astype(np.float64), labels)
    for name, gradient in wanted.items():
        assert abs(found[name] - gradient).max() <= 5e-5 * abs(gradient).max(), name  # sums of dy, which partly cancel

    def gradient_on(threads):
        plan = build_plan(net.topology, net.topology.memory_size, images, threads, training=True)
        assert "winograd_weight_step" in plan.program.names
        plan.run(net.parameter_memory, x, np.arange(images), images, labels=labels, keys=np.zeros(1, np.int64))
        return plan.gradient(images)

    np.testing.assert_array_equal(gradient_on(1), gradient_on(3))


def test_chosen_where_it_pays(monkeypatch):
    monkeypatch.delenv(choice.VARIABLE, raising=False)
    wide = problem(13, 256, 384)
    assert choose(wide, Images(64)).name == choose(wide, Images(64, 16)).name == choice.WINOGRAD4
    assert choose(problem(6, 128, 128), Images(64)).name == choice.WINOGRAD2
    assert choose(problem(13, 16, 384), Images(64)).name == "lane a filter"  # sums of few channels round better, and are small
    assert choose(problem(13, 256, 384, stride=2, out=7), Images(64)).name == "lane a filter"
    assert choose(problem(56, 256, 256), Images(8)).name == choice.WINOGRAD4
    assert choose(wide, Images(1)).name == "lane a filter"
