"""Summaries: costs, receptive fields and the words of the plain table."""

import json
from fractions import Fraction

import pytest

from minicnn.graph import Topology, summarize
from minicnn.graph.columns import operations
from minicnn.graph.formats import memory
from minicnn.graph.table import plain_table
from minicnn.layers import (
    BatchNorm2D,
    Concat,
    Conv1D,
    Conv2D,
    ConvTranspose2D,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Skip,
    TableConv2D,
    Upsample,
)


def rows(element, shape):
    return {row.name: row for row in summarize(Topology.build(element, shape), "net").layers}


def test_the_record_of_a_convolution():
    row = summarize(Topology.build(Conv2D(96, 11, stride=4), (3, 227, 227)), "net").to_dict()["layers"][0]
    extra = {
        key: row.pop(key)
        for key in ("input_shapes", "settings", "buffers", "useful_macs", "backward_macs", "training_bytes", "layer_count", "shared_with")
    }
    assert row == {
        "name": "conv1",
        "type": "Conv2D",
        "inputs": ["input"],
        "output_shape": [96, 55, 55],
        "kernel": [11, 11],
        "stride": [4, 4],
        "padding": [[0, 0], [0, 0]],
        "dilation": [1, 1],
        "groups": 1,
        "params": 34944,
        "params_formula": "(11*11*3 + 1) * 96",
        "macs": 105415200,
        "connections": 105705600,
        "activation_bytes": 1161600,
        "receptive_field": [11, 11],
        "jump": [4, 4],
    }
    assert extra == {
        "input_shapes": [[3, 227, 227]],
        "settings": ["11x11", "stride 4", "padding 0"],
        "buffers": 0,
        "useful_macs": 105415200,
        "backward_macs": 105415200,
        "training_bytes": 1161600,
        "layer_count": 1,
        "shared_with": None,
    }


def test_what_is_not_counted_is_null():
    net = rows(Sequential(ReLU(), MaxPool2D(2), Flatten(), Linear(3, bias=False)), (2, 4, 4))
    for name in ("relu1", "pool1", "flatten1"):
        assert (net[name].macs, net[name].connections, net[name].params, net[name].params_formula) == (None, None, 0, None)
    assert (net["fc1"].macs, net["fc1"].params_formula) == (24, "8 * 3")
    assert (net["relu1"].kernel, net["relu1"].groups, net["pool1"].kernel, net["pool1"].groups) == (None, None, (2, 2), None)


def test_uneven_padding_and_axes():
    row = rows(Conv2D(2, (4, 3), padding="same", dilation=(1, 2), groups=2), (2, 9, 8))["conv1"]
    assert (row.padding, row.dilation, row.groups) == (((1, 2), (2, 2)), (1, 2), 2)


def test_receptive_field_grows_by_the_jump():
    net = rows(Sequential(Conv2D(2, 3), MaxPool2D(2), Conv2D(2, (3, 1), dilation=2, stride=(1, 2)), GlobalAvgPool()), (1, 40, 40))
    assert [(row.receptive_field, row.jump) for row in net.values()] == [
        ((3, 3), (1, 1)),
        ((4, 4), (2, 2)),
        ((12, 4), (2, 4)),
        (None, None),
    ]
    assert rows(Sequential(Conv1D(2, 5, stride=2), ReLU()), (1, 40))["relu1"].receptive_field == (5,)


def test_receptive_field_of_joined_paths_is_the_larger():
    net = rows(Sequential(Concat(Conv2D(2, 5, padding=2), Conv2D(2, 3, padding=1)), Residual(Conv2D(4, 3, padding=1))), (1, 9, 9))
    assert net["concat1"].receptive_field == (5, 5)
    assert net["add1"].receptive_field == (7, 7)


def test_receptive_field_is_what_a_change_of_one_pixel_reaches():
    """Brute force on one axis: which inputs can change the middle output."""
    layers = [Conv1D(1, 3, stride=2), Conv1D(1, 4, dilation=2), Conv1D(1, 2, stride=3)]
    size = 60
    seen = [{i} for i in range(size)]
    for layer in layers:
        (axis,) = layer.axes(((1, len(seen)),))
        seen = [set().union(*(seen[p * axis.stride + r * axis.dilation] for r in range(axis.taps))) for p in range(axis.out)]
    spans = {max(each) - min(each) + 1 for each in seen}
    last = rows(Sequential(*layers), (1, size))["conv3"]
    assert spans == {last.receptive_field[0]}
    assert min(seen[1]) - min(seen[0]) == last.jump[0]


def test_running_statistics_are_no_parameters():
    summary = summarize(Topology.build(Sequential(Conv2D(6, 5, bias=False), BatchNorm2D(), Flatten(), Linear(10)), (1, 8, 8)), "net")
    norm = summary.layers[1]
    assert (norm.name, norm.params, norm.params_formula, norm.buffers, norm.macs) == ("bn1", 12, "2 * 6", 12, None)
    assert (norm.receptive_field, norm.jump) == ((5, 5), (1, 1))
    assert summary.totals.params == summary.totals.trainable_params == 150 + 12 + 970
    assert summary.totals.buffers == 12
    assert [(share.kind, share.params, share.macs) for share in summary.by_kind] == [
        ("convolution", 150, 2400),
        ("fully connected", 970, 960),
        ("normalization", 12, None),
    ]


