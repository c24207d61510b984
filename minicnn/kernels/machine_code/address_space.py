"""Whether this process may take the address space that compiling needs.

If LLVM gets none, it ends the process, with everything unsaved.  So this is checked before LLVM is loaded, if a limit is set
(`ulimit -v`, batch systems) and the use is known.
"""

from __future__ import annotations

import sys

from minicnn.errors import DeviceError
from minicnn.kernels.system_memory import address_space_limit, address_space_taken
from minicnn.processors import threads

MIB = 1 << 20
LOADING_BYTES = 190 * MIB  # Numba and LLVM themselves
COMPILING_BYTES = 260 * MIB  # measured: 150 for LeNet's kernels, the last of which asks for KERNEL_BYTES beside them
SPREAD_BYTES = 20 * MIB  # difference between two starts, and rounding of the message
KERNEL_BYTES = 96 * MIB  # for one more kernel
THREAD_BYTES = 72 * MIB  # a stack, and a heap that the C library sets apart for each thread


def check_address_space(more_bytes: int | None = None) -> None:
    """Raise a DeviceError with a sufficient limit if taking `more` (default: what a start takes) would end the process."""
    limit = address_space_limit()
    taken = None if limit is None else address_space_taken()
    if limit is None or taken is None:
        return
    whole = COMPILING_BYTES + THREAD_BYTES * threads() + (0 if "llvmlite.binding" in sys.modules else LOADING_BYTES)
    if taken + (whole if more_bytes is None else more_bytes) > limit:
        enough = (taken + whole + SPREAD_BYTES) // SPREAD_BYTES * SPREAD_BYTES + SPREAD_BYTES
        raise DeviceError(
            f"compiling needs up to {enough // MIB} MiB of address space, but this process may take {limit // MIB}"
            f"\n  raise the limit, as in: ulimit -v {enough // 1024}"
        )
