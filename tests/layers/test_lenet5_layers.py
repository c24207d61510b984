"""The layers that only LeNet-5 has, against the numbers of the 1998 paper."""

import math

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import SettingError, ShapeError
from minicnn.layers import RBF, ScaledTanh, Subsample1D, Subsample2D, TableConv2D
from minicnn.zoo.lenet import C3_TABLE


def test_subsampling():
    layer, inputs = Subsample2D(2), ((6, 28, 28),)
    outputs = layer.output_shapes("S2", inputs)
    assert outputs == ((6, 14, 14),)
    assert layer.cost(inputs, outputs) == ("2 * 6", None, 5_880)
    assert [(spec.name, spec.shape, spec.init, spec.trainable) for spec in layer.parameters(inputs)] == [
        ("weight", (6,), 0.25, True),
        ("bias", (6,), "zeros", True),
    ]
    assert Subsample2D(2) == Subsample2D(2, stride=2)
    assert Subsample1D(3, stride=1).output_shapes("S", ((2, 5),)) == ((2, 3),)
    assert Subsample2D(3).repairs(((6, 2, 9),)) == ("a window of at most 2",)


def test_subsampling_starts_as_the_mean():
    net = minicnn.Graph(L.Sequential(Subsample2D(2), L.Flatten(), L.Linear(2)), (3, 4, 4))
    assert net.parameters["subsample1.weight"].tolist() == [0.25] * 3
    assert net.parameters["subsample1.bias"].tolist() == [0] * 3


def test_the_table_of_the_paper():
    assert [len(row) for row in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    assert sum(map(len, C3_TABLE)) == 60
    assert len(set(map(frozenset, C3_TABLE))) == 16
    assert [sum(maps in row for row in C3_TABLE) for maps in range(6)] == [10] * 6, "every map of S2 is seen equally often"


def test_convolution_along_a_table():
    layer, inputs = TableConv2D(C3_TABLE, 5), ((6, 14, 14),)
    outputs = layer.output_shapes("C3", inputs)
    assert outputs == ((16, 10, 10),)
    specs = layer.parameters(inputs)
    assert [(spec.name, spec.shape) for spec in specs] == [("weight", (60, 5, 5)), ("bias", (16,))]
    assert sum(spec.size for spec in specs) == 1_516
    cost = layer.cost(inputs, outputs)
    assert cost == ("(5*5*3 + 1) * 6 + (5*5*4 + 1) * 9 + (5*5*6 + 1) * 1", 150_000, 151_600)
    assert eval(cost.formula) == 1_516
    assert layer.brief() == ("5x5", "padding 0", "60 links")
    assert layer.size_steps(inputs) == "14 - 5 + 1 = 10"


def test_a_full_table_costs_what_a_convolution_costs():
    table, plain = TableConv2D([range(4)] * 3, 3, padding=1, stride=2, bias=False), L.Conv2D(3, 3, padding=1, stride=2, bias=False)
    inputs = ((4, 7, 8),)
    outputs = table.output_shapes("conv1", inputs)
    assert outputs == plain.output_shapes("conv1", inputs)
    assert table.cost(inputs, outputs) == plain.cost(inputs, outputs)
    assert table.parameters(inputs)[0].fan_in == plain.parameters(inputs)[0].fan_in


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TableConv2D((), 5), r"^TableConv2D: table is \(\), but must name for every filter at least one map, as in"),
        (lambda: TableConv2D(((0,), ()), 5), r"^TableConv2D: table is \(\(0,\), \(\)\), but must name"),
        (lambda: TableConv2D(((0, 0),), 5), r"^TableConv2D: the table names a map twice for filter 0: \(0, 0\)$"),
        (lambda: TableConv2D(((-1,),), 5), r"^TableConv2D: table is -1, but must be at least 0$"),
        (lambda: RBF(2, ("#.", "#")), r"^RBF: centres must be words of # and \. of one length$"),
        (lambda: RBF(2, ("#x", "##")), r"^RBF: centres must be words of # and \. of one length$"),
        (lambda: RBF(3, ("#.", "##")), r"^RBF: there are 2 centres for 3 classes$"),
        (lambda: RBF(1, "#."), r"^RBF: centres is '#\.', but must be words of # and \., or None$"),
        (lambda: ScaledTanh(slope=0), r"^ScaledTanh: slope is 0, but must be a number above 0$"),
    ],
)
def test_settings_are_checked_on_construction(make, words):
    with pytest.raises(SettingError, match=words):
        make()


def test_inputs_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"^C3 has a table of 6 maps, but gets 5$"):
        TableConv2D(C3_TABLE, 5).output_shapes("C3", ((5, 14, 14),))
    with pytest.raises(ShapeError, match=r"^out has centres of 2 features, but gets 3$"):
        RBF(1, ("#.",)).output_shapes("out", ((3,),))
    with pytest.raises(ShapeError, match=r"^out needs a flat input, but gets 3 x 1 x 1\n  put Flatten\(\) before it$"):
        RBF(1).output_shapes("out", ((3, 1, 1),))


def test_the_squashing_function_maps_one_to_one():
    layer = ScaledTanh()
    assert layer.amplitude * math.tanh(layer.slope) == pytest.approx(1, abs=1e-4)  # 1.7159 has five digits


def test_centres_are_buffers():
    net = minicnn.Graph(RBF(3, ("#..", ".#.", "###"), name="out"), (3,))
    assert dict(net.parameters) == {}
    assert net.buffers["out.weight"].tolist() == [[1, -1, -1], [-1, 1, -1], [1, 1, 1]]
    assert (net.summary().totals.params, net.summary().totals.buffers) == (0, 9)
    assert net.summary().layers[0].connections == 9


def test_centres_that_are_drawn_are_always_the_same():
    first, second = (minicnn.Graph(RBF(26), (84,), seed=seed).buffers["rbf1.weight"] for seed in (1, 2))
    assert np.array_equal(first, second)
    assert set(np.unique(first)) == {-1, 1}
    assert len({row.tobytes() for row in first}) == 26
