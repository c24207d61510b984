"""The two register tiles that nearly all the work goes through, written instruction by instruction.

gather_tile     filters x vectors of outputs, each the sum over taps of weight * input.
reduce_tile     filters x taps of weight gradients, each the sum over outputs of dy * input.

Each keeps a block of accumulators in registers while it walks a table; LLVM does not find this by itself from nested loops.  With 32
registers the block is 6 x 4 (24 accumulators, 4 inputs, 1 or 2 weights), with 16 registers 6 x 2.

A tile at the rim of a layer has fewer filters or vectors than its block.  It then computes some of them twice: the surplus rows
repeat the last real one, read what it reads and write what it writes.  All reads of old results come before all writes, so the
repetition changes nothing, and one tile serves every size.
"""

from __future__ import annotations

from contextlib import contextmanager

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from minicnn.kernels.cpu.convolution.operands import placed
from minicnn.kernels.cpu.lanes.vector import (
    FLOAT,
    FLOATS,
    INT64,
    LANES,
    REGISTERS,
    first_lanes,
    load_masked,
    load_value,
    multiply_add_function,
    splat_value,
    store_masked,
    store_value,
    total_value,
)

TILE_FILTERS = 6
FEW_FILTERS = 4
TILE_VECTORS = 4 if REGISTERS == 32 else 2
FEW_VECTORS = TILE_VECTORS // 2
LONE_FILTERS = 8  # beside a single vector, or a single tap
TILE_TAPS = TILE_VECTORS
ROW_TAPS = 3  # vectors of a tile that holds the taps of a row of a 3x3 filter
ROW_FILTERS = 8 if REGISTERS == 32 else 4

FROM_ZERO, FROM_OLD, FROM_BIAS = 0, 1, 2

I64 = types.int64
TIED = config.CPU_NAME != "generic"  # for a CPU of no kind there is no assembly: what is emitted may be WebAssembly
VECTOR_REGISTER = "w" if llvm.get_process_triple().startswith(("aarch64", "arm64")) else "v" if LANES == 16 else "x"


def _constant(value):
    return ir.Constant(INT64, value)


@contextmanager
def loop(builder, first, stop, step=1):
    """for index in range(first, stop, step), left by LLVM as it stands.

    Unrolled by two, a table loop would load the second entry's inputs early, run out of registers and keep accumulators in memory:
    74 instead of 250 GFLOP/s for LeNet's second layer.
    """
    head, body, end = (builder.append_basic_block(name) for name in ("loop.head", "loop.body", "loop.end"))
    before = builder.block
    builder.branch(head)
    with builder.goto_block(head):
        index = builder.phi(INT64, name="index")
        index.add_incoming(first, before)
        builder.cbranch(builder.icmp_signed("<", index, stop), body, end)
    with builder.goto_block(body):
        yield index
        index.add_incoming(builder.add(index, _constant(step)), builder.block)
        builder.branch(head).set_metadata("llvm.loop", _stays_rolled(builder.module))
    builder.position_at_end(end)


def _stays_rolled(module):
    """Metadata for a loop's back edge.  A loop's identity is a node whose first entry is the node itself."""
    word = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    identity = module.add_metadata([ir.MetaDataString(module, f"minicnn.loop.{len(module.metadata)}")])
    identity.operands = (identity, word)
    return identity


def after(builder, accumulators, offset):
    """The same offset, but known only once a row of accumulators is: an empty instruction that claims to make one from the other.

    It costs nothing when run.  It keeps LLVM from loading all six weights of a tap at once, for which there are no registers left
    (172 instead of 280 GFLOP/s).
    """
    if not TIED:
        return offset
    kinds = [FLOATS] * len(accumulators) + [INT64]
    registers = [VECTOR_REGISTER] * len(accumulators) + ["r"]
    constraints = ",".join([f"={each}" for each in registers] + [str(n) for n in range(len(registers))])
    values = [builder.load(each) for each in accumulators] + [offset]
    tied = builder.asm(ir.FunctionType(ir.LiteralStructType(kinds), kinds), "", constraints, values, False)
    for n, accumulator in enumerate(accumulators):
        builder.store(builder.extract_value(tied, n), accumulator)
    return builder.extract_value(tied, len(accumulators))


