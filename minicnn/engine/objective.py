"""What a plan makes smaller: a loss, and the kind of target that outputs are compared with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minicnn.engine.arrays import Target
from minicnn.layers import Shape
from minicnn.losses import BOXES, CLASS, MASK, NUMBERS, Loss, SoftmaxCrossEntropy

DTYPES = {CLASS: np.int64, MASK: np.int32, NUMBERS: np.float32, BOXES: np.float32}


class Objective(NamedTuple):
    """A loss with one kind of target; without a loss, the target is the gradient of the outputs itself.

    boxes : rows of an image's target where these are boxes
    """

    loss: Loss | None
    kind: str = CLASS
    boxes: int = 0

    @classmethod
    def of(cls, loss: Loss, targets: np.ndarray) -> Objective:
        """For targets as `minicnn.losses.targets.checked_targets` gives them."""
        from minicnn.losses.arrays import kind_of

        kind = kind_of(loss, targets)
        return cls(loss, kind, targets.shape[1] if kind == BOXES else 0)

    def target(self, output: Shape) -> Target:
        """What a plan reads for every image, whose output has this shape."""
        if self.loss is None:
            return Target(NUMBERS, np.dtype(np.float32), output)
        shape = self.loss.target_shape(output, self.kind)
        shape = (self.boxes, *shape[1:]) if self.kind == BOXES else shape
        whole = self.kind in (CLASS, MASK)
        return Target(self.kind, np.dtype(DTYPES[self.kind]), shape, self.loss.classes(output) if whole else 0, self.loss.ignored)


CROSS_ENTROPY = Objective(SoftmaxCrossEntropy())
GIVEN_GRADIENT = Objective(None)
