"""Arguments in the forms people type them: one number for every axis, labels of any integer type, complex numbers."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import SettingError

X = {axes: np.random.default_rng(axes).standard_normal((2, 2, *(4,) * axes)) for axes in (1, 2, 3)}
W = {axes: np.random.default_rng(axes).standard_normal((2, 2, *(2,) * axes)) for axes in (1, 2, 3)}
LABELS = [2, 0, 1]


def unpooled(axes, shape):
    y, indices = getattr(kernels, f"max_pool{axes}d")(X[axes], (2,) * axes, return_indices=True)
    return getattr(kernels, f"max_unpool{axes}d")(y, indices, shape)


SETTINGS = {  # what a number is given for: the call with it, and the number
    "max_unpool: output_shape": (unpooled, 4),
    "conv: stride": (lambda axes, n: getattr(kernels, f"conv{axes}d")(X[axes], W[axes], stride=n), 2),
    "conv: padding": (lambda axes, n: getattr(kernels, f"conv{axes}d")(X[axes], W[axes], padding=n), 1),
    "conv: dilation": (lambda axes, n: getattr(kernels, f"conv{axes}d")(X[axes], W[axes], dilation=n), 2),
    "conv_transpose: stride": (lambda axes, n: getattr(kernels, f"conv_transpose{axes}d")(X[axes], W[axes], stride=n), 2),
    "conv_transpose: padding": (lambda axes, n: getattr(kernels, f"conv_transpose{axes}d")(X[axes], W[axes], padding=n), 1),
    "conv_transpose: output_padding": (
        lambda axes, n: getattr(kernels, f"conv_transpose{axes}d")(X[axes], W[axes], stride=2, output_padding=n),
        1,
    ),
    "max_pool: window": (lambda axes, n: getattr(kernels, f"max_pool{axes}d")(X[axes], n), 2),
    "max_pool: stride": (lambda axes, n: getattr(kernels, f"max_pool{axes}d")(X[axes], 3, stride=n), 1),
    "avg_pool: padding": (lambda axes, n: getattr(kernels, f"avg_pool{axes}d")(X[axes], 3, padding=n), 1),
    "l2_pool: window": (lambda axes, n: getattr(kernels, f"l2_pool{axes}d")(X[axes], n), 2),
    "lp_pool: dilation": (lambda axes, n: getattr(kernels, f"lp_pool{axes}d")(X[axes], 2, dilation=n), 2),
    "gaussian_pool: window": (lambda axes, n: getattr(kernels, f"gaussian_pool{axes}d")(X[axes], n), 3),
    "adaptive_max_pool: output_size": (lambda axes, n: getattr(kernels, f"adaptive_max_pool{axes}d")(X[axes], n), 3),
    "adaptive_avg_pool: output_size": (lambda axes, n: getattr(kernels, f"adaptive_avg_pool{axes}d")(X[axes], n), 3),
    "upsample: scale": (lambda axes, n: getattr(kernels, f"upsample{axes}d")(X[axes], n), 2),
    "upsample_backward: scale": (lambda axes, n: getattr(kernels, f"upsample{axes}d_backward")(X[axes], n), 2),
}


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_number_means_every_axis(setting, axes):
    call, number = SETTINGS[setting]
    once, each = call(axes, number), call(axes, (number,) * axes)
    assert np.array_equal(once, each)
    assert np.array_equal(call(axes, [np.int32(number)] * axes), each)


def test_a_shape_may_be_an_array():
    assert np.array_equal(unpooled(2, np.array([4, 4])), unpooled(2, 4))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_labels_of_any_integer_type_are_taken(kind):
    logits, labels = np.random.default_rng(0).standard_normal((3, 3)).astype(np.float32), np.array(LABELS, kind)
    assert kernels.softmax_cross_entropy(logits, labels) == kernels.softmax_cross_entropy(logits, LABELS)
    assert np.array_equal(
        kernels.softmax_cross_entropy_backward(1.0, logits, labels), kernels.softmax_cross_entropy_backward(1.0, logits, LABELS)
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda x: kernels.conv1d(x, W[1]),
        lambda x: kernels.relu(x),
        lambda x: kernels.max_pool1d(x, 2),
        lambda x: kernels.global_avg_pool(x),
    ],
)
def test_complex_numbers_are_not_halved_unasked(call):
    with pytest.raises(SettingError, match=r"x is complex128, .*\n  use abs\(x\), or x.real and x.imag as two channels, in float32$"):
        call(X[1] * 1j)


class Late:
    """Like an array, but a handler of a signal raises while it is read."""

    def __array__(self, *_, **__):
        raise TimeoutError("too late")


def test_what_a_handler_raises_while_an_argument_is_read_stays_what_it_is():
    with pytest.raises(TimeoutError, match="too late"):
        kernels.relu(Late())
