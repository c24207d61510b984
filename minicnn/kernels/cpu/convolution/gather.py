"""The gather step: cache blocks from the sizes, and how its work is cut into parts."""

from __future__ import annotations

from typing import NamedTuple

from minicnn.kernels.cpu.convolution.ending import NOTHING
from minicnn.kernels.cpu.convolution.maps import GatherTables
from minicnn.kernels.cpu.convolution.tiles import FROM_BIAS, FROM_ZERO, TILE_VECTORS
from minicnn.kernels.cpu.convolution.walks import CUT_RUNS, FROM_BIAS_IN_MEMORY, SCALED, Gather, GatherSizes, convolution_forward
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.program.activation import Activation, Outside
from minicnn.kernels.cpu.program.operands import Parameter, Scaling
from minicnn.kernels.cpu.program.program import Program

BLOCK_TAPS = 64  # taps of one channel block where a channel has a single tap
INPUT_BYTES = 256 * 1024  # inputs of one tile beyond which channels go in blocks
BLOCK_BYTES = 48 * 1024  # inputs of one tile of a channel block: about L1
OUTPUT_BYTES = 256 * 1024  # partial sums that wait while channel blocks pass
STREAM_BYTES = 640 * 1024  # inputs that stay in L2 while long stretches of the rows of weights pass, which are read once
FEW_BLOCK_BYTES = 32 * 1024
TILE_BYTES = 4 * TILE_VECTORS * LANES


def _largest_divisor(number: int, limit: int) -> int:
    return max(d for d in range(1, min(number, limit) + 1) if number % d == 0)


class Weighing(NamedTuple):
    """What the inputs are weighed with: offsets and steps of the weights and the bias, in elements; what is added, and whether relu follows."""

    weight: int
    channel: int
    filter: int
    group: int = 0
    bias: Parameter | Scaling | None = None
    b_filter: int = 0
    rectify: bool = False
    added: Activation | None = None


def append_gather(
    program: Program,
    tables: GatherTables,
    y: Activation | Outside,
    x: Activation | Outside,
    sizes: tuple[int, int, int],
    weighing: Weighing,
    filter_block: int | None = None,
    cut: int = CUT_RUNS,
    blocked: bool = False,
) -> None:
    """All runs of the tables as one step.

    sizes : groups, channels and filters of a group
    filter_block : filters of a group that pass over all runs before the next do
    cut : along what the work is cut into parts
    blocked : whether channels of a single tap, whose inputs no tap reads again, go in blocks that fit L1 while a run is computed
    """
    program.step(convolution_forward, gather=gathered(program, tables, y, x, sizes, weighing, filter_block, cut, blocked))


def gathered(
    program: Program,
    tables: GatherTables,
    y: Activation | Outside,
    x: Activation | Outside,
    sizes: tuple[int, int, int],
    weighing: Weighing,
    filter_block: int | None = None,
    cut: int = CUT_RUNS,
    blocked: bool = False,
) -> Gather:
    """The same as `convolution_forward` takes it."""
    (groups, channels, filters), w_channel = sizes, weighing.channel
    taps, x_channel = tables.taps, x.map.plane
    group_channels = channels
    if len(taps) == 1 and channels > 1:
        # one tap a channel: walk the channels as taps, because the inner loop is the cheap one
        inner = _largest_divisor(channels, BLOCK_TAPS)
        ((x_tap, w_tap),) = taps
        taps = [(x_tap + c * x_channel, w_tap + c * w_channel) for c in range(inner)]
        runs = [(*run[:3], 0, inner, *run[5:]) if run[4] > run[3] else run for run in tables.runs]
        group_channels, x_channel, w_channel = channels // inner, x_channel * inner, w_channel * inner
    else:
        runs = tables.runs
    most = max((run[4] - run[3] for run in runs), default=0)
    channel_block, run_block = max(1, group_channels), max(1, len(runs))
    lane_bytes = 4 * min(TILE_VECTORS * LANES, max((run[2] for run in runs), default=LANES))
    block_bytes = BLOCK_BYTES if filter_block is None else FEW_BLOCK_BYTES
    if blocked and len(tables.taps) == 1 and group_channels * most * TILE_BYTES > block_bytes:
        channel_block, run_block = max(1, block_bytes // (most * TILE_BYTES)), 1
    elif filter_block is None and len(runs) == 1:  # nobody reads the weights again
        channel_block = max(1, STREAM_BYTES // (max(1, most) * lane_bytes))
    elif filter_block is None and group_channels * most * TILE_BYTES > INPUT_BYTES:
        channel_block = max(1, block_bytes // max(1, most * TILE_BYTES))
        lanes = max(run[2] for run in runs)
        run_block = max(1, OUTPUT_BYTES // (filters * lanes * 4))
    return Gather(
        y=y.operand,
        x=x.operand._replace(step=x_channel),
        weight=weighing.weight,
        w_channel=w_channel,
        w_filter=weighing.filter,
        bias=weighing.bias.offset if weighing.bias else 0,
        b_filter=weighing.b_filter,
        begin=bias_choice(weighing.bias),
        added=weighing.added.place if weighing.added else NOTHING,
        rectify=weighing.rectify,
        sizes=GatherSizes(
            runs=program.constant([n for run in runs for n in run]),
            run_count=len(runs),
            taps=program.constant([n for tap in taps for n in tap]) // 2,
            groups=groups,
            channels=group_channels,
            filters=filters,
            w_group=weighing.group,
            filter_block=filter_block or filters,
            channel_block=channel_block,
            run_block=run_block,
            cut=cut,
        ),
    )


def bias_choice(bias: Parameter | Scaling | None) -> int:
    """What sums begin with, or get in place of that, as steps are told."""
    if isinstance(bias, Scaling):
        return SCALED
    return FROM_ZERO if bias is None else FROM_BIAS_IN_MEMORY if bias.in_memory else FROM_BIAS
