"""Pooling layers: overlap, padding, windows that hang over the end."""

import pytest

from minicnn.errors import SettingError, ShapeError
from minicnn.layers import AvgPool1D, AvgPool2D, AvgPool3D, GlobalAvgPool, MaxPool1D, MaxPool2D, MaxPool3D


@pytest.mark.parametrize(
    ("layer", "shape", "out"),
    [
        (MaxPool2D(2), (6, 28, 28), (6, 14, 14)),
        (MaxPool2D(3, stride=2), (96, 55, 55), (96, 27, 27)),
        (MaxPool2D(2), (1, 5, 7), (1, 2, 3)),
        (MaxPool2D(2, ceil_mode=True), (1, 5, 7), (1, 3, 4)),
        (MaxPool2D(3, stride=2, ceil_mode=True), (1, 112, 112), (1, 56, 56)),
        (MaxPool2D(3, stride=2, padding=1), (64, 112, 112), (64, 56, 56)),
        (MaxPool2D(2, stride=3, padding=1, ceil_mode=True), (1, 5, 5), (1, 2, 2)),
        (MaxPool2D((2, 1)), (1, 4, 4), (1, 2, 4)),
        (MaxPool2D(2, dilation=2), (1, 6, 6), (1, 2, 2)),
        (MaxPool2D(1), (1, 1, 1), (1, 1, 1)),
        (MaxPool1D(2), (8, 40), (8, 20)),
        (MaxPool3D(2), (2, 4, 6, 8), (2, 2, 3, 4)),
        (AvgPool1D(4, stride=1), (3, 4), (3, 1)),
        (AvgPool2D(2, stride=2, count_padding=False), (6, 28, 28), (6, 14, 14)),
        (AvgPool3D((1, 2, 2)), (2, 3, 4, 4), (2, 3, 2, 2)),
        (GlobalAvgPool(), (512, 7, 7), (512,)),
        (GlobalAvgPool(), (16, 40), (16,)),
    ],
)
def test_output_shapes(layer, shape, out):
    assert layer.output_shapes("pool1", (shape,)) == (out,)
    assert layer.parameters((shape,)) == ()
    assert layer.cost((shape,), (out,)) == (None, None, None)


def test_the_stride_is_the_window_unless_given():
    assert MaxPool2D(3) == MaxPool2D(3, stride=3)
    assert MaxPool2D((2, 3)).stride == (2, 3)


@pytest.mark.parametrize("kind", [MaxPool2D, AvgPool2D])
def test_a_window_of_padding_alone_is_refused(kind):
    with pytest.raises(SettingError, match=r"padding 2 is as wide as the window \(2x2\).*\n  use a padding of at most 1$"):
        kind(2, padding=2)
    with pytest.raises(SettingError, match=r"padding \(0, 3\)x\(0, 0\) is as wide as the window"):
        kind(3, padding=((0, 3), (0, 0)))
    assert kind(3, padding="full").output_shapes("pool1", ((1, 1, 1),)) == ((1, 1, 1),)


def test_words_of_errors():
    with pytest.raises(ShapeError, match=r"^pool1 needs at least 3 rows, but gets 2$"):
        MaxPool2D(3).output_shapes("pool1", ((1, 2, 5),))
    with pytest.raises(ShapeError, match=r"^pool1 needs an input of channels and at least one axis, but gets 10$"):
        GlobalAvgPool().output_shapes("pool1", ((10,),))
    with pytest.raises(SettingError, match=r"^MaxPool2D: ceil_mode is 'yes', but must be True or False$"):
        MaxPool2D(2, ceil_mode="yes")
    with pytest.raises(SettingError, match=r"^AvgPool2D: count_padding is 0, but must be True or False$"):
        AvgPool2D(2, count_padding=0)
