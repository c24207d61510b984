"""How kernels are compiled, and where the machine code is kept.

Every compiled function of minicnn goes through one of the two decorators here, so that flags and cache are settled in one place.
The cache's freshness stamp covers every source file of `minicnn.kernels`: Numba by itself looks only at the file that holds the
function and would keep machine code made from an older helper.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minicnn.kernels.address_space import KERNEL_BYTES, check_address_space

check_address_space()

from numba import njit, types  # noqa: E402   LLVM is not loaded where it would end the process
from numba.core import caching, config  # noqa: E402
from numba.core.ccallback import CFunc  # noqa: E402

# No `nnan` or `ninf`: they would delete the tests for NaN.  `reassoc` lets a sum use several accumulators.
FAST_MATH = {"contract", "reassoc", "nsz"}
EXACT_MATH = {"contract", "nsz"}

_FLAGS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

FLOATS = types.CPointer(types.float32)
INTEGERS = types.CPointer(types.int64)
# memory, parameters, table, arguments, frame: see `cpu/program.py`
STEP_SIGNATURE = types.void(FLOATS, FLOATS, INTEGERS, INTEGERS, INTEGERS)


@functools.cache
def source_stamp() -> str:
    """One hash over all kernel sources, Python's and Numba's version being looked at by Numba itself."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where machine code is kept: NUMBA_CACHE_DIR if set, else the user's cache folder."""
    if config.CACHE_DIR:
        return Path(config.CACHE_DIR) / "minicnn"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "minicnn" / "machine-code"


@functools.cache
def cache_is_usable() -> bool:
    """Whether the cache folder can be written; without it every start compiles anew, and nothing else changes."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache_folder()).close()
    except OSError:
        return False
    return True


class _Locator:
    """Tells Numba's cache where a kernel's machine code lies and whether it is still fresh."""

    def __init__(self, function: Callable[..., Any], path: str) -> None:
        self._py_file = path
        self._lineno = function.__code__.co_firstlineno
        self._folder = Path(path).parent.name

    @classmethod
    def from_function(cls, function: Callable[..., Any], path: str) -> _Locator:
        return cls(function, path)

    def ensure_cache_path(self) -> None:
        Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(cache_folder() / self._folder)

    def get_source_stamp(self) -> str:
        return source_stamp()

    def get_disambiguator(self) -> str:
        return str(self._lineno)


class _CacheImplementation(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012


class _KernelCache(caching.FunctionCache):
    _impl_class = _CacheImplementation

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        check_address_space(KERNEL_BYTES)   # a kernel that is not in the cache is compiled next
        return super().load_overload(sig, target_context)


def _keep(compiled: Any, function: Callable[..., Any]) -> None:
    if cache_is_usable():
        compiled._cache = _KernelCache(function)


def kernel(function: Callable[..., Any] | None = None, *, math: set[str] = EXACT_MATH) -> Any:
    """Compile a loop for the CPU: no Python lock held, cached on disk, compiled at its first call."""
    if function is None:
        return functools.partial(kernel, math=math)
    compiled = njit(fastmath=math, **_FLAGS)(function)
    if not config.DISABLE_JIT:
        _keep(compiled, function)
    return compiled


class StepKernel:
    """A loop that a plan calls by its address; compiled (or read from the cache) when the address is first asked for.

    splits : whether it can do a part of its work, as the frame's PART and PARTS say
    """

    def __init__(self, function: Callable[..., Any], math: set[str], splits: bool) -> None:
        self.name = function.__name__
        self.splits = splits
        self._function = function
        self._math = math

    @functools.cached_property
    def address(self) -> int:
        signature = (STEP_SIGNATURE.args, STEP_SIGNATURE.return_type)
        compiled = CFunc(self._function, signature, locals={}, options={"fastmath": self._math, **_FLAGS})
        _keep(compiled, self._function)
        compiled.compile()
        self._compiled = compiled   # keeps the machine code alive
        return int(compiled.address or 0)

    def __repr__(self) -> str:
        return f"<step {self.name}>"


def step(function: Callable[..., Any] | None = None, *, math: set[str] = EXACT_MATH, splits: bool = False) -> Any:
    """Make a function of (memory, parameters, table, arguments, frame) callable as a step of a plan."""
    if function is None:
        return functools.partial(step, math=math, splits=splits)
    return StepKernel(function, math, splits)
