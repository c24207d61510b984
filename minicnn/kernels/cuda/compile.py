"""A CUDA kernel: a Python function, compiled for a device when it is first launched, and for any architecture when its PTX is asked for.

A device multiplies and adds with one rounding where the compiler finds a product beside a sum.  An exact kernel is compiled without that
(NVVM's option -fma=0, `uncontracted.py`), and its PTX, which says `mul.rn` and `add.rn`, goes to the linker as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from minicnn.kernels.cuda.runtime import SIMULATED

MOST_BLOCKS = 132 * 16  # all that the largest devices of today hold at once, of 128 threads: more would only wait
ARCHITECTURE = (9, 0)  # whose PTX is shown if none is asked for


class Kernel:
    """A function of one thread.

    python : uses `numba.cuda`
    threads : of a block; 0 where any number will do, because its threads take turns
    blocks : of a processor, resident together, to compile for; 0 is the compiler's choice
    exact : products and sums are not contracted, so that the bits are those of a processor
    """

    def __init__(self, python: Callable[..., None], threads: int = 0, blocks: int = 0, exact: bool = False) -> None:
        self.python, self.threads, self.blocks, self.exact = python, threads, blocks, exact
        self.name = python.__name__
        self._libraries: dict[Any, Any] = {}

    @cached_property
    def _compiled(self) -> Any:
        from numba import cuda

        if not self.exact or SIMULATED:
            return cuda.jit(self.python, **self._bounds())
        from minicnn.kernels.cuda.uncontracted import jit

        return jit(self.python, **self._bounds())

    def launch(self, grid: int | tuple[int, ...], threads: int, stream: Any, *arguments: Any) -> None:
        """Start it on a device, or run it in the simulator."""
        self._compiled[grid, threads or self.threads, stream](*arguments)

    def prepare(self, *arguments: Any) -> None:
        """Compile it for such arguments; the simulator runs what it is given."""
        if not SIMULATED:
            self._compiled.compile(tuple(map(self._compiled.typeof_pyval, arguments)))

    def ptx(self, signature: Any, cc: tuple[int, int] = ARCHITECTURE) -> str:
        """Its PTX for a compute capability; needs no device.

        signature : Numba types of the arguments, or "void(float32[::1], int32)"
        """
        return str(self.library(signature).get_asm_str(cc=cc))

    def library(self, signature: Any) -> Any:
        """What Numba makes of it for such arguments, before it is compiled for an architecture; needs no device."""
        from numba import types
        from numba.cuda.compiler import compile_cuda, kernel_fixup
        from numba.cuda.core.compiler_lock import global_compiler_lock
        from numba.cuda.core.sigutils import normalize_signature
        from numba.cuda.cudadrv.nvvm import set_launch_bounds

        arguments, _ = normalize_signature(signature)
        if arguments not in self._libraries:
            options = {"opt": 3, "fma": not self.exact}
            with global_compiler_lock, _without_device():
                made = compile_cuda(self.python, types.void, arguments, nvvm_options=options, cc=ARCHITECTURE)
            kernel = made.library.get_function(made.fndesc.llvm_func_name)
            kernel_fixup(kernel, False)
            set_launch_bounds(kernel, self._bounds().get("launch_bounds"))
            self._libraries[arguments] = made.library
        return self._libraries[arguments]

    def _bounds(self) -> dict[str, Any]:
        return {"launch_bounds": (self.threads, self.blocks)} if self.blocks and not SIMULATED else {}


def blocks_for(places: int) -> tuple[int, int]:
    """Blocks and threads for kernels whose threads take turns at so many places; the same on every device."""
    threads = 4 if SIMULATED else 128
    return max(1, min(-(-places // threads), 2 if SIMULATED else MOST_BLOCKS)), threads


@contextmanager
def _without_device() -> Iterator[None]:
    """Inside, Numba does not ask a device for its capability: what a device function becomes does not depend on it before NVVM does."""
    from numba.cuda import dispatcher

    asked = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=ARCHITECTURE)
    try:
        yield
    finally:
        dispatcher.get_current_device = asked
