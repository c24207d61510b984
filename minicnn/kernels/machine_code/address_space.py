"""Whether this process may take the address space that compiling takes.

LLVM does not fail where it gets none: it ends the process, with all that is not saved.  So it is looked at before LLVM is loaded, where
a limit is set (`ulimit -v`, batch systems) and the system says how much is taken.
"""

from __future__ import annotations

import sys

from minicnn.errors import DeviceError
from minicnn.kernels.system_memory import address_space_limit, address_space_taken
from minicnn.processors import threads

MIB = 1 << 20
LOADING_BYTES = 190 * MIB  # Numba and LLVM themselves
COMPILING_BYTES = 180 * MIB  # measured: 140 for LeNet's kernels
SPREAD_BYTES = 20 * MIB  # what two starts may differ by, and the message is rounded to
KERNEL_BYTES = 96 * MIB  # for one more kernel
THREAD_BYTES = 72 * MIB  # a stack, and a heap that the C library sets apart for each thread


def check_address_space(more_bytes: int | None = None) -> None:
    """Raise a DeviceError that says what limit would do, if taking so much more would end the process; unless given, what a start takes."""
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
