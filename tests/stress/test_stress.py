"""The stress command itself: what goes wrong in a process is counted as what it is, and shown with the command that repeats it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from . import mutations, process
from .campaign import CRASH, HANG, KINDS, TRACEBACK, WRONG, Fault
from .campaigns import CAMPAIGNS, DRILL, FILES, named
from .driver import Found, Stress
from .process import verdict
from .report import HEADINGS, format_table

CHECKOUT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.stress"]
TRACE = "Traceback (most recent call last):\n  ...\nValueError: no"


@pytest.fixture(scope="module")
def drill():
    """A run of the campaign that fails in every way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "GRACE_SECONDS", 0.5)
        reported: list[Found] = []
        stress = Stress([DRILL], report=reported.append)
        stress.run()
    assert reported == stress.found
    return stress


def test_every_way_to_fail_is_counted_as_what_it_is(drill):
    (tally,) = drill.tallies
    assert (tally.processes, tally.trials) == (5, 5 * 3)
    assert tally.faults == {CRASH: 1, HANG: 2, WRONG: 1, TRACEBACK: 1}


def test_a_fault_shows_what_was_seen_and_the_command_that_repeats_it(drill):
    by_seed = {found.command: found.fault for found in drill.found}
    faults = [by_seed[f"python -m tests.stress --only drill --seed {seed} --here"] for seed in range(5)]
    assert [fault.kind for fault in faults] == [*KINDS, HANG]
    for fault, words in zip(faults, ("SIGSEGV", "drill.py", "2 + 2 is 5", "ArithmeticError: 2 + 2 is 5", ""), strict=True):
        assert words in fault.detail


def test_the_table(drill):
    heading, row, *_ = format_table(drill).splitlines()
    assert tuple(heading.split()) == HEADINGS
    assert row.split()[:-1] == ["drill", "5", "15", "1", "2", "1", "1"]


def test_it_finds_the_package_where_only_the_checkout_is_on_the_path():
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import tests.stress, minicnn"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("status", "err", "faults", "kinds"),
    [
        (0, "a warning", [], []),
        (-11, "", [], [CRASH]),
        (HANG, "", [], [HANG]),
        (1, "Timeout (0:00:01)!\nThread 0x1", [], [HANG]),
        (1, TRACE, [], [TRACEBACK]),
        (0, TRACE, [], [TRACEBACK]),
        (0, TRACE, [Fault(WRONG, "")], []),
        (7, "", [], [CRASH]),
    ],
)
def test_how_a_process_ended(status, err, faults, kinds):
    assert [fault.kind for fault in verdict(status, err, faults)] == kinds


def test_ctrl_c_leaves_the_counts_so_far():
    command = subprocess.Popen(
        [*COMMAND, "--only", "drill", "--minutes", "9", "--format", "json"],
        cwd=CHECKOUT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stderr.readline().startswith("drill: ")  # the first fault
    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=60)
    assert command.returncode == 1
    assert "interrupted: the counts so far" in err
    counts = json.loads(out)
    (tally,) = counts["campaigns"]
    assert tally["processes"] == sum(tally[each] for each in ("crashes", "hangs", "wrong", "tracebacks")) == len(counts["faults"]) >= 1


@pytest.mark.parametrize("installed", [True, False], ids=["installed", "checkout alone"])
def test_the_checkout_is_tested_only_where_nothing_is_installed(installed, tmp_path):
    package = (tmp_path if installed else CHECKOUT) / "minicnn" / "__init__.py"
    if installed:
        package.parent.mkdir()
        package.touch()
    program = "import tests.stress, minicnn; print(minicnn.__file__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{package}\n"


def test_campaigns_by_name():
    assert [each.name for each in named("files")] == [f"files-{kind}" for kind in FILES]
    assert named("nothing") == []
    for campaign in CAMPAIGNS:
        assert importlib.util.find_spec(f".{campaign.family}", __package__), campaign


def test_every_kind_of_file_has_its_campaign():
    assert tuple(mutations.KINDS) == FILES
