"""AlexNet's recipe, one part after the other: what each is worth on small pictures."""

import numpy as np

import minicnn
from minicnn import layers as L
from minicnn.charts import Bars, Chart
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.pictures import scattered
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, seeds_text

BASE = {
    "norm": False,
    "overlap": False,
    "dropout": 0.0,
    "augment": (),
    "init": None,
    "momentum": 0.9,
    "decay": 0.0,
    "schedule": "constant",
    "times": 1,
}
PARTS = {  # what changes, against BASE
    "nothing": {},
    "LRN": {"norm": True},
    "overlap": {"overlap": True},
    "dropout": {"dropout": 0.5, "times": 2},  # Krizhevsky: it takes about twice as many updates
    "shifts": {"augment": "shift=2"},
    "N(0, 0.01)": {"init": "gaussian=0.01"},
    "no momentum": {"momentum": 0.0},
    "decay": {"decay": 0.0005},
    "rate / 10": {"schedule": "plateau"},
}


def run(quick):
    seeds, count, epochs = (1, 300, 3) if quick else (5, 700, 30)
    train, test = scattered("train", count), scattered("test")
    fitted, tested = ({part: np.empty(seeds) for part in PARTS} for _ in range(2))
    for seed in range(seeds):
        for part, changes in PARTS.items():
            yield Progress(f"{part}, seed {seed}")
            settings = BASE | changes
            optimizer = minicnn.optimizers.SGD(learning_rate=0.01, momentum=settings["momentum"], weight_decay=settings["decay"])
            net, length = network(settings, seed), settings["times"] * epochs
            how = {"schedule": settings["schedule"], "augment": settings["augment"]}
            tested[part][seed] = trained(net, train, test, length, optimizer=optimizer, batch_size=32, seed=seed, **how).test[-1]
            fitted[part][seed] = 1 - (net.predict(train[0]).argmax(axis=1) == train[1]).mean()
    least = 0.03 if seeds == 1 else 0  # chance of one seed, about
    plain, plain_fit = tested["nothing"], fitted["nothing"]

    def said(part):
        length = (BASE | PARTS[part])["times"] * epochs
        return f"test error {percent(tested[part])} with, {percent(plain)} without ({length} epochs, {seeds_text(seeds)})"

    for part, claim in (
        ("LRN", "local response normalization lowers the test error (ImageNet: by 1.4 points)"),
        ("overlap", "overlapping pooling lowers it (ImageNet: by 0.4 points)"),
        ("dropout", "dropout lowers the test error, if trained twice as long"),
        ("shifts", "so do translated images: without them AlexNet overfits substantially"),
        ("decay", "weight decay lowers it"),
        ("rate / 10", "so does dividing the learning rate by 10 when the error stagnates"),
    ):
        yield Row(claim, said(part), effect(smaller=tested[part], larger=plain, by=least))
    for part in ("dropout", "shifts"):
        yield Row(
            f"{part}: less overfitting, the gap between training and test error shrinks",
            f"gap {100 * (tested[part] - fitted[part]).mean():.1f} points, {100 * (plain - plain_fit).mean():.1f} without",
            effect(smaller=tested[part] - fitted[part], larger=plain - plain_fit, by=least),
        )
    yield Row(
        "weight decay lowers even the training error",
        f"{percent(fitted['decay'])} with, {percent(plain_fit)} without",
        effect(smaller=fitted["decay"], larger=plain_fit, by=least),
    )
    yield Row(
        "momentum 0.9 speeds training up",
        f"training error {percent(plain_fit)} with, {percent(fitted['no momentum'])} without; test error {percent(plain)}, {percent(tested['no momentum'])}",
        effect(smaller=plain_fit, larger=fitted["no momentum"], by=0.01),
    )
    small = "N(0, 0.01)"
    yield Row(
        "weights start from N(0, 0.01)",
        f"{said(small)}: in so small a network the signal dies, and it {'hardly learns' if tested[small].mean() > 0.5 else 'learns late'}",
        effect(smaller=tested[small], larger=np.full(seeds, 0.5)),
    )
    bars = Bars("test error", list(PARTS), [100 * float(each.mean()) for each in tested.values()])
    yield Chart("One part of the recipe at a time", (bars,), "", "% wrong")


def network(settings, seed):
    """Three convolutions and two fully connected layers, with or without the parts."""

    def stage(filters, window):
        pool = L.MaxPool2D(3, stride=2, padding=1) if settings["overlap"] else L.MaxPool2D(2)
        norm = [L.LocalResponseNorm(5)] if settings["norm"] else []
        return [L.Conv2D(filters, window, padding=window // 2), L.ReLU(), *norm, pool]

    drop = [L.Dropout(settings["dropout"])] if settings["dropout"] else []
    head = [L.Flatten(), *drop, L.Linear(128), L.ReLU(), *drop, L.Linear(10)]
    return minicnn.Graph(L.Sequential(*stage(16, 5), *stage(32, 3), *stage(32, 3), *head), (1, 28, 28), seed=seed, init=settings["init"])


LAB = Lab(
    "recipe",
    "AlexNet's recipe, one part at a time",
    sources=(
        "Jeong: AlexNet (J35 to J44)",
        "Lipton, Chai: AlexNet's training (C28 to C37)",
        "Krizhevsky, Sutskever, Hinton, ImageNet Classification, 2012, sections 3 to 5",
    ),
    look="The bars, and the standard deviations in the table: an effect of a point cannot be seen where seeds differ by two. What helps a"
    " network of 60 million weights on a million pictures need not help a small one, and need not harm it.",
    exercises=(
        "Take parts away from the whole recipe in place of adding them to nothing. Do the same parts matter?",
        "Use 150 images in place of 700. Which parts gain in worth?",
    ),
    run=run,
    seconds=45,
)
