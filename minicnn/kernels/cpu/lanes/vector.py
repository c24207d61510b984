"""One vector of float32 lanes as a Numba type: a loop over images that moves as one instruction.

A kernel written with it reads like the loop for one image; a lane is an image.

    a, b : Vector        a + b, a - b, a * b, a / b, a < b, a > b, a == b   (lane by lane; a scalar counts as all lanes equal)
    load(x, i)           lanes x[i : i + LANES]
    store(x, i, a)       write them back
    splat(s)             every lane s
    select(m, a, b)      a where the mask m is set, else b
    maximum(a, b)        the larger; the first where neither is (so NaN in `b` is not taken)
    total(a)             sum over the lanes, by halves

`LANES` follows the CPU: 16 with AVX-512, 8 with AVX, 4 with SSE or NEON.  The width is explicit because LLVM, left alone, takes
some AVX-512 machines for ones that prefer half of it.
"""

from __future__ import annotations

import operator

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model


def _cpu_features() -> set[str]:
    """Features of this CPU, or of the one that NUMBA_CPU_FEATURES pretends."""
    text = config.CPU_FEATURES
    if text is None:
        text = "" if config.CPU_NAME == "generic" else llvm.get_host_cpu_features().flatten()
    return {word[1:] for word in text.split(",") if word.startswith("+")}


def _lanes(features: set[str]) -> int:
    if "avx512f" in features:
        return 16
    return 8 if "avx" in features else 4


FEATURES = _cpu_features()
LANES = _lanes(FEATURES)
REGISTERS = 32 if "avx512f" in FEATURES or "neon" in FEATURES or llvm.get_process_triple().startswith("aarch64") else 16

FLOAT = ir.FloatType()
INT32 = ir.IntType(32)
INT64 = ir.IntType(64)
FLOATS = ir.VectorType(FLOAT, LANES)
INTS = ir.VectorType(INT32, LANES)
BITS = ir.VectorType(ir.IntType(1), LANES)


class VectorType(types.Type):
    """LANES float32 numbers in one register."""

    def __init__(self) -> None:
        super().__init__(name=f"vector(float32 x {LANES})")


class MaskType(types.Type):
    """LANES truth values."""

    def __init__(self) -> None:
        super().__init__(name=f"mask(x {LANES})")


vector = VectorType()
mask = MaskType()


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, FLOATS)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager, numba_type):
        super().__init__(manager, numba_type, BITS)


def splat_value(builder, scalar):
    """LLVM value: all lanes equal to `scalar`."""
    seed = builder.insert_element(ir.Constant(FLOATS, ir.Undefined), scalar, ir.Constant(INT32, 0))
    return builder.shuffle_vector(seed, ir.Constant(FLOATS, ir.Undefined), ir.Constant(INTS, [0] * LANES))


def load_value(builder, pointer):
    """LLVM value: LANES floats from any address."""
    return builder.load(builder.bitcast(pointer, FLOATS.as_pointer()), align=4)


def store_value(builder, value, pointer):
    """Write LANES floats to any address."""
    builder.store(value, builder.bitcast(pointer, FLOATS.as_pointer()), align=4)


def first_lanes(builder, count):
    """LLVM mask: the lanes before number `count` (an int64 that may exceed LANES)."""
    narrow = builder.trunc(count, INT32)
    seed = builder.insert_element(ir.Constant(INTS, ir.Undefined), narrow, ir.Constant(INT32, 0))
    counts = builder.shuffle_vector(seed, ir.Constant(INTS, ir.Undefined), ir.Constant(INTS, [0] * LANES))
    return builder.icmp_signed("<", ir.Constant(INTS, list(range(LANES))), counts)


def load_masked(builder, pointer, lanes):
    """LLVM value: the lanes of the mask `lanes` from memory, 0 in the others, whose memory is not touched."""
    address = builder.bitcast(pointer, FLOATS.as_pointer())
    kinds = [FLOATS.as_pointer(), INT32, BITS, FLOATS]
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(FLOATS, kinds), f"llvm.masked.load.v{LANES}f32.p0")
    return builder.call(function, [address, ir.Constant(INT32, 4), lanes, ir.Constant(FLOATS, [0.0] * LANES)])


def store_masked(builder, value, pointer, lanes):
    """Write the lanes of the mask `lanes` and leave the rest of memory alone."""
    address = builder.bitcast(pointer, FLOATS.as_pointer())
    kinds = [FLOATS, FLOATS.as_pointer(), INT32, BITS]
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), kinds), f"llvm.masked.store.v{LANES}f32.p0")
    builder.call(function, [value, address, ir.Constant(INT32, 4), lanes])


