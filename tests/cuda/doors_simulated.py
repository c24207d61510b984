"""As a script, under NUMBA_ENABLE_CUDASIM=1: every PARTS-th public function on arrays of a device, in Numba's simulator, against the host.

python doors_simulated.py PART PARTS      prints the functions that agree, in the order of the recipes, and ends with an error where one does not
"""

import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "kernels"))
import right_calls
from numba import cuda

from minicnn.errors import DeviceError
from minicnn.kernels.cuda import launches, memory

BOUND = 2e-5  # of the largest number: roundings of float32 in sums of a few dozen terms
POWERS = {"batch_norm_training": 1e-15}  # where the simulator squares by C's pow, whose last bit may be another
ON_THE_HOST = ("separable", "conv_matrix", "circulant", "circulant_eigenvalues", "non_maximum_suppression")
WITHOUT_ARRAYS = ("fourier_basis", "variant", "laws.check")
TILED = ("conv", "tiled_conv", "unshared_conv", "linear", "separable_conv")  # what such names begin with goes through tiles in float32
OFTEN = (
    "conv2d",
    "conv2d_backward_weight",
    "tiled_conv2d",
    "max_pool2d",
    "avg_pool2d_backward",
    "channel_pool_backward",
    "batch_norm_training",
)
DRAWS = 4  # of those; of all others one


class Strict(type(memory.empty((1,), np.float32))):
    """The simulator's array with no more than those of a device have: without NumPy's methods, and without copies that nobody asked for."""

    HAS = ("ndim", "size", "dtype", "strides", "flat", "squeeze", "__array_interface__")

    def __getattr__(self, name):
        if name not in self.HAS:
            raise AttributeError(name)
        return getattr(self._ary, name)

    def reshape(self, *shape):
        if not self.is_c_contiguous():
            raise NotImplementedError("operation requires copying")
        return type(self)(self._ary.reshape(*shape))


def drawn(recipe, number):
    """Arguments: float32 on two axes, where tiles are, and float64 on others, as the textbook's tests compile the loops."""
    draw = right_calls.Draw(np.random.default_rng([number, *recipe.name.encode()]))
    draw.dtype = np.dtype(np.float32 if "2d" in recipe.name or ("d" not in recipe.name and number % 2) else np.float64)
    given = recipe.drawing(draw, *recipe.settings)
    if "algorithm" in given:
        given["algorithm"] = ("auto", "textbook")[number % 2]
    return given


def on_device(value, shuffle):
    """An array on the device, with its axes in any order and maybe gaps; lists of them, and all else as it is."""
    if isinstance(value, list):
        return [on_device(each, shuffle) for each in value]
    if not isinstance(value, np.ndarray):
        return value
    order = shuffle.permutation(value.ndim)
    turned = np.transpose(value, order)
    gap = int(shuffle.integers(1, 3)) if value.ndim else 1
    own = memory.to_device(np.repeat(turned, gap, axis=-1) if value.ndim else value)
    apart = launches.contiguous_strides(tuple(own.shape))
    strides = dict(zip(order, (*apart[:-1], gap) if apart else (), strict=True))
    return Strict(launches.strided(own, value.shape, tuple(strides[axis] for axis in range(value.ndim)))._ary)


@contextmanager
def by_the_loops():
    """Inside, everything on the host goes through the textbook loops as well."""
    front = [each for each in list(sys.modules.values()) if each.__name__.startswith("minicnn.kernels") and hasattr(each, "by_loop")]
    kept = [(each, name, getattr(each, name)) for each in front for name in ("by_loop", "by_tiles") if hasattr(each, name)]
    for each, name, _ in kept:
        setattr(each, name, lambda *arrays, answer=name == "by_loop": answer)
    try:
        yield
    finally:
        for each, name, function in kept:
            setattr(each, name, function)


def check(recipe, number):
    """One call on the host and on the device."""
    given = drawn(recipe, number)
    shuffle = np.random.default_rng(number)
    placed = {name: on_device(value, shuffle) for name, value in given.items()}
    if recipe.name in ON_THE_HOST:
        return check_refused(recipe, placed)
    with by_the_loops():
        expected = recipe.function(**given)
    with np.errstate(all="ignore"):
        got = recipe.function(**placed)
    for name, value in given.items():
        if isinstance(value, np.ndarray) and memory.to_host(placed[name]).tobytes() != np.ascontiguousarray(value).tobytes():
            raise SystemExit(f"{recipe.name}: {name} was changed")
    tiled = recipe.name.startswith(TILED) and not recipe.name.endswith("bias") and given.get("algorithm") != "textbook"
    for one, other in zip(*(each if isinstance(each, tuple) else (each,) for each in (expected, got)), strict=True):
        bound = BOUND if tiled and given_type(given) == np.float32 else POWERS.get(recipe.name, 0)
        compare(f"{recipe.name} {number}", one, other, bound)


def given_type(given):
    return next(each.dtype for each in given.values() if isinstance(each, np.ndarray))


def compare(what, expected, got, bound):
    if not isinstance(expected, np.ndarray):
        if expected != got:
            raise SystemExit(f"{what} gives {got!r}, not {expected!r}")
        return
    if not cuda.cudadrv.devicearray.is_cuda_ndarray(got):
        raise SystemExit(f"{what} gives a {type(got).__name__}, not an array of the device")
    there = memory.to_host(got)
    if (there.shape, there.dtype) != (expected.shape, expected.dtype):
        raise SystemExit(f"{what} gives {there.shape} {there.dtype}, not {expected.shape} {expected.dtype}")
    if bound:
        if not np.allclose(there, expected, rtol=0, atol=bound * max(1.0, np.abs(expected).max(initial=0))):
            raise SystemExit(f"{what} differs by {np.abs(there - expected).max()}")
    elif there.tobytes() != np.ascontiguousarray(expected).tobytes():
        raise SystemExit(f"{what} has other bits")


def check_refused(recipe, placed):
    try:
        recipe.function(**placed)
    except DeviceError as error:
        if not str(error).endswith(f"lies on a CUDA device, where {recipe.name} does not run\n  copy it to the host first"):
            raise
    else:
        raise SystemExit(f"{recipe.name} takes an array of a device")


def main(part, parts):
    cuda.device_array = lambda shape, dtype, stream=0: Strict(np.ndarray(shape, dtype))
    for recipe in right_calls.recipes()[part::parts]:
        if recipe.name not in WITHOUT_ARRAYS:
            for number in range(DRAWS if recipe.name in OFTEN else 1):
                check(recipe, number)
        print(recipe.name)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
