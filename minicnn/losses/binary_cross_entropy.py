"""Binary cross-entropy: every output answers yes or no by itself."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minicnn.layers import Shape
from minicnn.losses.base import CLASS, MASK, NUMBERS, Loops, Loss
from minicnn.losses.channel_weights import check_count, checked_weights
from minicnn.losses.scores import yes_probabilities


class BinaryCrossEntropy(Loss):
    """For a network whose outputs are scores of yes, above 0, and no: labels are 1 and 0, or numbers between, in the shape of the output.

    For a single output, or a single channel of pixels, labels are one 0 or 1 for each image (N,), or for each pixel (N, *space).
    A mean is over all elements, as in PyTorch's binary_cross_entropy_with_logits.

    pos_weight : one number for each channel of the output, at least 0: how much a yes counts beside a no

    >>> BinaryCrossEntropy().value(np.zeros((2, 1)), np.array([0, 1]))
    0.6931471805599453

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 6.2.2.2.
    """

    targets: ClassVar[tuple[str, ...]] = (NUMBERS, MASK, CLASS)
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    between: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    pos_weight: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_weights(self, "pos_weight")

    def check(self, network: str, output_shape: Shape, input_shape: Shape) -> None:
        """A GraphError if there are not as many weights as channels."""
        check_count(self, "pos_weight", network, output_shape)

    def loops(self, target: str) -> Loops:
        return Loops("binary_cross_entropy_forward", "binary_cross_entropy_backward", "right_decisions_forward")

    def target_shape(self, output_shape: Shape, target: str) -> Shape:
        """That of the output; without its single channel for whole numbers."""
        return output_shape[1:] if target != NUMBERS and output_shape[0] == 1 else output_shape

    def classes(self, output_shape: Shape) -> int:
        return 2

    def loop_settings(self, output_shape: Shape, input_shape: Shape) -> dict[str, Any]:
        return {"pos_weight": np.ones(output_shape[0]) if self.pos_weight is None else np.array(self.pos_weight)}

    def weights(self, labels: np.ndarray) -> np.ndarray:
        """(N,) float64: how many elements an image's output has."""
        return self.answers(labels).astype(np.float64)

    def prediction(self, y: np.ndarray, input_shape: Shape) -> np.ndarray:
        """Probabilities of yes, like y, float32."""
        return yes_probabilities(y).astype(np.float32)
