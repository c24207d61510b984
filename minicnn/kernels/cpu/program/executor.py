"""Run a program on several threads: inside one compiled call that holds no Python lock, batch after batch.

Tasks are numbered in the order batch, phase, task.  A thread draws the next number, waits until all tasks of earlier phases are done,
and runs it.  No task waits for a thread to start, so a slow one costs nothing but its share of the work.

A run can be stopped between two steps: when a step fails, at once; when a signal's handler raised, at once, or, where the program
changes parameters, at the end of the batch under way, so that no batch counts by half.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import carray

from minicnn.kernels.cpu.program.atomics import (
    as_double,
    call_c,
    call_step,
    exchange,
    fetch_add,
    floats_at,
    integers_at,
    pause,
    read_shared,
)
from minicnn.kernels.cpu.program.interpreter import signal_raised
from minicnn.kernels.cpu.program.program import LABELS, SHARDS, SLICES, STEP_FIELDS
from minicnn.kernels.machine_code.compile import kernel
from minicnn.kernels.machine_code.records import FRAME_FIELDS, frame_at, set_field

# counters that threads share, those that change often on cache lines of their own
NEXT, DONE, LEFT = 0, 8, 16  # tasks drawn, tasks done, threads that are through
STOP = 24  # 1: leave at once
LAST = 25  # the batch after which to leave
FAULT = 26  # 1 + the step that failed
COUNTERS = 32

ZERO = np.int64(0)  # what is called with a constant, Numba compiles again: four times a first 0 and then other numbers
# turns, of about 12 nanoseconds, of waiting before the processor is given away, for milliseconds where others want it.  ResNet-20, 9 images in
# shards of 5 and 4, on two cores that other work wanted too: 43 ms with 4,000, 16 with 64,000; 4 threads on them: 109 and 165
SPINS = 32000

# columns of a job: one row a batch
JOB_KEY, JOB_ORDER, JOB_IMAGES, JOB_STATISTICS, JOB_RATES, JOB_OUTPUT, JOB_SCALE = range(7)
JOB_FIELDS = 8


ALL_SLOTS = 1 << 31


class Layout(NamedTuple):
    """Where a program's stretches of memory begin, in elements, and how many there are."""

    shard: int  # images of a shard
    slots: int
    arena_begin: int
    arena_size: int
    slot_begin: int
    slot_size: int
    per_shard: int  # 1 where arenas belong to shards, because their content must outlive a phase; else 0
    own_first: int = 0  # the slots whose shards this process computes: from this one
    own_stop: int = ALL_SLOTS  # to below this one; other processes compute the others


# What all threads know of the run under way.  Arrays are addresses; who calls keeps them alive until all threads have left.
RUN = np.dtype(
    [
        (name, np.int64)
        for name in (
            "memory",
            "parameters",
            "table",
            "steps",
            "phases",
            "phase_count",
            "jobs",
            "batch_count",
            "addresses",
            "address_count",
            *Layout._fields,
            "whole_batches",
            "hears_signals",
            "counters",
            "frames",
            "clock",
            "exception",  # memory of the crew, see `crew.py`
            "looked",
            "listened",
            "pause",
            "paused",  # of `interpreter.signal_raised`
            "yield_processor",
            "acquire_lock",
            "release_lock",
            "enter_python",
            "leave_python",
            "check_signals",
            "fetch_exception",
            "read_clock",
            "clock_number",
        )
    ],
    align=True,
)


@kernel
def stopped(run, counters, thread, batch):
    """Whether to leave at once; the thread that hears signals looks for them."""
    if thread == 0 and run.hears_signals and counters[LAST] == run.batch_count and signal_raised(run):
        if run.whole_batches:
            exchange(counters, LAST, batch)  # this thread has a task of the batch before it, so that nobody is further
        else:
            exchange(counters, STOP, 1)
    return read_shared(counters, STOP) != 0


@kernel
def wait_a_little(run, spins):
    """One turn of waiting for another thread, after so many; the next number."""
    pause()
    if spins > SPINS:
        call_c(run.yield_processor, 0, 0, 0)
    return spins + 1


