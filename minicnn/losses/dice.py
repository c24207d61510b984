"""Soft Dice: how little predicted and true regions overlap."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from minicnn.errors import SettingError
from minicnn.layers import Shape
from minicnn.losses.base import MASK, Loops, Loss
from minicnn.losses.scores import probabilities, yes_probabilities
from minicnn.losses.softmax_cross_entropy import NO_CLASS


class Dice(Loss):
    """1 minus the Dice coefficient of every class, averaged over the classes, then over the images; labels are masks (N, *space).

    dice = (2 * sum of p*t + smooth) / (sum of p + sum of t + smooth) over an image's pixels, with t 1 where the label is this class.

    For a network that gives K scores for each pixel: p is their softmax.  With a single channel, p is its sigmoid, the probability of class
    1 against class 0, and only class 1 is counted.  A small region counts as much as a large one, where cross-entropy counts pixels.

    smooth : above 0, in pixels: what a class that is neither predicted nor there is judged by

    >>> y = np.array([[[9.0, 9.0, -9.0, -9.0]]])  # twice as large as it is
    >>> round(Dice(smooth=1e-6).value(y, np.array([[1, 0, 0, 0]])), 3)
    0.333

    Milletari, Navab, Ahmadi, "V-Net: fully convolutional neural networks for volumetric medical image segmentation", 2016, section 3, with
    plain sums below the line as in Drozdzal and others, "The importance of skip connections in biomedical image segmentation", 2016, eq. 1.
    """

    targets: ClassVar[tuple[str, ...]] = (MASK,)
    metrics: ClassVar[tuple[str, ...]] = ("mean_iou",)

    smooth: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_number("smooth", 0.0)
        if self.smooth == 0:
            raise SettingError("Dice: smooth is 0, but must be above 0, or a class that is nowhere is 0 / 0")

    def check(self, network: str, output_shape: Shape, input_shape: Shape) -> None:
        """A GraphError if there are no pixels."""
        if len(output_shape) < 2:
            raise self.refuse(network, output_shape, "compares regions: it needs scores for every pixel, K x H x W")

    def loops(self, target: str) -> Loops:
        return Loops("dice_forward", "dice_backward", "right_answers_forward")

    def classes(self, output_shape: Shape) -> int:
        return max(2, output_shape[0])

    def loop_settings(self, output_shape: Shape, input_shape: Shape) -> dict[str, Any]:
        return {"smooth": self.smooth, "ignore_index": NO_CLASS}

    def prediction(self, y: np.ndarray, input_shape: Shape) -> np.ndarray:
        """Probabilities of the classes, like y: (N, K, *space) float32."""
        return (yes_probabilities if y.shape[1] == 1 else probabilities)(y).astype(np.float32)
