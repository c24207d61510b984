"""One relocatable object becomes a module: memory, stack, function table, addresses and exports.

With a single object nothing is renumbered: functions and types keep the indices that LLVM wrote.  What remains: the imports of memory,
table and stack pointer are dropped, for they are defined here; data is placed behind the stack, and code that mentions its addresses
is patched; functions that are called by address get their places in the table; exports get names.  Functions that stay undefined, such
as `exp`, are imports from "env".

    memory   0 .. STACK            the stack, which grows down to 0
             STACK .. __heap_base  data
             __heap_base ..        whoever runs the module

`__heap_base` is exported, so that nobody has to guess where free memory begins.

Source of the format: WebAssembly tool conventions, "Linking", version 2; WebAssembly core specification 2.0, chapter 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minicnn.page.build.binary import Reader, name, section, signed, unsigned, vector

STACK = 64 * 1024
PAGE = 64 * 1024
HEAP_PAGES = 16  # free pages behind the data when the module starts

TYPES, IMPORTS, FUNCTIONS, TABLES, MEMORIES, GLOBALS, EXPORTS, START, ELEMENTS, CODE, DATA, DATA_COUNT = range(1, 13)
CUSTOM = 0
FUNCTION_REFERENCES, INT32, INT32_CONST, END = 0x70, 0x7F, 0x41, 0x0B

# kinds of places that code or data has for a number that is known only now
FUNCTION_INDEX, TABLE_SLEB, TABLE_I32, ADDRESS_LEB, ADDRESS_SLEB, ADDRESS_I32, TYPE_INDEX, GLOBAL_INDEX = range(8)
TABLE_NUMBER = 20
UNCHANGED = (FUNCTION_INDEX, TYPE_INDEX, GLOBAL_INDEX, TABLE_NUMBER)
ADDRESSES = (ADDRESS_LEB, ADDRESS_SLEB, ADDRESS_I32)

# kinds of symbols, and their flags
A_FUNCTION, A_DATUM, A_GLOBAL, A_SECTION = range(4)
UNDEFINED, EXPLICIT_NAME = 0x10, 0x40
SYMBOL_TABLE = 8


class LinkError(ValueError):
    """An object that LLVM writes in some way that is not known here."""


class Module(NamedTuple):
    """What a browser instantiates.

    heap_base : the first free byte of its memory
    imports : functions that whoever runs it gives it, from "env"
    """

    code: bytes
    heap_base: int
    imports: tuple[str, ...]


class Symbol(NamedTuple):
    """place : number of a function; (segment, offset) of a datum; None if it is defined elsewhere."""

    kind: int
    flags: int
    name: str
    place: int | tuple[int, int] | None


class Relocation(NamedTuple):
    """A place in a section that is to hold the number of a symbol."""

    section: int
    kind: int
    offset: int
    symbol: int
    addend: int


@dataclass
class Segment:
    """A stretch of data: where it lies in the section, and in memory."""

    at: int
    address: int
    size: int


@dataclass
class Object:
    """An object, read."""

    bodies: dict[int, bytearray]
    imports: list[tuple[str, str, int]]  # module, name, type
    has_stack: bool
    symbols: list[Symbol]
    relocations: list[Relocation]
    segments: list[Segment]


def link(obj: bytes, exports: Sequence[str], stamp: str = "", base: int | None = None) -> Module:
    """The module of an object.

    Parameters
    ----------
    exports : names of functions
    stamp : kept in the module as a section of its own, see `stamp_of`
    base : where it begins in the memory of another module, which it is given as "memory" then; its stack and data lie there

    Raises
    ------
    LinkError
        If the object has something that is not known here, or an export is missing.
    """
    first, shared = base or 0, base is not None
    read = read_object(obj, first)
    end = max((each.address + each.size for each in read.segments), default=first + STACK)
    table = patch(read)
    heap_base = -(-end // 16) * 16
    functions = {each.name: each.place for each in read.symbols if each.kind == A_FUNCTION and not each.flags & UNDEFINED}
    if missing := [each for each in exports if each not in functions]:
        raise LinkError(f"not defined: {', '.join(missing)}")
    data = bytes(read.bodies.get(DATA, b""))
    filled = [(each, data[each.at : each.at + each.size]) for each in read.segments]
    filled = [(each, content) for each, content in filled if any(content)]  # memory is zero without being told
    parts = {
        TYPES: bytes(read.bodies[TYPES]),
        IMPORTS: vector(
            [name(module) + name(function) + b"\0" + unsigned(number) for module, function, number in read.imports]
            + [name("env") + name("memory") + b"\2\0" + unsigned(0)] * shared
        ),
        FUNCTIONS: bytes(read.bodies[FUNCTIONS]),
        TABLES: vector([bytes([FUNCTION_REFERENCES, 0]) + unsigned(len(table) + 1)]) if table else b"",
        MEMORIES: vector([b"\0" + unsigned(-(-heap_base // PAGE) + HEAP_PAGES)] * (not shared)),
        GLOBALS: vector([_global(first + STACK, changes=True)] * read.has_stack + [_global(heap_base)]),
        EXPORTS: vector(
            [name("memory") + b"\2\0"] * (not shared)
            + [name("__heap_base") + b"\3" + unsigned(int(read.has_stack))]
            + [name(each) + b"\0" + unsigned(_number(functions[each])) for each in exports]
        ),
        ELEMENTS: vector([b"\0" + _constant(1) + vector(map(unsigned, table))]) if table else b"",
        DATA_COUNT: unsigned(len(filled)) if DATA_COUNT in read.bodies and filled else b"",
        CODE: bytes(read.bodies[CODE]),
        DATA: vector(b"\0" + _constant(each.address) + unsigned(each.size) + content for each, content in filled) if filled else b"",
    }
    code = b"\0asm\1\0\0\0" + b"".join(section(number, body) for number, body in parts.items() if body and body != b"\0")
    if stamp:
        code += section(CUSTOM, name("stamp") + stamp.encode())
    return Module(code, heap_base, tuple(function for _, function, _ in read.imports))


def stamp_of(module: bytes) -> str:
    """The stamp that a module was linked with; "" if it has none."""
    for number, body in sections(module):
        reader = Reader(body)
        if number == CUSTOM and reader.name() == "stamp":
            return body[reader.at :].decode()
    return ""


def sections(module: bytes) -> list[tuple[int, bytes]]:
    """(number, body) of each section of a module or an object."""
    if module[:8] != b"\0asm\1\0\0\0":
        raise LinkError("not WebAssembly")
    reader, found = Reader(module, 8), []
    while not reader.ended:
        number = reader.byte()
        found.append((number, reader.take(reader.unsigned())))
    return found


def exports_of(module: bytes) -> set[str]:
    """The names of what a module exports."""
    (body,) = (body for number, body in sections(module) if number == EXPORTS)
    reader, found = Reader(body), set()
    for _ in range(reader.unsigned()):
        found.add(reader.name())
        reader.byte()
        reader.unsigned()
    return found


def heap_base_of(module: bytes) -> int:
    """Where free memory begins: the last of the variables that `link` writes."""
    (body,) = (body for number, body in sections(module) if number == GLOBALS)
    reader, value = Reader(body), 0
    for _ in range(reader.unsigned()):
        reader.take(3)  # type, whether it changes, i32.const
        value = reader.signed()
        reader.byte()
    return value


def read_object(obj: bytes, first: int = 0) -> Object:
    """What a relocatable object holds; its data is given addresses behind the stack, which begins at `first`."""
    every = sections(obj)
    bodies = {number: bytearray(body) for number, body in every if number != CUSTOM}
    imports, has_stack = _imports(bytes(bodies.get(IMPORTS, b"\0")))
    symbols: list[Symbol] = []
    relocations: list[Relocation] = []
    for number, body in every:
        if number == CUSTOM:
            reader = Reader(body)
            kind = reader.name()
            if kind == "linking":
                symbols = _symbols(reader, imports)
            elif kind in ("reloc.CODE", "reloc.DATA"):
                relocations += _relocations(reader, [number for number, _ in every])
    return Object(bodies, imports, has_stack, symbols, relocations, _segments(bytes(bodies.get(DATA, b"\0")), first + STACK))


def patch(read: Object) -> list[int]:
    """Write addresses where code and data ask for them; the functions that are called by address, in the order of the table."""
    table: list[int] = []
    for each in read.relocations:
        if each.kind in UNCHANGED:
            continue
        symbol = read.symbols[each.symbol]
        if each.kind in ADDRESSES:
            if not isinstance(symbol.place, tuple):
                raise LinkError(f"data that nobody defines: {symbol.name}")
            segment, offset = symbol.place
            value = read.segments[segment].address + offset + each.addend
        elif each.kind in (TABLE_SLEB, TABLE_I32):
            function = _number(symbol.place)
            if function not in table:
                table.append(function)
            value = table.index(function) + 1  # 0 stays empty: a null pointer
        else:
            raise LinkError(f"relocation of an unknown kind, {each.kind}: {symbol.name}")
        width = unsigned(value, 5) if each.kind == ADDRESS_LEB else value.to_bytes(4, "little")
        if each.kind in (ADDRESS_SLEB, TABLE_SLEB):
            width = signed(value, 5)
        read.bodies[each.section][each.offset : each.offset + len(width)] = width
    return table


def _number(place: int | tuple[int, int] | None) -> int:
    if not isinstance(place, int):
        raise LinkError("a function without a number")
    return place


def _constant(value: int) -> bytes:
    return bytes([INT32_CONST]) + signed(value) + bytes([END])


def _global(value: int, changes: bool = False) -> bytes:
    return bytes([INT32, changes]) + _constant(value)


def _imports(body: bytes) -> tuple[list[tuple[str, str, int]], bool]:
    """The functions, and whether the object has a stack."""
    reader, functions, variables = Reader(body), [], []
    for _ in range(reader.unsigned()):
        module, field, kind = reader.name(), reader.name(), reader.byte()
        if kind == 0:
            functions.append((module, field, reader.unsigned()))
        elif kind in (1, 2):  # table and memory: limits
            if kind == 1:
                reader.byte()
            if reader.byte() & 1:
                reader.unsigned()
            reader.unsigned()
        else:
            reader.take(2)
            variables.append(field)
    if [each for each in variables if each != "__stack_pointer"]:
        raise LinkError(f"variables from elsewhere: {', '.join(variables)}")
    return functions, bool(variables)


def _symbols(reader: Reader, imports: Sequence[tuple[str, str, int]]) -> list[Symbol]:
    if (version := reader.unsigned()) != 2:
        raise LinkError(f"version {version} of the section 'linking'")
    found: list[Symbol] = []
    while not reader.ended:
        number, size = reader.byte(), reader.unsigned()
        end = reader.at + size
        for _ in range(reader.unsigned() if number == SYMBOL_TABLE else 0):
            kind, flags = reader.byte(), reader.unsigned()
            here = not flags & UNDEFINED
            if kind == A_DATUM:
                text = reader.name()
                place = (reader.unsigned(), reader.unsigned()) if here else None
                if here:
                    reader.unsigned()  # its size
                found.append(Symbol(kind, flags, text, place))
            elif kind == A_SECTION:
                found.append(Symbol(kind, flags, "", reader.unsigned()))
            else:
                index = reader.unsigned()
                named = here or flags & EXPLICIT_NAME
                text = reader.name() if named else imports[index][1] if kind == A_FUNCTION else ""
                found.append(Symbol(kind, flags, text, index))
        reader.at = end
    return found


def _relocations(reader: Reader, numbers: Sequence[int]) -> list[Relocation]:
    target, found = numbers[reader.unsigned()], []
    for _ in range(reader.unsigned()):
        kind, offset, index = reader.byte(), reader.unsigned(), reader.unsigned()
        found.append(Relocation(target, kind, offset, index, reader.signed() if kind in ADDRESSES else 0))
    return found


def _segments(body: bytes, begin: int) -> list[Segment]:
    reader, found = Reader(body), []
    for _ in range(reader.unsigned()):
        if reader.unsigned() != 0 or reader.byte() != INT32_CONST:
            raise LinkError("a data segment of an unknown kind")
        address = reader.signed() + begin
        reader.byte()
        size = reader.unsigned()
        found.append(Segment(reader.at, address, size))
        reader.take(size)
    return found
