"""What both estimators share: settings, the shape of the input, and training that can be continued."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from minicnn import engine, zoo
from minicnn.errors import GraphError, SettingError, ShapeError, quoted, suggestion
from minicnn.estimators.usual_network import LAYERS, usual_network
from minicnn.geometry import shape_text, whole_number
from minicnn.layers import Element
from minicnn.losses import LOSSES, Loss
from minicnn.network import Graph
from minicnn.optimizers import USUAL, Optimizer
from minicnn.train import Trainer
from minicnn.train.evaluation import logits
from minicnn.train.settings import default_optimizer

UPDATES = 2000  # epochs that are not given make about so many
FEWEST_EPOCHS, MOST_EPOCHS = 10, 200
FEWEST_ROWS = 16  # the engine adds up fewer images in another order; filled up to so many, a row's bits do not depend on those beside it
CHECKS: dict[str, Any] = {"dtype": np.float32, "order": "C", "allow_nd": True}


class CNNEstimator(BaseEstimator):
    """A network with scikit-learn's interface; see `CNNClassifier` and `CNNRegressor`."""

    usual_loss: Loss
    target: str  # the kind that the loss has to take

    def __init__(
        self,
        network: str | Element | None = None,
        *,
        image_shape: tuple[int, ...] | None = None,
        optimizer: str | Optimizer | None = None,
        learning_rate: float | None = None,
        loss: str | Loss | None = None,
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
        self.network = network
        self.image_shape = image_shape
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.schedule = schedule
        self.augment = augment
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self.threads = threads
        self.device = device
        self.verbose = verbose

    def __getstate__(self) -> dict[str, Any]:
        """What a copy gets: the state of training instead of the trainer, which belongs to this process."""
        state = dict(super().__getstate__())
        if isinstance(state.get("_trained"), Trainer):
            state["_trained"] = state["_trained"].checkpoint()
        return state

    # -------------------------------------------------------------------------------------------------------------------------- input

    def _checked_pair(self, X: Any, y: Any, *, reset: bool, **how: Any) -> tuple[np.ndarray, np.ndarray]:
        """X as `_checked`, and y as scikit-learn checks it; `reset` where what was learnt before is given up."""
        X, y = validate_data(self, X, y, reset=reset, **CHECKS, **how)
        return self._checked(X, reset), y

    def _checked(self, X: np.ndarray, reset: bool) -> np.ndarray:
        """X, as scikit-learn has checked it, as float32 images (N, C, *space) of the shape that it was fitted to."""
        images = self._images(X)
        if reset:
            self.input_shape_ = images.shape[1:]
        elif images.shape[1:] != self.input_shape_:
            raise ShapeError(
                f"{type(self).__name__}: X holds images of {shape_text(images.shape[1:])}, but it was fitted to"
                f" {shape_text(self.input_shape_)}"
            )
        return images

    def _images(self, X: np.ndarray) -> np.ndarray:
        """Rows of numbers as signals of one channel, (N, H, W) as images of one channel, or the shape that was asked for."""
        shape = self.image_shape
        if shape is None:
            shape = X.shape[1:] if X.ndim > 3 else (1, *X.shape[1:])
        sizes = tuple(whole_number(type(self).__name__, "image_shape", size, least=1) for size in shape)
        if len(sizes) - 1 not in LAYERS:
            raise ShapeError(
                f"{type(self).__name__}: an image is {shape_text(sizes)}, but must be C x L, C x H x W or C x D x H x W"
                f"\n  X is (N, F) for signals, (N, H, W) or (N, C, H, W) for images; image_shape=(C, ...) says it otherwise"
            )
        if np.prod(sizes) != X[:1].size:
            raise ShapeError(f"{type(self).__name__}: a row of X has {X[:1].size} numbers, but image_shape is {shape_text(sizes)}")
        return X.reshape(len(X), *sizes)

    # ----------------------------------------------------------------------------------------------------------------------- training

    def _continues(self, partial: bool) -> bool:
        """Whether what was learnt so far is kept."""
        return (partial or self.warm_start) and hasattr(self, "net_")

    def _train(self, images: np.ndarray, targets: np.ndarray, outputs: int, loss: Loss, *, partial: bool) -> None:
        """Train a network of so many outputs: one epoch if `partial`, else all, from new weights unless it continues."""
        if self.patience is not None and self.validation_fraction is None:
            raise SettingError(f"{type(self).__name__}: patience needs images that are not trained on\n  use validation_fraction=0.1")
        known = self._trained if self._continues(partial) else None
        if known is None:
            self.seed_ = self._seed()
            self.net_ = self._network(outputs)
        trainer = Trainer(self.net_, self._optimizer(), loss, self.batch_size, self.threads, self.device, self.seed_)
        if known is not None:
            trainer.restore(*(known.checkpoint() if isinstance(known, Trainer) else known))
        progress = None if self.verbose else False
        if partial:
            self.history_ = trainer.fit((images, targets), epochs=1, augment=self.augment, progress=progress)
        else:
            self.history_ = trainer.fit(
                (images, targets),
                epochs=self._epochs(len(images)),
                validation=self.validation_fraction,
                schedule=self.schedule,
                augment=self.augment,
                patience=self.patience,
                progress=progress,
            )
        self._trained: Trainer | tuple[dict[str, np.ndarray], dict[str, Any]] = trainer
        self.n_iter_ = len(trainer.history)

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _epochs(self, count: int) -> int:
        if self.epochs is not None:
            return self.epochs
        batches = -(-count // whole_number(type(self).__name__, "batch_size", self.batch_size, least=1))
        return min(max(FEWEST_EPOCHS, UPDATES // batches), MOST_EPOCHS)

    def _network(self, outputs: int) -> Graph:
        if self.network is None:
            return Graph(usual_network(self.input_shape_, outputs), self.input_shape_, self.seed_)
        if isinstance(self.network, str):
            net = zoo.build(self.network, outputs, self.input_shape_, self.seed_)
        elif isinstance(self.network, Element):
            net = Graph(self.network, self.input_shape_, self.seed_)
        else:
            raise SettingError(
                f"{type(self).__name__}: network is {quoted(self.network)}, but must be a name of the zoo, a layer or block, or None"
            )
        if net.output_shape != (outputs,):
            raise GraphError(
                f"{type(self).__name__}: {net.name} gives {shape_text(net.output_shape)} for an image, but y asks for {outputs}"
                f"\n  end it with Linear({outputs})"
            )
        return net

    def _optimizer(self) -> Optimizer:
        """The one that is given, by the name or as it is; else that of the network's recipe, or the usual one."""
        chosen = self.optimizer
        if chosen is None:
            chosen = self.net_.recipe.optimizer if self.net_.recipe else USUAL
        elif isinstance(chosen, str):
            chosen = default_optimizer(chosen)
        return chosen if self.learning_rate is None else replace(chosen, learning_rate=self.learning_rate)

    def _loss(self) -> Loss:
        """The one that is given, by its name or as it is; else the usual one."""
        where, chosen = type(self).__name__, self.usual_loss if self.loss is None else self.loss
        if isinstance(chosen, str):
            if chosen not in LOSSES:
                raise SettingError(f"{where}: loss {quoted(chosen)} is not one of {', '.join(LOSSES)}{suggestion(chosen, LOSSES)}")
            chosen = LOSSES[chosen]()
        if not isinstance(chosen, Loss) or self.target not in chosen.targets or chosen.between is not None:
            raise SettingError(f"{where}: loss is {quoted(chosen)}, but must be one like {self.usual_loss!r}")
        return chosen

    # --------------------------------------------------------------------------------------------------------------------- prediction

    def _outputs(self, X: Any) -> np.ndarray:
        """What the network gives for each row of X: (N, outputs) float32."""
        check_is_fitted(self)
        images = self._checked(validate_data(self, X, reset=False, **CHECKS), reset=False)
        count = len(images)
        if count < FEWEST_ROWS:
            images = np.concatenate([images, np.repeat(images[-1:], FEWEST_ROWS - count, axis=0)])
        preparation = self.net_.preparation
        return logits(self.net_, images, preparation, self.threads, self.device)[:count]  # type: ignore[arg-type]   # `fit` has set it
