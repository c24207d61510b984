"""Which tile computes a convolution, and in how many parts its sums: chosen by a model of time, from the shapes alone.

The device's own number of processors is not asked for: the same shapes give the same sums, to the bit, on every device.

    seconds of the tiles = rounds * block / share        rounds  blocks that a processor computes, one after the other
                                                         block   multiplications of one, a processor's 128 a cycle
                                                         share   of the inner loop's instructions that multiply
    seconds of adding up = a launch, the parts' way to memory and back, and the longest chain of additions

Small tiles waste little on few filters; large ones multiply more often for each number they read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minicnn.kernels.cuda.convolution.sizes import TileSizes
from minicnn.kernels.cuda.runtime import SIMULATED

PROCESSORS = 132  # of an H200, as all figures here
MULTIPLICATIONS = 128 * 1.98e9  # of a processor in a second
MEMORY_BYTES = 4e12  # in a second
LAUNCH_SECONDS = 2e-6  # of a kernel in a graph
ADDITION_SECONDS = 2e-8  # of the next part, read from memory, while others wait alike
FILL_STEPS = 4  # what a block takes before its first multiplication and after its last
FEWEST_STEPS = 4  # of a part
PARTS = tuple(sorted({n << shift for n in (1, 3) for shift in range(9)}))  # 1, 2, 3, 4, 6, 8, ... 768


class Tile(NamedTuple):
    """Sizes, and the share of the loop's instructions that multiply, counted in the machine code for sm_90."""

    sizes: TileSizes
    share: float


class Choice(NamedTuple):
    sizes: TileSizes
    splits: int


class Work(NamedTuple):
    """What a tile would do: `blocks` of `steps` steps each, on average; of `outputs` numbers, in sums that can be cut or not."""

    blocks: int
    steps: float
    outputs: int
    can_split: bool


ONE_WARP = TileSizes(8, 64, rows=4, columns_of_thread=4, depth=8, warp_rows=2)  # in the simulator each thread is a thread of Python
GATHER: tuple[Tile, ...] = (
    Tile(TileSizes(128, 128), 0.83),
    Tile(TileSizes(64, 128), 0.81),
    Tile(TileSizes(32, 256), 0.78),
    Tile(TileSizes(16, 256, rows=4), 0.66),
)
REDUCE: tuple[Tile, ...] = (
    Tile(TileSizes(128, 128), 0.81),
    Tile(TileSizes(64, 64, rows=4), 0.70),
    Tile(TileSizes(16, 128, rows=4, columns_of_thread=4), 0.52),
)
if SIMULATED:
    GATHER, REDUCE = (Tile(ONE_WARP, 1.0),), (Tile(ONE_WARP._replace(stages=3), 1.0),)


def choose(tiles: Sequence[Tile], works: Sequence[Work]) -> Choice:
    """The tile and the number of parts that the model finds fastest; among equals the first, and the fewest parts."""
    candidates = [
        (seconds(tile, work, splits), n, splits)
        for n, (tile, work) in enumerate(zip(tiles, works, strict=True))
        for splits in PARTS
        if splits == 1 or (work.can_split and splits * FEWEST_STEPS <= work.steps)
    ]
    _, n, splits = min(candidates)
    return Choice(tiles[n].sizes, splits)


def seconds(tile: Tile, work: Work, splits: int) -> float:
    """What the model thinks a tile takes."""
    sizes = tile.sizes
    # few blocks of a processor leave it waiting: below half of what it can hold, one more takes no longer
    rounds = max(-(-work.blocks * splits // PROCESSORS), sizes.resident / 2)
    block = sizes.filters * sizes.columns * sizes.depth * (work.steps / splits + FILL_STEPS) / MULTIPLICATIONS
    adding = LAUNCH_SECONDS + 4 * (2 * splits + 1) * work.outputs / MEMORY_BYTES + splits * ADDITION_SECONDS
    return rounds * block / tile.share + (adding if splits > 1 else 0)


def parts_to_fill(blocks: int, steps: float) -> int:
    """Into how many parts blocks that only read are cut, `steps` of each: until the processors hold four blocks of 128 threads or more."""
    return max(1, min(-(-4 * PROCESSORS // blocks), int(steps) // FEWEST_STEPS, PARTS[-1]))
