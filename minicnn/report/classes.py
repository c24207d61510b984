"""How well each class is answered: the confusion matrix as a shaded table, and a line of figures for each class."""

from __future__ import annotations

import numpy as np

from minicnn.charts import Bars, Chart, svg
from minicnn.markup import shown, table
from minicnn.metrics import figure, per_class
from minicnn.report.findings import Findings

MOST_CLASSES = 30  # that a matrix, and bars, are drawn for
MOST_PAIRS = 20
SHADES = 5
SHORT = 3  # letters of a name that fit over a column
WIDE = 900


def classes(found: Findings) -> str:
    """Matrix, figures and bars of the classes; nothing where answers are no classes."""
    if found.examination.precisions:
        return _objects(found)
    if found.examination.confusion is None:
        return ""
    few = len(found.examination.classes) <= MOST_CLASSES
    return (matrix(found) if few else confused_pairs(found)) + class_figures(found)


def matrix(found: Findings) -> str:
    """A row for each true class, a column for each answer; shades go by the share of the row, right answers and mistakes apart."""
    counts, names = found.examination.counts, found.examination.classes
    turned = max(map(len, names)) > SHORT
    heads = "".join(f'<th scope="col"><span>{shown(name)}</span></th>' for name in names)
    rows = []
    for k, row in enumerate(counts.tolist()):
        total = sum(row)
        cells = "".join(f'<td class="{_shade(n, total, k == answer)}">{n:,}</td>' for answer, n in enumerate(row))
        rows.append(f'<tr><th scope="row">{shown(names[k])}</th>{cells}</tr>')
    what = "pixels" if found.examination.kind == "mask" else "images"
    return (
        f'<div class="scroll"><table class="matrix{" turned" if turned else ""}"><caption>Number of {what}: a row for each true class,'
        f" a column for each answer. Blue is right, orange wrong; the darker, the larger the share of the row.</caption>"
        f'<thead><tr><th scope="col">true</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _shade(n: int, total: int, right: bool) -> str:
    """The class of a cell: r1 to r5 for right answers, w1 to w5 for wrong ones, "none" for no image."""
    if not n:
        return "none"
    share = n / total
    return f"{'r' if right else 'w'}{int(np.clip(np.ceil(share * SHADES), 1, SHADES)) if right else min(SHADES, 1 + int(share * 20))}"


def confused_pairs(found: Findings) -> str:
    """The pairs of classes that are confused most often: for so many classes that no matrix has room."""
    wrong = found.examination.counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    pairs = [(int(place) // len(wrong), int(place) % len(wrong)) for place in order]
    rows = [(found.class_name(k), found.class_name(answer), f"{wrong[k, answer]:,}") for k, answer in pairs if wrong[k, answer]]
    caption = f"The pairs of {len(wrong)} classes that are confused most often"
    return f'<div class="scroll">{table(("True class", "Answer", "Times"), rows, (False, False, True), caption)}</div>'


def class_figures(found: Findings) -> str:
    """Precision, recall and what a class is mistaken for, as a table and as bars."""
    seen, masks = found.examination, found.examination.kind == "mask"
    figures = per_class(seen.counts)
    rows = []
    for k, each in enumerate(figures):
        other = seen.mistaken_for(k)
        combined = seen.class_iou(k) if masks else each.f1
        rows.append(
            (
                seen.classes[k],
                f"{each.labels:,}",
                *(figure("accuracy", value) for value in (each.precision, each.recall, combined)),
                "-" if other is None else f"{seen.classes[other[0]]}, {other[1]:,} times",
            )
        )
    head = ("Class", "Pixels" if masks else "Images", "Precision", "Recall", "IoU" if masks else "F1", "Most often taken for")
    text = f'<div class="scroll">{table(head, rows, (False, True, True, True, True, False))}</div>'
    if not 1 < len(rows) <= MOST_CLASSES:
        return text
    bars = (
        Bars("precision", seen.classes, [100 * (each.precision or 0) for each in figures]),
        Bars("recall", seen.classes, [100 * (each.recall or 0) for each in figures]),
    )
    return f"{text}<figure>{svg(Chart('Precision and recall', bars, y_label='%', y_range=(0, 100)), 640)}</figure>"


def _objects(found: Findings) -> str:
    """Average precision of each class of objects."""
    precisions = found.examination.precisions
    names = [found.class_name(each.label) for each in precisions]
    rows = [
        (name, f"{each.objects:,}", figure("mean_average_precision", each.average_precision))
        for name, each in zip(names, precisions, strict=True)
    ]
    text = f'<div class="scroll">{table(("Class", "Objects", "Average precision"), rows, (False, True, True))}</div>'
    if len(rows) > MOST_CLASSES:
        return text
    bars = Bars("average precision", names, [100 * each.average_precision for each in precisions])
    return f"{text}<figure>{svg(Chart('Average precision', (bars,), y_label='%', y_range=(0, 100)), 640)}</figure>"
