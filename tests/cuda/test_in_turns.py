"""Threads that take turns in the simulator: a barrier opens when all that have not ended wait at it, and an error ends the block."""

import subprocess
import sys
from os import environ
from pathlib import Path

from . import in_turns

PROGRAM = """
import threading
import numpy as np
from numba import cuda

@cuda.jit
def reversed_in_shared_memory(y, x):
    held = cuda.shared.array(8, np.float32)
    at = cuda.threadIdx.x
    if at == 7:
        return  # the others go on without it
    held[at] = x[cuda.blockIdx.x, at]
    cuda.syncthreads()
    y[cuda.blockIdx.x, at] = held[6 - at]

@cuda.jit
def broken(y):
    if cuda.threadIdx.x == 2:
        y[1000] = 0
    cuda.syncthreads()

x = np.arange(16, dtype=np.float32).reshape(2, 8)
y = np.zeros_like(x)
reversed_in_shared_memory[2, 8](y, x)
assert np.array_equal(y[:, :7], x[:, 6::-1]), y
assert not y[:, 7].any()
try:
    broken[1, 4](y)
except IndexError as error:
    print("tid=[2, 0, 0]" in str(error), threading.active_count())
"""


def test_a_barrier_and_an_error(tmp_path: Path):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    command = [sys.executable, in_turns.__file__, script]
    ran = subprocess.run(command, env=environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, timeout=60)
    assert ran.stdout.split() == ["True", "1"], ran.stderr
