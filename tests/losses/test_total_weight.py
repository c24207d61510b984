"""The sum of weights without the weights: that of `weights`, for every loss and kind of target."""

import numpy as np
import pytest

from minicnn.losses import BinaryCrossEntropy, Dice, MeanSquaredError, SoftmaxCrossEntropy

LABELS = np.array([0, 2, 1, 2, 0])
TARGETS = {"classes": LABELS, "masks": np.stack([LABELS] * 3, 1)[:, :, None], "shares": np.full((5, 3, 2, 2), 1 / 3)}
LOSSES = (
    SoftmaxCrossEntropy(),
    SoftmaxCrossEntropy(label_smoothing=0.1, reduction="sum"),
    SoftmaxCrossEntropy(class_weights=(1, 2, 0.5)),
    SoftmaxCrossEntropy(ignore_index=2),
    BinaryCrossEntropy(),
    Dice(),
    MeanSquaredError(),
)


class Doubled(SoftmaxCrossEntropy, registered=False):
    """One of a user's own, whose images weigh two each."""

    def weights(self, labels):
        return np.full(len(labels), 2.0)


@pytest.mark.parametrize("loss", [*LOSSES, Doubled()], ids=repr)
@pytest.mark.parametrize("name", TARGETS)
def test_it_is_the_sum_of_weights(loss, name):
    assert loss.total_weight(TARGETS[name]) == loss.weights(TARGETS[name]).sum()
    assert loss.total_weight(TARGETS[name][:0]) == 0
