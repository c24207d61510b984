"""One-dimensional digits: a convolutional and a fully connected network, and how their errors fall."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, same, seeds_text


def run(quick):
    seeds, epochs = (1, 15) if quick else (3, 100)
    train, test = datasets.load("mnist1d"), datasets.load("mnist1d", "test")
    if quick:
        train = train.subset(slice(2000))
    cnn, mlp = minicnn.zoo.build("mnist1d-cnn"), minicnn.zoo.build("mnist1d-mlp")
    shapes = [node.output_shapes[0] for node in cnn.nodes if node.name.startswith("conv")]
    yield Row(
        "40 numbers, then 15 x 19, 15 x 9, 15 x 4", ", ".join(f"{c} x {w}" for c, w in shapes), same([(15, 19), (15, 9), (15, 4)], shapes)
    )
    sizes = [sum(values.size for values in net.parameters.values()) for net in (cnn, mlp)]
    yield Row(
        "2,050 parameters; fully connected, with as many hidden units, 59,065", f"{sizes[0]:,}; {sizes[1]:,}", same([2050, 59065], sizes)
    )

    curves, optimizer = {}, minicnn.optimizers.SGD(learning_rate=0.05, momentum=0.9)
    for name in ("mnist1d-cnn", "mnist1d-mlp"):
        curves[name] = np.empty((2, seeds, epochs))  # training and test error
        for seed in range(seeds):
            yield Progress(f"training {name}, seed {seed}")
            net = minicnn.zoo.build(name, seed=seed)
            curves[name][:, seed] = trained(net, train, test, epochs, optimizer=optimizer, batch_size=100, seed=seed)
    (cnn_train, cnn_test), (mlp_train, mlp_test) = curves.values()
    last = f"after {epochs} epochs, {seeds_text(seeds)}"
    yield Row(
        "figure 10.8a: the convolutional network fits the training data perfectly",
        f"{percent(cnn_train[:, -1])} training error ({last})",
        same(0, cnn_train[:, -1].mean(), within=0.005),
    )
    yield Row("figure 10.8a: about 17 % test error", f"{percent(cnn_test[:, -1])} ({last})", near(0.17, cnn_test[:, -1]))
    yield Row("figure 10.8b: fully connected about 40 % test error", f"{percent(mlp_test[:, -1])} ({last})", near(0.40, mlp_test[:, -1]))
    yield Row(
        "with 29 times the parameters the fully connected network is worse on new data",
        f"{percent(mlp_test[:, -1])} against {percent(cnn_test[:, -1])}",
        effect(smaller=cnn_test[:, -1], larger=mlp_test[:, -1]),
    )
    fitted = [np.array([first_epoch(each) for each in train_error]) for train_error in (cnn_train, mlp_train)]
    yield Row(
        "the fully connected network learns the training data faster",
        f"below 1 % training error in epoch {np.median(fitted[1]):.0f}, the convolutional one in epoch {np.median(fitted[0]):.0f} (median)",
        effect(smaller=fitted[1], larger=fitted[0]),
    )
    yield Chart(
        "Errors on MNIST-1D",
        tuple(
            Line(f"{words}, {part}", list(range(1, epochs + 1)), list(100 * curves[name][number].mean(axis=0)), dashed=number == 0)
            for name, words in (("mnist1d-cnn", "convolutional"), ("mnist1d-mlp", "fully connected"))
            for number, part in enumerate(("training", "test"))
        ),
        "epoch",
        "% wrong",
        y_range=(0, 100),
    )


def near(claimed, errors):
    """Equal to a figure read from a curve within two points, the same effect within ten."""
    off = abs(np.mean(errors) - claimed)
    return "equal" if off < 0.02 else "same effect" if off < 0.1 else "different"


def first_epoch(errors, below=0.01):
    """The first epoch with a smaller error; one after the last if there is none."""
    reached = np.flatnonzero(errors < below)
    return int(reached[0]) + 1 if len(reached) else len(errors) + 1


LAB = Lab(
    "mnist1d",
    "One-dimensional digits: convolution against full connection",
    sources=("Scarano: figures 10.7 and 10.8 (S16 to S22)",),
    look="Both networks fit the training data. Only one has learnt what a digit is: the gap between the dashed and the solid line is"
    " overfitting.",
    exercises=(
        "Train both with augment='shift=4'. Which one gains more, and why?",
        "Give the fully connected network as few parameters as the convolutional one has. Does it overfit less? Is it better?",
    ),
    run=run,
    seconds=5,
)
