"""What shells complete: every verb's words, by what their metavars say."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from minicnn import zoo
from minicnn.cli.completion import FILES, FOLDERS, WORDS, Word, tokens
from minicnn.cli.main import VERBS, group

ROOT = Path(__file__).parents[2]
PLAIN = {"LIST", "PATTERN", "FRACTION", "DECAY", "EPOCHS", "NUMBERS", "MIB", "NN", "NAME", "SUITE"}  # what no list holds


def offered(line, monkeypatch, capsys):
    """What Click's answer to bash holds for a line; the last word is the one to complete."""
    words = line.split(" ")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    monkeypatch.setenv("_MINICNN_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit) as ended:
        group.main(args=[], prog_name="minicnn")
    assert ended.value.code == 0
    return [each.partition(",")[2] for each in capsys.readouterr().out.split()]


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("minicnn su", {"summary"}),
        ("minicnn summary alexn", {"alexnet", "alexnet-2012"}),
        ("minicnn summary lenet --compare alexn", {"alexnet"}),
        ("minicnn train le", {"lenet"}),
        ("minicnn train lenet --data mn", {"mnist", "mnist1d"}),
        ("minicnn train lenet --loss Soft", {"SoftmaxCrossEntropy"}),
        ("minicnn train lenet --recipe mnist", {"mnist-99.4"}),
        ("minicnn train lenet --optimizer ad", {"adam", "adamw"}),
        ("minicnn trace lenet --layer c", {"conv1", "conv2"}),
        ("minicnn show lenet --layer fc", {"fc1"}),
        ("minicnn trace --kernel conv2d_b", {"conv2d_backward_weight"}),
        ("minicnn derive max_pool2d", {"max_pool2d_forward"}),
        ("minicnn filter --kernel so", {"sobel-top"}),
        ("minicnn data get fa", {"fashion-mnist"}),
        ("minicnn data s", {"show"}),
        ("minicnn lab nor", {"norm"}),
        ("minicnn help su", {"summary"}),
        ("minicnn play --no", {"--no-open"}),
    ],
)
def test_words_are_completed(line, some, monkeypatch, capsys):
    found = offered(line, monkeypatch, capsys)
    assert some <= set(found)
    assert all(each.startswith(line.split(" ")[-1]) for each in found)


def test_runs_are_completed_where_they_lie_and_files_where_nothing_fits(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/lenet-digits-1", "runs/set/seed-0", "runs/no-run"):
        (tmp_path / folder).mkdir(parents=True)
    for run in ("runs/lenet-digits-1", "runs/set/seed-0"):
        (tmp_path / run / "run.json").write_text("{}")
    for verb in ("evaluate", "predict", "report", "train --resume", "compare"):
        assert set(offered(f"minicnn {verb} ru", monkeypatch, capsys)) == {"runs/lenet-digits-1", "runs/set/seed-0"}
    assert offered("minicnn evaluate some", monkeypatch, capsys) == ["some"]  # and the shell looks for files of that name


def test_a_file_of_python_is_not_run_and_a_wrong_network_offers_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "own.py").write_text("raise SystemExit(9)")
    assert offered(f"minicnn trace {tmp_path / 'own.py'} --layer c", monkeypatch, capsys) == []
    assert offered("minicnn trace nonesuch --layer c", monkeypatch, capsys) == []


def parameters(command, path):
    for parameter in command.params:
        yield f"{path} {parameter.name}", parameter
    for name, each in getattr(command, "commands", {}).items():
        yield from parameters(each, f"{path} {name}")


@pytest.mark.parametrize("verb", VERBS)
def test_every_word_of_a_metavar_is_known(verb):
    context = click.Context(group)
    for name, parameter in parameters(group.get_command(context, verb), verb):
        if isinstance(parameter.type, Word):
            assert set(tokens(parameter)) <= WORDS.keys() | FILES | FOLDERS | PLAIN, name


def test_every_list_of_words_is_used_and_not_empty():
    context = click.Context(group)
    used = {token for verb in VERBS for _, each in parameters(group.get_command(context, verb), verb) for token in tokens(each)}
    assert WORDS.keys() <= used
    for name, words in WORDS.items():
        assert name in ("RUN", "LAYER") or list(words(context)), name
    assert set(WORDS["NETWORK"](context)) == set(zoo.names())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(shell, capsys):
    group.main(args=["completion", shell], prog_name="minicnn", standalone_mode=False)
    script = capsys.readouterr().out
    assert "_MINICNN_COMPLETE" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False).returncode == 0


def test_bash_completes_by_what_the_verb_printed(tmp_path, capsys):
    """As a user would: the script is loaded, and the function that it registers is asked."""
    group.main(args=["completion", "bash"], prog_name="minicnn", standalone_mode=False)
    asked = 'COMP_WORDS=(minicnn summary alexnet-t); COMP_CWORD=2; _minicnn_completion "$MINICNN"; echo "${COMPREPLY[@]}"'
    command = tmp_path / "minicnn"
    command.write_text(f'#!/bin/sh\ncd "{ROOT}" && exec "{sys.executable}" -m minicnn "$@"\n')
    command.chmod(0o755)
    script = f"{capsys.readouterr().out}\n{asked}"
    told = subprocess.run(["bash", "-c", script], env=os.environ | {"MINICNN": str(command)}, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["alexnet-torchvision"]
