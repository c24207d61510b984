"""How kernels are compiled, and what their machine code on disk (`machine_code.py`) is known by.

Every compiled function of minicnn goes through one of the two decorators here, so that flags and cache are settled in one place.
The cache's freshness stamp covers every source file of `minicnn.kernels`: Numba by itself looks only at the file that holds the
function and would keep machine code made from an older helper.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minicnn.kernels.machine_code.address_space import KERNEL_BYTES, check_address_space

check_address_space()

# ruff: noqa: E402   LLVM is not loaded if it would end the process
import llvmlite
import numba
from numba import njit, types
from numba.core import caching, config, serialize, typing
from numba.core.compiler import Compiler, CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import _FunctionCompiler  # type: ignore[attr-defined]
from numba.core.registry import cpu_target

from minicnn.kernels.machine_code import files as machine_code
from minicnn.kernels.machine_code.records import FRAME, Fields, record_type
from minicnn.kernels.machine_code.trust import CacheError

# No `nnan` or `ninf`: they would delete the tests for NaN.  `reassoc` lets a sum use several accumulators.
FAST_MATH = {"contract", "reassoc", "nsz"}
EXACT_MATH = {"contract", "nsz"}

# nogil: other threads may run meanwhile.  "numpy": a division by zero gives inf or nan, and costs no branch.
_FLAGS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_SOURCES = Path(__file__).parents[1]

FLOATS = types.CPointer(types.float32)
INTEGERS = types.CPointer(types.int64)
# memory, parameters, table, arguments, frame: see `cpu/program/program.py`.  To a step the last two are records, which are pointers too.
STEP_SIGNATURE = types.void(FLOATS, FLOATS, INTEGERS, INTEGERS, INTEGERS)


@functools.cache
def source_stamp() -> str:
    """One hash over all kernel sources, Python's and Numba's version being looked at by Numba itself."""
    digest = hashlib.sha256()
    for path in sorted(_SOURCES.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_stamped(function: Callable[..., Any]) -> bool:
    """Whether the stamp covers the file that a function is written in."""
    return _SOURCES in Path(function.__code__.co_filename).parents


@functools.cache
def generation(target: tuple[str, ...]) -> str:
    """The name of all that machine code depends on besides its function: sources, compiler, Python, and the CPU as `magic_tuple` says."""
    compiler = (numba.__version__, llvmlite.__version__, sys.version_info[:2], getattr(sys, "abiflags", ""))
    return hashlib.sha256(repr((source_stamp(), compiler, target)).encode()).hexdigest()[:16]


def current_generation() -> str:
    """The generation of this version of minicnn on this machine."""
    return generation(cpu_target.target_context.codegen().magic_tuple())


class _KernelCache(caching.FunctionCache):
    """Numba's view of the files in `machine_code`, one a function and signature.  No fault of a file gets any further than a warning."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._py_func = function
        source_stamp()  # of the sources as they are imported, not as they may be when the first kernel is compiled
        self.enable()

    @property
    def cache_path(self) -> str | None:
        try:
            return str(machine_code.cache_folder())
        except (CacheError, OSError):
            return None

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        if _takes_function(sig):
            return None
        check_address_space(KERNEL_BYTES)  # a kernel that is not in the cache is compiled next
        target_context.refresh()
        try:
            payload = machine_code.read(self._path(sig, target_context.codegen())) if self._enabled else None
            return None if payload is None else CompileResult._rebuild(target_context, *serialize.loads(payload))
        except Exception as error:
            machine_code.tell("kernels are compiled again", error)
            return None

    def save_overload(self, sig: Any, data: CompileResult) -> None:
        if not self._enabled or data.lifted or data.library.has_dynamic_globals or _takes_function(sig):
            return
        try:
            machine_code.write(self._path(sig, data.codegen), serialize.dumps(data._reduce()))
        except Exception as error:
            machine_code.tell("compiled kernels are not kept", error)

    def flush(self) -> None:
        self.disable()

    def _path(self, sig: Any, codegen: Any) -> Path:
        function = self._py_func
        key = repr((function.__module__, function.__qualname__, function.__code__.co_firstlineno, self._index_key(sig, codegen)))
        name = f"{function.__name__.strip('<>')}-{hashlib.sha256(key.encode()).hexdigest()[:32]}{machine_code.SUFFIX}"
        return machine_code.cache_folder() / generation(codegen.magic_tuple()) / name


