"""Wrong calls of the convolution functions by name: where, both values, the shapes with their letters, what would fit."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import SettingError, ShapeError

X, W = np.zeros((2, 3, 6, 6), np.float32), np.zeros((4, 3, 3, 3), np.float32)
DY, B = np.zeros((2, 4, 4, 4), np.float32), np.zeros(4, np.float32)
TILED, UNSHARED = np.zeros((4, 2, 2, 3, 3, 3), np.float32), np.zeros((4, 4, 4, 3, 3, 3), np.float32)
SPREAD = np.zeros((3, 4, 3, 3), np.float32)


class Tensor:
    """A foreign array that refuses to be read."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("can't call numpy() on a tensor that requires grad")


def check(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.conv2d(X, W[:, :1]),
            ShapeError,
            r"^conv2d: x has 3 channels, but weight was made for 1"
            r"\n  x       \(2, 3, 6, 6\)  N C H W\n  weight  \(4, 1, 3, 3\)  K C/G R S$",
        ),
        (lambda: kernels.conv2d(X, W[:3], groups=3), ShapeError, r"^conv2d: x has 3 channels, but weight was made for 9\n(.|\n)*   G = 3$"),
        (
            lambda: kernels.conv2d(X, W, groups=2),
            ShapeError,
            r"^conv2d: 3 channels and 4 filters do not both divide into 2 groups\n  x       \(2, 3, 6, 6\)  N C H W\n  weight  ",
        ),
        (lambda: kernels.conv2d(X[0], W), ShapeError, r"^conv2d: x has 3 axes, but needs 4\n  x  \(3, 6, 6\)\n  wanted  \(N, C, H, W\)$"),
        (lambda: kernels.conv2d(X, W[0]), ShapeError, r"^conv2d: weight has 3 axes, but needs 4\n(.|\n)*wanted  \(K, C/G, R, S\)$"),
        (lambda: kernels.conv3d(X, W), ShapeError, r"^conv3d: x has 4 axes, but needs 5\n(.|\n)*\(N, C, D, H, W\)$"),
        (
            lambda: kernels.conv2d(X, np.zeros((4, 3, 7, 3), np.float32)),
            ShapeError,
            r"^conv2d: a filter that spans 7 rows does not fit into 6 with padding 0 and 0\n(.|\n)*\n  use more padding, or an input of at least",
        ),
        (
            lambda: kernels.conv2d(X, W, dilation=(1, 3)),
            ShapeError,
            r"^conv2d: a filter that spans 7 columns does not fit into 6 with padding",
        ),
        (lambda: kernels.conv2d(X, W[:0]), ShapeError, r"^conv2d: weight has the shape \(0, 3, 3, 3\), but every size must be at least 1$"),
        (lambda: kernels.conv2d(X[:, :0], W), ShapeError, r"^conv2d: x has 0 channels, but weight was made for 3\n"),
        (lambda: kernels.conv2d(X, W, B[:3]), ShapeError, r"^conv2d: bias has the shape \(3,\), but needs \(4,\)$"),
        (
            lambda: kernels.conv2d(X, W, 1.0),
            SettingError,
            r"^conv2d: x is float32, weight is float32, bias is float64, but all must be of one",
        ),
        (
            lambda: kernels.conv2d(X.astype(np.float16), W),
            SettingError,
            r"^conv2d: x is float16, but must be float32 or float64\n  use x.astype\('float32'\)$",
        ),
        (
            lambda: kernels.conv2d(X, W.astype(int)),
            SettingError,
            r"^conv2d: weight is int64, but must be float32 or float64\n  use weight.ast",
        ),
        (lambda: kernels.conv2d(X, W.astype(complex)), SettingError, r"^conv2d: weight is complex128, but"),
        (
            lambda: kernels.conv2d(X, W.astype(np.float64)),
            SettingError,
            r"^conv2d: x is float32, weight is float64, but all must be of one type\n  use astype on one of them$",
        ),
        (
            lambda: kernels.conv2d(X.astype(X.dtype.newbyteorder()), W),
            SettingError,
            r"^conv2d: x is in the byte order of another machine\n",
        ),
        (lambda: kernels.conv2d(None, W), SettingError, r"^conv2d: x is a NoneType, but must be an array of float32 or float64$"),
        (lambda: kernels.conv2d([[1.0], [2.0, 3.0]], W), SettingError, r"^conv2d: x cannot be read as an array: "),
        (
            lambda: kernels.conv2d(Tensor(), W),
            SettingError,
            r"^conv2d: x cannot be read as an array: can't call numpy\(\) on a tensor that re",
        ),
        (lambda: kernels.conv2d(X, W, stride=0), SettingError, r"^conv2d: stride is 0, but must be at least 1$"),
        (lambda: kernels.conv2d(X, W, stride=1.0), SettingError, r"^conv2d: stride is 1.0, but must be a whole number$"),
        (
            lambda: kernels.conv2d(X, W, stride=(1, 2, 3)),
            SettingError,
            r"^conv2d: stride \(1, 2, 3\) has 3 entries, but there are 2 axes\n  u",
        ),
        (lambda: kernels.conv2d(X, W, dilation=True), SettingError, r"^conv2d: dilation is True, but must be a whole number$"),
        (lambda: kernels.conv2d(X, W, dilation=2**31), SettingError, r"^conv2d: dilation is 2147483648, more than 2147483647$"),
        (lambda: kernels.conv2d(X, W, groups=0), SettingError, r"^conv2d: groups is 0, but must be at least 1$"),
        (lambda: kernels.conv2d(X, W, groups=(1, 1)), SettingError, r"^conv2d: groups is \(1, 1\), but must be a whole number$"),
        (lambda: kernels.conv2d(X, W, padding=-1), SettingError, r"^conv2d: padding is -1, but must be at least 0$"),
        (
            lambda: kernels.conv2d(X, W, padding="reflect"),
            SettingError,
            r"^conv2d: padding 'reflect' is not one of valid, same, same_lower, full, a numbe",
        ),
        (
            lambda: kernels.conv2d(X, W, padding=(1, 2, 3)),
            SettingError,
            r"^conv2d: padding \(1, 2, 3\) has 3 entries, but there are 2 axes\n",
        ),
        (
            lambda: kernels.conv2d(X, W, padding=((1, 2, 3), 1)),
            SettingError,
            r"^conv2d: padding .*: \(1, 2, 3\) is not a \(before, after\) pa",
        ),
        (lambda: kernels.conv2d(X, W, padding=2**31 - 1), ShapeError, r"^conv2d: a result of the shape .* GiB are free$"),
        (lambda: kernels.conv2d(X, W, flip=1), SettingError, r"^conv2d: flip is 1, but must be True or False$"),
    ],
)
def test_ordinary(call, error, words):
    check(call, error, words)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.conv2d_backward_input(DY[..., :3], W, X.shape),
            ShapeError,
            r"^conv2d_backward_input: dy has the shape \(2, 4, 4, 3\), but needs \(2, 4, 4, 4\)\n  dy  \(2, 4, 4, 3\)\n  wanted  .*  N K P Q$",
        ),
        (lambda: kernels.conv2d_backward_input(DY, W, X.shape, stride=2), ShapeError, r"but needs \(2, 4, 2, 2\)"),
        (
            lambda: kernels.conv2d_backward_input(DY, W, (3, 6, 6)),
            ShapeError,
            r"^conv2d_backward_input: x_shape \(3, 6, 6\) has 3 sizes, but needs 4: N C H W$",
        ),
        (
            lambda: kernels.conv2d_backward_input(DY, W, 6),
            ShapeError,
            r"^conv2d_backward_input: x_shape is 6, but must be a shape \(N, C, H, W\)$",
        ),
        (
            lambda: kernels.conv2d_backward_input(DY, W, (2, 3, 6, -6)),
            SettingError,
            r"^conv2d_backward_input: x_shape W is -6, but must be at",
        ),
        (
            lambda: kernels.conv2d_backward_input(DY, W, (2, 3, 6, 6.0)),
            SettingError,
            r"^conv2d_backward_input: x_shape W is 6.0, but must be",
        ),
        (
            lambda: kernels.conv2d_backward_input(DY.astype(np.float64), W, X.shape),
            SettingError,
            r"^conv2d_backward_input: dy is float64, wei",
        ),
        (
            lambda: kernels.conv2d_backward_weight(DY, X, W.shape[1:]),
            ShapeError,
            r"^conv2d_backward_weight: weight_shape \(3, 3, 3\) has 3 si",
        ),
        (
            lambda: kernels.conv2d_backward_weight(DY, X, (4, 2, 3, 3)),
            ShapeError,
            r"^conv2d_backward_weight: x has 3 channels, but weight was",
        ),
        (
            lambda: kernels.conv2d_backward_weight(DY[:1], X, W.shape),
            ShapeError,
            r"^conv2d_backward_weight: dy has the shape \(1, 4, 4, 4\),",
        ),
        (
            lambda: kernels.conv2d_backward_weight(DY, X, "4333"),
            ShapeError,
            r"^conv2d_backward_weight: weight_shape is '4333', but must be a",
        ),
        (lambda: kernels.conv2d_backward_bias(DY[0]), ShapeError, r"^conv2d_backward_bias: dy has 3 axes, but needs 4\n"),
        (lambda: kernels.conv2d_backward_bias(DY.astype(bool)), SettingError, r"^conv2d_backward_bias: dy is bool, but"),
    ],
)
def test_gradients(call, error, words):
    check(call, error, words)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kernels.conv_transpose2d(X, W),
            ShapeError,
            r"^conv_transpose2d: x has 3 channels, but weight was made for 4"
            r"\n  x       \(2, 3, 6, 6\)  N C H W\n  weight  \(4, 3, 3, 3\)  C K/G R S$",
        ),
        (lambda: kernels.conv_transpose2d(X, SPREAD, groups=2), ShapeError, r"^conv_transpose2d: 3 channels do not divide into 2 groups\n"),
        (
            lambda: kernels.conv_transpose2d(X, SPREAD, padding="full"),
            SettingError,
            r"^conv_transpose2d: padding 'full' is not one of valid, same, a number of pixels to cut off the output",
        ),
        (
            lambda: kernels.conv_transpose2d(X, SPREAD, padding=4),
            ShapeError,
            r"^conv_transpose2d: padding 4 crops all rows of an output of 8\n(.|\n)*\n  use a padding of at most 3$",
        ),
        (
            lambda: kernels.conv_transpose2d(X, SPREAD, stride=2, output_padding=2),
            SettingError,
            r"^conv_transpose2d: output_padding 2 must be below the larger of stride 2 and dilation 1\n  use at most 1$",
        ),
        (
            lambda: kernels.conv_transpose2d(X[:, :, :0], SPREAD),
            ShapeError,
            r"^conv_transpose2d: x has no rows, so there is nothing to sprea",
        ),
        (
            lambda: kernels.conv_transpose2d(X, SPREAD, B[:3]),
            ShapeError,
            r"^conv_transpose2d: bias has the shape \(3,\), but needs \(4,\)$",
        ),
        (lambda: kernels.conv_transpose2d(X, SPREAD, stride=2**31 - 1), ShapeError, r"^conv_transpose2d: a result of the shape"),
        (
            lambda: kernels.conv_transpose2d_backward_input(DY, SPREAD, X.shape),
            ShapeError,
            r"^conv_transpose2d_backward_input: dy has the shape \(2, 4, 4, 4\), but needs \(2, 4, 8, 8\)\n",
        ),
        (
            lambda: kernels.conv_transpose2d_backward_weight(DY, X, (3, 4, 3)),
            ShapeError,
            r"weight_shape \(3, 4, 3\) has 3 sizes, but needs 4:",
        ),
    ],
)
def test_transposed(call, error, words):
    check(call, error, words)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.tiled_conv2d(X, W), ShapeError, r"^tiled_conv2d: weight has 4 axes, but needs 6\n(.|\n)*\(K, U, V, C/G, R, S\)$"),
        (
            lambda: kernels.tiled_conv2d(X, TILED, np.zeros((4, 2), np.float32)),
            ShapeError,
            r"^tiled_conv2d: bias has the shape \(4, 2\), but needs \(4,\) or \(4, 2, 2\)$",
        ),
        (
            lambda: kernels.tiled_conv2d(X, TILED[:, :0]),
            ShapeError,
            r"^tiled_conv2d: weight has the shape \(4, 0, 2, 3, 3, 3\), but every siz",
        ),
        (
            lambda: kernels.tiled_conv2d_backward_bias(DY, (4, 2)),
            ShapeError,
            r"^tiled_conv2d_backward_bias: bias_shape \(4, 2\) has 2 sizes",
        ),
        (
            lambda: kernels.tiled_conv2d_backward_bias(DY, (4, 0, 2)),
            ShapeError,
            r"^tiled_conv2d_backward_bias: bias_shape is \(4, 0, 2\), but needs \(4,\), or 4 and a tile of at least 1\n",
        ),
        (
            lambda: kernels.unshared_conv2d(X, UNSHARED, stride=2),
            ShapeError,
            r"^unshared_conv2d: weight was made for 4 x 4 output positions, but there are 2 x 2\n(.|\n)*\n  use a weight of the shape "
            r"\(4, 2, 2, 3, 3, 3\)$",
        ),
        (
            lambda: kernels.unshared_conv2d_backward_bias(DY, (4, 2, 2)),
            ShapeError,
            r"^unshared_conv2d_backward_bias: bias_shape is \(4, 2, 2\), but needs \(4,\) or \(4, 4, 4\)\n",
        ),
        (
            lambda: kernels.unshared_conv2d_backward_bias(DY, 4),
            ShapeError,
            r"^unshared_conv2d_backward_bias: bias_shape is 4, but must be a",
        ),
        (
            lambda: kernels.unshared_conv2d_backward_weight(DY, X, TILED.shape),
            ShapeError,
            r"^unshared_conv2d_backward_weight: weight was made for 2 x 2 output positions, but there are 4 x 4\n",
        ),
    ],
)
def test_filters_that_take_turns(call, error, words):
    check(call, error, words)
