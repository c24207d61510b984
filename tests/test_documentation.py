"""The documentation builds, its pages are in the table of contents, and nothing in it asks a network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import minicnn
from minicnn.cli.main import VERBS

ROOT = Path(__file__).parents[1]
ASKED = re.compile(r"""<(?:script|img|iframe|link(?![^>]*rel="?canonical))[^>]*(?:src|href)="?(https?:|//)""")  # without a click

MADE = {"AddInputs", "ConcatChannels", "GateInputs", "MultiplyInputs", "Cost", "ParameterSpec"}  # what blocks and layers are made of


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """What `mkdocs build --strict` makes; a warning is an error."""
    pytest.importorskip("mkdocs", reason="the documentation's tools (the extra 'docs') are not installed")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_fetched(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    assert {page.name: found[0] for page in pages if (found := ASKED.search(page.read_text(encoding="utf-8")))} == {}
    styles = [path for path in site.rglob("*.css") if re.search(r"url\(\"?(https?:|//)", path.read_text(encoding="utf-8"))]
    assert styles == []


def test_every_verb_is_described(site):
    text = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    assert [verb for verb in VERBS if f'id="{verb}"' not in text and f">{verb}<" not in text] == []


def test_public_names_are_in_the_reference(site):
    text = "".join(path.read_text(encoding="utf-8") for path in (site / "reference").glob("*.html"))
    functions = [name for name in minicnn.kernels.__all__ if name not in ("textbook", "image_kernels")]
    known = {name: getattr(minicnn.layers, name) for name in dir(minicnn.layers)}
    layers = [name for name, value in known.items() if isinstance(value, type) and name not in MADE]
    missing = [name for name in (*functions, *layers) if f'.{name}"' not in text]
    assert missing == []


def test_examples_are_code(site):
    text = (site / "reference" / "kernels.html").read_text(encoding="utf-8")
    assert "<blockquote>" not in text


def test_the_version_is_the_same_everywhere():
    assert f"version: {minicnn.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
