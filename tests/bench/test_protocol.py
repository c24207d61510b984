"""The order of calls, what is counted and what is told, on a clock that only moves when someone works."""

from __future__ import annotations

import pytest

from minicnn.bench import Agreement, Contestant, Protocol, Timing
from minicnn.bench.protocol import pairwise_ratio, ratio


class Clock:
    """Time as the contestants spend it."""

    def __init__(self):
        self.now = 0.0
        self.log = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.log.append("rest")

    def contestant(self, name, seconds, units=1, result=None):
        """Takes the given seconds per call, the last of them for ever."""
        left = list(seconds)

        def call():
            self.log.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]
            return result

        return Contestant(name, call, units)


@pytest.fixture
def clock():
    return Clock()


def protocol(clock, **settings):
    return Protocol(**{"seconds": 1e-9, "least_turns": 2, "turn_seconds": 1e-9, **settings, "clock": clock, "sleep": clock.sleep})


def test_turns_alternate_and_each_begins_with_a_rest_and_a_call_that_does_not_count(clock):
    protocol(clock).race([clock.contestant("a", [0.01]), clock.contestant("b", [0.02])])
    first, expected = ["a", "b"], ["a", "b"]
    turn = ["rest", "a", "a", "rest", "b", "b"]
    assert clock.log == first + expected + 2 * turn


def test_a_long_call_needs_no_call_before_it(clock):
    protocol(clock).race([clock.contestant("a", [1.0])])
    assert clock.log == ["a", "a", "rest", "a", "rest", "a"]


def test_the_first_call_stands_alone(clock):
    (timing,) = protocol(clock).race([clock.contestant("a", [5.0, 0.01])]).timings
    assert timing.first_seconds == 5
    assert timing.median_seconds == pytest.approx(0.01)


def test_a_turn_is_the_median_of_as_many_calls_as_fill_its_time(clock):
    seconds = [0.01, 0.01, 0.01, 0.01, 0.09, 0.01, 0.01]  # first, expected, uncounted, then one in four disturbed
    (timing,) = protocol(clock, turn_seconds=0.04, least_turns=1).race([clock.contestant("a", seconds)]).timings
    assert clock.log.count("a") == 3 + 4
    assert timing.turns == (pytest.approx(0.01),)


@pytest.mark.parametrize(("budget", "turns"), [(0.001, 2), (0.35, 4), (100, 6)])
def test_turns_go_on_until_the_time_is_spent(clock, budget, turns):
    (timing,) = protocol(clock, seconds=budget, most_turns=6).race([clock.contestant("a", [0.05])]).timings
    assert len(timing.turns) == turns


def test_times_are_told_for_one_unit_but_the_first_call_as_a_whole(clock):
    (timing,) = protocol(clock).race([clock.contestant("epoch", [0.2], units=10)]).timings
    assert timing.median_seconds == pytest.approx(0.02)
    assert timing.first_seconds == pytest.approx(0.2)


def test_what_disagrees_is_not_timed(clock):
    seen = []

    def compare(results):
        seen.extend(results)
        return Agreement(0.5, 1e-5)

    race = protocol(clock).race([clock.contestant("a", [0.01], result=1), clock.contestant("b", [0.01], result=2)], compare)
    assert seen == [1, 2]
    assert race.agreement == (0.5, 1e-5)
    assert [timing.turns for timing in race.timings] == [(), ()]
    assert clock.log == ["a", "b"]


@pytest.mark.parametrize(("error", "holds"), [(0.0, True), (1e-5, True), (1.1e-5, False), (float("nan"), False), (float("inf"), False)])
def test_agreement(error, holds):
    assert Agreement(error, 1e-5).holds is holds


def test_results_are_handed_over_one_by_one(clock):
    """Each may be a gigabyte: the second call comes when the first result has been looked at."""
    order = []

    def compare(results):
        for result in results:
            order.append((result, list(clock.log)))
        return Agreement(0, 0)

    protocol(clock).race([clock.contestant("a", [0.01], result="A"), clock.contestant("b", [0.01], result="B")], compare)
    assert order == [("A", ["a"]), ("B", ["a", "b"])]


def test_first_calls_are_made_even_if_nobody_looks_at_them(clock):
    race = protocol(clock).race([clock.contestant("a", [0.3, 0.01]), clock.contestant("b", [0.4, 0.01])], lambda results: Agreement(0, 1))
    assert [timing.first_seconds for timing in race.timings] == [pytest.approx(0.3), pytest.approx(0.4)]


def test_figures_of_a_timing():
    timing = Timing("a", 1.0, (4.0, 2.0, 3.0, 8.0))
    assert (timing.least_seconds, timing.median_seconds, timing.most_seconds) == (2, 3.5, 8)
    assert timing.spread == pytest.approx((4 - 3) / 2 / 3.5)
    untimed = Timing("a", 1.0)
    assert (untimed.least_seconds, untimed.median_seconds, untimed.most_seconds, untimed.spread) == (None,) * 4
    assert Timing("a", 1.0, (2.0,)).spread is None


def test_ratios():
    ours, theirs = Timing("minicnn", 0, (1.0, 2.0, 4.0)), Timing("torch", 0, (3.0, 6.0, 12.0))
    assert ratio(ours, theirs) == pairwise_ratio(ours, theirs) == 3
    # a machine that halves its speed while the race goes on bends the first more than the second
    assert pairwise_ratio(Timing("minicnn", 0, (1.0, 1.0, 2.0)), Timing("torch", 0, (3.0, 6.0, 6.0))) == 3
    assert ratio(ours, Timing("torch", 0)) is None
    assert pairwise_ratio(ours, Timing("torch", 0)) is None
