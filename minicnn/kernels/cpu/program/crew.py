"""The threads that run programs: one that calls, and workers that wait for it inside compiled code.

A run is one compiled call: it invites the workers, takes part, waits until all have left, and returns.  Nothing of Python runs in
between, so no exception can free memory that a worker still uses, and a worker holds nothing of a call that is over.

A worker that was invited joins as soon as it is awake, unless the run has ended by then.  It listens for a while before it sleeps, for the
system takes longer to wake a thread than a small run takes.
"""

from __future__ import annotations

import os
import threading

import numpy as np
from numba import carray

from minicnn.errors import DeviceError, ShapeError
from minicnn.kernels.cpu.program import interpreter
from minicnn.kernels.cpu.program.atomics import exchange, fetch_add, integers_at, pause, read_shared
from minicnn.kernels.cpu.program.executor import COUNTERS, FAULT, LAST, LEFT, RUN, STOP, ZERO, Layout, execute, wait_a_little
from minicnn.kernels.cpu.program.program import FinishedProgram
from minicnn.kernels.machine_code.compile import kernel
from minicnn.kernels.machine_code.records import FRAME_FIELDS
from minicnn.locks import new_lock, refuse_holder
from minicnn.processors import MOST

LISTENING = 8000  # turns of waiting for the next run, about 100 microseconds

# fields of a worker's wakeup, which fills a cache line
INVITED, ASLEEP, LOCK = 0, 1, 2
WAKEUP = 8

FINISHED, RAISED, FAILED = 0, 1, 2  # how a run ended


@kernel
def serve(run, wakeups, number):
    """A worker's life: wait for an invitation, take part, wait for the next.  Number 0 is nobody and returns at once."""
    place, counters = WAKEUP * number, carray(integers_at(run[0].counters), (COUNTERS,))
    while number:
        for _ in range(LISTENING):
            if read_shared(wakeups, place + INVITED):
                break
            pause()
        else:
            exchange(wakeups, place + ASLEEP, 1)
            # invited just now?  Then nobody will open the lock, unless who invited has seen this thread asleep
            if not read_shared(wakeups, place + INVITED) or exchange(wakeups, place + ASLEEP, 0) == 0:
                interpreter.sleep(run[0], wakeups[place + LOCK])
        if exchange(wakeups, place + INVITED, 0):
            execute(run[0], number)
            fetch_add(counters, LEFT, 1)


@kernel
def lead(runs, wakeups, memory, parameters, table, steps, phases, jobs, addresses, sizes, finished):
    """Run all batches of `jobs` with workers 1 to threads - 1, and return how it ended when all of them have left."""
    run = runs[0]
    run.memory, run.parameters, run.table, run.steps = memory.ctypes.data, parameters.ctypes.data, table.ctypes.data, steps.ctypes.data
    run.phases, run.phase_count = phases.ctypes.data, len(phases)
    run.jobs, run.batch_count = jobs.ctypes.data, len(jobs)
    run.addresses, run.address_count = addresses.ctypes.data, len(addresses)
    run.shard, run.slots, run.arena_begin, run.arena_size, run.slot_begin, run.slot_size, run.per_shard = sizes[:7]
    run.own_first, run.own_stop, threads, run.whole_batches, run.hears_signals = sizes[7:]
    counters = carray(integers_at(run.counters), (COUNTERS,))
    counters[:] = 0
    counters[LAST] = run.batch_count
    finished[0] = 0
    if run.hears_signals:
        interpreter.begin_listening(run)
    for place in range(WAKEUP, WAKEUP * threads, WAKEUP):
        exchange(wakeups, place + INVITED, 1)
        interpreter.wake(run, wakeups, place, ASLEEP, LOCK)
    execute(run, ZERO)
    for place in range(WAKEUP, WAKEUP * threads, WAKEUP):
        if exchange(wakeups, place + INVITED, 0):
            fetch_add(counters, LEFT, 1)
    spins = 0
    while read_shared(counters, LEFT) < threads - 1:  # whatever happened: nobody may be inside any more
        spins = wait_a_little(run, spins)
    if counters[FAULT]:
        return FAILED
    if counters[STOP]:
        return RAISED
    finished[0] = min(counters[LAST] + 1, run.batch_count)
    return FINISHED if counters[LAST] == run.batch_count else RAISED


