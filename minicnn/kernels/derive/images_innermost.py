"""A textbook loop as a step of a plan: the same loop over arrays that lie as the engine lays them out, images innermost.

    x[n, c, h, w]           lies at   x + ((c * x_2 + h) * x_3 + w) * lanes + n       in the shard's memory, n the image within the shard
    weight[k, c, r, s]      lies at   weight + ((k * weight_1 + c) * weight_2 + r) * weight_3 + s       in the parameters, as users see it
    dweight[k, c, r, s]     the same in the slot: the first shard of a slot stores, later ones add

where x_2 is the size of x along axis 2.  The loop over images moves inward (`inward.py`); outside of places, n is the image's number
within the batch.  What needs the whole batch is refused with the reason (`images.py`).

Numbers keep the types of the textbook loop: products in float32, sums in float64, rounded when stored.  So a value or an input gradient
has the textbook's bits.  A parameter's gradient is rounded once a shard and added in float32: it is off by at most as many roundings as
there are shards, of the sum of its terms' absolute values.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import ModuleType
from typing import NamedTuple

from minicnn.kernels.derive.definition import Definition, indices
from minicnn.kernels.derive.images import (
    GRADIENT,
    INTEGERS,
    LANES,
    NOTHING,
    PARAMETER,
    TABLE,
    WHOLE,
    Images,
    images_of,
    is_everything,
    shape_of,
)
from minicnn.kernels.derive.inward import Inward
from minicnn.kernels.derive.text import literal, statements, surroundings

DECORATOR = "@njit(error_model='numpy')"
HEAD = ("import math", "import numpy", "from numba import njit", "from minicnn.kernels.cpu.program.atomics import whole_numbers_of")
AREAS = {LANES: "arena", INTEGERS: "arena", GRADIENT: "slot"}  # of the frame, from which places count


class Field(NamedTuple):
    """One of a step's arguments: where an array begins, its size along an axis, or a number."""

    name: str
    array: str
    axis: int | None = None


class Step(NamedTuple):
    """A step in words: the text of a module that defines it, and its arguments; `shard` names the one that is the images of a shard."""

    text: str
    fields: tuple[Field, ...]
    shard: str


def images_innermost(definition: Definition, roles: Mapping[str, str]) -> Step:
    """Write a definition out as a step.

    roles : for each of its arguments, see `images.py`

    Raises
    ------
    SettingError
        "FILE:LINE: reason" if it cannot be a step.
    """
    own = Writer(images_of(definition, roles))
    body = own.body()
    fields = [field for name in definition.arguments for field in own.fields(name)]
    head = [
        f"{own.lanes} = {own.row}.{own.real}",
        f"{own.real}, {own.first}, {own.fresh} = {own.frame}.count, {own.frame}.first, {own.frame}.accumulate == 0",
    ]
    for name, array, axis in fields:
        area = AREAS.get(roles[array]) if axis is None else None
        head.append(f"{name} = {f'{own.frame}.{area} + ' if area else ''}{own.row}.{name}")
    head += [f"{name} = numpy.empty({own.lanes})" for name in sorted(own.rows)]
    if INTEGERS in roles.values() or own.derived:  # which all are handed both
        head.append(f"{own.integers} = whole_numbers_of({own.memory})")
    text = [
        *HEAD,
        *own.around(),
        f"def {definition.name}({own.memory}, {own.parameters}, {own.table}, {own.row}, {own.frame}):",
        *(f"    {line}" for line in head),
        *statements(body),
    ]
    return Step("\n".join(text) + "\n", tuple(fields), own.real)


