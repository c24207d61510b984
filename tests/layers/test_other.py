"""Linear, the pointwise layers, normalisation, flatten and the joins."""

import math

import pytest

from minicnn.errors import SettingError, ShapeError
from minicnn.layers import (
    AddInputs,
    ConcatChannels,
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    LocalResponseNorm,
    ReLU,
    Sigmoid,
    Tanh,
)


def test_linear():
    layer = Linear(4096)
    assert layer.output_shapes("fc6", ((9216,),)) == ((4096,),)
    assert [(spec.name, spec.shape, spec.fan_in, spec.init) for spec in layer.parameters(((9216,),))] == [
        ("weight", (4096, 9216), 9216, "he"), ("bias", (4096,), 9216, "zeros")]
    assert layer.cost(((9216,),), ((4096,),)) == ("(9216 + 1) * 4096", 37_748_736, 37_752_832)
    assert Linear(3, bias=False).cost(((5,),), ((3,),)) == ("5 * 3", 15, 15)
    with pytest.raises(ShapeError, match=r"^fc6 needs a flat input, but gets 256 x 6 x 6\n  put Flatten\(\) before it$"):
        layer.output_shapes("fc6", ((256, 6, 6),))


@pytest.mark.parametrize("layer", [ReLU(), LeakyReLU(0.1), Tanh(), Sigmoid(), Dropout(), LocalResponseNorm()])
@pytest.mark.parametrize("shape", [(10,), (3, 40), (3, 5, 7), (1, 2, 3, 4)])
def test_pointwise_layers_keep_the_shape(layer, shape):
    assert layer.output_shapes("layer", (shape,)) == (shape,)
    assert layer.axes((shape,)) is None


def test_flatten():
    assert Flatten().output_shapes("flat", ((256, 6, 6),)) == ((9216,),)
    assert Flatten().output_shapes("flat", ((7,),)) == ((7,),)
    assert Flatten().size_steps(((256, 6, 6),)) == "256 x 6 x 6 = 9216"


def test_joins():
    assert AddInputs().output_shapes("add1", ((3, 4, 4), (3, 4, 4))) == ((3, 4, 4),)
    assert ConcatChannels().output_shapes("cat", ((3, 4, 4), (5, 4, 4), (1, 4, 4))) == ((9, 4, 4),)
    with pytest.raises(ShapeError, match=r"^add1 needs inputs of one shape, but gets 3 x 4 x 4 and 5 x 4 x 4$"):
        AddInputs().output_shapes("add1", ((3, 4, 4), (5, 4, 4)))
    with pytest.raises(ShapeError, match=r"^cat needs inputs of one spatial size, but gets 3 x 4 x 4 and 3 x 4 x 5$"):
        ConcatChannels().output_shapes("cat", ((3, 4, 4), (3, 4, 5)))
    with pytest.raises(ShapeError, match=r"^add1 needs at least two inputs, but gets 1$"):
        AddInputs().output_shapes("add1", ((3, 4, 4),))


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Dropout(1), r"^Dropout: rate is 1, but must be a number at least 0 and below 1$"),
    (lambda: Dropout(-0.1), r"^Dropout: rate is -0.1, but must be a number at least 0 and below 1$"),
    (lambda: Dropout(math.nan), r"^Dropout: rate is nan"),
    (lambda: Dropout("0.5"), r"^Dropout: rate is '0.5'"),
    (lambda: LeakyReLU(10**400), r"^LeakyReLU: slope is 1000"),
    (lambda: LocalResponseNorm(k=0), r"^LocalResponseNorm: k is 0, but must be a number above 0$"),
    (lambda: LocalResponseNorm(size=0), r"^LocalResponseNorm: size is 0, but must be at least 1$"),
    (lambda: Linear("ten"), r"^Linear: features is 'ten', but must be a whole number$"),
])
def test_settings_are_checked_on_construction(make, words):
    with pytest.raises(SettingError, match=words):
        make()
