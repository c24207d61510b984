"""One launch of a kernel with many arguments, in groups that belong together: its arrays, its tables, its sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Launches


def append(launches: Launches, kernel: Kernel, grid: int, *groups: tuple[Any, ...]) -> None:
    """Launch a kernel on so many blocks, if any; its arguments are the members of the groups, one group after the other.

    Whole numbers become int32, which takes one register where int64 would take two, others float32; the rest are handles.
    """
    if grid > 0:
        launches.launch(kernel, grid, *(_narrow(each) for group in groups for each in group))


def _narrow(value: Any) -> Any:
    if isinstance(value, int | float):
        return np.int32(value) if isinstance(value, int) else np.float32(value)
    return value