def _takes_function(sig: Any) -> bool:
    """Whether the code depends on a function that is handed in: it is known by its address alone, which is another one tomorrow."""
    arguments = sig.args if isinstance(sig, typing.Signature) else sig
    return any(isinstance(argument, (types.Callable, types.FunctionType)) for argument in arguments)


def kernel(function: Callable[..., Any] | None = None, *, math: set[str] = EXACT_MATH, cached: bool = True, inline: bool = False) -> Any:
    """Compile a loop for the CPU: no Python lock held, compiled at its first call, cached on disk unless a function is handed to it.

    inline : whether it becomes a part of its caller whatever its length
    """
    if function is None:
        return functools.partial(kernel, math=math, cached=cached, inline=inline)
    compiled = njit(fastmath=math, forceinline=inline, **_FLAGS)(function)
    if cached and not config.DISABLE_JIT:
        compiled._cache = _KernelCache(function)
    return compiled


class _StepCompiler(_FunctionCompiler):
    """Compiles a function as other compiled code calls it, without the wrappers through which Python and C would."""

    def _customize_flags(self, flags: Any) -> Any:
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        flags.enable_pyobject = False
        return flags


class StepKernel:
    """A loop that a plan calls by its address; compiled (or read from the cache) when the address is first asked for.

    fields : the kind of each of its arguments by name
    splits : whether it can do a part of its work, as the frame's `part` and `parts` say
    label : a name that no other step has: those that are derived may share one, and differ in their text
    """

    def __init__(self, function: Callable[..., Any], fields: Fields, math: set[str], splits: bool, text: str = "") -> None:
        self.name = function.__name__
        self.label = f"{self.name}.{hashlib.sha256(text.encode()).hexdigest()[:8]}" if text else self.name
        self.fields = fields
        self.splits = splits
        self.function = function
        self.math = math
        self._address = 0

    @property
    def address(self) -> int:
        """Where its machine code begins; `cpu/program/atomics.py` knows how it is called."""
        if not self._address:
            with global_compiler_lock:
                self._address = self._address or self._compile()
        return self._address

    def _compile(self) -> int:
        signature = typing.signature(STEP_SIGNATURE.return_type, *STEP_SIGNATURE.args[:-2], record_type(self.fields), FRAME)
        cache = _KernelCache(self.function)
        code = cache.load_overload(signature, cpu_target.target_context)
        if code is None:
            options = {"fastmath": self.math, **_FLAGS}
            compiling = _StepCompiler(self.function, cpu_target, options, {}, pipeline_class=Compiler)
            code = compiling.compile(signature.args, signature.return_type)
            cache.save_overload(signature, code)
        self._library = code.library  # keeps the machine code alive
        return int(self._library.get_pointer_to_function(code.fndesc.llvm_func_name))

    def __repr__(self) -> str:
        return f"<step {self.name}>"


def step(names: str = "", *, math: set[str] = EXACT_MATH, splits: bool = False, **kinds: Any) -> Any:
    """Make a function of (memory, parameters, table, arguments, frame) callable as a step of a plan.

        @step("y x count", slope=float, rows=Axis)

    names : its integer arguments
    kinds : its other arguments, each `float` or a group, see `records.py`
    """
    fields = dict.fromkeys(names.split(), int) | kinds
    return lambda function: StepKernel(function, fields, math, splits)


# A fork in the middle of compiling would leave the child with a compiler half way through and its lock closed: it waits.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=global_compiler_lock.acquire, after_in_parent=global_compiler_lock.release, after_in_child=global_compiler_lock.release
    )
