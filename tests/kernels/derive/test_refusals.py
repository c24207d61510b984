"""Loops that would race and text outside the grammar are refused in one line, with the file and the line where it shows."""

import inspect
import re
from pathlib import Path

import pytest

from minicnn.errors import SettingError
from minicnn.kernels.derive import read, threads
from minicnn.kernels.derive.generated import load

from . import racing

RACES = {
    "sum_of_everything": "n is not by itself an index of y[k % 2] (line {y[k % 2] +=}): two turns may write the same place",
    "histogram": "i is not by itself an index of counts[bins[i]] (line {counts[bins[i]]}): two turns may write the same place",
    "carried_mean": "mean (line {0.9 * mean}) is carried from one turn of n to the next",
    "last_that_was_positive": "kept (line {= kept}) is carried from one turn of n to the next",
    "neighbour": "n is not by itself an index of y[n - 1] (line {y[n - 1]}): a turn may read what another one writes",
    "smoothing_in_place": "n is not by itself an index of x[n + 1] (line {x[n + 1]}): a turn may read what another one writes",
    "transposed_in_place": "n is another index in x[m, n] (line {x[n, m] = x[m, n]}) than in x[n, m] (line {value = x[n, m]})",
    "both_triangles": "n is another index in y[m, n] (line {y[m, n] =}) than in y[n, m] (line {y[n, m] =})",
    "cleared_and_read": "n is not by itself an index of dx[0, k] (line {dx[0, k]}): a turn may read what another one writes",
    "second_output": "n is not by itself an index of largest[0] (line {largest[0] =}): two turns may write the same place",
    "folded": "n is not by itself an index of y[n // 2] (line {y[n // 2]}): two turns may write the same place",
    "own_tap": "n is not by itself an index of y[half(n, flip)] (line {y[half(}): two turns may write the same place",
    "turned_too_far": "r is not by itself an index of y[weight_tap(r, N, flip)] (line {y[weight}): two turns may write the same place",
    "from_one": "n counts in range(1, N), not from 0",
    "as_far_as_the_data_says": "how far n counts is read from an array, lengths[0]",
}

OUTSIDE = {
    "running_sum": "total is assigned before the loop and again inside: its turns would depend on each other",
    "read_beforehand": "y is an output and is read before the loop",
    "without_axes": "total[()]: an array has at least one axis",
    "nothing_but_an_end": "break ends a loop early, so that its turns depend on each other",
    "while_it_lasts": "a while loop does not say how often it turns: count with for ... in range(...)",
    "own_letter": "n is the letter of a loop and is assigned",
    "letter_twice": "n is the letter of this loop and means something else already",
    "growing": "N is assigned before the loop and again inside: its turns would depend on each other",
    "two_loops": "a second loop stands beside the first: a definition is one loop, with others inside",
    "whole_rows": "a slice hides a loop: write the loop",
    "whole_arrays": "np.sum is not among the functions that every machine has",
    "table_outside": "TABLE[n]: only arrays among the arguments have places",
    "handed_on": "y is an output and is handed to first, which may read any place of it",
    "stored_elsewhere": "scribble is called by a definition, and stores into x[n]",
    "argument_assigned": "rate is an argument and is assigned: use another name",
    "misspelt": "slop is not a name that is known here: did you mean slope?",
    "from_the_end": "x[-1]: a place is counted from the start of its axis",
    "a_value": "a definition returns nothing: it stores into its outputs",
    "nothing_stored": "nothing_stored stores into none of its arguments",
    "by_default": "by_default has arguments of another kind than names in a row, without defaults",
    "many_ranks": "y[n, 0]: y has 1 indices in another place of this loop",
    "flat_and_cleared": "y is cleared as a whole and stored to through .flat: clear y.flat[...] in the loop",
    "only_cleared": "y is cleared, but the loop stores nothing into it",
    "cleared_in_part": "y[0] is stored to before the loop: only a whole output is cleared there, y[...] = 0.0",
}


def lines_of(name):
    lines, first = inspect.getsourcelines(getattr(racing, name))
    return list(enumerate(lines, first))


@pytest.mark.parametrize("name", RACES)
def test_a_loop_that_would_race_is_refused(name):
    lines = lines_of(name)
    (here,) = [number for number, text in lines if "# here" in text]
    words = RACES[name]
    for part in [each.partition("}")[0] for each in words.split("{")[1:]]:
        words = words.replace(f"{{{part}}}", str(next(number for number, text in lines if part in text)))
    definition = read(getattr(racing, name))
    with pytest.raises(SettingError) as caught:
        threads(definition)
    assert caught.value.headline.endswith(f"racing.py:{here}: no loop of {name} may become threads: {words}")


@pytest.mark.parametrize("name", OUTSIDE)
def test_text_outside_the_grammar_is_refused(name):
    lines = [*lines_of(name), *(lines_of("scribble") if name == "stored_elsewhere" else ())]
    (here,) = [number for number, text in lines if "# here" in text]
    with pytest.raises(SettingError) as caught:
        read(getattr(racing, name))
    assert caught.value.headline.endswith(f"racing.py:{here}: {OUTSIDE[name]}")


PAGE = (Path(__file__).parents[3] / "docs" / "derive.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("statement", "reason"), re.findall(r"^\| `(.*?)` \| (.*) \|$", PAGE, re.MULTILINE))
def test_the_page_gives_the_reasons(statement, reason):
    text = f"import numpy as np\n\ndef own(y, x, table):\n    for n in range(len(x)):\n        {statement}\n"
    with pytest.raises(SettingError) as caught:
        threads(read(load(text, "own")))
    assert caught.value.headline.partition(": no loop of own may become threads: ")[2] in (reason, "")
    assert reason in caught.value.headline


@pytest.mark.parametrize("thing", [len, lambda y: None, 3, type], ids=["builtin", "lambda", "number", "class"])
def test_what_was_not_made_with_def_is_refused(thing):
    with pytest.raises(SettingError, match="no loop to read"):
        read(thing)


def test_a_function_without_text_is_refused():
    space = {}
    exec("def typed(y, x):\n    for n in range(len(x)):\n        y[n] = x[n]\n", space)
    with pytest.raises(SettingError, match="the text of typed is not available"):
        read(space["typed"])
