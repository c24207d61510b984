"""A trace shows every product, ends with the textbook loop's bits, and has the fast engine's number beside it, within the stated bound."""

import json
from dataclasses import replace

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import GraphError, SettingError, ShapeError

from .drawn import traced

SAMPLE = 100  # traces drawn by chance; `python -m tests.tracing.thousand` takes a thousand


def test_traces_drawn_by_chance_end_with_the_textbooks_bits_and_hold_their_bound():
    kinds = set()
    for seed in range(SAMPLE):
        table, number, asked = traced(seed)
        assert number.tobytes() == number.dtype.type(table.value).tobytes(), asked
        assert table.holds, (asked, table.engine, table.value, table.bound, table.rule)
        if table.rows and table.walks[-1].parts[-1].rows:
            last = table.walks[-1].parts[-1].rows[-1].partial
            assert number.dtype.type(last).tobytes() == number.tobytes(), asked
        json.dumps(table.to_dict())
        assert all((table.to_markdown(), table.to_latex(), table._repr_html_(), repr(table)))
        kinds.add((table.kind, table.wanted == "y"))
    assert len(kinds) > 40


@pytest.fixture(scope="module")
def net():
    return minicnn.zoo.build("lenet")


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).standard_normal((1, 1, 28, 28)).astype(np.float32)


def test_every_product_of_a_convolution(net, x):
    table = minicnn.trace(net, x, "conv2", (3, 4, 5))
    before = net.activations(x, "pool1")["pool1"]
    weight, bias = net.parameters["conv2.weight"], net.parameters["conv2.bias"]
    begin, *products, end = table.rows
    assert (begin.kind, begin.reads[0].name, begin.partial) == ("set", "bias", bias[3])
    assert len(products) == 150
    total = np.float64(bias[3])
    for row in products:
        c, r, s = (row.tap[letter] for letter in "crs")
        read, by = row.reads
        assert (read.name, read.place, by.name, by.place) == ("x", (0, c, 4 + r, 5 + s), "weight", (3, c, r, s))
        assert read.value == before[read.place]
        assert by.value == weight[by.place]
        assert row.term == np.float32(read.value) * np.float32(by.value)
        total += row.term
        assert row.partial == total
    assert (end.kind, end.partial, table.value) == ("store", np.float32(total), np.float32(total))
    assert table.name == "y[k=3, p=4, q=5]"
    assert table.engine == net.activations(x, "conv2")["conv2"][0, 3, 4, 5]
    assert abs(table.difference) <= table.bound < 1e-4
    assert table.notes == ("untrained: parameters are drawn from seed 0",)


def test_taps_on_padding_are_rows_and_the_index_map_is_worked_out(net, x):
    table = minicnn.trace(net, x, "conv1", (0, 0, 1))
    (walk,) = table.walks
    assert walk.worked == ("h = 0*1 + r*1 - 2", "w = 1*1 + s*1 - 2")
    rows = [row for row in table.rows if row.tap]
    outside = [row for row in rows if row.note]
    assert (len(rows), len(outside)) == (25, 13)
    for row in rows:
        r, s = row.tap["r"], row.tap["s"]
        h, w = r - 2, 1 + s - 2
        assert row.worked == (f"h = 0*1 + {r}*1 - 2 = {h}", f"w = 1*1 + {s}*1 - 2 = {w}")
        assert row.reads[0].place == (0, 0, h, w)
        assert (row.note == "padding") == (min(h, w) < 0) == (not row.reads[0].inside)
        assert row.reads[1].value == net.parameters["conv1.weight"][0, 0, r, s]
    assert {(row.term, row.reads[0].value) for row in outside} == {(0.0, 0.0)}
    text = repr(table)
    assert "0  2  0        0,-1  padding 0" in text
    assert "tap c=0, r=2, s=1:   h = 0*1 + 2*1 - 2 = 0,   w = 1*1 + 1*1 - 2 = 0" in text


@pytest.mark.parametrize(
    ("layer", "gradient", "place"),
    [("conv1", "weight", (3, 0, 1, 2)), ("conv2", "bias", (5,)), ("fc1", "weight", (3, 2)), ("fc3", "bias", (7,))],
)
def test_gradients_are_those_of_backward(net, x, layer, gradient, place):
    table = minicnn.trace(net, x, layer, place, gradient=gradient, labels=[7])
    wanted = net.backward(x, [7])[1][f"{layer}.{gradient}"]
    assert abs(table.value - wanted[place]) <= 1e-5 * abs(wanted).max()
    assert table.holds
    assert table.wanted == f"d{gradient}"


def test_without_a_label_the_networks_own_answer_counts(net, x):
    answer = int(net.forward(x).argmax())
    table = minicnn.trace(net, x, "fc2", (1, 2), gradient="weight")
    assert table.notes[1] == f"label {answer}: the network's own answer, as none was given"
    assert table.value == minicnn.trace(net, x, "fc2", (1, 2), gradient="weight", labels=[answer]).value


def test_of_several_images_one_is_named(net):
    x = np.random.default_rng(1).standard_normal((2, 1, 28, 28)).astype(np.float32)
    table = minicnn.trace(net, x, "conv1", (1, 2, 3, 4))
    assert table.name == "y[n=1, k=2, p=3, q=4]"
    assert table.value == minicnn.trace(net, x[1:], "conv1", (2, 3, 4)).value
    with pytest.raises(ShapeError, match="conv1: a place of y has 4 numbers, but gets 3"):
        minicnn.trace(net, x, "conv1", (2, 3, 4))


