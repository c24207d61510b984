"""What a kernel is given, by name: a record whose fields are its arguments, in their order, and say their types.

class Combined(NamedTuple):
    y: Floats
    size: Int32

append(launches, kernel, grid, Combined(y=y, size=12))      one launch
signature(Combined)                                         "void(float32[::1], int32)", for the compiler
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.launches import Launches


class Kind(NamedTuple):
    """How the compiler calls a type, and what makes a number of it; arrays stay as they are."""

    name: str
    make: Any = None


Floats = Annotated[Any, Kind("float32[::1]")]
Integers = Annotated[Any, Kind("int32[::1]")]
Int32 = Annotated[Any, Kind("int32", np.int32)]
Float32 = Annotated[Any, Kind("float32", np.float32)]


@cache
def kinds(record: type) -> dict[str, Kind]:
    """The types of a record's fields."""
    return {name: hint.__metadata__[0] for name, hint in get_type_hints(record, include_extras=True).items()}


def signature(record: type) -> str:
    """The types of a kernel's arguments, as Numba writes them."""
    return f"void({', '.join(kind.name for kind in kinds(record).values())})"


def append(launches: Launches, kernel: Kernel, grid: int, arguments: Any) -> None:
    """Launch a kernel on so many blocks, if any, with what a record holds."""
    if grid > 0:
        made = [kind.make(value) if kind.make else value for kind, value in zip(kinds(type(arguments)).values(), arguments, strict=True)]
        launches.launch(kernel, grid, *made)
