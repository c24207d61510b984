"""The line on a terminal while something takes a while."""

import io
import time
from functools import partial

import numpy as np
import pytest
from rich.console import Console

from minicnn import Graph, datasets
from minicnn import layers as L
from minicnn.cli.render import waiting
from minicnn.cli.render.waiting import Waiting, each_of


def shown(monkeypatch, moment, terminal=True):
    monkeypatch.setattr(waiting, "MOMENT", moment)
    return Console(file=io.StringIO(), force_terminal=terminal, width=80)


def drawn_after(console, words, within=10.0):
    """Whether words are drawn in the end."""
    end = time.monotonic() + within
    while words not in console.file.getvalue() and time.monotonic() < end:
        time.sleep(0.01)
    return words in console.file.getvalue()


def test_what_takes_longer_than_a_moment_is_named_with_its_number_and_wiped_away(monkeypatch):
    console = shown(monkeypatch, 0.01)
    for item in each_of(console, ("first", "second")):
        assert drawn_after(console, item)
    assert drawn_after(console, "1/2")
    assert console.file.getvalue().endswith("\x1b[2K")  # the line is empty again


def test_what_is_quick_or_goes_into_a_pipe_shows_nothing(monkeypatch):
    for moment, terminal in ((3600, True), (0, False)):
        console = shown(monkeypatch, moment, terminal)
        for _ in each_of(console, "abc"):
            time.sleep(0.02)
        assert console.file.getvalue() == ""


def test_the_line_is_free_while_something_is_printed_and_comes_back(monkeypatch):
    console = shown(monkeypatch, 0.01)
    with Waiting(console, "one") as line:
        assert drawn_after(console, "one")
        line.clear()
        before = len(console.file.getvalue())
        time.sleep(0.3)
        assert len(console.file.getvalue()) == before
        line.show("two")
        assert drawn_after(console, "two")


def test_an_error_ends_the_line(monkeypatch):
    console = shown(monkeypatch, 0.01)
    try:
        with Waiting(console, "words"):
            drawn_after(console, "words")
            raise ValueError
    except ValueError:
        pass
    before = len(console.file.getvalue())
    time.sleep(0.3)
    assert len(console.file.getvalue()) == before


class Noted:
    """In place of a Waiting: what it would show."""

    def __init__(self, words, console, text="", total=None):
        self.words = words
        self.show(text)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def show(self, text):
        self.words.append(text)

    def clear(self):
        pass


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("convert", "net.safetensors", "net.pth"), ["reading net.safetensors", "writing net.pth"]),
        (("filter", "x.npy", "--kernel", "box"), ["box"]),
        (("trace", "net.safetensors", "--layer", "conv1", "--at", "0,0,0"), ["small up to conv1", "tracing"]),
        (
            ("trace", "net.safetensors", "--layer", "conv1", "--at", "0,0,0,0", "--gradient", "weight"),
            ["small and back to conv1", "tracing"],
        ),
        (("trace", "--kernel", "conv2d", "--at", "0,0,0"), ["conv2d", "tracing"]),
        (("summary", "net.safetensors", "--batch", "2"), ["planning the memory of a batch of 2"]),
        (("bench", "--explain", "--layers", "lenet:conv1"), ["choosing algorithms", *["lenet:conv1"] * 3]),
    ],
)
def test_work_that_may_take_a_while_is_named(cli, tmp_path, monkeypatch, arguments, words):
    """Compiling takes most of it, a large network the rest."""
    Graph(L.Sequential(L.Conv2D(1, 3), L.Flatten(), L.Linear(2)), (1, 5, 5), name="small").save(tmp_path / "net.safetensors")
    np.save(tmp_path / "x.npy", np.zeros((1, 8, 8), np.uint8))
    noted = []
    monkeypatch.setattr(waiting, "Waiting", partial(Noted, noted))
    status, _, err = cli(*arguments)
    assert (status, err) == (0, "")
    assert noted == words


def test_answers_of_a_network_are_waited_for(cli, trained, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", datasets.load("digits", "test").images[0])
    noted = []
    monkeypatch.setattr(waiting, "Waiting", partial(Noted, noted))
    assert cli("predict", trained, "x.npy")[0] == 0
    assert noted[-1] == "1 image"
