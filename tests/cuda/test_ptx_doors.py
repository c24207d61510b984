"""The front functions with their kernels as compiled PTX, on arrays of the host that are taken for a device's."""

from types import SimpleNamespace

import numpy as np
import pytest

from minicnn import kernels
from minicnn.kernels.checks import arrays
from minicnn.kernels.cuda import memory

from .executed import Array, put, take_the_device

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def launched(monkeypatch):
    """The kernels that were launched, by name."""
    names = take_the_device(monkeypatch)
    empty = memory.empty
    monkeypatch.setattr(memory, "empty", lambda shape, dtype, what="", like=None: empty(shape, dtype))
    monkeypatch.setattr(memory, "to_device", lambda array, what="", like=None: put(array))
    monkeypatch.setattr(memory, "of_others", lambda array: array)
    monkeypatch.setattr(memory, "kept_copy", put)
    own = {
        "__cuda_ndarray__": True,
        "is_c_contiguous": lambda array: array.flags.c_contiguous,
        "device_ctypes_pointer": property(lambda array: SimpleNamespace(value=array.ctypes.data)),
        "__cuda_array_interface__": property(lambda array: array.__array_interface__),
    }
    for name, value in own.items():
        monkeypatch.setattr(Array, name, value, raising=False)
    monkeypatch.setattr(arrays, "_on_device", lambda value: isinstance(value, Array))
    return names


def drawn(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def same(got, expected, bound=0.0):
    assert type(got) is Array
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    assert np.allclose(got, expected, rtol=0, atol=bound * max(1, np.abs(expected).max()))


def test_convolution_by_tiles(launched):
    x, w, b, dy = drawn(3, 2, 6, 7), drawn(4, 1, 3, 2), drawn(4), drawn(3, 4, 6, 8)
    given = {"padding": 1, "groups": 2}
    same(kernels.conv2d(put(x), put(w), put(b), **given), kernels.conv2d(x, w, b, **given), 2e-5)
    same(kernels.conv2d_backward_input(put(dy), put(w), x.shape, **given), kernels.conv2d_backward_input(dy, w, x.shape, **given), 2e-5)
    same(kernels.conv2d_backward_weight(put(dy), put(x), w.shape, **given), kernels.conv2d_backward_weight(dy, x, w.shape, **given), 2e-5)
    assert len(launched["transpose"]) == 6
    assert not any("conv" in name for name in launched)


def test_a_transposed_view_goes_in_and_a_bias_is_spread_over_a_tile(launched):
    x, w, b = drawn(2, 6, 5, 3).transpose(0, 3, 2, 1), drawn(2, 3, 1, 3, 2, 2), drawn(2)
    turned = np.ascontiguousarray(x.T).view(Array).T
    same(kernels.tiled_conv2d(turned, put(w), put(b)), kernels.tiled_conv2d(x, w, b), 2e-5)
    assert len(launched["_copy"]) == 2


def test_textbook_loops(launched):
    x, w = drawn(2, 2, 5, 4), drawn(3, 2, 2, 2)
    given = {"algorithm": "textbook"}
    same(kernels.conv2d(put(x), put(w), **given), kernels.conv2d(x, w, **given))
    y, indices = kernels.max_pool2d(put(x), 2, return_indices=True)
    for got, expected in zip((y, indices), kernels.max_pool2d(x, 2, return_indices=True), strict=True):
        same(got, expected)
    same(kernels.max_pool2d_backward(y, indices, x.shape), kernels.max_pool2d_backward(*map(np.asarray, (y, indices)), x.shape))
    assert len(launched["_extremes"]) == 1
    assert {"conv2d_forward", "max_pool2d_forward", "max_pool2d_backward"} <= launched.keys()


def test_layers_whose_numbers_the_host_sees():
    x, labels, c = drawn(4, 3), np.array([0, 2, 2, 1], np.int32), drawn(3) ** 2
    assert kernels.softmax_cross_entropy(put(x), put(labels)) == pytest.approx(kernels.softmax_cross_entropy(x, labels), rel=1e-6)
    same(kernels.softmax_cross_entropy_backward(1, put(x), put(labels)), kernels.softmax_cross_entropy_backward(1, x, labels), 1e-6)
    for got, expected in zip(
        kernels.batch_norm_training(*map(put, (x, c, c, c, c))), kernels.batch_norm_training(x, c, c, c, c), strict=True
    ):
        same(got, expected, 1e-6)
    same(kernels.linear(put(x), put(x), put(c[:1].repeat(4))), kernels.linear(x, x, c[:1].repeat(4)), 2e-5)


def test_a_convolution_of_one_s_own():
    layer = kernels.variant(lambda k, q, c, s: (c, (q + s) % 5, k + s), input_shape=(1, 5), output_shape=(2, 5), taps=(1, 2), name="wrap")
    x, dy, weight = drawn(3, 1, 5), drawn(3, 2, 5), drawn(3)
    same(layer.forward(put(x), put(weight)), layer.forward(x, weight), 2e-5)
    same(layer.backward_input(put(dy), put(weight)), layer.backward_input(dy, weight), 2e-5)
    same(layer.backward_weight(put(dy), put(x)), layer.backward_weight(dy, x), 2e-5)
