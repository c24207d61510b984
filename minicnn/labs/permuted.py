"""Comparing only like with like: what remains of a network's lead when the pixels are shuffled."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.charts import Bars, Chart
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.pictures import scattered
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, seeds_text


def run(quick):
    seeds = 1 if quick else 5
    bars = []
    for words, data, names, epochs in (
        ("pictures", scattered, ("lenet", mlp), 20),
        ("signals", signals, ("mnist1d-cnn", "mnist1d-mlp"), 40),
    ):
        (images, labels), (test_images, test_labels) = data("train", 1000 if quick else None), data("test", None)
        found = np.empty((2, 2, seeds))  # network, order of the pixels
        for seed in range(seeds):
            order = np.random.default_rng(seed).permutation(images[0].size)
            for column, each in enumerate((np.arange(images[0].size), order)):
                for row, name in enumerate(names):
                    yield Progress(f"{words}, seed {seed}: {('convolutional', 'fully connected')[row]}, {('in order', 'shuffled')[column]}")
                    net = minicnn.zoo.build(name, seed=seed) if isinstance(name, str) else name(seed)
                    train, test = (shuffled(images, each), labels), (shuffled(test_images, each), test_labels)
                    found[row, column, seed] = trained(net, train, test, 5 if quick else epochs, seed=seed).test[-1]
        (conv, conv_shuffled), (dense, dense_shuffled) = found
        yield Row(
            f"{words}: a convolutional network suffers when the pixels are permuted",
            f"{percent(conv)} wrong, shuffled {percent(conv_shuffled)} ({seeds_text(seeds)})",
            effect(smaller=conv, larger=conv_shuffled, by=0.02),
        )
        yield Row(
            f"{words}: a network without knowledge of neighbours learns the same from permuted pixels",
            f"fully connected: {percent(dense)} wrong, shuffled {percent(dense_shuffled)}",
            unchanged(dense, dense_shuffled, conv_shuffled - conv),
        )
        yield Row(
            f"{words}: compare a convolutional network with others of its kind only: its lead is its knowledge of neighbours",
            f"lead {100 * (dense - conv).mean():.1f} points in order, {100 * (dense_shuffled - conv_shuffled).mean():.1f} shuffled",
            effect(smaller=dense_shuffled - conv_shuffled, larger=dense - conv, by=0.02),
        )
        for each, name in zip(found, ("convolutional", "fully connected"), strict=True):
            bars.append(Bars(name, [f"{words}", f"{words}, shuffled"], list(100 * each.mean(axis=1))))
    yield Chart("Errors, in order and shuffled", (merged(bars[::2]), merged(bars[1::2])), "", "% wrong")


def merged(bars):
    """One network's bars of both data sets."""
    return Bars(bars[0].name, [x for each in bars for x in each.x], [y for each in bars for y in each.y])


def unchanged(before, after, suffering):
    """No change, if it is less than a quarter of what the convolutional network suffers and no clear effect."""
    return "same effect" if abs((after - before).mean()) < suffering.mean() / 4 else effect(smaller=after, larger=before)


def shuffled(x, order):
    """The same order for all images: nothing is lost but the neighbourhood."""
    return np.ascontiguousarray(x.reshape(len(x), -1)[:, order].reshape(x.shape))


def signals(split, count):
    data = datasets.load("mnist1d", split)
    return data.images[:count], data.labels[:count]


def mlp(seed):
    return minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(300), L.ReLU(), L.Linear(100), L.ReLU(), L.Linear(10)), (1, 28, 28), seed=seed)


LAB = Lab(
    "permuted",
    "Shuffled pixels: what convolution knows beforehand",
    sources=("Karapetyan: compare convolutional models only with convolutional ones (B43)",),
    look="The fully connected network does not notice that all pixels have changed places: it never knew who was whose neighbour. The convolutional"
    " network loses its lead, and may fall behind.",
    exercises=(
        "Shuffle only within blocks of 4 x 4 pixels. How much of the lead remains?",
        "Shuffle rows and columns separately, as order[:, None], order. Why is that less bad?",
    ),
    run=run,
    seconds=12,
)
