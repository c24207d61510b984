"""Run compiled PTX on the CPU: what numba-cuda really made, inline assembly included.

A register is a NumPy array over threads, many blocks at a time.  Threads step together, the lowest place in the text first, so that
branches that part meet again.  Stricter than a device: see `ptx_memory`; a barrier must be reached by all threads of a block at one
place; an asynchronous copy arrives only at the wait that waits for it, and until then what it goes to may not be read.  An instruction
that is not known says so.
"""

import re

import numpy as np

from .ptx_instructions import computation
from .ptx_memory import EPOCHS, Arrays, Local, Shared
from .ptx_text import FaultError, Module, placed
from .ptx_transfers import TRANSFERS, Copies

LANES = 2048  # threads that step together, of whole blocks
PLAIN, BRANCH, LEAVE, BARRIER = range(4)
KINDS = {"bra": BRANCH, "ret": LEAVE, "exit": LEAVE, "bar": BARRIER, "barrier": BARRIER}


def run_ptx(text, grid, threads, arguments):
    """Run a kernel on so many blocks (grid: a number or up to three) of so many threads; returns the instructions that were executed.

    arguments : NumPy arrays with any strides, and numbers; as numba-cuda passes them, an array is its sizes and strides too
    """
    module = text if isinstance(text, Module) else Module(text)
    grid = (*np.atleast_1d(grid).tolist(), 1, 1)[:3]
    blocks = max(1, min(LANES // threads, grid[0] * grid[1] * grid[2]))
    if (blocks, threads) not in module.machines:
        module.machines[blocks, threads] = Machine(module, blocks, threads)
    with np.errstate(all="ignore"):
        return module.machines[blocks, threads].run(grid, arguments)


def kind(instruction):
    """How an instruction goes on: those that are not PLAIN change who goes where."""
    return PLAIN if instruction.words[:2] == ["bar", "warp"] else KINDS.get(instruction.words[0], PLAIN)


class Machine:
    """A kernel on so many blocks that step together.

    arrays, shared, copies : the memory of a launch, and what is on its way into it
    owners, stamps : of every lane: the number of its thread in the launch, and a stamp of its block and the barriers passed
    """

    def __init__(self, module, blocks, threads):
        self.module, self.blocks, self.threads, self.lanes = module, blocks, threads, blocks * threads
        self.everyone, self.executed = np.arange(self.lanes), 0
        self.shared, self.frames = Shared(module.shared_size, blocks, threads), {}
        self.constants = [each for each in module.variables.values() if each.space in ("global", "const")]
        self._new_arrays()
        self.special = _special(threads, self.lanes)
        self.entry = self.frame(module.entry.name)

    def _new_arrays(self):
        """Constants come first, so that they lie at the same place in every machine."""
        self.arrays = Arrays()
        places = {each.name: self.arrays.add(bytearray(each.content or each.size), each.align) for each in self.constants}
        self.symbols = places | self.module.shared

    def frame(self, name):
        if name not in self.module.functions:
            raise FaultError(f"{self.module.entry.name} calls {name}, which is not part of the text")
        if name not in self.frames:
            self.frames[name] = Frame(self, self.module.functions[name])
        return self.frames[name]

    def run(self, grid, arguments):
        """Returns how many instructions were executed, each for many threads."""
        self._new_arrays()
        self._set_parameters(arguments)
        self.executed, count = 0, grid[0] * grid[1] * grid[2]
        for axis, size in zip("xyz", grid, strict=True):
            self.special[f"%nctaid.{axis}"][:] = size
        for first in range(0, count, self.blocks):
            number = first + self.everyone // self.threads
            x, y, z = np.unravel_index(np.minimum(number, count - 1), grid, order="F")
            self.special["%ctaid.x"][:], self.special["%ctaid.y"][:], self.special["%ctaid.z"][:] = x, y, z
            self.owners, self.stamps = number * self.threads + self.everyone % self.threads, number * EPOCHS
            self.shared.begin()
            self.copies = Copies(self.lanes)
            self.entry.run(number < count)
        return self.executed

    def _set_parameters(self, arguments):
        values = []
        for each in arguments:
            if isinstance(each, np.ndarray) and each.ndim:
                values += [0, 0, each.size, each.itemsize, self.arrays.address(each), *each.shape, *each.strides]
            else:
                values.append(each)
        for each, value in zip(self.module.entry.parameters, values, strict=True):
            number = value if each.kind in (np.float32, np.float64) else int(value) % (1 << 8 * each.size)
            self.entry.parameters[each.name][:] = np.full((1, 1), number, each.kind).view(np.uint8)


def _special(threads, lanes):
    """Registers that every thread finds filled."""
    thread = np.arange(lanes, dtype=np.uint32) % np.uint32(threads)
    numbers = {"%tid.x": thread, "%laneid": thread % np.uint32(32), "%warpid": thread // np.uint32(32), "%ntid.x": threads}
    numbers |= dict.fromkeys(("%tid.y", "%tid.z", *(f"%{word}.{axis}" for word in ("ctaid", "nctaid") for axis in "xyz")), 0)
    numbers |= dict.fromkeys(("%ntid.y", "%ntid.z"), 1)
    return {name: np.full(lanes, number, np.uint32) for name, number in numbers.items()}


def known_when_run(frame, instruction):
    """What an instruction computes; one that is not known here is a fault where a thread comes to it, as to a cosine's large arguments."""
    try:
        return computation(frame, instruction)
    except FaultError as fault:
        unknown = fault

    def step(mask):
        if mask is True or mask.any():
            raise unknown

    return step


class Frame:
    """A function at work: its registers, its local memory, its instructions as Python functions of who is active."""

    def __init__(self, machine, function):
        self.machine, self.function, self.lanes = machine, function, machine.lanes
        self.registers = {}
        held = [*function.parameters, *function.results, *(each for each in function.variables.values() if each.space == "param")]
        self.parameters = {each.name: np.zeros((self.lanes, each.size), np.uint8) for each in held}
        self.places, size = placed([each for each in function.variables.values() if each.space == "local"])
        self.local = Local(size, self.lanes)
        self.steps = [self._step(each) for each in function.code]
        self.kinds = [kind(each) for each in function.code]
        self.targets = [
            function.labels[each.operands[0]] if way == BRANCH else len(function.code)
            for each, way in zip(function.code, self.kinds, strict=True)
        ]

    def register(self, name):
        if name not in self.registers:
            self.registers[name] = np.zeros(self.lanes, self.function.kind(name))
        return self.registers[name]

    def write(self, operand, kind):
        """The register that an operand names, as numbers of a type; of a smaller one its lower part."""
        whole = self.register(operand)
        size = np.dtype(kind).itemsize
        if size > whole.itemsize or (kind is np.bool_) != (whole.dtype == np.bool_):
            raise FaultError(f"{operand} does not hold {np.dtype(kind)}")
        return whole.view(kind)[:: whole.itemsize // size]

    def read(self, operand, kind):
        """An operand as an array over threads."""
        if operand in self.machine.special:
            return self.machine.special[operand].view(kind)
        if operand.startswith("%") or operand in self.function.kinds:
            return self.write(operand, kind)
        if operand[:2] in ("0f", "0F"):
            return np.full(self.lanes, int(operand[2:], 16), np.uint32).view(kind)
        if operand[:2] in ("0d", "0D"):
            return np.full(self.lanes, int(operand[2:], 16), np.uint64).view(kind)
        number = self.symbol(operand) if re.match(r"[A-Za-z_$]", operand) else int(operand.rstrip("U"), 0)
        size = np.dtype(kind).itemsize
        return np.full(self.lanes, number & (1 << 8 * size) - 1, f"u{size}").view(kind)

    def symbol(self, name):
        return self.places[name] if name in self.places else self.machine.symbols[name]

    def address(self, operand):
        """Where `[register or symbol + number]` points, a function of who is active."""
        base, offset = re.fullmatch(r"\[\s*([^+\s]+)\s*(?:\+\s*(-?\w+))?\s*\]", operand).groups()
        narrow = base.startswith("%") and self.register(base).itemsize == 4
        start, offset = self.read(base, np.uint32 if narrow else np.int64), int(offset or "0", 0)
        return lambda mask: (start if mask is True else start[mask]).astype(np.int64) + offset

    def _step(self, instruction):
        name = instruction.words[0]
        if kind(instruction) != PLAIN:
            return None
        if name == "call":
            step = self._call(instruction)
        elif name in TRANSFERS:
            step = TRANSFERS[name](self, instruction)
        else:
            step = known_when_run(self, instruction)
        if instruction.guard is None:
            return step
        guard, wanted = self.register(instruction.guard), instruction.wanted

        def guarded(mask):
            chosen = (guard == wanted) & mask
            if chosen.any():
                step(chosen)

        return guarded

    def _call(self, instruction):
        *results, name, arguments = ["()", *instruction.operands][-3:]
        inner, outer = self.machine.frame(name), self.parameters
        names = [re.findall(r"[\w$]+", each) for each in (results[-1], arguments)]

        def call(mask):
            chosen = slice(None) if mask is True else mask
            for own, each in zip(names[1], inner.function.parameters, strict=True):
                inner.parameters[each.name][chosen] = outer[own][chosen]
            inner.run(np.ones(self.lanes, bool) if mask is True else mask)
            for own, each in zip(names[0], inner.function.results, strict=True):
                outer[own][chosen] = inner.parameters[each.name][chosen]

        return call

    def run(self, active):
        """From the first instruction until all who are active have returned."""
        code, steps, kinds, machine = self.function.code, self.steps, self.kinds, self.machine
        end = len(code)
        places, parked = np.where(active, 0, end), np.zeros(self.lanes, bool)
        chosen = self._next(places, parked, end)
        while chosen is not None:
            pc, stop, mask = chosen
            while pc < stop and kinds[pc] == PLAIN:
                steps[pc](mask)
                pc += 1
                machine.executed += 1
            who = slice(None) if mask is True else mask
            places[who] = pc
            if pc < stop:
                machine.executed += 1
                instruction, taken = code[pc], mask
                if instruction.guard is not None:
                    taken = (self.registers[instruction.guard] == instruction.wanted) & mask
                there = pc if kinds[pc] == BARRIER else self.targets[pc]
                together = taken is mask or (taken == mask).all()
                if kinds[pc] == BRANCH and (together or not taken.any()) and (pc := there if together else pc + 1) <= stop:
                    chosen = pc, stop, mask
                    continue
                places[who] += 1
                places[slice(None) if taken is True else taken] = there
                if kinds[pc] == BARRIER:
                    parked |= taken
                    self._pass_barrier(places, parked)
            chosen = self._next(places, parked, end)

    def _next(self, places, parked, end):
        """(where to go on, up to where, who): the threads that are behind all others, until those can join."""
        ready = (places < end) & ~parked
        if not ready.any():
            if parked.any():
                raise FaultError(f"a barrier that not all threads reach: {self.function.code[places[parked][0]].text}")
            return None
        pc = int(places[ready].min())
        mask = ready & (places == pc)
        if mask.all():
            return pc, end, True
        others = places[ready & ~mask]
        return pc, int(others.min()) if len(others) else end, mask

    def _pass_barrier(self, places, parked):
        """Let blocks go on whose threads are all at the same barrier."""
        waiting = parked.reshape(-1, self.machine.threads).all(axis=1)
        at = places.reshape(-1, self.machine.threads)
        free = np.repeat(waiting & (at == at[:, :1]).all(axis=1), self.machine.threads)
        parked &= ~free
        places += free
        self.machine.stamps += free
