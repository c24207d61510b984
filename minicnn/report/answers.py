"""What the network says of test images, and its worst mistakes: pictures with masks and frames, or a word about each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minicnn.charts import Chart, Line, Picture, gallery, svg
from minicnn.charts.samples import Pixels, to_pictures, with_boxes, with_mask
from minicnn.report.findings import Findings
from minicnn.train import Answer, BoxMistake, ClassMistake, MaskMistake, Mistake
from minicnn.train.answers import SURE_SCORE

SMALL, LARGE = 84, 150  # pixels of a picture on the page, without and with marks
SHOWN_NUMBERS = 4
MOST_POINTS = 500  # of a scatter


def examples(found: Findings) -> str:
    """The first test images with the answers."""
    pictures = [
        _picture(pixels, answer.found, f"#{n}: {_said(found, answer)}", answer.kind) for n, (pixels, answer) in enumerate(found.examples)
    ]
    size = SMALL if found.examination.kind in ("class", "numbers") else LARGE
    return gallery(pictures, size) + (_scatter(found) if found.examination.kind == "numbers" else "")


def mistakes(found: Findings) -> str:
    """The pictures that were answered worst."""
    wrong = found.examination.mistakes
    if not wrong:
        return "<p>Every test image was answered rightly.</p>"
    images = found.trained.preparation.images(found.data.images[[each.index for each in wrong]], found.data.name)
    size = SMALL if found.examination.kind in ("class", "numbers") else LARGE
    return gallery([each for one, pixels in zip(wrong, images, strict=True) for each in _mistake(found, one, pixels)], size)


def _mistake(found: Findings, mistake: Mistake, pixels: np.ndarray) -> list[Picture]:
    """A mistake as pictures: what it said, and where places matter, what is right."""
    where = f"#{mistake.index}"
    if isinstance(mistake, ClassMistake):
        right, said = found.class_name(mistake.label), found.class_name(mistake.predicted)
        return [_picture(pixels, None, f"{where}: {right} taken for {said}, {100 * mistake.probability:.0f} %")]
    if isinstance(mistake, MaskMistake):
        return [
            _picture(pixels, mistake.label, f"{where}: right", "mask"),
            _picture(pixels, mistake.predicted, f"{where}: said, IoU {100 * mistake.iou:.1f} %", "mask"),
        ]
    if isinstance(mistake, BoxMistake):
        return [
            _picture(pixels, mistake.label, f"{where}: right: {_names(found, mistake.label)}", "boxes"),
            _picture(pixels, mistake.predicted, f"{where}: {mistake.missed} missed, {mistake.false} false", "boxes"),
        ]
    return [_picture(pixels, None, f"{where}: {_numbers(mistake.label)}, said {_numbers(mistake.predicted)}")]


def _picture(pixels: np.ndarray, marks: np.ndarray | None, caption: str, kind: str = "") -> Picture:
    """Pixels (C, *space) of the network's input, with a mask or boxes drawn over them."""
    picture: Pixels = to_pictures(pixels[None])[0]
    if kind == "mask" and marks is not None and marks.shape == picture.shape[:2]:
        picture = with_mask(picture, marks)
    if kind == "boxes" and marks is not None:
        picture = with_boxes(picture, marks[marks[:, 5] >= SURE_SCORE] if marks.shape[1] > 5 else marks)
    return Picture(caption, picture.transpose(2, 0, 1))


def _said(found: Findings, answer: Answer) -> str:
    """An answer in words."""
    if answer.kind == "class":
        best = answer.guesses(found.examination.classes, 1)[0]
        return f"{best.name}, {100 * best.probability:.0f} %"
    if answer.kind == "mask":
        names = [found.class_name(k) for k in range(max(2, int(answer.found.max()) + 1))]
        return ", ".join(f"{name} {100 * share:.0f} %" for name, share in answer.shares(names).items() if share)
    if answer.kind == "boxes":
        return _names(found, answer.found[answer.found[:, 5] >= SURE_SCORE])
    return _numbers(answer.found)


def _names(found: Findings, boxes: np.ndarray) -> str:
    """The classes of boxes, with their scores if they have any."""
    words = [found.class_name(int(box[4])) + (f" {100 * box[5]:.0f} %" if len(box) > 5 else "") for box in boxes]
    return ", ".join(words) or "nothing"


def _numbers(values: Sequence[float] | np.ndarray) -> str:
    flat = np.asarray(values, np.float64).ravel()
    return " ".join(f"{each:.3g}" for each in flat[:SHOWN_NUMBERS]) + (" ..." if len(flat) > SHOWN_NUMBERS else "")


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