def _rows(builder, pointer, step, count, limit):
    """Pointers to rows 0 .. count-1, `step` apart, the surplus rows repeating row limit-1."""
    last = builder.sub(limit, _constant(1))
    pointers = [pointer]
    for j in range(1, count):
        index = builder.select(builder.icmp_signed("<", _constant(j), last), _constant(j), last)
        pointers.append(builder.gep(pointer, [builder.mul(index, step)]))
    return pointers


def accumulator_block(builder, rows, columns):
    return [[cgutils.alloca_once(builder, FLOATS) for _ in range(columns)] for _ in range(rows)]


def multiply_add_into(builder, function, accumulator, a, b):
    builder.store(builder.call(function, [a, b, builder.load(accumulator)]), accumulator)


def make_gather_tile(filters: int, vectors: int):
    """Build the tile for a block of `filters` x `vectors`."""

    @intrinsic
    def gather_tile(typing_context, y, x, weight, taps, channels, left, begin, bias, ending):
        """y[filter, vector] = begin + sum over channels c, taps t of weight[c, t, filter] * x[c, t, vector], after its `Ending`.

        `begin` is FROM_ZERO, FROM_OLD (what y holds) or FROM_BIAS (bias[filter]).  Addresses, in elements:

            x : Planes          x.base + c*x.step + table[2t] + vector*x.vector
            weight : Filters    weight.base + c*weight.channel + table[2t + 1] + filter*weight.step
            y : Planes          y.base + filter*y.step + vector*y.vector
            bias : Strided      bias.base + filter*bias.step
            taps : Taps         t from taps.first to taps.stop

        left : Left
            Filters and lanes that there are; lanes of a vector beyond `width`, and of the last one beyond `lanes`, are not written.
        """
        sig = types.void(y, x, weight, taps, I64, left, I64, bias, ending)

        def generate(context, builder, sig, args):
            y, x, weight, taps, left, bias, ending = (placed(context, builder, sig.args[n], args[n]) for n in (0, 1, 2, 3, 5, 7, 8))
            channels, begin = args[4], args[6]
            multiply_add = multiply_add_function(builder)

            last_vector = builder.sdiv(builder.sub(left.lanes, _constant(1)), _constant(LANES))
            shifts = [_constant(0)]
            for v in range(1, vectors):
                shifts.append(builder.select(builder.icmp_signed("<", _constant(v), last_vector), _constant(v), last_vector))
            x_shift = [builder.mul(each, x.vector) for each in shifts]
            y_rows = _rows(builder, y.array, y.step, filters, left.filters)
            outputs = [[builder.gep(row, [builder.mul(each, y.vector)]) for each in shifts] for row in y_rows]
            block = accumulator_block(builder, filters, vectors)

            biases = _rows(builder, bias.array, bias.step, filters, left.filters)
            whole = builder.and_(
                builder.icmp_signed("==", builder.srem(left.lanes, _constant(LANES)), _constant(0)),
                builder.icmp_signed("==", left.width, _constant(LANES)),
            )
            remaining = [builder.sub(left.lanes, builder.mul(shift, _constant(LANES))) for shift in shifts]
            counts = [builder.select(builder.icmp_signed("<", each, left.width), each, left.width) for each in remaining]
            with builder.if_else(builder.icmp_signed("==", begin, _constant(FROM_OLD))) as (old, fresh):
                with old, builder.if_else(whole) as (all_lanes, some_lanes):
                    with all_lanes:
                        for row, targets in zip(block, outputs, strict=True):
                            for accumulator, target in zip(row, targets, strict=True):
                                builder.store(load_value(builder, target), accumulator)
                    with some_lanes:  # y may end with its last lane
                        masks = [first_lanes(builder, count) for count in counts]
                        for row, targets in zip(block, outputs, strict=True):
                            for accumulator, target, mask in zip(row, targets, masks, strict=True):
                                builder.store(load_masked(builder, target, mask), accumulator)
                with fresh:
                    with_bias = builder.icmp_signed("==", begin, _constant(FROM_BIAS))
                    for row, own in zip(block, biases, strict=True):
                        # without a bias its address need not hold anything: read the weight instead and drop it
                        place = builder.select(with_bias, own, weight.array)
                        number = builder.select(with_bias, builder.load(place), ir.Constant(FLOAT, 0.0))
                        for accumulator in row:
                            builder.store(splat_value(builder, number), accumulator)

            x_pointers = [builder.gep(x.array, [shift]) for shift in x_shift]
            w_rows = _rows(builder, weight.array, weight.step, filters, left.filters)
            with loop(builder, _constant(0), channels) as c:
                x_plane = builder.mul(c, x.step)
                w_plane = builder.mul(c, weight.channel)
                with loop(builder, taps.first, taps.stop) as t:
                    entry = builder.gep(taps.table, [builder.shl(t, _constant(1))])
                    x_offset = builder.add(x_plane, builder.load(entry))
                    w_offset = builder.add(w_plane, builder.load(builder.gep(entry, [_constant(1)])))
                    inputs = [load_value(builder, builder.gep(pointer, [x_offset])) for pointer in x_pointers]
                    for row, pointer in zip(block, w_rows, strict=True):
                        scalar = splat_value(builder, builder.load(builder.gep(pointer, [w_offset])))
                        for accumulator, value in zip(row, inputs, strict=True):
                            multiply_add_into(builder, multiply_add, accumulator, scalar, value)
                        w_offset = after(builder, row, w_offset)

            with builder.if_then(ending.scaled):
                for row, own in zip(block, _rows(builder, ending.array, ending.step, filters, left.filters), strict=True):
                    factor, shift = (splat_value(builder, builder.load(each)) for each in (own, builder.gep(own, [_constant(1)])))
                    for accumulator in row:
                        builder.store(builder.call(multiply_add, [builder.load(accumulator), factor, shift]), accumulator)
            with builder.if_then(builder.icmp_signed("!=", ending.added, _constant(0))), builder.if_else(whole) as (all_lanes, some_lanes):

                def add(read):
                    for row, targets in zip(block, outputs, strict=True):
                        for v, (accumulator, target) in enumerate(zip(row, targets, strict=True)):
                            more = read(builder.gep(target, [ending.added]), v)
                            builder.store(builder.fadd(builder.load(accumulator), more), accumulator)

                with all_lanes:
                    add(lambda place, v: load_value(builder, place))
                with some_lanes:
                    masks = [first_lanes(builder, count) for count in counts]
                    add(lambda place, v: load_masked(builder, place, masks[v]))
            floor = splat_value(builder, ending.floor)
            for row in block:
                for accumulator in row:
                    value = builder.load(accumulator)
                    below = builder.fcmp_ordered("<", value, floor)  # NaN is not below and stays
                    builder.store(builder.select(below, floor, value), accumulator)
            with builder.if_else(whole) as (all_lanes, some_lanes):
                with all_lanes:
                    for row, targets in zip(block, outputs, strict=True):
                        for accumulator, target in zip(row, targets, strict=True):
                            store_value(builder, builder.load(accumulator), target)
                with some_lanes:
                    masks = [first_lanes(builder, count) for count in counts]
                    for row, targets in zip(block, outputs, strict=True):
                        for accumulator, target, mask in zip(row, targets, masks, strict=True):
                            store_masked(builder, builder.load(accumulator), target, mask)
            return context.get_dummy_value()

        return sig, generate

    return gather_tile


