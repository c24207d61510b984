"""What layers learn: first filters, maps by depth, what excites a unit, which pixels an answer hangs on; each as a number."""

import numpy as np

import minicnn
from minicnn import layers as L
from minicnn import views
from minicnn.charts import Picture, PictureGrid
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.pictures import framed
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, seeds_text
from minicnn.optimizers import SGD

LAYERS = ("relu1", "relu2", "relu3")  # after the convolutions
NEAREST = 9  # pictures that excite a unit most
SHOWN = 6  # filters, units


def run(quick):
    seeds, count, epochs = (1, 300, 3) if quick else (4, 1200, 60)
    train, test = framed("train", count=count), framed("test", count=300)
    edges, smooth = np.empty((2, seeds)), np.empty((2, seeds))  # at first, after training
    selective, pure = np.empty((len(LAYERS), seeds)), np.empty((len(LAYERS), seeds))
    untrained, covered, gradient = np.empty((len(LAYERS), seeds)), np.empty((2, seeds)), np.empty((2, seeds))
    for seed in range(seeds):
        yield Progress(f"training and looking inside, seed {seed}")
        net = network(seed)
        first = views.filters(net).weight[:, 0].copy()
        trained(net, train, test, epochs, optimizer=SGD(learning_rate=0.02, momentum=0.9, weight_decay=0.001), seed=seed)
        learnt = views.filters(net).weight[:, 0]
        edges[:, seed], smooth[:, seed] = [oriented(each) for each in (first, learnt)], [smoothness(each) for each in (first, learnt)]
        x = views.as_input(net, test[0])
        selective[:, seed], untrained[:, seed] = (
            [selectivity(each, x, test[1], layer) for layer in LAYERS] for each in (net, network(seed))
        )
        pure[:, seed] = [purity(net, x, test[1], layer) for layer in LAYERS]
        covered[:, seed], gradient[:, seed] = where_it_looks(net, x[: 4 if quick else 20], test[0])
    yield Row(
        "first filters look like hand-made ones: edges of one direction",
        f"structure along one direction: {edges[1].mean():.2f} after training, {edges[0].mean():.2f} at random (1: a perfect edge;"
        f" {seeds_text(seeds)})",
        effect(smaller=edges[0], larger=edges[1]),
    )
    yield Row(
        "and they are smooth",
        f"correlation of neighbouring weights {smooth[1].mean():.2f} after training, {smooth[0].mean():.2f} at random",
        effect(smaller=smooth[0], larger=smooth[1]),
    )
    sizes = [views.patches(net, x[:1], layer, 0, 1).patches[0].pixels.shape[1] for layer in LAYERS]
    yield Row(
        "units of later layers see more",
        ", ".join(f"{layer} {size} pixels" for layer, size in zip(LAYERS, sizes, strict=True)),
        effect(smaller=sizes[:-1], larger=sizes[1:]),
    )
    by_depth, before = ([f"{each:.2f}" for each in found.mean(axis=1)] for found in (selective, untrained))
    yield Row(
        "from basic to advanced features: units of later layers answer to fewer classes",
        f"selectivity by depth {', '.join(by_depth)}; untrained {', '.join(before)} (0: all classes alike, 1: one class only)",
        effect(smaller=selective[0], larger=selective[-1]),
    )
    yield Row(
        "what excites a unit of a later layer most is of one kind",
        f"of the {NEAREST} digits that excite a unit most, so many are of one class: {', '.join(percent(each) for each in pure)}",
        effect(smaller=pure[0], larger=pure[-1]),
    )
    yield Row(
        "covering the object lowers its score, covering the ground does not (Zeiler, Fergus: occlusion)",
        f"the digit's probability falls by {100 * covered[0].mean():.1f} points over ink, by {100 * covered[1].mean():.1f} over ground",
        effect(smaller=covered[1], larger=covered[0]),
    )
    yield Row(
        "the answer hangs on the pixels of the object (saliency)",
        f"gradient on ink {gradient[0].mean():.2f} of the largest, on ground {gradient[1].mean():.2f}",
        effect(smaller=gradient[1], larger=gradient[0]),
    )
    rows = [
        tuple(Picture(f"{words} {k + 1}", each[k], signed=True) for k in range(SHOWN))
        for words, each in (("random", first), ("learnt", learnt))
    ]
    for layer in LAYERS:
        units = views.patches_of_units(net, x, layer, range(SHOWN), 1, test[0])
        rows.append(tuple(Picture(f"{layer}, unit {k + 1}", each.patches[0].pixels[0]) for k, each in enumerate(units)))
    yield PictureGrid("First filters, and what excites units by depth", tuple(rows))