@kernel
def may_begin(run, counters, goal, thread, batch):
    """Wait until so many tasks are done as have to be before one of this batch; False if the run was stopped and does not come to it."""
    spins = 0
    while read_shared(counters, LAST) >= batch and read_shared(counters, DONE) < goal:
        if stopped(run, counters, thread, batch):
            return False
        spins = wait_a_little(run, spins)
    return read_shared(counters, LAST) >= batch


@kernel
def run_steps(run, memory, parameters, table, steps, first, stop, frame, counters, thread, batch):
    """Run steps first to stop - 1 of one task; False if the run was stopped on the way."""
    for s in range(first, stop):
        if stopped(run, counters, thread, batch):
            return False
        if not call_step(steps[s * STEP_FIELDS], memory, parameters, table, steps, s * STEP_FIELDS + 1, frame):
            exchange(counters, FAULT, s + 1)
            exchange(counters, STOP, 1)
            return False
    return True


@kernel
def execute(run, thread):
    """Take part in a run.

    Parameters
    ----------
    run : RUN
        memory, parameters : (any,) float32;  table : (any,) int64
        steps : (step, STEP_FIELDS) int64
        phases : (phase, 4) int64
            Kind, first step, stop, parts.
        jobs : (batch, JOB_FIELDS) int64
        addresses : (any,) int64
            Frame fields from LABELS on, the same for all batches.
        counters : (COUNTERS,) int64
            All zero at first, but for LAST.
    thread : int
        Number of this thread, which names its arena.
    """
    memory, parameters = carray(floats_at(run.memory), (1,)), carray(floats_at(run.parameters), (1,))
    table, steps = carray(integers_at(run.table), (1,)), carray(integers_at(run.steps), (1,))
    phases = carray(integers_at(run.phases), (run.phase_count, 4))
    jobs = carray(integers_at(run.jobs), (run.batch_count, JOB_FIELDS))
    addresses = carray(integers_at(run.addresses), (run.address_count,))
    counters = carray(integers_at(run.counters), (COUNTERS,))
    frame = frame_at(run.frames + 8 * FRAME_FIELDS * thread)
    for n in range(run.address_count):
        set_field(frame, LABELS + n, addresses[n])
    batch, phase, phase_begin = ZERO, ZERO, ZERO
    ticket = fetch_add(counters, NEXT, 1)
    while batch < run.batch_count:
        images = jobs[batch, JOB_IMAGES]
        shards = (images + run.shard - 1) // run.shard
        kind, first, stop, parts = phases[phase, 0], phases[phase, 1], phases[phase, 2], phases[phase, 3]
        used_slots = min(run.slots, shards)
        tasks = used_slots if kind == SHARDS else parts if kind == SLICES else shards * parts
        if ticket >= phase_begin + tasks:
            phase_begin += tasks
            phase += 1
            if phase == run.phase_count:
                phase = 0
                batch += 1
            continue
        if not may_begin(run, counters, phase_begin, thread, batch):
            break
        task = ticket - phase_begin
        frame.batch = images
        frame.scale = as_double(jobs[batch, JOB_SCALE])
        frame.key = jobs[batch, JOB_KEY]
        frame.order = jobs[batch, JOB_ORDER]
        frame.rates = jobs[batch, JOB_RATES]
        frame.output = jobs[batch, JOB_OUTPUT]
        frame.statistics = jobs[batch, JOB_STATISTICS]
        if kind == SLICES:
            frame.slot = run.slot_begin
            frame.count = used_slots
            frame.part = task
            frame.parts = parts
            if not run_steps(run, memory, parameters, table, steps, first, stop, frame, counters, thread, batch):
                return
        else:
            split = 1 if kind == SHARDS else parts
            frame.part = task % split
            frame.parts = split
            begin = task // split
            end, stride = (shards, run.slots) if kind == SHARDS else (begin + 1, 1)
            frame.slot = run.slot_begin + begin % run.slots * run.slot_size
            for number in range(begin, end, stride):
                if not run.own_first <= number % run.slots < run.own_stop:
                    continue
                frame.arena = run.arena_begin + (number if run.per_shard else thread) * run.arena_size
                frame.first = number * run.shard
                frame.count = min(run.shard, images - number * run.shard)
                frame.accumulate = 1 if number != begin else 0
                if not run_steps(run, memory, parameters, table, steps, first, stop, frame, counters, thread, batch):
                    return
        fetch_add(counters, DONE, 1)
        ticket = fetch_add(counters, NEXT, 1)
