"""The layers that are timed are those of the networks they are named after, and are counted rightly."""

from __future__ import annotations

import pytest

from minicnn import zoo
from minicnn.bench.layer_set import LAYER_SET

CASES = {case.name: case for case in LAYER_SET}


@pytest.mark.parametrize("network", ["lenet", "alexnet"])
def test_convolutions_are_those_of_the_zoo(network):
    rows = [row for row in zoo.build(network).summary().layers if row.type == "Conv2D"]
    own = [case for case in LAYER_SET if case.name.startswith(f"{network}-conv")]
    assert [(case.input_shape, case.output_shape) for case in own] == [(*row.input_shapes, row.output_shape) for row in rows]
    assert [case.flops(3) for case in own] == [6 * row.macs for row in rows]


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("vgg-conv1-2", 1_849_688_064),
        ("vgg-conv3-2", 1_849_688_064),
        ("vgg-conv5-2", 462_422_016),
        ("resnet50-1x1", 51_380_224),
        ("resnet50-3x3", 115_605_504),
        ("mobilenet-3x3dw", 1_806_336),
    ],
)
def test_multiplications_as_published(name, macs):
    assert CASES[name].flops(1) == 2 * macs


def test_terms_of_a_sum():
    conv2, depthwise, tiled, unshared = (CASES[name] for name in ("lenet-conv2", "mobilenet-3x3dw", "lenet-tiled", "lenet-unshared"))
    assert [conv2.terms(part, 8) for part in conv2.passes] == [150, 400, 800]
    assert [depthwise.terms(part, 8) for part in depthwise.passes] == [9, 9, 8 * 784]
    assert [tiled.terms(part, 8) for part in tiled.passes] == [150, 400, 200]
    assert [unshared.terms(part, 8) for part in unshared.passes] == [150, 400, 8]
    assert CASES["alexnet-maxpool"].terms("forward", 8) == 1


def test_what_is_told_in_bytes():
    """Filters of their own for every position come from memory for every batch; a large batch makes up for it."""
    unshared = CASES["alexnet-unshared"]
    assert unshared.flops(1) is None
    assert unshared.flops(64) == 2 * 64 * 384 * 169 * 2304
    assert unshared.moved_bytes(1) == 4 * (256 * 169 + 384 * 169 + 384 * 169 * 2304)
    assert CASES["alexnet-maxpool"].flops(64) is None
    assert CASES["alexnet-maxpool"].moved_bytes(1) == 4 * 96 * (55 * 55 + 27 * 27)
    assert CASES["alexnet-maxpool"].passes == ("forward", "input")


def test_names_are_unique_and_short_enough_for_the_table():
    assert len(CASES) == len(LAYER_SET)
    assert max(map(len, CASES)) <= 16
