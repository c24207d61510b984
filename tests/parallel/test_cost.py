"""The model of what a step costs, against numbers worked by hand."""

import pytest

from minicnn import zoo
from minicnn.parallel.cost import Link, Work, steps, work_of

LINK = Link(latency_seconds=1e-3, bandwidth=1e6, memory_bandwidth=1e9)
WORK = Work(seconds=8.0, slots=8, gradient_bytes=1_000_000, exchanges=10)


def test_one_rank_computes_and_adds_its_slots():
    (alone,) = steps(WORK, LINK, [1])
    assert alone[1:5] == (8.0, 0.0, 0.0, pytest.approx(8e6 / 1e9))


def test_ranks_share_slots_as_evenly_as_whole_slots_go():
    assert [step.compute for step in steps(WORK, LINK, [2, 3, 4, 8, 16])] == [4.0, 3.0, 2.0, 1.0, 1.0]


def test_a_gather_moves_the_slots_of_the_others_to_every_rank():
    """Four slots of 1 MB at 1 MB/s, with two messages of 1 ms on the way; ten exchanges of statistics take as many each."""
    (step,) = steps(WORK._replace(slots=4), LINK, [4])
    assert step.gather == pytest.approx(3.0 + 2e-3)
    assert step.statistics == pytest.approx(20e-3)


def test_an_all_reduce_moves_two_gradients_at_most():
    gathered = steps(WORK, LINK, [3, 1024], weak=True)
    assert gathered[0].all_reduce - gathered[0].gather == pytest.approx(2e-3 - 2 / 3 + 1e-3, rel=1e-6, abs=0.0)
    assert gathered[1].all_reduce == pytest.approx(2.0, rel=0.02)
    assert gathered[1].gather == pytest.approx(1023.0, rel=0.001)


def test_the_work_of_a_network_is_counted():
    work = work_of(zoo.build("resnet20", classes=10), 128, 0.1)
    assert work.slots == 8
    assert work.exchanges == 2 * 19
    assert work_of(zoo.build("lenet", classes=10), 128, 0.1)[1:] == (4, 4 * zoo.build("lenet", classes=10).topology.memory_size, 0)
