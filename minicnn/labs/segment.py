"""Segmentation: the class of every pixel, by a threshold and by networks that look around."""

import numpy as np

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.charts import Picture, PictureGrid
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.verdicts import effect, percent, same, seeds_text
from minicnn.optimizers import Adam

WITH, WITHOUT, PLACES, FLAT, GUESS, REFINED = "U-Net", "no skips", "places of the maxima", "no pooling", "one guess", "refined in turns"


def run(quick):
    seeds, count, tested, epochs = (1, 48, 24, 6) if quick else (3, 200, 100, 15)
    train, test = (datasets.load("cells", split).subset(slice(most)) for split, most in (("train", count), ("test", tested)))
    shape = minicnn.zoo.build("unet").output_shape
    yield Row("U-Net: 572 x 572 pixels give 388 x 388, two numbers each", " x ".join(map(str, shape)), same((2, 388, 388), shape))
    by_threshold = np.stack([image > otsu(image) for image in test.images[:, 0]])
    thresholded = iou(by_threshold, test.labels)
    yield Progress("a threshold (Otsu) is done; networks follow")

    found, borders, masks = {}, {}, {}
    for seed in range(seeds):
        for words, network in NETWORKS.items():
            yield Progress(f"training: {words}, seed {seed}")
            net = minicnn.Graph(L.Sequential(network(), L.Conv2D(2, 1, name="classify")), (1, 64, 64), seed=seed)
            trainer = minicnn.Trainer(net, Adam(learning_rate=0.005), batch_size=8, seed=seed)
            trainer.fit(train, epochs=epochs, schedule="cosine", progress=False)
            shares = net.predict(test.images)
            masks[words] = shares.argmax(axis=1)
            found.setdefault(words, []).append(iou(masks[words], test.labels))
            borders.setdefault(words, []).append(near_borders(masks[words], test.labels))
    yield Row(
        "every pixel gets a class with a probability",
        f"of {shares[:, 0].size:,} pixels the two sum to 1 within {abs(shares.sum(axis=1) - 1).max():.1g}",
        same(1, shares.sum(axis=1).min(), within=1e-5),
    )
    yield Row(
        "a network that looks around segments cells better than what looks at each pixel (HeLa cells: IoU 77.6 %, second best 46 %)",
        f"cells in uneven light: IoU {percent(found[WITH])}, Otsu's threshold {percent(thresholded)} ({seeds_text(seeds)})",
        effect(smaller=np.full(seeds, thresholded), larger=found[WITH], by=0.05),
    )
    yield Row(
        "skips carry to the way up where things are",
        f"IoU {percent(found[WITH])} with skips, {percent(found[WITHOUT])} without",
        effect(smaller=found[WITHOUT], larger=found[WITH]),
    )
    yield Row(
        "what is missing without them are the borders",
        f"wrong pixels within 1 of a border: {percent(borders[WITH])} with skips, {percent(borders[WITHOUT])} without",
        effect(smaller=borders[WITH], larger=borders[WITHOUT]),
    )
    for words, other, claim in (
        (PLACES, WITHOUT, "SegNet: unpooling where the maxima were keeps places without skips"),
        (FLAT, WITHOUT, "without any pooling the output has the size of the input, dilation lets it see as far"),
        (REFINED, GUESS, "a guess can be refined by the same layers again and again"),
    ):
        yield Row(
            claim,
            f"IoU {percent(found[words])} ({words}), {percent(found[other])} ({other})",
            effect(smaller=found[other], larger=found[words]),
        )
    rows = tuple(
        (
            Picture("picture", test.images[n, 0].astype(float)),
            Picture("truth", test.labels[n].astype(float)),
            Picture("Otsu", by_threshold[n].astype(float)),
            *(Picture(words, masks[words][n].astype(float)) for words in (WITH, WITHOUT)),
        )
        for n in (0, 1)
    )
    yield PictureGrid("Cells, by a threshold and by networks", rows)


def double(filters, dilation=1):
    """Two convolutions, each normalized."""
    settings = {"padding": dilation, "dilation": dilation, "bias": False}
    return L.Sequential(*(layer for _ in range(2) for layer in (L.Conv2D(filters, 3, **settings), L.BatchNorm2D(), L.ReLU())))


def unet(skips, filters=(8, 16, 32)):
    here, *below = filters
    if not below:
        return double(here)
    body = L.Sequential(L.MaxPool2D(2), unet(skips, tuple(below)), L.ConvTranspose2D(here, 2, stride=2))
    return L.Sequential(double(here), L.Skip(body) if skips else body, double(here))


def segnet():
    down = [double(8), L.MaxPool2D(2, name="pool1"), double(16), L.MaxPool2D(2, name="pool2"), double(32)]
    up = [double(16), L.MaxUnpool2D("pool2"), double(8), L.MaxUnpool2D("pool1"), double(8)]
    return L.Sequential(*down, *up)


def refined(turns):
    """Turns of one block, whose weights are the same each time: every turn adds to the guess before it.

    Not normalized: running statistics of one turn would not fit the next.
    """
    block = L.Residual(L.Sequential(L.Conv2D(12, 3, padding=2, dilation=2), L.ReLU(), L.Conv2D(12, 3, padding=2, dilation=2)))
    return L.Sequential(double(12), *[block] * turns)


NETWORKS = {
    WITH: lambda: unet(True),
    WITHOUT: lambda: unet(False),
    PLACES: segnet,
    FLAT: lambda: L.Sequential(*(double(12, dilation) for dilation in (1, 2, 4, 4))),
    GUESS: lambda: refined(1),
    REFINED: lambda: refined(4),
}


def otsu(image):
    """The grey value that parts a picture's pixels into two classes with the least spread in each (Otsu, 1979)."""
    counts = np.bincount(image.ravel(), minlength=256).astype(float)
    below = counts.cumsum()
    total = (counts * np.arange(256)).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (total[-1] * below / below[-1] - total) ** 2 / (below * (below[-1] - below))
    return int(np.nan_to_num(between).argmax())


def iou(masks, truth):
    """Intersection over union of the cells' pixels."""
    both, either = (masks == 1) & (truth == 1), (masks == 1) | (truth == 1)
    return float(both.sum() / either.sum())


def near_borders(masks, truth):
    """The share of wrong answers among pixels with a neighbour of the other class."""
    border = np.zeros(truth.shape, bool)
    for axis in (1, 2):
        change = np.diff(truth, axis=axis) != 0
        before = [(0, 0), (0, 0), (0, 0)]
        before[axis] = (0, 1)
        border |= np.pad(change, before) | np.pad(change, [pair[::-1] for pair in before])
    return float((masks != truth)[border].mean())


LAB = Lab(
    "segment",
    "U-Net on cells: what pooling loses, and how it comes back",
    sources=(
        "Scarano: figure 11.10, segmentation (S31, S41, S42)",
        "Karapetyan: structured outputs (B61 to B65)",
        "Ronneberger et al., U-Net, 2015, table 2",
    ),
    look="Light falls off across the pictures, so no grey value parts cells from ground: the threshold takes the bright side for cells."
    " Without skips a network knows what is there but not exactly where: look at the borders of its cells.",
    exercises=(
        "Train with the loss Dice() in place of softmax cross-entropy. Which of the two finds more of the cells' pixels?",
        "Take max pooling of 4 in place of 2. How much do the networks with and without skips lose?",
    ),
    run=run,
    seconds=150,
)
