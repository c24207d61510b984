"""What each kernel means: plain nested loops, compiled, one operation's whole family per file.

Fast kernels are compared with these.  They decide nothing: no defaults, no checks, no allocation; outputs come first and every element
of them is written.  Call them from Python or from your own `@njit` code; under NUMBA_DISABLE_JIT=1 they are ordinary Python.

Here are all those of the files, those that they call among themselves left out: every name with "_forward" or "_backward" in it.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

_LOOPS = {
    name: loop
    for file in iter_modules(__path__)
    for name, loop in vars(import_module(f"{__name__}.{file.name}")).items()
    if "_forward" in name or "_backward" in name
}
globals().update(_LOOPS)
__all__ = sorted(_LOOPS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...