class Writer(ast.NodeTransformer):
    """Writes one function: indices become places in memory, shapes become sizes."""

    def __init__(self, images: Images, caller: Writer | None = None) -> None:
        self.images, self.function = images, images.function
        self.derived: dict[str, list[str]] = caller.derived if caller else {}  # functions that are handed arrays
        self._taken = {node.id for node in images.nodes if isinstance(node, ast.Name)} | set(self.function.arguments)
        words = ("lanes", "images", "first", "fresh", "place", "sum_of_images")
        self.lanes, self.real, self.first, self.fresh, self.place, self.sum = map(self.free, words)
        arguments = ("memory", "parameters", "table", "row", "frame", "integers")
        self.memory, self.parameters, self.table, self.row, self.frame, self.integers = map(self.free, arguments)
        self._inward = Inward(images, self.lanes, self.real)
        self._parts = images.plain_sums()
        self._asking: set[str] | None = None  # names that sum over images, in a loop over all lanes

    def free(self, word: str) -> str:
        """A name that the loop does not use."""
        while word in self._taken:
            word += "_"
        return word

    def size(self, name: str, axis: int) -> str:
        """What the size of an array along an axis is called."""
        return self.lanes if axis == 0 and self.images.in_lanes(name) else self.free(f"{name}_{axis}")

    def fields(self, name: str) -> list[Field]:
        if self.images.roles[name] == NOTHING:
            return []
        if not self.images.is_array(name):
            return [Field(name, name)]
        return [
            Field(name, name),
            *(Field(self.size(name, axis), name, axis) for axis in range(int(self.images.in_lanes(name)), self.images.axes(name))),
        ]

    @property
    def rows(self) -> set[str]:
        """Sums that every image has of its own, until they are stored as one."""
        return self._inward.rows | self._parts

    def body(self) -> list[ast.stmt]:
        return self._written(self._inward.statements())

    def _written(self, body: list[ast.stmt]) -> list[ast.stmt]:
        changed = [self.visit(each) for each in body]
        return [part for each in changed for part in (each if isinstance(each, list) else [each])]

    # ------------------------------------------------------------------------------------------------------------------------- around it

    def around(self) -> list[str]:
        """The modules, numbers and functions that it uses from around it; functions that are handed arrays are derived as well."""
        numbers, functions = surroundings(self.function, {})
        used = [
            node.value
            for each in (self.function, *functions.values())
            for part in each.body
            for node in ast.walk(part)
            if isinstance(node, ast.Attribute)
        ]
        known = self.function.python.__globals__
        names = {node.id for node in used if isinstance(node, ast.Name) and not self.images.is_array(node.id)}
        lines = [f"import {known[name].__name__} as {name}" for name in sorted(names - {"math"}) if isinstance(known.get(name), ModuleType)]
        lines += [f"{name} = {literal(number)}" for name, number in numbers.items()]
        for name, each in functions.items():
            plain = [DECORATOR, f"def {name}({', '.join(each.arguments)}):", *statements(each.body)]
            lines += self.derived.get(name, plain)
        return lines

    # ------------------------------------------------------------------------------------------------------------------------ statements

    def visit_For(self, node: ast.For) -> ast.stmt:
        before = self._asking
        if self.images.counts_images(node):
            self._asking = self._inward.asking.get(id(node.target))
        changed = ast.For(node.target, self.visit(node.iter), self._written(node.body), [])
        self._asking = before
        return changed

    def visit_If(self, node: ast.If) -> ast.stmt:
        return ast.If(self.visit(node.test), self._written(node.body), self._written(node.orelse))

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        changed = ast.AugAssign(self.visit(node.target), node.op, self.visit(node.value))
        sums = self._asking is not None and (getattr(node.target, "id", "") in self._asking or self.images.is_gradient(node.target))
        return ast.If(expression(f"{self.images.letter} < {self.real}"), [changed], []) if sums else changed

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        images, (target,) = self.images, node.targets
        array = shape_of(node.value)
        if array is not None and images.is_array(array) and isinstance(target, ast.Tuple):
            named = [(ast.unparse(each), axis) for axis, each in enumerate(target.elts)]
            named = [(name, axis) for name, axis in named if name != "_" and not (axis == 0 and images.in_lanes(array))]
            return [statement(f"{', '.join(n for n, _ in named)} = {', '.join(self.size(array, a) for _, a in named)}")] if named else []
        if images.counts_of(node):
            return []
        if isinstance(target, ast.Name) and target.id in self._parts:
            return statement(f"for {images.letter} in range({self.lanes}):\n    {target.id}[{images.letter}] = 0.0")
        name = images.array(target)
        if name and is_everything(target):
            return self._clearing(name, node.value)
        if name and images.roles[name] == GRADIENT and isinstance(target, ast.Subscript):
            value = ast.unparse(node.value)
            added = []
            if value in self._parts:
                row, value = value, self.sum
                added = [
                    statement(f"{value} = 0.0"),
                    statement(f"for {images.letter} in range({self.real}):\n    {value} += {row}[{images.letter}]"),
                ]
            stored = f"{self.memory}[{self.place}]"
            return [
                *added,
                statement(f"{self.place} = {self._place(name, indices(target))}"),
                statement(f"{stored} = {value} if {self.fresh} else {stored} + {value}"),
            ]
        return ast.Assign([self.visit(target)], self.visit(node.value))

    def _clearing(self, name: str, value: ast.expr) -> ast.stmt:
        sizes = " * ".join(self.size(name, axis) for axis in range(self.images.axes(name)))
        memory = self.integers if self.images.roles[name] == INTEGERS else self.memory
        loop = f"for {self.place} in range({name}, {name} + {sizes}):\n    {memory}[{self.place}] = {ast.unparse(value)}"
        cleared = statement(loop)
        return ast.If(expression(self.fresh), [cleared], []) if self.images.roles[name] == GRADIENT else cleared

    # ---------------------------------------------------------------------------------------------------------------------------- values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.rows:
            return expression(f"{node.id}[{self.images.letter}]") if isinstance(node.ctx, ast.Load) else self._row(node)
        if node.id == self.images.letter and isinstance(node.ctx, ast.Load) and not self.images.flat:  # not in a place
            return expression(f"{self.first} + {node.id}")
        return node

    def _row(self, node: ast.Name) -> ast.expr:
        return ast.Subscript(ast.Name(node.id, ast.Load()), ast.Name(self.images.letter, ast.Load()), ast.Store())

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        images, shape = self.images, shape_of(node.value)
        if shape is not None and images.is_array(shape):
            return expression(self.size(shape, int(ast.unparse(node.slice))))
        name = images.array(node)
        if not name:
            return self.generic_visit(node)  # type: ignore[return-value]
        if images.roles[name] == NOTHING:
            return ast.Constant(0.0)
        memory = {INTEGERS: self.integers, PARAMETER: self.parameters, TABLE: self.table}.get(images.roles[name], self.memory)
        return ast.Subscript(ast.Name(memory, ast.Load()), expression(self._place(name, indices(node))), node.ctx)

    def _place(self, name: str, at: list[ast.expr]) -> str:
        """Where an element lies: axes from the slowest to the fastest, images fastest of all."""
        if self.images.flat:
            return f"{name} + {ast.unparse(at[0])}"
        lanes, place = self.images.in_lanes(name), ""
        for axis in range(int(lanes), len(at)):
            index = ast.unparse(self.visit(at[axis]))
            index = index if index.isidentifier() or index.isdigit() else f"({index})"
            place = f"({place}) * {self.size(name, axis)} + {index}" if place else index
        if not lanes:
            return f"{name} + {place}"
        return f"{name} + {f'({place}) * {self.lanes} + ' if place else ''}{ast.unparse(at[0])}"

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = getattr(node.value, "id", "")
        if not self.images.is_array(name):
            return node
        if node.attr != "size" or (self.images.in_lanes(name) and not self.images.flat):
            self.images.refuse(node, f"{ast.unparse(node)} counts the images of the whole batch, but a step sees one shard")
        return expression(" * ".join(self.size(name, axis) for axis in range(self.images.axes(name))))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = getattr(node.func, "id", "")
        arrays = [ast.unparse(each) for each in node.args if self.images.is_array(getattr(each, "id", ""))]
        if name == "len" and arrays:
            return expression(self.size(arrays[0], 0))
        if not arrays:
            return ast.Call(node.func, [self.visit(each) for each in node.args], [])
        return self._with_arrays(node, name)

    def _with_arrays(self, node: ast.Call, name: str) -> ast.expr:
        """A call with arrays: the function is derived as well, and gets places and sizes in their stead."""
        if name not in self.function.functions:
            self.images.refuse(node, f"{ast.unparse(node)} is handed an array, but its text is not known here")
        function = self.function.functions[name]
        given = {each: ast.unparse(value) for each, value in zip(function.arguments, node.args, strict=True)}
        letter = next((each for each, value in given.items() if value == self.images.letter), "")
        own = Writer(Images(function, {each: self.images.roles.get(value, WHOLE) for each, value in given.items()}, letter), self)
        fields = [field for each in function.arguments for field in own.fields(each)]
        around = [own.memory, own.integers, own.parameters, own.table, own.lanes, own.first]
        text = [DECORATOR, f"def {name}({', '.join([*around, *(field.name for field in fields)])}):", *statements(own.body())]
        if self.derived.setdefault(name, text) != text:
            self.images.refuse(node, f"{name} is handed other kinds of arrays here than elsewhere: give it another name for these")
        values = [self.memory, self.integers, self.parameters, self.table, self.lanes, self.first]
        for _, each, axis in fields:
            if axis is not None:
                values.append(self.size(given[each], axis))
            elif each == letter or self.images.is_array(given[each]):
                values.append(given[each])
            else:
                values.append(ast.unparse(self.visit(node.args[function.arguments.index(each)])))
        return expression(f"{name}({', '.join(values)})")


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]
