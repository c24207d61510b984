"""Tables of a network with layers in several places: counted once, and said so, in every form."""

import csv
import io
import re

import pytest
from rich.console import Console

from minicnn.cli.render.comparison import print_comparison
from minicnn.cli.render.summary import print_summary
from minicnn.cli.render.summary_text import as_csv, as_latex, as_markdown
from minicnn.graph import Topology, fold, summarize
from minicnn.layers import Conv2D, Flatten, Linear, ReLU, Sequential


@pytest.fixture
def shared():
    """A summary with a convolution and a linear layer in two places each."""
    conv, dense = Conv2D(4, 3, padding=1), Linear(6)
    return summarize(Topology.build(Sequential(conv, ReLU(), conv, Flatten(), Linear(6), ReLU(), dense, dense), (4, 5, 5)), "twice")


def test_shared_layers_are_counted_once_in_every_form(shared):
    total = 148 + 606 + 42
    assert shared.totals.params == total
    rows = list(csv.DictReader(io.StringIO(as_csv([shared]))))
    assert sum(int(row["params"]) for row in rows) == total
    assert [(row["name"], row["params"], row["params_formula"], row["shared_with"]) for row in rows if row["shared_with"]] == [
        ("conv2", "0", "", "conv1"),
        ("fc3", "0", "", "fc2"),
    ]
    for text in (as_markdown([shared]), as_latex([shared])):
        assert f"{total:,}" in text
        assert text.count("shared with conv1") == text.count("shared with fc2") == 1


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_shared_layers_on_a_terminal(shared, columns):
    out = io.StringIO()
    print_summary(Console(file=out, width=columns), shared, "a test")
    text = " ".join(out.getvalue().split())
    assert "8 layers, 3 of them with parameters, 2 sharing them" in text
    assert text.count("shared with conv1") == text.count("shared with fc2") == 1
    assert "total 796" in text


def test_shared_layers_beside_a_network_with_its_own(shared):
    out = io.StringIO()
    print_comparison(Console(file=out, width=80), [shared, fold(shared, 0)])
    assert re.search(r"Parameters +796 +796\n", out.getvalue())
    assert re.search(r"convolution +148 +148\n", out.getvalue())
