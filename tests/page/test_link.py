"""A relocatable object becomes a module that runs: addresses of data and functions, the stack, and where free memory begins."""

import llvmlite.binding as llvm
import pytest

from minicnn.page.build.link import STACK, LinkError, link, sections, stamp_of
from minicnn.page.build.module import FEATURES, LAYOUT, TRIPLE

wasmtime = pytest.importorskip("wasmtime")

TEXT = f"""
target datalayout = "{LAYOUT}"
target triple = "{TRIPLE}"
@empty = internal global [100 x i8] zeroinitializer, align 4
@numbers = internal constant [3 x i32] [i32 7, i32 8, i32 9], align 4
@second = internal global ptr getelementptr (i8, ptr @numbers, i32 4), align 4
@twice_pointer = internal global ptr @twice, align 4
declare double @exp(double)
define internal i32 @twice(i32 %a) {{
  %b = add i32 %a, %a
  ret i32 %b
}}
define i32 @number(i32 %n) {{
  %p = getelementptr i32, ptr @numbers, i32 %n
  %v = load volatile i32, ptr %p
  ret i32 %v
}}
define i32 @by_pointer() {{
  %p = load volatile ptr, ptr @second
  %v = load i32, ptr %p
  ret i32 %v
}}
define i32 @call_by_address(i32 %a) {{
  %f = load volatile ptr, ptr @twice_pointer
  %v = call i32 %f(i32 %a)
  ret i32 %v
}}
define i32 @write_empty(i32 %v) {{
  store volatile i32 %v, ptr getelementptr (i8, ptr @empty, i32 96)
  %w = load volatile i32, ptr getelementptr (i8, ptr @empty, i32 96)
  ret i32 %w
}}
define i32 @on_stack(i32 %v) {{
  %p = alloca [64 x i32], align 16
  %q = getelementptr i32, ptr %p, i32 %v
  store volatile i32 %v, ptr %q
  %w = load volatile i32, ptr %q
  ret i32 %w
}}
define double @outside(double %a) {{
  %v = call double @exp(double %a)
  ret double %v
}}
"""
NAMES = ["number", "by_pointer", "call_by_address", "write_empty", "on_stack", "outside"]


@pytest.fixture(scope="module")
def obj():
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(opt=0, features=FEATURES, reloc="static", codemodel="default")
    return machine.emit_object(llvm.parse_assembly(TEXT))


@pytest.fixture(scope="module")
def running(obj):
    engine = wasmtime.Engine()
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    double = wasmtime.ValType.f64()
    linker.define(store, "env", "exp", wasmtime.Func(store, wasmtime.FuncType([double], [double]), lambda x: x + 0.5))
    exports = linker.instantiate(store, wasmtime.Module(engine, link(obj, NAMES).code)).exports(store)
    return lambda name, *given: exports[name](store, *given), exports, store


@pytest.mark.parametrize(
    ("name", "given", "result"),
    [
        ("number", (2,), 9),
        ("by_pointer", (), 8),
        ("call_by_address", (21,), 42),
        ("write_empty", (5,), 5),
        ("on_stack", (63,), 63),
        ("outside", (1.0,), 1.5),
    ],
)
def test_what_the_object_says_happens(running, name, given, result):
    assert running[0](name, *given) == result


def test_free_memory_begins_behind_all_data(running, obj):
    call, exports, store = running
    base = exports["__heap_base"].value(store)
    assert base == link(obj, NAMES).heap_base >= STACK + 100 + 12 + 4 + 4
    memory = exports["memory"]
    assert memory.data_len(store) >= base + (1 << 20)
    memory.write(store, b"\xff" * 1000, base)
    assert call("number", 0) == 7
    assert call("write_empty", 3) == 3
    assert bytes(memory.read(store, base, base + 1000)) == b"\xff" * 1000


def test_imports_are_named_and_the_stamp_is_kept(obj):
    module = link(obj, NAMES, "made of this")
    assert module.imports == ("exp",)
    assert stamp_of(module.code) == "made of this"
    assert stamp_of(link(obj, NAMES).code) == ""


def test_what_is_not_known_is_refused(obj):
    with pytest.raises(LinkError, match="not defined: missing"):
        link(obj, ["number", "missing"])
    with pytest.raises(LinkError, match="not WebAssembly"):
        sections(b"\0elf")
