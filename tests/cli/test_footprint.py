"""`minicnn summary --batch`: the memory of a process, as a table and as JSON, without the compiler in this one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from minicnn.cli.commands import summary as command

PARTS = ("parameter_bytes", "gradient_bytes", "state_bytes", "common_bytes", "activation_bytes", "image_bytes", "process_bytes")


def made_up(purpose):
    numbers = dict.fromkeys(PARTS, 1 << 20)
    return {"purpose": purpose, "batch": 32, "threads": 2, "optimizer": "sgd", **numbers, "total_bytes": 7 << 20}


@pytest.fixture
def answered(monkeypatch):
    """A process that answers at once; what it was asked."""
    asked = []

    def answer(arguments, count):
        asked.append(arguments)
        return [{each: made_up(each) for each in ("training", "inference")}] * count

    monkeypatch.setattr(command, "asked_footprints", answer)
    return asked


@pytest.mark.parametrize("columns", [80, None])
def test_the_table(cli, answered, monkeypatch, columns):
    if columns:
        monkeypatch.setenv("COLUMNS", str(columns))
    status, out, err = cli("summary", "lenet", "--batch", "32")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    table = lines[next(n for n, line in enumerate(lines) if line.startswith("lenet, 32 images")) :]
    assert table[-2].split() == ["together", "7.0", "MiB", "7.0", "MiB"]
    assert max(map(len, table)) <= 80


def test_without_a_batch_nobody_is_asked(cli, answered):
    _, out, _ = cli("summary", "lenet")
    assert answered == []
    assert "together" not in out


def test_the_other_process_gets_the_same_networks(cli, answered):
    cli("summary", "lenet", "alexnet", "--compare", "--batch", "8", "--classes", "7", "--width", "0.5")
    assert answered == [["lenet", "alexnet", "--batch", "8", "--compare", "--classes", "7", "--width", "0.5"]]


def test_a_real_answer_leaves_the_compiler_out():
    program = (
        "import sys; from minicnn.cli.main import main\ntry:\n    main(['summary', 'lenet', '--input', '1x32x32', '--batch', '16', '--format', 'json'])\n"
        "finally:\n    print(sorted(name for name in ('numba', 'llvmlite') if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    memory = json.loads(done.stdout)["memory"]
    assert set(memory) == {"training", "inference"}
    assert memory["training"]["image_bytes"] == 16 * 32 * 32 * 4
    assert memory["training"]["total_bytes"] == sum(memory["training"][name] for name in PARTS)
    assert memory["inference"]["total_bytes"] < memory["training"]["total_bytes"]


def test_what_is_not_known_says_why(cli):
    status, out, err = cli("summary", "resnet20", "--input", "3x?x?", "--batch", "4")
    assert (status, err) == (0, "")
    assert "memory depends on the size of its images" in out
