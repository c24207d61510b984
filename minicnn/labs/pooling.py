"""Pooling: which kind, with or without overlap; and over channels, which learns to forgive a rotation."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.charts import Picture, PictureGrid
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, same, seeds_text

KINDS = {
    "maximum": lambda: L.MaxPool2D(2),
    "average": lambda: L.AvgPool2D(2),
    "L2": lambda: L.L2Pool2D(2),
    "weighted by distance": lambda: L.GaussianPool2D(3, stride=2, padding=1),
    "maximum, 3x3 with overlap": lambda: L.MaxPool2D(3, stride=2, padding=1),
}


def run(quick):
    seeds, count, epochs = (1, 400, 5) if quick else (8, 400, 30)
    yield from sizes()
    train, test = datasets.load("digits").subset(slice(count)), datasets.load("digits", "test")
    wrong = {kind: np.empty(seeds) for kind in KINDS}
    for seed in range(seeds):
        for kind, pool in KINDS.items():
            yield Progress(f"digits, {kind} pooling, seed {seed}")
            net = minicnn.Graph(
                L.Sequential(
                    L.Conv2D(16, 3, padding=1), L.ReLU(), pool(), L.Conv2D(32, 3, padding=1), L.ReLU(), pool(), L.Flatten(), L.Linear(10)
                ),
                (1, 8, 8),
                seed=seed,
            )
            wrong[kind][seed] = trained(net, train, test, epochs, batch_size=32, seed=seed).test[-1]
    top, mean, l2, weighted, overlap = wrong.values()
    yield Row(
        "maximum pooling is favoured over average pooling",
        f"{count} digits: maximum {percent(top)} wrong, average {percent(mean)} ({seeds_text(seeds)})",
        effect(smaller=top, larger=mean),
    )
    yield Row(
        "L2 pooling, and an average weighted by the distance from the centre, work as well",
        f"L2 {percent(l2)} wrong, weighted {percent(weighted)} (by chance 90 %)",
        effect(smaller=np.maximum(l2, weighted), larger=np.full(seeds, 0.9), by=0.5),
    )
    yield Row(
        "overlapping windows make better: AlexNet gained 0.4 points",
        f"2x2 {percent(top)} wrong, 3x3 with stride 2 {percent(overlap)}",
        effect(smaller=overlap, larger=top),
    )

    yield Progress("two shapes in four directions")
    plain, pooled = np.empty(seeds), np.empty(seeds)
    for seed in range(seeds):
        data, check = shapes(np.random.default_rng(seed), 2000), shapes(np.random.default_rng(100 + seed), 500)
        for found, layers in ((plain, (L.Conv2D(2, 7),)), (pooled, (L.Conv2D(8, 7), L.ChannelPool(4)))):
            net = minicnn.Graph(L.Sequential(*layers, L.Flatten()), (1, 7, 7), seed=seed)
            found[seed] = trained(net, data, check, 10 if quick else 60, seed=seed).test[-1]
    yield Row(
        "figure 13: pooling over channels learns to be invariant to rotation",
        f"L or J in four directions: one template each {percent(plain)} wrong, the best of four {percent(pooled)} ({seeds_text(seeds)})",
        effect(smaller=pooled, larger=plain, by=0.05),
    )
    winners = directions(net)
    yield Row(
        "each filter of the four takes directions of its own",
        f"best filters of 4 directions: {winners[0]} different ones for L, {winners[1]} for J (last seed)",
        effect(smaller=2, larger=float(np.mean(winners))),
    )
    weight = net.parameters["conv1.weight"][:, 0]
    rows = tuple(
        tuple(Picture(f"{name} {number + 1}", weight[4 * row + number], signed=True) for number in range(4))
        for row, name in enumerate("LJ")
    )
    yield PictureGrid("Filters whose maximum says L, and those whose maximum says J", rows)


def sizes():
    x = np.array([[[[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]], np.float32)
    y = minicnn.kernels.max_pool2d(x, 2)[0, 0]
    yield Row(
        "figure 11: 2x2 windows with stride 2 give 6 8 / 3 4",
        " / ".join(" ".join(f"{each:g}" for each in row) for row in y),
        same([[6, 8], [3, 4]], y),
    )
    nets = [
        minicnn.Graph(L.Sequential(L.Conv2D(8, 3, padding=1), *pool, L.Flatten(), L.Linear(10)), (1, 32, 32))
        for pool in ((), (L.MaxPool2D(2),))
    ]
    without, with_pool = (net.summary().totals.params for net in nets)
    yield Row(
        "pooling makes maps, and the weights behind them, fewer",
        f"{without:,} parameters without, {with_pool:,} with 2x2",
        effect(smaller=with_pool, larger=without),
    )
    shapes = [minicnn.Graph(L.AdaptiveMaxPool2D(6), (3, *size)).output_shape for size in ((13, 13), (20, 31), (7, 9))]
    yield Row(
        "windows in proportion to the image give one size for all",
        "13x13, 20x31, 7x9 become " + ", ".join(f"{h}x{w}" for _, h, w in shapes),
        same([(3, 6, 6)] * 3, shapes),
    )


def shapes(random, count):
    """The letters L and J, mirror images of each other, of 5 x 5 pixels in noise and turned by quarters."""
    templates = np.zeros((2, 5, 5))
    templates[0, :, 1], templates[0, 4, 1:4] = 1, 1
    templates[1] = templates[0, :, ::-1]
    labels, turns = random.integers(0, 2, count), random.integers(0, 4, count)
    images = random.normal(0, 0.3, (count, 1, 7, 7))
    for image, label, turn in zip(images[:, 0], labels, turns, strict=True):
        image[1:6, 1:6] += np.rot90(templates[label], turn)
    return images.astype(np.float32), labels


def directions(net):
    """For L and for J: how many filters of its four are the best for one of the four directions."""
    images, labels = shapes(np.random.default_rng(7), 400)
    turns = np.random.default_rng(7)
    turns.integers(0, 2, 400)
    turn = turns.integers(0, 4, 400)  # as drawn in shapes
    answers = net.activations(images, ["conv1"])["conv1"][:, :, 0, 0].reshape(len(images), 2, 4)
    counts = []
    for label in (0, 1):
        best = [np.bincount(answers[(labels == label) & (turn == t), label].argmax(axis=1), minlength=4).argmax() for t in range(4)]
        counts.append(len(set(best)))
    return counts


LAB = Lab(
    "pooling",
    "Pooling: maximum, average, overlap, and over channels",
    sources=(
        "Karapetyan: pooling, figures 11 and 13 (B30 to B38)",
        "Lipton, Chai: maximum and average (C25)",
        "Jeong: overlapping pooling (J40, J41)",
    ),
    look="The pictures: nobody told the filters that letters turn. Because only the best of four answers, each can specialise in a"
    " direction, and their maximum no longer cares which it was.",
    exercises=(
        "Give each letter two filters in place of four. Which directions share one, and how many errors follow?",
        "Replace the maximum over channels by mode='avg'. Why does the network learn nothing then that one template could not?",
    ),
    run=run,
    seconds=5,
)
