"""A loop as CUDA threads: what the text says.  tests/cuda/derived_simulated.py runs all of them."""

import math
import subprocess
import sys

import numpy as np
import pytest
from numba import njit

from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.kernels.derive import read
from minicnn.kernels.derive.cuda import COMPARED, cuda
from minicnn.kernels.derive.generated import load


def written(text, name="own"):
    """The kernel of a definition that stands in a text."""
    return cuda(read(load(text, name)))


def test_the_text_is_the_loop_with_its_letters_counted_off():
    assert cuda(read(textbook.conv2d_backward_bias)) == (
        "import numpy as np\n"
        "from numba import cuda\n"
        "\n"
        "\n"
        "@cuda.jit\n"
        "def conv2d_backward_bias(dbias, dy):\n"
        "    N, K, P, Q = dy.shape\n"
        "    for k in range(cuda.grid(1), K, cuda.gridsize(1)):\n"
        "        total = np.float64(0.0)\n"
        "        for n in range(N):\n"
        "            for p in range(P):\n"
        "                for q in range(Q):\n"
        "                    total += dy[n, k, p, q]\n"
        "        dbias[k] = total\n"
    )


def test_all_letters_come_from_one_place():
    text = written(
        "def own(y, x):\n    A, _, C = y.shape\n    for a in range(A):\n        for b in range(2 + A):\n            for c in range(C):\n"
        "                place = x[a]\n                y[a, b, c] = place\n"
    )
    assert "for thread in range(cuda.grid(1), A * (2 + A) * C, cuda.gridsize(1)):" in text
    for line in ("a = thread // ((2 + A) * C)", "b = thread // C % (2 + A)", "c = thread % C"):
        assert f"        {line}\n" in text


def test_a_cleared_output_is_cleared_where_the_letters_do_not_reach():
    """Each thread clears its own part: together all of it, and nothing twice."""
    assert "        dx[n::N, c::C, :, :] = 0.0\n" in cuda(read(textbook.max_pool2d_backward))


def test_a_function_that_is_handed_in_comes_with_the_text():
    shift = 3

    def shifted(k, o, p, q, c, t, r, s):
        return c, 0, p, q + s - shift, s if c < np.inf else -1

    definition = read(textbook.variant_forward)
    text = cuda(definition, index_map=shifted)
    assert "\nshift = 3\n" in text
    assert (
        "@cuda.jit(device=True)\ndef index_map(k, o, p, q, c, t, r, s):\n    return (c, 0, p, q + s - shift, s if c < math.inf else -1)\n"
        in text
    )
    assert "def variant_forward(y, x, weight, bias, taps):\n" in text
    assert "# the function index_map is to stand here, with @cuda.jit(device=True) before it\n" in cuda(definition)


AROUND = "import math\nimport numpy as np\n\n{}\n\ndef own(y, x):\n    for n in range(len(x)):\n        y[n] = {}\n"


@pytest.mark.parametrize(
    ("number", "text"),
    [("-np.inf", "-math.inf"), ("np.nan", "math.nan"), ("np.float32(0.5)", "0.5"), ("True", "True"), ("2 ** 40", "1099511627776")],
)
def test_numbers_from_around_stand_in_the_text(number, text):
    assert f"\nFACTOR = {text}\n" in written(AROUND.format(f"FACTOR = {number}", "x[n] * FACTOR"))


def test_an_endless_number_from_around_comes_with_its_module():
    """`FACTOR = math.inf` stands in the text, even where the loop itself asks for no mathematics."""
    text = written(AROUND.format("FACTOR = np.inf", "x[n] * FACTOR"))
    assert text.startswith("import math\n\nfrom numba import cuda\n")
    assert "\nFACTOR = math.inf\n" in text


def test_mathematics_has_the_names_of_the_device():
    text = written(AROUND.format("", "max(np.exp(x[n]), math.tanh(np.abs(x[n]))) if np.isnan(x[n]) else np.pi * np.float64(x[n])"))
    assert "y[n] = max(math.exp(x[n]), math.tanh(abs(x[n]))) if math.isnan(x[n]) else math.pi * np.float64(x[n])\n" in text
    assert "@cuda.jit(device=True)\ndef max(a, b):\n    return b if b > a else a\n" in text


@njit
def extremes(a, b):
    return max(a, b), min(a, b)


@pytest.mark.parametrize("a", [math.nan, 0.0, -0.0, 1.0])
@pytest.mark.parametrize("b", [math.nan, 0.0, -0.0, 1.0])
def test_a_nan_and_a_zero_go_the_way_of_the_compiled_loop(a, b):
    for word, wanted in zip(("max", "min"), extremes(a, b), strict=True):
        assert repr(eval(COMPARED[word], {"a": a, "b": b})) == repr(wanted)


def test_names_that_would_clash_are_refused(tmp_path):
    other = load("FACTOR = 3.0\ndef twice(value):\n    return FACTOR * value\n", "twice")

    def calls(around):
        space_text = AROUND.format(around, "twice(x[n]) * FACTOR")
        function = load(space_text, "own")
        function.__globals__["twice"] = other
        return function

    with pytest.raises(SettingError, match=r":2: FACTOR is 3\.0 here and 2\.0 elsewhere: rename one of them"):
        cuda(read(calls("FACTOR = 2.0")))
    assert "FACTOR = 3.0\n" in cuda(read(calls("FACTOR = 3.0")))
    with pytest.raises(SettingError, match="math is the name of a module on the device: rename it"):
        written("def own(y, math):\n    for n in range(len(math)):\n        y[n] = math[n]\n")


def test_nothing_asks_for_a_device():
    program = "import sys; import minicnn.kernels.derive.cuda; print(sorted(n for n in sys.modules if n.startswith('numba.cuda')))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60).stdout == "[]\n"
