"""Every textbook loop as CUDA threads, in Numba's simulator: the bits of the compiled loop, however many threads there are."""

import os
import subprocess
import sys

import pytest

from minicnn.kernels import textbook

from . import simulated

PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_threads_have_the_bits_of_the_loop(part):
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    command = [sys.executable, simulated.__file__, str(part), str(PARTS)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.split() == textbook.__all__[part::PARTS]
