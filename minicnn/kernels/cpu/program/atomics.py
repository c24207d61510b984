"""What threads inside compiled code need: counters they share, a pause while they wait, and calls by address."""

from __future__ import annotations

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from minicnn.kernels.cpu.lanes.vector import FLOAT, INT32, INT64, array_pointer
from minicnn.kernels.machine_code.compile import STEP_SIGNATURE

_VOID = ir.VoidType()
_GOOD_CODES = (0, -2)  # what Numba's functions return when nothing was raised
_X86 = llvm.get_process_triple().startswith(("x86_64", "i386", "i686"))


@intrinsic
def fetch_add(typing_context, counters, index, amount):
    """counters[index] += amount in one indivisible step; the old value comes back."""

    def generate(context, builder, sig, args):
        pointer = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        return builder.atomic_rmw("add", pointer, args[2], "seq_cst")

    return types.int64(counters, types.int64, types.int64), generate


@intrinsic
def exchange(typing_context, counters, index, value):
    """Put a value into counters[index] in one indivisible step; the old value comes back."""

    def generate(context, builder, sig, args):
        pointer = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        return builder.atomic_rmw("xchg", pointer, args[2], "seq_cst")

    return types.int64(counters, types.int64, types.int64), generate


@intrinsic
def read_shared(typing_context, counters, index):
    """counters[index] as another thread last wrote it."""

    def generate(context, builder, sig, args):
        pointer = builder.gep(array_pointer(context, builder, sig.args[0], args[0]), [args[1]])
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(counters, types.int64), generate


@intrinsic
def pause(typing_context):
    """Tell the processor that this is a waiting loop."""

    def generate(context, builder, sig, args):
        if _X86:
            builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(_VOID, []), "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def call_c(typing_context, address, first, second, third):
    """Call the C function at `address` with three integers or pointers; it may take fewer, and returns an integer, a pointer or nothing."""

    def generate(context, builder, sig, args):
        function = ir.FunctionType(INT64, [INT64] * 3).as_pointer()
        return builder.call(builder.inttoptr(args[0], function), args[1:])

    return types.int64(*[types.int64] * 4), generate


@intrinsic
def call_step(typing_context, address, memory, parameters, table, steps, arguments, frame):
    """Call the step kernel at `address` with its arguments at steps[arguments:]; whether it went through without an exception."""

    def generate(context, builder, sig, args):
        def pointer(n):
            return array_pointer(context, builder, sig.args[n], args[n])

        function = context.call_conv.get_function_type(types.none, STEP_SIGNATURE.args)
        result, exception = (cgutils.alloca_once(builder, each.pointee) for each in function.args[:2])
        own, task = builder.gep(pointer(4), [args[5]]), builder.bitcast(args[6], INT64.as_pointer())
        code = builder.call(
            builder.inttoptr(args[0], function.as_pointer()), [result, exception, pointer(1), pointer(2), pointer(3), own, task]
        )
        return builder.or_(*(builder.icmp_signed("==", code, code.type(good)) for good in _GOOD_CODES))

    return types.boolean(types.int64, memory, parameters, table, steps, types.int64, frame), generate


def _at(element, numba_element):
    @intrinsic
    def array_at(typing_context, address):
        """The numbers at an address, to be indexed without bounds."""

        def generate(context, builder, sig, args):
            return builder.inttoptr(args[0], element.as_pointer())

        return types.CPointer(numba_element)(types.int64), generate

    return array_at


floats_at = _at(FLOAT, types.float32)
doubles_at = _at(ir.DoubleType(), types.float64)
integers_at = _at(INT64, types.int64)
int32s_at = _at(ir.IntType(32), types.int32)
bytes_at = _at(ir.IntType(8), types.uint8)


@intrinsic
def as_double(typing_context, bits):
    """The float64 whose bits an int64 holds: how a plan's integer table carries a number such as a slope."""

    def generate(context, builder, sig, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def whole_numbers_of(typing_context, pointer):
    """Memory of float32 as int32: how whole numbers, such as the winners of max pooling, lie in lanes."""

    def generate(context, builder, sig, args):
        return builder.bitcast(args[0], INT32.as_pointer())

    return types.CPointer(types.int32)(pointer), generate


@intrinsic
def whole_array(typing_context, pointer):
    """A pointer that a step was given as an array that can be indexed anywhere."""
    array_type = types.Array(pointer.dtype, 1, "C")

    def generate(context, builder, sig, args):
        length = context.get_constant(types.intp, 1 << 40)
        itemsize = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(pointer.dtype)))
        array = context.make_array(array_type)(context, builder)
        context.populate_array(array, data=args[0], shape=[length], strides=[itemsize], itemsize=itemsize, meminfo=None)
        return array._getvalue()

    return array_type(pointer), generate
