"""What holds for all textbook kernels: outputs written, inputs left alone, the same in plain Python, usable from compiled code."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit

from minicnn.kernels import textbook

from . import cases
from .checks import poisoned, uniform


def test_every_kernel_has_a_case():
    assert set(cases.calls(np.float64)) == set(textbook.__all__)


@pytest.mark.parametrize("name", textbook.__all__)
def test_docstring_names_what_is_written(name):
    assert " written\n" in getattr(textbook, name).__doc__


@pytest.mark.parametrize("dtype", cases.AXES)
def test_outputs_are_written_and_inputs_are_not(dtype):
    for name, (outputs, inputs) in cases.calls(dtype, cases.AXES[dtype]).items():
        before = [np.copy(each) for each in inputs]
        getattr(textbook, name)(*outputs, *inputs)
        for output in outputs:
            assert not np.any(output == -99 if output.dtype.kind == "i" else np.isnan(output)), name
        for one, other in zip(inputs, before, strict=True):
            assert np.array_equal(one, other), name


def test_float32_is_float64_rounded():
    """Inputs are rounded, then products, then the result; sums are kept in float64.  Roots and quotients of small numbers magnify that."""
    computed = cases.run_all()
    for key, array in computed.items():
        name, dtype, position = key.split()
        if dtype == "float32" and array.dtype == np.float32:
            np.testing.assert_allclose(array, computed[f"{name} float64 {position}"], rtol=1e-4, atol=1e-5, err_msg=key)


TRANSCENDENTAL = (
    "tanh",
    "sigmoid",
    "softmax",
    "local_response_norm",
    "lp_pool",
    "smooth",
    "rotate_draw",
    "normal_draw",
    "mixup_draw",
    "cross_entropy",
    "dice",
)  # two mathematical libraries may differ in the last place


def test_plain_python_computes_the_same(tmp_path):
    """NUMBA_DISABLE_JIT=1 runs the very same loops, and gets the very same bits."""
    path = tmp_path / "plain.npz"
    subprocess.run([sys.executable, cases.__file__, path], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=True, timeout=300)
    compiled = cases.run_all()
    with np.load(path) as plain:
        assert set(plain.files) == set(compiled)
        for key, array in compiled.items():
            tolerance = 4 * np.finfo(key.split()[1]).eps if any(word in key for word in TRANSCENDENTAL) else 0.0
            np.testing.assert_allclose(plain[key], array, rtol=tolerance, atol=tolerance, err_msg=key)


def test_callable_from_compiled_code():
    @njit
    def block(y, indices, hidden, x, weight, bias):
        textbook.conv2d_forward(hidden, x, weight, bias, 1, 1, 0, 0, 1, 1, 1, False)
        textbook.relu_forward(hidden, hidden)
        textbook.max_pool2d_forward(y, indices, hidden, 2, 2, 2, 2, 0, 0, 1, 1)

    x, weight, bias = uniform(0, (2, 1, 6, 6)), uniform(1, (3, 1, 3, 3)), uniform(2, 3)
    y, indices, hidden = poisoned((2, 3, 2, 2)), poisoned((2, 3, 2, 2), np.int64), poisoned((2, 3, 4, 4))
    block(y, indices, hidden, x, weight, bias)
    again = poisoned(hidden.shape)
    textbook.conv2d_forward(again, x, weight, bias, 1, 1, 0, 0, 1, 1, 1, False)
    again = np.maximum(again, 0.0)
    assert np.array_equal(hidden, again)
    assert np.array_equal(y, again.reshape(2, 3, 2, 2, 2, 2).max((3, 5)))


def test_arrays_need_not_be_contiguous():
    """Views with gaps, reversed axes and the channel last: inputs and outputs alike."""
    x = uniform(0, (2, 6, 7, 4)).transpose(0, 3, 1, 2)[:, ::-2]
    weight = np.asfortranarray(uniform(1, (3, 2, 2, 3)))
    y = np.swapaxes(poisoned((2, 3, 10, 5)), 2, 3)[..., ::2]
    textbook.conv2d_forward(y, x, weight, np.zeros(3), 1, 1, 0, 0, 1, 1, 1, False)
    plain = poisoned((2, 3, 5, 5))
    textbook.conv2d_forward(plain, np.ascontiguousarray(x), np.ascontiguousarray(weight), np.zeros(3), 1, 1, 0, 0, 1, 1, 1, False)
    assert np.array_equal(y, plain)
    textbook.tanh_forward(y, plain.transpose(1, 0, 2, 3).copy().transpose(1, 0, 2, 3))
    np.testing.assert_allclose(y, np.tanh(plain), rtol=1e-15)
