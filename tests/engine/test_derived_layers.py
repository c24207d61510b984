"""A layer without steps of its own runs the loops that define it: every layer of ours that is a loop, its steps taken away."""

from dataclasses import dataclass

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.engine import inference_plan
from minicnn.engine.operations import operation
from minicnn.errors import GraphError, SettingError, ShapeError

LAYERS = [
    L.Conv2D(6, 3, stride=2, padding=1, groups=3),
    L.Conv2D(4, 3, padding="same", dilation=2, bias=False),
    L.Conv2D(4, (3, 2), flip=True),
    L.Conv2D(4, 3, sharing=2),
    L.Conv2D(2, 3, sharing="unshared", bias=False),
    L.ConvTranspose2D(6, 3, stride=2, groups=3),
    L.ConvTranspose2D(2, (4, 2), stride=3, padding="same"),
    L.ConvTranspose2D(2, 3, stride=2, padding=((2, 0), (0, 1)), output_padding=1),
    L.MaxPool2D(3, stride=2, padding=1),
    L.AvgPool2D(3, padding=1, count_padding=False),
    L.GlobalAvgPool(),
    L.Upsample(2),
    L.Upsample((3, 2), mode="linear"),
    L.Upsample(size=(13, 5)),
    L.Upsample(size=(13, 5), mode="linear"),
    L.Upsample(size=(5, 17), mode="linear", align_corners=True),
    L.LocalResponseNorm(3),
    L.Linear(5),
    L.Linear(5, bias=False),
    L.ReLU(),
    L.LeakyReLU(0.1),
    L.Tanh(),
    L.Sigmoid(),
    L.ScaledTanh(),
    L.RBF(5),
    L.Subsample2D(2),
    L.Subsample2D(3, stride=2),
    L.TableConv2D(((0, 1), (2,), (0, 2)), 3, padding=1),
    L.TableConv2D(((2, 0), (1,)), 3, stride=2, bias=False),
    L.Crop((4, 5)),
    L.PadShortcut(5, stride=2),
    L.L2Pool2D(3, stride=2, padding=1),
    L.L2Pool2D((2, 3), ceil_mode=True),
    L.LpPool2D(3, p=3.5, stride=2, padding=1),
    L.LpPool2D(2, stride=1, dilation=2, ceil_mode=True),
    L.AvgPool2D(2, dilation=2, padding=1, count_padding=False),
    L.GaussianPool2D(3, stride=2, padding=1),
    L.GaussianPool2D((2, 3), stride=1, sigma=0.8),
    L.ChannelPool(3),
    L.ChannelPool(3, mode="avg"),
    L.ChannelPool(3, mode="l2"),
    L.AdaptiveMaxPool2D((4, 3)),
    L.AdaptiveAvgPool2D((10, 3)),
    L.GlobalMaxPool(),
    L.Softmax(),
    L.LogSoftmax(),
    L.Take((2, 0, 2), axis=2),
    L.Permute((2, 3, 1)),
    L.GroupNorm(3),
    L.GroupNorm(1, eps=0.1),
    L.LayerNorm(),
    L.InstanceNorm(eps=0.1),
    L.Pad2D(((2, 1), (0, 3))),
    L.Pad2D(2, mode="circular"),
    L.Pad2D((3, 1), mode="reflect"),
    L.Pad2D(2, mode="replicate"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_derived_steps_agree_with_the_loops(layer, monkeypatch):
    kept = {kind: steps for kind, steps in operation.CPU.own.items() if kind is L.Layer or not isinstance(layer, kind)}
    monkeypatch.setattr(operation.CPU, "own", kept)
    flat = isinstance(layer, L.Linear | L.RBF)
    net = minicnn.Graph(
        L.Sequential(L.Conv2D(3, 1, bias=False), *[L.Flatten()] * flat, layer, *[L.Flatten(), L.Linear(5)] * (not flat)), (2, 9, 8)
    )
    x, labels = np.random.default_rng(0).standard_normal((37, 2, 9, 8)).astype(np.float32), np.arange(37) % 5
    assert layer.loops().forward.format(n=2) in inference_plan(net, 37, False, (1, 1), (0, 0)).program.names
    np.testing.assert_allclose(net.forward(x), net.forward(x.astype(np.float64)), atol=2e-6)
    (loss, gradients), (exact_loss, exact) = net.backward(x, labels), net.backward(x.astype(np.float64), labels)
    assert loss == pytest.approx(exact_loss, rel=1e-6)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, exact[name], atol=1e-5 * abs(exact[name]).max(), err_msg=name)


def rename(y, x, power):
    for i in range(x.size):
        y.flat[i] = x.flat[i] ** power


class WithoutLoops(L.Layer):
    pass


class AskingForMore(L.Layer):
    forward = rename


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_that_cannot_be_run_say_why(dtype):
    x = np.zeros((2, 3), dtype)
    with pytest.raises(GraphError, match=r"^withoutloops1: WithoutLoops has no loops, so that it cannot be run\n  give the class"):
        minicnn.Graph(WithoutLoops(), (3,)).forward(x)
    with pytest.raises(
        GraphError, match=r"^askingformore1: the loop rename of AskingForMore asks for 'power', which is no array or setting"
    ):
        minicnn.Graph(AskingForMore(), (3,)).forward(x)


def difference(y, x1, x2, scale):
    for i in range(y.size):
        y.flat[i] = scale * (x1.flat[i] - x2.flat[i])


def difference_backward(dx1, dx2, dy, scale):
    for i in range(dy.size):
        dx1.flat[i] = scale * dy.flat[i]
        dx2.flat[i] = -scale * dy.flat[i]


@dataclass(frozen=True)
class Difference(L.Layer):
    scale: float
    forward, backward = difference, difference_backward

    def output_shapes(self, where, inputs):
        return (inputs[0],)


@dataclass(frozen=True)
class Contrast(L.Block):
    left: L.Element
    right: L.Element

    def wire(self, wiring, *values):
        return wiring.place(Difference(0.5), *wiring.place(self.left, *values), *wiring.place(self.right, *values))


def test_a_layer_of_several_inputs():
    net = minicnn.Graph(L.Sequential(Contrast(L.Conv2D(3, 3), L.Conv2D(3, 3)), L.Flatten(), L.Linear(4)), (2, 6, 5))
    assert max(net.check_gradient().values()) < 1e-6
    x, labels = np.random.default_rng(0).standard_normal((20, 2, 6, 5)).astype(np.float32), np.arange(20) % 4
    gradients, exact = net.backward(x, labels)[1], net.backward(x.astype(np.float64), labels)[1]
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, exact[name], atol=1e-5 * abs(exact[name]).max(), err_msg=name)


