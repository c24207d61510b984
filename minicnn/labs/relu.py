"""Rectifiers against saturating units: who reaches 25 % training error first, each at its best learning rate."""

import numpy as np

import minicnn
from minicnn import layers as L
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.pictures import scattered
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, same, seeds_text

UNITS = {"ReLU": (L.ReLU, None), "tanh": (L.Tanh, "glorot"), "sigmoid": (L.Sigmoid, "glorot")}
GOAL = 0.25


def run(quick):
    seeds, epochs, rates = (1, 8, (0.03,)) if quick else (3, 25, (0.003, 0.01, 0.03, 0.1))
    yield linear_for_positive_factors()
    train, test = scattered("train", count=600 if quick else None), scattered("test", count=50)
    reached, curves = {}, {}
    for word, (unit, init) in UNITS.items():
        found = {}
        for rate in rates:
            errors = np.empty((seeds, epochs))
            for seed in range(seeds):
                yield Progress(f"{word}, learning rate {rate:g}, seed {seed}")
                optimizer = minicnn.optimizers.SGD(learning_rate=rate, momentum=0.9)
                net = network(unit, init, seed)
                errors[seed] = trained(net, train, test, epochs, optimizer=optimizer, seed=seed, schedule="constant").train
            found[rate] = errors
        best = min(rates, key=lambda rate: np.mean([epochs_to(each) for each in found[rate]]))
        reached[word] = best, np.array([epochs_to(each) for each in found[best]])
        curves[word] = found[best].mean(axis=0)
    relu, tanh, sigmoid = (epochs_needed for _, epochs_needed in reached.values())
    said = ", ".join(f"{word} {when(each, epochs)} (rate {rate:g})" for word, (rate, each) in reached.items())
    yield Row(
        "figure 1: ReLU reaches 25 % training error before tanh, each at its best rate (CIFAR-10)",
        f"{said}; {seeds_text(seeds)}",
        effect(smaller=relu, larger=tanh),
    )
    ratio = float(np.mean(tanh / relu))
    yield Row(
        "figure 1: six times as fast", f"{ratio:.1f} times as fast", "equal" if 5 <= ratio <= 7 else effect(smaller=1, larger=ratio, by=1)
    )
    yield Row("saturation slows training down: sigmoids most of all", said, effect(smaller=relu, larger=sigmoid))
    yield Progress("gradients of deep networks")
    depths = (2, 12)
    left = {word: [first_gradient(unit, init, depth, train) for depth in depths] for word, (unit, init) in UNITS.items()}
    shares = {word: each[1] / each[0] for word, each in left.items()}
    yield Row(
        "where units saturate, little of the gradient arrives at the first layers",
        f"with {depths[1]} layers in place of {depths[0]} there arrives, of the gradient: "
        + ", ".join(f"{word} {share:.1g}" for word, share in shares.items()),
        effect(smaller=np.log(shares["sigmoid"]), larger=np.log(shares["ReLU"]), by=1),
    )
    epoch = list(range(1, epochs + 1))
    lines = (*(Line(word, epoch, list(100 * curve)) for word, curve in curves.items()), Line("25 %", epoch, [25] * epochs, dashed=True))
    yield Chart("Training error, each at its best learning rate", lines, "epoch", "% wrong", y_range=(0, 100))


def network(unit, init, seed):
    """Four layers, as in the figure: three convolutions and a classifier."""
    layers = (
        L.Conv2D(16, 5, padding=2),
        unit(),
        L.MaxPool2D(2),
        L.Conv2D(16, 5),
        unit(),
        L.MaxPool2D(2),
        L.Conv2D(32, 3),
        unit(),
        L.Flatten(),
    )
    return minicnn.Graph(L.Sequential(*layers, L.Linear(10)), (1, 28, 28), seed=seed, init=init)


def epochs_to(errors):
    """When the goal is reached, between two epochs as a straight line would; the number of epochs if never."""
    below = np.flatnonzero(errors <= GOAL)
    if not len(below):
        return float(len(errors))
    last = int(below[0])
    before, after = (0.9 if last == 0 else errors[last - 1]), errors[last]
    return last + (before - GOAL) / (before - after)


def when(needed, epochs):
    return f"after {np.mean(needed):.1f} epochs" if np.max(needed) < epochs else f"not within {epochs} epochs"


def first_gradient(unit, init, depth, data):
    """The norm of the loss's gradient by the weights of the first of so many layers of 64 units."""
    layers = [each for _ in range(depth) for each in (L.Linear(64), unit())]
    net = minicnn.Graph(L.Sequential(L.Flatten(), *layers, L.Linear(10)), (1, 28, 28), init=init)
    images = data[0][:64].astype(np.float32) / 255
    return float(np.linalg.norm(net.backward((images - images.mean()) / images.std(), data[1][:64])[1]["fc1.weight"]))


def linear_for_positive_factors():
    net = minicnn.Graph(L.Sequential(L.Conv2D(4, 3, bias=False), L.ReLU(), L.Conv2D(4, 3, bias=False), L.ReLU()), (1, 8, 8))
    x = np.random.default_rng(0).normal(size=(1, 1, 8, 8)).astype(np.float32)
    apart = float(abs(net.forward(8 * x) - 8 * net.forward(x)).max())
    return Row(
        "ReLU keeps properties of linear units: eight times the input gives eight times the output", f"difference {apart:g}", same(0, apart)
    )


LAB = Lab(
    "relu",
    "Rectifiers against tanh and sigmoid",
    sources=("Jeong: ReLU in AlexNet, figure 1 (J34, J35)", "Krizhevsky, Sutskever, Hinton, ImageNet Classification, 2012, figure 1"),
    look="When each curve crosses the dashed line. The factor six is that of one network on one data set: on easy pictures the gap is smaller,"
    " and a well chosen initialisation makes it smaller still.",
    exercises=(
        "Let all units start from gaussian=0.01, as AlexNet did. Which one suffers most?",
        "Put BatchNorm2D before every unit. What remains of the gap?",
    ),
    run=run,
    seconds=30,
)
