"""Layers that change the size of a map without a parameter: upsampling, cropping, reshaping."""

import pytest

from minicnn.errors import SettingError, ShapeError
from minicnn.layers import Crop, Reshape, Upsample


@pytest.mark.parametrize(
    ("layer", "inputs", "out"),
    [
        (Upsample(2), ((3, 5, 7),), (3, 10, 14)),
        (Upsample((1, 3), mode="linear"), ((3, 5, 7),), (3, 5, 21)),
        (Upsample(4), ((3, 1),), (3, 4)),
        (Crop(4), ((3, 9, 6),), (3, 4, 4)),
        (Crop((4, 6)), ((3, 9, 6),), (3, 4, 6)),
        (Crop(), ((64, 136, 136), (512, 104, 104)), (64, 104, 104)),
        (Crop(), ((2, 5), (7, 5)), (2, 5)),
        (Reshape((7, 7, 30)), ((1470,),), (7, 7, 30)),
        (Reshape((6,)), ((1, 2, 3),), (6,)),
    ],
)
def test_output_shapes(layer, inputs, out):
    assert layer.output_shapes("layer", inputs) == (out,)
    assert layer.parameters(inputs) == ()
    assert layer.cost(inputs, (out,)) == (None, None, None)


def test_workings():
    assert Upsample(2).size_steps(((3, 5, 7),)) == "5*2 = 10, 7*2 = 14"
    assert Crop().size_steps(((64, 136, 136), (512, 104, 104))) == "136 - 32 = 104"
    assert Upsample(2).brief() == ("scale 2", "nearest")
    assert Crop(5).brief() == ("size 5",)


@pytest.mark.parametrize(
    ("layer", "inputs", "words"),
    [
        (Upsample(2), ((3,),), r"^layer needs an input of channels and at least one axis, but gets 3$"),
        (Upsample((2, 3)), ((3, 4),), r"^layer scales 2 axes, but gets 3 x 4: channels and 1$"),
        (Crop(), ((3, 4, 4),), r"^layer takes two inputs, but gets 1\n  give it a size, as in Crop\(56\), or use Skip$"),
        (Crop(4), ((3, 9, 9), (3, 4, 4)), r"^layer takes one input, but gets 2$"),
        (Crop(4), ((3, 9, 3),), r"^layer needs at least 4 columns to cut from, but gets 3$"),
        (Crop(), ((3, 9, 9), (3, 10, 9)), r"^layer needs at least 10 rows to cut from, but gets 9$"),
        (Crop(), ((3, 9, 9), (3, 9)), r"^layer needs as many axes on both sides, but gets 3 x 9 x 9 and 3 x 9$"),
        (Crop((2, 3)), ((3, 9),), r"^layer needs as many axes on both sides, but gets 3 x 9 and a size of 2x3$"),
        (Crop(2), ((3,),), r"^layer needs an input of channels and at least one axis, but gets 3$"),
        (Reshape((2, 3)), ((3, 3),), r"^layer needs 2 x 3 = 6 numbers, but gets 3 x 3 = 9$"),
        (Reshape((6,)), ((5,),), r"^layer needs 6 numbers, but gets 5$"),
    ],
)
def test_inputs_that_do_not_fit(layer, inputs, words):
    with pytest.raises(ShapeError, match=words):
        layer.output_shapes("layer", inputs)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Upsample(0), r"^Upsample: scale is 0, but must be at least 1$"),
        (lambda: Upsample(2, mode="nearset"), r": did you mean nearest\?$"),
        (lambda: Upsample(2, mode="cubic"), r"^Upsample: mode 'cubic' is not one of nearest, linear$"),
        (lambda: Crop(0), r"^Crop: size is 0, but must be at least 1$"),
        (lambda: Reshape(()), r"^Reshape: shape is \(\), but must be one to four sizes, as in \(7, 7, 30\)$"),
        (lambda: Reshape("ab"), r"^Reshape: shape is 'ab', but must be"),
        (lambda: Reshape((0, 2)), r"^Reshape: shape is 0, but must be at least 1$"),
    ],
)
def test_settings_are_checked_on_construction(make, words):
    with pytest.raises(SettingError, match=words):
        make()