def test_receptive_field_goes_on_through_transposed_convolution():
    net = rows(
        Sequential(Conv2D(2, 3), MaxPool2D(2), ConvTranspose2D(2, 3, stride=2), Conv2D(2, 3), Concat(Sequential(), Conv2D(2, 1))),
        (1, 40, 40),
    )
    assert net["pool1"].receptive_field == (4, 4)
    assert [net[name].receptive_field for name in ("up1", "conv2", "conv3", "concat1")] == [(6, 6)] + [(8, 8)] * 3
    assert [net[name].jump for name in ("pool1", "up1", "concat1")] == [(2, 2), (1, 1), (1, 1)]
    assert (net["up1"].kernel, net["up1"].stride, net["up1"].padding, net["up1"].macs) == ((3, 3), (2, 2), ((0, 0), (0, 0)), 19 * 19 * 36)
    assert rows(Upsample(2), (1, 4, 4))["up1"].jump == (Fraction(1, 2),) * 2


def test_receptive_field_of_a_crop_is_that_of_what_is_cropped():
    net = rows(Skip(Conv2D(2, 5)), (1, 9, 9))
    assert (net["crop1"].receptive_field, net["concat1"].receptive_field) == ((1, 1), (5, 5))
    assert net["crop1"].inputs == ("input", "conv1")


def test_transposed_and_table_convolutions_are_convolutions():
    net = Sequential(TableConv2D(((0,), (0, 1)), 3), ConvTranspose2D(2, 2), Flatten(), Linear(1))
    shares = summarize(Topology.build(net, (2, 4, 4)), "net").by_kind
    assert [(share.kind, share.params) for share in shares] == [("convolution", 29 + 18), ("fully connected", 19)]


def test_totals_and_kinds():
    summary = summarize(Topology.build(Sequential(Conv2D(6, 5, padding=2), Flatten(), Linear(10)), (1, 28, 28)), "net")
    assert summary.totals.params == 156 + 47050
    assert summary.totals.flops == 2 * summary.totals.macs == 2 * (117600 + 47040)
    assert summary.totals.activation_bytes == 4 * (4704 + 4704 + 10)
    assert [(share.kind, share.params, share.macs) for share in summary.by_kind] == [
        ("convolution", 156, 117600),
        ("fully connected", 47050, 47040),
    ]
    assert json.loads(json.dumps(summary.to_dict())) == summary.to_dict()


def test_the_plain_table():
    net = Sequential(Conv2D(8, 3, padding=1), Residual(ReLU()), Flatten(), Linear(10))
    assert (
        plain_table(summarize(Topology.build(net, (3, 4, 4)), "tiny"))
        == """\
tiny, input 3x4x4
layer     operation                  output  parameters  formula           MACs  field
conv1     Conv2D 3x3, padding 1      8x4x4          224  (3*3*3 + 1) * 8  3,456      3
relu1     ReLU                       8x4x4            0                       -      3
add1      Add, from relu1 and conv1  8x4x4            0                       -      3
flatten1  Flatten                    128              0                       -      -
fc1       Linear, 10 features        10           1,290  (128 + 1) * 10   1,280      -
total                                             1,514                   4,736
convolution: 224 parameters (14.8 %), 3,456 MACs (73.0 %)
fully connected: 1,290 parameters (85.2 %), 1,280 MACs (27.0 %)
not counted: 1 ReLU, 1 Add, 1 Flatten"""
    )


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1023, "1,023 bytes"),
        (1024, "1.0 KiB"),
        (249513376, "238.0 MiB"),
        (5 * 2**40, "5.0 TiB"),
        (2**60, "1,048,576.0 TiB"),
    ],
)
def test_memory_for_people(size, words):
    assert memory(size) == words


def test_a_source_is_named_from_the_block_of_its_reader():
    inner = Sequential(Residual(Sequential(ReLU(), Dropout(0.5))), name="b")
    summary = summarize(Topology.build(Sequential(Conv2D(2, 1), Sequential(ReLU(), MaxPool2D(1), inner, name="a")), (2, 3, 3)), "net")
    assert [(row.name, row.inputs) for row in summary.layers][-1] == ("a.b.add1", ("a.b.dropout1", "a.pool1"))
    assert operations(summary)[-1] == ("Add", "from dropout1 and pool1")


def test_a_short_name_that_belongs_to_another_layer_stays_whole():
    block = Sequential(Conv2D(2, 1), ReLU(), Sequential(Conv2D(2, 1), ReLU(), Residual(ReLU()), name="a"))
    summary = summarize(Topology.build(block, (2, 3, 3)), "net")
    assert operations(summary)[-1] == ("Add", "from relu2 and a.relu1")
