"""The instructions behind `vector.py`, as Numba's compiler for a device is told to write them; what each means stands there."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.cuda.extending import intrinsic

FLOAT, INT32, INT64, VOID = ir.FloatType(), ir.IntType(32), ir.IntType(64), ir.VoidType()
VECTOR = ir.VectorType(FLOAT, 4)
SHARED = 3  # the address space of shared memory, whose addresses have 32 bits
VECTOR_BYTES = 16


def _number(value, kind=INT32):
    return ir.Constant(kind, value)


def _pointer(context, builder, kind, array, at, to=FLOAT):
    """Address of array[at], taken for an address of `to`; negative numbers do not count from the end."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), to.as_pointer())


def _shared(context, builder, kind, array, at):
    """The same in shared memory."""
    data = builder.addrspacecast(context.make_array(kind)(context, builder, array).data, FLOAT.as_pointer(SHARED))
    if at.type.width > 32:
        at = builder.trunc(at, INT32)
    return builder.gep(data, [at])


def _four(builder, pointer):
    vector = builder.load(pointer, align=VECTOR_BYTES)
    return [builder.extract_element(vector, _number(j)) for j in range(4)]


@intrinsic
def load4(typing_context, array, at):
    """One 16-byte load: ld.shared.v4.f32 or ld.global.v4.f32, as the compiler finds out where the array lies."""

    def generate(context, builder, signature, arguments):
        array, at = arguments
        values = _four(builder, _pointer(context, builder, signature.args[0], array, at, VECTOR))
        return context.make_tuple(builder, signature.return_type, values)

    return types.UniTuple(types.float32, 4)(array, at), generate


@intrinsic
def store4(typing_context, array, at, a, b, c, d):
    """One 16-byte store."""

    def generate(context, builder, signature, arguments):
        array, at, *values = arguments
        vector = ir.Constant(VECTOR, ir.Undefined)
        for j, value in enumerate(values):
            vector = builder.insert_element(vector, value, _number(j))
        builder.store(vector, _pointer(context, builder, signature.args[0], array, at, VECTOR), align=VECTOR_BYTES)
        return context.get_dummy_value()

    return types.void(array, at, *(types.float32,) * 4), generate


@intrinsic
def place(typing_context, array, at):
    """The address as a number that the compiler cannot take apart.

    It stays in two registers, and an offset from it costs one instruction; else every copy adds base and offset in 64 bits: four.
    """

    def generate(context, builder, signature, arguments):
        address = builder.ptrtoint(_pointer(context, builder, signature.args[0], *arguments), INT64)
        return builder.asm(ir.FunctionType(INT64, [INT64]), "cvta.to.global.u64 $0, $1;", "=l,l", [address], True)

    return types.uint64(array, at), generate


def _copy(count, cache):
    """cp.async (sm_80 on) of so many numbers; a size of 0 reads nothing and writes zeros."""
    shift = {1: 2, 4: 4}[count]

    def generate(context, builder, signature, arguments):
        target, at, begin, offset, valid = arguments
        shared = builder.ptrtoint(_shared(context, builder, signature.args[0], target, at), INT32)
        address = builder.add(begin, builder.shl(builder.sext(offset, INT64), _number(2, INT64)))
        size = builder.shl(valid, _number(shift))
        code = f"cp.async.{cache}.shared.global [$0], [$1], {1 << shift}, $2;"
        builder.asm(ir.FunctionType(VOID, [INT32, INT64, INT32]), code, "r,l,r,~{memory}", [shared, address, size], True)
        return context.get_dummy_value()

    return generate


@intrinsic
def copy4(typing_context, target, at, place, offset, valid):
    """Past the first cache, in which nobody looks for it again."""
    return types.void(target, at, place, types.int32, types.int32), _copy(4, "cg")


@intrinsic
def copy1(typing_context, target, at, place, offset, valid):
    """Through the first cache, where neighbouring threads find the rest of what was fetched."""
    return types.void(target, at, place, types.int32, types.int32), _copy(1, "ca")


def _bare(code):
    """An instruction without operands that memory accesses do not move across."""

    def generate(context, builder, signature, arguments):
        builder.asm(ir.FunctionType(VOID, []), code, "~{memory}", [], True)
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def copies_commit(typing_context):
    return _bare("cp.async.commit_group;")


def copies_wait(pending):
    @intrinsic
    def instruction(typing_context):
        return _bare(f"cp.async.wait_group {pending};")

    return instruction


def outer_products(depth, rows, columns, row_gap, column_gap, a_stride, b_stride):
    @intrinsic
    def instruction(typing_context, sums, a, a_at, b, b_at):
        return types.void(sums, a, a_at, b, b_at), generate

    def generate(context, builder, signature, arguments):
        kinds = signature.args
        first = _pointer(context, builder, kinds[0], arguments[0], _number(0))
        places = [builder.gep(first, [_number(n)]) for n in range(rows * columns)]
        fma = builder.module.declare_intrinsic("llvm.fma", [FLOAT], ir.FunctionType(FLOAT, [FLOAT] * 3))
        a_first = _shared(context, builder, kinds[1], *arguments[1:3])
        b_first = _shared(context, builder, kinds[3], *arguments[3:5])

        def row(first, k, count, gap, stride):
            values = []
            for n in range(0, count, 4):
                pointer = builder.gep(first, [_number(k * stride + n // 4 * gap)])
                values += _four(builder, builder.bitcast(pointer, VECTOR.as_pointer(SHARED)))
            return values

        totals = [builder.load(place) for place in places]
        for k in range(depth):
            left = row(a_first, k, rows, row_gap, a_stride)
            right = row(b_first, k, columns, column_gap, b_stride)
            for i in range(rows):
                for j in range(columns):
                    n = i * columns + j
                    totals[n] = builder.call(fma, [left[i], right[j], totals[n]])
        for place, total in zip(places, totals, strict=True):
            builder.store(total, place)
        return context.get_dummy_value()

    return instruction