class Crew:
    """The workers of this process with the memory they share; one run at a time."""

    def __init__(self) -> None:
        self.lock = new_lock()
        self.size = 1  # threads that can take part, the caller's among them
        self.wakeups = np.zeros(WAKEUP * MOST, np.int64)
        self.counters = np.zeros(COUNTERS, np.int64)
        self.exception = np.zeros(3, np.int64)
        self.finished = np.zeros(1, np.int64)
        self._clock = np.zeros(2, np.int64)
        self._frames = np.zeros((MOST, FRAME_FIELDS), np.int64)
        self.run = np.zeros(1, RUN)
        own = {"counters": self.counters, "exception": self.exception, "clock": self._clock, "frames": self._frames}
        for field, value in {**interpreter.addresses(), **{name: array.ctypes.data for name, array in own.items()}}.items():
            self.run[field] = value
        serve(self.run, self.wakeups, 0)  # compiles, so that an error shows here rather than in a thread

    def grow(self, threads: int) -> None:
        """Start the workers that a run of so many threads needs and that are not there yet."""
        while self.size < threads:
            if not self.wakeups[WAKEUP * self.size + LOCK]:  # else an exception came while this worker was made
                self.wakeups[WAKEUP * self.size + LOCK] = interpreter.new_lock()
            arguments = (self.run, self.wakeups, self.size)
            try:
                threading.Thread(target=serve, args=arguments, name=f"minicnn-{self.size}", daemon=True).start()
            except RuntimeError as error:
                raise DeviceError(
                    f"the system gives this process no thread beside the {self.size} that compute\n  use minicnn.set_threads({self.size})"
                ) from error
            self.size += 1

    def abandon(self) -> None:
        """In a forked process: end the run that this thread is in the middle of, if any; its workers are not there."""
        self.counters[STOP], self.counters[LEFT] = 1, MOST


_crew: Crew | None = None
_making = new_lock()


def run(
    threads: int,
    program: FinishedProgram,
    memory: np.ndarray,
    parameters: np.ndarray,
    jobs: np.ndarray,
    addresses: np.ndarray,
    layout: Layout,
    finished: np.ndarray | None = None,
    whole_batches: bool = False,
) -> None:
    """Run all batches of `jobs` on `threads` threads, this one among them; return when the last is done.

    Parameters
    ----------
    finished : (1,) int64, written
        How many batches are done, also where an exception ends the run.
    whole_batches : bool
        Let a signal end the run between batches only.

    Raises
    ------
    ShapeError
        If values lead a user's loop out of an array.
    DeviceError
        If a step fails, as for want of memory, or if a handler of a signal computes in the middle of a run.
    """
    crew = _the_crew()
    refuse_holder(crew.lock)
    with crew.lock:
        crew.grow(threads)
        how = lead(
            crew.run,
            crew.wakeups,
            memory,
            parameters,
            program.table,
            program.steps,
            program.phases,
            jobs,
            addresses,
            (*layout, threads, int(whole_batches), int(interpreter.hears_signals())),
            crew.finished if finished is None else finished,
        )
        if how == RAISED and crew is _crew:
            interpreter.raise_fetched(*(int(address) for address in crew.exception))
        if how == RAISED:
            raise DeviceError("this process was forked in the middle of a computation, and cannot go on with it")
        if how == FAILED:
            failed = int(crew.counters[FAULT]) - 1
            if failed in program.faults:
                raise ShapeError(program.faults[failed])
            raise DeviceError(
                f"the step {program.names[failed]} failed: there is no memory left for what it needs"
                f"\n  use fewer images at a time, or fewer threads"
            )


def _the_crew() -> Crew:
    global _crew
    if _crew is None:
        with _making:
            _crew = _crew or Crew()
    return _crew


def _begin_anew() -> None:
    """A forked process has none of the workers."""
    global _crew
    if _crew is not None:
        _crew.abandon()
        _crew = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