@pytest.mark.parametrize("block", [L.Add, L.Concat])
def test_three_inputs_meet_by_a_loop_for_two(block):
    net = minicnn.Graph(L.Sequential(block(*(L.Conv2D(3, 3) for _ in range(3))), L.Flatten(), L.Linear(2)), (2, 5, 4))
    assert max(net.check_gradient().values()) < 1e-6
    x = np.random.default_rng(0).standard_normal((5, 2, 5, 4))
    np.testing.assert_allclose(net.forward(x.astype(np.float32)), net.forward(x), atol=2e-6)


def doubled(y, x):
    N, C, H, W = y.shape
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for w in range(W):
                    y[n, c, h, w] = 2 * x[n, c, h, w]


def printed(y, x):
    for i in range(x.size):
        print(x.flat[i])
        y.flat[i] = x.flat[i]


class OfMaps(L.Layer):
    forward = doubled


class Printing(L.Layer):
    forward = printed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loops_that_do_not_fit_say_why(dtype):
    assert (minicnn.Graph(OfMaps(), (1, 2, 3)).forward(np.ones((4, 1, 2, 3), dtype)) == 2).all()
    with pytest.raises(
        ShapeError,
        match=r"^ofmaps1: the loop doubled of OfMaps has 4 axes for [xy], but here it has 2\n  [xy]  N x 3, where N counts images",
    ):
        minicnn.Graph(OfMaps(), (3,)).forward(np.ones((2, 3), dtype))
    with pytest.raises(SettingError, match=r"test_derived_layers\.py:\d+: "):
        minicnn.Graph(Printing(), (3,)).forward(np.ones((2, 3), dtype))


