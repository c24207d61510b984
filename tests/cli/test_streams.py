"""Streams as programs find them: closed, full, with nobody at the other end; and names longer than a file's may be."""

import os
import subprocess
import sys

import pytest

LATE = "import atexit, os, signal; atexit.register(os.kill, os.getpid(), signal.SIGINT); from minicnn.cli.main import main; main()"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="closed streams and /dev/full are of Unix")

FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
COMMAND = f"'{sys.executable}' -m minicnn"
KEPT = ["best.safetensors", "checkpoint.safetensors", "history.jsonl", "run.json"]


@pytest.fixture
def shell(tmp_path):
    """Run a line of shell in an empty folder; `minicnn` stands for the command: (exit status, stdout, stderr)."""

    def run(line):
        done = subprocess.run(["sh", "-c", line.replace("minicnn", COMMAND)], capture_output=True, text=True, cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    return run


CLOSED, NO_SPACE = (f"Error: cannot write to standard output: {words}" for words in ("Bad file descriptor", "No space left on device"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("minicnn summary lenet >&-", CLOSED),
        ("minicnn summary lenet --format json >&-", CLOSED),
        ("minicnn --help >&-", CLOSED),
        ("minicnn summary lenet <&- >&-", CLOSED),
        pytest.param("minicnn summary lenet >/dev/full", NO_SPACE, marks=FULL),
        pytest.param("minicnn -V >/dev/full", NO_SPACE, marks=FULL),
    ],
)
def test_results_that_cannot_be_written_are_one_line(shell, line, words):
    assert shell(line) == (1, "", f"{words}\n")


@pytest.mark.parametrize("stream", ["2>&-", pytest.param("2>/dev/full", marks=FULL)])
def test_a_lost_stderr_loses_no_results(shell, stream):
    status, out, err = shell(f"minicnn summary lenet --format csv {stream}")
    assert (status, out[:10], err) == (0, "model,name", "")
    assert shell(f"minicnn summary lenett {stream}") == (1, "", "")
    assert shell(f"minicnn summary lenet {stream} >&-") == (1, "", "")
    assert shell(f"minicnn train lenet --epochs 1 --out run --quiet {stream}")[0] == 0


@pytest.mark.parametrize(("stream", "words"), [(">&-", CLOSED), pytest.param(">/dev/full", NO_SPACE, marks=FULL)])
@pytest.mark.parametrize("form", ["table", "json"])
def test_training_goes_on_without_its_results(shell, tmp_path, stream, words, form):
    status, _, err = shell(f"minicnn train lenet --epochs 2 --out run --format {form} {stream}")
    assert status == 1
    assert err.splitlines()[-1] == f"{words}; the run is complete in run"
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == KEPT
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 2


def test_a_run_whose_reader_has_gone_is_kept(shell, tmp_path):
    done = subprocess.Popen(
        [sys.executable, "-m", "minicnn", "train", "lenet", "--epochs", "200", "--out", "run", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    assert '"event": "start"' in done.stdout.readline()
    assert '"event": "epoch"' in done.stdout.readline()
    done.stdout.close()
    err = done.stderr.read()
    done.stderr.close()
    assert done.wait() == 1
    last = err.splitlines()[-1]
    assert last.startswith("Error: cannot write to standard output: Broken pipe; the run stopped in epoch ")
    assert last.endswith(" of 200 continue with: minicnn train --resume run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == KEPT
    epochs = len((tmp_path / "run" / "history.jsonl").read_text().splitlines())
    assert 2 <= epochs < 200
    assert shell("minicnn evaluate run")[0] == 0


LONG = "a" * 300


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("train", "lenet", "--out", LONG), f"cannot make the run folder {LONG}: File name too long"),
        (("train", "--resume", LONG), f"there is no run folder {LONG}"),
        (("train", "lenet", "--data-dir", LONG), "there is no folder "),
        (("data", "list", "--data-dir", LONG), "there is no folder "),
        (("evaluate", LONG), f"there is no run folder {LONG}"),
        (("predict", LONG, "x.png"), f"there is no run folder {LONG}"),
        (("filter", f"{LONG}.pgm", "--kernel", "box"), f"cannot read {LONG}.pgm: File name too long"),
        (("draw", "lenet", "--out", LONG), f"cannot write {LONG}: File name too long"),
        (("summary", LONG), f"there is no network called '{LONG}' in the zoo"),
        (("train", "lenet", "--data", LONG), "no data set is called "),
    ],
)
def test_a_name_of_300_letters(cli, arguments, words):
    status, out, err = cli(*arguments)
    assert (status, out) == (1, "")
    assert err.splitlines()[0].startswith(f"Error: {words}")


@pytest.mark.parametrize("words", [["zoo"], ["train", "lenet", "--epochs", "1", "--out", "run", "--quiet"]])
def test_ctrl_c_while_the_process_ends_changes_nothing(tmp_path, words):
    done = subprocess.run([sys.executable, "-c", LATE, *words], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
