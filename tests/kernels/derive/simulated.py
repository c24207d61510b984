"""As a script, under NUMBA_ENABLE_CUDASIM=1: every PARTS-th textbook kernel as CUDA threads in Numba's simulator, against the compiled loop.

python simulated.py PART PARTS      prints the names of the kernels whose bits are equal, and ends with an error where some are not
"""

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "textbook"))
import cases

from minicnn.kernels import textbook
from minicnn.kernels.derive import read
from minicnn.kernels.derive.cuda import cuda
from minicnn.kernels.derive.generated import load

TYPES = {"float64": (1, 3), "float32": (2,)}  # each loop is compiled once
SETTINGS = (cases.USUAL, cases.drawn(1), cases.drawn(2), cases.drawn(3))
LAUNCHES = ((1, 1), (2, 5), (3, 2), (5, 1))  # blocks, threads: one, several, more than there are places


def kernel(name):
    definition = read(getattr(textbook, name))
    functions = dict.fromkeys(definition.called, cases.some_map)
    return load(cuda(definition, **functions), definition.name)


def same_bits(expected, got):
    return all(one.tobytes() == other.tobytes() for one, other in zip(expected, got, strict=True))


def main(part, parts):
    names = textbook.__all__[part::parts]
    for sizes, launch in zip(SETTINGS, LAUNCHES, strict=True):
        for dtype, axes in TYPES.items():
            for name, (outputs, inputs) in cases.calls(dtype, axes, sizes).items():
                if name not in names or (dtype == "float32" and "2d" not in name):
                    continue
                got = [output.copy() for output in outputs]
                getattr(textbook, name)(*outputs, *inputs)
                with np.errstate(all="ignore"):
                    kernel(name)[launch](*got, *(each for each in inputs if not callable(each)))
                if not same_bits(outputs, got):
                    raise SystemExit(f"{name} {dtype} {sizes} in {launch} differs")
    print(*names)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
