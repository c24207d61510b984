"""What a kernel is compiled to: exact ones round every product, on whatever way to a device."""

import re
from types import SimpleNamespace

import pytest
from numba import cuda, types
from numba.cuda import dispatcher
from numba.cuda.codegen import CUDACodeLibrary

from minicnn.kernels.cuda.compile import Kernel

from .executed import ARCHITECTURES
from .machine_code import instructions, name_of

SINGLES, DOUBLES = (types.float32[::1],) * 3, (types.float64[:],) * 3


@cuda.jit(device=True)
def product(a, b):
    return a * b


def sums_of_products(y, a, b):
    """In a function of the device, in a power, and in a difference."""
    for place in range(cuda.grid(1), y.size, cuda.gridsize(1)):
        y[place] += product(a[place], b[place]) + a[place] ** 2 * b[place] - a[place] * y[place]


def contracted(ptx):
    return len(re.findall(r"\b(?:fma|mad)\.(?:\w+\.)*f(?:32|64)\b", ptx))


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name_of)
@pytest.mark.parametrize("signature", [SINGLES, DOUBLES], ids=["float32", "float64"])
def test_exact_kernels_round_every_product(signature, architecture):
    exact, usual = (Kernel(sums_of_products, exact=exact).ptx(signature, architecture) for exact in (True, False))
    assert contracted(exact) == 0
    assert contracted(usual) > 0
    unrounded = re.findall(r"\b(?:mul|add|sub)\.f(?:32|64)\b", exact)  # an assembler may contract these
    assert unrounded == []


@pytest.mark.parametrize("exact", [True, False])
def test_so_does_the_machine_code_that_is_launched(exact, monkeypatch):
    """Compiled as for a launch, all but the loading onto a device."""
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=(9, 0)))
    monkeypatch.setattr(dispatcher._Kernel, "bind", lambda kernel: kernel.library.get_cubin())
    monkeypatch.setattr(CUDACodeLibrary, "_ensure_cc", lambda library, cc: cc or (9, 0))
    kernel = Kernel(sums_of_products, exact=exact)._compiled.compile(DOUBLES)
    text = instructions(bytes(kernel.library.get_cubin().code))
    assert ("DFMA" in text) != exact
    assert "DMUL" in text
    assert kernel.library._lto != exact


def test_bounds_of_a_launch_are_in_the_text():
    text = Kernel(sums_of_products, threads=256, blocks=2).ptx(SINGLES)
    assert re.search(r"\.maxntid\s+256", text)
    assert re.search(r"\.minnctapersm\s+2", text)
