"""AdamW: Adam whose weight decay acts on the weights themselves, not through the averages of the gradient."""

from __future__ import annotations

import math

from minicnn.optimizers.adam import Adam


def adamw(weight, gradient, mean, square, learning_rate, beta1, beta2, epsilon, weight_decay, step):  # type: ignore[no-untyped-def]
    """w *= 1 - learning_rate*weight_decay;  m = beta1*m + (1-beta1)*g;  v = beta2*v + (1-beta2)*g^2;  then as Adam

    Adam divides by sqrt(v), and what is added to the gradient with it: weights with large gradients would hardly decay.
    """
    correction1, correction2 = 1.0 - beta1**step, 1.0 - beta2**step
    for i in range(weight.size):
        mean[i] = beta1 * mean[i] + (1.0 - beta1) * gradient[i]
        square[i] = beta2 * square[i] + (1.0 - beta2) * (gradient[i] * gradient[i])
        kept = weight[i] - learning_rate * weight_decay * weight[i]
        weight[i] = kept - (learning_rate / correction1) * mean[i] / (math.sqrt(square[i] / correction2) + epsilon)


class AdamW(Adam):
    """w *= 1 - learning_rate*weight_decay, then the step of Adam without weight decay.

    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2; as in PyTorch, the decay follows the learning rate.
    """

    update = staticmethod(adamw)

    weight_decay: float = 0.01
