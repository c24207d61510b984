"""Blocks in one row: sums stay, and every depth describes the same network."""

import pytest

from minicnn import zoo
from minicnn.graph import Topology, fold, summarize
from minicnn.layers import Conv2D, ReLU, Residual, Sequential

SUMS = ("params", "buffers", "macs", "useful_macs", "backward_macs", "connections", "activation_bytes", "training_bytes", "layer_count")


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "unet", "densenet40", "lenet"])
@pytest.mark.parametrize("depth", [0, 1, 2, 9])
def test_sums_stay(name, depth):
    whole = zoo.build(name).summary()
    folded = fold(whole, depth)
    for each in SUMS:
        assert sum(getattr(row, each) or 0 for row in folded.layers) == sum(getattr(row, each) or 0 for row in whole.layers)
    assert folded.layers[-1].output_shape == whole.layers[-1].output_shape
    assert (folded.totals, folded.by_kind) == (whole.totals, whole.by_kind)
    known = {"input", *(row.name for row in folded.layers)}
    assert len(known) == len(folded.layers) + 1
    assert {source for row in folded.layers for source in row.inputs} <= known
    assert depth < 9 or folded == whole


def test_the_rows_of_a_residual_network():
    folded = fold(zoo.build("resnet50").summary(), 1)
    assert [row.name for row in folded.layers] == ["conv1", "bn1", "relu1", "pool1", "stage1", "stage2", "stage3", "stage4", "pool2", "fc1"]
    stage = folded.layers[6]
    assert (stage.type, stage.inputs, stage.input_shapes, stage.output_shape) == ("Block", ("stage2",), ((512, 28, 28),), (1024, 14, 14))
    assert (stage.params, stage.macs, stage.layer_count, stage.settings) == (7_098_368, 1_464_336_384, 62, ("62 layers",))
    assert (stage.kernel, stage.params_formula, stage.receptive_field) == (None, None, (267, 267))


def test_one_row():
    (row,) = fold(zoo.build("alexnet").summary(), 0).layers
    assert (row.name, row.inputs, row.params, row.output_shape) == ("alexnet", ("input",), 62_378_344, (1000,))


def test_a_block_without_products_counts_none():
    net = Sequential(Sequential(ReLU(), Residual(ReLU()), name="quiet"), Conv2D(1, 1), Sequential(ReLU(), name="one"))
    quiet, conv, one = fold(summarize(Topology.build(net, (1, 2, 2)), "net"), 1).layers
    assert (quiet.name, quiet.macs, quiet.connections, quiet.params) == ("quiet", None, None, 0)
    assert (conv.inputs, one.inputs, one.type, one.layer_count) == (("quiet",), ("conv1",), "Block", 1)
