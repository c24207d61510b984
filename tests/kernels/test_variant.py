"""`kernels.variant`: every built-in convolution said as an index map, LeNet's C3, wrapping around, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import MinicnnError, SettingError, ShapeError

ROUNDING = {np.float32: 2.0**-23, np.float64: 2.0**-52}


def uniform(seed, shape, dtype):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(dtype)


def close(got, want, terms):
    """Two sums of `terms` products of numbers up to 1, in two orders: each rounds some `terms` times, by half of 2^-23 (2^-52) of a
    partial sum.  Such a sum, of numbers of both signs, is of the order of one as a rule, and rounding errors cancel.
    """
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=ROUNDING[got.dtype.type] * terms)


def gradients(seed, x_shape, y_shape, weight_shape, dtype):
    return (
        uniform(seed, x_shape, dtype),
        uniform(seed + 1, y_shape, dtype),
        uniform(seed + 2, weight_shape, dtype),
        uniform(seed + 3, y_shape[1], dtype),
    )


def agree(layer, forward, backward_input, backward_weight, images, dtype, poison=None):
    """All three passes of a variant are those of a built-in convolution."""
    x, dy, weight, bias = gradients(1, (images, *layer.input_shape), (images, *layer.output_shape), layer.weight_shape, dtype)
    terms = layer.multiplication_count // int(np.prod(layer.output_shape)) + 1
    close(layer.forward(x, weight, bias), forward(x, weight, bias), terms)
    close(
        layer.backward_input(dy, weight),
        backward_input(dy, weight, x.shape),
        layer.multiplication_count // int(np.prod(layer.input_shape)) + 1,
    )
    close(layer.backward_weight(dy, x), backward_weight(dy, x, weight.shape), images * layer.multiplication_count // layer.weight_count + 1)


C, H, W, K, R, S = 4, 7, 8, 6, 3, 2


def plain(k, p, q, c, r, s):
    return c, p + r, q + s, ((k * C + c) * R + r) * S + s


def flipped(k, p, q, c, r, s):
    return c, p + r, q + s, ((k * C + c) * R + R - 1 - r) * S + S - 1 - s


def dilated_and_padded(k, p, q, c, r, s):
    return c, p + 2 * r - 2, q + 3 * s - 1, ((k * C + c) * R + r) * S + s


def strided(k, p, q, c, r, s):
    return c, 2 * p + r - 1, 3 * q + s, ((k * C + c) * R + r) * S + s


def grouped(k, p, q, c, r, s):
    return k // 3 * 2 + c, p + r, q + s, ((k * 2 + c) * R + r) * S + s


def tiled(k, p, q, c, r, s):
    return c, p + r, q + s, ((((k * 2 + p % 2) * 3 + q % 3) * C + c) * R + r) * S + s


def unshared(k, p, q, c, r, s):
    return c, p + r - 1, q + s, ((((k * 7 + p) * 7 + q) * C + c) * R + r) * S + s


def transposed(k, p, q, c, r, s):
    """Output p is made of the inputs i with i*stride + r - padding = p, here stride 2 and padding 1."""
    up, left = p + 1 - r, q + 1 - s
    return c, up // 2 if up % 2 == 0 else -1, left // 2 if left % 2 == 0 else -1, ((c * K + k) * R + r) * S + s


MAPS = [  # map, output, taps, weight shape, the built-in's name and settings
    (plain, (K, 5, 7), (C, R, S), (K, C, R, S), "conv2d", {}),
    (flipped, (K, 5, 7), (C, R, S), (K, C, R, S), "conv2d", {"flip": True}),
    (dilated_and_padded, (K, 7, 7), (C, R, S), (K, C, R, S), "conv2d", {"dilation": (2, 3), "padding": (2, 1)}),
    (strided, (K, 4, 3), (C, R, S), (K, C, R, S), "conv2d", {"stride": (2, 3), "padding": (1, 0)}),
    (grouped, (K, 5, 7), (2, R, S), (K, 2, R, S), "conv2d", {"groups": 2}),
    (tiled, (K, 5, 7), (C, R, S), (K, 2, 3, C, R, S), "tiled_conv2d", {}),
    (unshared, (K, 7, 7), (C, R, S), (K, 7, 7, C, R, S), "unshared_conv2d", {"padding": (1, 0)}),
    (transposed, (K, 13, 14), (C, R, S), (C, K, R, S), "conv_transpose2d", {"stride": 2, "padding": 1}),
]
BY_NAME = {each[0].__name__: each for each in MAPS}


def built_in(name, settings, axes=2):
    """The three functions of a built-in convolution, a bias for every place where the weights are not shared."""

    def forward(x, weight, bias):
        if name.startswith(("tiled", "unshared")):
            bias = np.ascontiguousarray(np.broadcast_to(bias.reshape(-1, *(1,) * axes), weight.shape[: 1 + axes]))
        return getattr(kernels, name)(x, weight, bias, **settings)

    return (
        forward,
        lambda dy, weight, shape: getattr(kernels, f"{name}_backward_input")(dy, weight, shape, **settings),
        lambda dy, x, shape: getattr(kernels, f"{name}_backward_weight")(dy, x, shape, **settings),
    )


@pytest.mark.parametrize("name", BY_NAME)
def test_built_in_convolutions_are_index_maps(name):
    index_map, output, taps, weight_shape, function, settings = BY_NAME[name]
    layer = kernels.variant(index_map, input_shape=(C, H, W), output_shape=output, taps=taps, weight_shape=weight_shape)
    functions = built_in(function, settings)
    for images in (1, 3, 40):  # split stages, a shard that is not full, two shards
        agree(layer, *functions, images, np.float32)
    agree(layer, *functions, 2, np.float64)
    assert layer.check_gradients() < 1e-11  # 300 terms of size 1, each rounded to 2e-16, against a gradient of size 1


def test_one_and_three_axes():
    signal = kernels.variant(
        lambda k, q, c, s: (c, 2 * q + s, (k * 2 + c) * 3 + s), input_shape=(2, 9), output_shape=(3, 4), taps=(2, 3), weight_shape=(3, 2, 3)
    )
    agree(signal, *built_in("conv1d", {"stride": 2}, 1), 5, np.float32)
    agree(signal, *built_in("conv1d", {"stride": 2}, 1), 2, np.float64)
    volume = kernels.variant(
        lambda k, o, p, q, c, t, r, s: (c, o + t, p + r - 1, q + s, (((k * 2 + c) * 2 + t) * 3 + r) * 2 + s),
        input_shape=(2, 4, 5, 6),
        output_shape=(3, 3, 5, 5),
        taps=(2, 2, 3, 2),
        weight_shape=(3, 2, 2, 3, 2),
    )
    agree(volume, *built_in("conv3d", {"padding": (0, 1, 0)}, 3), 5, np.float32)
    agree(volume, *built_in("conv3d", {"padding": (0, 1, 0)}, 3), 2, np.float64)


def test_wrapping_around_is_convolution_of_what_is_wrapped():
    def circular(k, p, q, c, r, s):
        return c, (p + r) % H, (q + s) % W, ((k * C + c) * R + r) * S + s

    layer = kernels.variant(circular, input_shape=(C, H, W), output_shape=(K, H, W), taps=(C, R, S), weight_shape=(K, C, R, S))
    for dtype in (np.float32, np.float64):
        x, weight = uniform(0, (3, C, H, W), dtype), uniform(1, (K, C, R, S), dtype)
        wrapped = np.pad(x, ((0, 0), (0, 0), (0, R - 1), (0, S - 1)), mode="wrap")
        close(layer.forward(x, weight), kernels.conv2d(wrapped, weight), C * R * S)
    assert layer.check_gradients() < 1e-11


# Which maps of S2 (rows) each map of C3 (columns) is connected to: LeCun, Bottou, Bengio, Haffner, 1998, table I.
TABLE_I = ("X...XXX..XXXX.XX", "XX...XXX..XXXX.X", "XXX...XXX..X.XXX", ".XXX..XXXX..X.XX", "..XXX..XXXX.XX.X", "...XXX..XXXX.XXX")
PLACE = np.full((16, 6), -1)  # which of the 60 filters connects them
PLACE[np.array([list(row) for row in TABLE_I]).T == "X"] = range(60)


def c3(k, p, q, c, r, s):
    return c, p + r, q + s, PLACE[k, c] * 25 + r * 5 + s  # -1 * 25 + r * 5 + s is negative: no such tap


def test_the_connection_table_of_lenet():
    layer = kernels.variant(c3, input_shape=(6, 14, 14), output_shape=(16, 10, 10), taps=(6, 5, 5))
    assert (layer.weight_count, layer.parameter_count, layer.connections) == (1500, 1516, 151_600)  # as in the paper
    assert repr(layer) == (
        "<Variant 'c3': 6 x 14 x 14 -> 16 x 10 x 10, 1,516 parameters (1,500 weights, 16 biases), 150,000 multiplications>"
    )
    x, dy, weight, bias = gradients(0, (40, 6, 14, 14), (40, 16, 10, 10), 1500, np.float32)
    dense = np.zeros((16, 6, 5, 5), np.float32)
    dense[PLACE >= 0] = weight.reshape(60, 5, 5)
    close(layer.forward(x, weight, bias), kernels.conv2d(x, dense, bias), 150)
    close(layer.backward_input(dy, weight), kernels.conv2d_backward_input(dy, dense, x.shape), 400)
    close(layer.backward_weight(dy, x), kernels.conv2d_backward_weight(dy, x, dense.shape)[PLACE >= 0].ravel(), 4000)


def test_scrambled_maps():
    """Ties within one output, weights nobody reads, inputs nobody reads, no order at all: the tables have no structure to find."""
    numbers = np.random.default_rng(0)
    channel, row, column = (numbers.integers(-1, size + 1, (4, 4, 3, 3, 2, 2)) for size in (3, 5, 6))
    tap = numbers.integers(-2, 11, (4, 4, 3, 3, 2, 2))
    tap[tap == 7] = 8

    def scrambled(k, p, q, c, r, s):
        at = k, p, q, c, r, s
        return channel[at], row[at], column[at], tap[at]

    layer = kernels.variant(scrambled, input_shape=(3, 5, 6), output_shape=(4, 4, 3), taps=(3, 2, 2), weight_shape=(3, 4))
    assert layer.unused_weight_count == 2
    assert "12 weights, 2 of them unused" in repr(layer)
    for images in (2, 33):
        x, dy, weight, bias = gradients(3, (images, 3, 5, 6), (images, 4, 4, 3), (3, 4), np.float64)
        low = [each.astype(np.float32) for each in (x, dy, weight, bias)]
        np.testing.assert_allclose(layer.forward(low[0], low[2], low[3]), layer.forward(x, weight, bias), atol=1e-5)
        np.testing.assert_allclose(layer.backward_input(low[1], low[2]), layer.backward_input(dy, weight), atol=1e-5)
        np.testing.assert_allclose(layer.backward_weight(low[1], low[0]), layer.backward_weight(dy, x), atol=1e-4)
    assert np.all(layer.backward_weight(low[1], low[0])[[1, 2], [3, 3]] == 0)  # weights 7 and 11
    assert layer.check_gradients() < 1e-11


def test_the_gradient_of_a_weight_is_added_in_the_order_of_the_outputs():
    """In float64, bit by bit: image after image, and in each the outputs and their taps in scan order."""

    def tied(k, q, c, s):
        return (k + c) % 2, 2 * q + s - 1, (k * 7 + q * 5 + s * 3) % 6 - 1

    layer = kernels.variant(tied, input_shape=(2, 9), output_shape=(3, 5), taps=(2, 4), weight_shape=(6,))
    x, dy, _, _ = gradients(5, (3, 2, 9), (3, 3, 5), (6,), np.float64)
    wanted = np.zeros(6)
    for n, k, q, c, s in np.ndindex(3, 3, 5, 2, 4):
        channel, w, j = tied(k, q, c, s)
        if j >= 0 and 0 <= w < 9:
            wanted[j] += dy[n, k, q] * x[n, channel, w]
    assert np.array_equal(layer.backward_weight(dy, x), wanted)


def test_a_map_in_python():
    """A dictionary is nothing that Numba knows."""
    offsets = {0: -1, 1: 0, 2: 1}

    def lookup(k, q, c, s):
        return c, q + offsets[s], s

    sizes = {"input_shape": (1, 6), "output_shape": (1, 6), "taps": (1, 3)}
    with pytest.raises(SettingError, match=r"variant 'lookup': Numba cannot compile index_map: .*\n.*or compiled=False: Python then calls"):
        kernels.variant(lookup, **sizes)
    layer = kernels.variant(lookup, **sizes, compiled=False)
    assert repr(layer).endswith("index map in Python>")
    for dtype in (np.float32, np.float64):
        x, weight = uniform(0, (2, 1, 6), dtype), uniform(1, 3, dtype)
        close(layer.forward(x, weight), kernels.conv1d(x, weight.reshape(1, 1, 3), padding=1), 3)
    assert layer.check_gradients() < 1e-13


def test_no_images():
    layer = kernels.variant(plain, input_shape=(C, H, W), output_shape=(K, 5, 7), taps=(C, R, S))
    for dtype in (np.float32, np.float64):
        x, dy, weight = np.empty((0, C, H, W), dtype), np.empty((0, K, 5, 7), dtype), np.ones(layer.weight_shape, dtype)
        assert layer.forward(x, weight).shape == dy.shape
        assert layer.backward_input(dy, weight).shape == x.shape
        assert not layer.backward_weight(dy, x).any()


SIZES = {"input_shape": (1, 5), "output_shape": (1, 5), "taps": (1, 2)}
THREE = np.arange(3)

REFUSED = [
    ("index_map is 3, but must be a function", 3, {}),
    ("raises TypeError: .* 3 positional arguments but 4 were given", lambda k, q, c: (c, q, 0), {}),
    ("gives .0, 0., but must give 3 whole numbers\n  wanted  .channel, column, weight index.", lambda k, q, c, s: (c, q), {}),
    ("gives .0, 0.0, 0., but must give 3 whole numbers", lambda k, q, c, s: (c, q / 1, 0), {}),
    ("returns .*float64.*, but must return whole numbers", lambda k, q, c, s: (c, q / 2 if q else 0, 0), {}),
    ("index_map.k=0, q=2, c=0, s=0. gives", lambda k, q, c, s: (c, q / 2 if q == 2 else q, 0), {"compiled": False}),
    ("raises IndexError: index is out of bounds\n  compiled=False shows where", lambda k, q, c, s: (c, q, THREE[q]), {}),
    ("index_map.k=0, q=3, c=0, s=0. raises IndexError", lambda k, q, c, s: (c, q, THREE[q]), {"compiled": False}),
    ("raises ZeroDivisionError", lambda k, q, c, s: (c, q, 1 // (3 - q)), {}),
    ("reads nothing: every position is outside the input", lambda k, q, c, s: (c, q + 5, 0), {}),
    ("gives weight index 1099511627776, but a table holds at most", lambda k, q, c, s: (c, q, 1 << 40), {}),
    (
        "gives weight index 4, but weights of the shape .2, 2. have indices up to 3\n  output .0, 4. reads it",
        lambda k, q, c, s: (c, q, q),
        {"weight_shape": (2, 2)},
    ),
    ("weight_shape .* has .* weights, but a table holds at most", lambda k, q, c, s: (c, q, s), {"weight_shape": (9999, 9999)}),
    (
        "100000000 outputs with 2 taps each are 200000000 taps, but a table holds",
        lambda k, q, c, s: (c, q, s),
        {"output_shape": (1000, 100_000)},
    ),
    ("have 2, 1 and 1 axes, but must have as many", lambda k, q, c, s: (c, q, s), {"input_shape": (1, 5, 5)}),
    ("input_shape is 5, but must be a shape", lambda k, q, c, s: (c, q, s), {"input_shape": 5}),
    ("output_shape Q is 0, but must be at least 1", lambda k, q, c, s: (c, q, s), {"output_shape": (1, 0)}),
]


@pytest.mark.parametrize(("words", "index_map", "settings"), REFUSED)
def test_maps_that_do_not_make_a_convolution(words, index_map, settings):
    with pytest.raises(MinicnnError, match=words):
        kernels.variant(index_map, **SIZES | settings)


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("x has the shape .2, 1, 4., but needs .2, 1, 5.", (np.zeros((2, 1, 4)), np.zeros(2))),
        ("weight has the shape .3,., but needs .2,.", (np.zeros((2, 1, 5)), np.zeros(3))),
        ("bias has the shape .2,., but needs .1,.", (np.zeros((2, 1, 5)), np.zeros(2), np.zeros(2))),
        ("x is float32, weight is float64", (np.zeros((2, 1, 5), np.float32), np.zeros(2))),
    ],
)
def test_arrays_that_do_not_fit(words, arguments):
    layer = kernels.variant(lambda k, q, c, s: (c, q + s, s), name="mine", **SIZES)
    with pytest.raises((ShapeError, SettingError), match=f"variant 'mine': {words}"):
        layer.forward(*arguments)


def test_a_map_that_changes_its_mind_reads_no_memory_that_is_not_its():
    """The textbook loops ask again; what was checked no longer holds, and is skipped."""
    layer = kernels.variant(
        lambda k, q, c, s: (c, q + np.random.randint(-50, 50), np.random.randint(-50, 50)),
        input_shape=(1, 300),
        output_shape=(1, 300),
        taps=(1, 2),
    )
    assert np.isfinite(layer.forward(np.ones((2, 1, 300)), np.ones(layer.weight_shape))).all()


def test_the_textbook_loops_run_as_plain_python():
    program = (
        "import numpy as np; from minicnn import kernels\n"
        "layer = kernels.variant(lambda k, q, c, s: (c, q + s, s), input_shape=(1, 3), output_shape=(1, 2), taps=(1, 2))\n"
        "print(layer.forward(np.array([[[1.0, 2.0, 3.0]]]), np.array([1.0, 10.0])).tolist(), layer.check_gradients() < 1e-12)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120, env={"NUMBA_DISABLE_JIT": "1", "PATH": ""}
    )
    assert told.stdout == "[[[21.0, 32.0]]] True\n"
