"""pyproject.toml lists the packages by hand; the list is the folders."""

import sys
from pathlib import Path

import pytest

import minicnn

ROOT = Path(__file__).parents[1]
FOLDERS = {"minicnn": "minicnn", "cli": "minicnn.cli", "datasets": "minicnn.datasets"}


@pytest.fixture(scope="module")
def project():
    if sys.version_info < (3, 11):
        pytest.skip("tomllib came with Python 3.11")
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def packages_on_disk():
    for folder, package in FOLDERS.items():
        for path in [ROOT / folder, *(ROOT / folder).rglob("*")]:
            if path.is_dir() and any(path.glob("*.py")):
                yield ".".join([package, *path.relative_to(ROOT / folder).parts])


def test_every_package_is_listed(project):
    assert sorted(project["tool"]["setuptools"]["packages"]) == sorted(packages_on_disk())


def test_every_package_has_its_front_door():
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), path.parent


def test_cli_and_datasets_live_within_minicnn(project):
    assert project["tool"]["setuptools"]["package-dir"] == {"minicnn.cli": "cli", "minicnn.datasets": "datasets"}
    assert project["project"]["scripts"] == {"minicnn": "minicnn.cli.main:main"}


def test_the_version_is_written_twice_and_is_the_same(project):
    assert project["project"]["version"] == minicnn.__version__
