"""The kernels: convolution in every variant, pooling, and what else networks are made of, as functions of arrays.

    from minicnn import kernels
    y = kernels.conv2d(x, weight, bias, stride=2, padding="same")

Names are loaded when first used.  `kernels.textbook` holds the same operations as plain loops to read and to call from compiled code.
"""

from __future__ import annotations

import importlib
from typing import Any

_CONVOLUTION = [f"conv{n}d{part}" for n in (1, 2, 3) for part in ("", "_backward_input", "_backward_weight")]

_HOMES = {name: "minicnn.kernels.convolution" for name in _CONVOLUTION}

__all__ = ["textbook", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "textbook":
        return importlib.import_module("minicnn.kernels.textbook")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'minicnn.kernels' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
