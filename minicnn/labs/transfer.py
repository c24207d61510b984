"""Transfer: what was learnt on five digits serves for the other five, of which there are few images; each lies anywhere on its canvas."""

import numpy as np

import minicnn
from minicnn import layers as L
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.pictures import scattered
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, same, seeds_text

KNOWN = range(5)  # digits that the first network learns; the others come later
FEATURES = ["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"]
FROZEN, TUNED, SCRATCH, RANDOM = "frozen features", "fine-tuned", "from scratch", "frozen random features"
CONVOLUTIONS = 3


def run(quick):
    seeds, epochs, amounts = (1, 8, (2, 10)) if quick else (5, 30, (1, 3, 10, 30))
    train, test = scattered("train"), scattered("test")
    known, known_test, others, test = (choice(data, wanted) for wanted in (is_known, is_new) for data in (train, test))
    wrong = {words: np.empty((len(amounts), seeds)) for words in (FROZEN, TUNED, SCRATCH, RANDOM)}
    depth = np.empty((CONVOLUTIONS + 1, seeds))  # how many convolutions were taken over and frozen
    unchanged = []
    for seed in range(seeds):
        yield Progress(f"digits 0 to 4, then few images of 5 to 9, seed {seed}")
        first = network(seed)
        trained(first, known, known_test, epochs // 2, seed=seed)
        for row, amount in enumerate(amounts):
            few = few_of_each(others, amount, seed)
            for words, (source, frozen) in {
                FROZEN: (first, CONVOLUTIONS),
                TUNED: (first, 0),
                SCRATCH: (None, 0),
                RANDOM: (None, CONVOLUTIONS),
            }.items():
                net = start(source, CONVOLUTIONS, frozen, seed)
                before = net.parameters["conv1.weight"].copy()
                wrong[words][row, seed] = trained(net, few, test, epochs, batch_size=10, seed=seed).test[-1]
                if words == FROZEN:
                    unchanged.append(bool(np.array_equal(before, net.parameters["conv1.weight"])))
        few = few_of_each(others, 3, seed)
        for taken in range(CONVOLUTIONS + 1):
            depth[taken, seed] = trained(start(first, taken, taken, seed), few, test, epochs, batch_size=10, seed=seed).test[-1]

    middle = 1
    yield Row("frozen weights do not change", f"conv1 equal after {len(unchanged)} trainings: {all(unchanged)}", same(1, all(unchanged)))
    beside = f"{amounts[middle]} images of each new digit"
    yield Row(
        "retrain the output layer on the features of another task: better than all from scratch",
        f"{beside}: {percent(wrong[FROZEN][middle])} wrong, from scratch {percent(wrong[SCRATCH][middle])} ({seeds_text(seeds)})",
        effect(smaller=wrong[FROZEN][middle], larger=wrong[SCRATCH][middle]),
    )
    yield Row(
        "fine-tuning all layers: better than from scratch",
        f"{beside}: {percent(wrong[TUNED][middle])} wrong, from scratch {percent(wrong[SCRATCH][middle])}",
        effect(smaller=wrong[TUNED][middle], larger=wrong[SCRATCH][middle]),
    )
    yield Row(
        "with more images frozen features fall behind fine-tuned ones",
        f"{amounts[-1]} images of each: frozen {percent(wrong[FROZEN][-1])} wrong, fine-tuned {percent(wrong[TUNED][-1])}",
        effect(smaller=wrong[TUNED][-1], larger=wrong[FROZEN][-1]),
    )
    gain = wrong[SCRATCH] - np.minimum(wrong[TUNED], wrong[FROZEN])
    yield Row(
        "and transfer helps less and less",
        f"the better of both ahead of scratch by {100 * gain[0].mean():.1f} points with {amounts[0]} of each, {100 * gain[-1].mean():.1f} with"
        f" {amounts[-1]}",
        effect(smaller=gain[-1], larger=gain[0]),
    )
    yield Row(
        "it is what was learnt that helps, not the layers",
        f"{beside}: random frozen features {percent(wrong[RANDOM][middle])} wrong, learnt ones {percent(wrong[FROZEN][middle])}",
        effect(smaller=wrong[FROZEN][middle], larger=wrong[RANDOM][middle]),
    )
    by_depth = [f"{100 * each:.1f}" for each in depth.mean(axis=1)]
    yield Row(
        "first layers are general, later ones belong to their task (Yosinski 2014)",
        f"first 0, 1, 2, 3 convolutions taken over and frozen: {', '.join(by_depth)} % wrong with 3 of each",
        effect(smaller=depth[:CONVOLUTIONS].min(axis=0), larger=depth[CONVOLUTIONS]),
    )
    lines = tuple(Line(words, amounts, list(100 * each.mean(axis=1)), points=True, dashed=words == RANDOM) for words, each in wrong.items())
    yield Chart("Digits 5 to 9 after 0 to 4", lines, "images of each new digit", "% wrong", log_x=True)


def is_known(k):
    return k in KNOWN


def is_new(k):
    return k not in KNOWN


def network(seed):
    body = []
    for filters in (16, 32, 64):
        body += [L.Conv2D(filters, 3, padding=1, bias=False), L.BatchNorm2D(), L.ReLU()]
        body += [L.MaxPool2D(2)] * (filters < 64)
    return minicnn.Graph(L.Sequential(*body, L.GlobalMaxPool(), L.Linear(5, name="classify")), (1, 28, 28), seed=seed)


def start(source, taken, frozen, seed):
    """A network whose first so many convolutions are those of `source`, and the first so many of those frozen; the last layer is new."""
    net = network(100 + seed)
    if source is not None:
        for name, values in source.arrays.items():
            if name.split(".")[0] in FEATURES[: 2 * taken]:
                net.arrays[name][...] = values
    if frozen:
        net.freeze(FEATURES[: 2 * frozen])
    return net


def choice(data, wanted):
    """Images and labels of some digits, numbered from 0 again."""
    images, labels = data
    rows = np.array([wanted(k) for k in labels])
    return images[rows], labels[rows] % len(KNOWN)


def few_of_each(pair, amount, seed):
    """So many of every class, drawn by a seed."""
    images, labels = pair
    order = np.random.default_rng(seed).permutation(len(labels))
    rows = np.concatenate([order[labels[order] == k][:amount] for k in np.unique(labels)])
    return images[rows], labels[rows]


LAB = Lab(
    "transfer",
    "Features learnt on some digits, used for others",
    sources=("Lipton, Chai: ZFNet, retraining the output layer (C42)", "Yosinski et al., How transferable are features?, 2014"),
    look="The left end of the curves, where there are one or two images of each new digit: there it counts most what a network knew before."
    " To the right the curves meet. Frozen random features show how much the layers do without having learnt.",
    exercises=(
        "Let the first network learn the digits 0 and 1 only (and its last layer have two outputs). How much of the gain is left?",
        "Take digits that all lie in the middle (`framed` in place of `scattered`). Now training from scratch is not worse. What was it that"
        " the first network had to offer?",
    ),
    run=run,
    seconds=50,
)