def test_in_float64_the_engine_is_the_textbook(net, x):
    table = minicnn.trace(net, x.astype(np.float64), "conv2", (3, 4, 5))
    assert (table.dtype, table.difference) == ("float64", 0.0)
    assert table.value == net.activations(x.astype(np.float64), "conv2")["conv2"][0, 3, 4, 5]


def test_a_join_of_three_is_two_loops_one_after_the_other():
    net = minicnn.Graph(L.Add(L.Conv2D(2, 1), L.Conv2D(2, 1), L.Conv2D(2, 1)), input_shape=(1, 3, 3))
    x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    table = minicnn.trace(net, x, net.nodes[-1].name, (1, 2, 0))
    assert [walk.function for walk in table.walks] == ["add_forward"] * 2
    first, second = (walk.parts[-1].rows[-1] for walk in table.walks)
    assert second.reads[0].value == first.partial
    assert table.value == table.engine


def test_what_only_moves_is_found_where_it_was(net, x):
    table = minicnn.trace(net, x, "flatten1", (17,))
    assert (table.walks, table.value) == ((), net.activations(x, "pool2")["pool2"].ravel()[17])


def test_pooling_chooses_and_padding_never_wins():
    net = minicnn.Graph(L.MaxPool2D(2, padding=1), input_shape=(1, 2, 2))
    table = minicnn.trace(net, np.full((1, 1, 2, 2), -5, np.float32), "pool1", (0, 0, 0))
    assert [(row.kind, row.note, row.term) for row in table.rows if row.tap] == [("skip", "padding", None)] * 3 + [("compare", "", -5.0)]
    assert (table.value, table.engine, table.bound) == (-5.0, -5.0, 0.0)


def test_a_flipped_filter_is_read_at_its_own_places():
    net = minicnn.Graph(L.Conv2D(1, 2, flip=True, sharing=2), input_shape=(1, 3, 3))
    x = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    table = minicnn.trace(net, x, "conv1", (0, 1, 0))
    weight = net.parameters["conv1.weight"]
    for row in table.rows:
        if row.kind == "add":
            read, by = row.reads
            r, s = row.tap["r"], row.tap["s"]
            assert by.place == (0, 1, 0, 0, 1 - r, 1 - s)
            assert (by.value, read.value) == (weight[by.place], x[0, 0, 1 + r, s])


def test_long_sums_are_cut_for_eyes_only(net, x):
    table = minicnn.trace(net, x, "fc1", (3,))
    assert "383 more" in repr(table)
    assert len(repr(table).splitlines()) < 40
    assert "383 more" in table._repr_html_()
    assert len([line for line in table.to_markdown().splitlines() if line.startswith("|")]) == 403
    assert table.to_latex().count(r"\\") == 401 + 1 + 4
    assert len(table.to_dict()["loops"][0]["parts"][0]["rows"]) == 401


def test_more_than_rounding_explains_is_said():
    net = minicnn.Graph(L.Conv2D(1, 2), input_shape=(1, 3, 3))
    table = minicnn.trace(net, np.ones((1, 1, 3, 3), np.float32), "conv1", (0, 0, 0))
    wrong = replace(table, engine=table.value + 1)
    assert (table.holds, wrong.holds) == (True, False)
    assert "MORE THAN ROUNDING EXPLAINS" in repr(wrong)


def test_a_loop_of_ones_own_is_traced_as_any_other():
    class Cubes(L.Layer, registered=False):
        def forward(y, x):  # noqa: N805 a loop
            for i in range(x.size):
                y.flat[i] = x.flat[i] * x.flat[i] * x.flat[i]

    net = minicnn.Graph(Cubes(), input_shape=(2, 3))
    x = np.array([[[1, 2, 3], [4, 5, 6]]], np.float32)
    table = minicnn.trace(net, x, net.nodes[0].name, (1, 0))
    assert (table.value, table.engine) == (64.0, 64.0)
    assert table.rows[-1].reads[0].place == (0, 1, 0)


@pytest.mark.parametrize(
    ("error", "words", "layer", "place", "more"),
    [
        (GraphError, "lenet has no layer 'conv9': did you mean conv1 or conv2", "conv9", (0, 0, 0), {}),
        (ShapeError, "conv2: q=10 lies outside y: q runs from 0 to 9", "conv2", (0, 0, 10), {}),
        (ShapeError, "conv2: a place of y has 3 numbers, but gets 2", "conv2", (0, 0), {}),
        (ShapeError, "conv2: a place of dweight has 4 numbers, but gets 3", "conv2", (0, 0, 0), {"gradient": "weight"}),
        (
            SettingError,
            "pool1 .'MaxPool2D'. has no gradient of 'weight'\n  there are those of input",
            "pool1",
            (0,),
            {"gradient": "weight"},
        ),
        (
            SettingError,
            "trace: a gradient needs something to compare",
            "conv2",
            (0,),
            {"gradient": "bias", "loss": minicnn.losses.MeanSquaredError()},
        ),
    ],
)
def test_refusals(net, x, error, words, layer, place, more):
    with pytest.raises(error, match=words):
        minicnn.trace(net, x, layer, place, **more)


def test_a_frozen_weight_has_no_gradient(x):
    net = minicnn.zoo.build("lenet")
    net.freeze("conv1.weight")
    with pytest.raises(SettingError, match=r"conv1 \('Conv2D'\) is frozen and has no gradient"):
        minicnn.trace(net, x, "conv1", (0, 0, 0, 0), gradient="weight", labels=[1])
    assert minicnn.trace(net, x, "conv1", (0,), gradient="bias", labels=[1]).holds
