"""Pooling of every kind beside maximum and mean, unpooling, padding, normalization in one image: shapes, and the words of errors."""

import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import GraphError, SettingError, ShapeError


@pytest.mark.parametrize(
    ("layer", "shape", "out"),
    [
        (L.L2Pool2D(2, ceil_mode=True), (1, 5, 7), (1, 3, 4)),
        (L.GaussianPool1D(3, stride=2, padding=1), (4, 9), (4, 5)),
        (L.ChannelPool(4), (8, 3, 2), (2, 3, 2)),
        (L.ChannelPool(4), (8,), (2,)),
        (L.AdaptiveMaxPool2D((3, 1)), (2, 7, 5), (2, 3, 1)),
        (L.AdaptiveAvgPool3D(4), (2, 3, 4, 5), (2, 4, 4, 4)),
        (L.GlobalMaxPool(), (16, 4, 5), (16,)),
        (L.Softmax(), (3, 4, 5), (3, 4, 5)),
        (L.GroupNorm(2), (4, 3), (4, 3)),
        (L.Pad2D(((1, 0), (0, 2)), mode="circular"), (2, 3, 4), (2, 4, 6)),
        (L.Upsample(size=(5, 2)), (2, 3, 4), (2, 5, 2)),
        (L.Conv2D(3, 3, padding="same", padding_mode="reflect"), (2, 5, 5), (3, 5, 5)),
    ],
    ids=repr,
)
def test_output_shapes(layer, shape, out):
    assert layer.output_shapes("layer1", (shape,)) == (out,)
    assert minicnn.Graph(layer, shape).output_shape == out


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (
            L.ChannelPool(4),
            (6, 2),
            r"^pool1 .* pools 4 channels into one, but gets 6\n  input  6 x 2\n  use a size of 1, 2, 3 or 6, or a multiple of 4",
        ),
        (
            L.GroupNorm(4),
            (6, 2),
            r"^norm1 .* splits its input into 4 groups, but gets 6 channels\n  input  6 x 2\n  use 1, 2, 3 or 6 groups",
        ),
        (
            L.Pad2D(5, mode="circular"),
            (1, 4, 9),
            r"^pad1 .* adds 5 rows to 4, but circular padding has at most 4 to repeat\n  input  1 x 4 x 9\n  use",
        ),
        (L.Conv1D(2, 9, padding=4, padding_mode="reflect"), (1, 4), r"^pad1 .* adds 4 columns to 4, but reflect padding has at most 3"),
        (L.Upsample(size=(5, 2)), (2, 4), r"^up1 .* gives 2 axes, but gets 2 x 4: channels and 1"),
    ],
)
def test_shapes_that_do_not_fit(layer, shape, words):
    with pytest.raises(ShapeError, match=words):
        minicnn.Graph(layer, shape)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: L.ChannelPool(2, mode="mean"), r"^ChannelPool: mode 'mean' is not one of max, avg, l2"),
        (lambda: L.GaussianPool2D(3, sigma=0), r"^GaussianPool2D: sigma is 0, but must be a number above 0"),
        (
            lambda: L.Conv2D(3, 3, padding_mode="circle"),
            r"^Conv2D: padding_mode 'circle' is not one of zeros, circular, reflect, replicate",
        ),
        (lambda: L.Pad2D("same"), r"^Pad2D: padding is 'same', but must be a number"),
        (lambda: L.Upsample(), r"^Upsample needs its scale or its size, but gets neither\n  use Upsample\(2\)"),
        (lambda: L.Upsample(2, size=4), r"^Upsample needs its scale or its size, but gets both"),
        (lambda: L.Upsample(2, align_corners=True), r"^Upsample: align_corners is for mode 'linear', but mode is 'nearest'$"),
        (lambda: L.MaxUnpool2D(2), r"^MaxUnpool2D: pool is 2, but must be the name of a max pooling\n  write MaxPool2D"),
    ],
)
def test_settings_are_checked_on_construction(call, words):
    with pytest.raises(SettingError, match=words):
        call()


@pytest.mark.parametrize(
    ("items", "error", "words"),
    [
        ((L.MaxPool2D(2), L.MaxUnpool2D("pool1")), GraphError, r"^no layer before it is called 'pool1'\n  give the layer its name"),
        ((L.MaxPool2D(2, name="a"), L.MaxUnpool2D("b")), GraphError, r"^no layer before it is called 'b'\n  named are a$"),
        ((L.AvgPool2D(2, name="a"), L.MaxUnpool2D("a")), GraphError, r"^MaxUnpool2D: a is a AvgPool2D, but must be a MaxPool2D$"),
        (
            (L.MaxPool2D(2, name="a"), L.Conv2D(5, 1), L.MaxUnpool2D("a")),
            ShapeError,
            r"^unpool1 .* needs an input of the shape that a gives, 3 x 4 x 4, but gets 5 x 4 x 4",
        ),
    ],
)
def test_unpooling_that_finds_no_pooling(items, error, words):
    with pytest.raises(error, match=words):
        minicnn.Graph(L.Sequential(*items), (3, 8, 8))


def test_unpooling_finds_the_pooling_of_its_own_named_block():
    stage = L.Sequential(L.MaxPool2D(2, name="pool"), L.ReLU(), L.MaxUnpool2D("pool"))
    outer = L.Sequential(L.MaxPool2D(1, name="pool"), L.Sequential(stage, L.Tanh(), name="inner"), L.MaxUnpool2D("pool"))
    rows = {row.name: row.inputs for row in minicnn.Graph(outer, (3, 8, 8)).summary().layers}
    assert rows["inner.unpool1"] == ("inner.relu1", "pool")
    assert rows["unpool1"] == ("inner.tanh1", "input")


def test_one_convolution_in_two_places_has_one_padding_and_one_weight():
    conv = L.Conv2D(2, 3, padding=1, padding_mode="circular", name="conv")
    net = minicnn.Graph(L.Sequential(conv, L.ReLU(), conv), (2, 5, 5))
    assert [row.name for row in net.summary().layers] == ["pad1", "conv", "relu1", "pad2", "conv2"]
    assert list(net.parameters) == ["conv.weight", "conv.bias"]
