"""Kills: a command that trains is killed at random moments, again and again, and ends with the files of one that was not, bit for bit.

A timer's signal whose action is the system's ends a process as SIGKILL does: between any two instructions, and nothing else runs.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .campaign import CRASH, HANG, TRACEBACK, WRONG, Fault, Trials

SECONDS = 120.0  # for a command; it takes about two
KILLS, MOST_SAVES = 3, 3  # of a training, each after 1 to 3 checkpoints more
LATEST_SECONDS = 0.02  # after a checkpoint: about the time to the next one
EPOCHS = 16  # so that there are some left to be killed in
SHOWN = 2000  # letters of what a command said
PROGRAM = """
import signal, sys
from minicnn import layers as L, zoo
from minicnn.cli.main import main
from minicnn.train import course, run

def network(classes):
    return L.Sequential(L.Conv2D(4, 3), L.BatchNorm2D(), L.ReLU(), L.MaxPool2D(2), L.Flatten(), L.Dropout(0.4), L.Linear(classes))

def counted(self, save=run.Run.save):
    global saves
    save(self)
    saves -= 1
    if saves == 0:
        signal.setitimer(signal.ITIMER_REAL, seconds)

seconds, saves = float(sys.argv.pop()), int(sys.argv.pop())
run.Run.save = counted
object.__setattr__(zoo.find("lenet"), "element", network)
course.REPORT_SECONDS = run.SAVE_SECONDS = 0.0  # every batch is a turn, every epoch ends with a checkpoint
main()
"""
BEGIN = ("lenet", "--data", "digits", "--epochs", str(EPOCHS), "--batch-size", "100", "--validation", "0.1")
CHOICES = (
    ("", "--ema=0.9"),
    ("", "--accumulate=2", "--clip-norm=5"),
    ("--schedule=cosine", "--schedule=one-cycle", "--schedule=plateau", "--schedule=warm-up"),
    ("--optimizer=sgd", "--optimizer=adam", "--optimizer=rmsprop"),
    ("", "--augment=shift=1", "--augment=mixup", "--augment=shift=1,elastic=8:2,cutout=2,mixup=1"),
)


def trials(seed: int) -> Trials:
    """One training with settings of the dice."""
    dice = random.Random(seed)
    settings = [each for each in map(dice.choice, CHOICES) if each]
    with tempfile.TemporaryDirectory() as folder:
        yield killed_and_whole(settings, Path(folder), dice)


def killed_and_whole(settings: list[str], folder: Path, dice: random.Random) -> Fault | None:
    """Train twice, once with kills, on other numbers of threads; what differs in the end."""
    unbroken, broken, where = folder / "unbroken", folder / "broken", " ".join(settings)
    words: list[str] = [*BEGIN, *settings, "--out", str(broken)]
    ways = [([*BEGIN, *settings, "--out", str(unbroken)], 0, 0.0)]
    for _ in range(KILLS):
        ways.append((words, dice.randint(1, MOST_SAVES), dice.random() * LATEST_SECONDS))
        words = ["--resume", str(broken)]
    for command, saves, seconds in [*ways, (words, 0, 0.0)]:
        threads = str(dice.randint(1, 3))
        if fault := ended(f"{where}: {saves} checkpoints, {seconds:.4f} s", [*command, "--threads", threads], saves, seconds):
            return fault
    wanted, found = outcome(unbroken), outcome(broken)
    differing = [name for name, value in wanted.items() if found[name] != value]
    return Fault(WRONG, f"{where}: {', '.join(differing)} of a killed training differs") if differing else None


def ended(where: str, words: list[str], saves: int, seconds: float) -> Fault | None:
    """Run a command that dies after so many checkpoints and seconds, 0 for none; whether it ended as it had to."""
    call = [sys.executable, "-c", PROGRAM, "train", *words, "--quiet", str(saves), str(seconds)]
    try:
        ran = subprocess.run(call, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Fault(HANG, where)
    if ran.returncode == (-signal.SIGALRM if saves else 0):
        return None
    said = ran.stderr.decode(errors="replace")[-SHOWN:]
    return Fault(
        CRASH if ran.returncode < 0 else TRACEBACK if "Traceback" in said else WRONG, f"{where}: exit status {ran.returncode}\n{said}"
    )


def outcome(folder: Path) -> dict[str, Any]:
    """What a training leaves, without what the clock says."""
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    for line in lines:
        del line["seconds"], line["images_per_second"]
    return {**{name: (folder / f"{name}.safetensors").read_bytes() for name in ("best", "checkpoint")}, "history": lines}
