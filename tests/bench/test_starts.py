"""Commands from start to end: an empty cache first, then the same one again; the cache is weighed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from minicnn.bench import Launch, Options, starts
from minicnn.bench.peers import pytorch
from minicnn.bench.peers.torch_lenet import torch_first_step
from minicnn.bench.process import Answer
from minicnn.bench.starts import own_first_step

STEP = "first step of lenet"


@pytest.fixture
def asked(monkeypatch):
    """Programs that take no time: 8 seconds are told with an empty cache, into which each writes 1000 bytes, then 0.1 s each time more."""
    calls = []

    def seconds(variables):
        if "NUMBA_CACHE_DIR" not in variables:
            return 3.0
        folder = Path(variables["NUMBA_CACHE_DIR"])
        files = list(folder.rglob("*.bin"))
        (folder / "kernels").mkdir(exist_ok=True)
        (folder / "kernels" / f"{len(files)}.bin").write_bytes(bytes(1000))
        return 8.0 if not files else len(files) / 10

    def run(program, arguments, variables):
        calls.append((arguments, variables["NUMBA_CACHE_DIR"]))
        return seconds(variables)

    def answer(function, *arguments, using=(), variables=None):
        calls.append((function, arguments))
        return Answer(None, seconds(variables or {}))

    monkeypatch.setattr(starts, "run_python", run)
    monkeypatch.setattr(starts, "call", answer)
    monkeypatch.setattr(pytorch, "import_torch", lambda threads, device, tf32: None)
    return calls


def test_cold_then_cached(asked):
    rows = list(starts.rows(Options(2)))
    assert [row.name for row in rows] == ["minicnn --help", "minicnn summary alexnet", STEP]
    for row in rows:
        (ours,) = row.launches
        assert ours == Launch("minicnn", 8.0, (0.1, 0.2, 0.3), 4000)
        assert ours.median_seconds == 0.2
    assert asked[-1] == (own_first_step, (128, 2))


def test_every_command_has_a_cache_of_its_own(asked):
    list(starts.rows(Options(1, layers="minicnn *")))
    folders = [folder for _, folder in asked]
    assert len(folders) == 8
    assert len(set(folders)) == 2
    assert not any(Path(folder).exists() for folder in folders)


def test_against_torch(asked):
    (row,) = starts.rows(Options(1, against=("torch",), layers=STEP, batches=(16,)))
    assert asked[-1] == (torch_first_step, (16, 1))
    assert row.batch == 16
    assert row.launches[1] == Launch("torch", None, (3.0, 3.0, 3.0), 0)


def test_quick_compiles_nothing(asked):
    assert starts.names(Options(1, quick=True)) == ["minicnn --help", "minicnn summary alexnet"]
    list(starts.rows(Options(1, quick=True)))
    assert len(asked) == 4


def test_what_is_late(asked):
    (row,) = starts.rows(Options(1, layers=STEP))
    assert row.late(row.launches[0]) == (False, False)
    assert row.late(Launch("minicnn", 15.1, (1.4, 1.6, 1.7), 0)) == (True, True)
    assert row.late(Launch("torch", None, (3.0,), 0)) == (False, False)
    assert not row.disturbed
    assert replace(row, rest=0.5).disturbed


def test_the_record_of_a_start(asked):
    (row,) = starts.rows(Options(1, layers=STEP))
    record = json.loads(json.dumps(row.to_dict(), allow_nan=False))
    assert record == {
        "kind": "start",
        "suite": "starts",
        "name": STEP,
        "batch": 128,
        "rest": 1.0,
        "disturbed": False,
        "cold_seconds_wanted": 15.0,
        "cached_seconds_wanted": 1.5,
        "launches": [
            {"name": "minicnn", "cold_seconds": 8.0, "cached_seconds": [0.1, 0.2, 0.3], "cache_bytes": 4000, "median_seconds": 0.2}
        ],
    }


def test_the_steps_are_steps(monkeypatch, torch):
    """Each program does one update; PyTorch's through its own optimizer."""
    from minicnn import Trainer

    done = []
    step = Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda self, x, labels: done.append(step(self, x, labels)))
    own_first_step(8, 1)
    assert [(record.images, record.loss > 0) for record in done] == [(8, True)]
    taken = []
    plain = torch.optim.SGD.step
    monkeypatch.setattr(torch.optim.SGD, "step", lambda self, *rest: taken.append(plain(self, *rest)))
    torch_first_step(8, 1)
    assert len(taken) == 1
