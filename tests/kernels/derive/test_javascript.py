"""Every definition, written out as JavaScript and run in node, gives the bits of the compiled loop."""

import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given

from minicnn.errors import SettingError
from minicnn.kernels import random_bits, textbook
from minicnn.kernels.derive import read
from minicnn.kernels.derive.grammar import read_function
from minicnn.kernels.derive.javascript import javascript
from minicnn.kernels.textbook.compile import kernel

from ..textbook import cases
from ..textbook.checks import distinct, generated, poisoned
from ..textbook.generate import dtypes, seeds, windows
from . import node
from .test_grammar import arguments, everything, functions

in_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: apt-get install nodejs")

# Functions of the browser's library, each within one unit in the last place of float64, and sums and quotients of a few of them
LIBRARY = ("tanh", "sigmoid", "softmax", "local_response_norm", "lp_pool", "cross_entropy", "dice")


def compare(folder, calls):
    computed = []
    for function, outputs, inputs in calls:
        computed.append([each.copy() for each in outputs])
        function(*computed[-1], *inputs)
    for (function, _, _), want, got in zip(calls, computed, node.run(folder, calls), strict=True):
        name = function.py_func.__name__
        for one, other in zip(want, got, strict=True):
            if any(word in name for word in LIBRARY):
                tolerance = 4 * np.finfo(one.dtype).eps
                np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance, err_msg=name)
            else:
                assert other.tobytes() == one.tobytes(), name


@in_node
@pytest.mark.parametrize("dtype", cases.AXES)
def test_every_definition(tmp_path, dtype):
    """The usual sizes, and others that are drawn: strides leave a rest, padding exceeds the taps, windows miss the input."""
    sizes = [cases.USUAL, *map(cases.drawn, range(8))]
    made = [each for size in sizes for each in cases.calls(dtype, cases.AXES[dtype], size).items()]
    assert dtype == "float32" or {name for name, _ in made} == set(textbook.__all__)
    compare(tmp_path, [(getattr(textbook, name), *call) for name, call in made])


@in_node
def test_nan_and_ties(tmp_path):
    """Comparisons go the same way as in compiled code, also those of max and min with NaN."""
    calls = []

    @generated
    @given(windows(2), seeds, dtypes(2))
    def gather(window, seed, dtype):
        x = np.round(distinct(seed, (2, 3, *window.size), dtype) * 3)
        x[..., ::4] = np.nan
        outputs = [poisoned((2, 3, *window.out), dtype), np.full((2, 3, *window.out), -99)]
        settings = (*window.taps, *window.stride, *window.before, *window.dilation)
        calls.append((textbook.max_pool2d_forward, outputs, (x, *settings)))

    gather()
    given_words = np.array([np.nan, 1.0, 0.0, -0.0, -1.0])
    a, b = (np.ascontiguousarray(each.ravel()) for each in np.meshgrid(given_words, given_words))
    calls.append((extremes, [poisoned(25), poisoned(25)], (a, b)))
    compare(tmp_path, calls)


@kernel
def extremes(largest, smallest, a, b):
    for n in range(len(a)):
        largest[n] = max(a[n], b[n])
        smallest[n] = min(a[n], b[n])


@kernel
def swish_forward(y, x, new):
    # `new` means something else in JavaScript
    for i in range(x.size):
        let = x.flat[i]
        y.flat[i] = let / (1.0 + new * np.sqrt(let * let + 0.1))  # the root stands for exp


@kernel
def rounded_everywhere(y, x):
    for i in range(len(x)):
        square = x[i] * x[i]
        if x[i] > 0.1:
            a, b = x[i] * 3, square
            a, b = b, a
        else:
            a, b = square, x[i]
        last = x[i] / -square
        last *= square
        last -= x[i]
        total = 0.0
        for k in range(5, 0, -2):
            total += square**3 / k
        y[i] = total + (a - (b - x[i])) * np.sqrt(square) - max(-x[i], 0.3) * x[i] % 0.7 + x[i] // 0.4 - abs(last)


@kernel
def divided(whole, rest, a, b):
    for n in range(len(a)):
        whole[n] = a[n] // b[n]
        rest[n] = a[n] % b[n]


@kernel
def moving_end(y, x):
    """A range is counted once, names are set in one branch and read elsewhere, some of a row of names are old ones."""
    for n in range(len(x)):
        count, total = 3, 0.0
        for k in range(count):
            total, last = total + x[n] * k, k
            count += 1
        if count > 5 and x[n] > 0.0:
            half = 0.5
            weight = half * half
        else:
            half = last * 2.0
            weight = half
        y[n] = total * weight + count


