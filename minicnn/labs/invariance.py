"""Where a network sees a digit, and where it does not: shifts, rotations, sizes."""

import numpy as np

import minicnn
from minicnn import layers as L
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.pictures import framed
from minicnn.labs.training import trained
from minicnn.labs.verdicts import effect, percent, same, seeds_text

SHIFTS = (0, 1, 2, 3, 4, 6)


def run(quick):
    yield Progress("looking for a pattern, shifting, turning")
    yield from pattern_anywhere()
    yield from shifted_and_turned()
    yield pooled_maxima()

    seeds, epochs = (1, 8) if quick else (5, 20)
    train, test = framed("train", count=500 if quick else None), framed("test")
    kinds = {"LeNet": (True, ()), "strides in place of pooling": (False, ()), "LeNet, trained with shifts": (True, "shift=4")}
    curves, nets = {words: np.zeros((seeds, len(SHIFTS))) for words in kinds}, {}
    for seed in range(seeds):
        for words, (pool, augment) in kinds.items():
            yield Progress(f"training: {words}, seed {seed}")
            nets[words] = net = network(pool, seed)
            trained(net, train, test, epochs, augment=augment, seed=seed)
            sides = [[accuracy(net, np.roll(test[0], sign * shift, -1), test[1]) for shift in SHIFTS] for sign in (-1, 1)]
            curves[words][seed] = np.mean(sides, axis=0)
    pooled, unpooled, shifted = curves.values()
    yield Row(
        "pooling makes the answer nearly invariant to small shifts",
        f"right after a shift by 1: {percent(pooled[:, 1])}, by 2: {percent(pooled[:, 2])};"
        f" with strides in place of pooling {percent(unpooled[:, 1])} and {percent(unpooled[:, 2])} ({seeds_text(seeds)})",
        effect(smaller=unpooled[:, 2], larger=pooled[:, 2]),
    )
    before, after = ([f"{100 * each:.0f}" for each in curve.mean(axis=0)] for curve in (pooled, shifted))
    yield Row(
        "but not to large ones",
        f"shifts by {', '.join(map(str, SHIFTS))} pixels: {', '.join(before)} % right",
        effect(smaller=pooled[:, -1], larger=pooled[:, 0], by=0.2),
    )
    yield Row(
        "invariance can be learnt, from shifted images",
        f"trained with shifts up to 4: {', '.join(after)} % right",
        effect(smaller=pooled[:, -2], larger=shifted[:, -2], by=0.1),
    )
    lenet, (images, labels) = nets["LeNet"], test
    upright, turned = (accuracy(lenet, np.rot90(images, turns, axes=(2, 3)), labels) for turns in (0, 1))
    small = accuracy(lenet, framed("test", pixels=9)[0], labels)
    yield Row("not invariant to rotation", f"a quarter turn: {percent(turned)} right", effect(smaller=turned, larger=upright, by=0.2))
    yield Row("not invariant to scale", f"9 instead of 14 pixels: {percent(small)} right", effect(smaller=small, larger=upright, by=0.2))
    found = swept(lenet, images[:60], labels[:60])
    yield Row(
        "sweep the image: a score for each patch, high where the digit is",
        f"60 digits on 20 wide canvases, each named rightly by the patch above it: {percent(found)} (by chance 10 %)",
        effect(smaller=0.1, larger=found, by=0.5),
    )
    lines = tuple(Line(words, SHIFTS, list(100 * curve.mean(axis=0)), points=True) for words, curve in curves.items())
    yield Chart("Digits moved to the side", lines, "shift in pixels", "% right", y_range=(0, 100))


def network(pool, seed):
    """LeNet; without pooling its convolutions step by two."""
    stride, after = (1, [L.MaxPool2D(2)]) if pool else (2, [])
    maps = [L.Conv2D(6, 5, padding=2, stride=stride), L.ReLU(), *after, L.Conv2D(16, 5, stride=stride), L.ReLU(), *after]
    head = [L.Flatten(), L.Linear(120), L.ReLU(), L.Linear(84), L.ReLU(), L.Linear(10)]
    return minicnn.Graph(L.Sequential(*maps, *head), (1, 28, 28), seed=seed)


