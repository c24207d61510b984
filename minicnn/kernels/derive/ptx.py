"""The PTX of a definition's kernel, to be read: for arrays of float32 without gaps."""

from __future__ import annotations

import re
from typing import Any

from minicnn.errors import DeviceError, one_line, quoted
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.runtime import INSTALL, SIMULATED, found
from minicnn.kernels.derive.cuda import cuda
from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.generated import load


def ptx_of(definition: Definition, architecture: str, forward: str | None = None) -> str:
    """The PTX of the text that `derive.cuda` writes, for an architecture such as "sm_90".

    What holds whole numbers is what the docstring, or that of the forward pass, calls `name : ... int`; a setting of which it says
    nothing is one too.

    Raises
    ------
    SettingError
        If the definition is handed functions, or Numba finds no types for what it does.
    DeviceError
        If there is no numba-cuda, or it does not know the architecture.
    """
    from numba.core.errors import NumbaError

    known = architectures()
    if architecture not in known:
        raise DeviceError(f"architecture {quoted(architecture)} is not known: use {', '.join(known)}")
    if definition.called:
        definition.refuse(
            None, f"what {definition.called[0]} is decides about the machine code of {definition.name}: there is none without it"
        )
    words = _documented(forward) | _documented(definition.python.__doc__)
    types = tuple(_type(definition, name, words.get(name, "")) for name in definition.arguments)
    try:
        text = Kernel(load(cuda(definition), definition.name).py_func, exact=True).ptx(types, known[architecture])
    except NumbaError as error:
        listed = ", ".join(f"{name} {each}" for name, each in zip(definition.arguments, types, strict=True))
        definition.refuse(
            None,
            f"Numba cannot compile {definition.name} for {listed}: {_first_line(error)}"
            "\n  its docstring says what is whole, as in `labels : (N,) int` or `rate : float`",
        )
    return _readable(text, definition.name)


def _readable(text: str, name: str) -> str:
    """Without what Numba keeps beside a function, and the function by its own name, not by that of the linker."""
    long = re.search(r"\.entry (\w+)", text)
    text = re.sub(r"^\.common .*NumbaEnv.*\n", "", text, flags=re.MULTILINE).replace(long[1] if long else name, name)
    return re.sub(r"\n{3,}", "\n\n", text.expandtabs(4)) + "\n"


def architectures() -> dict[str, tuple[int, int]]:
    """What kernels can be compiled for: name -> compute capability.

    Raises
    ------
    DeviceError
        If numba-cuda is missing, or a part of it.
    """
    if found().numba_cuda is None or SIMULATED:
        fix = "unset NUMBA_ENABLE_CUDASIM, which asks for the simulator" if SIMULATED else INSTALL
        raise DeviceError(f"PTX is made by numba-cuda, which is not {'used' if SIMULATED else 'installed'}: {fix}")
    from numba.cuda.cudadrv import nvrtc, nvvm

    try:
        nvvm.NVVM()
        return {f"sm_{major}{minor}": (major, minor) for major, minor in nvrtc.get_supported_ccs()}
    except (ImportError, RuntimeError) as error:
        raise DeviceError(f"PTX is made by numba-cuda, of which a library is missing ({_first_line(error)}): {INSTALL}") from None


def _first_line(error: BaseException) -> str:
    return one_line(str(error).strip().split("\n")[0])


def _documented(text: str | None) -> dict[str, str]:
    """Name -> what a docstring says of it, `a, b : int`."""
    found = re.finditer(r"^ *(\w+(?:, \w+)*) : (.*)$", text or "", re.MULTILINE)
    return {name: match[2] for match in found for name in match[1].split(", ")}


def _type(definition: Definition, name: str, words: str) -> Any:
    from numba import types

    whole = bool(re.search(r"\bint", words))
    if name in definition.arrays:
        return types.Array(types.int64 if whole else types.float32, definition.ranks.get(name) or 1, "C")
    return types.float64 if "float" in words else types.boolean if "bool" in words else types.int64
