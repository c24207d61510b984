"""A CUDA kernel: a Python function, compiled for a device when it is first launched, and for any architecture when its PTX is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from minicnn.kernels.cuda.runtime import SIMULATED

MOST_BLOCKS = 132 * 16  # all that the largest devices of today hold at once, of 128 threads: more would only wait


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

    @cached_property
    def _compiled(self) -> Any:
        from numba import cuda

        return cuda.jit(self.python, **self._bounds())

    def launch(self, grid: int | tuple[int, ...], threads: int, stream: Any, *arguments: Any) -> None:
        """Start it on a device, or run it in the simulator."""
        self._compiled[grid, threads or self.threads, stream](*arguments)

    def prepare(self, *arguments: Any) -> None:
        """Compile it for such arguments; the simulator runs what it is given."""
        if not SIMULATED:
            self._compiled.compile(tuple(map(self._compiled.typeof_pyval, arguments)))

    def ptx(self, signature: Any, cc: tuple[int, int] = (9, 0)) -> str:
        """Its PTX for a compute capability; needs no device.

        signature : Numba types of the arguments
        """
        from numba import cuda

        text, _ = cuda.compile(self.python, signature, device=False, abi="numba", cc=cc, **self._bounds())
        return str(text)

    def _bounds(self) -> dict[str, Any]:
        return {"launch_bounds": (self.threads, self.blocks)} if self.blocks and not SIMULATED else {}


def blocks_for(places: int) -> tuple[int, int]:
    """Blocks and threads for kernels whose threads take turns at so many places; the same on every device."""
    threads = 4 if SIMULATED else 128
    return max(1, min(-(-places // threads), 2 if SIMULATED else MOST_BLOCKS)), threads
