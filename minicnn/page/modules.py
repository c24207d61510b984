"""The two modules that come with the package, and what they were made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import minicnn

MODULES = ("textbook", "engine")
SOURCES = ("kernels/textbook", "kernels/cpu", "kernels/derive/lanes", "kernels/machine_code", "page/build")


def path(name: str) -> Path:
    """Where a module lies: "textbook" or "engine"."""
    return Path(__file__).parent / "data" / f"{name}.wasm"


def source_stamp() -> str:
    """One hash over the sources that modules are compiled from; `build.link.stamp_of` reads a module's."""
    root, digest = Path(minicnn.__file__).parent, hashlib.sha256()
    for folder in SOURCES:
        for each in sorted((root / folder).rglob("*.py")):
            digest.update(each.relative_to(root).as_posix().encode() + b"\0" + each.read_bytes())
    return digest.hexdigest()
