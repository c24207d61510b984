"""How the textbook loops are compiled, and their machine code kept.

`kernel` marks a function that works on arrays.  The functions of `minicnn.kernels.index` and `minicnn.kernels.random_bits` are compiled
here as well, so that a loop reads `h = input_position(p, r, stride_h, dilation_h, pad_h)` in compiled code and in plain Python alike.
With NUMBA_DISABLE_JIT=1 `njit` hands every function back unchanged, and all of this is ordinary Python.

Sums are kept in float64, whatever the arrays hold: a loop starts its sum with `np.float64(...)`, adds products in the dtype of the
arrays, and rounds once, when it stores.  (Since NumPy 2 a bare `0.0 + np.float32` stays float32 in plain Python; the explicit
type makes both worlds add alike.)
"""

from minicnn.kernels import index, random_bits
from minicnn.kernels.machine_code import compile as machine_code


def kernel(function):
    """Compile a textbook loop at its first call, once per combination of array types and machine: it is cached on disk.

    A function that is written outside `minicnn.kernels` is compiled in every process: nobody would notice that a helper of it was edited.
    """
    # No fast mathematics: the order of every sum is the order of the loops, and NaN means NaN.
    return machine_code.kernel(function, math=set(), cached=machine_code.is_stamped(function))


input_position = kernel(index.input_position)
output_position = kernel(index.output_position)
weight_tap = kernel(index.weight_tap)
counted_taps = kernel(index.counted_taps)
uniform_bits = kernel(random_bits.uniform_bits)
drop_threshold = kernel(random_bits.drop_threshold)
tile_position = kernel(index.tile_position)
adaptive_range = kernel(index.adaptive_range)
padded_source = kernel(index.padded_source)
