"""Deeper is not better by itself: 20 and 56 layers, with shortcuts and without."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, same, seeds_text

NAMES = ("plain20", "plain56", "resnet20", "resnet56")


def run(quick):
    seeds, epochs = (1, 3) if quick else (2, 15)
    yield identity()
    sizes = [minicnn.zoo.build(name).summary().totals.params for name in NAMES]
    yield Row(
        "figure 4: residual networks have no extra parameter compared to their plain counterparts",
        f"20 layers {sizes[0]:,} and {sizes[2]:,}; 56 layers {sizes[1]:,} and {sizes[3]:,} (zeros where shapes change)",
        same(sizes[:2], sizes[2:]),
    )
    train, test = datasets.load("digits"), datasets.load("digits", "test")
    if quick:
        train = train.subset(slice(400))
    curves = {name: np.empty((2, seeds, epochs)) for name in NAMES}
    for seed in range(seeds):
        for name in NAMES:
            yield Progress(f"training {name}, seed {seed}")
            net = minicnn.zoo.build(name, input_shape=(1, 8, 8), seed=seed)
            curves[name][:, seed] = trained(net, train, test, epochs, seed=seed)
    fitted = {name: curve[0, :, -1] for name, curve in curves.items()}
    tested = {name: curve[1, :, -1] for name, curve in curves.items()}
    yield Row(
        "figure 1: a plain network of 56 layers has a higher training error than one of 20 (CIFAR-10)",
        f"digits: {percent(fitted['plain56'])} against {percent(fitted['plain20'])} ({epochs} epochs, {seeds_text(seeds)})",
        effect(smaller=fitted["plain20"], larger=fitted["plain56"], by=0.01),
    )
    yield Row(
        "and a higher test error: it is not overfitting",
        f"{percent(tested['plain56'])} against {percent(tested['plain20'])}",
        effect(smaller=tested["plain20"], larger=tested["plain56"], by=0.01),
    )
    yield Row(
        "with shortcuts 56 layers are no harder to train than 20",
        f"training error {percent(fitted['resnet56'])} against {percent(fitted['resnet20'])}",
        effect(smaller=fitted["resnet56"] - fitted["resnet20"], larger=fitted["plain56"] - fitted["plain20"], by=0.01),
    )
    yield Row(
        "the residual mapping is easier to learn: a residual network beats the plain one of its depth",
        f"test error at 20 layers {percent(tested['resnet20'])} against {percent(tested['plain20'])},"
        f" at 56 {percent(tested['resnet56'])} against {percent(tested['plain56'])}",
        effect(smaller=tested["resnet56"], larger=tested["plain56"], by=0.01),
    )
    yield Row(
        "residual networks gain from depth (CIFAR-10: 56 layers 6.97 % wrong, 20 layers 8.75 %)",
        f"test error {percent(tested['resnet56'])} against {percent(tested['resnet20'])}",
        effect(smaller=tested["resnet56"], larger=tested["resnet20"]),
    )
    epoch = list(range(1, epochs + 1))
    lines = tuple(Line(name, epoch, list(100 * curves[name][0].mean(axis=0)), dashed=name.startswith("plain")) for name in NAMES)
    yield Chart("Training error", lines, "epoch", "% wrong", y_range=(0, 100))


def identity():
    """A block whose body gives zero: the deeper network contains the shallower one."""
    body = L.Sequential(L.Conv2D(4, 3, padding=1), L.ReLU(), L.Conv2D(4, 3, padding=1, init="zeros"))
    x = np.random.default_rng(0).normal(size=(2, 4, 8, 8)).astype(np.float32)
    apart = float(abs(minicnn.Graph(L.Residual(body), (4, 8, 8)).forward(x) - x).max())
    return Row("an added block can be the identity: its weights need only be zero", f"output minus input: {apart:g}", same(0, apart))


LAB = Lab(
    "depth",
    "Plain and residual networks of 20 and 56 layers",
    sources=(
        "Jeong: figures 1 and 4 (J57 to J64)",
        "Lipton, Chai: residual networks (C64)",
        "He et al., Deep Residual Learning, 2016, figures 1 and 6",
    ),
    look="Training error, not test error: the deep plain network could do all that the shallow one does, if it only found the weights. Both"
    " have batch normalization; what differs are the shortcuts.",
    exercises=(
        "Train plain56 for four times as many epochs. Does it catch up with plain20?",
        "Use resnet20-projection. How many parameters more has it, and does it help?",
    ),
    run=run,
    seconds=30,
)
