"""A step of the ladder, on any machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Rung(NamedTuple):
    """One step of the ladder.

    idea : what is new
    call : computes the layer, or `share` of it, and returns its part of y (N, K, P, Q), or None
    """

    name: str
    idea: str
    call: Callable[[], Any]
    share: float = 1.0
    batches: int = 1
