"""Every example of convolution and pooling that the lectures work out with numbers, through the functions that users call."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import ShapeError
from minicnn.geometry import Axis, output_size, size_formula

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
NINE = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def image(rows, dtype=np.float32):
    return np.array(rows, dtype)[None, None]


@DTYPES
@pytest.mark.parametrize("algorithm", ["auto", "textbook", "im2col"])
def test_sliding_window_of_lecture_000(dtype, algorithm):
    x = image([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]], dtype)
    weight = image([[0, 1, 2], [2, 2, 0], [0, 1, 2]], dtype)
    assert kernels.conv2d(x, weight, algorithm=algorithm).tolist() == [[[[12, 12, 17], [10, 17, 19], [9, 6, 14]]]]


def test_weights_of_lecture_000():
    """256 filters on 128 channels hold 128 x 256 x 3 x 3 = 294,912 numbers, and make 256 maps."""
    weight = np.ones((256, 128, 3, 3), np.float32)
    assert weight.size == 294_912
    y = kernels.conv2d(np.ones((1, 128, 3, 3), np.float32), weight)
    assert y.shape == (1, 256, 1, 1)
    assert (y == 128 * 9).all()


class TestCrossCorrelationOfLecture002:
    weight = image([[0, 1], [2, 3]])

    @DTYPES
    def test_valid(self, dtype):
        assert kernels.conv2d(image(NINE, dtype), self.weight.astype(dtype)).tolist() == [[[[19, 25], [37, 43]]]]

    def test_padding(self):
        """A row and a column of zeros around: 0*0 + 0*1 + 0*2 + 0*3 = 0 in the corner."""
        y = kernels.conv2d(image(NINE), self.weight, padding=1)
        assert y.tolist() == [[[[0, 3, 8, 4], [9, 19, 25, 10], [21, 37, 43, 16], [6, 7, 8, 0]]]]
        assert kernels.conv2d(image(NINE), self.weight, padding="full").tolist() == y.tolist()

    def test_strides(self):
        """Stride of 3 for height, 2 for width: 0*0 + 0*1 + 1*2 + 2*3 = 8 and 0*0 + 6*1 + 0*2 + 0*3 = 6."""
        assert kernels.conv2d(image(NINE), self.weight, padding=1, stride=(3, 2)).tolist() == [[[[0, 8], [6, 8]]]]

    def test_stride_of_2(self):
        assert kernels.conv2d(image(NINE), self.weight, padding=1, stride=2).tolist() == [[[[0, 8], [21, 43]]]]

    def test_bias(self):
        """Y = X * W + b."""
        y = kernels.conv2d(image(NINE), self.weight, np.array([0.5], np.float32))
        assert y.tolist() == [[[[19.5, 25.5], [37.5, 43.5]]]]

    def test_pointwise(self):
        """A 1x1 convolution mixes the channels of each pixel: three in, two out."""
        x = np.stack([np.array(NINE, np.float32) * scale for scale in (1, 10, 100)])[None]
        y = kernels.conv2d(x, np.array([[1, 1, 1], [0, 2, -1]], np.float32)[..., None, None])
        assert np.array_equal(y[0, 0], 111 * np.array(NINE))
        assert np.array_equal(y[0, 1], -80 * np.array(NINE))

    def test_sizes_of_the_exercise(self):
        """100 pixels; 9x9, 9x9 with padding 4, 5x5 with stride 2, pooling 2x2, 1x1; (N - F)/stride + 1."""
        size, sizes = 100, []
        for taps, stride, pad in [(9, 1, 0), (9, 1, 4), (5, 2, 0), (2, 2, 0), (1, 1, 0)]:
            size = output_size(size, taps, stride, 1, pad, pad)
            sizes.append(size)
        assert sizes == [92, 92, 44, 22, 22]
        x = np.zeros((1, 1, 100, 100), np.float32)
        for taps, stride, pad in [(9, 1, 0), (9, 1, 4), (5, 2, 0)]:
            x = kernels.conv2d(x, np.zeros((1, 1, taps, taps), np.float32), stride=stride, padding=pad)
        assert kernels.conv2d(kernels.max_pool2d(x, 2), np.zeros((256, 1, 1, 1), np.float32)).shape == (1, 256, 22, 22)


class TestLecture001:
    def test_edge_detection(self):
        """K = [1, -1] on 280 x 320 pixels: 280 x 319, each two products and one sum, 319*280*3 = 267,960 operations."""
        x = np.random.default_rng(0).integers(0, 256, (1, 1, 280, 320)).astype(np.float32)
        weight = image([[1, -1]])
        y = kernels.conv2d(x, weight)
        assert y.shape == (1, 1, 280, 319)
        assert np.array_equal(y, x[..., :-1] - x[..., 1:])
        assert y.size * (2 * weight.size - 1) == 267_960

    def test_edge_detection_as_a_matrix(self):
        """319*280*320*280 > 8e9 stored weights for the two of the convolution."""
        with pytest.raises(ShapeError, match=r"^conv_matrix: the matrix would have 89320 x 89600 = 8003072000 entries, of which the conv"):
            kernels.conv_matrix(image([[1, -1]]), (1, 1, 280, 320))
        matrix = kernels.conv_matrix(image([[1, -1]]), (1, 1, 28, 32))
        assert matrix.size == 31 * 28 * 32 * 28
        assert np.count_nonzero(matrix) == 2 * 31 * 28

    def test_separable_gaussian(self):
        """1/4 (1 2 1) down, 1/4 (1 2 1) along: 1/16 (1 2 1, 2 4 2, 1 2 1)."""
        vector = np.array([1, 2, 1], np.float32) / 4
        product = kernels.conv2d(vector.reshape(1, 1, 3, 1), vector.reshape(1, 1, 1, 3), padding="full", flip=True)
        assert product.tolist() == (image([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16).tolist()
        x = image(NINE)
        assert kernels.separable_conv2d(x, (vector, vector)).tolist() == kernels.conv2d(x, np.outer(vector, vector)[None, None]).tolist()

    def test_unshared(self):
        """Width two, each output a filter of its own: (1, 10) and (100, 1000) over 1 2 3."""
        weight = np.array([[1, 10], [100, 1000]], np.float32).reshape(1, 2, 1, 2)
        assert kernels.unshared_conv1d(np.array([[[1, 2, 3]]], np.float32), weight).tolist() == [[[21, 3200]]]

    def test_tiled(self):
        """Kernels (a, b) and (c, d) of width two take turns."""
        weight = np.array([[1, 10], [100, 1000]], np.float32).reshape(1, 2, 1, 2)
        assert kernels.tiled_conv1d(np.array([[[1, 2, 3, 4]]], np.float32), weight).tolist() == [[[21, 3200, 43]]]

    def test_strided_is_downsampled(self):
        x, weight = np.random.default_rng(0).integers(-9, 10, (1, 1, 9)).astype(np.float32), np.array([[[1, 2, 3]]], np.float32)
        assert np.array_equal(kernels.conv1d(x, weight, stride=2), kernels.conv1d(x, weight)[..., ::2])

    def test_valid_same_full(self):
        """Without padding 16 pixels shrink to 11 under six taps; "same" keeps them, "full" visits every pixel six times."""
        x, weight = np.ones((1, 1, 16), np.float32), np.ones((1, 1, 6), np.float32)
        assert [kernels.conv1d(x, weight, padding=word).shape[2] for word in ("valid", "same", "full")] == [11, 16, 21]
        assert (kernels.conv1d_backward_input(np.ones((1, 1, 21), np.float32), weight, x.shape, padding="full") == 6).all()

    @DTYPES
    def test_max_pooling(self, dtype):
        """2x2 filters, stride 2: 6 8 / 3 4."""
        x = image([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], dtype)
        y, indices = kernels.max_pool2d(x, 2, return_indices=True)
        assert y.tolist() == [[[[6, 8], [3, 4]]]]
        assert kernels.max_unpool2d(y, indices, (4, 4)).tolist() == [[[[0, 0, 0, 0], [0, 6, 0, 8], [3, 0, 0, 0], [0, 0, 0, 4]]]]

    def test_pooling_and_small_translations(self):
        """All inputs move by one, half of the maxima stay: Goodfellow, Bengio, Courville, figure 9.8."""
        x, moved = (np.array([[row]], np.float32) for row in ([0.1, 1.0, 0.2, 0.1], [0.3, 0.1, 1.0, 0.2]))
        before, after = (kernels.max_pool1d(each, 3, stride=1, padding=1)[0, 0] for each in (x, moved))
        assert np.array_equal(before, np.array([1, 1, 1, 0.2], np.float32))
        assert np.array_equal(after, np.array([0.3, 1, 1, 1], np.float32))
        assert np.count_nonzero(x[0, 0] == moved[0, 0]) == 0
        assert np.count_nonzero(before == after) == 2

    def test_other_pooling(self):
        """The L2 norm, and an average weighted by the distance from the middle: the middle counts most."""
        x = image([[3, 4], [0, 0]])
        assert kernels.l2_pool2d(x, 2).tolist() == [[[[5]]]]
        middle, edge = (kernels.gaussian_pool1d(np.array([[row]], np.float32), 3)[0, 0, 0] for row in ([0, 1, 0], [1, 0, 0]))
        assert middle > edge > 0
        assert abs(middle + 2 * edge - 1) < 1e-6

    def test_global_pooling_of_any_size(self):
        """W x H x C becomes 1 x 1 x C regardless of the input size."""
        for size in (1, 7, 224):
            x = np.full((1, 3, size, size), 2, np.float32)
            assert kernels.global_max_pool(x).tolist() == [[2, 2, 2]]
            assert kernels.global_avg_pool(x).tolist() == [[2, 2, 2]]


def test_overlapping_pooling_of_lecture_000():
    """2x2 windows over 0 .. 8 move by one pixel; AlexNet's 3x3 windows with stride 2 share one."""
    assert kernels.max_pool2d(image(NINE), 2, stride=1).tolist() == [[[[4, 5], [7, 8]]]]
    x = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
    assert kernels.max_pool2d(x, 3, stride=2).tolist() == [[[[12, 14], [22, 24]]]]


