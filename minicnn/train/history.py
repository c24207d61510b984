"""The result of training: a record for each epoch, the best of them, and all of it as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicnn.markup import shown, table
from minicnn.metrics import figure, words
from minicnn.train.records import EpochRecord, EvaluationRecord

if TYPE_CHECKING:
    from minicnn.charts import Chart

CURVE_WIDTH = 380  # of a curve in a notebook


def is_better(record: EpochRecord, best: EpochRecord | None) -> bool:
    """Whether an epoch is better: by its first metric, as by more correct answers, or as good with a lower loss."""
    return best is None or (record.quality, -record.loss) > (best.quality, -best.loss)


@dataclass(frozen=True, repr=False)
class History:
    """The epochs of one `Trainer.fit`.

    records : one an epoch
    watched : "validation", "test" or "train": the images that `loss` and `metrics` of a record were measured on
    test : the test images at the end, with the weights the network now has; None without test images
    warning : what to try if the network has not learnt, or stopped learning early, in one line; None if all is well
    """

    records: tuple[EpochRecord, ...]
    watched: str
    test: EvaluationRecord | None = None
    warning: str | None = None

    @property
    def best(self) -> EpochRecord | None:
        """The epoch that is best on the watched images by the first metric, then by the loss; None before the first."""
        best = None
        for record in self.records:
            best = record if is_better(record, best) else best
        return best

    def rows(self) -> list[tuple[str, ...]]:
        """The table: headings, then an epoch a row; a star marks the best."""
        best, metric = self.best, next((name for record in self.records for name in record.metrics), "")
        right = any(record.train_accuracy is not None for record in self.records)
        figures = (f"{self.watched.capitalize()} loss", *([words(metric)] if metric else []))
        rows = [("Epoch", "Train loss", *["accuracy"] * right, *(figures if self.watched != "train" else ()), "Seconds")]
        for record in self.records:
            train = (f"{record.train_loss:.4f}", *[figure("accuracy", record.train_accuracy)] * right)
            more = (f"{record.loss:.4f}", *([figure(metric, record.metrics[metric])] if metric else []))
            own = more if self.watched != "train" else ()
            rows.append((f"{record.epoch}{'*' * (record is best)}", *train, *own, f"{record.seconds:.2f}"))
        return rows

    def __repr__(self) -> str:
        if not self.records:
            return "no epoch was trained to its end"
        rows = self.rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], *self._outcome()])

    def charts(self) -> list[Chart]:
        """The curves of loss and first metric over the epochs, as `minicnn.charts` draws them."""
        from minicnn.train.curves import charts

        metric = next((name for record in self.records for name in record.metrics), "")
        losses = {"training": [record.train_loss for record in self.records]}
        figures: dict[str, list[float]] = {}
        if metric == "accuracy":
            figures["training"] = [_number(record.train_accuracy) for record in self.records]
        if self.watched != "train":
            losses[self.watched] = [record.loss for record in self.records]
            figures[self.watched] = [_number(record.metrics.get(metric)) for record in self.records]
        return charts([record.epoch for record in self.records], losses, metric, figures)

    def _repr_html_(self) -> str:
        """Curves and table as HTML, for a notebook."""
        from minicnn.charts import svg

        if not self.records:
            return f"<p>{shown(repr(self))}</p>"
        head, *body = self.rows()
        curves = "".join(svg(chart, CURVE_WIDTH) for chart in self.charts()) if len(self.records) > 1 else ""
        below = "".join(f"<p>{shown(line)}</p>" for line in self._outcome())
        return f'<div style="display:flex;flex-wrap:wrap;gap:8px;align-items:flex-end">{curves}</div>{table(head, body, (True,) * len(head))}{below}'

    def _outcome(self) -> list[str]:
        figures = [] if self.test is None else [f"{words(name)} {figure(name, value)}" for name, value in self.test.metrics.items()]
        test = [] if self.test is None else [f"test {', '.join([*figures, f'loss {self.test.loss:.4f}'])}"]
        return test if self.warning is None else [*test, self.warning]


def _number(value: float | None) -> float:
    return math.nan if value is None else value
