"""An optimizer of one's own in one file: settings, and a loop over parameters and what it remembers of them."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.optimizers import Optimizer


def lion(weight, gradient, momentum, learning_rate, beta1, beta2, weight_decay):
    for i in range(weight.size):
        average = beta1 * momentum[i] + (1.0 - beta1) * gradient[i]
        sign = 1.0 if average > 0.0 else (-1.0 if average < 0.0 else 0.0)
        weight[i] -= learning_rate * (sign + weight_decay * weight[i])
        momentum[i] = beta2 * momentum[i] + (1.0 - beta2) * gradient[i]


class Lion(Optimizer):
    """Steps of one length, by the sign of an average.  Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023."""

    update = lion
    learning_rate: float = 3e-3
    beta1: float = 0.9
    beta2: float = 0.99


def trainer(threads=None, **settings):
    net = minicnn.Graph(L.Sequential(L.Conv2D(8, 3), L.ReLU(), L.MaxPool2D(2), L.Flatten(), L.Linear(10)), (1, 8, 8), seed=1)
    return minicnn.Trainer(net, Lion(**settings), threads=threads)


def test_an_optimizer_of_ones_own_trains():
    history = trainer().fit(datasets.load("digits"), datasets.load("digits", "test"), epochs=10)
    assert history.best.test_accuracy > 0.9


def test_any_number_of_threads_and_a_checkpoint_on_the_way_give_the_same_bits():
    """What it remembers is saved, by the name that the loop gives it."""
    one, many, first, second = (trainer(threads, weight_decay=0.1) for threads in (1, 3, 2, 2))
    for each in (one, many):
        each.fit(datasets.load("digits"), epochs=2)
    *_, _ = first.stream(datasets.load("digits"), until_epoch=1)
    arrays, numbers = first.checkpoint()
    assert {name.partition(".")[0] for name in arrays} == {"parameter", "momentum", "sums"}
    second.restore(arrays, numbers)
    *_, _ = second.stream(datasets.load("digits"), until_epoch=2)
    for other in (many, second):
        np.testing.assert_array_equal(other.net.parameter_memory, one.net.parameter_memory)
