"""Programs in fresh processes: nothing of the asking process counts, and a failure is told in words."""

from __future__ import annotations

import pytest

from minicnn.bench.process import COMMAND, call, peak_bytes, run_python
from minicnn.errors import MinicnnError

MEGABYTE = 1 << 20


def twice(number):
    return 2 * number


def loaded_modules(number):
    import sys

    return [twice(number), sorted(sys.modules)]


def peak_with(count):
    held = b"x" * count
    return [peak_bytes(), len(held)]


def one_variable(name):
    import os

    return os.environ.get(name)


def files_here():
    import os

    return os.listdir()


def failing():
    raise ValueError("no such luck")


def test_a_function_finds_nothing_of_ours_loaded():
    answer = call(loaded_modules, 21, using=(twice,))
    number, modules = answer.value
    assert number == 42
    assert not {"minicnn", "numpy", "pytest"} & set(modules)
    assert answer.seconds > 0


def test_its_folder_is_empty():
    assert call(files_here).value == []


def test_variables_are_added(monkeypatch):
    monkeypatch.setenv("MINICNN_TEST_OUTER", "kept")
    assert call(one_variable, "MINICNN_TEST_INNER", variables={"MINICNN_TEST_INNER": "added"}).value == "added"
    assert call(one_variable, "MINICNN_TEST_OUTER", variables={"MINICNN_TEST_INNER": "added"}).value == "kept"


def test_a_peak_is_the_processs_own():
    held = b"x" * (256 * MEGABYTE)  # ours: a child that was charged for it would tell more
    assert peak_bytes() > len(held)
    little, much = (call(peak_with, count, using=(peak_bytes,)).value[0] for count in (1, 64 * MEGABYTE))
    assert little < 128 * MEGABYTE
    assert 60 * MEGABYTE < much - little < 80 * MEGABYTE


def test_a_failure_is_told():
    with pytest.raises(MinicnnError, match="a subprocess ended with status 1\n  ValueError: no such luck"):
        call(failing)


def test_a_silent_failure_is_told():
    with pytest.raises(MinicnnError, match="ended with status 3\n  without a message"):
        run_python("raise SystemExit(3)")


def test_the_command_takes_arguments():
    assert run_python(COMMAND, ("--version",)) > 0
    with pytest.raises(MinicnnError, match="ended with status 2\n  Error: there is no verb 'cook'"):
        run_python(COMMAND, ("cook",))
