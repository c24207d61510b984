"""The tiles as compiled PTX, executed: every pass of every convolution, faults that are planted, NaN, and the CPU's random bits."""

import os
import re

import numpy as np
import pytest
from numba import cuda

from minicnn.kernels import random_bits
from minicnn.kernels.cpu.convolution.problem import BACKWARD_WEIGHT, FORWARD
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.convolution import choice

from . import executed
from .convolving import CASES, append, close, device_passes, images_first, images_innermost, textbook_passes
from .executed import Executed, put
from .ptx_text import FaultError, Module

FULL = os.environ.get("MINICNN_CUDA_FULL") == "1"


@pytest.fixture(autouse=True)
def on_the_host(monkeypatch):
    monkeypatch.setattr(memory, "strided", executed.strided)


@pytest.mark.parametrize("architecture", executed.ARCHITECTURES if FULL else ((9, 0),), ids="sm_{0[0]}{0[1]}".format)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_pass_gives_what_the_textbook_gives(case, architecture):
    got = device_passes(case, Executed(architecture), put, np.asarray)
    for name, one, other in zip(("y", "dx", "dweight"), got, textbook_passes(case, *case.arrays()), strict=True):
        assert close(one, other), name


def sizes_of(tile):
    """Of a gather tile and a reduce tile; 0 are the large ones."""
    return choice.GATHER[tile].sizes, choice.REDUCE[tile % len(choice.REDUCE)].sizes


TILES = range(len(choice.GATHER))


@pytest.mark.parametrize(
    ("case", "tile"),
    [(case, n) for number, case in enumerate(CASES) for n in TILES if FULL or n in (0, number % 4)],
    ids=lambda each: getattr(each, "name", each),
)
def test_every_tile_gives_it(case, tile):
    got = device_passes(case, Executed(), put, np.asarray, sizes_of(tile))
    for name, one, other in zip(("y", "dx", "dweight"), got, textbook_passes(case, *case.arrays()), strict=True):
        assert close(one, other), name


class Changed(Executed):
    """What runs is the text of the compiler after a change."""

    def __init__(self, old, new):
        super().__init__()
        self.change = old, new

    def module(self, kernel, signature):
        old, new = self.change
        whole = executed.text(kernel, signature, self.architecture)
        changed = re.sub(old, new, whole)
        assert changed != whole
        return Module(changed)


STEPS = next(case for case in CASES if case.name == "linear")  # several steps of a sum, in one block
PLANTED = [
    ("no barrier", r"bar\.sync\s+0;", "", "race"),
    ("no wait", r"cp\.async\.wait_group\s+\d+;", "", "asynchronous copy has yet to"),
    ("a wait for one copy too few", r"cp\.async\.wait_group\s+0;", "cp.async.wait_group 1;", "asynchronous copy has yet to"),
    ("two threads for one", r"(mov\.u32\s+(%r\d+), %tid\.x;)", r"\1 and.b32 \2, \2, -2;", "race"),
    ("a byte further", r"(st\.global(?:\.v4)?\.f32\s+\[%rd\d+)\]", r"\1+1]", "not aligned to"),
]


@pytest.mark.parametrize(("fault", "old", "new", "words"), PLANTED, ids=[each[0] for each in PLANTED])
@pytest.mark.parametrize("work", [FORWARD, BACKWARD_WEIGHT], ids=["gather", "reduce"])
def test_a_fault_planted_in_a_tile_is_found(work, fault, old, new, words):
    x, weight, bias, dy, _ = STEPS.arrays()
    x_lanes, dy_lanes = (put(images_innermost(each, STEPS.row)) for each in (x, dy))
    result, *others = (dy, x_lanes, put(weight.ravel()), put(bias.ravel())) if work == FORWARD else (weight, dy_lanes, x_lanes)
    with pytest.raises(FaultError, match=words):
        append(Changed(old, new), STEPS, work, put(np.zeros(result.size, np.float32)), *others, tiles=sizes_of(0))


@pytest.mark.parametrize("tile", TILES)
def test_a_nan_comes_out_of_a_rectified_convolution(tile):
    """Nine windows hold the pixel, of three filters; the other images stay as they are."""
    case = CASES[0]._replace(rectify=True)
    x, weight, bias, dy, _ = case.arrays()
    x[1, 0, 2, 2] = np.nan
    y = put(images_innermost(np.zeros_like(dy), case.row))
    x = put(images_innermost(x, case.row))
    append(Executed(), case, FORWARD, y, x, put(weight.ravel()), put(bias.ravel()), sizes_of(tile))
    lost = np.isnan(images_first(np.asarray(y), dy.shape))
    assert lost[1].sum() == 3 * 9
    assert not lost[[0, 2, 3]].any()


@pytest.mark.parametrize("architecture", executed.ARCHITECTURES, ids="sm_{0[0]}{0[1]}".format)
def test_random_bits_are_those_of_the_processor(architecture):
    """`uniform_bits` becomes a function of the device as it stands."""
    of_the_device = cuda.jit(device=True)(random_bits.uniform_bits)

    def drawn(bits, key, images):
        for place in range(cuda.grid(1), bits.size, cuda.gridsize(1)):
            bits[place] = of_the_device(key, place % images, place // images)

    bits = put(np.zeros(300, np.uint32))
    Executed(architecture).launch(Kernel(drawn), 2, bits, 0xDEADBEEF, 7, threads=64)
    assert bits.tolist() == [random_bits.uniform_bits(0xDEADBEEF, place % 7, place // 7) for place in range(300)]
