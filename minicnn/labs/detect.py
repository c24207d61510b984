"""Detection: one look at the picture, boxes from a grid of cells, and what suppression makes of them."""

import numpy as np

import minicnn
from minicnn import datasets, views
from minicnn.charts import Chart, Line, Picture, PictureGrid
from minicnn.kernels import box_overlap, decode_boxes, non_maximum_suppression
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.verdicts import effect, percent, same
from minicnn.metrics import mean_average_precision

BOXES, SCORE, SIZE = 2, 0.05, 96
BOUNDS = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)  # overlap from which a box is suppressed; 1: never


def run(quick):
    count, tested, epochs = (96, 32, 2) if quick else (2000, 300, 8)
    yield from grid()
    train, test = (datasets.load("digit-scenes", split).subset(slice(most)) for split, most in (("train", count), ("test", tested)))
    net = minicnn.zoo.build("yolo-digits")
    yield Progress(f"training on {count} scenes, {epochs} epochs")
    trainer = minicnn.Trainer(net, batch_size=16)
    trainer.prepare(train)
    untrained = mean_average_precision(suppressed(all_boxes_of(net, test.images), 0.5), test.labels)
    trainer.fit(train, epochs=epochs, schedule="cosine", progress=False)

    found = all_boxes_of(net, test.images)
    curve = [mean_average_precision(suppressed(found, bound), test.labels) for bound in BOUNDS]
    all_boxes, kept = (suppressed(found, bound) for bound in (1.0, 0.5))
    best = curve[BOUNDS.index(0.5)]
    yield Row(
        "one look finds and names objects (YOLO: mAP 63.4 % on VOC 2007, 20 classes)",
        f"digits in scenes: mAP {percent(best)}, untrained {percent(untrained)} (1 seed)",
        effect(smaller=untrained, larger=best, by=0.3),
    )
    counts = [sum(map(len, each)) for each in (all_boxes, kept)]
    objects = int((test.labels[:, :, 4] >= 0).sum())
    yield Row(
        "figure 10.18d: of boxes that overlap, those of lower confidence are suppressed",
        f"{objects} digits: {counts[0]} boxes before, {counts[1]} after",
        effect(smaller=counts[1], larger=counts[0]),
    )
    yield Row(
        "suppression adds 2 to 3 points of mAP",
        f"mAP {percent(curve[-1])} without, {percent(best)} with",
        effect(smaller=curve[-1], larger=best),
    )
    sure, unsure = by_confidence(kept, test.labels)
    yield Row(
        "the confidence says how well a box fits",
        f"overlap with the nearest digit: {sure:.2f} of the surer half of boxes, {unsure:.2f} of the other",
        effect(smaller=unsure, larger=sure),
    )
    small, large = recall_by_size(kept, test.labels)
    yield Row(
        "small objects are harder to find",
        f"found of digits below 20 pixels {percent(small)}, of larger ones {percent(large)}",
        effect(smaller=small, larger=large),
    )
    rows = tuple(
        (
            Picture("truth", outlined(test.images[n, 0], test.labels[n][test.labels[n][:, 4] >= 0])),
            Picture("all boxes", outlined(test.images[n, 0], all_boxes[n])),
            Picture("after suppression", outlined(test.images[n, 0], kept[n])),
        )
        for n in (0, 1)
    )
    yield PictureGrid("Boxes before and after suppression", rows)
    line = Line("mAP", BOUNDS, [100 * each for each in curve], points=True)
    yield Chart("How much overlap is allowed", (line,), "suppressed from this overlap on", "mAP in %")


