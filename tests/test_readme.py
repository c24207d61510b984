"""README and docs do what they say: every block runs as pasted, and what it shows is what comes out.

.ci/run runs the lines that make an environment, and the one of the stress command, and takes them from these pages.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

import minicnn
from minicnn.cli.main import group, main

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
PREPARED = r"python3 -m venv --without-pip \.venv && python3 -m pip --python \.venv install pip "  # how both lines begin
LONG = re.compile(rf"{PREPARED}|python -m tests\.stress ")  # of .ci/run


class Block(NamedTuple):
    """A block of code of a page, and the page before it."""

    page: str
    language: str
    text: str
    before: str

    @property
    def name(self) -> str:
        """Page and line, as editors take them."""
        return f"{self.page}:{self.before.count(chr(10)) + 1}"

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """Every line after a `$`, without its comment, and the lines of output shown below it."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:].partition(" #")[0].rstrip(), []))
            else:
                found[-1][1].append(line)
        return found

    @property
    def source(self) -> str:
        """The command named last before a block of output."""
        return re.findall(r"(?:^\$ |`)(minicnn [^`\n]+)", self.before, re.MULTILINE)[-1]


BLOCKS = [
    Block(page, *found.groups(), text[: found.start()])
    for page, text in PAGES.items()
    for found in re.finditer(r"```(\w+)\n(.*?)```", text, re.DOTALL)
]


def blocks(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def by_name(cases: list[Block]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in cases])


def is_long(block: Block) -> bool:
    return any(LONG.match(command) for command, _ in block.commands)


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """A command in an empty folder: what it prints."""
    for name in ("FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def call(command: str) -> str:
        name, *arguments = shlex.split(command)
        if name != "minicnn":  # a tool of the system
            return subprocess.run(command, shell=True, check=True, capture_output=True, text=True).stdout
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert not stopped.value.code, command
        return capsys.readouterr().out

    return call


def words(line: str) -> list[str]:
    return [word.strip("():") for word in line.split()]


def stands_in(line: list[str], printed: list[str]) -> bool:
    """All words of a line, in their order, within one that was printed."""
    rest = iter(printed)
    return all(word in rest for word in line)


def assert_shown(output: list[str], printed: str) -> None:
    lines = [words(line) for line in printed.splitlines()]
    for line in output:
        assert line == "..." or any(stands_in(words(line), each) for each in lines), line


def test_blocks_are_found():
    fences = {page: len(re.findall(r"^```(?:python|console|text)$", text, re.MULTILINE)) for page, text in PAGES.items()}
    assert {page: sum(block.page == page for block in BLOCKS) for page in PAGES} == fences
    assert len(blocks("python")) > 20
    assert len(blocks("console")) > 20
    assert {block.language for block in BLOCKS} == {"python", "console", "text"}
    assert len(blocks("python")[0].text.splitlines()) <= 12
    assert len(blocks("text")) == 2


def test_the_first_python_block_trains_predicts_and_saves(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(blocks("python")[0].text, "README.md", "exec"), names)
    assert "epoch" in capsys.readouterr().out.lower()
    assert names["history"].best.metrics["accuracy"] > 0.95
    assert minicnn.load("digits.safetensors").predict(names["test"].images).shape == (359, 10)


@by_name(blocks("python")[1:])
def test_a_python_block_runs_as_pasted(block, tmp_path):
    file = tmp_path / "pasted.py"  # loops are derived from the text they stand in; classes are known to a process of their own
    file.write_text(block.text, encoding="utf-8")
    subprocess.run([sys.executable, file], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


@by_name([block for block in blocks("console") if not is_long(block)])
def test_a_console_block_runs_and_prints_what_it_shows(block, run):
    for command, output in block.commands:
        assert_shown(output, run(command))


@by_name(blocks("text"))
def test_a_block_of_output_is_what_the_command_before_it_prints(block, run):
    assert_shown(block.text.partition("\n...")[0].splitlines(), run(block.source))


def test_what_ci_runs_is_one_line_each():
    assert [len(block.commands) for block in blocks("console") if is_long(block)] == [1, 1, 1]
    start, tests, stress = (block.commands[0][0] for block in blocks("console") if is_long(block))
    assert re.fullmatch(PREPARED + r"\. && \.venv/bin/minicnn train lenet", start)
    assert re.fullmatch(PREPARED + r"-e '\.\[test,bench,cuda,docs\]' && \.venv/bin/python -m pytest -n auto", tests)
    assert re.fullmatch(r"python -m tests\.stress --minutes \d+", stress)


def mentioned() -> Iterator[tuple[str, str]]:
    """Commands within a text or a table, and the page they are on."""
    for page, text in PAGES.items():
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        for command in dict.fromkeys(re.findall(r"`minicnn ([^`]+)`", prose)):
            yield page, command


@pytest.mark.parametrize(("page", "command"), [pytest.param(*each, id=" ".join(each)) for each in mentioned()])
def test_a_command_in_the_text_has_its_verb_and_options(page, command):
    given, context = shlex.split(command), click.Context(group)
    found: click.Command = group
    while isinstance(found, click.Group) and given:
        name, *given = given
        known = found.get_command(context, name)
        assert known is not None, f"{page}: no verb {name}"
        found = known
    if given:
        found.make_context(found.name, given)  # an error where an option or its value is not known


@pytest.mark.parametrize("page", PAGES)
def test_links_within_the_project_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", PAGES[page]):
        assert ((ROOT / page).parent / target).exists(), target
