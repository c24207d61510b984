"""What compiled code asks of the system and of Python: locks that threads sleep on, the time, and whether a signal has come.

Addresses are those of this process, so they are passed to compiled code, which is kept on disk, in fields of its own.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from ctypes import pythonapi

from minicnn.kernels.cpu.program.atomics import call_c, exchange, integers_at
from minicnn.kernels.machine_code.compile import kernel

POLL_MILLISECONDS = 20  # from one look for signals to the next, which takes Python's own lock
LONGEST_PAUSE = 64  # steps without a look at the clock, while steps take much less than a millisecond


def _address(function: object) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def addresses() -> dict[str, int]:
    """The C functions by the names of the fields that hold them."""
    python = {
        "acquire_lock": "PyThread_acquire_lock",
        "release_lock": "PyThread_release_lock",
        "enter_python": "PyGILState_Ensure",
        "leave_python": "PyGILState_Release",
        "check_signals": "PyErr_CheckSignals",
        "fetch_exception": "PyErr_Fetch",
    }
    found = {field: _address(getattr(pythonapi, name)) for field, name in python.items()}
    if sys.platform == "win32":
        kernel32 = ctypes.windll.kernel32
        return found | {
            "yield_processor": _address(kernel32.SwitchToThread),
            "clock_number": -1,
            "read_clock": _address(kernel32.QueryUnbiasedInterruptTime),
        }
    library = ctypes.CDLL(None)
    return found | {
        "yield_processor": _address(library.sched_yield),
        "clock_number": time.CLOCK_MONOTONIC,
        "read_clock": _address(library.clock_gettime),
    }


def new_lock() -> int:
    """Address of a lock of Python's own, closed, which compiled code takes and opens without holding anything else; lives for ever."""
    pythonapi.PyThread_allocate_lock.restype = ctypes.c_void_p
    pythonapi.PyThread_acquire_lock.argtypes = (ctypes.c_void_p, ctypes.c_int)
    lock = pythonapi.PyThread_allocate_lock()
    if not lock:
        raise MemoryError("the system has no lock to give")
    pythonapi.PyThread_acquire_lock(lock, 0)
    return int(lock)


def hears_signals() -> bool:
    """Whether this thread is the one in which Python runs the handlers of signals."""
    return threading.get_ident() == threading.main_thread().ident


def raise_fetched(kind: int, value: int, trace: int) -> None:
    """Raise the exception that `signal_raised` left."""
    pythonapi.PyErr_Restore.argtypes = (ctypes.c_void_p,) * 3
    pythonapi.PyErr_Restore.restype = None
    pythonapi.PyErr_Restore(kind or None, value or None, trace or None)


@kernel
def milliseconds(run):
    """Time since some moment."""
    clock = integers_at(run.clock)
    if run.clock_number < 0:
        call_c(run.read_clock, run.clock, 0, 0)
        return clock[0] // 10_000
    call_c(run.read_clock, run.clock_number, run.clock, 0)
    return clock[0] * 1000 + clock[1] // 1_000_000


@kernel
def begin_listening(run):
    """Note the time, from which `signal_raised` counts."""
    run.looked = run.listened = milliseconds(run)
    run.pause = run.paused = 0


@kernel
def signal_raised(run):
    """Let Python run the handlers of signals that came, now and then; whether one raised an exception, kept in `run.exception`.

    Called between steps by the thread that hears signals.  While steps are short, most calls return without looking at the clock.
    """
    run.paused += 1
    if run.paused <= run.pause:
        return False
    run.paused = 0
    now = milliseconds(run)
    run.pause = min(2 * run.pause + 1, LONGEST_PAUSE) if now == run.looked else 0
    run.looked = now
    if now - run.listened < POLL_MILLISECONDS:
        return False
    run.listened = now
    state = call_c(run.enter_python, 0, 0, 0)
    raised = call_c(run.check_signals, 0, 0, 0) & 0xFFFFFFFF != 0  # a C int: what the upper half of the register holds is unspecified
    if raised:
        call_c(run.fetch_exception, run.exception, run.exception + 8, run.exception + 16)
    call_c(run.leave_python, state, 0, 0)
    return raised


@kernel
def sleep(run, lock):
    """Wait until another thread opens this lock, and close it again."""
    call_c(run.acquire_lock, lock, 1, 0)


@kernel
def wake(run, wakeups, place, asleep, lock):
    """Open the lock of a thread that sleeps or is about to."""
    if exchange(wakeups, place + asleep, 0) == 1:
        call_c(run.release_lock, wakeups[place + lock], 0, 0)