def grid():
    """What comes out of the network, and what a cell's numbers mean."""
    net = minicnn.zoo.build("yolov1")
    yield Row(
        "figure 10.18: 448 x 448 pixels, 7 x 7 cells, two boxes and 20 classes each: 30 numbers",
        " x ".join(map(str, net.output_shape)),
        same((7, 7, 30), sorted(net.output_shape)),
    )
    cell = np.zeros((1, 5 + 2, 1, 1))
    cell[0, :, 0, 0] = 0.5, 0.5, 0.5, 0.5, 0.8, 0.25, 0.75  # in the middle, roots of a quarter of each side, confidence, two classes
    (found,) = decode_boxes(cell, 1, image_size=(32, 64))[0]
    yield Row(
        "a score is confidence times class: 0.8 * 0.75 for the second",
        f"class {found[4]:g} with {found[5]:g}",
        same((1, 0.6), found[4:], within=1e-9),
    )
    three = np.array([[[0, 0, 9, 9, 1, 0.5], [1, 0, 9, 9, 1, 0.9], [1, 0, 9, 9, 0, 0.3]]])
    stay = non_maximum_suppression(three)[0]
    yield Row("the best of a class stays, other classes as well", f"0.5, 0.9, and 0.3 of another: {stay.tolist()}", same([0, 1, 1], stay))


def all_boxes_of(net, images):
    """(N, M, 6): what the cells say of every picture; what is too weak has no size and overlaps nothing."""
    x = views.as_input(net, images)
    found = np.concatenate([decode_boxes(net.forward(x[n : n + 64]), BOXES, image_size=(SIZE, SIZE)) for n in range(0, len(x), 64)])
    found[found[:, :, 5] < SCORE, 2:4] = 0
    return found


def suppressed(found, bound):
    """Of every picture its boxes (n, 6), without those that a surer one of their class overlaps by more than `bound`."""
    kept = non_maximum_suppression(found, iou=bound) == 1
    return [each[stays & (each[:, 5] >= SCORE)] for each, stays in zip(found, kept, strict=True)]


def overlaps(boxes, labels):
    """(boxes, digits) of one picture."""
    digits = labels[labels[:, 4] >= 0]
    return box_overlap(boxes[None, :, :4].astype(np.float64), digits[None, :, :4].astype(np.float64))[0]


def by_confidence(found, labels):
    """Mean overlap with the nearest digit, of the half of all boxes with higher scores and of the other."""
    pairs = [(boxes[:, 5], overlaps(boxes, truth).max(axis=1)) for boxes, truth in zip(found, labels, strict=True) if len(boxes)]
    scores, near = (np.concatenate(each) for each in zip(*pairs, strict=True))
    near = near[np.argsort(-scores, kind="stable")]
    return float(near[: len(near) // 2].mean()), float(near[len(near) // 2 :].mean())


def recall_by_size(found, labels, bound=20):
    """Share of the small and of the large digits that a box of the right class overlaps by half."""
    hits = {True: [], False: []}
    for boxes, truth in zip(found, labels, strict=True):
        digits = truth[truth[:, 4] >= 0]
        near = overlaps(boxes, truth) if len(boxes) else np.zeros((1, len(digits)))
        right = boxes[:, 4][:, None] == digits[:, 4] if len(boxes) else False
        for digit, hit in zip(digits, ((near >= 0.5) & right).any(axis=0), strict=True):
            hits[bool(digit[2:4].max() < bound)].append(hit)
    return tuple(float(np.mean(hits[small])) for small in (True, False))


def outlined(image, boxes):
    """The picture with the edges of the boxes in white."""
    drawn = image / 2.0
    for x, y, width, height in boxes[:, :4]:
        left, top, right, bottom = (int(np.clip(round(each), 0, SIZE - 1)) for each in (x, y, x + width, y + height))
        drawn[[top, bottom], left : right + 1] = 255
        drawn[top : bottom + 1, [left, right]] = 255
    return drawn


LAB = Lab(
    "detect",
    "YOLO on scenes of digits: a grid of cells, boxes, suppression",
    sources=("Scarano: figure 10.18 (S29, S30)", "Redmon et al., You Only Look Once, 2016, sections 2.2 to 2.4"),
    look="Every cell says boxes, so a digit at the border of two cells is found twice: the picture in the middle. Suppression leaves the surest"
    " of those that overlap. In the curve, too little allowed overlap loses neighbours, too much leaves doubles, each a false alarm.",
    exercises=(
        "Suppress without regard to the class (set the class of all boxes to 0). Which mistakes vanish, which are new?",
        "Train with the loss YOLO(boxes=1) and a network for it. Does mAP fall? Look at pictures with one digit beside another.",
    ),
    run=run,
    seconds=40,
)
