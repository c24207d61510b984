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

from numba import njit, types
from numba.core import caching, compiler, config, registry, typing
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import _FunctionCompiler  # type: ignore[attr-defined]

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


class _StepCompiler(_FunctionCompiler):
    """Compiles a function as other compiled code calls it, without the wrappers through which Python and C would."""

    def _customize_flags(self, flags: Any) -> Any:
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        flags.enable_pyobject = False
        return flags


class StepKernel:
    """A loop that a plan calls by its address; compiled (or read from the cache) when the address is first asked for.

    splits : whether it can do a part of its work, as the frame's PART and PARTS say
    """

    def __init__(self, function: Callable[..., Any], math: set[str], splits: bool) -> None:
        self.name = function.__name__
        self.splits = splits
        self._function = function
        self._math = math
        self._cache: Any = caching.NullCache()
        self._address = 0

    @property
    def address(self) -> int:
        """Where its machine code begins; `cpu/atomics.py` knows how it is called."""
        if not self._address:
            with global_compiler_lock:
                self._address = self._address or self._compile()
        return self._address

    def _compile(self) -> int:
        signature = typing.signature(STEP_SIGNATURE.return_type, *STEP_SIGNATURE.args)
        _keep(self, self._function)
        code = self._cache.load_overload(signature, registry.cpu_target.target_context)
        if code is None:
            options = {"fastmath": self._math, **_FLAGS}
            compiling = _StepCompiler(self._function, registry.cpu_target, options, {}, pipeline_class=compiler.Compiler)
            code = compiling.compile(signature.args, signature.return_type)
            self._cache.save_overload(signature, code)
        self._library = code.library   # keeps the machine code alive
        return int(self._library.get_pointer_to_function(code.fndesc.llvm_func_name))

    def __repr__(self) -> str:
        return f"<step {self.name}>"


def step(function: Callable[..., Any] | None = None, *, math: set[str] = EXACT_MATH, splits: bool = False) -> Any:
    """Make a function of (memory, parameters, table, arguments, frame) callable as a step of a plan."""
    if function is None:
        return functools.partial(step, math=math, splits=splits)
    return StepKernel(function, math, splits)


# A fork in the middle of compiling would leave the child with a compiler half way through and its lock closed: it waits.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=global_compiler_lock.acquire, after_in_parent=global_compiler_lock.release,
                        after_in_child=global_compiler_lock.release)
