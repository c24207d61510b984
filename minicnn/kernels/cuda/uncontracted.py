"""Kernels whose products and sums are rounded one by one.

`cuda.jit` has no word for NVVM's option -fma, so this reaches for what numba-cuda keeps for itself.  Link-time optimisation is off: the
linker would contract what it is given as NVVM's own code, but takes `mul.rn` and `add.rn` in PTX as they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cuda
from numba.cuda.core.compiler_lock import global_compiler_lock
from numba.cuda.core.sigutils import normalize_signature
from numba.cuda.dispatcher import CUDADispatcher, _Kernel


def jit(python: Callable[..., None], **options: Any) -> Any:
    """As `cuda.jit(python, **options)`."""
    return _Uncontracted(python, targetoptions=cuda.jit(python, lto=False, **options).targetoptions)


class _Uncontracted(CUDADispatcher):
    @global_compiler_lock
    def compile(self, sig: Any) -> Any:
        arguments, _ = normalize_signature(sig)
        if arguments not in self.overloads:
            kernel = _Kernel(self.py_func, arguments, **self.targetoptions)
            library = kernel.library
            library._nvvm_options["fma"] = False
            library._ptx_cache.clear()
            kernel.bind()
            self.add_overload(kernel, arguments)
        return self.overloads[arguments]
