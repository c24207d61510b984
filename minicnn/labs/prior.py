"""Convolution and pooling as an infinitely strong prior: the same network with weights forbidden, and tasks that do not fit it."""

import numpy as np

import minicnn
from minicnn import layers as L
from minicnn.charts import Bars, Chart
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, same, seeds_text

SIZE = 16  # pixels of a picture, each way
CORNER = slice(2, 5)  # where the pattern counts
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.float32)


def run(quick):
    seeds, count, epochs = (1, 1000, 20) if quick else (3, 2000, 40)
    yield fully_connected_twin()

    def errors(task, *networks):
        """Test errors (networks, seeds) of networks on a task."""
        found = np.empty((len(networks), seeds))
        for seed in range(seeds):
            train, test = task(np.random.default_rng(seed), count), task(np.random.default_rng(1000 + seed), 500)
            for row, network in enumerate(networks):
                net = minicnn.Graph(L.Sequential(*network, L.Linear(int(train[1].max()) + 1)), train[0].shape[1:], seed=seed)
                found[row, seed] = trained(net, train, test, epochs, seed=seed).test[-1]
        return found

    yield Progress("pooling where position matters")
    conv = L.Conv2D(8, 3, padding=1), L.ReLU()
    kept, average, largest = errors(quadrant, (*conv, L.Flatten()), (*conv, L.GlobalAvgPool()), (*conv, L.GlobalMaxPool()))
    yield Row(
        "pooling can underfit where the exact position matters",
        f"which quarter holds the dot: positions kept {percent(kept)} wrong, global average {percent(average)}, global maximum"
        f" {percent(largest)} (by chance 75 %; {seeds_text(seeds)})",
        effect(smaller=kept, larger=np.minimum(average, largest), by=0.1),
    )

    yield Progress("comparing pixels that lie far apart")
    local = L.Conv1D(16, 3, padding=1), L.ReLU(), L.Flatten()
    dilated = *(each for d in (1, 2, 4) for each in (L.Conv1D(16, 3, padding=d, dilation=d), L.ReLU())), L.Flatten()
    near, far, dense = errors(ends, local, dilated, (L.Flatten(), L.Linear(32), L.ReLU()))
    yield Row(
        "for features far apart a convolution may be inappropriate",
        f"do both ends agree: field 3 {percent(near)} wrong, fully connected {percent(dense)} (by chance 50 %; {seeds_text(seeds)})",
        effect(smaller=dense, larger=near, by=0.1),
    )
    yield Row(
        "a deeper unit sees more", f"three layers, dilated to a field of 15: {percent(far)} wrong", effect(smaller=far, larger=near, by=0.1)
    )

    yield Progress("turning the dial from shared to unshared filters")
    dial = ("shared", 2, 4, "unshared")
    shared, *tiles, unshared = errors(corner, *((L.Conv2D(8, 3, sharing=sharing), L.ReLU(), L.GlobalAvgPool()) for sharing in dial))
    yield Row(
        "unshared convolution is useful where a pattern matters in one place only",
        f"a cross in the corner, others anywhere: shared {percent(shared)} wrong, unshared {percent(unshared)} ({seeds_text(seeds)})",
        effect(smaller=unshared, larger=shared, by=0.1),
    )
    yield Row(
        "tiled convolution lies between both",
        f"tile 2: {percent(tiles[0])} wrong, tile 4: {percent(tiles[1])}",
        effect(smaller=max(unshared.mean(), tiles[0].mean()), larger=shared.mean()),
    )
    nets = [minicnn.Graph(L.Conv1D(1, 3, padding=1, bias=False, sharing=each), (1, 5)) for each in ("shared", 2, "unshared")]
    weights = [net.parameters["conv1.weight"].size for net in nets]
    yield Row("5 outputs of 3 taps: 3 weights shared, 6 with tile 2, 15 unshared", ", ".join(map(str, weights)), same([3, 6, 15], weights))
    bars = Bars("test error", ["shared", "tile 2", "tile 4", "unshared"], [100 * float(each.mean()) for each in (shared, *tiles, unshared)])
    yield Chart("A pattern that counts in one corner only", (bars,), "", "% wrong", y_range=(0, 50))


def fully_connected_twin():
    """Write the convolutions of one network, as matrices, into the fully connected layers of another."""
    cnn, mlp = minicnn.zoo.build("mnist1d-cnn"), minicnn.zoo.build("mnist1d-mlp")
    shape = (1, 40)
    for number in (1, 2, 3):
        weight = cnn.parameters[f"conv{number}.weight"]
        matrix = minicnn.kernels.conv_matrix(weight, (1, *shape), stride=2)
        mlp.parameters[f"fc{number}.weight"][...] = matrix
        shape = (15, len(matrix) // 15)
        mlp.parameters[f"fc{number}.bias"][...] = np.repeat(cnn.parameters[f"conv{number}.bias"], shape[1])
    mlp.parameters["fc4.weight"][...] = cnn.parameters["fc.weight"]
    x = np.random.default_rng(0).normal(size=(100, 1, 40)).astype(np.float32)
    apart = float(abs(cnn.forward(x) - mlp.forward(x)).max())
    return Row(
        "a fully connected network can do whatever the convolutional one does",
        f"outputs differ by {apart:.1g}",
        same(0, apart, within=1e-5),
    )


def quadrant(random, count):
    """A dot; the class is its quarter of the picture."""
    places = random.integers(0, SIZE, (count, 2))
    images = np.zeros((count, 1, SIZE, SIZE), np.float32)
    images[np.arange(count), 0, places[:, 0], places[:, 1]] = 1
    return images, 2 * (places[:, 0] >= SIZE // 2) + (places[:, 1] >= SIZE // 2)


def ends(random, count):
    """A row of signs; the class is whether the first and the last agree."""
    signs = random.choice([-1, 1], (count, 1, SIZE - 1)).astype(np.float32)
    return signs, (signs[:, 0, 0] == signs[:, 0, -1]).astype(np.int64)


def corner(random, count):
    """Crosses anywhere in noise; the class is whether one lies in the upper left corner."""
    images = random.normal(0, 0.2, (count, 1, SIZE, SIZE)).astype(np.float32)
    labels = random.integers(0, 2, count)
    for image, label in zip(images[:, 0], labels, strict=True):
        for _ in range(random.integers(1, 4)):
            row, column = random.integers(6, SIZE - 3, 2)
            image[row : row + 3, column : column + 3] += CROSS
        image[CORNER, CORNER] += label * CROSS
    return images, labels


LAB = Lab(
    "prior",
    "Where the assumptions of convolution and pooling do harm",
    sources=(
        "Karapetyan: convolution and pooling as an infinitely strong prior (B39 to B42)",
        "unshared and tiled convolution (B22, B57 to B60)",
        "Scarano: figure 10.7 (S21)",
    ),
    look="Each task breaks one assumption: that places do not matter, that what matters lies close together, that all places are alike. The"
    " errors that stay near chance are underfitting: no amount of training helps, for the weights that would be needed are forbidden.",
    exercises=(
        "Replace the global maximum in the first task by MaxPool2D(4) and Flatten(). Why does it learn now?",
        "Let crosses lie in the right upper corner as well. From which tile on does the network tell the two corners apart?",
    ),
    run=run,
    seconds=5,
)
