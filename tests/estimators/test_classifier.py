"""CNNClassifier: labels of any kind, rows that count differently, small and strange data."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is an extra: pip install minicnn[sklearn]")

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from minicnn.errors import SettingError
from minicnn.estimators import CNNClassifier
from minicnn.estimators.classifier import shares
from minicnn.losses import SoftmaxCrossEntropy


def blobs(count=60, classes=3, features=4, seed=0):
    """Rows around corners of a cube, and their class."""
    drawn = np.random.default_rng(seed)
    y = np.arange(count) % classes
    return 4 * np.eye(classes, features)[y] + drawn.normal(size=(count, features)), y


def test_digits_are_learnt_by_default():
    digits = load_digits()
    x, x_test, y, y_test = train_test_split(digits.images, digits.target, stratify=digits.target, random_state=0)
    assert CNNClassifier().fit(x, y).score(x_test, y_test) >= 0.97


@pytest.mark.parametrize(
    "names",
    [np.array(["pear", "fig", "apple"]), np.array([-7, 0, 3]), np.array([2.0, 0.0, -1.0]), np.array(["b", "a", "c"], object)],
    ids=["words", "negative", "floats", "objects"],
)
def test_labels_of_any_kind_come_back_as_they_are(names):
    x, y = blobs()
    model = CNNClassifier(epochs=30).fit(x, names[y])
    assert model.classes_.tolist() == sorted(names.tolist())
    assert model.predict(x).dtype == names.dtype
    assert model.score(x, names[y]) > 0.9
    assert model.predict_proba(x).shape == (60, 3)


def test_truth_values_are_two_classes():
    x, y = blobs(classes=2)
    model = CNNClassifier(epochs=30).fit(x, y == 1)
    assert model.classes_.tolist() == [False, True]
    assert model.score(x, y == 1) > 0.9


def test_many_classes():
    x = np.repeat(np.eye(40), 5, axis=0)
    y = np.repeat(np.arange(40), 5)
    assert CNNClassifier(epochs=40).fit(x, y).score(x, y) == 1.0


def test_one_class_is_refused():
    with pytest.raises(SettingError, match="y has one class, 'a', but there must be at least two"):
        CNNClassifier().fit(np.eye(3), ["a", "a", "a"])


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")  # there is nothing to learn
def test_constant_features_give_the_frequencies_of_the_classes():
    y = np.array(["a"] * 30 + ["b"] * 10)
    model = CNNClassifier(epochs=500).fit(np.ones((40, 3)), y)  # only biases learn
    assert np.abs(model.predict_proba(np.ones((1, 3))) - [[0.75, 0.25]]).max() < 0.05


def test_two_rows_are_enough():
    assert CNNClassifier().fit([[0.0], [1.0]], ["no", "yes"]).predict([[1.0], [0.0]]).tolist() == ["yes", "no"]


@pytest.mark.parametrize(
    "loss", [SoftmaxCrossEntropy(), SoftmaxCrossEntropy(class_weights=(1.0, 3.0, 0.5))], ids=["plain", "class weights"]
)
def test_a_row_of_weight_2_has_the_gradient_of_two_rows(loss):
    drawn = np.random.default_rng(0)
    scores, labels, weight = drawn.normal(size=(6, 3)), np.array([0, 2, 1, 1, 0, 2]), np.array([1, 2, 3, 1, 2, 1])
    targets, plain = shares(labels, weight.astype(np.float64), 3, loss)
    each = plain.gradient(scores, targets.astype(np.float64)) / weight[:, None]
    repeated = loss.gradient(scores.repeat(weight, axis=0), labels.repeat(weight))
    np.testing.assert_allclose(each.repeat(weight, axis=0), repeated, rtol=1e-6)  # the shares are rounded to float32
    value = loss.value(scores.repeat(weight, axis=0), labels.repeat(weight))
    assert plain.value(scores, targets.astype(np.float64)) == pytest.approx(value, rel=1e-6)


def test_smoothed_labels_with_weights_are_smoothed_shares():
    loss = SoftmaxCrossEntropy(label_smoothing=0.3)
    scores, labels = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 1, 2, 1])
    targets, plain = shares(labels, np.ones(4), 3, loss)
    assert plain.value(scores, targets.astype(np.float64)) == pytest.approx(loss.value(scores, labels), rel=1e-6)


def test_equal_weights_change_nothing_but_rounding():
    x, y = blobs()
    plain, weighted = CNNClassifier(epochs=5).fit(x, y), CNNClassifier(epochs=5).fit(x, y, sample_weight=np.full(60, 7.0))
    np.testing.assert_allclose(plain.predict_proba(x), weighted.predict_proba(x), atol=1e-4)


def test_rows_of_weight_0_are_left_out():
    x, y = blobs()
    wrong = np.where(np.arange(60) < 20, (y + 1) % 3, y)
    weight = np.where(np.arange(60) < 20, 0.0, 1.0)
    left_out, never_there = CNNClassifier(epochs=3).fit(x, wrong, weight), CNNClassifier(epochs=3).fit(x[20:], y[20:], weight[20:])
    np.testing.assert_array_equal(left_out.predict_proba(x), never_there.predict_proba(x))


@pytest.mark.filterwarnings("ignore::minicnn.errors.LearningWarning")  # noise overlaps both classes
def test_weights_of_classes_move_the_border():
    x, y = blobs(200, 2, 2)
    noise = np.random.default_rng(1).normal(scale=4, size=x.shape)
    share = [
        (CNNClassifier(epochs=20, class_weight=weight).fit(x + noise, y).predict(x + noise) == 1).mean()
        for weight in ({0: 20, 1: 1}, "balanced", {0: 1, 1: 20})
    ]
    assert share[0] < share[1] < share[2]


def test_weights_of_classes_are_said_once():
    with pytest.raises(SettingError, match="class_weight and the class_weights of its loss exclude each other"):
        CNNClassifier(class_weight="balanced", loss=SoftmaxCrossEntropy(class_weights=(1, 2))).fit([[0], [1]], [0, 1])


def test_a_loss_without_probabilities_is_refused():
    with pytest.raises(SettingError, match=r"CNNClassifier: loss is MeanSquaredError\(\), but must be one like SoftmaxCrossEntropy"):
        CNNClassifier(loss="MeanSquaredError").fit([[0], [1]], [0, 1])


def test_parts_are_learnt_one_after_the_other():
    x, y = blobs()
    model = CNNClassifier()
    for _ in range(40):
        for part in range(3):
            model.partial_fit(x[y == part], y[y == part], classes=[0, 1, 2])
    assert model.n_iter_ == 120
    assert model.predict_proba(x).shape == (60, 3)


def test_a_class_that_was_not_named_is_refused():
    model = CNNClassifier().partial_fit([[0], [1]], ["a", "b"])
    with pytest.raises(SettingError, match=r"y has the class 'c', which is not one of those it learns: \['a', 'b'\]"):
        model.partial_fit([[0], [1]], ["a", "c"])
    with pytest.raises(SettingError, match="classes differ from those of the first call"):
        model.partial_fit([[0], [1]], ["a", "b"], classes=["a", "b", "c"])