def pattern_anywhere(scenes=20, size=40):
    """Waldo: a template as the filter; its strongest answer is where the pattern lies, wherever that is."""
    random = np.random.default_rng(0)
    waldo = random.normal(size=(7, 7)).astype(np.float32)
    planted, found = random.integers(0, size - 6, (scenes, 2)), []
    for row, column in planted:
        scene = random.normal(size=(size, size)).astype(np.float32) / 2
        scene[row : row + 7, column : column + 7] += waldo
        y = minicnn.kernels.conv2d(scene[None, None], waldo[None, None])[0, 0]
        found.append(np.unravel_index(y.argmax(), y.shape))
    hits = int((np.array(found) == planted).all(axis=1).sum())
    yield Row("one detector finds Waldo wherever he stands", f"found at the right pixel in {hits} of {scenes} scenes", same(scenes, hits))


def shifted_and_turned():
    """f(move(x)) against move(f(x)), where the border plays no part."""
    random = np.random.default_rng(1)
    x, weight = np.zeros((1, 1, 32, 32), np.float32), random.normal(size=(1, 1, 3, 3)).astype(np.float32)
    x[..., 8:24, 8:24] = random.normal(size=(16, 16))
    moves = {
        "shift": lambda image: np.roll(image, (2, 3), (2, 3)),
        "quarter turn": lambda image: np.rot90(image, axes=(2, 3)).copy(),
        "scale 2": lambda image: np.repeat(np.repeat(image, 2, 2), 2, 3),
    }
    y = minicnn.kernels.conv2d(x, weight, padding=1)
    apart = {name: float(abs(minicnn.kernels.conv2d(move(x), weight, padding=1) - move(y)).max()) for name, move in moves.items()}
    yield Row("equivariant: f(shift(x)) = shift(f(x))", f"largest difference {apart['shift']:.1g}", same(0, apart["shift"], within=1e-5))
    for name in ("quarter turn", "scale 2"):
        yield Row(
            f"not equivariant to rotation and scaling ({name})",
            f"largest difference {apart[name]:.2g}",
            effect(smaller=1e-5, larger=apart[name]),
        )


def pooled_maxima():
    """Goodfellow, Bengio, Courville, figure 9.8: the inputs move by one."""
    before, after = (np.array([[row]], np.float32) for row in ([0.1, 1, 0.2, 0.1], [0.3, 0.1, 1, 0.2]))
    changed = [
        int((one != other).sum())
        for one, other in ((before, after), [minicnn.kernels.max_pool1d(x, 3, stride=1, padding=1) for x in (before, after)])
    ]
    return Row(
        "shifted by one, every input changes, but only half of the maxima",
        f"{changed[0]} of 4 inputs, {changed[1]} of 4 maxima",
        same([4, 2], changed),
    )


def accuracy(net, images, labels):
    return float((net.predict(images).argmax(axis=1) == labels).mean())


def swept(net, images, labels):
    """Three digits side by side on a wide canvas, the fully connected layers as convolutions: is the patch above each digit named rightly?"""
    wide = images.reshape(-1, 3, 28, 28).transpose(0, 2, 1, 3).reshape(-1, 1, 28, 84)
    maps = net.convolutional().predict(wide)  # (N, classes, 1, columns), one column every 4 pixels
    return float((maps[:, :, 0, [0, 7, 14]].argmax(axis=1) == labels.reshape(-1, 3)).mean())


LAB = Lab(
    "invariance",
    "A digit moves, turns, grows: what a network forgives",
    sources=("Jeong: why convolution (J2, J3)", "Karapetyan: equivariance, figure 10; pooling, figures 11 and 12 (B27 to B29, B35, B36)"),
    look="The curve: how far a digit can move before its class is lost. Pooling forgives a pixel or two, the fully connected layers behind"
    " it know places again. What a network has seen during training it forgives as well; turned and resized digits it has never seen.",
    exercises=(
        "Give LeNet a third pooling, or pooling windows of 4. Does the curve fall later? What happens to the accuracy without a shift?",
        "Train with rotate=90 in place of shift=4. Which rows change? Which digits can no longer be told apart?",
    ),
    run=run,
    seconds=5,
)
