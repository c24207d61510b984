"""The rows of layers and of the ladder: what is in them, what is left out, and that something wrong is caught."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import bench
from minicnn.bench import Note, Options, ladder, own_layers
from minicnn.bench import kernels as suite
from minicnn.bench.equality import relative_error
from minicnn.bench.kernels import arrays
from minicnn.bench.layer_set import conv
from minicnn.errors import SettingError
from minicnn.kernels import ladder as loops
from minicnn.kernels.cpu.lanes.vector import LANES


def test_rows_of_one_layer(torch, hasty):
    rows = list(bench.run("kernels", Options(1, ("torch",), hasty, layers="lenet-conv2", batches=(4,), quick=True)))
    assert [row.work for row in rows] == ["forward", "input gradient", "weight gradient"]
    assert {row.batch for row in rows} == {4}
    assert {row.flops for row in rows} == {2 * 4 * 240_000}
    for row in rows:
        assert [timing.name for timing in row.timings] == ["minicnn", "minicnn step", "torch", "torch channels_last"]
        assert row.family == "conv"
        assert not row.wrong
        assert row.agreement.error > 0
        assert all(timing.median_seconds > 0 for timing in row.timings)


def test_rows_that_move_bytes(hasty):
    rows = list(bench.run("kernels", Options(1, (), hasty, layers="lenet-maxpool", batches=(4,), quick=True)))
    rows = [row for row in rows if not isinstance(row, Note)]
    assert [(row.flops, row.moved_bytes) for row in rows] == [(None, 4 * 4 * 6 * (28 * 28 + 14 * 14))] * 2


def test_a_wrong_kernel_is_reported_and_not_timed(torch, hasty, monkeypatch):
    right = own_layers.kernels.conv2d

    def wrong(*arguments, **settings):
        y = right(*arguments, **settings)
        y[0, 0, 0, 0] += 1e-3 * np.abs(y).max()
        return y

    monkeypatch.setattr(own_layers.kernels, "conv2d", wrong, raising=False)
    (row,) = bench.run("kernels", Options(1, ("torch",), hasty, layers="lenet-conv1", batches=(2,), passes=("forward",), quick=True))
    assert row.wrong
    assert row.agreement.error == pytest.approx(1e-3, rel=0.1)
    assert all(not timing.turns for timing in row.timings)


def test_a_function_that_is_missing_is_noted(hasty, monkeypatch):
    monkeypatch.setitem(own_layers.FUNCTIONS, "conv", "conv2d_of_tomorrow")
    note, row = bench.run("kernels", Options(1, (), hasty, layers="lenet-conv1", batches=(2,), passes=("forward",), quick=True))
    assert note.text == "there is no kernels.conv2d_of_tomorrow yet; the engine's step stands alone"
    assert [timing.name for timing in row.timings] == ["minicnn step"]


def test_too_little_memory_is_noted(hasty, monkeypatch):
    monkeypatch.setattr(suite, "available_bytes", lambda: 2**20)
    (note,) = bench.run("kernels", Options(1, (), hasty, layers="vgg-conv1-2", batches=(64,), passes=("forward",)))
    assert note.name == "vgg-conv1-2 at batch 64"
    assert "GiB of memory, 0.0 are free" in note.text


def test_every_rung_computes_the_layer():
    trial = arrays(conv("small", (3, 7, 6), 4, 3), 32)
    results = [rung.call() for rung in ladder.rungs(trial, threads=2, flops=10**9)]
    truth = np.array(results[1])
    assert relative_error(results[0], truth[:1, :1]) < 1e-6
    loops.reordered(y := np.full_like(truth, np.nan), trial.x, trial.weight)
    assert relative_error(y, truth) < 1e-6
    for result in results[2:]:
        assert relative_error(result, truth) < 1e-6


@pytest.mark.parametrize(("filters", "vectors"), [(6, 4), (16, 6), (7, 1), (5, 7)])
def test_the_tile_to_read_has_the_bits_of_the_one_of_the_engine(filters, vectors):
    """With filters and vectors left over as well; same order of terms, each added in one rounding."""
    trial = arrays(conv("small", (3, 7, 6), filters, 3), vectors * LANES)
    named = {rung.name: rung.call for rung in ladder.rungs(trial, threads=1, flops=10**9)}
    readable = np.array(named["24 sums in registers"]())
    assert np.array_equal(readable, named["register tile"]())


def test_vectors_of_the_ladder_straddle_no_cache_lines():
    numbers = np.arange(2 * 3 * 5 * 32, dtype=np.float32).reshape(32, 2, 3, 5)
    lines = [ladder.whole_lines(numbers.transpose(1, 2, 3, 0)) for _ in range(3)]
    assert [each.ctypes.data % 64 for each in lines] == [0, 0, 0]
    assert all(each.flags.c_contiguous and np.array_equal(each.transpose(3, 0, 1, 2), numbers) for each in lines)


def test_rows_of_the_ladder(torch, hasty):
    rows = list(bench.run("ladder", Options(2, ("torch",), hasty, quick=True)))
    assert [row.work for row in rows] == [
        "textbook loop, plain Python",
        "textbook loop, compiled",
        "loops reordered",
        "a lane is an image",
        "sum in a register",
        "24 sums in registers",
        "register tile",
        "2 threads",
        rows[-1].work,
    ]
    assert rows[-1].work.startswith("PyTorch (")
    assert rows[1].flops == 2 * 32 * 240_000
    assert rows[0].flops == rows[1].flops // (32 * 16), "one filter on one image"
    assert not [row for row in rows if row.wrong]
    assert all(row.agreement for row in rows)


def test_the_ladder_wants_whole_vectors(hasty):
    with pytest.raises(SettingError, match=r"vectors of \d+ images, but the batch is 33"):
        next(bench.run("ladder", Options(1, (), hasty, batches=(33,), quick=True)))


def test_the_ladder_finds_a_wrong_rung(hasty, monkeypatch):
    right = loops.one_sum

    def wrong(y, x, weight, places):
        right(y, x, weight, places)
        y[0] += 1

    monkeypatch.setattr(loops, "one_sum", wrong)
    rows = list(bench.run("ladder", Options(1, (), hasty, quick=True)))
    assert [row.work for row in rows if row.wrong] == ["sum in a register"]


def test_a_peer_with_rounded_factors_is_for_devices_and_may_differ_more():
    with pytest.raises(SettingError, match="bench: torch-tf32 computes on a GPU: use --device cuda, or --against torch"):
        Options(1, ("torch-tf32",))
    assert Options(1, ("torch",), device="cuda:0").tolerance(100) == 1e-5
    assert Options(1, ("torch-tf32",), device="cuda:0").tolerance(100) == 5e-3


@pytest.mark.parametrize("suite", ["memory", "starts"])
def test_processes_are_measured_on_the_cpu_only(suite):
    with pytest.raises(SettingError, match=f"bench: {suite} measures processes on the CPU"):
        list(bench.run(suite, Options(1, device="cuda:0")))
