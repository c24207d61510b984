"""A trace ends with the bits of the compiled loop, tells where every factor came from, and computes one place only."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels import textbook
from minicnn.kernels.derive.trace import trace
from minicnn.kernels.textbook.compile import kernel

from ..textbook import cases
from .test_grammar import arguments, everything, functions


@pytest.mark.parametrize("dtype", cases.AXES)
def test_every_definition_ends_with_the_bits_of_the_compiled_loop(dtype):
    """Places of every output, drawn by chance; the usual sizes, and others that are drawn."""
    rng = np.random.default_rng(0)
    made = [each for size in (cases.USUAL, *map(cases.drawn, range(3))) for each in cases.calls(dtype, cases.AXES[dtype], size).items()]
    for name, (outputs, inputs) in made:
        function = getattr(textbook, name)
        computed = [each.copy() for each in outputs]
        function(*computed, *inputs)
        for position, array in enumerate(computed):
            for flat in rng.integers(0, array.size, 1):
                place = tuple(map(int, np.unravel_index(flat, array.shape)))
                output = function.py_func.__code__.co_varnames[position]
                got = trace(function, place, *outputs, *inputs, output=output)
                assert got.value.dtype == array.dtype
                assert got.value.tobytes() == array[place].tobytes(), (name, output, place)
                assert repr(got.steps[-1].partial) == repr(got.value.item())  # also NaN and -inf
                assert got.formula
                json.dumps(asdict(got.steps[-1]))  # plain numbers


def convolution(x, weight, **settings):
    given = {"stride": 1, "pad": 0, "dilation": 1, "flip": False} | settings
    ints = [given[word] for word in ("stride", "pad", "dilation") for _ in range(2)]
    return x, weight, np.array([0.5]), *ints, 1, given["flip"]


def test_convolution_product_by_product():
    x, weight = np.arange(9.0).reshape(1, 1, 3, 3), np.arange(1.0, 5.0).reshape(1, 1, 2, 2)
    got = trace(textbook.conv2d_forward, (0, 0, 1, 0), np.empty((1, 1, 2, 2)), *convolution(x, weight))
    assert (got.function, got.output, got.place) == ("conv2d_forward", "y", (0, 0, 1, 0))
    assert got.letters == {"n": 0, "k": 0, "group": 0, "p": 1, "q": 0}
    assert got.formula.splitlines()[0] == "y[n,k,p,q] = bias[k] + sum over c,r,s of x[n,c,h,w] * weight[k,c,r,s]"
    assert got.formula.splitlines()[1].startswith("where  h = p*stride_h")
    start, *products, end = got.steps
    assert (start.kind, start.into, start.factors, start.partial) == ("set", "total", (("bias", (0,), 0.5),), 0.5)
    assert [step.factors for step in products] == [
        (("x", (0, 0, 1, 0), 3.0), ("weight", (0, 0, 0, 0), 1.0)),
        (("x", (0, 0, 1, 1), 4.0), ("weight", (0, 0, 0, 1), 2.0)),
        (("x", (0, 0, 2, 0), 6.0), ("weight", (0, 0, 1, 0), 3.0)),
        (("x", (0, 0, 2, 1), 7.0), ("weight", (0, 0, 1, 1), 4.0)),
    ]
    assert [(step.kind, step.term, step.partial) for step in products] == [
        ("add", 3.0, 3.5),
        ("add", 8.0, 11.5),
        ("add", 18.0, 29.5),
        ("add", 28.0, 57.5),
    ]
    assert products[3].letters == {"c": 0, "r": 1, "h": 2, "s": 1, "w": 1}
    assert (end.kind, end.into, end.partial, got.value) == ("store", "y", 57.5, 57.5)


def test_taps_outside_are_skipped_and_say_where_they_would_have_read():
    x, weight = np.ones((1, 1, 2, 2)), np.ones((1, 1, 3, 3))
    got = trace(textbook.conv2d_forward, (0, 0, 0, 1), np.empty((1, 1, 2, 2)), *convolution(x, weight, pad=1))
    skipped = [step for step in got.steps if step.kind == "skip"]
    assert [(step.letters["h"], step.letters["w"]) for step in skipped] == [(-1, 0), (-1, 1), (-1, 2), (0, 2), (1, 2)]
    assert {(step.text, step.term, step.factors) for step in skipped} == {("0 <= h < H and 0 <= w < W", None, ())}
    assert [step.kind for step in got.steps].count("add") == 4


def test_weight_gradient_of_a_flipped_filter():
    """The loop stores at the other end, and the trace finds the tap that does."""
    x, dy = np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    arguments = np.empty((1, 1, 2, 2)), dy, x, 1, 1, 0, 0, 1, 1, 1, True
    got = trace(textbook.conv2d_backward_weight, (0, 0, 0, 1), *arguments)
    assert got.letters == {"k": 0, "group": 0, "c": 0, "r": 1, "s": 0}
    assert [step.factors for step in got.steps if step.kind == "add"] == [
        (("dy", (0, 0, p, q), dy[0, 0, p, q]), ("x", (0, 0, p + 1, q), x[0, 0, p + 1, q])) for p in range(2) for q in range(2)
    ]
    assert got.value == 3 + 40 + 600 + 7000


def test_pooling_compares():
    """Padding is skipped, a tie changes nothing, and the indices come from the same comparisons."""
    x = np.array([[[3.0, 5.0, 5.0, 1.0]]])
    arguments = np.empty((1, 1, 2)), np.empty((1, 1, 2), np.int64), x, 4, 2, 1, 1
    got = trace(textbook.max_pool1d_forward, (0, 0, 0), *arguments)
    compared = [step for step in got.steps if step.kind == "compare"]
    assert [(step.factors, step.term, step.partial) for step in compared] == [
        ((("x", (0, 0, 0), 3.0),), 3.0, 3.0),
        ((("x", (0, 0, 1), 5.0),), 5.0, 5.0),
        ((("x", (0, 0, 2), 5.0),), 5.0, 5.0),
    ]
    winner = trace(textbook.max_pool1d_forward, (0, 0, 0), *arguments, output="indices")
    assert winner.value == 1
    assert [step.letters for step in winner.steps if step.kind == "compare"] == [step.letters for step in compared]


def test_only_what_leads_to_the_value():
    """The mean of a batch is one sum; the variance does not belong to it, nor the other channel."""
    x, one = np.arange(12.0).reshape(3, 2, 2), np.ones(2)
    arguments = np.empty((3, 2, 2)), np.empty(2), np.empty(2), x, one, one, 1e-5
    got = trace(textbook.batch_norm_training_forward, (1,), *arguments, output="mean")
    assert [step.term for step in got.steps if step.kind == "add"] == [2.0, 3.0, 6.0, 7.0, 10.0, 11.0]
    assert [step.text for step in got.steps if step.kind == "set"] == ["total = np.float64(0.0)", "mean_c = total / (N * L)"]
    assert got.value == 6.5


def test_gradients_that_meet_are_added_where_they_meet():
    indices = np.array([[[1, 1, 3]]])
    got = trace(textbook.max_pool1d_backward, (0, 0, 1), np.full((1, 1, 4), np.nan), np.array([[[2.0, 3.0, 4.0]]]), indices)
    assert [(step.kind, step.into, step.partial) for step in got.steps] == [("set", "dx", 0.0), ("add", "dx", 2.0), ("add", "dx", 5.0)]
    assert trace(textbook.max_pool1d_backward, (0, 0, 2), np.empty((1, 1, 4)), np.ones((1, 1, 3)), indices).value == 0.0


def test_one_place_of_a_thousand_million():
    """A whole output would take half an hour."""
    x = np.broadcast_to(np.float32(2.5), (1000, 1000, 1000))
    assert trace(textbook.relu_forward, (999, 0, 7), x, x).value == 2.5
    y, x, weight = (np.broadcast_to(np.float32(1), shape) for shape in ((40, 40, 800, 800), (40, 3, 800, 800), (40, 3, 1, 1)))
    assert trace(textbook.conv2d_forward, (39, 39, 799, 799), y, x, weight, np.zeros(40, np.float32), 1, 1, 0, 0, 1, 1, 1, False).value == 3


def test_arrays_are_left_alone():
    y, x = np.full((2, 3), 7.0), np.ones((2, 3))
    trace(textbook.softmax_forward, (1, 1), y, x)
    assert np.array_equal(y, np.full((2, 3), 7.0))


# Loops of one's own


@kernel
def swish(y, x):
    for i in range(x.size):
        value = x.flat[i]
        y.flat[i] = value / (1.0 + np.exp(-np.float64(value)))


@kernel
def running_sum(y, x, decay):
    """No loop of it may become threads."""
    for n in range(len(x)):
        y[n] = x[n] if n == 0 else decay * y[n - 1] + x[n]


@kernel
def momentum(parameter, velocity, gradient, rate):
    for i in range(len(parameter)):
        velocity[i] = 0.9 * velocity[i] + gradient[i]
        parameter[i] -= rate * velocity[i]


@kernel
def widening(y, x):
    """Kinds that change: float32 squares, widened in one branch only, halved by an int, cubed."""
    for i in range(len(x)):
        value = x[i] * x[i]
        if x[i] > 0.1:
            value = 3.0 * x[i]
        y[i] = value * x[i] / 7 + x[i] ** 3 - max(x[i], 0.3) * x[i]


@kernel
def middle_of_positive(y, x):
    """The value hangs on a condition, and that on a sum."""
    for n in range(len(x)):
        total = 0.0
        for k in range(x.shape[1]):
            total += x[n, k]
        if total > 0.0:
            y[n] = 1.0
        else:
            y[n] = -1.0


@kernel
def records(y, x):
    """What is stored hangs on a comparison, and the count of records on all of them."""
    for n in range(len(x)):
        best, count = -np.inf, 0
        for k in range(x.shape[1]):
            if x[n, k] > best:
                best = x[n, k]
                count += 1
                y[n, k] = best * count
            else:
                y[n, k] = -count


def same_bits(function, place, *arguments, output=None):
    arrays = [np.copy(each) if isinstance(each, np.ndarray) else each for each in arguments]
    got = trace(function, place, *arguments, output=output)
    function(*arrays)
    names = function.py_func.__code__.co_varnames
    assert got.value.tobytes() == arrays[names.index(got.output)][place].tobytes()
    return got


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_own_loops(dtype):
    x = np.random.default_rng(3).standard_normal(20).astype(dtype)
    for i in range(20):
        same_bits(swish, (i,), np.empty(20, dtype), x)
        same_bits(widening, (i,), np.empty(20, dtype), x)
    got = same_bits(running_sum, (6,), np.full(20, np.nan, dtype), x, 0.7)
    assert [step.into for step in got.steps] == ["y"] * 7
    got = same_bits(momentum, (4,), x, x[::-1].copy(), x + 1, 0.1)
    assert [step.text for step in got.steps] == ["velocity[i] = 0.9 * velocity[i] + gradient[i]", "parameter[i] -= rate * velocity[i]"]
    for k in range(5):
        got = same_bits(records, (1, k), np.empty((4, 5), dtype), x.reshape(4, 5))
        assert got.steps[0].text == "best = -np.inf"
        assert [step.letters["k"] for step in got.steps if step.into == "count" and step.kind == "add"][:1] == [0]
    got = same_bits(middle_of_positive, (2,), np.empty(4, dtype), x.reshape(4, 5))
    assert [step.kind for step in got.steps] == ["set", *["add"] * 5, "store"]


@pytest.mark.parametrize("seed", range(3))
def test_everything_that_the_grammar_has(seed):
    y, hits, *inputs = arguments(seed)
    wanted = y.copy(), hits.copy()
    everything(*wanted, *inputs)
    for output, array in zip(("y", "hits"), wanted, strict=True):
        got = [trace(everything, place, y, hits, *inputs, output=output).value for place in np.ndindex(array.shape)]
        np.testing.assert_allclose(np.reshape(got, array.shape), array, rtol=1e-15)
    x, y = np.array([0.3, 2.5]), np.empty(2)
    functions(y, x)
    np.testing.assert_allclose([trace(functions, (n,), y, x).value for n in range(2)], y, rtol=1e-14)


@pytest.mark.parametrize(
    ("error", "words", "place", "output", "count"),
    [
        (ShapeError, r"softmax_forward: y has no place \(2, 0\)", (2, 0), None, 2),
        (ShapeError, r"y has no place \(0, -1\)", (0, -1), None, 2),
        (ShapeError, r"y has no place \(0,\)", (0,), None, 2),
        (ShapeError, r"y has no place \(0,\)", 0, None, 2),
        (SettingError, "softmax_forward has no output 'x': it writes y", (0, 0), "x", 2),
        (SettingError, "softmax_forward takes 2 arguments, but gets 1", (0, 0), None, 1),
    ],
)
def test_refusals(error, words, place, output, count):
    arrays = [np.ones((2, 3))] * count
    with pytest.raises(error, match=words):
        trace(textbook.softmax_forward, place, *arrays, output=output)


def test_shapes_that_do_not_fit():
    """Plain Python finds what compiled code would read beyond the end."""
    y, x, weight, bias = (np.ones(shape) for shape in ((1, 2, 2, 2), (1, 1, 3, 3), (1, 1, 2, 2), 2))
    with pytest.raises(
        ShapeError, match=r"conv2d_forward: the arguments do not fit each other: index 1 is out of bounds(.|\n)* weight \(1, 1"
    ):
        trace(textbook.conv2d_forward, (0, 1, 0, 0), y, x, weight, bias, 1, 1, 0, 0, 1, 1, 1, False)
    with pytest.raises(ShapeError, match=r"fit each other: x\.shape has 3 numbers, not 4"):
        trace(textbook.conv2d_forward, (0, 1, 0, 0), y, x[0], weight, bias, 1, 1, 0, 0, 1, 1, 1, False)


def test_a_place_that_is_not_written():
    with pytest.raises(SettingError, match=r"running_sum does not write y\[3\]"):
        trace(running_sum, (3,), np.ones(5), np.ones(2), 0.5)
