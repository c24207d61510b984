"""Streams: commands whose output is closed, full or cut, or that are interrupted, end as promised; a run that was left goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from .campaign import CRASH, HANG, TRACEBACK, WRONG, Fault, Trials

COMMANDS = 10
SECONDS = 60.0  # for a command; they take one or two
SOONEST_SECONDS, LATEST_SECONDS = 0.02, 1.5  # after which Ctrl-C comes, from when the command is loaded
TRAIN_SHARE, INTERRUPT_SHARE = 0.5, 0.5
RUN, LOADED, STATUS, ERR = "run", "loaded", "status", "err"
TRAIN = ("train", "lenet", "--epochs", "30", "--out", RUN)  # half a second
RESUME = ("train", "--resume", RUN, "--quiet")
FORMS = ((), ("--quiet",), ("--format", "json"), ("--format", "json", "--quiet"))
OTHERS = (
    ("summary", "lenet"),
    ("summary", "resnet50", "--format", "json"),
    ("zoo",),
    ("data", "list"),
    ("draw", "lenet"),
    ("facts",),
    ("doctor",),
    ("train", "--help"),
)
LAUNCH = f"from minicnn.cli.main import main; open('{LOADED}', 'w').close(); main()"  # what the installed command does, and says when
SHOWN_LINES = 12
SIGNALLED = 128  # beyond, a shell's status is that of a signal
UGLY = ("Traceback (most recent call last)", "Exception ignored")


class Trouble(NamedTuple):
    """What meets a command, as a shell writes it, {} being the command, and the exit statuses that are right then."""

    shell: str
    statuses: tuple[int, ...]


NONE = Trouble("{}", (0,))
INTERRUPT = Trouble("{} & kill -INT $!", (0, 130))  # of the command alone, at a random moment
TROUBLES = (
    Trouble("{} >&-", (0, 1)),
    Trouble("{} 2>&-", (0,)),
    Trouble("{} >&- 2>&-", (0, 1)),
    Trouble("{} <&-", (0,)),
    Trouble("{} > /dev/full", (1,)),
    Trouble("{} 2> /dev/full", (0, 1)),
    Trouble("{} | head -1", (0, 1)),
    Trouble("{} | true", (0, 1)),
)


def trials(seed: int) -> Trials:
    """COMMANDS commands; one that trains is followed by one that goes on with the run it left."""
    dice = random.Random(seed)
    for _ in range(COMMANDS):
        words = (*TRAIN, *dice.choice(FORMS)) if dice.random() < TRAIN_SHARE else dice.choice(OTHERS)
        trouble = INTERRUPT if dice.random() < INTERRUPT_SHARE else dice.choice(TROUBLES)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            yield met(words, trouble, folder, dice)
            if (folder / RUN / "run.json").exists():
                yield met(RESUME, NONE, folder, dice)


def met(words: tuple[str, ...], trouble: Trouble, folder: Path, dice: random.Random) -> Fault | None:
    """Run a command, let it meet its trouble, and look at how it ended and what it said."""
    where = trouble.shell.format(f"minicnn {' '.join(words)}")
    program = [sys.executable, "-c", LAUNCH, *words]
    shell = ["sh", "-c", trouble.shell.format(f'("$@"; echo $? > {STATUS})'), "sh"]
    with open(folder / ERR, "wb") as err:
        process = subprocess.Popen(
            program if trouble is INTERRUPT else shell + program,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    if trouble is INTERRUPT:
        press_control_c(process, folder, dice)
    try:
        status = process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return Fault(HANG, where)
    if trouble is not INTERRUPT:
        status = int((folder / STATUS).read_text(encoding="ascii"))
    return judged(where, status, trouble.statuses, (folder / ERR).read_text(encoding="utf-8", errors="replace"))


def press_control_c(process: subprocess.Popen[bytes], folder: Path, dice: random.Random) -> None:
    """Once the command is loaded: before, it is Python that answers."""
    while process.poll() is None and not (folder / LOADED).exists():
        time.sleep(0.001)
    time.sleep(SOONEST_SECONDS * (LATEST_SECONDS / SOONEST_SECONDS) ** dice.random())
    process.send_signal(signal.SIGINT)


def judged(where: str, status: int, right: tuple[int, ...], err: str) -> Fault | None:
    """What is wrong with the end of a command, if anything."""
    lines = err.splitlines()
    said = "\n".join([f"{where}: exit status {status}", *lines[-SHOWN_LINES:]])
    if any(words in err for words in UGLY):
        return Fault(TRACEBACK, said)
    if status not in right:
        return Fault(CRASH if status < 0 or status > SIGNALLED else WRONG, said)
    if status == 1 and lines and not any(line.startswith("Error: ") for line in lines):
        return Fault(WRONG, f"{said}\nno line begins with 'Error: '")
    return None
