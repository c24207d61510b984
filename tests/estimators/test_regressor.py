"""CNNRegressor: one number or several, of any scale."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is an extra: pip install minicnn[sklearn]")

from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

from minicnn.errors import SettingError
from minicnn.estimators import CNNRegressor


def sine(count=300, seed=0):
    """One feature, and two waves of it with noise of deviation 0.1."""
    drawn = np.random.default_rng(seed)
    x = drawn.uniform(-3, 3, (count, 1))
    return x, np.sin(2 * x[:, 0]) + drawn.normal(0, 0.1, count)


def test_a_sine_is_learnt_where_a_line_cannot():
    x, y = sine()
    x_test, y_test = sine(200, seed=1)
    assert CNNRegressor().fit(x, y).score(x_test, y_test) > 0.9 > 0.5 > LinearRegression().fit(x, y).score(x_test, y_test)


def test_what_is_linear_is_learnt_with_patience():
    x, x_test, y, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=1)
    model = CNNRegressor(validation_fraction=0.2, patience=20).fit(x, y)
    assert model.score(x_test, y_test) > 0.35
    assert model.n_iter_ < 200


def test_targets_of_any_scale_have_the_same_figures():
    x, y = sine(60)
    small, large = CNNRegressor(epochs=5).fit(x, y), CNNRegressor(epochs=5).fit(x, 1e6 * y - 3e7)
    np.testing.assert_allclose(large.predict(x), 1e6 * small.predict(x) - 3e7, rtol=1e-4)


@pytest.mark.parametrize("shape", [(60,), (60, 1), (60, 2)])
def test_predictions_have_the_shape_of_the_targets(shape):
    x, y = sine(60)
    targets = y if len(shape) == 1 else np.stack([y, -y], axis=1)[:, : shape[1]]
    model = CNNRegressor(epochs=100).fit(x, targets)
    assert model.predict(x).shape == shape
    assert model.predict(x).dtype == np.float64
    assert model.score(x, targets) > 0.5


def test_a_constant_target_is_learnt():
    x, _ = sine(40)
    np.testing.assert_allclose(CNNRegressor().fit(x, np.full(40, 5.0)).predict(x), 5.0, atol=0.01)


def test_one_row_is_enough():
    np.testing.assert_allclose(CNNRegressor().fit([[1.0, 2.0]], [3.0]).predict([[1.0, 2.0]]), [3.0], atol=0.01)


def test_an_outlier_moves_a_robust_loss_less():
    x = np.linspace(-1, 1, 60)[:, None]
    y = np.where(np.arange(60) % 10 == 0, 50.0, 0.0)
    squared, absolute = (CNNRegressor(loss=loss).fit(0 * x, y).predict([[0.0]])[0] for loss in (None, "MeanAbsoluteError"))
    assert squared == pytest.approx(5, abs=1)
    assert absolute == pytest.approx(0, abs=1)


@pytest.mark.parametrize("loss", ["SoftmaxCrossEntropyy", "BinaryCrossEntropy", 3])
def test_a_loss_that_compares_no_numbers_is_refused(loss):
    with pytest.raises(SettingError, match="CNNRegressor: loss"):
        CNNRegressor(loss=loss).fit([[0], [1]], [0, 1])
