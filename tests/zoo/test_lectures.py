"""Networks of the lectures, line by line: MNIST-1D and the exercise."""

import pytest

from minicnn import zoo

# name, output, window, stride, padding, parameters, MACs, receptive field, jump
MNIST1D = [
    ("conv1", (15, 19), 3, 2, 0, 60, 855, 3, 2),
    ("relu1", (15, 19), None, None, None, 0, None, 3, 2),
    ("conv2", (15, 9), 3, 2, 0, 690, 6_075, 7, 4),
    ("relu2", (15, 9), None, None, None, 0, None, 7, 4),
    ("conv3", (15, 4), 3, 2, 0, 690, 2_700, 15, 8),
    ("relu3", (15, 4), None, None, None, 0, None, 15, 8),
    ("flat", (60,), None, None, None, 0, None, None, None),
    ("fc", (10,), None, None, None, 610, 600, None, None),
]
EXERCISE = [
    ("conv1", (48, 92, 92), 9, 1, 0, 11_712, 98_724_096, 9, 1),
    ("relu1", (48, 92, 92), None, None, None, 0, None, 9, 1),
    ("conv2", (96, 92, 92), 9, 1, 4, 373_344, 3_159_171_072, 17, 1),
    ("relu2", (96, 92, 92), None, None, None, 0, None, 17, 1),
    ("conv3", (192, 44, 44), 5, 2, 0, 460_992, 892_108_800, 21, 2),
    ("relu3", (192, 44, 44), None, None, None, 0, None, 21, 2),
    ("pool", (192, 22, 22), 2, 2, 0, 0, None, 23, 4),
    ("conv4", (256, 22, 22), 1, 1, 0, 49_408, 23_789_568, 23, 4),
    ("relu4", (256, 22, 22), None, None, None, 0, None, 23, 4),
    ("flat", (123_904,), None, None, None, 0, None, None, None),
    ("fc", (100,), None, None, None, 12_390_500, 12_390_400, None, None),
]


def same_on_all_axes(values):
    assert values is None or len(set(values)) == 1
    return values and values[0]


@pytest.mark.parametrize(("name", "table"), [("mnist1d-cnn", MNIST1D), ("cmu-exercise", EXERCISE)])
def test_line_by_line(name, table):
    summary = zoo.build(name).summary()
    lines = [
        (
            row.name,
            row.output_shape,
            same_on_all_axes(row.kernel),
            same_on_all_axes(row.stride),
            row.padding and same_on_all_axes(row.padding)[0],
            row.params,
            row.macs,
            same_on_all_axes(row.receptive_field),
            same_on_all_axes(row.jump),
        )
        for row in summary.layers
    ]
    assert lines == table


def test_conv3_of_the_exercise_does_not_come_out_even():
    conv3 = zoo.build("cmu-exercise").nodes[4]
    assert conv3.layer.size_steps(conv3.input_shapes) == "floor((92 - 5)/2) + 1 = 44"


def test_the_hidden_units_of_both_mnist1d_networks():
    hidden = [row.output_shape for row in zoo.build("mnist1d-cnn").summary().layers if row.type == "ReLU"]
    assert [channels * columns for channels, columns in hidden] == [285, 135, 60]
    assert [row.output_shape for row in zoo.build("mnist1d-mlp").summary().layers if row.type == "ReLU"] == [(285,), (135,), (60,)]
