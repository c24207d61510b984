"""What only a GPU can show: left out where there is none, and required by --require-cuda."""

import subprocess
import sys

import pytest

from minicnn.kernels.cuda.runtime import NO_DRIVER

CHECKS = ("tiles", "doors", "networks", "same_bits", "graph", "foreign_arrays")


@pytest.mark.gpu
@pytest.mark.parametrize("check", CHECKS)
def test_a_device_computes_what_the_cpu_does(check):
    from . import gpu_checks

    if check == "foreign_arrays":
        torch = pytest.importorskip("torch", reason="PyTorch's tensors go in: pip install torch")
        if not torch.cuda.is_available():
            pytest.skip("this PyTorch computes on no CUDA device")
    found = getattr(gpu_checks, check)()
    assert found["checked"] > 0
    assert found["wrong"] == []


def pytest_without_a_gpu(*options):
    """Run this file where Numba is told that there is no device."""
    program = "import os, sys; os.environ['NUMBA_DISABLE_CUDA'] = '1'; import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    command = [
        sys.executable,
        "-c",
        program,
        "-q",
        "-p",
        "no:cacheprovider",
        f"{__file__}::test_a_device_computes_what_the_cpu_does",
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_a_gpu_its_tests_are_left_out():
    told = pytest_without_a_gpu()
    assert told.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert told.stdout.splitlines()[-1].startswith(f"{len(CHECKS)} deselected")


def test_where_a_gpu_is_required_the_run_ends_in_one_line():
    told = pytest_without_a_gpu("--require-cuda")
    assert told.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = filter(None, told.stderr.splitlines())
    assert line.startswith("ERROR: --require-cuda: ")
    assert NO_DRIVER in line or "NUMBA_DISABLE_CUDA" in line