class TestLecture003:
    def test_convolution_of_a_line(self):
        """z2 = w1*x1 + w2*x2 + w3*x3; at the ends zeros are assumed, or nothing is computed ("valid")."""
        x, weight = np.array([[[1, 2, 4, 8]]], np.float32), np.array([[[3, 5, 7]]], np.float32)
        z2, z3 = 3 * 1 + 5 * 2 + 7 * 4, 3 * 2 + 5 * 4 + 7 * 8
        assert kernels.conv1d(x, weight, padding="same").tolist() == [[[5 * 1 + 7 * 2, z2, z3, 3 * 4 + 5 * 8]]]
        assert kernels.conv1d(x, weight).tolist() == [[[z2, z3]]]

    def test_stride_width_and_dilation(self):
        """Figure 10.3: stride two centres on x1, x3, x5; five taps reach further; zeros between three taps reach as far with three."""
        x, three = np.array([[[1, 2, 4, 8, 16, 32]]], np.float32), np.array([[[1, 1, 1]]], np.float32)
        assert kernels.conv1d(x, three, padding=1, stride=2).tolist() == [[[3, 14, 56]]]
        assert kernels.conv1d(x, np.ones((1, 1, 5), np.float32), padding=2).tolist() == [[[7, 15, 31, 62, 60, 56]]]
        assert kernels.conv1d(x, three, padding=2, dilation=2).tolist() == [[[5, 10, 21, 42, 20, 40]]]

    def test_channels(self):
        """C_i * C_o * K * K weights and C_o biases: the RGB image of figure 10.10."""
        x, weight, bias = np.ones((1, 3, 4, 4), np.float32), np.ones((5, 3, 3, 3), np.float32), np.ones(5, np.float32)
        assert weight.size == 3 * 5 * 3 * 3
        assert (kernels.conv2d(x, weight, bias) == 3 * 9 + 1).all()

    def test_mnist_1d(self):
        """40 samples, width 3, stride 2, "valid": 19 positions, in fifteen channels."""
        y = kernels.conv1d(np.zeros((1, 1, 40), np.float32), np.zeros((15, 1, 3), np.float32), stride=2)
        assert y.shape == (1, 15, 19)

    def test_ways_to_scale_down(self):
        """Figure 10.11: every other input, the maximum, the mean of each 2x2 block."""
        x = image([[1, 3, 5, 7], [9, 11, 13, 15], [2, 4, 6, 8], [10, 12, 14, 16]])
        assert kernels.conv2d(x, image([[1]]), stride=2).tolist() == [[[[1, 5], [2, 6]]]]
        assert kernels.max_pool2d(x, 2).tolist() == [[[[11, 15], [12, 16]]]]
        assert kernels.avg_pool2d(x, 2).tolist() == [[[[6, 10], [7, 11]]]]

    def test_ways_to_scale_up(self):
        """Figure 10.12: each input four times, back to where the maxima were, or bilinear."""
        x = image([[0, 4], [8, 12]])
        assert kernels.upsample2d(x, 2).tolist() == [[[[0, 0, 4, 4], [0, 0, 4, 4], [8, 8, 12, 12], [8, 8, 12, 12]]]]
        assert kernels.upsample2d(x, 2, mode="linear").tolist() == [[[[0, 1, 3, 4], [2, 3, 5, 6], [6, 7, 9, 10], [8, 9, 11, 12]]]]
        indices = np.array([[[[5, 3], [12, 10]]]])
        assert kernels.max_unpool2d(x, indices, (4, 4)).tolist() == [[[[0, 0, 0, 4], [0, 0, 0, 0], [0, 0, 12, 0], [8, 0, 0, 0]]]]

    def test_circulant_matrices(self):
        """w = [0, 1, 0, ..., 0] shifts to the right by one position; C(u)C(w) = C(w)C(u)."""
        shift = kernels.circulant(np.array([0.0, 1.0]), 5)
        assert (shift @ np.array([1.0, 2, 3, 4, 5])).tolist() == [5, 1, 2, 3, 4]
        u, w = kernels.circulant(np.array([1.0, 2, 3]), 5), kernels.circulant(np.array([4.0, 0, 5, 6]), 5)
        assert np.array_equal(u @ w, w @ u)
        # shift equivariant: a shifted signal gives the shifted result
        assert np.array_equal(u @ shift, shift @ u)


