"""Text that was derived becomes a function: one for each text, for ever, under a name that holds the text's hash.

A loop that was edited has another text, and so another function, here and in the kernels' cache on disk, which knows a function by its
module, name and line.  Nothing that was compiled before is ever taken for it.
"""

from __future__ import annotations

import functools
import hashlib
import linecache
import sys
import types
from typing import Any


def load(text: str, name: str) -> Any:
    """The function (or compiled function) of that name that a derived text defines."""
    return _space(text)[name]


@functools.lru_cache(maxsize=1024)
def _space(text: str) -> dict[str, Any]:
    module = f"minicnn.derived.{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    file = f"<{module}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)  # tracebacks, and `read`, show the text
    known = sys.modules[module] = types.ModuleType(module)  # by which Numba finds a function that it takes from its cache
    exec(compile(text, file, "exec", dont_inherit=True), vars(known))
    return vars(known)