def total_value(builder, value):
    """LLVM value: sum over the lanes, folding halves, so always in the same order."""
    width = LANES
    while width > 1:
        width //= 2
        undefined = ir.Constant(value.type, ir.Undefined)
        index = ir.VectorType(INT32, width)
        low = builder.shuffle_vector(value, undefined, ir.Constant(index, list(range(width))))
        high = builder.shuffle_vector(value, undefined, ir.Constant(index, list(range(width, 2 * width))))
        value = builder.fadd(low, high)
    return builder.extract_element(value, ir.Constant(INT32, 0))


def multiply_add_function(builder):
    """a*b + c in one rounding where the CPU has it (on a CPU without, two roundings instead of a slow library call)."""
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(FLOATS, [FLOATS] * 3), f"llvm.fmuladd.v{LANES}f32")


def array_pointer(context, builder, array_type, value):
    """Address of an array's first element."""
    return context.make_array(array_type)(context, builder, value).data


def _operand(builder, value, numba_type, context):
    if numba_type is vector:
        return value
    return splat_value(builder, context.cast(builder, value, numba_type, types.float32))


def _define_operator(function, result, emit):
    """Register `function` for (vector, vector), (vector, number) and (number, vector)."""

    @infer_global(function)
    class _Template(AbstractTemplate):
        def generic(self, args, kws):
            if len(args) == 2 and vector in args and all(a is vector or isinstance(a, types.Number) for a in args):
                return signature(result, *args)
            return None

    def implementation(context, builder, sig, args):
        a, b = (_operand(builder, value, kind, context) for value, kind in zip(args, sig.args, strict=True))
        return emit(builder, a, b)

    for left, right in ((vector, vector), (vector, types.Number), (types.Number, vector)):
        lower_builtin(function, left, right)(implementation)


for _function, _emit in (
    (operator.add, lambda b, x, y: b.fadd(x, y)),
    (operator.iadd, lambda b, x, y: b.fadd(x, y)),
    (operator.sub, lambda b, x, y: b.fsub(x, y)),
    (operator.mul, lambda b, x, y: b.fmul(x, y)),
    (operator.imul, lambda b, x, y: b.fmul(x, y)),
    (operator.truediv, lambda b, x, y: b.fdiv(x, y)),
):
    _define_operator(_function, vector, _emit)
for _function, _sign in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">="), (operator.eq, "==")):
    _define_operator(_function, mask, lambda b, x, y, sign=_sign: b.fcmp_ordered(sign, x, y))
# unordered: NaN differs from everything, itself included
_define_operator(operator.ne, mask, lambda b, x, y: b.fcmp_unordered("!=", x, y))


@intrinsic
def load(typing_context, x, index):
    """Lanes x[index : index + LANES]; no bounds are checked."""

    def generate(context, builder, sig, args):
        return load_value(builder, builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]]))

    return vector(x, types.int64), generate


@intrinsic
def store(typing_context, x, index, value):
    """x[index : index + LANES] = lanes; no bounds are checked."""

    def generate(context, builder, sig, args):
        store_value(builder, args[2], builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]]))
        return context.get_dummy_value()

    return types.void(x, types.int64, vector), generate


@intrinsic
def load_first(typing_context, x, index, count):
    """Lanes x[index : index + count], 0 in the others; memory beyond is not touched."""

    def generate(context, builder, sig, args):
        pointer = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        return load_masked(builder, pointer, first_lanes(builder, args[2]))

    return vector(x, types.int64, types.int64), generate


@intrinsic
def load_where(typing_context, x, index, lanes):
    """The lanes of a mask from x[index : index + LANES], 0 in the others, whose memory is not touched."""

    def generate(context, builder, sig, args):
        pointer = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        return load_masked(builder, pointer, args[2])

    return vector(x, types.int64, mask), generate


@intrinsic
def lanes_between(typing_context, first, stop):
    """The mask of lanes first <= i < stop; the bounds may lie anywhere."""

    def generate(context, builder, sig, args):
        return builder.and_(first_lanes(builder, args[1]), builder.not_(first_lanes(builder, args[0])))

    return mask(types.int64, types.int64), generate