class TestLecture004:
    def test_filter(self):
        """The slide prints the formula of the flipped convolution, but its numbers are those of the filter as it stands."""
        x, weight = image([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]), image([[-1, 1], [0, 1]])
        assert kernels.conv2d(x, weight).tolist() == [[[[7, 8, 9], [11, 12, 13], [15, 16, 17]]]]
        assert kernels.conv2d(x, weight, flip=True).tolist() == [[[[0, 1, 2], [4, 5, 6], [8, 9, 10]]]]

    @pytest.mark.parametrize(("stride", "padding", "size"), [(1, 0, 5), (2, 0, 3), (1, 1, 7)])
    def test_sizes(self, stride, padding, size):
        """7x7 image, 3x3 kernel: (W - F + 2P)/S + 1."""
        y = kernels.conv2d(np.ones((1, 1, 7, 7), np.float32), np.ones((1, 1, 3, 3), np.float32), stride=stride, padding=padding)
        assert y.shape == (1, 1, size, size)
        assert (7 - 3 + 2 * padding) // stride + 1 == size == output_size(7, 3, stride, 1, padding, padding)

    def test_all_channels_of_a_filter_make_one_map(self):
        """27 weights in the filter + 1 bias weight; 5 filters give 5 channels."""
        weight = np.ones((5, 3, 3, 3), np.float32)
        assert weight[0].size + 1 == 28
        assert kernels.conv2d(np.ones((1, 3, 8, 8), np.float32), weight, np.zeros(5, np.float32)).shape == (1, 5, 6, 6)

    def test_first_layer_of_alexnet(self):
        """(227 - 11)/4 + 1 = 55 and 55x55x96; (11*11*3 + 1)*96 = 34,944 weights."""
        weight, bias = np.zeros((96, 3, 11, 11), np.float32), np.arange(96, dtype=np.float32)
        y = kernels.conv2d(np.ones((1, 3, 227, 227), np.float32), weight, bias, stride=4)
        assert y.shape == (1, 96, 55, 55)
        assert np.array_equal(y[0, :, 54, 54], bias)
        assert weight.size + bias.size == 34_944
        assert size_formula(Axis(227, 11, 4, 1, 0, 0, 55)) == "(227 - 11)/4 + 1 = 55"

    def test_sizes_of_alexnet(self):
        """55, pooled 27, 27, pooled 13, 13, 13, 13, pooled 6."""
        size, sizes = 227, []
        for taps, stride, pad in [(11, 4, 0), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 1, 1), (3, 1, 1), (3, 2, 0)]:
            size = output_size(size, taps, stride, 1, pad, pad)
            sizes.append(size)
        assert sizes == [55, 27, 27, 13, 13, 13, 13, 6]
