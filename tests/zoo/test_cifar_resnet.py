"""Residual networks for small images: the counts, and the shape of the ways."""

import pytest

from minicnn import zoo
from minicnn.errors import ShapeError

COUNTS = {  # parameters, layers with weights
    "plain20": (269_722, 20),
    "plain56": (853_018, 56),
    "resnet20": (269_722, 20),
    "resnet56": (853_018, 56),
    "resnet110": (1_727_962, 110),
    "resnet20-projection": (272_474, 22),
    "resnet56-projection": (855_770, 58),
    "resnet110-stochastic": (1_727_962, 110),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    summary = zoo.build(name).summary()
    weighted = [row for row in summary.layers if row.macs]
    assert (summary.totals.params, len(weighted)) == COUNTS[name]


def test_resnet20():
    summary = zoo.build("resnet20").summary()
    assert summary.totals.macs == 40_551_040
    last = summary.layers[-3]
    assert (last.output_shape, last.receptive_field, last.jump) == ((64, 8, 8), (81, 81), (4, 4))
    assert [row.name for row in summary.layers[:11]] == [
        "conv1",
        "bn1",
        "relu1",
        "stage1.block1.conv1",
        "stage1.block1.bn1",
        "stage1.block1.relu1",
        "stage1.block1.conv2",
        "stage1.block1.bn2",
        "stage1.block1.add1",
        "stage1.block1.relu2",
        "stage1.block2.conv1",
    ]


def test_shortcuts():
    rows = {row.name: row for row in zoo.build("resnet20").summary().layers}
    assert rows["stage1.block1.add1"].inputs == ("stage1.block1.bn2", "relu1")
    assert rows["stage2.block1.add1"].inputs == ("stage2.block1.bn2", "stage2.block1.shortcut1")
    assert rows["stage2.block1.shortcut1"].output_shape == (32, 16, 16)
    rows = {row.name: row for row in zoo.build("resnet20-projection").summary().layers}
    assert rows["stage2.block1.projection.conv1"].params == 512
    assert rows["stage2.block1.projection.bn1"].params == 64
    assert rows["stage3.block1.projection.conv1"].params == 2048


def test_plain_networks_do_not_add():
    assert not any(row.type == "Add" for row in zoo.build("plain56").summary().layers)


def test_stochastic_depth_decays_linearly():
    survivals = [node.layer.survival for node in zoo.build("resnet110-stochastic").nodes if node.layer.kind() == "StochasticDepth"]
    assert len(survivals) == 54
    assert survivals[-1] == 0.5
    assert sum(survivals) == pytest.approx(40.25, abs=1e-12)
    assert survivals[0] == pytest.approx(1 - 0.5 / 54)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 48), (1, 1, 1)])
def test_any_size_of_image(shape):
    assert zoo.build("resnet20", classes=7, input_shape=shape).output_shape == (7,)
    with pytest.raises(ShapeError, match="conv1"):
        zoo.build("resnet20", input_shape=(28,))