def test_a_wrong_gradient_is_found():
    @dataclass(frozen=True)
    class Halved(L.Layer, registered=False):
        forward = doubled

        @staticmethod
        def backward(dx, dy):
            for i in range(dy.size):
                dx.flat[i] = dy.flat[i]

    assert minicnn.Graph(Halved(), (2, 3, 3)).check_gradient()["x"] == pytest.approx(1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_that_no_loop_writes_is_an_error(dtype):
    with pytest.raises(GraphError, match=r"^ofmaps1: training needs dx, but no loop in the backward of OfMaps writes it$"):
        minicnn.Graph(L.Sequential(L.Conv2D(2, 1), OfMaps(), L.Flatten()), (1, 2, 3)).backward(
            np.ones((4, 1, 2, 3), dtype), np.zeros(4, int)
        )


CELL = """
from minicnn import layers as L

def forward(y, x):
    for i in range(x.size):
        y.flat[i] = {factor} * x.flat[i]

class Times(L.Layer):
    forward = forward
"""


def test_a_cell_run_again_gives_the_new_layer(tmp_path):
    x = np.ones((2, 3), np.float32)
    for number, factor in enumerate((2, 3)):
        file = tmp_path / f"cell{number}.py"
        file.write_text(CELL.format(factor=factor), encoding="utf-8")
        space = {"__name__": "a_notebook"}
        exec(compile(file.read_text(), str(file), "exec"), space)
        net = minicnn.Graph(space["Times"](), (3,))
        net.save(tmp_path / "net.safetensors")
        for each in (net, minicnn.load(tmp_path / "net.safetensors")):
            assert (each.forward(x) == factor).all()
            assert (each.forward(x.astype(np.float64)) == factor).all()


def jumping(y, x):
    N, F = x.shape
    for n in range(N):
        for f in range(F):
            y[n, f] = x[n, int(x[n, 0])]


def jumping_where_positive(y, x):
    N, F = x.shape
    for n in range(N):
        for f in range(F):
            y[n, f] = 0.0
            if x[n, f] > 100.0:
                y[n, f] = x[n, f + 500]


def guarded(y, x):
    N, F = x.shape
    for n in range(N):
        for f in range(F):
            y[n, f] = 0.0
            place = int(x[n, 0])
            if 0 <= place < F:
                y[n, f] = x[n, place]


@pytest.mark.parametrize("loop", [jumping, jumping_where_positive])
def test_values_that_lead_out_of_an_array_are_an_error(loop):
    class Jumping(L.Layer, registered=False):
        forward = loop

    net, x = minicnn.Graph(Jumping(), (64,)), np.zeros((20, 64), np.float32)
    assert (net.forward(x) == 0).all()
    x[17, 0] = 500
    with pytest.raises(ShapeError, match=r"^jumping1: \S+test_derived_layers\.py:\d+: x\[n, .*\] lies outside of the array") as error:
        net.forward(x)
    assert "memory" not in str(error.value)
    assert (net.forward(x[:17]) == 0).all()


def test_places_that_are_asked_for_first_may_depend_on_values():
    class Guarded(L.Layer, registered=False):
        forward = guarded

    x = np.zeros((20, 64), np.float32)
    x[:, 0] = np.arange(20) * 7
    x[3, 21] = 5
    y = minicnn.Graph(Guarded(), (64,)).forward(x)
    assert (y[3] == 5).all()
    assert (y[19] == 0).all()


def all_but_the_last(y, x):
    N, F = x.shape
    for n in range(N):
        for f in range(F - 1):
            y[n, f] = x[n, f]


def halves(y, x):
    for i in range(x.size):
        y.flat[i] = x.flat[i // 2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("loop", "error", "message"),
    [
        (all_but_the_last, ShapeError, r"all_but_the_last leaves \d+ of \d+ places of y unwritten.*y\[0, 7\] is the first"),
        (halves, SettingError, r"of image i // 2, but images of a batch do not see each other"),
    ],
)
def test_loops_that_mean_nothing_for_a_batch_are_refused(loop, error, message, dtype):
    class Wrong(L.Layer, registered=False):
        forward = loop

    with pytest.raises(error, match=message):
        minicnn.Graph(Wrong(), (8,)).forward(np.ones((3, 8), dtype))


def longer_where_large(y, x):
    for i in range(y.size):
        y.flat[i] = 1.0
        if y.flat[i] > 100.0:
            y.flat[i] = x.flat[i]


def test_arrays_walked_by_flat_are_of_one_size():
    class Longer(L.Layer, registered=False):
        forward = longer_where_large

        def output_shapes(self, where, inputs):
            return ((12,),)

    with pytest.raises(
        ShapeError, match=r"^longer1: the loop longer_where_large walks arrays by \.flat that differ in size\n  y  12\n  x  8"
    ):
        minicnn.Graph(Longer(), (8,)).forward(np.ones((3, 8), np.float32))


FACTOR = 3.0


def neighbour(x, n, f, F):
    return FACTOR * x[n, f] if f < F else 0.0


def inside(value):
    return value + 1.0


def with_helpers(y, x):
    N, F = x.shape
    for n in range(N):
        for f in range(F):
            y[n, f] = inside(neighbour(x, n, f + 1, F))


def test_a_loop_may_call_functions_one_of_them_by_our_name():
    class Helped(L.Layer, registered=False):
        forward = with_helpers

    x = np.random.default_rng(0).standard_normal((20, 7)).astype(np.float32)
    wanted = 3 * np.pad(x[:, 1:], ((0, 0), (0, 1))) + 1
    net = minicnn.Graph(Helped(), (7,))
    np.testing.assert_allclose(net.forward(x), wanted, rtol=1e-6)
    np.testing.assert_allclose(net.forward(x.astype(np.float64)), wanted, rtol=1e-6)
