"""A network that learns numbers, with scikit-learn's interface."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from minicnn.estimators.base import CNNEstimator
from minicnn.losses import NUMBERS, MeanSquaredError


class CNNRegressor(RegressorMixin, CNNEstimator):
    """A convolutional network that learns numbers, for all that scikit-learn does with estimators.

    X and all parameters but `loss` are as for `CNNClassifier`.  y is (N,) or (N, k).  Each of its columns is brought to mean 0 and deviation
    1 for training, and predictions are brought back; `score` is R^2, over the columns their mean.

    loss : str or Loss, optional
        By default MeanSquaredError(); "Huber" and "MeanAbsoluteError" mind outliers less.  Their settings are in deviations of y.

    Attributes
    ----------
    target_mean_, target_scale_ : float, or (k,) float64
        Taken from y; a constant column has scale 1.
    n_features_in_, input_shape_, net_, n_iter_, history_, seed_ : as for `CNNClassifier`

    >>> x = np.linspace(-3, 3, 200)[:, None]
    >>> CNNRegressor().fit(x, np.sin(x[:, 0])).score(x, np.sin(x[:, 0])) > 0.99
    True
    """

    usual_loss = MeanSquaredError()
    target = NUMBERS

    def fit(self, X: Any, y: Any) -> CNNRegressor:
        """Learn the numbers y, (N,) or (N, k), of X; with `warm_start`, from where the last call ended."""
        return self._learn(X, y, partial=False)

    def partial_fit(self, X: Any, y: Any) -> CNNRegressor:
        """One epoch over X.  The first call decides the scales of X and y."""
        return self._learn(X, y, partial=True)

    def _learn(self, X: Any, y: Any, *, partial: bool) -> CNNRegressor:
        continues = self._continues(partial)
        images, y = self._checked_pair(X, y, reset=not continues, multi_output=True, y_numeric=True)
        y = y.astype(np.float64)
        if not continues:
            deviation = y.std(axis=0)
            self.target_mean_, self.target_scale_ = y.mean(axis=0), np.where(deviation > 0, deviation, 1.0)
        targets = (y - self.target_mean_) / self.target_scale_
        targets = targets.reshape(len(y), -1)
        self._train(images, targets, targets.shape[1], self._loss(), partial=partial)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Numbers like y: (N,) or (N, k), float64."""
        y = self._outputs(X).astype(np.float64)
        return y.reshape(len(y), *np.shape(self.target_mean_)) * self.target_scale_ + self.target_mean_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
