"""Where the folders cli and datasets are found; everything else about the package is in pyproject.toml."""

from pathlib import Path

from setuptools import setup

FOLDERS = {"minicnn.cli": "cli", "minicnn.datasets": "datasets"}

# Through the links minicnn/cli and minicnn/datasets, where the checkout has them: an editable install is then a plain path to this
# folder, which type checkers follow, and not an import hook, which they do not.  Archives and some Windows checkouts have no links.
linked = all((Path(__file__).parent / package.replace(".", "/")).is_dir() for package in FOLDERS)
setup(package_dir={"": "."} if linked else FOLDERS)
