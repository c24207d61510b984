"""`minicnn train --repeat N`: a run a seed, mean and spread; stopped and continued with the same bits."""

import json
import statistics

import numpy as np
import pytest

from minicnn.storage import load_arrays
from minicnn.train import Run

SHORT = ("lenet", "--epochs", 2, "--batch-size", 256)


def events(out):
    return [json.loads(line) for line in out.splitlines()]


def arrays(folder):
    return load_arrays(folder / "best.safetensors")[0]


def same(one, other):
    for name, array in arrays(one).items():
        np.testing.assert_array_equal(array, arrays(other)[name], err_msg=name)


@pytest.fixture
def stopped_after(monkeypatch):
    """Stop training as Ctrl-C does, in the run of a seed, after its first epoch."""

    def stop_in(seed):
        records = Run.records

        def stopping(self):
            for record in records(self):
                if self.settings.seed == seed and len(self.trainer.history) == 1:
                    self.trainer.stop()
                yield record

        monkeypatch.setattr(Run, "records", stopping)

    return stop_in


def test_each_seed_is_a_run_of_its_own_and_the_summary_has_mean_and_spread(cli, tmp_path):
    status, out, err = cli("train", *SHORT, "--repeat", 3, "--seed", 4, "--format", "json")
    assert status == 0, err
    *_, summary = events(out)
    ends = [event for event in events(out) if event["event"] == "end"]
    folder = tmp_path / "runs" / "lenet-digits-1"
    assert (summary["event"], summary["seeds"], summary["out"]) == ("summary", [4, 5, 6], "runs/lenet-digits-1")
    values = [end["metrics"]["accuracy"] for end in ends]
    assert summary["metrics"]["accuracy"] == {
        "values": values,
        "mean": pytest.approx(statistics.mean(values)),
        "standard_deviation": pytest.approx(statistics.stdev(values)),
        "lowest": min(values),
        "highest": max(values),
    }
    assert cli("train", *SHORT, "--seed", 5, "--out", "alone", "--quiet")[0] == 0
    same(folder / "seed-5", tmp_path / "alone")
    assert cli("evaluate", folder / "seed-6")[0] == 0
    assert "seed-4, seed-5, seed-6\n  choose one: " in cli("evaluate", folder)[2]


def test_a_stopped_set_is_continued_with_the_same_bits_and_may_get_more_seeds(cli, tmp_path, stopped_after, monkeypatch):
    assert cli("train", *SHORT, "--repeat", 3, "--out", "whole", "--quiet")[0] == 0
    with monkeypatch.context():
        stopped_after(1)
        status, _, err = cli("train", *SHORT, "--repeat", 3, "--out", "set", "--quiet")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert (status, err.splitlines()[-1]) == (130, "continue with: minicnn train --repeat 3 --resume set")
    assert (tmp_path / "set" / "seed-0").exists()
    assert not (tmp_path / "set" / "seed-2").exists()
    status, _, err = cli("train", "--resume", "set")
    assert (status, err.splitlines()[:2]) == (
        1,
        ["Error: set holds the runs of 2 seeds", "  continue them all: minicnn train --repeat 2 --resume set"],
    )
    status, out, err = cli("train", "--repeat", 3, "--resume", "set", "--quiet")
    assert status == 0, err
    for seed in range(3):
        same(tmp_path / "set" / f"seed-{seed}", tmp_path / "whole" / f"seed-{seed}")
    assert [line.split()[0] for line in out.splitlines() if line[:1].isdigit()] == ["0", "1", "2"]
    assert "standard deviation" in out


def test_a_folder_that_is_taken_is_left_alone(cli, tmp_path, trained):
    assert cli("train", "lenet", "--repeat", 2, "--out", trained)[2].startswith(f"Error: {trained} already holds a run\n")
    assert cli("train", "--repeat", 2, "--resume", tmp_path)[2].startswith(f"Error: {tmp_path} holds no runs of several seeds")
