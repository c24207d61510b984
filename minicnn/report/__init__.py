"""A run as one page of HTML: what was trained and how, how well it answers, what it gets wrong, and what it looks for.

    folder = RunFolder.open("runs/lenet-digits-1")
    text = page(gather(folder, datasets.load("digits", "test")))

`gather` computes, `page` writes.  The page holds everything it shows; it loads nothing and runs no script.
"""

from minicnn.report.findings import Findings, gather
from minicnn.report.page import page

__all__ = ["Findings", "gather", "page"]
