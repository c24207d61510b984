"""Run a program on several threads: inside one compiled call that holds no Python lock, batch after batch.

Tasks are numbered in the order batch, phase, task.  A thread draws the next number, waits until all tasks of earlier phases are done,
and runs it.  No task waits for a thread to start, so a slow one costs nothing but its share of the work.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np

from minicnn.kernels.compile import kernel
from minicnn.kernels.cpu.atomics import call_step, call_without_arguments, fetch_add, pause, read_shared, yield_address
from minicnn.kernels.cpu.program import (
    ACCUMULATE,
    ARENA,
    BATCH,
    COUNT,
    FIRST,
    FRAME_FIELDS,
    KEY,
    LABELS,
    ORDER,
    OUTPUT,
    PART,
    PARTS,
    RATES,
    SHARDS,
    SLICES,
    SLOT,
    STATISTICS,
    STEP_FIELDS,
)

NEXT, DONE, LEFT = 0, 8, 9   # counters: the tasks drawn, on a cache line of its own; the tasks done, and the threads that are through
BELLS, BELL = 1024, 8        # one for each worker, and elements from one to the next: a cache line
LISTENING = 8000             # turns of waiting for the next run, about 100 microseconds
SPINS = 4000                 # about 50 microseconds of waiting before the processor is given away

# columns of a job: one row a batch
JOB_KEY, JOB_ORDER, JOB_IMAGES, JOB_STATISTICS, JOB_RATES, JOB_OUTPUT = range(6)
JOB_FIELDS = 8


class Layout(NamedTuple):
    """Where a program's stretches of memory begin, in elements, and how many there are."""

    shard: int           # images of a shard
    slots: int
    arena_begin: int
    arena_size: int
    slot_begin: int
    slot_size: int
    per_shard: int       # 1 where arenas belong to shards, because their content must outlive a phase; else 0


@kernel
def _wait(counters, which, goal, yield_function):
    spins = 0
    while read_shared(counters, which) < goal:
        pause()
        spins += 1
        if spins > SPINS:
            call_without_arguments(yield_function)


@kernel
def execute(memory, parameters, table, steps, phases, jobs, addresses, layout, counters, thread, threads, bells, yield_function):
    """Take part in running all batches of `jobs`.

    Parameters
    ----------
    memory, parameters : (any,) float32
    table : (any,) int64
    steps : (step, STEP_FIELDS) int64, flat
    phases : (phase, 4) int64
        Kind, first step, stop, parts.
    jobs : (batch, JOB_FIELDS) int64
    addresses : (any,) int64
        Frame fields from LABELS on, the same for all batches.
    layout : tuple of int
        A Layout.
    counters : (16,) int64
        All zero at first, shared by the threads of this call.
    thread : int
        Number of this thread, which names its arena.  Number 0 returns when all `threads` are through.
    bells : (BELL * BELLS,) int64
        What idle threads listen to; thread 0 rings.
    """
    shard, slots, arena_begin, arena_size, slot_begin, slot_size, per_shard = layout
    if thread == 0:   # no Python lock is held here, so that those who listen can come at once
        for number in range(min(threads - 1, BELLS)):
            fetch_add(bells, BELL * number, 1)
    frame = np.zeros(FRAME_FIELDS, np.int64)
    for n in range(len(addresses)):
        frame[LABELS + n] = addresses[n]
    batch, phase, phase_begin = 0, 0, 0
    ticket = fetch_add(counters, NEXT, 1)
    while batch < len(jobs):
        images = jobs[batch, JOB_IMAGES]
        shards = (images + shard - 1) // shard
        kind, first, stop, parts = phases[phase, 0], phases[phase, 1], phases[phase, 2], phases[phase, 3]
        used_slots = min(slots, shards)
        tasks = used_slots if kind == SHARDS else parts if kind == SLICES else shards * parts
        if ticket >= phase_begin + tasks:
            phase_begin += tasks
            phase += 1
            if phase == len(phases):
                phase = 0
                batch += 1
            continue
        _wait(counters, DONE, phase_begin, yield_function)
        task = ticket - phase_begin
        frame[BATCH] = images
        frame[KEY] = jobs[batch, JOB_KEY]
        frame[ORDER] = jobs[batch, JOB_ORDER]
        frame[RATES] = jobs[batch, JOB_RATES]
        frame[OUTPUT] = jobs[batch, JOB_OUTPUT]
        frame[STATISTICS] = jobs[batch, JOB_STATISTICS]
        if kind == SLICES:
            frame[SLOT] = slot_begin
            frame[COUNT] = used_slots
            frame[PART] = task
            frame[PARTS] = parts
            for s in range(first, stop):
                call_step(steps[s, 0], memory, parameters, table, steps, s * STEP_FIELDS + 1, frame)
        else:
            split = 1 if kind == SHARDS else parts
            frame[PART] = task % split
            frame[PARTS] = split
            begin = task // split
            end, stride = (shards, slots) if kind == SHARDS else (begin + 1, 1)
            frame[SLOT] = slot_begin + begin % slots * slot_size
            for number in range(begin, end, stride):
                frame[ARENA] = arena_begin + (number if per_shard else thread) * arena_size
                frame[FIRST] = number * shard
                frame[COUNT] = min(shard, images - number * shard)
                frame[ACCUMULATE] = 1 if number != begin else 0
                for s in range(first, stop):
                    call_step(steps[s, 0], memory, parameters, table, steps, s * STEP_FIELDS + 1, frame)
        fetch_add(counters, DONE, 1)
        ticket = fetch_add(counters, NEXT, 1)
    _wait(counters, DONE, phase_begin, yield_function)
    fetch_add(counters, LEFT, 1)
    if thread == 0:   # memory may be touched again only when no thread is inside
        _wait(counters, LEFT, threads, yield_function)


