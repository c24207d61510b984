"""Linear, the pointwise layers, normalisation, flatten and the joins."""

import math

import pytest

import minicnn
from minicnn.errors import SettingError, ShapeError
from minicnn.layers import (
    AddInputs,
    ConcatChannels,
    Dropout,
    Flatten,
    GateInputs,
    LeakyReLU,
    Linear,
    LocalResponseNorm,
    ReLU,
    ScaledTanh,
    Sigmoid,
    Tanh,
)


def test_linear():
    layer = Linear(4096)
    assert layer.output_shapes("fc6", ((9216,),)) == ((4096,),)
    assert [(spec.name, spec.shape, spec.fan_in, spec.init) for spec in layer.parameters(((9216,),))] == [
        ("weight", (4096, 9216), 9216, "he"),
        ("bias", (4096,), 9216, "zeros"),
    ]
    assert layer.cost(((9216,),), ((4096,),)) == ("(9216 + 1) * 4096", 37_748_736, 37_752_832)
    assert Linear(3, bias=False).cost(((5,),), ((3,),)) == ("5 * 3", 15, 15)
    with pytest.raises(ShapeError, match=r"^fc6 needs a flat input, but gets 256 x 6 x 6\n  put Flatten\(\) before it$"):
        layer.output_shapes("fc6", ((256, 6, 6),))


def test_linear_that_was_told_its_inputs():
    layer = Linear(120, in_features=400)
    assert layer.output_shapes("fc1", ((400,),)) == ((120,),)
    with pytest.raises(ShapeError, match=r"^fc1 was made for 400 inputs, but gets 256$"):
        layer.output_shapes("fc1", ((256,),))
    assert layer.repairs(((256,),)) == ("in_features 256",)
    assert Linear(120).repairs(((256,),)) == ()


def test_biases_that_start_elsewhere():
    assert Linear(3, bias_start=-2).parameters(((5,),))[1].init == -2.0
    net = minicnn.Graph(Linear(3, bias_start=-2), (5,))
    assert net.parameters["fc1.bias"].tolist() == [-2, -2, -2]


@pytest.mark.parametrize("layer", [ReLU(), LeakyReLU(0.1), Tanh(), ScaledTanh(), Sigmoid(), Dropout(), LocalResponseNorm()])
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
    assert GateInputs().output_shapes("gate1", ((50,),) * 3) == ((50,),)
    with pytest.raises(ShapeError, match=r"^gate1 needs body, gate and input of one shape, but gets 40, 50 and 50$"):
        GateInputs().output_shapes("gate1", ((40,), (50,), (50,)))
    with pytest.raises(ShapeError, match=r"^gate1 takes three inputs \(body, gate, input\), but gets 2$"):
        GateInputs().output_shapes("gate1", ((40,), (50,)))


@pytest.mark.parametrize(
    ("layer", "inputs", "words"),
    [
        (AddInputs(), ((32, 4, 4), (16, 8, 8)), ("Conv2D(32, 1, stride=2) or PadShortcut(32, stride=2) on the way that gives 16 x 8 x 8",)),
        (AddInputs(), ((32, 8), (64, 3)), ("Conv1D(64, 1, stride=3) or PadShortcut(64, stride=3) on the way that gives 32 x 8",)),
        (AddInputs(), ((16, 5, 5), (32, 5, 5)), ("Conv2D(16, 1) on the way that gives 32 x 5 x 5",)),
        (AddInputs(), ((16,), (32,)), ("Linear(16) on the way that gives 32",)),
        (AddInputs(), ((3, 6, 6), (3, 8, 8)), ()),
        (AddInputs(), ((3, 8, 8), (3, 8, 8), (3, 4, 4)), ()),
        (AddInputs(), ((3, 8, 8), (192,)), ()),
        (ConcatChannels(), ((3, 8, 8), (4, 6, 7)), ("a crop of 3 x 8 x 8 to 6 x 7 (Skip with crop=True)",)),
        (ConcatChannels(), ((3, 8, 6), (4, 6, 8)), ()),
        (GateInputs(), ((40,), (50,), (50,)), ("Linear(50) in the body",)),
        (GateInputs(), ((4, 2, 2), (5, 2, 2), (3, 2, 2)), ("Conv2D(3, ...) in the body and gate",)),
        (GateInputs(), ((3, 2), (3, 4), (3, 4)), ()),
    ],
)
def test_repairs_of_joins(layer, inputs, words):
    assert layer.repairs(inputs) == words


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dropout(1), r"^Dropout: rate is 1, but must be a number at least 0 and below 1$"),
        (lambda: Dropout(-0.1), r"^Dropout: rate is -0.1, but must be a number at least 0 and below 1$"),
        (lambda: Dropout(math.nan), r"^Dropout: rate is nan"),
        (lambda: Dropout("0.5"), r"^Dropout: rate is '0.5'"),
        (lambda: LeakyReLU(10**400), r"^LeakyReLU: slope is 1000"),
        (lambda: LocalResponseNorm(k=0), r"^LocalResponseNorm: k is 0, but must be a number above 0$"),
        (lambda: LocalResponseNorm(size=0), r"^LocalResponseNorm: size is 0, but must be at least 1$"),
        (lambda: Linear(3, bias_start=math.inf), r"^Linear: bias_start is inf, but must be a number, and finite$"),
        (lambda: Linear(3, in_features=0), r"^Linear: in_features is 0, but must be at least 1$"),
        (lambda: Linear("ten"), r"^Linear: features is 'ten', but must be a whole number$"),
    ],
)
def test_settings_are_checked_on_construction(make, words):
    with pytest.raises(SettingError, match=words):
        make()
