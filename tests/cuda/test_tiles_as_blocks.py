"""The tiles at their real sizes, 256 threads and 128 x 128 outputs, on a processor: right, and whatever the order of the threads."""

import numpy as np
import pytest

from .block_interpreter import BlockLaunches
from .convolving import CASES, close, device_passes, textbook_passes


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_pass_gives_what_the_textbook_gives_in_both_orders_of_threads(case):
    forwards, backwards = (device_passes(case, BlockLaunches(each), np.asarray, np.asarray) for each in (False, True))
    for name, got, again, wanted in zip(("y", "dx", "dweight"), forwards, backwards, textbook_passes(case, *case.arrays()), strict=True):
        assert close(got, wanted), name
        assert np.array_equal(got, again), f"{name} depends on the order of the threads"
