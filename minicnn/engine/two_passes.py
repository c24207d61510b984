"""Batches whose loss is a function of the user: forward for the function, then forward and back from what it answers.

Both passes draw from the batch's key, so that augmentation and dropout are the same, and the engine gives both the same bits.  The first
changes nothing: running statistics follow in the second, with the update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minicnn.engine.arrays import Arrays
from minicnn.engine.plan import Plan
from minicnn.errors import ShapeError
from minicnn.locks import new_lock
from minicnn.losses.function import FunctionLoss

if TYPE_CHECKING:
    from minicnn.engine.cuda.plan import DevicePlan

    OnePass: TypeAlias = Plan | DevicePlan


class TwoPasses:
    """Two plans that train as one, see `Plan`, whose methods it has.

    forward : gives the outputs for a batch in training mode
    backward : takes the gradient of the outputs, updates
    """

    def __init__(self, loss: FunctionLoss, forward: OnePass, backward: OnePass) -> None:
        self.loss, self.forward, self.backward = loss, forward, backward
        self.lock = new_lock()
        self._done: list[float] = []

    @property
    def arrays(self) -> Arrays:
        return self.backward.arrays

    def state(self) -> np.ndarray:
        """The optimizer's state."""
        return self.backward.state()

    def set_state(self, state: np.ndarray) -> None:
        """Continue with such a state."""
        self.backward.set_state(state)

    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Nothing: a batch's images are put together anew."""

    def warm(self, parameters: np.ndarray) -> None:
        """Compile what both need."""
        self.forward.warm(parameters)
        self.backward.warm(parameters)

    def run(
        self,
        parameters: np.ndarray,
        images: np.ndarray,
        order: np.ndarray,
        batch_size: int,
        labels: np.ndarray,
        keys: np.ndarray,
        rates: np.ndarray | None = None,
        scales: np.ndarray | None = None,
        **ranks: Any,
    ) -> np.ndarray:
        """Run batches; arguments, result and errors as for `Plan.run`, and those of the function; nothing counts as right.

        ranks : those of `Plan.run`, where there are any
        """
        with self.lock:
            self._done = []
            if len(labels) != len(images):
                raise ShapeError(f"there are {len(labels)} labels, but {len(images)} images")
            (shape,) = {self.forward.arrays.output}
            for n, first in enumerate(range(0, len(order), batch_size)):
                chosen = order[first : first + batch_size]
                count, own = len(chosen), slice(n, n + 1)
                some, y = np.ascontiguousarray(images[chosen]), np.empty((count, *(shape or ())), np.float32)
                self.forward.run(parameters, some, np.arange(count), count, keys=keys[own], output=y, **ranks)
                answer = self.loss.answer(y, labels[chosen])
                dy = answer.gradient(1.0 / count if scales is None else float(scales[n]))
                done = False
                try:
                    updated = None if rates is None else rates[own]
                    self.backward.run(parameters, some, np.arange(count), count, labels=dy, keys=keys[own], rates=updated, **ranks)
                    done = True
                finally:  # what raises while the batch is under way leaves it whole
                    if done or len(self.backward.done()):
                        self._done.append(float(answer.losses.sum()))
            return self.done()

    def done(self) -> np.ndarray:
        """The result of the latest run; if an exception ended it, of the batches it finished: (batches, 2)."""
        return np.array([(total, 0.0) for total in self._done], np.float64).reshape(len(self._done), 2)
