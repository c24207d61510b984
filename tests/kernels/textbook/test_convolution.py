"""Convolution: values worked by hand in the lectures, PyTorch, numeric gradients, the adjoint identity."""

import numpy as np
import pytest
from hypothesis import given

from minicnn.geometry import output_size
from minicnn.kernels import textbook

from .checks import close, close_to_numeric, generated, numeric_gradient, poisoned, uniform
from .generate import convolutions

AXES = (1, 2, 3)


def convolve(x, weight, bias, out, ints, groups=1, flip=False):
    """Call the kernel for as many axes as x has; ints: the strides of all axes, then the paddings, then the dilations."""
    axes = x.ndim - 2
    y = poisoned((x.shape[0], weight.shape[0], *out), x.dtype)
    getattr(textbook, f"conv{axes}d_forward")(y, x, weight, bias, *ints, groups, flip)
    return y


def gradients(x, weight, dy, ints, groups=1, flip=False):
    """dx, dweight, dbias of the same call."""
    axes = x.ndim - 2
    dx, dweight, dbias = poisoned(x.shape, x.dtype), poisoned(weight.shape, x.dtype), poisoned(weight.shape[:1], x.dtype)
    getattr(textbook, f"conv{axes}d_backward_input")(dx, dy, weight, *ints, groups, flip)
    getattr(textbook, f"conv{axes}d_backward_weight")(dweight, dy, x, *ints, groups, flip)
    getattr(textbook, f"conv{axes}d_backward_bias")(dbias, dy)
    return dx, dweight, dbias


def image(rows):
    """Rows of numbers as one image with one channel."""
    return np.array(rows, np.float64)[None, None]


def convolve_image(x, weight, stride=(1, 1), pad=(0, 0, 0, 0), flip=False):
    """One channel, one filter, no bias; pad is top, bottom, left, right."""
    top, bottom, left, right = pad
    out = (
        output_size(x.shape[2], weight.shape[2], stride[0], 1, top, bottom),
        output_size(x.shape[3], weight.shape[3], stride[1], 1, left, right),
    )
    return convolve(x, weight, np.zeros(1), out, (*stride, top, left, 1, 1), flip=flip)[0, 0].tolist()


class TestLectures:
    """Every convolution that the lectures work out with numbers."""

    def test_sliding_window_of_lecture_000(self):
        x = image([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]])
        weight = image([[0, 1, 2], [2, 2, 0], [0, 1, 2]])
        assert convolve_image(x, weight) == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]

    def test_cross_correlation_of_lecture_002(self):
        x, weight = image([[0, 1, 2], [3, 4, 5], [6, 7, 8]]), image([[0, 1], [2, 3]])
        assert convolve_image(x, weight) == [[19, 25], [37, 43]]

    def test_padding_of_lecture_002(self):
        x, weight = image([[0, 1, 2], [3, 4, 5], [6, 7, 8]]), image([[0, 1], [2, 3]])
        y = convolve_image(x, weight, pad=(1, 1, 1, 1))
        assert y == [[0, 3, 8, 4], [9, 19, 25, 10], [21, 37, 43, 16], [6, 7, 8, 0]]

    def test_strides_of_lecture_002(self):
        """Stride of 3 for height, 2 for width: the slide works out 8 (0*0 + 0*1 + 1*2 + 2*3) and 6 (0*0 + 6*1 + 0*2 + 0*3)."""
        x, weight = image([[0, 1, 2], [3, 4, 5], [6, 7, 8]]), image([[0, 1], [2, 3]])
        assert convolve_image(x, weight, stride=(3, 2), pad=(1, 1, 1, 1)) == [[0, 8], [6, 8]]

    def test_filter_of_lecture_004_is_cross_correlation(self):
        """The slide prints the formula of the flipped convolution, but its numbers are those of the filter as it stands."""
        x = image([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]])
        weight = image([[-1, 1], [0, 1]])
        assert convolve_image(x, weight, flip=False) == [[7, 8, 9], [11, 12, 13], [15, 16, 17]]
        assert convolve_image(x, weight, flip=True) == [[0, 1, 2], [4, 5, 6], [8, 9, 10]]

    def test_separable_gaussian_of_lecture_001(self):
        """The full convolution of a column with a row is the filter whose rows and columns they are."""
        column, row = image([[1], [2], [1]]) / 4, image([[1, 2, 1]]) / 4
        product = convolve_image(column, row, pad=(0, 0, 2, 2), flip=True)
        assert product == (np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16).tolist()

    def test_edge_detection_of_lecture_001(self):
        """The filter [1, -1] along each row: 280 rows of 320 pixels give 280 rows of 319."""
        x = np.tile(np.repeat([0.0, 1.0], 160), (280, 1))[None, None]
        y = np.array(convolve_image(x, image([[1, -1]])))
        assert y.shape == (280, 319)
        assert np.array_equal(np.nonzero(y[0])[0], [159])

    @pytest.mark.parametrize(("stride", "pad", "size"), [(1, 0, 5), (2, 0, 3), (1, 1, 7)])
    def test_sizes_of_lecture_004(self, stride, pad, size):
        """7x7 image, 3x3 filter: (W - F + 2P) / S + 1."""
        y = convolve_image(np.ones((1, 1, 7, 7)), np.ones((1, 1, 3, 3)), (stride, stride), (pad,) * 4)
        assert np.shape(y) == (size, size)

    def test_one_dimensional_formula_of_lecture_003(self):
        """z2 = w1*x1 + w2*x2 + w3*x3, with zeros assumed beyond both ends."""
        x, weight = np.array([[[1.0, 2.0, 4.0, 8.0]]]), np.array([[[3.0, 5.0, 7.0]]])
        y = convolve(x, weight, np.zeros(1), (4,), (1, 1, 1))
        assert y[0, 0].tolist() == [5 * 1 + 7 * 2, 3 * 1 + 5 * 2 + 7 * 4, 3 * 2 + 5 * 4 + 7 * 8, 3 * 4 + 5 * 8]


