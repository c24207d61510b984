"""A network that tells classes apart, with scikit-learn's interface."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from minicnn import engine
from minicnn.errors import SettingError, quoted
from minicnn.estimators.base import CNNEstimator
from minicnn.layers import Element
from minicnn.losses import CLASS, Loss, SoftmaxCrossEntropy, check_scores, log_probabilities
from minicnn.optimizers import Optimizer


class CNNClassifier(ClassifierMixin, CNNEstimator):
    """A convolutional network that tells classes apart, for all that scikit-learn does with estimators.

    X is (N, F), signals of one channel; (N, H, W), images of one channel; or (N, C, H, W) or (N, C, D, H, W).  It is cast to float32, and
    every channel brought to mean 0 and deviation 1, all its numbers alike.  Features of different units want a StandardScaler before.
    y is (N,), of any kind: numbers, negative ones, words.

    Parameters
    ----------
    network : str, Element, or None
        A name of the zoo; a layer or block of `minicnn.layers` that ends with a number for each class; None: `usual_network`, two
        convolutions or more, by the size of the input, and two linear layers.
    image_shape : (C, *space), optional
        What a row of X is brought to, as in (1, 8, 8) for 64 features; (C, L) for signals of several channels.
    optimizer : str or Optimizer, optional
        By default that of the network's recipe, else Adam(learning_rate=0.003).
    learning_rate : float, optional
        Instead of the optimizer's own.
    loss : SoftmaxCrossEntropy, optional
        With other settings, as SoftmaxCrossEntropy(label_smoothing=0.1).
    class_weight : dict, "balanced" or None
        How much a row of a class counts, as elsewhere in scikit-learn.
    epochs : int, optional
        Times through the rows, at most; by default as many as make 2,000 updates, but at least 10 and at most 200.
    batch_size : int
        Rows per update.
    schedule, augment : as for `Trainer.fit`
    validation_fraction : float, optional
        Share of the rows to hold out: the network of the epoch that was best on them is kept.
    patience : int, optional
        Stop when that has not improved for so many epochs.
    warm_start : bool
        `fit` continues where the last call ended, with rows of the same shape and the same classes.
    random_state : int, RandomState or None
        An int is the seed of minicnn; None draws one from NumPy's global state.  The same seed gives the same bits on any number of threads.
    threads, device : as for `Trainer`
    verbose : 0 is silent; otherwise a bar on a terminal

    Attributes
    ----------
    classes_ : (K,) of the type of y, sorted
    n_features_in_ : X.shape[1]
    input_shape_ : (C, *space)
    net_ : Graph, which can be saved
    n_iter_ : int, epochs so far, those of `partial_fit` and warm starts added up
    history_ : History of the last call
    seed_ : int

    Raises
    ------
    ValueError
        Where scikit-learn raises it; a MinicnnError for settings and shapes that do not fit.

    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> model = CNNClassifier(epochs=5).fit(digits.images[:1500], digits.target[:1500])
    >>> model.score(digits.images[1500:], digits.target[1500:]) > 0.9
    True
    """

    usual_loss = SoftmaxCrossEntropy()
    target = CLASS
    classes_: np.ndarray

    def __init__(
        self,
        network: str | Element | None = None,
        *,
        image_shape: tuple[int, ...] | None = None,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | None = None,
        loss: str | Loss | None = None,
        class_weight: dict[Any, float] | str | None = None,
        epochs: int | None = None,
        batch_size: int = 32,
        schedule: Any = "cosine",
        augment: Any = (),
        validation_fraction: float | None = None,
        patience: int | None = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = 0,
        threads: int | None = None,
        device: str = engine.CPU,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            network,
            image_shape=image_shape,
            optimizer=optimizer,
            learning_rate=learning_rate,
            loss=loss,
            epochs=epochs,
            batch_size=batch_size,
            schedule=schedule,
            augment=augment,
            validation_fraction=validation_fraction,
            patience=patience,
            warm_start=warm_start,
            random_state=random_state,
            threads=threads,
            device=device,
            verbose=verbose,
        )
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CNNClassifier:
        """Learn the classes y (N,) of X; with `warm_start`, from where the last call ended.

        sample_weight : (N,), at least 0: how much each row counts; rows that count nothing are left out
        """
        return self._learn(X, y, sample_weight, None, partial=False)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> CNNClassifier:
        """One epoch over X.  The first call names all `classes` that will ever come, unless y has them all, and decides the scale of X."""
        return self._learn(X, y, sample_weight, classes, partial=True)

    def _learn(self, X: Any, y: Any, sample_weight: Any, classes: Any, *, partial: bool) -> CNNClassifier:
        continues = self._continues(partial)
        images, y = self._checked_pair(X, y, reset=not continues)
        check_classification_targets(y)
        found = np.unique(y)
        known = self.classes_ if continues else found if classes is None else np.unique(classes)
        if continues and classes is not None and not np.array_equal(np.unique(classes), known):
            raise SettingError(f"{type(self).__name__}: classes differ from those of the first call: {quoted(known.tolist())}")
        if strange := [each for each in found.tolist() if each not in known.tolist()]:
            raise SettingError(
                f"{type(self).__name__}: y has the class {strange[0]!r}, which is not one of those it learns: {quoted(known.tolist())}"
            )
        if len(known) < 2:
            raise SettingError(
                f"{type(self).__name__}: y has one class, {known.tolist()[0]!r}, but there must be at least two to tell apart"
            )
        loss = self._weighing(y, known)
        targets = np.searchsorted(known, y)
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, images, ensure_non_negative=True)
            if not weight.any():
                raise SettingError(f"{type(self).__name__}: sample_weight is zero for every row of X, so that there is nothing to learn")
            counted = weight > 0
            images = images[counted]
            targets, loss = shares(targets[counted], weight[counted], len(known), loss)
        self.classes_ = known
        self._train(images, targets, len(known), loss, partial=partial)
        return self

    def _weighing(self, y: np.ndarray, classes: np.ndarray) -> SoftmaxCrossEntropy:
        """The loss, with `class_weight` in it."""
        loss = self._loss()
        if not isinstance(loss, SoftmaxCrossEntropy):
            raise SettingError(f"{type(self).__name__}: loss is {loss!r}, but probabilities come from SoftmaxCrossEntropy(...)")
        if self.class_weight is None:
            return loss
        if loss.class_weights is not None:
            raise SettingError(f"{type(self).__name__}: class_weight and the class_weights of its loss exclude each other")
        each = compute_class_weight(self.class_weight, classes=classes, y=y)
        return replace(loss, class_weights=tuple(map(float, each)))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of `predict_proba`."""
        scores = self._outputs(X)
        check_scores(type(self).__name__, scores)
        return log_probabilities(scores)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (N, classes), float64, in the order of `classes_`."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row of X: (N,), one of `classes_`."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]


def shares(labels: np.ndarray, weight: np.ndarray, classes: int, loss: SoftmaxCrossEntropy) -> tuple[np.ndarray, SoftmaxCrossEntropy]:
    """Rows that count differently: the share of every class, times what the row counts, and the loss that compares with them.

    Cross-entropy is linear in the shares, so that an image of weight 2 gives the gradient of two images.  The weights of rows and their
    classes together are brought to a mean of 1.

    labels : (N,) int64;  weight : (N,) above 0
    """
    each = weight if loss.class_weights is None else weight * np.array(loss.class_weights)[labels]
    rows = np.full((len(labels), classes), loss.label_smoothing / classes)
    rows[np.arange(len(labels)), labels] += 1.0 - loss.label_smoothing
    rows *= (each / each.mean())[:, None]
    return rows.astype(np.float32), replace(loss, label_smoothing=0.0, class_weights=None)
