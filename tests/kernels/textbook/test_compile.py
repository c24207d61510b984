"""The machine code of textbook loops: made once per machine, and never that of a user's function."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from numba.core import config

from minicnn.kernels import textbook
from minicnn.kernels.machine_code.compile import is_stamped
from minicnn.kernels.textbook.compile import kernel
from tests.kernels.cache_damages import kept_files
from tests.kernels.textbook.cases import some_map

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")

COUNTED = """
import numpy as np
from numba.core import event


class Compiled(event.Listener):
    def on_start(self, event):
        names.append(str(event.data))

    def on_end(self, event):
        pass


names = []
event.register("numba:run_pass", Compiled())
"""
FUNCTIONS = """
from minicnn import kernels
x, weight = np.ones((2, 3, 6, 6)), np.ones((4, 3, 3, 3))
y = kernels.conv2d(x, weight)
kernels.conv2d_backward_input(y, weight, x.shape)
kernels.conv2d_backward_weight(y, x, weight.shape)
kernels.conv2d_backward_bias(y)
y, indices = kernels.max_pool2d(x, 2, return_indices=True)
kernels.max_pool2d_backward(y, indices, x.shape)
kernels.avg_pool2d(x, 2)
kernels.batch_norm_training(x, np.ones(3), np.zeros(3))
kernels.softmax(kernels.linear(kernels.relu(x.reshape(2, -1)), np.ones((5, 108))))
print(len(names))
"""
OWN_CODE = """
from numba import njit
from minicnn.kernels import textbook


@njit(cache={cache})
def mine(y, x):
    textbook.relu_forward(y, x)
    return y.sum()


x = np.arange(-3.0, 3.0).reshape(2, 3)
assert mine(np.empty((2, 3)), x) == 3
print(len([name for name in names if "relu_forward" in name]), len([name for name in names if "mine" in name]))
"""


def numbers_printed(program):
    """By a fresh process: how many passes of the compiler ran."""
    command = [sys.executable, "-W", "error", *([program] if isinstance(program, Path) else ["-c", program])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [int(number) for number in told.stdout.split()]


def test_float64_compiles_nothing_where_the_cache_is_warm():
    numbers_printed(COUNTED + FUNCTIONS)
    assert numbers_printed(COUNTED + FUNCTIONS) == [0]


@pytest.mark.parametrize("cache", [False, True])
def test_code_of_a_user_takes_the_loop_from_the_cache(cache, tmp_path):
    """Where it is cached itself, with the loop in it, nothing is compiled."""
    path = tmp_path / "own.py"
    path.write_text(COUNTED + OWN_CODE.format(cache=cache), encoding="utf-8")
    numbers_printed(path)
    loop, mine = numbers_printed(path)
    assert (loop, mine > 0) == (0, not cache)


def test_every_loop_is_one_whose_edits_are_noticed():
    loops = [getattr(textbook, name) for name in textbook.__all__]
    assert all(is_stamped(loop.py_func) and loop.stats.cache_path for loop in loops)


def test_a_function_from_elsewhere_is_compiled_anew():
    """The stamp does not cover its helpers: an edited one would run as it was."""
    assert some_map.stats.cache_path is None
    assert kernel(lambda x: x + 1).stats.cache_path is None


def test_no_loop_is_kept_with_a_function_that_was_handed_in(monkeypatch, tmp_path):
    """Another process would find it under the name of another function at the same address."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))

    def first(k, o, p, q, c, t, r, s):
        return 0, 0, 0, q, 0

    y, x, weight = np.empty((1, 1, 1, 1, 2)), np.arange(2.0).reshape(1, 1, 1, 1, 2), np.array([3.0])
    textbook.variant_forward(y, x, weight, np.zeros(1), njit(first), (1, 1, 1, 1))
    assert y.ravel().tolist() == [0.0, 3.0]
    assert not [path for path in kept_files(tmp_path) if path.name.startswith("variant_forward")]
