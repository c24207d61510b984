"""A forked child that does one thing and ends, and what became of it."""

from __future__ import annotations

import faulthandler
import os
import signal
import traceback
from collections.abc import Callable

from .campaign import CRASH, HANG, TRACEBACK, WRONG, Fault

RIGHT, OTHER, RAISED = 0, 3, 4
ENDINGS = {1: HANG, OTHER: WRONG, RAISED: TRACEBACK}  # by exit status; 1 is the watchdog's
MOST_LETTERS = 300  # of what was raised


def in_child(where: str, check: Callable[[], bool], seconds: float) -> Fault | None:
    """Fork; whether the child found `check` to be true, in time."""
    faulthandler.cancel_dump_traceback_later()  # the child would wait for ever for this process's watchdog, which it has not
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        faulthandler.dump_traceback_later(seconds, exit=True)
        status = RAISED
        try:
            status = RIGHT if check() else OTHER
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {str(error)[:MOST_LETTERS]}".encode(errors="replace"))
            traceback.print_exc()
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = os.read(reader, 4 * MOST_LETTERS).decode() if status == RAISED else f"exit status {status}"
    os.close(reader)
    os.close(writer)
    if status < 0:
        return Fault(CRASH, f"{where}: {signal.Signals(-status).name}")
    return Fault(ENDINGS.get(status, CRASH), f"{where}: {said}") if status else None
