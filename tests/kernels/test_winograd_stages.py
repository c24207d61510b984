"""Winograd stage by stage, where threads share out few tiles or many filters: the bits of what goes block by block."""

import numpy as np
import pytest

import minicnn
from minicnn import kernels
from minicnn import layers as L
from minicnn.engine.plan import build_plan
from minicnn.kernels.cpu.convolution import choice
from minicnn.kernels.cpu.winograd import lowering

from .comparing import soil, uniform


def output(net, x, threads=2):
    """Of a plan whose memory is poisoned first; and the names of its steps."""
    plan = build_plan(net.topology, net.topology.memory_size, len(x), threads, training=False)
    plan.memory[...] = np.nan
    for offset, size in plan.program.zeros:
        plan.memory[plan.layout.arena_begin + offset :][:size] = 0
    found = np.full((len(x), *net.topology.output_shapes[0]), np.nan, np.float32)
    plan.run(net.parameter_memory, x, np.arange(len(x)), len(x), output=found)
    return found, plan.program.names


@pytest.mark.parametrize(("name", "taps"), [(tile.name, tile.taps) for tile in choice.TILES])
@pytest.mark.parametrize(("channels", "filters", "sizes", "groups"), [(32, 40, (9, 11), 1), (70, 64, (5, 6), 2), (33, 35, (13, 4), 1)])
@pytest.mark.parametrize("images", [16, 32])
def test_bits_of_the_blocks(images, channels, filters, sizes, groups, name, taps, monkeypatch):
    monkeypatch.setenv(choice.VARIABLE, name)
    middle = L.Conv2D(filters, taps, padding=taps // 2, groups=groups)
    net = minicnn.Graph(L.Sequential(L.Conv2D(channels, 1), middle, L.ReLU()), input_shape=(3, *sizes))
    x = uniform(0, (images, 3, *sizes))
    monkeypatch.setattr(lowering, "MANY_BLOCKS", 1000)
    staged, names = output(net, x)
    assert "winograd_all_products_step" in names
    again, _ = output(net, x, threads=1)
    monkeypatch.setattr(lowering, "MANY_BLOCKS", 0)
    blocks, names = output(net, x)
    assert "winograd_step" in names
    np.testing.assert_array_equal(staged, blocks)
    np.testing.assert_array_equal(staged, again)
    wanted = net.forward(x.astype(np.float64))
    assert abs(staged - wanted).max() <= 1e-5 * abs(wanted).max()


@pytest.mark.parametrize("value", [np.inf, np.nan, 3e38])
@pytest.mark.parametrize(("name", "taps"), [(choice.WINOGRAD4, 3), (choice.WINOGRAD2, 5)])
def test_special_pixel(name, taps, value, monkeypatch):
    """Of a call, whose input gradient goes the same way."""
    monkeypatch.setenv(choice.VARIABLE, name)
    x, weight = uniform(0, (16, 64, 9, 9)), uniform(1, (64, 32, taps, taps)) * np.float32(0.1)
    x[9, 40, 4, 1] = value
    soil()
    found = kernels.conv2d(x, weight, padding=1, groups=2)
    with np.errstate(all="ignore"):
        wanted = kernels.conv2d(x.astype(np.float64), weight.astype(np.float64), padding=1, groups=2).astype(np.float32)
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(found[~finite], wanted[~finite])
    np.testing.assert_array_equal(np.isfinite(found), finite)
    assert abs(found[:9] - wanted[:9]).max() <= 1e-5 * abs(wanted[:9]).max()
    assert finite.all() == (value == 3e38)
