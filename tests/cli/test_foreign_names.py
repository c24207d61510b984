"""Names from files and folders are shown, never obeyed: no escape sequence, no turned direction of writing, no forged line, no markup."""

from __future__ import annotations

import io
import json
import os
import re
import shutil

import numpy as np
import pytest
from rich.table import Table
from rich.text import Text

from minicnn.cli.render.console import make_console
from minicnn.datasets import load
from minicnn.errors import one_line, quoted
from minicnn.storage import load_arrays, save_arrays

NASTY = [
    "\x1b[31mred\x1b[0m",
    "[bold red]markup[/bold red]",
    "two\nlines",
    "\u202eleft",
    "\x9b2J",
    "bell\a\b\r",
    "\u2028sep",
    "\x1b]0;title\a",
    "plain",
    "\U000e0041tag",
]
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\U000e0000-\U000e007f]")


@pytest.fixture
def hostile(trained, tmp_path):
    """A run whose classes are called so."""
    shutil.copytree(trained, tmp_path / "hostile")
    rewrite(tmp_path / "hostile" / "best.safetensors", class_names=json.dumps(NASTY))
    return tmp_path / "hostile"


def rewrite(path, **words):
    arrays, metadata = load_arrays(path)
    save_arrays(path, arrays, metadata | words)


@pytest.fixture
def picture(tmp_path):
    name = "\x1b[7mdigit\n.npy"
    np.save(tmp_path / name, load("digits", "test").images[0, 0])
    return name


def test_predict(cli, hostile, picture):
    status, out, err = cli("predict", hostile, picture)
    assert (status, err, OBEYED.findall(out)) == (0, "", [])
    assert one_line(picture) in out
    assert sum(one_line(name) in out for name in NASTY) >= 3
    assert len(out.splitlines()) == 3  # heading, rule, one picture


def test_predict_says_it_raw_in_json(cli, hostile, picture):
    status, out, err = cli("predict", hostile, picture, "--format", "json")
    assert (status, err, OBEYED.findall(out)) == (0, "", [])
    (told,) = json.loads(out)
    assert told["image"] == picture
    assert {each["class"] for each in told["predictions"]} <= set(NASTY)


def test_evaluate_with_other_classes(cli, hostile):
    status, out, err = cli("evaluate", hostile)
    assert (status, out, OBEYED.findall(err)) == (1, "", [])
    assert err.startswith("Error: the classes of digits are not those lenet was trained on (digits)\n")
    assert len(err.splitlines()) == 2  # of one data set and its name, twice the same


def test_the_tables_of_an_examination(hostile):
    from minicnn.cli.render.evaluation import class_table, confusion_table, print_examination
    from minicnn.train import Examination

    found = Examination(0.1, {"accuracy": 0.5}, tuple(NASTY), np.arange(100).reshape(10, 10), 4950)
    stream = io.StringIO()
    console = make_console(stream)
    console.print(confusion_table(found))
    console.print(class_table(found))
    print_examination(console, found, "net\x1b[2J after epoch 1", "\x1b[31mdata\n")
    shown = stream.getvalue()
    assert OBEYED.findall(shown) == []
    assert all(one_line(name) in shown for name in NASTY)


@pytest.mark.parametrize(
    "words",
    [
        {"format": "minicnn network \x1b[31m"},
        {"minicnn": "\x1b[31m", "format": "minicnn network 7"},
        {"data": "\x1b[31mdigits"},
        {"architecture": json.dumps({"network": {"type": "\x1b[31m"}, "input_shape": [1, 28, 28], "seed": 0, "name": "x"})},
        {"architecture": json.dumps({"network": {"type": "ReLU", "name": "\x1b[31m"}, "input_shape": [1, 28, 28], "seed": 0, "name": "x"})},
        {"architecture": json.dumps({"network": {"type": "ReLU"}, "input_shape": [1, 28, 28], "seed": 0, "name": "\u202e"})},
        {"architecture": json.dumps({"network": {"type": "ReLU", "\x1b[31m": 1}, "input_shape": [1, 28, 28], "seed": 0, "name": "x"})},
        {"preparation": '{"\\u001b[31m": 1}'},
        {"epoch": '"\\u001b[31m"'},
        {"class_names": '[["\\u001b[31m"]]'},
        {"image_shape": "\x1b[31m"},
    ],
)
@pytest.mark.parametrize("verb", [("evaluate",), ("predict", "x.npy")])
def test_errors_that_quote_a_network_file(cli, hostile, verb, words):
    rewrite(hostile / "best.safetensors", **words)
    status, out, err = cli(verb[0], hostile, *verb[1:])
    assert (status, out, OBEYED.findall(err)) == (1, "", [])
    assert err.startswith("Error: ")


