"""A program of its own: random calls of every public kernel function whose arrays lie between pages that may not be touched.

    python -m tests.kernels.guarded_calls FIRST COUNT

A read or write outside an argument or a result ends it with a segmentation fault, after the number of the call that did it.
"""

import ctypes
import mmap
import sys
from contextlib import suppress

import hypothesis
import numpy as np

from minicnn.errors import MinicnnError
from minicnn.kernels.checks import arrays

from .comparing import seeds
from .convolving import FAMILIES, Convolution, convolutions, passes
from .right_calls import recipes
from .test_many_groups import depthwise, grouped

PAGE = mmap.PAGESIZE
FORBIDDEN = 0  # PROT_NONE

_memory = []  # of the call under way


def between_pages(shape, dtype, at_end=True):
    """An array that ends where a forbidden page begins, or begins where one ends."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    pages = -(-size // PAGE) + 2
    memory = mmap.mmap(-1, pages * PAGE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    for page in (0, pages - 1):
        if protect(ctypes.c_void_p(base + page * PAGE), ctypes.c_size_t(PAGE), FORBIDDEN):
            raise OSError(ctypes.get_errno(), "mprotect")
    _memory.append(memory)
    offset = (pages - 1) * PAGE - size if at_end else PAGE
    return np.frombuffer(memory, dtype, int(np.prod(shape)), offset).reshape(shape)


def guarded(value, at_end=True):
    """The same array between forbidden pages; anything else as it is."""
    if not isinstance(value, np.ndarray) or not value.size:
        return value
    copy = between_pages(value.shape, value.dtype, at_end)
    copy[...] = value
    return copy


def calls_of_recipes(first, count):
    listed = recipes()
    for number in range(first, first + count):
        rng = np.random.default_rng([77, number])
        recipe = listed[rng.integers(len(listed))]
        given = {name: guarded(value, number % 2 == 0) for name, value in recipe.draw(rng).items()}
        print(number, recipe.name, flush=True)
        with suppress(MinicnnError):  # an algorithm that does not serve float64, say
            recipe.function(**given)
        _memory.clear()


@hypothesis.strategies.composite
def in_place(draw):
    """Images that are read where they lie: no padding, stride 1, a single one or filters of one tap."""
    whole = hypothesis.strategies.integers
    images = draw(hypothesis.strategies.sampled_from([1, 1, 2, 17]))
    taps = (1, 1) if images > 1 else (draw(whole(1, 3)), draw(whole(1, 3)))
    sizes = tuple(tap + draw(whole(0, 24)) for tap in taps)
    channels, filters = draw(whole(1, 8)), draw(whole(1, 40))
    return Convolution("conv", 2, (images, channels, *sizes), (filters, channels, *taps), (filters,), {"padding": 0}, draw(seeds))


def calls_of_convolutions(count):
    """All families with more channels and sizes around those of a vector, and few images as often as many."""
    cases = hypothesis.strategies.one_of(
        *(convolutions(family, axes, few=few) for family in FAMILIES for axes in (1, 2, 3) for few in (False, True)),
        depthwise(),
        grouped(1),
        grouped(2),
        in_place(),
    )

    @hypothesis.settings(
        max_examples=count, derandomize=True, database=None, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(case=cases, at_end=hypothesis.strategies.booleans())
    def call(case, at_end):
        print(case, flush=True)
        x, weight, bias = (guarded(np.ascontiguousarray(each), at_end) for each in case.arrays())
        y = passes(case, x, weight, bias)
        passes(case, x, weight, bias, guarded(np.ascontiguousarray(case.gradient(y.shape)), at_end))
        _memory.clear()

    call()


if __name__ == "__main__":
    arrays.host_memory.empty = lambda shape, dtype: between_pages(shape, dtype)
    calls_of_recipes(int(sys.argv[1]), int(sys.argv[2]))
    calls_of_convolutions(int(sys.argv[2]))
