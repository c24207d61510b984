"""Faults on purpose, one of each kind: whether the count notices them."""

from __future__ import annotations

import ctypes
import time

from .campaign import CRASH, HANG, KINDS, WRONG, Fault, Trials


def trials(seed: int) -> Trials:
    """Two trials that go right, then one that does not: a crash, a hang, a wrong number or a traceback, by turns."""
    yield None
    yield None
    kind = KINDS[seed % len(KINDS)]
    if kind == CRASH:
        ctypes.string_at(0)
    elif kind == HANG:
        time.sleep(600)
    elif kind == WRONG:
        yield Fault(WRONG, "2 + 2 is 5")
    else:
        raise ArithmeticError("2 + 2 is 5")
