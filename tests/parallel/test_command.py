"""`mpiexec -n N minicnn train`: killed, stopped and continued with other numbers of ranks, it ends with the files of one process."""

import json
import subprocess
import sys

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


def test_killed_stopped_and_continued_on_other_ranks_it_ends_with_the_files_of_one_process(run_ranks, tmp_path):
    """One test, because each step continues what the one before has left."""
    broken, alone = str(tmp_path / "broken"), str(tmp_path / "alone")

    def by_one(*words):
        ran = subprocess.run([sys.executable, "-c", PROGRAM, "train", *words, "--quiet", *NOBODY], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.splitlines()[-1] == "False", "a plain start loads MPI"

    by_one(*TRAIN, "--out", alone)

    killed = run_ranks(2, "-c", PROGRAM, "train", *TRAIN, "--out", broken, KILL, "2", "1")
    assert killed.returncode == 9
    assert "signal 9" in killed.stdout + killed.stderr
    assert [line["epoch"] for line in outcome(tmp_path / "broken")["history"]] in ([1], [1, 2]), "the last checkpoint is lost"

    stopped = run_ranks(3, "-c", PROGRAM, "train", "--resume", broken, "--format", "json", INTERRUPT, "4", "2")
    assert stopped.returncode == 130, "Ctrl-C of the last rank does not stop all"
    assert "stopped in epoch 5 of 6" in stopped.stderr
    assert f"continue with: mpiexec -n 3 minicnn train --resume {broken}" in stopped.stderr
    lines = [json.loads(line) for line in stopped.stdout.splitlines() if line.startswith("{")]
    assert lines[0]["event"] == "start"
    assert [line["epoch"] for line in lines if line["event"] == "epoch"][-2:] == [3, 4]
    assert stopped.stderr.count("stopped in epoch") == 1, "other ranks than the first speak"

    by_one("--resume", broken)
    assert outcome(tmp_path / "broken") == outcome(tmp_path / "alone")