def make_reduce_tile(filters: int, taps: int):
    """Build the tile for a block of `filters` x `taps`."""

    @intrinsic
    def reduce_tile(typing_context, dweight, dy, x, entries, left, rows, lanes, accumulate):
        """dweight[filter, tap] = (dweight +) sum over rows r, lanes l of dy[filter, r, l] * x[tap, r, l].

        Addresses, in elements:

            x : Strided         x.base + table[2*(first + tap)] + r*x.step + l
            dy : Rows           dy.base + filter*dy.step + r*dy.row + l
            dweight : Strided   dweight.base + filter*dweight.step + table[2*(first + tap) + 1]
            entries : Taps      table, first, stop

        A rest of `lanes` that fills no vector is read by masked loads.  `left` filters there are.
        """
        sig = types.void(dweight, dy, x, entries, I64, I64, I64, types.boolean)

        def generate(context, builder, sig, args):
            dweight, dy, x, entries = (placed(context, builder, sig.args[n], args[n]) for n in range(4))
            left, rows, lanes, accumulate = args[4:]
            multiply_add = multiply_add_function(builder)
            entry = builder.gep(entries.table, [builder.shl(entries.first, _constant(1))])
            pairs = _rows(builder, entry, _constant(2), taps, builder.sub(entries.stop, entries.first))
            x_offsets = [builder.load(pair) for pair in pairs]
            w_offsets = [builder.load(builder.gep(pair, [_constant(1)])) for pair in pairs]
            block = accumulator_block(builder, filters, taps)
            for row in block:
                for accumulator in row:
                    builder.store(ir.Constant(FLOATS, [0.0] * LANES), accumulator)

            x_taps = [builder.gep(x.array, [offset]) for offset in x_offsets]
            dy_rows = _rows(builder, dy.array, dy.step, filters, left)
            rest = builder.srem(lanes, _constant(LANES))
            whole_lanes = builder.sub(lanes, rest)
            with loop(builder, _constant(0), rows) as r:
                x_shift = builder.mul(r, x.step)
                dy_shift = builder.mul(r, dy.row)
                with loop(builder, _constant(0), whole_lanes, LANES) as lane:
                    x_at = builder.add(x_shift, lane)
                    dy_at = builder.add(dy_shift, lane)
                    inputs = [load_value(builder, builder.gep(pointer, [x_at])) for pointer in x_taps]
                    for row, pointer in zip(block, dy_rows, strict=True):
                        gradient = load_value(builder, builder.gep(pointer, [dy_at]))
                        for accumulator, value in zip(row, inputs, strict=True):
                            multiply_add_into(builder, multiply_add, accumulator, gradient, value)
                with builder.if_then(builder.icmp_signed(">", rest, _constant(0))):
                    mask = first_lanes(builder, rest)
                    x_at = builder.add(x_shift, whole_lanes)
                    dy_at = builder.add(dy_shift, whole_lanes)
                    inputs = [load_masked(builder, builder.gep(pointer, [x_at]), mask) for pointer in x_taps]
                    for row, pointer in zip(block, dy_rows, strict=True):
                        gradient = load_masked(builder, builder.gep(pointer, [dy_at]), mask)
                        for accumulator, value in zip(row, inputs, strict=True):
                            multiply_add_into(builder, multiply_add, accumulator, gradient, value)

            sums = [[total_value(builder, builder.load(accumulator)) for accumulator in row] for row in block]
            w_rows = _rows(builder, dweight.array, dweight.step, filters, left)
            targets = [[builder.gep(row, [offset]) for offset in w_offsets] for row in w_rows]
            with builder.if_else(accumulate) as (add, start):
                with add:
                    added = [
                        [builder.fadd(value, builder.load(target)) for value, target in zip(row, places, strict=True)]
                        for row, places in zip(sums, targets, strict=True)
                    ]
                    last_add = builder.block
                with start:
                    last_start = builder.block
            chosen = []
            for row, new in zip(sums, added, strict=True):
                for value, sum_with_old in zip(row, new, strict=True):
                    chosen.append(builder.phi(FLOAT))
                    chosen[-1].add_incoming(sum_with_old, last_add)
                    chosen[-1].add_incoming(value, last_start)
            for value, target in zip(chosen, (target for places in targets for target in places), strict=True):
                builder.store(value, target)
            return context.get_dummy_value()

        return sig, generate

    return reduce_tile


gather_tile = make_gather_tile(TILE_FILTERS, TILE_VECTORS)
gather_tile_few_filters = make_gather_tile(FEW_FILTERS, TILE_VECTORS)
gather_tile_few_vectors = make_gather_tile(TILE_FILTERS, FEW_VECTORS)
gather_tile_one_vector = make_gather_tile(LONE_FILTERS, 1)
gather_tile_few_of_both = make_gather_tile(FEW_FILTERS, FEW_VECTORS)
gather_tile_row = make_gather_tile(ROW_FILTERS, ROW_TAPS)
reduce_tile = make_reduce_tile(TILE_FILTERS, TILE_TAPS)
reduce_tile_few_filters = make_reduce_tile(FEW_FILTERS, TILE_TAPS)
reduce_tile_one_tap = make_reduce_tile(LONE_FILTERS, 1)
