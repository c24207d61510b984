"""What the threads of a launch read and write: arrays far apart, shared memory, and who touched what since which barrier.

Found, each as a FaultError: an access that is not aligned or lies outside every array; a number that one thread writes and another reads or
writes without a barrier between them (blocks have none); the reading of what an asynchronous copy has yet to bring.
"""

import numpy as np

from .ptx_text import FaultError

ARRAYS = 1 << 40  # where the first array lies
GUARD = 1 << 20  # bytes between arrays that no access may touch
SHARED, LOCAL = 1 << 50, 1 << 51  # where a generic address finds shared and local memory
NOBODY, SEVERAL = -1, -2
EPOCHS = 1 << 32  # a stamp is block * EPOCHS + barriers passed


class Watched:
    """Bytes, and for every grain of them who wrote and who read it last: the thread, and a stamp of its block and the barriers passed."""

    def __init__(self, data, grain):
        self.data, self.grain, self.typed = data, grain, {}
        self.writer, self.written, self.reader, self.read, self.coming = np.full((5, -(-len(data) // grain)), NOBODY, np.int64)
        self.coming[:] = 0

    def cells(self, kind):
        """The bytes as numbers of a type."""
        if kind not in self.typed:
            size = np.dtype(kind).itemsize
            self.typed[kind] = self.data[: len(self.data) // size * size].view(kind)
        return self.typed[kind]

    def load(self, offsets, kind, count, who, line):
        """`count` arrays of numbers, one for each of the threads `who`."""
        size = np.dtype(kind).itemsize
        for grain in self.grains(offsets, size * count):
            self.note_read(grain, who, line)
        cells, first = self.cells(kind), offsets // size
        return [cells[first + n] for n in range(count)]

    def store(self, offsets, values, who, line):
        size = values[0].dtype.itemsize
        for grain in self.grains(offsets, size * len(values)):
            self.note_write(grain, who, line)
        cells, first = self.cells(values[0].dtype.type), offsets // size
        for n, each in enumerate(values):
            cells[first + n] = each

    def grains(self, offsets, size):
        first = offsets // self.grain
        return [first + n for n in range(max(1, size // self.grain))]

    def note_read(self, at, who, line):
        threads, stamps = who
        if self.coming[at].any():
            raise FaultError(f"reads what an asynchronous copy has yet to bring: {line}")
        other = self.writer[at]
        if ((other != threads) & (other != NOBODY) & _unordered(self.written[at], stamps)).any():
            raise FaultError(f"race: reads what another thread wrote, with no barrier between them: {line}")
        before = self.read[at]
        if (before != stamps).any():
            foreign = (before == SEVERAL) | ((before != NOBODY) & (before // EPOCHS != stamps // EPOCHS))
            self.read[at] = np.where(foreign, SEVERAL, np.maximum(before, stamps))
            fresh = before < stamps
            self.reader[at[fresh]] = threads[fresh]
            mixed = self.read[at]
            self.read[at[(mixed != stamps) & (mixed // EPOCHS != stamps // EPOCHS)]] = SEVERAL
        self.reader[at[self.reader[at] != threads]] = SEVERAL

    def note_write(self, at, who, line):
        threads, stamps = who
        if self.coming[at].any():
            raise FaultError(f"race: writes where an asynchronous copy has yet to arrive: {line}")
        self.check_readers(at, who, line)
        other = self.writer[at]
        if ((other != threads) & (other != NOBODY) & _unordered(self.written[at], stamps)).any():
            raise FaultError(f"race: writes what another thread wrote, with no barrier between them: {line}")
        self.writer[at], self.written[at] = threads, stamps
        if (self.writer[at] != threads).any():
            raise FaultError(f"race: several threads write one place: {line}")

    def check_readers(self, at, who, line):
        threads, stamps = who
        before = self.read[at]
        if ((before == SEVERAL) | ((before != NOBODY) & (self.reader[at] != threads) & _unordered(before, stamps))).any():
            raise FaultError(f"race: writes what another thread reads, with no barrier between them: {line}")


class Shared(Watched):
    """Shared memory of several blocks, one behind the other, with a gap between them; full of NaN before it is written."""

    def __init__(self, size, blocks, threads):
        self.size, self.threads, self.apart = size, threads, size + 16
        super().__init__(np.empty(self.apart * blocks, np.uint8), 4)

    def begin(self):
        """Forget what earlier blocks did."""
        self.data.view(np.float32)[:] = np.nan
        self.writer[:] = self.written[:] = self.reader[:] = self.read[:] = NOBODY
        self.coming[:] = 0

    def offsets(self, addresses, lanes, size, line):
        if addresses.min() < 0 or addresses.max() + size > self.size:
            raise FaultError(f"outside shared memory: {line}")
        return addresses + lanes // self.threads * self.apart

    def expect(self, offsets, who, line):
        """An asynchronous copy may arrive from now on: nobody may still be reading what was there."""
        at = offsets // self.grain
        self.check_readers(at, who, line)
        self.cells(np.float32)[at] = np.nan
        np.add.at(self.coming, at, 1)

    def arrive(self, offsets, numbers, who, line):
        at = offsets // self.grain
        np.subtract.at(self.coming, at, 1)
        self.note_write(at, who, line)
        self.cells(np.float32)[at] = numbers


class Local(Watched):
    """Memory of each thread's own."""

    def __init__(self, size, lanes):
        self.size = size
        super().__init__(np.empty(size * lanes, np.uint8), 4)
        self.data.view(np.float32)[:] = np.nan

    def offsets(self, addresses, lanes, size, line):
        if addresses.min() < 0 or addresses.max() + size > self.size:
            raise FaultError(f"outside local memory: {line}")
        return addresses + lanes * self.size

    def note_read(self, at, who, line):
        """Nobody else can."""

    note_write = note_read


def _unordered(stamps, others):
    """Whether no barrier lies between two stamps: the same one, or those of two blocks."""
    return (stamps == others) | (stamps // EPOCHS != others // EPOCHS)


def owner_of(array):
    """The array that an array is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def place_of(array):
    return array.__array_interface__["data"][0]


class Arrays:
    """Device memory: each array that a launch is given, or the one that it is a view of, between guards."""

    def __init__(self):
        self.bases, self.watched, self.known, self.end = [], [], {}, ARRAYS

    def address(self, array):
        """Where the first element of an array lies; arrays that share memory share it here too."""
        owner = owner_of(array)
        place = place_of(owner)
        if place not in self.known:
            flat = owner.ravel(order="K")
            if flat.size and not np.may_share_memory(flat, owner):
                raise FaultError("an array whose memory has gaps")
            self.known[place] = self.add(flat.view(np.uint8), owner.itemsize)
        return self.known[place] + place_of(array) - place

    def add(self, data, grain):
        base = self.end
        self.bases.append(base)
        self.watched.append(Watched(np.frombuffer(data, np.uint8) if isinstance(data, bytearray) else data, grain))
        self.end += -(-len(data) // 256) * 256 + GUARD
        return base

    def parts(self, addresses, size, line):
        """(which of the addresses, their array, offsets in it) for every array that they lie in."""
        number = np.searchsorted(self.bases, addresses, side="right") - 1
        if (number == number[0]).all():
            return [(slice(None), self.watched[number[0]], self._offsets(number[0], addresses, size, line))]
        chosen = [(number == each, each) for each in np.unique(number)]
        return [(where, self.watched[each], self._offsets(each, addresses[where], size, line)) for where, each in chosen]

    def _offsets(self, number, addresses, size, line):
        if number < 0:
            raise FaultError(f"no array at {addresses[0]:#x}: {line}")
        offsets = addresses - self.bases[number]
        if offsets.max() + size > len(self.watched[number].data):
            raise FaultError(f"outside an array: {line}")
        return offsets


def check_aligned(addresses, size, line):
    if (addresses % size).any():
        raise FaultError(f"not aligned to {size} bytes: {line}")