@kernel
def listen(bells, place, last):
    """Wait a moment for the next run, because the system takes longer to wake a thread; the bell's count."""
    for _ in range(LISTENING):
        if read_shared(bells, place) != last:
            break
        pause()
    return read_shared(bells, place)


@kernel
def leave(counters):
    """Count a thread as through that never came in."""
    fetch_add(counters, LEFT, 1)


class _Worker:
    """One thread that waits for calls and makes them, for as long as the process lives."""

    def __init__(self, number: int) -> None:
        self._calls: SimpleQueue[tuple[Callable[[], Any], np.ndarray]] = SimpleQueue()   # sooner awake than by a semaphore: 10 microseconds
        self._place = BELL * ((number - 1) % BELLS)
        threading.Thread(target=self._serve, name=f"minicnn-{number}", daemon=True).start()

    def _serve(self) -> None:
        heard = 0
        while True:
            heard = listen(_bells, self._place, heard)
            call, counters = self._calls.get()
            try:
                call()
            except BaseException:
                leave(counters)   # or the others would wait for ever; they do its share
                traceback.print_exc()

    def start(self, call: Callable[[], Any], counters: np.ndarray) -> None:
        self._calls.put((call, counters))


_workers: list[_Worker] = []
_bells = np.zeros(BELL * BELLS, np.int64)
_one_run_at_a_time = threading.Lock()
_yield_function = yield_address()


def _begin_anew() -> None:
    """A forked process has no workers, and nobody in it holds the lock."""
    global _one_run_at_a_time
    _workers.clear()
    _one_run_at_a_time = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def run(threads: int, memory: np.ndarray, parameters: np.ndarray, table: np.ndarray, steps: np.ndarray, phases: np.ndarray,
        jobs: np.ndarray, addresses: np.ndarray, layout: Layout) -> None:
    """Run all batches of `jobs` on `threads` threads, this one among them; return when the last is done."""
    with _one_run_at_a_time:
        counters = np.zeros(16, np.int64)
        arguments = (memory, parameters, table, steps, phases, jobs, addresses, tuple(layout), counters)
        while len(_workers) < threads - 1:
            _workers.append(_Worker(len(_workers) + 1))
        for number in range(1, threads):
            _workers[number - 1].start(partial(execute, *arguments, number, threads, _bells, _yield_function), counters)
        execute(*arguments, 0, threads, _bells, _yield_function)
