"""What a figure takes."""

import numpy as np
import pytest

from minicnn.charts import Bars, Chart, Line, Picture
from minicnn.errors import SettingError, ShapeError


def test_records_hold_plain_numbers():
    assert Line("loss", np.arange(3), np.float32([1, 2, 3])) == Line("loss", (0, 1, 2), [1.0, 2.0, 3.0])
    assert Chart("", (Bars("", ["b", "a"], [1, 2]), Bars("", ["a", "c"], [1, 2]))).words == ("b", "a", "c")


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Line("loss", [1, 2], [1]), ShapeError, "Line 'loss': 2 x, but 1 y"),
        (lambda: Line("loss", [1], ["one"]), SettingError, "Line 'loss': y are numbers, but"),
        (lambda: Bars("n", ["a", 2], [1, 2]), SettingError, "Bars 'n': x are numbers, but"),
        (lambda: Chart("c", ([1, 2],)), SettingError, "chart 'c': a mark is a Line or Bars"),
        (lambda: Chart("c", (), y_range=(1, 0)), SettingError, "chart 'c': y_range goes from 1 to 0"),
        (lambda: Chart("c", (), log_y=True, y_range=(0, 1)), SettingError, "from above 0"),
        (lambda: Picture("p", np.zeros((2, 4, 4))), ShapeError, "picture 'p': pixels are"),
        (lambda: Picture("p", np.array([["a"]])), ShapeError, "picture 'p': pixels are"),
    ],
)
def test_what_does_not_fit_is_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
