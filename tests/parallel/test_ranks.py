"""Several ranks train as one process does, bit for bit."""

import json
import warnings

import pytest

from . import trainings


@pytest.fixture(scope="module")
def alone():
    """What one process ends with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return json.loads(json.dumps({name: trainings.outcome(name, threads=2) for name in trainings.TRAININGS}))


@pytest.fixture(scope="module")
def in_groups(run_ranks):
    """(ranks of its group, what it ended with) of each of four ranks, in groups of four, of three and one, and of two."""
    ran = run_ranks(4, trainings.__file__)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("name", trainings.TRAININGS)
def test_all_ranks_end_with_the_bits_of_one_process(alone, in_groups, name, count):
    """Also with different numbers of threads, with more shards than slots, and where a rank has no slot, or nothing in the last batch."""
    everyone = [found[name] for size, found in in_groups if size == count]
    assert len(everyone) in (count, 2 * count)
    assert all(found == alone[name] for found in everyone)
