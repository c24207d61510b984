"""A textbook loop on a user's arrays of a device: launched at once, a thread for each place."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Now
from minicnn.kernels.cuda.runtime import on


def run_loop(loop: Any, arguments: tuple[Any, ...]) -> None:
    """Run it with its arguments as they stand, an output first; arrays of the host among them are copied to the device."""
    if not arguments[0].size:
        return
    names = getattr(loop, "py_func", loop).__code__.co_varnames
    with on(memory.number_of(arguments[0])):
        launches = Now()
        given = (launches.table(each) if type(each) is np.ndarray else each for each in arguments)
        append_loop(launches, loop, dict(zip(names, given, strict=False)))
