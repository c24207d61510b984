"""The right loops are right, cases show mistakes, and what is handed out is empty."""

import ast
import inspect

import numpy as np
import pytest

from minicnn import exercises
from minicnn.errors import SettingError
from minicnn.exercises import EXERCISES, grade, handout
from minicnn.geometry import resolve_axes
from minicnn.kernels import textbook
from minicnn.kernels.algorithms.im2col import columns

by_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda each: each.name)


def spaced(arguments, *names):
    return [arguments[f"{name}_{axis}"] for name in names for axis in "hw"]


def by_textbook(name, outputs, given):
    """The same by the loops of the library, which are tested in many ways."""
    plain = [1, 1, 1, False]  # dilation, groups, flip
    y = outputs[next(iter(outputs))]
    match name:
        case "convolution":
            textbook.conv2d_forward(y, given["x"], given["weight"], given["bias"], *spaced(given, "stride", "pad"), *plain)
        case "input-gradient":
            textbook.conv2d_backward_input(y, given["dy"], given["weight"], *spaced(given, "stride", "pad"), *plain)
        case "weight-gradient":
            textbook.conv2d_backward_weight(y, given["dy"], given["x"], *spaced(given, "stride", "pad"), *plain)
        case "max-pooling":
            indices = np.empty(y.shape, np.int64)
            textbook.max_pool2d_forward(y, indices, given["x"], *spaced(given, "window", "stride", "pad"), 1, 1)
        case "transposed":
            textbook.conv_transpose2d_forward(y, given["x"], given["weight"], given["bias"], *spaced(given, "stride", "pad"), 1, 1, 1)
        case "dilated":
            settings = [1, 1, *spaced(given, "pad", "dilation"), given["groups"], False]
            textbook.conv2d_forward(y, given["x"], given["weight"], given["bias"], *settings)
        case "unshared":
            textbook.unshared_conv2d_forward(y, given["x"], given["weight"], given["bias"], *spaced(given, "stride", "pad"), 1, 1, 1)
        case "im2col":
            window, stride, pads = (spaced(given, word) for word in ("window", "stride", "pad"))
            y[...] = columns(given["x"], resolve_axes("im2col", given["x"].shape[2:], window, stride, pads, 1))
        case "softmax-gradient":
            N, K = given["logits"].shape
            ones, shares = np.ones(K), np.full(N, 1 / N)
            out = np.empty((N, K, 1))
            textbook.cross_entropy_backward(out, shares, given["logits"][:, :, None], given["labels"][:, None], ones, 0.0, -100)
            y[...] = out[:, :, 0]
        case "batch-norm":
            textbook.batch_norm_training_forward(
                outputs["y"], outputs["mean"], outputs["variance"], given["x"], given["gamma"], given["beta"], given["epsilon"]
            )
        case "index-map":  # circular columns, zeros below, and a filter whose other half is a mirror image
            R, S, (_, C, H, _) = given["R"], given["S"], given["x"].shape
            half = given["weight"].reshape(3, C, R, (S + 1) // 2)
            weight = np.concatenate([half, half[..., ::-1][..., S % 2 :]], axis=3)
            x = np.pad(
                np.concatenate([given["x"], given["x"][..., : S - 1]], axis=3), ((0, 0), (0, 0), (0, y.shape[2] + R - 1 - H), (0, 0))
            )
            textbook.conv2d_forward(y, x, weight, np.zeros(3), 1, 1, 0, 0, *plain)


@by_exercise
def test_right_loops_agree_with_the_textbook(exercise):
    for case, wanted in zip(exercise.tried, exercise.wanted, strict=True):
        outputs = {name: np.full(shape, np.nan) for name, shape in case.shapes.items()}
        by_textbook(exercise.name, outputs, case.arguments)
        for name, array in wanted.items():
            assert np.allclose(array, outputs[name], rtol=1e-14, atol=1e-16), (case.name, name)


@by_exercise
def test_what_is_handed_out_is_the_function_without_its_loop(exercise):
    text = handout(exercise, "FILE.py")
    definition = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    assert definition.name == exercise.function
    assert [each.arg for each in definition.args.args] == list(exercise.signature)
    assert len(definition.body) == 1
    assert ast.get_docstring(definition) == inspect.getdoc(exercise.solution)
    assert f"minicnn exercise {exercise.name} --grade FILE.py" in text
    assert exercise.title in text


@pytest.mark.parametrize("exercise", [each for each in EXERCISES if each.taps or each.copies], ids=lambda each: each.name)
def test_numbers_tell_where_they_are_from(exercise):
    """No two numbers of an array that is read or multiplied are the same, so that a number names its place."""
    for case in exercise.tried:
        for name in {exercise.taps, exercise.reads} - {None}:
            array = case.arguments[name]
            assert len(np.unique(array)) == array.size, (case.name, name)


@by_exercise
def test_right_loops_pass(exercise):
    result = grade(exercise, exercise.solution, "mine")
    assert (result.submission, result.result, result.passed, result.message) == ("mine", "passed", result.cases, "all numbers are right")


def test_ten_and_one():
    assert [each.name for each in EXERCISES] == [
        "convolution",
        "input-gradient",
        "weight-gradient",
        "max-pooling",
        "transposed",
        "dilated",
        "unshared",
        "im2col",
        "softmax-gradient",
        "batch-norm",
        "index-map",
    ]
    assert len({each.function for each in EXERCISES}) == len(EXERCISES)


def test_unknown_names_are_answered_with_those_that_come_close():
    assert exercises.find("Max_Pooling").name == "max-pooling"
    with pytest.raises(SettingError, match=r"no exercise called 'convolutoin': did you mean convolution\?"):
        exercises.find("convolutoin")


OWN = '''
import numpy as np

from minicnn.exercises import Case, Exercise, Mistake, whole_numbers


def halves(y, x):
    """Half of every number: y[i] = x[i] / 2."""
    for i in range(x.size):
        y[i] = x[i] / 2


def cases():
    yield Case("five numbers", {"y": (5,)}, {"x": whole_numbers("x", 5)})


EXERCISE = Exercise(
    "halves", "Half of every number", halves, cases, ("y",), reads="x", mistakes=(Mistake("numbers are doubled", {"/ 2": "* 2"}),)
)
'''


def test_an_exercise_of_ones_own(tmp_path):
    (tmp_path / "halves.py").write_text(OWN)
    (own,) = exercises.load(tmp_path / "halves.py")
    assert exercises.find("halves", [own]) is own
    assert "def halves(y, x):" in handout(own)

    def doubled(y, x):
        y[:] = 2 * x

    def shifted(y, x):
        y[:] = np.roll(x, 1) / 2

    assert grade(own, own.solution).result == "passed"
    assert grade(own, doubled).finding.mistake == "numbers are doubled"
    finding = grade(own, shifted).finding
    assert (finding.tap, finding.yours) == ("x[0] takes part in it", "does not depend on x[0]")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("y[i] = x[i] / 2", "pass"), "leaves NaN in y, in case 'five numbers'"),
        (("x[i] / 2", "x[i + 1] / 2"), "the right loop of halves raises IndexError"),
        (('"/ 2"', '"/ 3"'), r"its loop has no '/ 3', which is to be changed where numbers are doubled"),
        (("EXERCISE = Exercise", "exercise = tuple"), "raises TypeError"),
        (("EXERCISE = Exercise(", "(lambda *one, **other: None)("), "defines no exercise"),
    ],
)
def test_mistakes_in_an_exercise_of_ones_own(tmp_path, change, words):
    (tmp_path / "own.py").write_text(OWN.replace(*change))
    with pytest.raises(SettingError, match=words):
        exercises.load(tmp_path / "own.py")
    with pytest.raises(SettingError, match="there is no file"):
        exercises.load(tmp_path / "other.py")
