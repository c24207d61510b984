"""How near a derived kernel comes to the memory's bandwidth, counted on a few of its blocks without a device.

A kernel's text is run in plain Python, one thread after the other, on arrays that note which addresses are asked for.  What the threads
of a warp ask for together goes over in sectors of 32 bytes; what a block asks for twice comes from its processor's own cache.  So a
launch takes as long as the slowest of these:

    what must move at all              every array once, at the memory's bandwidth
    what blocks fetch                  distinct sectors of each block, at 1.4 times of it (the shared cache)
    what warps fetch                   sectors of each warp, at 5 times of it (the processors' own caches)
    what is on its way at a time       threads * 3 numbers for each of 0.6 microseconds

and `share` is the first by the slowest.  Figures are those of an H200: 4.8 TB/s, 132 processors of 2048 threads; nothing was timed.

Of what LeNet, VGG, ResNet, U-Net, AlexNet, GoogLeNet and DenseNet run, at 64 x 64 x 28 x 28 (`pytest -s tests/cuda/test_model.py` prints
all), these are under 0.7 as they are derived:

    max_pool2d_backward             0.02   4096 threads walk a plane each: pooling.py
    local_response_norm_backward    0.30   denominators of all neighbours: local_response.py, two loops of 0.84 and 0.74
    batch_norm_training_*           0.00   64 threads: batch_statistics.py, then the loop of inference
    *_backward_bias                 0.00   64 threads: row_sums.py
    softmax_forward                 0.00   64 threads, but 0.5 MB once a prediction: left; in training loss.py takes its place
    global_avg_pool_forward         0.14   32768 threads, 10 microseconds once a step: left, and global_max_pool_forward
"""

from __future__ import annotations

import contextlib
import linecache
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from types import SimpleNamespace
from typing import Any, NamedTuple

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Part
from minicnn.kernels.cuda.sharing import strides_of

BANDWIDTH, SHARED_CACHE, OWN_CACHE = 4.8e12, 1.4, 5.0  # bytes a second; caches as multiples of it
RESIDENT, LATENCY, ON_THE_WAY = 132 * 2048, 0.6e-6, 3  # threads; seconds; numbers that a thread waits for at a time
SECTOR, WARP, BLOCK = 32, 32, 128
ASKED = 400  # so many places of each thread are looked at
ENDLESS = 1 << 40


Place = tuple[int, int]  # number of the argument, and how many bytes after its beginning


class Cost(NamedTuple):
    """What a launch costs.

    must, blocks, warps : bytes that must move; that blocks fetch; that warps fetch
    threads : how many there are
    serial : places that one of them asks for, one after the other
    """

    must: int
    blocks: float
    warps: float
    threads: int
    serial: int

    @property
    def share(self) -> float:
        """Of the memory's bandwidth."""
        on_the_way = 4 * ON_THE_WAY * min(self.threads, RESIDENT) / LATENCY
        least = self.must / BANDWIDTH
        return least / max(least, self.blocks / SHARED_CACHE / BANDWIDTH, self.warps / OWN_CACHE / BANDWIDTH, self.must / on_the_way)


def cost(loop: Callable[..., None], arguments: Mapping[str, Any]) -> Cost:
    """What a loop costs in a plan, without the launch that clears its outputs; arguments as for `append_loop`, arrays as parts."""
    counted = _Counted()
    append_loop(counted, loop, arguments, single=True)
    return counted.costs[-1]


class _EnoughError(Exception):
    """A thread was looked at long enough."""


class _Watched:
    """An array that notes which bytes are asked for, as (its number, address)."""

    def __init__(self, number: int, part: Part, log: list[Place]) -> None:
        self.number, self.shape, self.size, self.log = number, part.shape, part.size, log
        self.strides, self.bytes = strides_of(part), part.dtype.itemsize
        self.content = 0.5 if part.dtype.kind == "f" else 0

    def at(self, place: Any) -> None:
        places = place if isinstance(place, tuple) else (place,)
        address = sum(int(at) * stride for at, stride in zip(places, self.strides, strict=True))
        self.log.append((self.number, address * self.bytes))
        if len(self.log) == ASKED:
            raise _EnoughError

    def __getitem__(self, place: Any) -> Any:
        self.at(place)
        return self.content

    def __setitem__(self, place: Any, value: Any) -> None:
        self.at(place)

    def __len__(self) -> int:
        return self.shape[0]


class _Threads:
    """A kernel's text in plain Python.

    total : how many threads it has work for, known once one of them ran
    """

    def __init__(self, kernel: Kernel) -> None:
        self.thread, self.total = 0, 0
        text = "".join(linecache.getlines(kernel.python.__code__.co_filename)).replace("from numba import cuda\n", "")
        device = SimpleNamespace(grid=lambda _: self.thread, gridsize=lambda _: ENDLESS, jit=lambda **_: lambda function: function)
        space = {"cuda": device, "range": self._range}
        exec(text, space)
        self._python: Any = space[kernel.name]

    def _range(self, *limits: int) -> range:
        if len(limits) == 3 and limits[2] > ENDLESS // 2 // BLOCK:  # the loop over all places, which several threads share
            self.total = limits[1] * (ENDLESS // limits[2])
        return range(*limits)

    def asked(self, thread: int, arguments: Sequence[Any]) -> list[Place]:
        """The places that a thread asks for, in its order."""
        self.thread = thread
        log: list[Place] = []
        own = [_Watched(number, each, log) if isinstance(each, Part) else each for number, each in enumerate(arguments)]
        with contextlib.suppress(_EnoughError):
            self._python(*own)
        return log


class _Counted:
    """Launches that are counted instead."""

    def __init__(self) -> None:
        self.costs: list[Cost] = []

    def launch(self, kernel: Kernel, grid: Any, *arguments: Any, threads: int = 0) -> None:
        run = _Threads(kernel)
        run.asked(0, arguments)
        blocks = -(-run.total // BLOCK)
        looked_at = sorted({0, blocks // 2, max(0, blocks - 2)})
        of_blocks = of_warps = longest = 0
        for block in looked_at:
            logs = [run.asked(thread, arguments) for thread in range(block * BLOCK, (block + 1) * BLOCK)]
            longest = max(longest, *map(len, logs))
            of_blocks += len({_sector(each) for log in logs for each in log})
            for first in range(0, BLOCK, WARP):
                of_warps += sum(len({_sector(each) for each in turn if each}) for turn in zip_longest(*logs[first : first + WARP]))
        scale = SECTOR * blocks / len(looked_at)
        must = sum(each.size * each.dtype.itemsize for each in arguments if isinstance(each, Part))
        self.costs.append(Cost(must, of_blocks * scale, of_warps * scale, run.total, longest))

    def scratch(self, size: int) -> Any:
        raise NotImplementedError

    def table(self, values: Any) -> Any:
        raise NotImplementedError


def _sector(asked: Place) -> Place:
    return asked[0], asked[1] // SECTOR
