"""Faults on purpose, one of each kind: whether the count notices them."""

from __future__ import annotations

import ctypes
import faulthandler
import time

from .campaign import CRASH, HANG, KINDS, WRONG, Fault, Trials

WAYS = (*KINDS, "deaf")


def trials(seed: int) -> Trials:
    """Two trials that go right, then one that does not: by turns a crash, a hang, a wrong number, a traceback, and a hang that the
    process's own watchdog does not end.
    """
    yield None
    yield None
    way = WAYS[seed % len(WAYS)]
    if way == CRASH:
        ctypes.string_at(0)
    elif way == HANG:
        time.sleep(600)
    elif way == WRONG:
        yield Fault(WRONG, "2 + 2 is 5")
    elif way == "deaf":
        faulthandler.cancel_dump_traceback_later()
        time.sleep(600)
    else:
        raise ArithmeticError("2 + 2 is 5")
