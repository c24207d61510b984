"""Descriptions of layers: plain values that JSON holds, and back."""

import json
from dataclasses import dataclass

import pytest

from minicnn.errors import GraphError, SettingError
from minicnn.graph.wiring import wire
from minicnn.layers import (
    RBF,
    AdaptiveAvgPool3D,
    AdaptiveMaxPool2D,
    Add,
    AvgPool2D,
    BatchNorm1D,
    ChannelPool,
    Concat,
    Conv1D,
    Conv2D,
    Conv3D,
    ConvTranspose2D,
    Crop,
    Dropout,
    Flatten,
    GaussianPool1D,
    GlobalAvgPool,
    GlobalMaxPool,
    GroupNorm,
    Highway,
    InstanceNorm,
    L2Pool2D,
    LayerNorm,
    LeakyReLU,
    Linear,
    LocalResponseNorm,
    LogSoftmax,
    LpPool2D,
    MaxPool2D,
    MaxUnpool2D,
    Multiply,
    MultiplyInputs,
    Pad2D,
    PadShortcut,
    Permute,
    ReLU,
    Reshape,
    Residual,
    ScaledTanh,
    Sequential,
    Sigmoid,
    Skip,
    Softmax,
    StochasticDepth,
    Subsample2D,
    TableConv2D,
    Take,
    Upsample,
    Wired,
    build,
    describe,
    register,
)
from minicnn.layers.pointwise import Pointwise
from minicnn.layers.registry import TYPES, with_own

ELEMENTS = [
    Conv1D(3, 5, name="stem"),
    Conv2D(6, (3, 5), stride=(2, 1), padding=((0, 1), (2, 2)), dilation=2, groups=3, bias=False, flip=True, sharing=(2, 3)),
    Conv3D(6, 3, padding="same", sharing="unshared"),
    Conv2D(6, 3, padding=((0, 1), (2, 2)), padding_mode="reflect"),
    L2Pool2D(3, stride=2, padding=1, ceil_mode=True),
    LpPool2D(3, p=3.5, dilation=2),
    GaussianPool1D(5, sigma=1.5),
    ChannelPool(3, mode="l2"),
    AdaptiveMaxPool2D((3, 2)),
    AdaptiveAvgPool3D(2),
    GlobalMaxPool(),
    Sequential(MaxPool2D(2, name="pool1"), MaxUnpool2D("pool1")),
    Pad2D(((1, 2), (0, 3)), mode="replicate"),
    Multiply(Linear(3), Linear(3)),
    Softmax(),
    LogSoftmax(),
    Take((2, 0, 2), axis=3),
    Permute((2, 3, 1)),
    Permute((2, 1, 3), shape=(2, 3, 8)),
    Wired((ReLU(), Sigmoid(), MultiplyInputs()), ((0,), (0,), (1, 2)), outputs=(3,)),
    GroupNorm(3, eps=0.1),
    LayerNorm(),
    InstanceNorm(),
    MaxPool2D(3, stride=2, padding=1, ceil_mode=True),
    AvgPool2D((2, 3), count_padding=False),
    GlobalAvgPool(),
    Flatten(),
    Linear(10, bias=False),
    LeakyReLU(0.2),
    Dropout(0.25),
    LocalResponseNorm(3, k=1.0, alpha=0.5, beta=1.0),
    ConvTranspose2D(3, (2, 3), stride=2, output_padding=(1, 0), groups=3),
    Upsample((2, 3), mode="linear"),
    Crop(),
    Crop((4, 5)),
    Reshape((7, 7, 30)),
    BatchNorm1D(momentum=0.01),
    PadShortcut(32, stride=2),
    StochasticDepth(0.75),
    ScaledTanh(),
    RBF(2, ("#.", "##")),
    Subsample2D((2, 3)),
    TableConv2D(((0, 1), (2,)), 3, padding="same", bias=False),
    Linear(10, in_features=5, bias_start=-1.5),
    Highway(ReLU(), Sigmoid()),
    Skip(ReLU(), crop=False, name="skip"),
    Sequential(),
    Sequential(ReLU(), Residual(ReLU(), shortcut=Conv2D(3, 1)), Concat(ReLU(), Add(ReLU(), ReLU())), name="net"),
]


@pytest.mark.parametrize("element", ELEMENTS, ids=repr)
def test_round_trip_through_json(element):
    description = json.loads(json.dumps(describe(element)))
    assert build(description) == element
    assert repr(build(description)) == repr(element)


