"""`minicnn laws` as a user runs it."""

import json

import numpy as np
import pytest

from minicnn import kernels
from minicnn.cli.main import main
from minicnn.laws import LAWS


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command in this process: (exit status, stdout, stderr)."""

    def runner(*arguments, columns=None):
        monkeypatch.delenv("COLUMNS", raising=False)
        if columns is not None:
            monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as stopped:
            main(["laws", *arguments])
        return stopped.value.code or 0, *capsys.readouterr()

    return runner


def test_the_table_has_every_law(run):
    status, out, err = run("--examples", "2")
    assert (status, err) == (0, "")
    for law in LAWS:
        (line,) = [line for line in out.splitlines() if line.startswith(f"{law.name}  ")]
        assert law.statement in line
        assert line.split()[-1] == "holds"
    assert out.splitlines()[-1] == (
        f"{len(LAWS)} laws hold, each on 2 random settings in float32 (fast loops) and in float64 (textbook loops)"
    )


@pytest.mark.parametrize(("columns", "said"), [(50, "verdict"), (80, "bound"), (100, "bound"), (130, "beside")])
def test_no_line_is_wider_than_the_terminal_or_cut(run, columns, said):
    status, out, _ = run("translation stride", "input adjoint", "--examples", "1", columns=columns)
    table = out.split("\n\n")[0].splitlines()
    assert status == 0
    assert max(map(len, table)) <= columns
    assert "…" not in out
    assert [line[:20].rstrip() for line in table[2::2]] == ["input adjoint", "translation stride"]
    assert "<dy, conv(x)> = <backward_input(dy), x>" in table[2 if said == "beside" else 3]
    assert ("Bound" in table[0]) == (said != "verdict")
    assert table[0].endswith("Verdict")


def test_as_json(run):
    status, out, err = run("flip", "stride", "--examples", "3", "--seed", "7", "--format", "json")
    rows = json.loads(out)
    assert (status, err) == (0, "")
    assert [(row["law"], row["dtype"]) for row in rows] == [(law, dtype) for law in ("flip", "stride") for dtype in ("float32", "float64")]
    for row in rows:
        assert row["holds"] is True
        assert row["device"] == "cpu"
        assert row["examples"] == 3
        assert 0 <= row["worst_error"] <= row["bound"]


def test_a_broken_kernel_is_told_and_ends_with_status_1(run, monkeypatch):
    right = kernels.conv2d
    monkeypatch.setattr(kernels, "conv2d", lambda x, weight, **settings: right(x, weight, **settings | {"flip": False}))
    status, out, err = run("flip", "stride", "--examples", "5")
    assert (status, err) == (1, "")
    lines = [line for line in out.splitlines() if line]
    assert sum("broken" in line for line in lines if line.split()[-1] == "broken") == 2
    assert "flip is broken in float64 (textbook loops): conv(x, w, flip) = conv(x, reversed w)" in lines
    assert lines[-1].startswith("  x (")
    status, out, _ = run("flip", "--examples", "5", "--format", "json")
    assert status == 1
    assert [row["holds"] for row in json.loads(out)] == [False, False]


def test_a_result_of_another_shape_is_json_too(run, monkeypatch):
    right = kernels.conv2d
    monkeypatch.setattr(
        kernels,
        "conv2d",
        lambda x, weight, **settings: (
            np.repeat(right(x, weight, **settings), 1 + settings["flip"], 0) if "flip" in settings else right(x, weight, **settings)
        ),
    )
    rows = json.loads(run("flip", "--format", "json")[1])
    assert [row["worst_error"] for row in rows] == [None, None]


def test_a_law_that_is_not_there(run):
    status, out, err = run("gravity")
    assert (status, out) == (2, "")
    assert "no law is called 'gravity'\n  there are input adjoint, weight adjoint" in err
    assert "no law is called 'tanslation': did you mean translation" in run("tanslation")[2]
