"""Every textbook loop as compiled PTX, executed: the bits of the compiled loop.

Two loops run in float64, the next two in float32, and all with sums in float32, each form for another one of three architectures.
MINICNN_CUDA_FULL=1 runs every form for all of them.
"""

import os
import re

import numpy as np
import pytest

from minicnn.kernels import textbook
from minicnn.kernels.cuda import derived, memory
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.derive import read

from ..kernels.textbook import cases
from . import executed
from .executed import ARCHITECTURES, Executed, put

FULL = os.environ.get("MINICNN_CUDA_FULL") == "1"
AXES = {"float64": (1, 2, 3), "float32": (2,)}
OTHER_AXES = re.compile("[13]d")
COMPILED_ONLY = re.compile("^(conv|max_pool|upsample_linear|read_linear)3d")  # with what derived text has: sums, choices, bounds, fractions
SIZES = (cases.USUAL, cases.drawn(1), cases.drawn(2)) if FULL else (cases.USUAL,)
LIBRARY = re.compile(
    r"(scaled_)?tanh_forward|sigmoid_forward|(channel_)?(log_)?softmax|local_response_norm|lp_pool|.*cross_entropy|dice|normal_draw|rotate_draw|mixup_draw"
)  # ask for exp, log, tanh or a power
ROUNDINGS = 16  # of the largest number: a device's exp and log differ from the C library's by one or two, and sums add some
BOUND = 2e-5  # of the largest number: roundings of float32 in sums of a few dozen terms


@pytest.fixture(autouse=True)
def on_the_host(monkeypatch):
    """Arrays of the host are those of the device; blocks are small, so that there are several."""
    monkeypatch.setattr(memory, "strided", executed.strided)
    monkeypatch.setattr(derived, "blocks_for", lambda places: (max(1, min(3, -(-places // 32))), 32))


def contiguous(array):
    return put(array)


def innermost(array):
    """Images innermost, filled up to a multiple of 4, as in a plan."""
    row = -(-len(array) // 4) * 4
    whole = put(np.full((*array.shape[1:], row), np.nan if array.dtype.kind == "f" else -77, array.dtype))
    inside = np.moveaxis(whole[..., : len(array)], -1, 0)
    inside[...] = array
    return inside


def launched(name, outputs, inputs, layout, launches, **how):
    """What the launches of a loop compute."""
    loop = getattr(textbook, name)
    given = zip(read(loop).arguments, (*outputs, *inputs), strict=True)
    arguments = {key: layout(value) if isinstance(value, np.ndarray) else value for key, value in given}
    append_loop(launches, loop, arguments, **how)
    return [arguments[key] for key in read(loop).arguments[: len(outputs)]]


def calls_of(name, dtypes):
    """(outputs, inputs) of every type and size."""
    for sizes in SIZES:
        for dtype in dtypes:
            if call := cases.calls(dtype, AXES[dtype], sizes).get(name):
                yield call


def number_of(name):
    """Of a loop; where there are more than one architecture and type, it takes the one of its number."""
    return textbook.__all__.index(name)


def dtypes(name):
    """All, in the full run; else one, which neither all gradients have nor all that they are gradients of."""
    if FULL:
        return tuple(AXES)
    return ("float64",) if OTHER_AXES.search(name) else (tuple(AXES)[number_of(name) // 2 % 2],)


def with_strange_numbers(inputs):
    """The same with a NaN, infinities and a negative zero in every array of numbers."""
    rng, changed = np.random.default_rng(5), []
    for each in inputs:
        if isinstance(each, np.ndarray) and each.dtype.kind == "f":
            each = each.copy()
            each.flat[rng.integers(0, each.size, 4)] = (np.nan, np.inf, -np.inf, -0.0) if each.size else ()
        changed.append(each)
    return changed


def check_bits(name, wanted, got):
    """Equal bits, but that a NaN is a NaN; near, where the definition asks for functions of the mathematics library."""
    for one, other in zip(wanted, got, strict=True):
        assert (np.isnan(one) == np.isnan(other)).all()
        one, other = (
            np.nan_to_num(one, nan=1.5, posinf=np.inf, neginf=-np.inf),
            np.nan_to_num(other, nan=1.5, posinf=np.inf, neginf=-np.inf),
        )
        if LIBRARY.match(name) and one.dtype.kind == "f":
            finite = np.isfinite(one)
            assert (one[~finite] == other[~finite]).all()
            bound = ROUNDINGS * np.finfo(one.dtype).eps
            np.testing.assert_allclose(other[finite], one[finite], rtol=bound, atol=bound)
        else:
            assert np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


def architectures(name, form=0):
    """All, in the full run; else one, which is another for another form of a loop."""
    return ARCHITECTURES if FULL else (ARCHITECTURES[(number_of(name) + form) % len(ARCHITECTURES)],)


@pytest.mark.parametrize("name", [name for name in textbook.__all__ if FULL or not OTHER_AXES.search(name) or COMPILED_ONLY.search(name)])
def test_threads_as_machine_code_have_the_bits_of_the_loop(name):
    """Also where numbers are not numbers.

    Without the full run, loops over one axis and three are those over two with one less or more: some are compiled, the simulator runs
    the text of all.
    """
    execute = FULL or not OTHER_AXES.search(name)
    for outputs, inputs in calls_of(name, dtypes(name)):
        for given in (inputs, with_strange_numbers(inputs)) if execute else (inputs,):
            wanted = [output.copy() for output in outputs]
            if execute:
                getattr(textbook, name)(*wanted, *given)
            for architecture in architectures(name):
                for layout in (contiguous, innermost) if FULL else (contiguous,):
                    launches = Executed(architecture, execute=execute)
                    got = launched(name, outputs, given, layout, launches)
                    if execute:
                        check_bits(name, wanted, got)


@pytest.mark.parametrize("name", [name for name in textbook.__all__ if FULL or not OTHER_AXES.search(name)])
def test_sums_in_float32_are_near_the_loop(name):
    """As plans ask for them, images innermost."""
    for outputs, inputs in calls_of(name, tuple(AXES) if FULL else ("float32",)):
        wanted = [output.copy() for output in outputs]
        getattr(textbook, name)(*wanted, *inputs)
        for architecture in architectures(name, form=1):
            launches = Executed(architecture)
            for one, other in zip(wanted, launched(name, outputs, inputs, innermost, launches, single=True), strict=True):
                finite = np.isfinite(one)
                apart = np.abs(other - one).max(initial=0, where=finite)
                assert apart <= BOUND * np.abs(one).max(initial=1, where=finite)