def test_an_array_with_such_a_name(cli, hostile):
    arrays, metadata = load_arrays(hostile / "best.safetensors")
    save_arrays(hostile / "best.safetensors", arrays | {"\x1b[31mextra\n": np.zeros(1, np.float32)}, metadata)
    status, _, err = cli("evaluate", hostile)
    assert (status, OBEYED.findall(err)) == (1, [])
    assert "has no parameter called \\x1b[31mextra\\n" in err


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("versions", "numba"), "\x1b[31m\n"),
        (("settings", "network"), "\x1b[31m"),
        (("settings", "data"), "\u202e"),
        (("settings", "augment"), "\x1b[31m"),
        (("settings", "data_dir"), "\x1b[31m/\n"),
        (("settings", "optimizer"), "\x1b[31m"),
        (("data", "train_sha256"), "\x1b[31m"),
        (("format",), "\x1b[31m"),
        (("settings",), "\x1b[31m"),
    ],
)
def test_a_run_that_goes_on(cli, hostile, place, value):
    described = json.loads((hostile / "run.json").read_text())
    inner = described
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    (hostile / "run.json").write_text(json.dumps(described))
    _, out, err = cli("train", "--resume", hostile, "--quiet")
    assert OBEYED.findall(out + err) == []
    assert err.startswith("Warning: numba was \\x1b[31m\\n, and is " if place[0] == "versions" else "Error: ")
    assert sorted(os.listdir(hostile)) == ["best.safetensors", "checkpoint.safetensors", "history.jsonl", "run.json"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "\x1b[31mnowhere\x1b[0m"),
        ("predict", "\x1b[31m", "x"),
        ("train", "\x1b[31m"),
        ("train", "lenet", "--epochs", "\x1b[31m"),
        ("data", "get", "\x1b[31m"),
        ("\x1b[31m",),
        ("train", "lenet", "\x1b[31m"),
    ],
)
def test_what_the_user_typed(cli, arguments):
    """As a shell does it that fills in the names of hostile files."""
    _, out, err = cli(*arguments)
    assert OBEYED.findall(out + err) == []


def test_a_console_shows_what_it_is_given(capsys):
    stream = io.StringIO()
    console = make_console(stream)
    table = Table("head\x1b[31m")
    table.add_row("cell\x1b[31m[red]x[/red]")
    for renderable in (table, "line\x1b[31m[red]x[/red]", Text("text\x9b[red]x[/red]", "bold")):
        console.print(renderable)
    shown = stream.getvalue()
    assert OBEYED.findall(shown) == []
    assert shown.count("\\x1b[31m[red]x[/red]") == 2
    assert "text\\x9b[red]x[/red]" in shown


def test_colours_of_our_own_come_through(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = io.StringIO()
    make_console(stream).print(Text("\x1b[31mred", "bold"))
    assert re.fullmatch(r"\x1b\[1m\\x1b\[31mred\x1b\[0m\n", stream.getvalue())


def test_an_error_that_quotes_a_whole_file_ends_somewhere(capsys):
    from minicnn.cli.echo import LONGEST_LINE, echo_error

    echo_error("x" * 1_000_000 + "\n  fix\tit")
    first, second = capsys.readouterr().err.splitlines()
    assert len(first) == LONGEST_LINE + 3
    assert second == "  fix\\tit"


def test_words_in_messages():
    assert one_line("naïve 日本 🙂 \u200d") == "naïve 日本 🙂 \u200d"
    assert one_line("\x1b\n\u202e\ud800\U000e0041") == "\\x1b\\n\\u202e\\ud800\\U000e0041"
    assert quoted("x" * 500) == "'" + "x" * 79 + "..."
