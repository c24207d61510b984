"""What the network says of test images, and its worst mistakes: pictures with masks and frames, or a word about each."""

from __future__ import annotations

import numpy as np

from minicnn.charts import Chart, Line, Picture, gallery, svg
from minicnn.charts.samples import Pixels, middle, numbers, to_pictures, with_boxes, with_mask
from minicnn.report.findings import Findings
from minicnn.train import Answer, BoxMistake, ClassMistake, MaskMistake, Mistake
from minicnn.train.answers import SURE_SCORE

SMALL, LARGE = 84, 150  # pixels of a picture on the page, without and with marks
MOST_POINTS = 500  # of a scatter


def examples(found: Findings) -> str:
    """The first test images with the answers."""
    pictures = [
        _picture(pixels, answer.found, f"#{n}: {_said(found, answer)}", answer.kind) for n, (pixels, answer) in enumerate(found.examples)
    ]
    size = SMALL if found.examination.kind in ("class", "numbers") else LARGE
    return gallery(pictures, size) + (_scatter(found) if found.examination.kind == "numbers" else "")


def mistakes(found: Findings) -> str:
    """The pictures that were answered worst; where places matter, what is right stands beside what was said."""
    wrong = found.examination.mistakes
    if not wrong:
        return "<p>Every test image was answered rightly.</p>"
    images = found.trained.preparation.images(found.data.images[[each.index for each in wrong]], found.data.name)
    pictures = [_mistake(found, one, pixels) for one, pixels in zip(wrong, images, strict=True)]
    in_pairs = isinstance(wrong[0], MaskMistake | BoxMistake)
    note = '<p class="note">Left: what is right. Right: what the network said.</p>' if in_pairs else ""
    return note + gallery(pictures, 2 * LARGE if in_pairs else SMALL)


def _mistake(found: Findings, mistake: Mistake, pixels: np.ndarray) -> Picture:
    where = f"#{mistake.index}"
    if isinstance(mistake, ClassMistake):
        right, said = found.class_name(mistake.label), found.class_name(mistake.predicted)
        return _picture(pixels, None, f"{where}: {right} taken for {said}, {100 * mistake.probability:.0f}\u00a0%")
    if isinstance(mistake, MaskMistake):
        caption = f"{where}: IoU {100 * mistake.iou:.1f}\u00a0%"
        return _pair(caption, *(_picture(pixels, marks, "", "mask") for marks in (mistake.label, mistake.predicted)))
    if isinstance(mistake, BoxMistake):
        said = _names(found, mistake.predicted)
        caption = f"{where}: {mistake.missed} missed, {mistake.false} false; {_names(found, mistake.label)}; said {said}"
        return _pair(caption, *(_picture(pixels, marks, "", "boxes") for marks in (mistake.label, mistake.predicted)))
    return _picture(pixels, None, f"{where}: {numbers(mistake.label)}, said {numbers(mistake.predicted)}")


def _pair(caption: str, left: Picture, right: Picture) -> Picture:
    """Two pictures of one size as one, with a white line between them."""
    gap = np.full((3, left.pixels.shape[1], max(1, left.pixels.shape[2] // 32)), 255, np.uint8)
    return Picture(caption, np.concatenate([left.pixels, gap, right.pixels], axis=2))


def _picture(pixels: np.ndarray, marks: np.ndarray | None, caption: str, kind: str = "") -> Picture:
    """Pixels (C, *space) of the network's input, with a mask or boxes drawn over them."""
    picture: Pixels = to_pictures(pixels[None])[0]
    if kind == "mask" and marks is not None and marks.ndim == 2:
        picture = with_mask(middle(picture, marks.shape), marks)
    if kind == "boxes" and marks is not None:
        picture = with_boxes(picture, marks[marks[:, 5] >= SURE_SCORE] if marks.shape[1] > 5 else marks)
    return Picture(caption, picture.transpose(2, 0, 1))


def _said(found: Findings, answer: Answer) -> str:
    """An answer in words."""
    if answer.kind == "class":
        best = answer.guesses(found.examination.classes, 1)[0]
        return f"{best.name}, {100 * best.probability:.0f}\u00a0%"
    if answer.kind == "mask":
        names = [found.class_name(k) for k in range(max(2, int(answer.found.max()) + 1))]
        return ", ".join(f"{name} {100 * share:.0f}\u00a0%" for name, share in answer.shares(names).items() if share)
    if answer.kind == "boxes":
        return _names(found, answer.found[answer.found[:, 5] >= SURE_SCORE])
    return numbers(answer.found)


def _names(found: Findings, boxes: np.ndarray) -> str:
    """The classes of boxes, with their scores if they have any."""
    words = [found.class_name(int(box[4])) + (f" {100 * box[5]:.0f}\u00a0%" if len(box) > 5 else "") for box in boxes]
    return ", ".join(words) or "nothing"


def _scatter(found: Findings) -> str:
    """What was said over what is right, a point for each image: on the diagonal where it is right."""
    data = found.data.subset(slice(MOST_POINTS))
    right = np.asarray(data.labels, np.float64).reshape(len(data), -1)[:, 0]
    said = np.asarray(found.trained.net.predict(data.images), np.float64).reshape(len(data), -1)[:, 0]
    ends = [float(right.min()), float(right.max())]
    apart = np.full(2 * len(right), np.nan), np.full(2 * len(right), np.nan)  # a gap between any two points: no line joins them
    apart[0][::2], apart[1][::2] = right, said
    marks = (Line("right", ends, ends, dashed=True), Line("images", apart[0].tolist(), apart[1].tolist(), points=True))
    return f"<figure>{svg(Chart('What was said', marks, x_label='what is right', y_label='said'), 440)}</figure>"
