"""Benchmarks on a device, in Numba's simulator: every contestant's result is right before it is timed, and everyone is timed."""

import pytest

from . import bench_simulated
from .test_derived_simulated import run_simulated


@pytest.mark.parametrize("part", bench_simulated.PARTS)
def test_a_benchmark_on_a_device(part):
    assert run_simulated(bench_simulated.__file__, part)
