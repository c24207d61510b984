"""Files that are handed in: what they do wrong is one clear line, and nothing of it reaches the process that grades."""

import os
import sys
from pathlib import Path

import pytest

from minicnn import exercises
from minicnn.errors import DataError
from minicnn.exercises import EXERCISES, Limits, grade_files
from minicnn.exercises.attempt import AttemptError
from minicnn.exercises.process import Process

CONVOLUTION = exercises.find("convolution")
START = "    N, K, P, Q = y.shape"
ENOUGH, SHORT = Limits(seconds=30.0, mebibytes=400), Limits(seconds=0.4)


def solution(change="", before="", exercise=CONVOLUTION):
    text = exercise.text
    if change:
        assert START in text
        text = text.replace(START, f"    {change}\n{START}")
    return f"import numpy as np\n{before}\n{text}"


REFUSED = {  # not run at all
    "bracket": ("def convolution(y:\n", "is not Python: line 1: '(' was never closed"),
    "zeros": ("\0", "is not Python: "),
    "other_name": ("def conv(y, x):\n    pass\n", "defines no function convolution: it has conv"),
    "empty": ("", "defines no function convolution"),
    "arguments": ("def convolution(y, x):\n    pass\n", "convolution takes (y, x), but must take (y, x, weight, bias, stride_h, "),
    "borrowed": (solution("from minicnn import kernels"), "imports minicnn, but is to have the loop itself"),
    "borrowed_too": ("from torch.nn import functional\n" + solution(), "imports torch, but is to have the loop itself"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_are_not_run(tmp_path, name):
    text, message = REFUSED[name]
    (tmp_path / f"{name}.py").write_text(text)
    (grade,) = grade_files(tmp_path, EXERCISES, CONVOLUTION)
    assert (grade.submission, grade.result, grade.passed, grade.cases) == (f"{name}.py", "error", 0, 4)
    assert grade.message.startswith(message)
    assert "\n" not in grade.message


ANSWERS = """import os
    for stream in range(3, 20):
        try:
            os.write(stream, b"x" * 50)
        except OSError:
            pass"""
RUN = {  # file: (text, result, start of the message)
    "a_right": (solution(), "passed", "all numbers are right"),
    "b_compiled": (solution().replace("def conv", "from numba import njit\n\n@njit\ndef conv"), "passed", "all numbers are right"),
    "c_endless": (solution("while True: pass"), "error", "does not come to its end within 0.4 seconds in case 1 of 4"),
    "d_huge": (solution("np.zeros(10**11)"), "error", "needs more than 400 MiB of memory: raises MemoryError"),
    "e_leaves": (solution("import os; os._exit(3)"), "error", "ends its process, with status 3 in case 1 of 4"),
    "f_crashes": (solution("import ctypes; ctypes.string_at(0)"), "error", "crashes (SIGSEGV) in case 1 of 4"),
    "g_raises_first": (
        solution(before="raise ValueError('first')"),
        "error",
        "raises ValueError: first (line 2: raise ValueError('first')) while its file is read",
    ),
    "h_prints": (solution("print('here', flush=True); input()"), "error", "raises EOFError: EOF when reading a line (line 21"),
    "i_floods": (solution("print('x' * 10**7, flush=True)"), "error", "writes more than 1 MiB: raises OSError"),
    "j_answers": (
        solution("import os\n    for i in range(3, 9):\n        try: os.write(i, b'x' * 50)\n        except OSError: pass"),
        "error",
        "",
    ),
    "k_wrong": (solution().replace("range(R)", "range(R - 1)"), "wrong", "y[0, 0, 0, 0] is 950, but must be -221 in case 1 of 4"),
    "l_exits": (solution("import sys; sys.exit()"), "error", "calls exit, which no loop needs (line 21: import sys; sys.exit())"),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    for name, (text, _, _) in RUN.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "slow").mkdir()
    (folder / "c_endless.py").rename(folder / "slow" / "c_endless.py")
    grades = [*grade_files(folder / "slow", EXERCISES, CONVOLUTION, SHORT)]
    (folder / "slow" / "c_endless.py").unlink()
    return {Path(each.submission).stem: each for each in [*grades, *grade_files(folder, EXERCISES, CONVOLUTION, ENOUGH)]}


@pytest.mark.parametrize("name", RUN)
@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory and signals are those of POSIX")
def test_each_runs_in_a_process_of_its_own(graded, name):
    _, result, message = RUN[name]
    grade = graded[name]
    assert grade.result == result
    assert grade.message.startswith(message)
    assert "\n" not in grade.message
    assert grade.printed.startswith({"h_prints": "here", "i_floods": "xxx"}.get(name, ""))


def test_all_are_graded_in_the_order_of_their_names(graded):
    assert [name for name in graded if name != "c_endless"] == [name for name in sorted(RUN) if name != "c_endless"]


def test_nothing_is_left_behind(graded):
    """No process outlives its grade, and no file its folder."""
    children = Path("/proc/self/task") / str(os.getpid()) / "children"
    if children.exists():
        workers = [each for each in children.read_text().split() if "exercises.worker" in Path(f"/proc/{each}/cmdline").read_text()]
        assert workers == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits of time are those of POSIX")
def test_time_of_a_processor_is_limited_too_and_what_has_ended_says_so_again(tmp_path):
    """A loop that burns it is stopped by the system, even where nobody waits."""
    (tmp_path / "burns.py").write_text(solution("while True: pass"))
    with Process(CONVOLUTION, tmp_path / "burns.py", Limits(seconds=0.2)) as process:
        process.limits = ENOUGH
        process._left = ENOUGH.seconds
        for _ in range(2):
            with pytest.raises(AttemptError, match="uses too much time of a processor"):
                process.run(CONVOLUTION.arguments(CONVOLUTION.tried[0]))


def test_a_file_is_graded_for_every_exercise_that_it_fills_in(tmp_path):
    file = tmp_path / "both.py"
    file.write_text(solution() + "\n\n" + exercises.find("batch-norm").text.replace("** 2", ""))
    convolution, norm = grade_files(file, EXERCISES)
    assert (convolution.exercise, convolution.result) == ("convolution", "passed")
    assert (norm.exercise, norm.result, norm.finding.mistake) == ("batch-norm", "wrong", "deviations are not squared")
    (tmp_path / "none.py").write_text("def nothing():\n    pass\n")
    (none,) = grade_files(tmp_path / "none.py", EXERCISES)
    assert none.message == "defines no function of an exercise: it has nothing"


def test_folders_in_folders_and_none(tmp_path):
    with pytest.raises(DataError, match=r"there is no \.py file in"):
        list(grade_files(tmp_path, EXERCISES))
    with pytest.raises(DataError, match="there is no file or folder"):
        list(grade_files(tmp_path / "none", EXERCISES))
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "x.py").write_text("x = (")
    (grade,) = grade_files(tmp_path, EXERCISES)
    assert (grade.submission, grade.exercise, grade.cases) == ("anna/x.py", "", 0)
