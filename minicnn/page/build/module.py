"""Loops become one WebAssembly object: Numba types them, LLVM optimizes and emits.

A loop is taken from Numba before it is vectorized for this machine, is given wasm32's layout of data, and is optimized anew.  Addresses
are 32 bits wide there; Numba's 64-bit integers stay, LLVM shortens what forms an address.  Four lanes are one `v128`; no relaxed
instructions, whose results differ from one machine to the next.

    for a textbook loop     name(address, axes..., address, axes..., settings...): addresses, axes, whole numbers are i32, others f64
    for a step of a plan    name(memory, parameters, table, arguments, frame): addresses, i32

What comes back is the status of Numba's function: 0 where nothing was raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import config
from numba.core.compiler import Flags, compile_extra
from numba.core.cpu_options import FastMathOptions
from numba.core.registry import cpu_target

LAYOUT = "e-m:e-p:32:32-p10:8:8-p20:8:8-i64:64-i128:128-n32:64-S128-ni:1:10:20"
TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+bulk-memory,+sign-ext,+nontrapping-fptoint,+mutable-globals,+simd128"

POINTER = ir.PointerType(ir.IntType(8))
INT32, INT64, DOUBLE = ir.IntType(32), ir.IntType(64), ir.DoubleType()

# Nobody counts references: arrays belong to who calls.  A small array that a loop makes for itself lies in a ring of 64 KB.  A "meminfo"
# of Numba has the address of its data as its fourth field.
RUNTIME = f"""
target datalayout = "{LAYOUT}"
target triple = "{TRIPLE}"
@ring = internal global [65536 x i8] zeroinitializer, align 64
@ring_next = internal global i32 0
define ptr @NRT_MemInfo_alloc_aligned(i64 %size, i32 %align) {{
  %next = load i32, ptr @ring_next
  %bytes = trunc i64 %size to i32
  %more = add i32 %bytes, 127
  %whole = and i32 %more, -64
  %stop = add i32 %next, %whole
  %fits = icmp ule i32 %stop, 65536
  %begin = select i1 %fits, i32 %next, i32 0
  %end = add i32 %begin, %whole
  store i32 %end, ptr @ring_next
  %info = getelementptr i8, ptr @ring, i32 %begin
  %data = getelementptr i8, ptr %info, i32 64
  %field = getelementptr {{ i64, ptr, ptr, ptr, i64 }}, ptr %info, i32 0, i32 3
  store ptr %data, ptr %field
  ret ptr %info
}}
define void @NRT_incref(ptr %0) {{ ret void }}
define void @NRT_decref(ptr %0) {{ ret void }}
define void @NRT_MemInfo_call_dtor(ptr %0) {{ unreachable }}
"""


class Loop(NamedTuple):
    """A function to compile, with the Numba types of its arguments, and what its arithmetic may do."""

    function: Callable[..., None]
    signature: tuple[Any, ...]
    math: frozenset[str] = frozenset()


def compile_object(loops: Mapping[str, Loop]) -> bytes:
    """The relocatable object of loops, exported under these names."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(opt=3, features=FEATURES, reloc="static", codemodel="default")
    whole = llvm.parse_assembly(RUNTIME)  # linked first: of these definitions Numba's own copies lose
    with untuned():
        for name, loop in loops.items():
            text, mangled = _typed(loop)
            whole.link_in(llvm.parse_assembly(_retargeted(text)))
            whole.link_in(llvm.parse_assembly(_retargeted(_exported(name, mangled, loop.signature))))
    for each in (*whole.functions, *whole.global_variables):
        if not each.is_declaration and each.name not in loops:
            each.linkage = "internal"
    whole.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = True
    llvm.create_pass_builder(machine, options).getModulePassManager().run(whole, llvm.create_pass_builder(machine, options))
    return bytes(machine.emit_object(whole))


@contextmanager
def untuned() -> Iterator[None]:
    """Numba's own optimizer does nothing meanwhile, so that no vectors of this machine get into a module."""
    names = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE")
    before = {name: getattr(config, name) for name in names}
    try:
        for name in names:
            setattr(config, name, 0)
        yield
    finally:
        for name, value in before.items():
            setattr(config, name, value)


def _typed(loop: Loop) -> tuple[str, str]:
    """LLVM assembly of a loop, and the name of its function in it."""
    flags = Flags()
    flags.fastmath = FastMathOptions(set(loop.math)) if loop.math else FastMathOptions(False)
    flags.nrt = True
    flags.error_model = "numpy"
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    function = getattr(loop.function, "py_func", loop.function)
    compiled = compile_extra(cpu_target.typing_context, cpu_target.target_context, function, loop.signature, types.void, flags, {})
    return str(compiled.library._final_module), compiled.fndesc.mangled_name


def _exported(name: str, mangled: str, signature: tuple[Any, ...]) -> str:
    """LLVM assembly of the function that a page calls: flat arguments in, those of Numba's function out."""
    flat: list[ir.Type] = []
    inner: list[ir.Type] = []
    for each in signature:
        if isinstance(each, types.Array):
            flat += [POINTER] + [INT32] * each.ndim
            inner += [POINTER, POINTER, INT64, INT64, POINTER] + [INT64] * (2 * each.ndim)
        elif isinstance(each, types.CPointer | types.Record):
            flat.append(POINTER)
            inner.append(POINTER)
        else:
            flat.append(DOUBLE if isinstance(each, types.Float) else INT32)
            inner.append(DOUBLE if isinstance(each, types.Float) else INT64)
    module = ir.Module()
    callee = ir.Function(module, ir.FunctionType(INT32, [POINTER, POINTER, *inner]), mangled)
    function = ir.Function(module, ir.FunctionType(INT32, flat), name)
    builder = ir.IRBuilder(function.append_basic_block())
    values, given = [builder.alloca(POINTER), builder.alloca(POINTER)], iter(function.args)  # result and exception, which nobody reads
    for each in signature:
        if isinstance(each, types.Array):
            values += _array(builder, each, [next(given) for _ in range(1 + each.ndim)])
        elif isinstance(each, types.CPointer | types.Record | types.Float):
            values.append(next(given))
        else:
            values.append(builder.sext(next(given), INT64))
    builder.ret(builder.call(callee, [builder.bitcast(each, kind) for each, kind in zip(values, callee.ftype.args, strict=True)]))
    return str(module)


def _array(builder: ir.IRBuilder, kind: types.Array, given: list[ir.Value]) -> list[ir.Value]:
    """Numba's fields of a C-contiguous array: owner, parent, elements, bytes of one, address, axes, strides."""
    data, *axes = given
    shape = [builder.sext(axis, INT64) for axis in axes]
    itemsize = ir.Constant(INT64, kind.dtype.bitwidth // 8)
    strides: list[ir.Value] = []
    step: ir.Value = itemsize
    for extent in reversed(shape):
        strides.insert(0, step)
        step = builder.mul(step, extent)
    null = ir.Constant(POINTER, None)
    return [null, null, builder.sdiv(step, itemsize), itemsize, data, *shape, *strides]


def _retargeted(text: str) -> str:
    text = re.sub(r'target datalayout = "[^"]*"', f'target datalayout = "{LAYOUT}"', text)
    return re.sub(r'target triple = "[^"]*"', f'target triple = "{TRIPLE}"', text)
