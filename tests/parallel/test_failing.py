"""How ranks fail: all of them end, and one says why."""

import sys
from types import SimpleNamespace

import pytest

from minicnn import parallel, zoo
from minicnn.engine import new_plan
from minicnn.errors import DeviceError, MinicnnWarning, SettingError
from minicnn.train.together import warn_of_idle

FAILS = """
import sys
from minicnn import parallel
from minicnn.errors import DataError
ranks = parallel.ranks("data")
failing = sys.argv[1].split(",")

def work():
    if str(ranks.rank) in failing:
        raise DataError("there is no data here")
    ranks.meet()

if sys.argv[2] == "command":
    with parallel.failing_together(ranks, lambda message: print(message, file=sys.stderr, flush=True)):
        work()
else:
    parallel.tell_of_failures(ranks)
    work()
"""


@pytest.mark.parametrize("way", ["command", "script"])
def test_what_one_rank_fails_at_ends_the_others_which_wait_for_it(run_ranks, way):
    ran = run_ranks(3, "-c", FAILS, "1", way)
    assert ran.returncode == 1
    assert ran.stderr.count("there is no data here") == 1
    assert way == "script" or "rank 1: there is no data here" in ran.stderr


@pytest.mark.parametrize("way", ["command", "script"])
def test_what_all_fail_at_is_reported_once(run_ranks, way):
    ran = run_ranks(3, "-c", FAILS, "0,1,2", way)
    assert ran.returncode == 1
    assert ran.stderr.count("there is no data here") == 1
    assert "BAD TERMINATION" not in ran.stdout


def test_a_network_that_does_not_exist_is_reported_once(run_ranks):
    ran = run_ranks(2, "-m", "minicnn", "train", "nosuch")
    assert ran.returncode == 1
    assert ran.stderr.count("Error:") == 1


def test_ranks_that_are_given_different_things_say_so(run_ranks):
    program = """
from minicnn import parallel
ranks = parallel.ranks("data")
parallel.tell_of_failures(ranks)
ranks.demand_same(batch_size=64 + ranks.rank // 2)
"""
    ran = run_ranks(3, "-c", program)
    assert ran.returncode == 1
    assert ran.stderr.count("SettingError: rank 2 has another batch size than rank 0") == 1


def test_ranks_without_mpi4py_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(DeviceError, match=r"needs mpi4py, which is not here\n  pip install 'minicnn\[mpi\]'"):
        parallel.ranks("data")


def test_a_way_that_does_not_exist_is_refused():
    with pytest.raises(SettingError, match="parallel is 'dat', but must be one of 'data', 'model': did you mean data"):
        parallel.ranks("dat")


def test_ranks_without_a_part_of_the_batch_are_told():
    plan = new_plan("cpu", zoo.build("lenet", classes=10), 32, 1, training=True)
    with pytest.warns(MinicnnWarning, match="1 of 3 ranks have nothing to train on: a batch of 32 makes 2 parts"):
        warn_of_idle(SimpleNamespace(leads=True, computing=3), plan, 32)
    warn_of_idle(SimpleNamespace(leads=True, computing=2), plan, 32)
    warn_of_idle(SimpleNamespace(leads=False, computing=3), plan, 32)
