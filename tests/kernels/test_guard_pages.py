"""No kernel reads or writes outside a user's arrays, not even where a vector is longer than what is left.

MINICNN_GUARDED_CALLS says how many calls of either kind (default 200).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CALLS = os.environ.get("MINICNN_GUARDED_CALLS", "200")


@pytest.mark.skipif(os.name != "posix", reason="there is no mprotect")
def test_arrays_between_forbidden_pages():
    command = [sys.executable, "-m", "tests.kernels.guarded_calls", "0", CALLS]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    last = run.stdout.splitlines()[-1:]
    assert run.returncode == 0, f"ended with {run.returncode} at {last}\n{run.stderr[-2000:]}"


@pytest.mark.skipif(os.name != "posix", reason="there is no mprotect")
def test_a_read_beyond_is_found():
    beyond = (
        "import ctypes; from tests.kernels.guarded_calls import between_pages; array = between_pages((5,), 'f4'); "
        "ctypes.string_at(array.ctypes.data, 20); print('inside', flush=True); ctypes.string_at(array.ctypes.data, 24)"
    )
    run = subprocess.run([sys.executable, "-c", beyond], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert run.stdout == "inside\n"
    assert run.returncode < 0
