"""The result of training: a record for each epoch, the best of them, and all of it as a table."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from minicnn.train.records import EpochRecord, EvaluationRecord

HEADINGS = ("Epoch", "Train loss", "accuracy")


def is_better(record: EpochRecord, best: EpochRecord | None) -> bool:
    """Whether an epoch is better: more correct answers, or as many with a lower loss."""
    return best is None or (record.metrics["accuracy"], -record.loss) > (best.metrics["accuracy"], -best.loss)


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
        """The epoch with the most correct answers on the watched images, then the lowest loss; None before the first."""
        best = None
        for record in self.records:
            best = record if is_better(record, best) else best
        return best

    def rows(self) -> list[tuple[str, ...]]:
        """The table: headings, then an epoch a row; a star marks the best."""
        watched = () if self.watched == "train" else (f"{self.watched.capitalize()} loss", "accuracy")
        best, rows = self.best, [(*HEADINGS, *watched, "Seconds")]
        for record in self.records:
            more = (f"{record.loss:.4f}", _share(record.metrics["accuracy"])) if watched else ()
            train = (f"{record.train_loss:.4f}", _share(record.train_accuracy))
            rows.append((f"{record.epoch}{'*' * (record is best)}", *train, *more, f"{record.seconds:.2f}"))
        return rows

    def __repr__(self) -> str:
        if not self.records:
            return "no epoch was trained to its end"
        rows = self.rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], *self._outcome()])

    def _repr_html_(self) -> str:
        """The same as HTML, for a notebook."""
        head, *body = self.rows() if self.records else [("no epoch was trained to its end",)]
        cells = ["".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row) for tag, row in [("th", head), *(("td", row) for row in body)]]
        below = "".join(f"<p>{escape(line)}</p>" for line in self._outcome())
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>{below}"

    def _outcome(self) -> list[str]:
        test = [] if self.test is None else [f"test accuracy {_share(self.test.accuracy)}, loss {self.test.loss:.4f}"]
        return test if self.warning is None else [*test, self.warning]


def _share(share: float) -> str:
    return f"{100 * share:.2f} %"
