"""Examples in docstrings do what they show."""

import ast
import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest

import minicnn

ROOT = Path(__file__).parents[1]


def modules():
    """Modules that have an example in a docstring, by their text: nothing is imported for it."""
    for folder in ("minicnn", "datasets"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8") if ">>> " in path.read_text(encoding="utf-8") else ""
            kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
            if any(">>> " in (ast.get_docstring(each) or "") for each in ast.walk(ast.parse(text)) if isinstance(each, kinds)):
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                yield name if folder == "minicnn" else f"minicnn.{name}"


@pytest.mark.parametrize("name", list(modules()))
def test_examples_in_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    known = {"np": np, "minicnn": minicnn, "L": minicnn.layers, "kernels": minicnn.kernels, "datasets": minicnn.datasets}
    found = doctest.testmod(module, extraglobs=known)
    assert found.attempted
    assert not found.failed
