"""A trace that shows itself: at a prompt, in a notebook, in a note, in a paper."""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.tracing.record import Traced
from minicnn.tracing.text import as_html, as_latex, as_markdown, as_text


@dataclass(frozen=True, repr=False)
class TraceTable(Traced):
    """One number, every product; its repr is the table."""

    def to_markdown(self) -> str:
        """Headings and tables for a note or a notebook; every step."""
        return as_markdown(self)

    def to_latex(self) -> str:
        """A plain tabular for every sum; no package is needed."""
        return as_latex(self)

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)
