"""Textbook loops, and what a plan launches beside them, in Numba's simulator: bits of the compiled loop in any layout, near them in float32."""

import os
import subprocess
import sys

import pytest

from minicnn.kernels import textbook

from . import derived_simulated, in_turns, steps_simulated

PARTS = 4


def run_simulated(script, *arguments):
    """What a script prints that runs in the simulator, which Numba chooses when it is imported."""
    command = [sys.executable, in_turns.__file__, script, *map(str, arguments)]
    ran = subprocess.run(command, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


@pytest.mark.parametrize("part", range(PARTS))
def test_launches_have_the_bits_of_the_loop(part):
    assert run_simulated(derived_simulated.__file__, part, PARTS).split() == textbook.__all__[part::PARTS]


@pytest.mark.parametrize("part", range(2))
def test_steps_do_what_those_of_the_cpu_do(part):
    run_simulated(steps_simulated.__file__, *list(steps_simulated.CHECKS)[part::2])
