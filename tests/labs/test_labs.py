"""Every lab runs in its quick form, and says what it must: rows with verdicts, and a figure."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from minicnn import labs
from minicnn.charts import Chart, PictureGrid, svg
from minicnn.errors import SettingError
from minicnn.labs import LABS, VERDICTS, Lab, Progress, Row

EACH = pytest.mark.parametrize("lab", LABS, ids=[lab.name for lab in LABS])
LONGEST_SECONDS, LONGEST_LINES = 300, 160  # about 120 lines of code


@EACH
def test_a_quick_run_yields_rows_and_a_figure(lab):
    results = list(lab.run(True))
    rows = [result for result in results if isinstance(result, Row)]
    figures = [result for result in results if isinstance(result, Chart | PictureGrid)]
    assert rows
    assert figures
    assert len(rows) + len(figures) + sum(isinstance(result, Progress) for result in results) == len(results)
    assert {row.verdict for row in rows} <= set(VERDICTS)
    assert len({row.lecture for row in rows}) == len(rows), "two rows make the same claim"
    for row in rows:
        assert row.ours
        assert "nan" not in row.ours.lower().split()
    assert svg(figures).startswith("<svg")


@EACH
def test_a_lab_explains_itself(lab):
    assert lab.title
    assert lab.look
    assert lab.sources
    assert len(lab.exercises) == 2
    assert 0 < lab.seconds < LONGEST_SECONDS


@EACH
def test_a_lab_is_one_file_that_can_be_read(lab):
    source = inspect.getsource(inspect.getmodule(lab.run))
    assert len(source.splitlines()) <= LONGEST_LINES
    assert lab.run.__module__ == f"minicnn.labs.{lab.name}"


def test_the_same_rows_each_time():
    quick = [[row for row in labs.find("invariance").run(True) if isinstance(row, Row)] for _ in range(2)]
    assert quick[0] == quick[1]


def test_names_differ():
    assert len({lab.name for lab in LABS}) == len(LABS)


def test_a_lab_that_is_not_there():
    with pytest.raises(SettingError, match=r"^there is no lab called 'invarance': did you mean invariance\?\n  there are "):
        labs.find("invarance")


def test_a_verdict_is_one_of_four():
    with pytest.raises(SettingError, match=r"^Row: verdict is 'equl', but must be one of equal, same effect, not seen, different"):
        Row("a claim", "what came out", "equl")


def test_a_lab_of_ones_own_runs():
    def run(quick):
        yield Row("two and two", f"{2 + 2}", labs.same(4, np.add(2, 2)))

    (row,) = Lab("own", "An own lab", ("nowhere",), "look", ("one", "two"), run, 1).run(True)
    assert row.verdict == "equal"
