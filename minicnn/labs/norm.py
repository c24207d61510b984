"""Residual connections and batch normalization, each alone and both, in a network that is too deep without."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, seeds_text

KINDS = {"neither": (False, False), "batch normalization": (False, True), "residual": (True, False), "both": (True, True)}
GUESSING = 0.9  # what a network whose loss is lost gets wrong
FILTERS = 16


def run(quick):
    seeds, epochs, deep = (1, 2, 12) if quick else (2, 10, 25)
    train, test = datasets.load("digits"), datasets.load("digits", "test")
    if quick:
        train = train.subset(slice(300))
    yield Progress("measuring gradients before training")
    images = train.images[:64].astype(np.float32) / 255
    batch, labels = (images - images.mean()) / images.std(), train.labels[:64]
    depths = (4, 8, 16)
    sizes = {kind: [whole_gradient(network(*parts, blocks, 0), batch, labels) for blocks in depths] for kind, parts in KINDS.items()}
    growth = {kind: (each[-1] / each[0]) ** (1 / (depths[-1] - depths[0])) for kind, each in sizes.items()}
    yield Row(
        "gradients grow exponentially with the number of residual blocks",
        f"residual alone: {growth['residual']:.2f} times as large with every block (4 to 16 blocks, before training)",
        effect(smaller=1, larger=growth["residual"], by=0.1),
    )
    yield Row(
        "batch normalization stops that",
        f"both: {growth['both']:.2f} times with every block",
        effect(smaller=growth["both"], larger=growth["residual"], by=0.1),
    )
    error = {}
    for blocks in (6, deep):
        for kind, parts in KINDS.items():
            yield Progress(f"training {2 * blocks + 2} layers, {kind}")
            last = [trained(network(*parts, blocks, seed), train, test, epochs, seed=seed).train[-1] for seed in range(seeds)]
            error[kind, blocks] = np.array(last)
    shallow_layers, deep_layers = 14, 2 * deep + 2
    for blocks, layers in ((6, shallow_layers), (deep, deep_layers)):
        guessed = {kind: np.nan_to_num(error[kind, blocks], nan=GUESSING) for kind in KINDS}
        others = np.min([guessed[kind] for kind in KINDS if kind != "both"], axis=0)
        yield Row(
            f"{layers} layers: with both, the network trains best",
            "training error "
            + ", ".join(f"{kind} {said(error[kind, blocks])}" for kind in KINDS)
            + f" ({epochs} epochs, {seeds_text(seeds)})",
            effect(smaller=guessed["both"], larger=others),
        )
    deepest = {kind: np.nan_to_num(error[kind, deep], nan=GUESSING) for kind in KINDS}
    yield Row(
        f"without either, {deep_layers} layers do not train",
        f"training error {said(error['neither', deep])} (by chance 90 %)",
        effect(smaller=np.full(seeds, 0.5), larger=deepest["neither"]),
    )
    yield Row(
        "residual connections alone are not enough",
        f"{said(error['residual', deep])}, both {said(error['both', deep])}",
        effect(smaller=deepest["both"], larger=deepest["residual"], by=0.05),
    )
    lines = tuple(Line(kind, *by_layer(network(*parts, 12, 0), batch, labels)) for kind, parts in KINDS.items())
    yield Chart("Gradient by layer, before training", lines, "layer", "norm", log_y=True)


def network(residual, normalized, blocks, seed):
    """A convolution, blocks of two, and a classifier; all maps of 8 x 8 pixels."""

    def conv():
        return [L.Conv2D(FILTERS, 3, padding=1), *([L.BatchNorm2D()] if normalized else [])]

    bodies = [L.Sequential(*conv(), L.ReLU(), *conv()) for _ in range(blocks)]
    ways = [each for body in bodies for each in ((L.Residual(body) if residual else body), L.ReLU())]
    return minicnn.Graph(L.Sequential(*conv(), L.ReLU(), *ways, L.GlobalAvgPool(), L.Linear(10)), (1, 8, 8), seed=seed)


def whole_gradient(net, images, labels):
    return float(np.sqrt(sum((each.astype(np.float64) ** 2).sum() for each in net.backward(images, labels)[1].values())))


def by_layer(net, images, labels):
    """(layers, norms) of the gradients of the convolutions' weights."""
    gradients = net.backward(images, labels)[1]
    norms = [float(np.linalg.norm(each)) for name, each in gradients.items() if name.startswith("conv") and name.endswith("weight")]
    return list(range(1, len(norms) + 1)), norms


def said(errors):
    """Errors in words; where the loss was lost in training, that."""
    lost = int(np.isnan(errors).sum())
    return percent(errors) if not lost else f"loss lost in {lost} of {len(errors)}"


LAB = Lab(
    "norm",
    "Residual connections and batch normalization, alone and together",
    sources=("Scarano: effect of residual connections and batch normalization, exponential growth of gradients (S34, S36)",),
    look="The chart: without normalization each residual block adds its variance, and gradients are the larger the more blocks there are; with"
    " it they stay. The table: either alone is not enough for a deep network.",
    exercises=(
        "Put GroupNorm(4) in the place of BatchNorm2D. Does the table look the same?",
        "Start the last convolution of every body from zeros (init='zeros'). Can residual connections do alone now?",
    ),
    run=run,
    seconds=25,
)
