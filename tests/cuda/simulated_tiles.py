"""What `test_tiles_simulated.py` runs in Numba's simulator, in a process of its own: each thread of a block is a thread of Python."""

import numpy as np
import pytest

from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.launches import Now

from .convolving import CASES, close, device_passes, textbook_passes


class Poisoned(Now):
    """Scratch memory that shows whoever reads what nobody has written."""

    def scratch(self, size):
        return memory.to_device(np.full(size, np.nan, np.float32))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_pass_gives_what_the_textbook_gives(case):
    wanted = textbook_passes(case, *case.arrays())
    for name, got, right in zip(
        ("y", "dx", "dweight"), device_passes(case, Poisoned(), memory.to_device, memory.to_host), wanted, strict=True
    ):
        assert close(got, right), f"{case.name}: {name}"