@in_node
def test_own_loops(tmp_path):
    for dtype in ("float32", "float64"):
        x = np.random.default_rng(5).standard_normal((4, 25)).astype(dtype)
        compare(tmp_path, [(swish_forward, [poisoned(x.shape, dtype)], (x, 0.7))])
        a, b = np.meshgrid([1.0, 0.3, -0.3, 7.5, -2.0], [0.1, -0.1, 0.7, 2.0])
        compare(tmp_path, [(divided, [poisoned(20, dtype), poisoned(20, dtype)], (a.ravel().astype(dtype), b.ravel().astype(dtype)))])
        compare(tmp_path, [(moving_end, [poisoned(100, dtype)], (x.ravel(),))])
        compare(tmp_path, [(rounded_everywhere, [poisoned(100, dtype)], (x.ravel(),))])


@in_node
def test_everything_that_the_grammar_has(tmp_path):
    calls = [(everything, made[:2], made[2:]) for made in map(arguments, range(12))]
    for (_, outputs, inputs), (y, hits) in zip(calls, node.run(tmp_path, calls), strict=True):
        everything(*outputs, *inputs)
        np.testing.assert_allclose(y, outputs[0], rtol=1e-15)
        assert np.array_equal(hits, outputs[1])
    x, y = np.random.default_rng(1).uniform(0.01, 3, 50), poisoned(50)
    ((got,),) = node.run(tmp_path, [(functions, [y], (x,))])
    functions(y, x)
    np.testing.assert_allclose(got, y, rtol=1e-14)


@in_node
def test_random_bits(tmp_path):
    words = np.random.default_rng(6).integers(0, 2**32, (3, 500)).astype(float)
    words[:, :4] = [[0, 1, 2**32 - 1, 2**31]] * 3
    words[1:, 4:8] = 2**40 + 3
    want = [random_bits.uniform_bits(*map(int, each)) for each in words.T]
    text = javascript(read_function(random_bits.uniform_bits))
    program = f"{text}console.log(JSON.stringify({words.T.tolist()}.map((words) => uniform_bits(...words))));"
    (tmp_path / "bits.js").write_text(program)
    done = subprocess.run(["node", tmp_path / "bits.js"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == str(want).replace(" ", "") + "\n"


def test_text_can_be_read():
    """Letters, formula, comments and the order of the loops are those of the definition; nothing else stands there."""
    text = javascript(read(textbook.relu_forward))
    assert text == (
        """\
/*
 * y = max(0, x)
 *
 * Parameters
 * ----------
 * y : float, any shape, written
 * x : float, shape of y
 */
function relu_forward(y, x) {
  for (let i = 0; i < x.data.length; i++) {
    const value = x.data[i];
    y.data[i] = value <= 0.0 ? 0.0 : value;  // asked this way round, NaN passes through
  }
}
"""
    )
    loop = javascript(read(textbook.conv1d_forward)).partition("function conv1d_forward")[2]
    assert loop == (
        """(y, x, weight, bias, stride_w, pad_w, dilation_w, groups, flip) {
  const round = rounding(y);
  const [N, K, Q] = y.shape;
  const [, C, W] = x.shape;
  const S = weight.shape[2];
  const channels = Math.floor(C / groups);
  const filters = Math.floor(K / groups);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) {
      const group = Math.floor(k / filters);
      for (let q = 0; q < Q; q++) {
        let total = bias.data[k];
        for (let c = 0; c < channels; c++) {
          for (let s = 0; s < S; s++) {
            const w = input_position(q, s, stride_w, dilation_w, pad_w);
            if (0 <= w && w < W) {
              total += round(x.data[at3(x, n, group * channels + c, w)] * weight.data[at3(weight, k, c, weight_tap(s, S, flip))]);
            }
          }
        }
        y.data[at3(y, n, k, q)] = total;
      }
    }
  }
}
"""
    )


FAR = 2**60


def far_away(y):
    for n in range(len(y)):
        y[n] = FAR + n


def test_integers_that_javascript_does_not_have():
    with pytest.raises(SettingError, match=r"test_javascript\.py:\d+: FAR is 1152921504606846976, but JavaScript counts to 2\*\*53 only"):
        javascript(read(far_away))


def test_text_is_the_same_in_every_run():
    for name in textbook.__all__:
        assert javascript(read(getattr(textbook, name))) == javascript(read(getattr(textbook, name)))
