"""Training that is killed at random moments, again and again, ends with the files of one that was not, bit for bit."""

import os
import random
import signal

import pytest

from ..stress.kills import killed_and_whole

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer that sends signals")


def test_a_run_killed_at_random_moments_ends_with_the_same_files(tmp_path):
    """With dropout, statistics of batches, changes of images, mixup, averaged weights, and all else that a run has to remember."""
    settings = ["--augment=shift=1,elastic=8:2,cutout=2,mixup", "--schedule=one-cycle", "--ema=0.9", "--accumulate=2", "--clip-norm=5"]
    seed = int.from_bytes(os.urandom(4), "big")
    assert killed_and_whole(settings, tmp_path, random.Random(seed)) is None, f"killed by the dice of {seed}"
