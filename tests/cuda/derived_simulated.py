"""As a script, under NUMBA_ENABLE_CUDASIM=1: every PARTS-th textbook loop as launches in Numba's simulator, against the compiled loop.

python derived_simulated.py PART PARTS      prints the names of the loops that agree, and ends with an error where one does not
"""

import os
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "kernels" / "textbook"))
import cases

from minicnn.kernels import textbook
from minicnn.kernels.cuda import launches, memory
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.derive import read
from minicnn.kernels.derive.cuda import cuda
from minicnn.kernels.derive.generated import load

TYPES = {"float64": (1, 3), "float32": (2,)}  # each loop is compiled once
BOUND = 2e-5  # of the largest number: roundings of float32 in sums of a few dozen terms


def innermost(array, rng):
    """An array on the device whose first axis lies innermost, filled up to a multiple of 4, as in a plan."""
    row = -(-len(array) // 4) * 4
    own = np.full((*array.shape[1:], row), np.nan if array.dtype.kind == "f" else -77, array.dtype)
    inner = launches.contiguous_strides((*array.shape[1:], row))
    return placed(array, own, (inner[-1], *inner[:-1]))


def shuffled(array, rng):
    """Its axes in another order, each array in its own."""
    order = rng.permutation(array.ndim)
    own = np.empty(tuple(array.shape[axis] for axis in order), array.dtype)
    strides = dict(zip(order, launches.contiguous_strides(own.shape), strict=True))
    return placed(array, own, tuple(strides[axis] for axis in range(array.ndim)))


def contiguous(array, rng):
    return memory.to_device(array)


def placed(array, own, strides):
    device = launches.strided(launches.flat(memory.to_device(own)), array.shape, strides)
    device._ary[...] = array
    return device


FULL = os.environ.get("MINICNN_CUDA_FULL") == "1"
RUNS = (
    (cases.USUAL, innermost, ("float64", "float32") if FULL else ("float64",)),  # over two axes test_ptx_derived.py runs the machine code
    (cases.drawn(1), shuffled, ("float32",)),
    (cases.drawn(2), contiguous, ("float64",)),
)


def launched(name, outputs, inputs, layout, **how):
    """What the launches of a loop compute."""
    definition, rng = read(getattr(textbook, name)), np.random.default_rng(3)
    given = zip(definition.arguments, (*outputs, *inputs), strict=True)
    on_device = {key: layout(value, rng) if isinstance(value, np.ndarray) else value for key, value in given}
    with np.errstate(all="ignore"):
        append_loop(launches.Now(), getattr(textbook, name), on_device, **how)
    return [on_device[key]._ary for key in definition.arguments[: len(outputs)]]


def threads_of_the_text(name, outputs, inputs):
    """What the kernel computes that `minicnn derive NAME --for cuda` shows."""
    definition, got = read(getattr(textbook, name)), [output.copy() for output in outputs]
    kernel = load(cuda(definition, **dict.fromkeys(definition.called, cases.some_map)), definition.name)
    with np.errstate(all="ignore"):
        kernel[2, 3](*got, *(each for each in inputs if not callable(each)))
    return got


def check(name, outputs, inputs, layout, single):
    got = launched(name, outputs, inputs, layout)
    if layout is contiguous:
        got += threads_of_the_text(name, outputs, inputs)
    rounded = launched(name, outputs, inputs, layout, single=True) if single else ()
    getattr(textbook, name)(*outputs, *inputs)
    for one, other in zip(outputs * 2, got, strict=False):
        if one.tobytes() != np.ascontiguousarray(other).tobytes():
            raise SystemExit(f"{name} {one.dtype} {layout.__name__}: other bits")
    for one, other in zip(outputs, rounded, strict=False):
        apart = np.abs(other - one).max(initial=0, where=np.isfinite(one))
        if not apart <= BOUND * np.abs(one).max(initial=1, where=np.isfinite(one)):
            raise SystemExit(f"{name} {layout.__name__} in float32: {apart} apart")


def main(part, parts):
    names = textbook.__all__[part::parts]
    for sizes, layout, types in RUNS:
        for dtype in types:
            for name, (outputs, inputs) in cases.calls(dtype, TYPES[dtype], sizes).items():
                if name in names and not (dtype == "float32" and "2d" not in name) and not (layout is contiguous and "3d" in name):
                    check(name, outputs, inputs, layout, single=layout is innermost)
    print(*names)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
