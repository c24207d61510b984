"""`minicnn lab` as a user runs it."""

import json

import pytest

from minicnn.labs import LABS

OWN = """
from minicnn.charts import Chart, Line
from minicnn.labs import Lab, Progress, Row, effect, same


def run(quick):
    yield Progress("counting")
    yield Row("two and two are four", f"{2 + 2}", same(4, 2 + 2))
    yield Row("more is less, as is said in a sentence that takes more than one line of a narrow terminal", "1 < 2", effect(smaller=2, larger=1))
    yield Chart("Numbers", (Line("n", [0, 1, 2], [0, 1, 4]),))


LAB = Lab("own", "What numbers do", ("a book",), "the table", ("add three", "take away one"), run, 1)
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_the_list_has_every_lab(cli):
    status, out, err = cli("lab")
    assert (status, err) == (0, "")
    for lab in LABS:
        (line,) = [line for line in out.splitlines() if line.split()[:1] == [lab.name]]
        assert lab.title in line
    assert [lab["name"] for lab in json.loads(cli("lab", "--format", "json")[1])] == [lab.name for lab in LABS]


def test_a_file_of_ones_own_is_run(cli, own):
    status, out, err = cli("lab", own)
    assert (status, err) == (0, "")
    assert out.startswith("What numbers do\n")
    assert [line.split()[-1] for line in out.splitlines() if line.startswith(("two and", "more is"))] == ["equal", "different"]
    assert "Numbers" in out
    assert "1 equal, 1 different; 0 s" in out


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_row_is_wider_than_the_terminal_or_cut(cli, own, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = cli("lab", own)[1]
    rows = out[: out.index("Numbers")].splitlines()
    assert max(map(len, rows)) <= columns
    assert "terminal" in "".join(rows)
    assert "…" not in out


def test_as_json(cli, own):
    status, out, err = cli("lab", own, "--format", "json", "--quick")
    record = json.loads(out)
    assert (status, err) == (0, "")
    assert list(record) == ["lab", "rows", "seconds"]
    assert record["lab"] == "own"
    assert record["rows"][0] == {"lecture": "two and two are four", "ours": "4", "verdict": "equal"}


def test_out_has_the_rows_and_the_figure(cli, own, tmp_path):
    status, out, _ = cli("lab", own, "--out", "results")
    assert status == 0
    assert (tmp_path / "results" / "own.svg").read_text(encoding="utf-8").startswith("<svg")
    assert json.loads((tmp_path / "results" / "own.json").read_text(encoding="utf-8"))["rows"][1]["verdict"] == "different"
    assert out.count("written: ") == 2


def test_explain_runs_nothing(cli, own, tmp_path):
    own.write_text(OWN.replace("def run(quick):", "def run(quick):\n    raise RuntimeError"), encoding="utf-8")
    status, out, _ = cli("lab", own, "--explain")
    assert status == 0
    for words in ("What numbers do", "a book", "Look at\nthe table", "Exercise 1\nadd three", "Exercise 2\ntake away one"):
        assert words in out
    assert json.loads(cli("lab", own, "--explain", "--format", "json")[1])["exercises"] == ["add three", "take away one"]


def test_a_mistake_in_a_file_is_said_as_its_own(cli, own):
    own.write_text(OWN.replace("2 + 2)", "two + 2)"), encoding="utf-8")
    status, _, err = cli("lab", own)
    assert status == 1
    assert err.startswith(f"Error: {own} raises NameError: name 'two' is not defined (line ")
    own.write_text(OWN.replace('yield Progress("counting")', "yield 3"), encoding="utf-8")
    assert "own.py raises TypeError: run yields 3, but what is shown is a Progress, a Row, " in cli("lab", own)[2]
    own.write_text("x = 1\n", encoding="utf-8")
    assert cli("lab", own)[2].startswith(f"Error: {own} defines no LAB\n  as in LAB = Lab(")
    assert cli("lab", "away.py")[2] == "Error: there is no file away.py\n"


def test_a_lab_that_is_not_there(cli):
    status, _, err = cli("lab", "invarance")
    assert status == 2
    assert "there is no lab called 'invarance': did you mean invariance" in err
    assert cli("lab", "--quick")[0] == 2


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", "", "a b"])
def test_a_name_that_would_lead_out_of_the_folder(cli, own, tmp_path, name):
    own.write_text(OWN.replace('Lab("own"', f"Lab({name!r}"), encoding="utf-8")
    status, out, err = cli("lab", own, "--out", tmp_path / "results")
    assert (status, out) == (1, "")
    assert f"Lab: name is {name!r}" in err
    assert not (tmp_path / "results").exists()


def test_a_lab_that_fails_leaves_no_folder(cli, own, tmp_path):
    own.write_text(OWN.replace("def run(quick):\n", "def run(quick):\n    raise ValueError('broken')\n    yield\n"), encoding="utf-8")
    status, _, err = cli("lab", own, "--out", tmp_path / "results")
    assert status == 1
    assert "broken" in err
    assert not (tmp_path / "results").exists()
    (tmp_path / "file").write_text("")
    assert "is a file, but --out names a folder" in cli("lab", own, "--out", tmp_path / "file")[2]
