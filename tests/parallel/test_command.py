"""`mpiexec -n N minicnn train`: killed, stopped and continued with other numbers of ranks, it ends with the files of one process."""

import json
import subprocess
import sys

import pytest

from ..stress.kills import outcome

TRAIN = (
    "lenet",
    "--data",
    "digits",
    "--epochs",
    "6",
    "--batch-size",
    "150",
    "--augment",
    "shift=1,mixup",
    "--validation",
    "0.1",
    "--ema",
    "0.9",
)
PROGRAM = """
import os, signal, sys
from minicnn import layers as L, zoo
from minicnn.cli.main import main
from minicnn.launch import launched_rank
from minicnn.train import run

def network(classes):
    return L.Sequential(L.Conv2D(4, 3), L.BatchNorm2D(), L.ReLU(), L.MaxPool2D(2), L.Flatten(), L.Dropout(0.4), L.Linear(classes))

def hit(self, record, keep=run.Run._keep):
    keep(self, record)
    if record.epoch == epoch and launched_rank() == rank:
        os.kill(os.getpid(), number)

rank, epoch, number = (int(sys.argv.pop()) for _ in range(3))
run.SAVE_SECONDS, run.Run._keep = 0.0, hit  # every epoch ends with a checkpoint
object.__setattr__(zoo.find("lenet"), "element", network)
try:
    main()
finally:
    if not launched_rank():
        print("mpi4py" in sys.modules)
"""
NOBODY = ("0", "0", "99")
KILL, INTERRUPT = "9", "2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def alone(folder):
    """One process, to the end."""
    call = [sys.executable, "-c", PROGRAM, "train", *TRAIN, "--quiet", "--out", str(folder / "alone"), *NOBODY]
    return subprocess.run(call, capture_output=True, text=True)


@pytest.fixture(scope="module")
def killed(run_ranks, folder):
    """Two ranks, of which the second is killed after the second epoch."""
    ran = run_ranks(2, "-c", PROGRAM, "train", *TRAIN, "--out", str(folder / "broken"), KILL, "2", "1")
    return ran, [line["epoch"] for line in outcome(folder / "broken")["history"]]


@pytest.fixture(scope="module")
def stopped(run_ranks, folder, killed):
    """Three ranks that continue it, of which the last gets Ctrl-C after the fourth epoch."""
    return run_ranks(3, "-c", PROGRAM, "train", "--resume", str(folder / "broken"), "--format", "json", INTERRUPT, "4", "2")


def test_one_process_loads_no_mpi(alone):
    assert alone.stdout.splitlines()[-1] == "False", alone.stderr


def test_a_rank_that_is_killed_ends_all_and_leaves_the_last_checkpoint(killed):
    ran, epochs = killed
    assert ran.returncode == 9
    assert "signal 9" in ran.stdout + ran.stderr
    assert epochs in ([1], [1, 2])


def test_a_rank_that_is_interrupted_stops_all_which_save(stopped, folder):
    assert stopped.returncode == 130
    assert "stopped in epoch 5 of 6" in stopped.stderr
    assert f"continue with: mpiexec -n 3 minicnn train --resume {folder / 'broken'}" in stopped.stderr


def test_the_first_rank_alone_speaks(stopped):
    lines = [json.loads(line) for line in stopped.stdout.splitlines() if line.startswith("{")]
    assert lines[0]["event"] == "start"
    assert [line["epoch"] for line in lines if line["event"] == "epoch"][-2:] == [3, 4]
    assert stopped.stderr.count("stopped in epoch") == 1


def test_what_one_process_continues_ends_with_the_files_of_one_process(alone, stopped, folder):
    call = [sys.executable, "-c", PROGRAM, "train", "--resume", str(folder / "broken"), "--quiet", *NOBODY]
    subprocess.run(call, check=True, capture_output=True)
    assert outcome(folder / "broken") == outcome(folder / "alone")
