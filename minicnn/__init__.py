"""minicnn: convolutional networks as explicit loops, compiled with Numba.

Names are loaded when first used, so that `import minicnn` costs nothing and a summary never starts the compiler.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

__version__ = "0.1.0"

_HOMES = {"Graph": "minicnn.network", "load": "minicnn.network", "Trainer": "minicnn.train", "set_threads": "minicnn.processors",
          "threads": "minicnn.processors"}
_MODULES = ("bench", "datasets", "engine", "errors", "geometry", "graph", "kernels", "laws", "layers", "losses", "optimizers", "train",
            "zoo")

_HERE = os.path.dirname(os.path.abspath(__file__))
if not os.path.isdir(os.path.join(_HERE, "datasets")) and os.path.isfile(os.path.join(_HERE, "..", "datasets", "catalog.py")):
    __path__.append(os.path.dirname(_HERE))   # in a checkout minicnn.cli and minicnn.datasets lie beside minicnn, not within

__all__ = ["Graph", "Trainer", "__version__", "load", "set_threads", "threads", *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"minicnn.{name}")
    raise AttributeError(f"module 'minicnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
