"""Kernels of image processing by name, small enough to check by eye.

Like networks, these call cross-correlation convolution: `conv2d(x, image_kernels["sobel-top"][None, None])` is positive where it is
bright above and dark below.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["image_kernels"]


def _kernel(rows: Sequence[Sequence[int]], divisor: int = 1) -> npt.NDArray[np.float32]:
    values = np.array(rows, np.float32) / np.float32(divisor)
    values.flags.writeable = False
    return values


_TOP = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
_LEFT = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]

image_kernels = {
    "identity": _kernel([[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "box": _kernel([[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9),
    "gaussian": _kernel([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    "emboss": _kernel([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
    "outline": _kernel([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "sharpen": _kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "sobel-top": _kernel(_TOP),
    "sobel-bottom": _kernel(_TOP[::-1]),
    "sobel-left": _kernel(_LEFT),
    "sobel-right": _kernel([row[::-1] for row in _LEFT]),
}
