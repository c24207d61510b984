"""Wrong solutions are caught, with the first wrong number, the tap at which its sum goes another way, and the mistake if it is known."""

import re
import warnings

import numpy as np
import pytest

from minicnn.exercises import EXERCISES, find, grade, whole_numbers
from minicnn.exercises.exercise import Mistake
from minicnn.exercises.explain import same

# What no exercise lists as a mistake: words for the test, and what is written instead.
OTHERS = {
    "convolution": [
        {"total += ": "total -= "},
        {"np.float64(bias[k])": "np.float64(bias[0])"},
        {"x[n, c, h, w]": "x[0, c, h, w]"},
        {"range(Q)": "range(Q - 1)"},
        {"h = p * stride_h + r - pad_h": "h = (p + r) * stride_h - pad_h"},
    ],
    "input-gradient": [
        {"total += ": "total -= "},
        {"dy[n, k, p, q]": "dy[0, k, p, q]"},
        {"range(W)": "range(W - 1)"},
        {"down // stride_h": "down // stride_w"},
    ],
    "weight-gradient": [
        {"total += ": "total -= "},
        {"dy[n, k, p, q]": "dy[0, k, p, q]"},
        {"range(S)": "range(S - 1)"},
        {"total += ": "total += 2 * "},
    ],
    "max-pooling": [
        {"best = -np.inf": "best = -1000.0", "x[n, c, h, w]": "-x[n, c, h, w]"},
        {"x[n, c, h, w]": "x[0, c, h, w]"},
        {"range(P)": "range(P - 1)"},
    ],
    "transposed": [
        {"total += ": "total -= "},
        {"x[n, c, h, w]": "x[0, c, h, w]"},
        {"range(P)": "range(1, P)"},
        {"weight[c, k, r, s]": "weight[c, 0, r, s]"},
    ],
    "dilated": [
        {"total += ": "total -= "},
        {"first + c": "C - 1 - first - c"},
        {"weight[k, c, r, s]": "weight[k // 2, c, r, s]"},
        {"r * dilation_h": "(r + 1) * dilation_h"},
    ],
    "unshared": [
        {"total += ": "total -= "},
        {"weight[k, p, q, c, r, s]": "weight[k, P - 1 - p, q, c, r, s]"},
        {"bias[k, p, q]": "bias[0, p, q]"},
        {"weight[k, p, q, c, r, s]": "weight[0, p, q, c, r, s]"},
    ],
    "im2col": [
        {"c = i // (R * S)": "c = i % (R * S) % 2"},
        {"p = j // Q": "p = j // Q // 2"},
        {"= x[n, c, h, w]": "= -x[n, c, h, w]"},
    ],
    "softmax-gradient": [
        {"total = np.float64(0.0)": "total = np.float64(1.0)"},
        {"max(largest, logits[n, j])": "min(largest, logits[n, j])"},
        {"logits[n, k] - largest": "logits[0, k] - largest"},
    ],
    "batch-norm": [
        {"+ beta[c]": "- beta[c]"},
        {"total += x[n, c, l]": "total += abs(x[n, c, l])"},
        {"variance[c] = variance_c": "variance[c] = np.sqrt(variance_c)"},
    ],
    "index-map": [
        {"return c, h, w, j": "return c, w, h, j"},
        {"(q + s) % W": "(q + s + 1) % W"},
        {"* R + r": "* R + (R - 1 - r)"},
    ],
}


def wrong_solutions():
    for exercise in EXERCISES:
        known = [(mistake.words, mistake) for mistake in exercise.mistakes]
        others = [("", Mistake(f"other {number}", changes)) for number, changes in enumerate(OTHERS[exercise.name], start=1)]
        assert len(known + others) >= 10
        for words, mistake in known + others:
            yield pytest.param(exercise, mistake, words, id=f"{exercise.name}: {mistake.words}")


def first_wrong(exercise, function):
    """(case, output, place, got) of the first wrong number in scan order, or (case, the error): found without the grader."""
    for number, case in enumerate(exercise.tried):
        try:
            after = exercise.arguments_after(function, exercise.arguments(case))
        except Exception as error:
            return case, error
        for name in exercise.outputs:
            wanted = exercise.wanted[number][name]
            for place in np.ndindex(wanted.shape):
                if not abs(after[name][place] - wanted[place]) <= 1e-9 * np.abs(wanted).max():
                    return case, name, place, after[name][place]
    return None


