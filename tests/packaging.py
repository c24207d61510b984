"""This project's files and what the build backend makes of them, with the setuptools that is installed and no network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MADE = (".git", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis", ".venv", "runs")


def copied(source: Path, folder: Path) -> Path:
    """A copy of a project without anything made from it, links as links."""
    made = shutil.ignore_patterns(*MADE)

    def left_out(where: str, names: list[str]) -> set[str]:
        return set(made(where, names)) | ({"build", "dist"} & set(names) if Path(where) == source else set())

    return Path(shutil.copytree(source, folder, symlinks=True, ignore=left_out))


def build(source: Path, what: str, out: Path) -> Path:
    """Let the build backend make an "sdist", a "wheel" or an "editable" of a project, and return the file."""
    program = f"from setuptools import build_meta; print(build_meta.build_{what}({str(out)!r}))"
    told = subprocess.run([sys.executable, "-c", program], cwd=source, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return out / told.stdout.splitlines()[-1]
