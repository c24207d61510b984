"""The front functions on arrays of a device, in Numba's simulator, which it chooses when it is imported: by scripts in their own process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels import right_calls

from . import in_turns

PARTS = 3
HERE = Path(__file__).parent


def in_the_simulator(*command):
    environment = os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    command = [sys.executable, in_turns.__file__, *map(str, command)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    return ran.stdout


@pytest.mark.parametrize("part", range(PARTS))
def test_every_function_computes_on_a_device_what_it_does_on_the_host(part):
    names = [recipe.name for recipe in right_calls.recipes()]
    assert in_the_simulator(HERE / "doors_simulated.py", part, PARTS).split() == names[part::PARTS]


def test_arrays_of_others_wrong_ones_and_memory():
    assert " passed" in in_the_simulator("-m", "pytest", "-q", "-p", "no:cacheprovider", HERE / "arrays_simulated.py")
