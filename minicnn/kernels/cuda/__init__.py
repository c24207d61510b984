"""The same operations on a CUDA device: imported only when something lies there, or is asked for there."""

import minicnn.kernels.cuda.runtime  # noqa: F401  puts numba-cuda in the place of numba.cuda before a file imports that