class TestCorners:
    def test_one_pixel(self):
        assert convolve_image(image([[3.0]]), image([[2.0]])) == [[6.0]]

    def test_stride_leaves_a_rest(self):
        """Six pixels, three taps, stride 2: the last pixel is read by nobody and gets no gradient."""
        x, weight = uniform(0, (1, 1, 6)), uniform(1, (1, 1, 3))
        dx, _, _ = gradients(x, weight, np.ones((1, 1, 2)), (2, 0, 1))
        assert dx[0, 0, 5] == 0.0
        assert np.all(dx[0, 0, :5] != 0.0)

    def test_all_padding(self):
        """Windows that lie wholly in the padding give the bias, and no gradient."""
        x, weight = uniform(0, (1, 1, 2)), uniform(1, (1, 1, 2))
        ints = (1, 5, 1)
        y = convolve(x, weight, np.array([0.5]), (11,), ints)
        assert np.all(y[0, 0, :4] == 0.5)
        assert np.all(y[0, 0, 7:] == 0.5)
        dy = np.ones_like(y)
        dy[0, 0, 4:7] = 0.0
        dx, dweight, dbias = gradients(x, weight, dy, ints)
        assert not dx.any()
        assert not dweight.any()
        assert dbias.tolist() == [8.0]

    def test_groups_keep_channels_apart(self):
        x, weight = uniform(0, (1, 4, 5)), uniform(1, (2, 2, 3))
        ints = (1, 0, 1)
        y = convolve(x, weight, np.zeros(2), (3,), ints, groups=2)
        for group in range(2):
            alone = convolve(x[:, 2 * group : 2 * group + 2].copy(), weight[group : group + 1].copy(), np.zeros(1), (3,), ints)
            assert np.array_equal(y[:, group : group + 1], alone)


def torch_convolution(torch, x, weight, bias, dy, case):
    """y, dx, dweight, dbias in float64, with explicit padding."""
    x, weight, bias = (torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (x, weight, bias))
    window = case.windows
    as_read = weight.flip(tuple(range(2, weight.ndim))) if case.flip else weight
    function = getattr(torch.nn.functional, f"conv{len(window.size)}d")
    y = function(torch.nn.functional.pad(x, window.torch_padding), as_read, bias, window.stride, 0, window.dilation, case.groups)
    y.backward(torch.tensor(dy, dtype=torch.float64))
    return [each.detach().numpy() for each in (y, x.grad, weight.grad, bias.grad)]


@pytest.mark.parametrize("axes", AXES)
def test_same_as_torch(torch, axes):
    @generated
    @given(case=convolutions(axes))
    def compare(case):
        seed, dtype = case.seed, case.dtype
        x, weight = uniform(seed, case.x_shape, dtype), uniform(seed + 1, case.weight_shape, dtype)
        bias = uniform(seed + 2, weight.shape[:1], dtype)
        y = convolve(x, weight, bias, case.windows.out, case.ints, case.groups, case.flip)
        dy = uniform(seed + 3, y.shape, dtype)
        dx, dweight, dbias = gradients(x, weight, dy, case.ints, case.groups, case.flip)
        want_y, want_dx, want_dweight, want_dbias = torch_convolution(torch, x, weight, bias, dy, case)
        close(y, want_y, weight[0].size)
        close(dx, want_dx, weight[:, 0].size)
        close(dweight, want_dweight, dy[:, 0].size)
        close(dbias, want_dbias, dy[:, 0].size)

    compare()


@pytest.mark.parametrize("axes", AXES)
def test_adjoint_identity(axes):
    """<dy, conv(x)> = <conv_backward_input(dy), x> = <conv_backward_weight(dy), weight>: both passes use the same matrix."""

    @generated
    @given(case=convolutions(axes))
    def compare(case):
        seed = case.seed
        x, weight = uniform(seed, case.x_shape), uniform(seed + 1, case.weight_shape)
        y = convolve(x, weight, np.zeros(len(weight)), case.windows.out, case.ints, case.groups, case.flip)
        dy = uniform(seed + 3, y.shape)
        dx, dweight, _ = gradients(x, weight, dy, case.ints, case.groups, case.flip)
        close(np.vdot(dy, y), np.vdot(dx, x), y.size * weight[0].size)
        close(np.vdot(dy, y), np.vdot(dweight, weight), y.size * weight[0].size)

    compare()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("axes", AXES)
def test_numeric_gradient(axes, flip):
    sizes, taps, strides, pads, dilations = (4, 5, 6)[:axes], (2, 3, 2)[:axes], (2, 1, 3)[:axes], (1, 2, 0)[:axes], (1, 2, 2)[:axes]
    ints = (*strides, *pads, *dilations)
    out = tuple(output_size(*each, 1) for each in zip(sizes, taps, strides, dilations, pads, strict=True))
    x, weight, bias = uniform(0, (2, 4, *sizes)), uniform(1, (2, 2, *taps)), uniform(2, 2)
    dy = uniform(3, (2, 2, *out))
    dx, dweight, dbias = gradients(x, weight, dy, ints, 2, flip)
    close_to_numeric(dx, numeric_gradient(lambda v: convolve(v, weight, bias, out, ints, 2, flip), x, dy))
    close_to_numeric(dweight, numeric_gradient(lambda v: convolve(x, v, bias, out, ints, 2, flip), weight, dy))
    close_to_numeric(dbias, numeric_gradient(lambda v: convolve(x, weight, v, out, ints, 2, flip), bias, dy))
