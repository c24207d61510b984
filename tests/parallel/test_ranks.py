"""Several ranks train as one process does, bit for bit."""

import json

import pytest

from . import trainings


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")
def test_all_ranks_end_with_the_bits_of_one_process(run_ranks):
    """Groups of one to four ranks, also with different numbers of threads, with more shards than slots, and where a rank has no slot, or
    nothing in the last batch.  One test, because four ranks start once; one process comes first, for what it compiles four need not.
    """
    alone = {name: json.loads(json.dumps(trainings.outcome(name, threads=2))) for name in trainings.TRAININGS}
    ran = run_ranks(4, trainings.__file__)
    assert ran.returncode == 0, ran.stderr
    in_groups = json.loads(ran.stdout)  # the size of its group, and what it ended with, of each of four ranks
    assert sorted(size for size, _ in in_groups) == [1, *[2] * 4, *[3] * 3, *[4] * 4]
    for name, wanted in alone.items():
        for size, found in in_groups:
            assert found[name] == wanted, f"{name} on {size} ranks"
