"""One launch of a kernel with many arguments, in groups that belong together: its arrays, its tables, its sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Launches


def append(launches: Launches, kernel: Kernel, grid: int, *groups: tuple[Any, ...]) -> None:
    """Launch a kernel on so many blocks, if any.

    groups : members, one group after the other, are the kernel's arguments: handles; arrays of NumPy, which become tables; whole numbers,
        int32 in the kernel, where int64 would take two registers; others, float32
    """
    if grid > 0:
        launches.launch(kernel, grid, *(_argument(launches, each) for group in groups for each in group))


def _argument(launches: Launches, value: Any) -> Any:
    if isinstance(value, int | float):
        return np.int32(value) if isinstance(value, int) else np.float32(value)
    return launches.table(value) if isinstance(value, np.ndarray) else value
