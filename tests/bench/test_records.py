"""What follows from measured times: rates, shares, ratios, means, and their JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from minicnn.bench import Agreement, Machine, Note, Row, Timing, geometric_mean, means, row_record
from minicnn.bench.machine import better

MACHINE = Machine("a processor", 4, 2, 16, peak_flops=1e12, peak_flops_one_thread=5e11, peak_bytes=1e11, load=0.1)
ROW = Row(
    "kernels",
    "conv",
    "forward",
    8,
    (
        Timing("minicnn", 1.0, (0.002, 0.002, 0.003)),
        Timing("minicnn step", 1.0, (0.001,) * 3),
        Timing("torch", 0.1, (0.006, 0.008, 0.004)),
        Timing("torch channels_last", 0.1, (0.005,) * 3),
    ),
    flops=10**9,
    agreement=Agreement(1e-7, 1e-5),
    family="conv",
)


def test_a_row():
    call, step, *_ = ROW.timings
    assert ROW.ours == (call, step)
    assert ROW.best_peer.name == "torch channels_last"
    assert ROW.timing("minicnn step") is step
    assert ROW.timing("jax") is None
    assert ROW.rate(call) == pytest.approx(5e11)
    assert MACHINE.share(ROW, step) == pytest.approx(1.0)
    assert (ROW.ratio(call), ROW.ratio(step)) == (pytest.approx(2.5), pytest.approx(5))
    assert not ROW.wrong
    assert not ROW.disturbed


def test_bytes_are_measured_against_copying():
    row = replace(ROW, flops=None, moved_bytes=10**8)
    assert MACHINE.share(row, row.timings[0]) == pytest.approx(0.5)
    assert MACHINE.share(replace(ROW, flops=None), ROW.timings[0]) is None


@pytest.mark.parametrize(
    ("agreement", "wrong"),
    [(None, False), (Agreement(1e-6, 1e-5), False), (Agreement(1e-4, 1e-5), True), (Agreement(float("nan"), 1e-5), True)],
)
def test_wrong(agreement, wrong):
    assert replace(ROW, agreement=agreement).wrong is wrong


def test_a_row_that_was_not_timed():
    row = replace(ROW, timings=tuple(each._replace(turns=()) for each in ROW.timings), agreement=Agreement(float("nan"), 1e-5))
    record = json.loads(json.dumps(row_record(row, MACHINE), allow_nan=False))
    assert (record["wrong"], record["error"], record["best_peer"]) == (True, "nan", None)
    assert record["timings"][0]["median_seconds"] is None


def test_the_record_of_a_row():
    record = json.loads(json.dumps(row_record(replace(ROW, rest=0.5), MACHINE), allow_nan=False))
    assert {
        name: record[name]
        for name in (
            "kind",
            "suite",
            "name",
            "work",
            "batch",
            "flops",
            "moved_bytes",
            "error",
            "tolerance",
            "wrong",
            "rest",
            "disturbed",
            "best_peer",
            "family",
        )
    } == {
        "kind": "row",
        "suite": "kernels",
        "name": "conv",
        "work": "forward",
        "batch": 8,
        "flops": 10**9,
        "moved_bytes": None,
        "error": 1e-7,
        "tolerance": 1e-5,
        "wrong": False,
        "rest": 0.5,
        "disturbed": True,
        "best_peer": "torch channels_last",
        "family": "conv",
    }
    ours, *_, theirs = record["timings"]
    assert ours["ratio"] == pytest.approx(2.5)
    assert ours["least_ratio"] == pytest.approx(2.0)  # 4 ms of the other layout, on a machine at rest
    assert ours["pairwise_ratio"] == pytest.approx(2.5)
    assert ours["share_of_peak"] == pytest.approx(0.5)
    assert set(ours) == {
        "name",
        "first_seconds",
        "median_seconds",
        "least_seconds",
        "most_seconds",
        "spread",
        "turns",
        "rate",
        "share_of_peak",
        "ratio",
        "least_ratio",
        "pairwise_ratio",
    }
    assert theirs["ratio"] is None
    assert Note("kernels", "x", "why").to_dict() == {"kind": "note", "suite": "kernels", "name": "x", "text": "why"}


def test_the_better_of_two_measurements():
    other = replace(MACHINE, peak_flops=2e12, peak_bytes=1e10, load=3.0)
    assert better(MACHINE, other) == replace(MACHINE, peak_flops=2e12)


def test_geometric_mean():
    assert geometric_mean([2.0, 0.5]) == pytest.approx(1)
    assert geometric_mean([]) is None


def test_means_go_by_family_pass_and_batch():
    slow = replace(ROW, name="slow", timings=(Timing("minicnn", 1.0, (0.02,)), *ROW.timings[1:]), rest=0.1)
    alone = replace(ROW, name="alone", timings=ROW.timings[:2])
    found = means([ROW, slow, replace(ROW, batch=1), replace(ROW, work="input gradient"), alone, replace(ROW, family="")])
    assert [(mean.family, mean.work, mean.batch, mean.rows, mean.disturbed) for mean in found] == [
        ("conv", "forward", 8, 2, 1),
        ("conv", "forward", 1, 1, 0),
        ("conv", "input gradient", 8, 1, 0),
    ]
    assert found[0].call == pytest.approx((2.5 * 0.25) ** 0.5)
    assert found[0].least_call == ("slow", pytest.approx(0.25))
    assert found[0].step == pytest.approx(5)
    json.dumps(found[0].to_dict())
