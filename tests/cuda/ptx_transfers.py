"""Loads, stores and asynchronous copies, as Python functions of who is active."""

import re

import numpy as np

from .ptx_memory import LOCAL, SHARED, check_aligned
from .ptx_text import TYPES, FaultError

SPACES = ("global", "shared", "local", "param", "const")
COUNTS = {"v2": 2, "v4": 4, "v8": 8}


def load(frame, instruction):
    space, kind, count = _form(instruction)
    names = re.findall(r"[^{},\s]+", instruction.operands[0])
    outs = [frame.write(name, _widened(frame, name, kind)) for name in names]
    if space == "param":
        return _load_parameter(frame, instruction, kind, outs)
    address, line = frame.address(instruction.operands[1]), instruction.text

    def step(mask):
        at = address(mask)
        check_aligned(at, kind().itemsize * count, line)
        for where, memory, offsets, who in places(frame, space, at, mask, kind().itemsize * count, line):
            values = memory.load(offsets, kind, count, who, line)
            for out, value in zip(outs, values, strict=True):
                out[where] = value

    return step


def store(frame, instruction):
    space, kind, count = _form(instruction)
    names = re.findall(r"[^{},\s]+", instruction.operands[1])
    values = [frame.read(name, kind) for name in names]
    if space == "param":
        return _store_parameter(frame, instruction, values)
    address, line = frame.address(instruction.operands[0]), instruction.text

    def step(mask):
        at = address(mask)
        check_aligned(at, kind().itemsize * count, line)
        for where, memory, offsets, who in places(frame, space, at, mask, kind().itemsize * count, line):
            memory.store(offsets, [each[where] for each in values], who, line)

    return step


def _form(instruction):
    words = instruction.words[1:]
    space = next((word for word in words if word.split("::")[0] in SPACES), "generic").split("::")[0]
    count = next((COUNTS[word] for word in words if word in COUNTS), 1)
    if words[-1] not in TYPES:
        raise FaultError(f"not known here: {instruction.text}")
    return space, TYPES[words[-1]], count


def _widened(frame, name, kind):
    """What is loaded fills the register: with its sign, or with zeros."""
    size, kind = frame.register(name).itemsize, np.dtype(kind)
    return kind.type if size == kind.itemsize else np.dtype(f"{kind.kind}{size}").type


def _parameter(frame, operand):
    name, offset = re.fullmatch(r"\[\s*([\w$]+)\s*(?:\+\s*(\d+))?\s*\]", operand).groups()
    return frame.parameters[name], int(offset or 0)


def _load_parameter(frame, instruction, kind, outs):
    held, first = _parameter(frame, instruction.operands[1])
    size = kind().itemsize
    values = [held[:, first + n * size : first + (n + 1) * size] for n in range(len(outs))]

    def step(mask):
        for out, value in zip(outs, values, strict=True):
            np.copyto(out, np.ascontiguousarray(value).view(kind)[:, 0], where=mask)

    return step


def _store_parameter(frame, instruction, values):
    held, first = _parameter(frame, instruction.operands[0])

    def step(mask):
        at, who = first, slice(None) if mask is True else mask
        for each in values:
            held[who, at : at + each.itemsize] = np.ascontiguousarray(each)[who].reshape(-1, 1).view(np.uint8)
            at += each.itemsize

    return step


def places(frame, space, at, mask, size, line):
    """(who as an index of threads, memory, offsets in it, their numbers and stamps) for every memory that is accessed."""
    machine = frame.machine
    who = machine.everyone if mask is True else np.flatnonzero(mask)
    if space == "generic":
        space = "local" if at[0] >= LOCAL else "shared" if at[0] >= SHARED else "global"
        bounds = {"local": (LOCAL, 1 << 62), "shared": (SHARED, LOCAL), "global": (0, SHARED)}[space]
        if (at < bounds[0]).any() or (at >= bounds[1]).any():
            raise FaultError(f"addresses in several memories: {line}")
        at = at - (0 if space == "global" else bounds[0])
    owners, stamps = machine.owners[who], machine.stamps[who]
    if space == "shared":
        return [(who, machine.shared, machine.shared.offsets(at, who, size, line), (owners, stamps))]
    if space == "local":
        return [(who, frame.local, frame.local.offsets(at, who, size, line), (owners, stamps))]
    parts = machine.arrays.parts(at, size, line)
    return [(who[part], memory, offsets, (owners[part], stamps[part])) for part, memory, offsets in parts]


class Copies:
    """Asynchronous copies under way.

    Each is (threads, their groups, offsets in shared memory, numbers).  A thread's groups are counted from 0; its open one is
    `groups[thread]`.
    """

    def __init__(self, lanes):
        self.groups, self.under_way = np.zeros(lanes, np.int64), []

    def begin(self, who, memory, offsets, numbers, owners, line):
        for column in offsets.T:
            memory.expect(column, owners, line)
        self.under_way.append((who, self.groups[who], offsets, numbers))

    def wait(self, mask, memory, pending, machine, line):
        """Let arrive what belongs to all but the last `pending` closed groups of the active threads."""
        active, left = np.zeros(len(self.groups), bool), []
        active[:] = mask
        for who, groups, offsets, numbers in self.under_way:
            done = active[who] & (groups < self.groups[who] - pending)
            threads = who[done]
            for n, column in enumerate(offsets[done].T if len(threads) else ()):
                memory.arrive(column, numbers[done, n], (machine.owners[threads], machine.stamps[threads]), line)
            if not done.all():
                left.append((who[~done], groups[~done], offsets[~done], numbers[~done]))
        self.under_way = left


def copy(frame, instruction):
    """`cp.async`: from global to shared memory; zeros instead if the size of the source is 0."""
    words, operands, line, machine = instruction.words, instruction.operands, instruction.text, frame.machine
    if "commit_group" in words:

        def commit(mask):
            machine.copies.groups[slice(None) if mask is True else mask] += 1

        return commit
    if "wait_group" in words or "wait_all" in words:
        pending = int(operands[0]) if operands else -1
        return lambda mask: machine.copies.wait(mask, machine.shared, pending, machine, line)
    if words[1] != "async" or len(operands) > 4:
        raise FaultError(f"not known here: {line}")
    target, source, size = frame.address(operands[0]), frame.address(operands[1]), int(operands[2])
    taken = frame.read(operands[3] if len(operands) == 4 else operands[2], np.uint32)

    def step(mask):
        who = machine.everyone if mask is True else np.flatnonzero(mask)
        owners, stamps, valid, at = machine.owners[who], machine.stamps[who], taken[who], source(mask)
        if not np.isin(valid, (0, size)).all():
            raise FaultError(f"half a copy: {line}")
        to = target(mask)
        check_aligned(to, size, line)
        numbers = np.zeros((len(who), size // 4), np.float32)
        full = valid == size
        if full.any():
            check_aligned(at[full], size, line)
            for part, memory, offsets in machine.arrays.parts(at[full], size, line):
                values = memory.load(offsets, np.float32, size // 4, (owners[full][part], stamps[full][part]), line)
                numbers[np.flatnonzero(full)[part]] = np.stack(values, axis=1)
        offsets = machine.shared.offsets(to, who, size, line)[:, None] + 4 * np.arange(size // 4)
        machine.copies.begin(who, machine.shared, offsets, numbers, (owners, stamps), line)

    return step


TRANSFERS = {"ld": load, "ldu": load, "st": store, "cp": copy}
