"""Run a program on several threads: inside one compiled call that holds no Python lock, batch after batch.

Tasks are numbered in the order batch, phase, task.  A thread draws the next number, waits until all tasks of earlier phases are done,
and runs it.  No thread waits for another to start, so a slow or missing one costs nothing but its share of the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
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
    INPUT,
    INPUT_GRADIENT,
    KEY,
    LABELS,
    ORDER,
    OUTPUT,
    RATES,
    SHARDS,
    SLOT,
    STATISTICS,
    STEP_FIELDS,
    TASK,
    TASKS,
)

NEXT, DONE = 0, 8   # two counters, on cache lines of their own
SPINS = 4000        # about 50 microseconds of waiting before the processor is given away

# columns of a job: one row a batch
JOB_KEY, JOB_ORDER, JOB_IMAGES, JOB_STATISTICS, JOB_RATES, JOB_OUTPUT = range(6)
JOB_FIELDS = 8


class Layout(NamedTuple):
    """Where a program's stretches of memory begin, in elements, and how many there are."""

    shard: int           # images of a shard
    slots: int
    slices: int          # tasks of a phase over parameters
    arena_begin: int
    arena_size: int
    slot_begin: int
    slot_size: int
    per_shard: bool      # arenas belong to shards, because their content must outlive a phase


@kernel
def _wait(counters, goal, yield_function):
    spins = 0
    while read_shared(counters, DONE) < goal:
        pause()
        spins += 1
        if spins > SPINS:
            call_without_arguments(yield_function)


@kernel
def execute(memory, parameters, table, steps, phases, jobs, addresses, layout, counters, thread, yield_function):
    """Take part in running all batches of `jobs`.

    Parameters
    ----------
    memory, parameters : (any,) float32
    table : (any,) int64
    steps : (step, STEP_FIELDS) int64, flat
    phases : (phase, 3) int64
        Kind, first step, stop.
    jobs : (batch, JOB_FIELDS) int64
    addresses : (3,) int64
        Of the images, the labels and the gradient of the input.
    layout : tuple of int
        A Layout.
    counters : (16,) int64
        All zero at first, shared by the threads of this call.
    thread : int
        Number of this thread, which names its arena.
    """
    shard, slots, slices, arena_begin, arena_size, slot_begin, slot_size, per_shard = layout
    frame = np.zeros(FRAME_FIELDS, np.int64)
    frame[INPUT] = addresses[0]
    frame[LABELS] = addresses[1]
    frame[INPUT_GRADIENT] = addresses[2]
    batch, phase, phase_begin = 0, 0, 0
    ticket = fetch_add(counters, NEXT, 1)
    while batch < len(jobs):
        images = jobs[batch, JOB_IMAGES]
        shards = (images + shard - 1) // shard
        kind, first, stop = phases[phase, 0], phases[phase, 1], phases[phase, 2]
        tasks = min(slots, shards) if kind == SHARDS else slices
        if ticket >= phase_begin + tasks:
            phase_begin += tasks
            phase += 1
            if phase == len(phases):
                phase = 0
                batch += 1
            continue
        _wait(counters, phase_begin, yield_function)
        task = ticket - phase_begin
        frame[TASK] = task
        frame[TASKS] = tasks
        frame[BATCH] = images
        frame[KEY] = jobs[batch, JOB_KEY]
        frame[ORDER] = jobs[batch, JOB_ORDER]
        frame[RATES] = jobs[batch, JOB_RATES]
        frame[OUTPUT] = jobs[batch, JOB_OUTPUT]
        frame[STATISTICS] = jobs[batch, JOB_STATISTICS]
        frame[SLOT] = slot_begin + task * slot_size
        if kind == SHARDS:
            for number in range(task, shards, slots):
                frame[ARENA] = arena_begin + (number if per_shard else thread) * arena_size
                frame[FIRST] = number * shard
                frame[COUNT] = min(shard, images - number * shard)
                frame[ACCUMULATE] = 1 if number != task else 0
                for s in range(first, stop):
                    call_step(steps[s, 0], memory, parameters, table, steps, s * STEP_FIELDS + 1, frame)
        else:
            frame[COUNT] = min(slots, shards)
            for s in range(first, stop):
                call_step(steps[s, 0], memory, parameters, table, steps, s * STEP_FIELDS + 1, frame)
        fetch_add(counters, DONE, 1)
        ticket = fetch_add(counters, NEXT, 1)
    _wait(counters, phase_begin, yield_function)


class _Worker:
    """One thread that waits for calls and makes them, for as long as the process lives."""

    def __init__(self, number: int) -> None:
        self._call: Callable[[], Any] | None = None
        self._ready = threading.Semaphore(0)
        self.idle = threading.Lock()
        threading.Thread(target=self._serve, name=f"minicnn-{number}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._ready.acquire()
            call, self._call = self._call, None
            try:
                if call is not None:
                    call()
            finally:
                self.idle.release()

    def start(self, call: Callable[[], Any]) -> None:
        self.idle.acquire()
        self._call = call
        self._ready.release()


_workers: list[_Worker] = []
_one_run_at_a_time = threading.Lock()
_yield_function = yield_address()


def run(threads: int, memory: np.ndarray, parameters: np.ndarray, table: np.ndarray, steps: np.ndarray, phases: np.ndarray,
        jobs: np.ndarray, addresses: np.ndarray, layout: Layout) -> None:
    """Run all batches of `jobs` on `threads` threads, this one among them; return when the last is done."""
    with _one_run_at_a_time:
        counters = np.zeros(16, np.int64)
        arguments = (memory, parameters, table, steps, phases, jobs, addresses, tuple(layout), counters)
        while len(_workers) < threads - 1:
            _workers.append(_Worker(len(_workers) + 1))
        for number in range(1, threads):
            _workers[number - 1].start(lambda number=number: execute(*arguments, number, _yield_function))   # type: ignore[misc]
        execute(*arguments, 0, _yield_function)
        for worker in _workers[:threads - 1]:
            with worker.idle:   # memory may be touched again only when no thread is inside
                pass
