"""The line on a terminal while something takes a while."""

import io
import time

from rich.console import Console

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