@pytest.mark.parametrize(("exercise", "mistake", "words"), list(wrong_solutions()))
def test_wrong_solutions_are_caught_at_the_right_place(exercise, mistake, words):
    function = exercise.with_mistake(mistake)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        first, result = first_wrong(exercise, function), grade(exercise, function)
    assert result.passed < result.cases
    if len(first) == 2:
        case, error = first
        assert result.result == "error"
        assert result.message.startswith(f"raises {type(error).__name__}: {error}")
        assert f": {case.name}" in result.message
        assert words in result.message
        assert ("; so it is if " in result.message) == bool(words)
        return
    case, output, place, got = first
    finding = result.finding
    assert result.result == "wrong"
    assert (finding.case, finding.output, finding.place) == (case.name, output, place)
    assert finding.got == got or np.isnan([finding.got, got]).all()
    assert finding.wanted == exercise.wanted[exercise.tried.index(case)][output][place]
    assert finding.formula.startswith(f"{output}[")
    assert (finding.mistake, finding.in_all_cases) == (words, bool(words))
    if exercise.taps and finding.tap:
        assert_first_tap(exercise, function, case, finding)


def assert_first_tap(exercise, function, case, finding):
    """Before the named tap the sums agree, whatever the taps are; at this tap they do not."""

    def value(loop, taps):
        arguments = exercise.arguments(case) | {exercise.taps: taps}
        return exercise.arguments_after(loop, arguments)[finding.output][finding.place]

    nothing = np.zeros(case.arguments[exercise.taps].shape)
    begin, begin_right = value(function, nothing), value(exercise.solution, nothing)
    if finding.tap.startswith("before any product"):
        assert begin != begin_right
        return
    assert begin == begin_right
    place = tuple(map(int, re.search(rf"{exercise.taps}\[([\d, ]+)\]", finding.yours)[1].split(",")))
    flat = int(np.ravel_multi_index(place, nothing.shape))
    before, only = whole_numbers("test", *nothing.shape), nothing.copy()
    before.flat[flat:] = 0
    only[place] = 1
    assert value(function, before) == value(exercise.solution, before)
    assert value(function, only) != value(exercise.solution, only)


CONVOLUTION = find("convolution")


def test_the_message_of_a_flipped_filter():
    flipped = next(each for each in CONVOLUTION.mistakes if each.words == "the filter is flipped")
    result = grade(CONVOLUTION, CONVOLUTION.with_mistake(flipped))
    case = CONVOLUTION.tried[0].arguments
    x, weight, finding = case["x"], case["weight"], result.finding
    assert result.message.endswith("in case 1 of 4: stride 1, no padding")
    assert finding.letters == {"n": 0, "k": 0, "p": 0, "q": 0}
    assert finding.tap == f"c=0, r=0, s=0, h=0, w=0: x[0, 0, 0, 0] * weight[0, 0, 0, 0] = {x[0, 0, 0, 0]:g} * {weight[0, 0, 0, 0]:g}"
    assert finding.yours == f"multiplies weight[0, 0, 0, 0] by x[0, 0, 2, 1] = {x[0, 0, 2, 1]:g}"
    assert finding.sum.endswith(f"= {finding.wanted:g}")


def test_a_tap_on_padding_says_where_it_lies():
    other_end = next(each for each in CONVOLUTION.mistakes if "read from its other end" in each.words)
    finding = grade(CONVOLUTION, CONVOLUTION.with_mistake(other_end)).finding
    assert finding.tap.startswith("c=0, r=0, s=0, h=-1, w=-2: weight[0, 0, 0, 0] = ")
    assert finding.tap.endswith("takes no part in this sum")
    assert "x[0, 0, 5, 3]" in finding.yours


def vectorized(y, x, weight, bias, stride_h, stride_w, pad_h, pad_w):
    """A product of windows: no loop over taps to read."""
    padded = np.pad(x, ((0, 0), (0, 0), (pad_h, pad_h), (pad_w, pad_w)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], (2, 3))[:, :, ::stride_h, ::stride_w]
    y[...] = np.einsum("ncpqrs,kcrs->nkpq", windows, weight) + bias[:, None, None]


