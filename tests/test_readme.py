"""README does what it says: every block runs as pasted, and what it shows is what comes out.

The two lines that make an environment are run by .ci/run, which takes them from README.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import minicnn
from minicnn.cli.main import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
PYTHON = [text for language, text in BLOCK.findall(README) if language == "python"]
PREPARED = r"python3 -m venv --without-pip \.venv && python3 -m pip --python \.venv install pip "   # how both lines begin


def commands() -> Iterator[str]:
    """Every line after a `$`, without its comment."""
    for language, text in BLOCK.findall(README):
        if language == "console":
            yield from (line[2:].partition(" #")[0].rstrip() for line in text.splitlines() if line.startswith("$ "))


def shown() -> Iterator[tuple[str, str]]:
    """(command, output): what follows a `$` line in its block, or stands in a block of its own after the command that prints it."""
    for found in BLOCK.finditer(README):
        language, text = found.groups()
        if language == "console" and (output := text.partition("\n")[2]) and not output.startswith("$ "):
            yield text.partition("\n")[0][2:], output
        elif language == "text":
            yield re.findall(r"(?:^\$ |`)(minicnn [^`\n]+)", README[:found.start()], re.MULTILINE)[-1], text.partition("\n...")[0]


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """A command of README in an empty folder: what it prints."""
    for name in ("FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def call(command: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(command.split()[1:])
        assert not stopped.value.code, command
        return capsys.readouterr().out
    return call


def words(line: str) -> list[str]:
    return [word.strip("():") for word in line.split()]


def stands_in(line: list[str], printed: list[str]) -> bool:
    """All words of a line, in their order, within one that was printed."""
    rest = iter(printed)
    return all(word in rest for word in line)


def test_python_blocks_are_found():
    assert len(PYTHON) == 3
    assert len(PYTHON[0].splitlines()) <= 12
    assert len(list(shown())) == 3


def test_the_first_python_block_trains_predicts_and_saves(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(PYTHON[0], "README.md", "exec"), names)
    assert "epoch" in capsys.readouterr().out.lower()
    assert names["history"].best.metrics["accuracy"] > 0.95
    assert minicnn.load("digits.safetensors").predict(names["test"].images).shape == (359, 10)


@pytest.mark.parametrize("index", range(1, len(PYTHON)))
def test_a_python_block_runs_as_pasted(index, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    exec(compile(PYTHON[index], "README.md", "exec"), {})


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("minicnn ") and line not in dict(shown())])
def test_a_command_runs(command, run):
    assert run(command)


@pytest.mark.parametrize(("command", "output"), list(shown()))
def test_what_readme_shows_is_what_is_printed(command, output, run):
    printed = [words(line) for line in run(command).splitlines()]
    for line in output.splitlines():
        assert line == "..." or any(stands_in(words(line), each) for each in printed), line


def test_the_two_lines_that_make_an_environment_are_one_line_each():
    start, tests = (line for line in commands() if not line.startswith("minicnn "))
    assert re.fullmatch(PREPARED + r"\. && \.venv/bin/minicnn train lenet", start)
    assert re.fullmatch(PREPARED + r"-e '\.\[test,bench\]' && \.venv/bin/python -m pytest", tests)