def network(seed):
    body = [L.Conv2D(12, 5, padding=2), L.ReLU(), L.MaxPool2D(2), L.Conv2D(24, 3, padding=1), L.ReLU(), L.MaxPool2D(2)]
    return minicnn.Graph(L.Sequential(*body, L.Conv2D(48, 3, padding=1), L.ReLU(), L.GlobalMaxPool(), L.Linear(10)), (1, 28, 28), seed=seed)


def oriented(filters):
    """How far the changes inside filters (K, R, S) have one direction: 0 for all directions alike, 1 for an edge or stripes.

    |sum of squared gradients, as complex numbers| / sum of |gradient|^2: opposite gradients count as one direction.
    """
    change = np.gradient(filters, axis=2) + 1j * np.gradient(filters, axis=1)
    return float((abs((change**2).sum(axis=(1, 2))) / (abs(change) ** 2).sum(axis=(1, 2))).mean())


def smoothness(filters):
    """Correlation of weights with their right and lower neighbours, mean over filters (K, R, S)."""
    pairs = [(each[:, :-1], each[:, 1:]) for each in filters] + [(each[:-1], each[1:]) for each in filters]
    return float(np.mean([np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in pairs]))


def answers(net, x, layer):
    """What every unit of a layer gives at its strongest place: (N, units)."""
    values = net.activations(x, layer)[layer]
    return values.reshape(*values.shape[:2], -1).max(axis=2)


def selectivity(net, x, labels, layer):
    """(largest class mean - mean of the others) / their sum, mean over units: Morcos et al., 2018."""
    values = answers(net, x, layer)
    means = np.sort([values[labels == k].mean(axis=0) for k in range(10)], axis=0)
    best, others = means[-1], means[:-1].mean(axis=0)
    return float(((best - others) / np.maximum(best + others, 1e-9)).mean())


def purity(net, x, labels, layer):
    """The share of the commonest class among the pictures that excite a unit most, mean over the units that answer at all."""
    values = answers(net, x, layer)
    nearest = labels[np.argsort(-values, axis=0, kind="stable")[:NEAREST]]
    return float(np.mean([np.bincount(each).max() / NEAREST for each in nearest.T[values.max(axis=0) > 0]]))


def where_it_looks(net, pictures, images):
    """Over some pictures: how far the probability falls where ink is covered, and where ground is; the gradient there, by its largest."""
    drops, slopes = [], []
    for x, image in zip(pictures, images, strict=False):
        ink = image[0] > 64
        drop, slope = views.occlusion(net, x, window=5, stride=1).per_pixel, views.saliency(net, x).map
        drops.append([drop[ink].mean(), drop[~ink].mean()])
        slopes.append([slope[ink].mean() / slope.max(), slope[~ink].mean() / slope.max()])
    return np.mean(drops, axis=0), np.mean(slopes, axis=0)


LAB = Lab(
    "see",
    "What layers learn, as pictures and as numbers",
    sources=(
        "Jeong: filters of the first layer (J27)",
        "CNN slides: filters, basic to advanced features (L31, L32)",
        "Lipton, Chai: visualizing what is learnt (C22, C41)",
    ),
    look="The rows of the picture: filters at random and after training, then for each layer what excites a unit most. First come strokes, then"
    " corners and bows, at last parts of digits. Small pictures and 5x5 filters: do not expect the coloured filters of AlexNet.",
    exercises=(
        "Train without weight decay. What happens to the smoothness of the first filters, and why?",
        "Train on labels that are shuffled. Which of the numbers stay as they are, which fall?",
    ),
    run=run,
    seconds=15,
)
