"""What stands on the ways of a residual block: padded shortcuts, branches that drop out."""

import pytest

from minicnn.errors import SettingError, ShapeError
from minicnn.graph import Topology, summarize
from minicnn.layers import Conv2D, PadShortcut, Residual, Sequential, StochasticDepth


@pytest.mark.parametrize(
    ("layer", "shape", "out"),
    [
        (PadShortcut(32, stride=2), (16, 32, 32), (32, 16, 16)),
        (PadShortcut(32, stride=2), (16, 7, 8), (32, 4, 4)),
        (PadShortcut(4, stride=3), (4, 1, 1), (4, 1, 1)),
        (PadShortcut(16), (16, 9), (16, 9)),
        (PadShortcut(5, stride=2), (2, 3, 4, 5), (5, 2, 2, 3)),
    ],
)
def test_pad_shortcut(layer, shape, out):
    assert layer.output_shapes("shortcut1", (shape,)) == (out,)
    assert layer.parameters((shape,)) == ()


def test_pad_shortcut_keeps_step_with_a_strided_convolution():
    for size in range(1, 12):
        for stride in (1, 2, 3):
            Topology.build(Residual(Conv2D(8, 3, stride=stride, padding=1), PadShortcut(8, stride=stride)), (4, size, size))


def test_pad_shortcut_sees_one_pixel():
    row = summarize(Topology.build(Sequential(Conv2D(4, 3), PadShortcut(8, stride=2)), (4, 9, 9)), "net").layers[1]
    assert (row.receptive_field, row.jump, row.kernel, row.stride) == ((3, 3), (2, 2), (1, 1), (2, 2))
    assert (row.params, row.macs, row.settings) == (0, None, ("8 channels", "stride 2"))


def test_pad_shortcut_does_not_drop_channels():
    with pytest.raises(
        ShapeError,
        match=r"^shortcut1 needs at most 8 channels, but gets 16\n  use PadShortcut\(16\) or a projection:"
        r" Conv2D\(8, 1, stride=2\)$",
    ):
        PadShortcut(8, stride=2).output_shapes("shortcut1", ((16, 4, 4),))
    with pytest.raises(ShapeError, match=r"^shortcut1 needs an input of channels and at least one axis, but gets 7$"):
        PadShortcut(8).output_shapes("shortcut1", ((7,),))


def test_stochastic_depth():
    assert StochasticDepth(0.9).output_shapes("survival1", ((4, 3, 3),)) == ((4, 3, 3),)
    assert StochasticDepth(1).survival == 1
    for survival in (0, 1.01):
        with pytest.raises(SettingError, match=r"^StochasticDepth: survival is .*, but must be a number above 0 and at most 1$"):
            StochasticDepth(survival)