def test_what_stands_in_several_places_is_described_once():
    dense, relu = Linear(5), ReLU()
    block = Sequential(dense, relu)
    element = Sequential(block, dense, relu, Linear(5), Residual(block))
    description = json.loads(json.dumps(describe(element)))
    assert description["items"][0] == {
        "type": "Sequential",
        "name": None,
        "shared part": 3,
        "items": [describe(dense) | {"shared part": 1}, {"type": "ReLU", "name": None, "shared part": 2}],
    }
    assert description["items"][1:4] == [{"shared part": 1}, {"shared part": 2}, describe(Linear(5))]
    assert description["items"][4]["body"] == {"shared part": 3}
    again = build(description)
    assert again == element
    first, second, third, fourth, last = again.items
    assert first.items[0] is second
    assert first.items[1] is third
    assert last.body is first
    assert fourth is not second
    assert "shared part" not in describe(second)


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ({"shared part": 1}, r"^the shared part 1 is described nowhere before its second place$"),
        ({"shared part": []}, r"^the shared part \[\] is described nowhere"),
        (
            {"type": "Sequential", "items": [{"shared part": 1}, {"type": "ReLU", "shared part": 1}]},
            r"^the shared part 1 is described nowhere",
        ),
        ({"type": "Sequential", "items": [{"shared part": 1}], "shared part": 1}, r"^the shared part 1 is described nowhere"),
        ({"type": "ReLU", "shared part": "x"}, r"^ReLU: its 'shared part' is 'x', but must be a whole number of its own$"),
        (
            {"type": "Sequential", "items": [{"type": "ReLU", "shared part": 1}, {"type": "Tanh", "shared part": 1}]},
            r"^Tanh: its 'shared part' is 1, but must be",
        ),
        ({"type": "Conv4D"}, r"^there is no layer called 'Conv4D'\n  known are .*Conv1D, Conv2D"),
        ({"type": "Conv2D", "filters": 6}, r"^Conv2D: its settings do not fit: .*window"),
        ({"type": "ReLU", "power": 3}, r"^ReLU: its settings do not fit: .*power"),
        ({"type": "Sequential"}, r"^Sequential: its settings do not fit: 'items'"),
        ({"filters": 6}, r"^a layer is described by an object with a 'type'"),
        ([1, 2], r"^a layer is described by an object with a 'type'"),
    ],
)
def test_descriptions_that_are_not(description, words):
    with pytest.raises(GraphError, match=words):
        build(description)


def doubled(depth):
    """The description of parts that stand in each other twice: a few words for 2**depth layers."""
    part = {"type": "ReLU", "name": None, "shared part": 0}
    for number in range(1, depth + 1):
        part = {"type": "Sequential", "items": [part, {"shared part": number - 1}], "shared part": number}
    return part


def side_by_side(levels):
    """A list of parts, each the one before in another block: no description is deep, the last part is."""
    parts = [{"type": "ReLU", "shared part": 0}]
    parts += [{"type": "Sequential", "items": [{"shared part": n}], "shared part": n + 1} for n in range(levels)]
    return {"type": "Sequential", "items": [*parts[:levels], {"type": "Sequential", "items": [parts[levels]]}]}


@pytest.mark.parametrize("description", [doubled(22), doubled(13), doubled(60), side_by_side(98)], ids=["2**22", "2**13", "2**60", "deep"])
def test_few_words_for_more_parts_than_a_network_may_have(description):
    with pytest.raises(GraphError, match=r"^a network has at most 8,192 layers and blocks, nested at most 100 deep$"):
        build(description)


def test_what_a_description_may_stand_for():
    outer = build(doubled(12))
    assert outer.items[0] is outer.items[1]
    deep = build(side_by_side(97))
    assert build(json.loads(json.dumps(describe(deep)))) == deep


def test_settings_of_a_description_are_checked():
    with pytest.raises(SettingError, match="window is 0"):
        build({"type": "Conv2D", "filters": 6, "window": 0})


@pytest.fixture
def own_kinds():
    """Classes of a test are forgotten with it."""
    before = dict(TYPES)
    yield
    TYPES.clear()
    TYPES.update(before)


def own_layer(name="Mish", module=__name__, **options):
    return dataclass(frozen=True, repr=False)(type(Pointwise)(name, (Pointwise,), {"__module__": module}, **options))


def test_a_layer_of_ones_own_is_known_once_it_is_defined(own_kinds):
    mish = own_layer()
    assert build(json.loads(json.dumps(describe(mish())))) == mish()
    assert [step.name for step in wire(Sequential(mish(), mish()))[0]] == ["mish1", "mish2"]
    assert register(mish) is mish


def test_a_class_defined_again_in_its_module_replaces_the_first(own_kinds):
    first, second = own_layer(), own_layer()
    assert type(build(describe(first()))) is second


def test_a_class_of_the_same_name_from_elsewhere_is_an_error_that_says_where_the_other_is(own_kinds):
    with pytest.raises(
        SettingError, match=r"^there is already a layer called ReLU, from .*relu\.py\n  this one is from .*test_registry\.py\n"
    ):
        own_layer("ReLU")
    own_layer(module="__main__x")
    with pytest.raises(SettingError, match=r"^there is already a layer called Mish, from __main__x\n"):
        own_layer()


def test_a_class_that_is_not_registered_is_known_to_those_who_name_it(own_kinds):
    private = own_layer("ReLU", registered=False)
    described = {"type": "ReLU"}
    assert type(build(described)) is ReLU
    assert type(build(described, custom_objects=[private])) is private
    with pytest.raises(SettingError, match=r"^custom_objects holds 'Mish', but must list classes"):
        build(described, custom_objects=["Mish"])


def test_every_layer_is_at_the_front_door():
    import minicnn.layers

    own = {name for name, kind in TYPES.items() if kind.__module__.startswith("minicnn.layers.")}
    assert own <= set(vars(minicnn.layers))


@pytest.mark.parametrize("given", [None, ReLU])
def test_custom_objects_are_a_list(given):
    with pytest.raises(SettingError, match=r"but must be a list, as \[MyLayer, my_map\]"):
        with_own(given)
