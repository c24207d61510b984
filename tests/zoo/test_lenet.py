"""LeNet: the counts every lecture quotes, and the tables of the 1998 paper."""

import numpy as np
import pytest

from minicnn import zoo
from minicnn.errors import SettingError
from minicnn.zoo.digit_pictures import COLUMNS, PICTURES, ROWS


def test_counts():
    summary = zoo.build("lenet").summary()
    assert [(row.name, row.output_shape, row.params) for row in summary.layers if row.params] == [
        ("conv1", (6, 28, 28), 156),
        ("conv2", (16, 10, 10), 2_416),
        ("fc1", (120,), 48_120),
        ("fc2", (84,), 10_164),
        ("fc3", (10,), 850),
    ]
    assert summary.totals.params == 61_706
    assert summary.totals.macs == 416_520
    pool2 = next(row for row in summary.layers if row.name == "pool2")
    assert (pool2.receptive_field, pool2.jump) == ((16, 16), (4, 4))


def test_other_inputs_and_classes():
    net = zoo.build("lenet", classes=47, input_shape=(3, 32, 32))
    assert net.input_shape == (3, 32, 32)
    assert net.classes == 47


def test_the_textbook_form_differs_in_no_count():
    ours, theirs = zoo.build("lenet").summary(), zoo.build("lenet-d2l").summary()
    assert [row.params for row in ours.layers] == [row.params for row in theirs.layers]
    assert {row.type for row in theirs.layers} == {"Conv2D", "Sigmoid", "AvgPool2D", "Flatten", "Linear"}


# name, output, parameters, MACs, connections, receptive field, jump
LENET5 = [
    ("C1", (6, 28, 28), 156, 117_600, 122_304, 5, 1),
    ("C1_act", (6, 28, 28), 0, None, None, 5, 1),
    ("S2", (6, 14, 14), 12, None, 5_880, 6, 2),
    ("S2_act", (6, 14, 14), 0, None, None, 6, 2),
    ("C3", (16, 10, 10), 1_516, 150_000, 151_600, 14, 2),
    ("C3_act", (16, 10, 10), 0, None, None, 14, 2),
    ("S4", (16, 5, 5), 32, None, 2_000, 16, 4),
    ("S4_act", (16, 5, 5), 0, None, None, 16, 4),
    ("C5", (120, 1, 1), 48_120, 48_000, 48_120, 32, 4),
    ("C5_act", (120, 1, 1), 0, None, None, 32, 4),
    ("flat", (120,), 0, None, None, None, None),
    ("F6", (84,), 10_164, 10_080, 10_164, None, None),
    ("F6_act", (84,), 0, None, None, None, None),
    ("out_rbf", (10,), 0, None, 840, None, None),
]


def test_the_network_of_1998():
    summary = zoo.build("lenet5-1998").summary()
    assert [
        (
            row.name,
            row.output_shape,
            row.params,
            row.macs,
            row.connections,
            row.receptive_field and row.receptive_field[0],
            row.jump and row.jump[0],
        )
        for row in summary.layers
    ] == LENET5
    assert sum(row.connections or 0 for row in summary.layers) == 340_908
    assert summary.totals.buffers == 840
    assert [(share.kind, share.params) for share in summary.by_kind] == [
        ("convolution", 156 + 1_516 + 48_120),
        ("fully connected", 10_164),
        ("other", 44),
    ]


def test_pictures_of_the_digits():
    assert len(PICTURES) == 10
    assert {len(picture) for picture in PICTURES} == {ROWS * COLUMNS} == {84}
    distances = [sum(a != b for a, b in zip(one, two, strict=True)) for one in PICTURES for two in PICTURES if one is not two]
    assert min(distances) >= 10, "no two digits look alike"
    centres = zoo.build("lenet5-1998").buffers["out_rbf.weight"]
    assert centres.shape == (10, 84)
    assert set(np.unique(centres)) == {-1, 1}


def test_other_classes_have_no_pictures():
    assert zoo.build("lenet5-1998", classes=26).buffers["out_rbf.weight"].shape == (26, 84)
    with pytest.raises(SettingError, match=r"^lenet5-1998: width is 0.5, but it has one width only"):
        zoo.build("lenet5-1998", width=0.5)