def test_what_fails_while_it_is_explained_keeps_its_first_number():
    calls = []

    def tires(y, *rest):
        calls.append(1)
        if len(calls) == 2:
            raise ValueError("tired")
        vectorized(y, *rest)
        y[0, 0, 0, 1] = 7

    result = grade(CONVOLUTION, tires)
    assert (result.result, result.finding.place, result.finding.got) == ("wrong", (0, 0, 0, 1), 7)


def test_a_solution_without_loops_is_explained_as_well():
    assert grade(CONVOLUTION, vectorized).result == "passed"

    def transposed_strides(y, x, weight, bias, stride_h, stride_w, pad_h, pad_w):
        vectorized(y, x, weight[:, ::-1], bias, stride_h, stride_w, pad_h, pad_w)

    finding = grade(CONVOLUTION, transposed_strides).finding
    assert finding.yours.startswith("multiplies weight[0, 0, 0, 0] by x[0, 1, 0, 0] = ")
    assert finding.mistake == ""


def test_what_is_wrong_before_any_sum():
    def nothing(y, *rest):
        pass

    def half(y, *rest):
        held = y.copy()
        vectorized(y, *rest)
        y[:, 1:] = held[:, 1:]

    def adds(y, *rest):
        held = y.copy()
        vectorized(y, *rest)
        y += held

    def shapes(y, *rest):
        y.shape = (1, -1)

    def changes(y, x, *rest):
        vectorized(y, x, *rest)
        x[0, 0, 0, 0] = 5

    def leaves(y, *rest):
        raise SystemExit(3)

    messages = {each: grade(CONVOLUTION, each).message for each in (nothing, half, adds, shapes, changes, leaves)}
    assert messages[nothing].startswith("y[0, 0, 0, 0] is not written, nor is the rest: fill the array that is handed in")
    assert messages[half].startswith("y[0, 1, 0, 0] is not written; it must be ")
    assert messages[adds].startswith("y[0, 0, 0, 0] is added to what the output held before, which has to be cleared first")
    assert messages[shapes].startswith("changes the shape of y to (1, 96) in case 1 of 4")
    assert messages[changes].startswith("writes to x, which is an input")
    assert messages[leaves].startswith("calls exit, which no loop needs (line ")


def changed(exercise, *words):
    known = {each.words: each.changes for each in exercise.mistakes}
    return exercise.with_mistake(Mistake("several", {old: new for each in words for old, new in known[each].items()}))


def test_a_mistake_that_explains_one_case_is_said_to():
    """Two mistakes at once: the first case has no padding, and shows the flipped filter alone."""
    finding = grade(CONVOLUTION, changed(CONVOLUTION, "the filter is flipped", "the padding is missing")).finding
    assert (finding.mistake, finding.in_all_cases) == ("the filter is flipped", False)


def test_of_several_mistakes_the_one_that_explains_all_cases_is_named():
    """Where nothing has a stride, the stride does not show."""
    weight = find("weight-gradient")
    by_words = {each.words: each for each in weight.mistakes}
    first, second = "the stride is missing", "the stride multiplies the tap"
    one_place = [number for number in range(4) if same(weight.with_mistakes[first, number], weight.with_mistakes[second, number])]
    assert one_place
    for words in (first, second):
        assert grade(weight, weight.with_mistake(by_words[words])).finding.mistake == words


def test_batch_norm_is_compared_from_the_inside_out():
    """A wrong mean makes everything wrong, and is told first."""
    exercise = find("batch-norm")
    by_words = {each.words: each for each in exercise.mistakes}
    finding = grade(exercise, exercise.with_mistake(by_words["the sum is divided by the number of images alone"])).finding
    assert (finding.output, finding.tap, finding.yours) == ("mean", "x[0, 0, 0] counts 0.125 times", "counts x[0, 0, 0] 0.5 times")
    finding = grade(exercise, exercise.with_mistake(by_words["the variance is divided by N*L - 1"])).finding
    assert finding.output == "variance"
