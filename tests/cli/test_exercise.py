"""`minicnn exercise`: the list, the file that is handed out, and grades as text, JSON and CSV."""

import csv
import json
from io import StringIO

import pytest
from rich.console import Console

from minicnn import exercises
from minicnn.cli.main import main
from minicnn.cli.render.exercise import print_grade, print_grades


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def runner(*arguments, columns=100):
        monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as stopped:
            main(["exercise", *arguments])
        return stopped.value.code or 0, *capsys.readouterr()

    return runner


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_list(run, columns):
    status, out, err = run(columns=columns)
    assert (status, err) == (0, "")
    words = " ".join(out.split())
    for each in exercises.EXERCISES:
        assert each.name in words
        assert f"{each.function}(" in words
    assert [each["name"] for each in json.loads(run("--format", "json")[1])] == [each.name for each in exercises.EXERCISES]


def test_handing_out(run, tmp_path):
    printed = run("max-pooling")[1]
    assert printed == exercises.handout(exercises.find("max-pooling"))
    assert run("max-pooling", "--out", "mine.py") == (0, "mine.py is to be filled in\n", "")
    assert "--grade mine.py" in (tmp_path / "mine.py").read_text()
    status, out, err = run("max-pooling", "--out", "mine.py")
    assert (status, out) == (1, "")
    assert err.startswith("Error: mine.py exists already, and may hold somebody's work\n")


def test_what_was_not_filled_in(run):
    run("max-pooling", "--out", "mine.py")
    status, out, _ = run("--grade", "mine.py")
    assert status == 1
    assert out.startswith(
        "wrong  mine.py  max-pooling, 0 of 4 cases right\n  y[0, 0, 0, 0] is not written, nor is the rest: fill the array"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    text = exercises.find("convolution").text
    (folder / "anna.py").write_text("import numpy as np\n" + text)
    (folder / "ben.py").write_text("import numpy as np\n" + text.replace("np.float64(bias[k])", "0.0"))
    (folder / "carl.py").write_text("import numpy as np\n" + text.replace("):\n", ")\n", 1))
    return folder


def test_a_folder_as_a_table(run, folder):
    status, out, err = run("convolution", "--grade", str(folder), columns=130)
    assert (status, err) == (0, "")
    words = " ".join(out.split())
    assert "y[0, 0, 0, 0] is -218, but must be -221 in case 1 of 4: stride 1, no padding" in words
    assert words.endswith("1 passed, 1 wrong, 1 error")


@pytest.mark.parametrize("columns", [30, 60, 100, 160])
def test_no_message_is_cut(columns):
    long = "raises IndexError: index 2 is out of bounds for axis 3 with size 2 (line 35) in case 1 of 4: stride 1, no padding"
    grades = [exercises.Grade("a/b.py", "convolution", "error", 0, 4, long), exercises.Grade("c.py", "", "error", 0, 0, "is not Python")]
    console = Console(width=columns, file=StringIO())
    print_grades(console, grades)
    out = console.file.getvalue()
    assert max(map(len, out.splitlines())) <= columns
    letters = "".join(out.split())
    assert all(word in letters for word in ("a/b.py", "0of4", "c.py", "2error"))
    assert all(word in out for word in long.split())


def test_a_folder_for_programs(run, folder):
    rows = list(csv.DictReader(run("convolution", "--grade", str(folder), "--format", "csv")[1].splitlines()))
    assert [(row["submission"], row["result"], row["passed"], row["cases"]) for row in rows] == [
        ("anna.py", "passed", "4", "4"),
        ("ben.py", "wrong", "0", "4"),
        ("carl.py", "error", "0", "4"),
    ]
    (record,) = json.loads(run("--grade", str(folder / "ben.py"), "--format", "json")[1])
    assert record["finding"]["mistake"] == "the bias is missing"
    assert record["finding"]["place"] == [0, 0, 0, 0]


def test_what_a_submission_prints_is_shown_and_not_obeyed():
    grade = exercises.Grade("a.py", "convolution", "error", 0, 4, "raises ValueError", printed="\x1b[31mred\x07\nand more")
    console = Console(width=60, file=StringIO())
    print_grade(console, grade)
    out = console.file.getvalue()
    assert "\\x1b[31mred\\x07\n    and more" in out
    assert "\x1b" not in out


def test_one_file_in_full(run, folder):
    status, out, _ = run("--grade", str(folder / "ben.py"))
    assert status == 1
    assert "y[n,k,p,q] = bias[k] + sum over c,r,s of x[n,c,h,w] * weight[k,c,r,s]" in out
    assert "differs first  before any product the sum is bias[0] = -3" in out
    assert "yours          is 0 without any product" in out
    assert "likely         the bias is missing: so the same numbers come out in all cases" in out
    assert run("--grade", str(folder / "anna.py"))[0] == 0


OWN = '''
import numpy as np
from minicnn.exercises import Case, Exercise, whole_numbers

def halves(y, x):
    """Half of every number: y[i] = x[i] / 2."""
    for i in range(x.size):
        y[i] = x[i] / 2

EXERCISE = Exercise(
    "halves", "Half of every number", halves, lambda: [Case("five", {"y": (5,)}, {"x": whole_numbers("x", 5)})], ("y",), reads="x"
)
'''


def test_an_exercise_of_ones_own(run, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "mine.py").write_text("def halves(y, x):\n    y[:] = x\n")
    assert "halves(y, x)" in run("--from", "own.py")[1]
    assert "def halves(y, x):" in run("halves", "--from", "own.py")[1]
    status, out, _ = run("--from", "own.py", "--grade", "mine.py")
    assert status == 1
    assert out.startswith("wrong  mine.py  halves, 0 of 1 cases right\n  y[0] is ")
    assert run("halves")[0] == 1


def test_mistakes_of_use(run):
    assert "did you mean convolution" in run("convolutoin")[2]
    assert run("--grade", "none.py")[2] == "Error: there is no file or folder none.py\n"
    status, _, err = run("convolution", "--out", "a.py", "--grade", "b.py")
    assert status == 2
    assert "use one of them" in err
