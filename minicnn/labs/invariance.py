"""Where a network sees a digit, and where it does not: shifts, rotations, sizes."""

import numpy as np

import minicnn
from minicnn.charts import Chart, Line
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.pictures import framed
from minicnn.labs.verdicts import effect, percent, same

SHIFTS = (0, 1, 2, 3, 4, 6)


def run(quick):
    yield Progress("looking for a pattern, shifting, turning")
    yield from pattern_anywhere()
    yield from shifted_and_turned()
    yield pooled_maxima()

    train, (images, labels) = framed("train", count=500 if quick else None), framed("test")
    curves = {}
    for name, words, augment in (
        ("lenet", "LeNet", ()),
        ("lenet", "LeNet, trained with shifts", "shift=4"),
        ("mlp", "fully connected", ()),
    ):
        yield Progress(f"training: {words}")
        net = minicnn.zoo.build("lenet") if name == "lenet" else fully_connected()
        trainer = minicnn.Trainer(net, minicnn.optimizers.Adam(learning_rate=0.003), batch_size=64)
        trainer.fit(train, epochs=8 if quick else 20, schedule="cosine", augment=augment, progress=False)
        curves[words] = [accuracy(net, np.roll(images, shift, -1), labels) for shift in SHIFTS]
        if words == "LeNet":
            lenet = net
    ours, shifts, plain = curves["LeNet"], curves["LeNet, trained with shifts"], curves["fully connected"]
    yield Row(
        "pooling makes the answer nearly invariant to small shifts (a digit keeps its class)",
        f"right after a shift of 1 pixel: {percent(ours[1])} (unshifted {percent(ours[0])}); fully connected {percent(plain[1])} ({percent(plain[0])})",
        effect(smaller=ours[0] - ours[1], larger=plain[0] - plain[1], by=0.02),
    )
    yield Row(
        "not invariant to large shifts",
        f"right after shifts of {', '.join(map(str, SHIFTS))} pixels: {', '.join(percent(each) for each in ours)}",
        effect(smaller=ours[-1], larger=ours[0], by=0.2),
    )
    yield Row(
        "invariance can be learnt from shifted images",
        f"trained with shifts up to 4 pixels: {', '.join(percent(each) for each in shifts)}",
        effect(smaller=ours[-2], larger=shifts[-2], by=0.1),
    )
    turned, small = accuracy(lenet, np.rot90(images, axes=(2, 3)), labels), accuracy(lenet, framed("test", pixels=9)[0], labels)
    yield Row("not invariant to rotation", f"a quarter turn: {percent(turned)} right", effect(smaller=turned, larger=ours[0], by=0.2))
    yield Row("not invariant to scale", f"9 instead of 14 pixels: {percent(small)} right", effect(smaller=small, larger=ours[0], by=0.2))
    found = swept(lenet, images[:60], labels[:60])
    yield Row(
        "sweep the image: a score for each patch, high where the digit is",
        f"60 digits on 20 wide canvases, the patch above each named rightly: {percent(found)}; drawn at random 10 %",
        effect(smaller=0.1, larger=found, by=0.5),
    )
    yield Chart(
        "A digit moves to the right",
        tuple(Line(words, SHIFTS, each) for words, each in curves.items()),
        "pixels",
        "share right",
        y_range=(0, 1),
    )


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


def fully_connected():
    from minicnn import layers as L

    return minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(300), L.ReLU(), L.Linear(100), L.ReLU(), L.Linear(10)), (1, 28, 28))


def accuracy(net, images, labels):
    return float((net.predict(images).argmax(axis=1) == labels).mean())


def swept(net, images, labels):
    """Three digits side by side on a wide canvas, the fully connected layers as convolutions: is the patch above each digit named rightly?"""
    wide = images.reshape(-1, 3, 28, 28).transpose(0, 2, 1, 3).reshape(-1, 1, 28, 84)
    maps = net.convolutional().predict(wide)  # (N, classes, 1, columns), one column every 4 pixels
    return float((maps[:, :, 0, [0, 7, 14]].argmax(axis=1) == labels.reshape(-1, 3)).mean())


LAB = Lab(
    "invariance",
    "A digit moves, turns and grows: what convolution and pooling forgive, and what not",
    sources=("Jeong: why convolution (J2, J3)", "Karapetyan: equivariance, figure 10; pooling, figures 11 and 12 (B27 to B29, B35, B36)"),
    look="The curve: how far a digit can move before its class is lost. Pooling twice by 2 forgives about one pixel, not more; what a network"
    " has seen during training it forgives as well. Turned and resized digits it has never seen.",
    exercises=(
        "Give LeNet a third pooling, or pooling windows of 4. Does the curve fall later? What happens to the accuracy without a shift?",
        "Train with rotate=20 in place of shift=4. Which of the rows change, and does the quarter turn become easier?",
    ),
    run=run,
    seconds=20,
)
