"""A checkout works where it lies: not installed, or with an installed minicnn that its own folder hides."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = [str(ROOT / "datasets" / "__init__.py"), str(ROOT / "cli" / "__init__.py")]
LINKS = {"minicnn": ("cli", "datasets")}  # of a checkout
WHERE = "from minicnn import datasets, cli; from minicnn.datasets import load; print(datasets.__file__); print(cli.__file__)"


def python(folder, *arguments, path=()):
    """Run Python in a folder, with `path` before all else that is installed, and no hooks that find an editable minicnn."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, path), *filter(None, sys.path)]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-S", *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(out):
    """The files that a program printed, where they really lie: a checkout may link to them."""
    return [str(Path(line).resolve()) for line in out.split()]


def test_a_checkout_without_links_that_is_not_installed(installed, tmp_path):
    """As on Windows: what lies beside `minicnn` belongs to it."""
    for name in ("cli", "datasets"):
        shutil.move(installed / "minicnn" / name, installed / name)
    try:
        assert python(installed, "-c", WHERE).split() == [str(installed / name / "__init__.py") for name in ("datasets", "cli")]
    finally:
        for name in ("cli", "datasets"):
            shutil.move(installed / name, installed / "minicnn" / name)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with minicnn as `pip install` puts it there."""
    folder = tmp_path_factory.mktemp("site-packages")
    for source, target in (("minicnn", "minicnn"), ("cli", "minicnn/cli"), ("datasets", "minicnn/datasets")):
        shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__", *LINKS.get(source, ())))
    return folder


def test_a_checkout_that_is_not_installed():
    assert files(python(ROOT, "-c", WHERE)) == OURS
    assert python(ROOT, "-m", "minicnn", "--version").startswith("minicnn, version")


def test_a_checkout_beside_an_installed_minicnn(installed):
    assert files(python(ROOT, "-c", WHERE, path=[installed])) == OURS


def test_pytest_as_a_module_in_a_checkout():
    out = python(ROOT, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/datasets/test_catalog.py", "tests/cli/test_draw.py")
    assert " passed" in out


def test_an_installed_minicnn_looks_nowhere_else(installed, tmp_path):
    (installed / "datasets").mkdir()  # of somebody else
    (installed / "datasets" / "catalog.py").write_text("")
    assert python(tmp_path, "-c", f"{WHERE}; import minicnn; print(len(minicnn.__path__))", path=[installed]).split() == [
        str(installed / "minicnn" / "datasets" / "__init__.py"),
        str(installed / "minicnn" / "cli" / "__init__.py"),
        "1",
    ]
