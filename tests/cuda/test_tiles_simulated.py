"""The hand-written kernels in Numba's simulator, which a process chooses when it starts; MINICNN_CUDA_FULL=1 runs all cases."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from . import in_turns


@pytest.mark.parametrize("part", ["every_pass", "bias or batch or matrix"])
def test_in_the_simulator(part):
    pytest_of_part = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/cuda/simulated_tiles.py", "-k", part]
    command = [sys.executable, in_turns.__file__, *pytest_of_part]
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    run = subprocess.run(command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