@intrinsic
def fetch_to_write(typing_context, x, index):
    """Have the cache line of x[index] brought near while other work goes on; whatever the address, nothing can go wrong."""

    def generate(context, builder, sig, args):
        pointer = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        kinds = [ir.IntType(8).as_pointer(), INT32, INT32, INT32]
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), kinds), "llvm.prefetch.p0")
        numbers = [ir.Constant(INT32, number) for number in (1, 2, 1)]  # to write; into the second-level cache; data
        builder.call(function, [builder.bitcast(pointer, ir.IntType(8).as_pointer()), *numbers])
        return context.get_dummy_value()

    return types.void(x, types.int64), generate


@intrinsic
def store_first(typing_context, x, index, value, count):
    """x[index : index + count] = the first lanes; memory beyond is not touched."""

    def generate(context, builder, sig, args):
        pointer = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        store_masked(builder, args[2], pointer, first_lanes(builder, args[3]))
        return context.get_dummy_value()

    return types.void(x, types.int64, vector, types.int64), generate


@intrinsic
def splat(typing_context, scalar):
    """Every lane the same number."""

    def generate(context, builder, sig, args):
        return splat_value(builder, args[0])

    return vector(types.float32), generate


@intrinsic
def select(typing_context, condition, a, b):
    """`a` where the mask is set, else `b`."""

    def generate(context, builder, sig, args):
        return builder.select(args[0], _operand(builder, args[1], sig.args[1], context), _operand(builder, args[2], sig.args[2], context))

    return vector(mask, a if a is vector else types.float32, b if b is vector else types.float32), generate


@intrinsic
def multiply_add(typing_context, a, b, c):
    """a*b + c."""

    def generate(context, builder, sig, args):
        values = [_operand(builder, value, kind, context) for value, kind in zip(args, sig.args, strict=True)]
        return builder.call(multiply_add_function(builder), values)

    return vector(*(each if each is vector else types.float32 for each in (a, b, c))), generate


@intrinsic
def total(typing_context, a):
    """Sum over the lanes."""

    def generate(context, builder, sig, args):
        return total_value(builder, args[0])

    return types.float32(vector), generate


@intrinsic
def power_of_two(typing_context, a):
    """2 ** a for lanes that hold whole numbers from -126 to 127: the exponent bits written directly."""

    def generate(context, builder, sig, args):
        whole = builder.fptosi(args[0], INTS)
        biased = builder.add(whole, ir.Constant(INTS, [127] * LANES))
        return builder.bitcast(builder.shl(biased, ir.Constant(INTS, [23] * LANES)), FLOATS)

    return vector(vector), generate


@intrinsic
def floor(typing_context, a):
    """The largest whole number not above each lane."""

    def generate(context, builder, sig, args):
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(FLOATS, [FLOATS]), f"llvm.floor.v{LANES}f32")
        return builder.call(function, [args[0]])

    return vector(vector), generate


@intrinsic
def square_root(typing_context, a):
    """The square root of each lane."""

    def generate(context, builder, sig, args):
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(FLOATS, [FLOATS]), f"llvm.sqrt.v{LANES}f32")
        return builder.call(function, [args[0]])

    return vector(vector), generate


@intrinsic
def beats(typing_context, a, b):
    """Where `a` takes the place of the largest so far, `b`: a > b, or a is NaN; never where b is NaN already."""

    def generate(context, builder, sig, args):
        larger = builder.fcmp_unordered(">", args[0], args[1])
        return builder.and_(larger, builder.fcmp_ordered("ord", args[1], args[1]))

    return mask(vector, vector), generate


@intrinsic
def exponent(typing_context, a):
    """e with a = m * 2**e and 1 <= m < 2, for lanes that hold positive normal numbers."""

    def generate(context, builder, sig, args):
        biased = builder.lshr(builder.bitcast(args[0], INTS), ir.Constant(INTS, [23] * LANES))
        return builder.sitofp(builder.sub(biased, ir.Constant(INTS, [127] * LANES)), FLOATS)

    return vector(vector), generate


@intrinsic
def mantissa(typing_context, a):
    """m with a = m * 2**e and 1 <= m < 2, for lanes that hold positive normal numbers."""

    def generate(context, builder, sig, args):
        fraction = builder.and_(builder.bitcast(args[0], INTS), ir.Constant(INTS, [0x007FFFFF] * LANES))
        return builder.bitcast(builder.or_(fraction, ir.Constant(INTS, [0x3F800000] * LANES)), FLOATS)

    return vector(vector), generate


@intrinsic
def first_lanes_mask(typing_context, count):
    """The lanes before number `count`, which may be 0 or less, or exceed LANES."""

    def generate(context, builder, sig, args):
        return first_lanes(builder, args[0])

    return mask(types.int64), generate
