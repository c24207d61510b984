"""Settings that are looked up instead of resolved again: right ones stay right, wrong ones stay wrong."""

import numpy as np
import pytest

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import remembered, resolve_axes
from minicnn.kernels.checks.cases import resolve


def axes(window=(3, 3), stride=1, padding=1, dilation=1):
    return resolve_axes("conv2d", (8, 8), window, stride, padding, dilation)


def case(x_shape=(2, 4, 8, 8), weight_shape=(6, 4, 3, 3), stride=1, padding=1, dilation=1, groups=1, flip=False):
    return resolve("conv2d", "conv", 2, x_shape, weight_shape, stride, padding, dilation, groups, flip)


@pytest.mark.parametrize("setting", ["stride", "padding", "dilation"])
@pytest.mark.parametrize("wrong", [True, 1.0, np.float32(1), (1, True), (1.0, 1), ((1, True), (1, 1)), None, "1"], ids=repr)
def test_what_equals_a_right_setting_is_refused_after_it(setting, wrong):
    for right in (1, (1, 1)):
        axes(**{setting: right})
        case(**{setting: right})
    for question in (axes, case):
        with pytest.raises(SettingError):
            question(**{setting: wrong})


@pytest.mark.parametrize("setting", [0, (1, 0)], ids=repr)
def test_dilation_0_is_that_of_books_that_count_zeros(setting):
    for question in (axes, case):
        with pytest.raises(
            SettingError, match=r"dilation is 0, but must be at least 1\n  use 1 .*some books count the zeros between two taps"
        ):
            question(dilation=setting)
    with pytest.raises(SettingError, match=r"stride is 0, but must be at least 1$"):
        axes(stride=0)


@pytest.mark.parametrize("wrong", [True, 1.0, "1"], ids=repr)
def test_groups_that_equal_one_are_refused_after_it(wrong):
    case(groups=1)
    with pytest.raises(SettingError, match="groups"):
        case(groups=wrong)


@pytest.mark.parametrize("wrong", [0, 0.0, 1], ids=repr)
def test_numbers_are_no_flip(wrong):
    case(flip=False)
    case(flip=True)
    with pytest.raises(SettingError, match="flip"):
        case(flip=wrong)


@pytest.mark.parametrize("same", [[1, 1], np.int64(1), (np.int64(1), 1), ((1, 1), (1, 1)), [(1, 1), (1, 1)]], ids=repr)
def test_any_way_to_write_a_padding_gives_the_same(same):
    assert axes(padding=same) == axes(padding=1)
    assert case(padding=same) == case(padding=1)
    assert all(type(number) is int for axis in axes(padding=same) for number in axis)


def test_a_mistake_is_told_each_time():
    for _ in range(3):
        with pytest.raises(ShapeError, match="4 channels, but weight was made for 3"):
            case(weight_shape=(6, 3, 3, 3))


def test_only_the_first_of_equal_questions_is_answered_anew():
    asked = []

    @remembered
    def question(*settings):
        asked.append(settings)
        return len(asked)

    assert [question("a", 1, (2, 3)), question("a", 1, (2, 3)), question("a", True, (2, 3)), question("a", 1, (2, 3))] == [1, 1, 2, 1]
    assert [question("a", [1]), question("a", [1])] == [3, 4]
    assert [question("a", (1, True)), question("a", (1, 1)), question("a", (1, True))] == [5, 6, 7]


def test_an_odd_pixel_of_padding_stands_after_or_before():
    same, lower = (resolve_axes("conv2d", (5, 8), 2, 1, word, 1) for word in ("same", "same_lower"))
    assert [(axis.before, axis.after, axis.out) for axis in same] == [(0, 1, 5), (0, 1, 8)]
    assert [(axis.before, axis.after, axis.out) for axis in lower] == [(1, 0, 5), (1, 0, 8)]
