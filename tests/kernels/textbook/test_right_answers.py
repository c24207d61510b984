"""Right answers: by hand, the first of equals, positions without one, one channel, and as NumPy counts them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minicnn.kernels import textbook

from .checks import generated, poisoned


def right(name, y, target, *settings):
    found = poisoned(len(y))
    getattr(textbook, f"right_{name}_forward")(found, np.array(y, float), np.array(target), *settings)
    return found.tolist()


def test_labels_by_hand():
    y = [[[1, 0, 5, 2], [3, 0, 4, 2], [2, -1, 5, 2]]]  # largest: 1; 0, the first of equals; 0; 0
    assert right("answers", y, [[1, 0, 2, 1]], 9) == [2]
    assert right("answers", y, [[1, 0, 0, 9]], 9) == [3]
    assert right("answers", y, [[1, 0, 0, 0]], 0) == [1]


def test_one_channel_says_class_1_above_0():
    assert right("answers", [[[0.1, -0.1, 0.0, np.nan]]], [[1, 0, 0, 0]], 9) == [3]


def test_scores_that_are_not_numbers_answer_nothing():
    y = [[[np.nan, 0.0], [1.0, np.nan]]]
    assert right("answers", y, [[1, 0]], 9) == [0]
    assert right("shares", y, [[[0.0, 1.0], [1.0, 0.0]]]) == [0]
    assert right("decisions", [[np.nan, np.nan]], [[0.0, 1.0]]) == [0]


def test_shares_and_decisions_by_hand():
    assert right("shares", [[[1, 0], [3, 0]]], [[[0.4, 0.5], [0.6, 0.5]]]) == [2]
    assert right("shares", [[[1, 0], [3, 1]]], [[[0.6, 0.5], [0.4, 0.5]]]) == [0]
    assert right("decisions", [[0.1, 0.0, -0.1, 2.0]], [[0.5, 0.5, 0.49, 0.1]]) == [2]


@generated
@given(sizes=st.tuples(*(st.integers(1, most) for most in (4, 5, 6))), seed=st.integers(0, 2**32 - 1))
def test_as_numpy_counts(sizes, seed):
    rng = np.random.default_rng(seed)
    y, labels, shares = np.round(rng.uniform(-2, 2, sizes)), rng.integers(0, max(2, sizes[1]), (sizes[0], sizes[2])), rng.random(sizes)
    answers = (y[:, 0] > 0) if sizes[1] == 1 else y.argmax(1)
    assert right("answers", y, labels, 1) == ((answers == labels) & (labels != 1)).sum(1).tolist()
    assert right("shares", y, shares) == (y.argmax(1) == shares.argmax(1)).sum(1).tolist()
    flat, truth = y.reshape(len(y), -1), shares.reshape(len(y), -1)
    assert right("decisions", flat, truth) == ((flat > 0) == (truth >= 0.5)).sum(1).tolist()
