"""A textbook loop as a step of a plan: the same loop over arrays that lie as the engine lays them out, images innermost.

    x[n, c, h, w]           lies at   x + ((c * x_2 + h) * x_3 + w) * lanes + n       in the shard's memory, n the image within the shard
    weight[k, c, r, s]      lies at   weight + ((k * weight_1 + c) * weight_2 + r) * weight_3 + s       in the parameters, as users see it
    dweight[k, c, r, s]     the same in the slot: the first shard of a slot stores, later ones add

where x_2 is the size of x along axis 2.  The loop over images moves inward (`inward.py`); outside of places, n is the image's number
within the batch.  What needs the whole batch is refused with the reason (`one_shard.py`).

Numbers keep the types of the textbook loop: products in float32, sums in float64, rounded when stored.  So a value or an input gradient
has the textbook's bits.  A parameter's gradient is rounded once a shard and added in float32: it is off by at most as many roundings as
there are shards, of the sum of its terms' absolute values.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import NamedTuple

from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.lanes.bounds import Unseen
from minicnn.kernels.derive.lanes.images import GRADIENT, INTEGERS, LANES, NOTHING, PARAMETER, TABLE, WEIGHTS, WHOLE, Images
from minicnn.kernels.derive.lanes.inward import Inward
from minicnn.kernels.derive.lanes.one_shard import images_of
from minicnn.kernels.derive.lanes.step_text import DECORATOR, Arguments, expression, statement, step_text
from minicnn.kernels.derive.syntax import indices, is_everything, name_of, shape_of
from minicnn.kernels.derive.text import statements, surroundings

HEAD = (
    "import math",
    "import numpy",
    "from numba import njit",
    "from minicnn.kernels.cpu.program.atomics import as_double, whole_numbers_of",
)
AREAS = {LANES: "arena", INTEGERS: "arena", GRADIENT: "slot"}  # of the frame, from which places count


class Field(NamedTuple):
    """One of a step's arguments: where an array begins, its size along an axis, or a number."""

    name: str
    array: str
    axis: int | None = None


class Step(NamedTuple):
    """A step in words: the text of a module that defines it, and its arguments; `shard` names the one that is the images of a shard.

    checked : "FILE:LINE: place" of those that it checks while it runs
    """

    text: str
    fields: tuple[Field, ...]
    shard: str
    checked: tuple[str, ...] = ()


def images_innermost(definition: Definition, roles: Mapping[str, str], checks: bool = False) -> Step:
    """Write a definition out as a step.

    roles : for each of its arguments, see `images.py`
    checks : fail rather than go to a place outside of an array, where that depends on values, see `bounds.py`

    Raises
    ------
    SettingError
        "FILE:LINE: reason" if it cannot be a step.
    """
    own = Writer(images_of(definition, roles), Checks(definition) if checks else None)
    row, frame, real = own.arguments.row, own.arguments.frame, own.real
    body = own.body()
    fields = [field for name in definition.arguments for field in own.fields(name)]
    head = [
        f"{own.lanes} = {row}.{real}",
        f"{real}, {own.first}, {own.fresh} = {frame}.count, {frame}.first, {frame}.accumulate == 0",
    ]
    for name, array, axis in fields:
        area = AREAS.get(roles[array]) if axis is None else None
        head.append(f"{name} = {f'{frame}.{area} + ' if area else ''}{row}.{name}")
    head += [f"{name} = numpy.empty({own.lanes})" for name in sorted(own.rows)]
    if INTEGERS in roles.values() or own.derived:  # which all are handed both
        head.append(f"{own.integers} = whole_numbers_of({own.arguments.memory})")
    lines = (*(f"    {line}" for line in head), *statements(body))
    checked = own.checks.places if own.checks else {}
    first = [own.checks.text] if own.checks and checked else []
    return Step(step_text(definition, (*HEAD, *first), lines, own.derived), tuple(fields), real, tuple(checked))


class Checks:
    """The function that a step hands an index and the size of its axis, and the places that it does so for."""

    def __init__(self, definition: Definition) -> None:
        self.name, own = "inside", (definition, *surroundings(definition, {})[1].values())
        while any(self.name == each.name or each.free(self.name) != self.name for each in own):
            self.name += "_"
        self.places: dict[str, None] = {}

    @property
    def text(self) -> str:
        return f"{DECORATOR}\ndef {self.name}(place, size):\n    if not 0 <= place < size:\n        raise IndexError\n    return place"


class Writer(ast.NodeTransformer):
    """Writes one function: indices become places in memory, shapes become sizes.

    derived : the texts of functions that are handed arrays, shared with the writer of the function that calls this one
    """

    def __init__(self, images: Images, checks: Checks | None = None, derived: dict[str, str] | None = None) -> None:
        self.images, self.function, free = images, images.function, images.function.free
        self.derived, self.checks = {} if derived is None else derived, checks
        self._unseen = Unseen(images, derived is not None).places if checks else set()
        self.arguments = Arguments.beside(self.function)
        self.lanes, self.real, self.first, self.fresh = map(free, ("lanes", "images", "first", "fresh"))
        self.place, self.sum, self.integers = map(free, ("place", "sum_of_images", "integers"))
        memory, parameters, table = self.arguments[:3]
        self._areas = {INTEGERS: self.integers, PARAMETER: parameters, TABLE: table, WEIGHTS: table, LANES: memory, GRADIENT: memory}
        self._inward = Inward(images, self.lanes, self.real)
        self._parts = images.plain_sums()

    def size(self, name: str, axis: int) -> str:
        """What the size of an array along an axis is called."""
        return self.lanes if axis == 0 and self.images.in_lanes(name) else self.function.free(f"{name}_{axis}")

    def whole_size(self, name: str) -> str:
        """How many elements an array has."""
        return " * ".join(self.size(name, axis) for axis in range(self.images.axes(name)))

    def fields(self, name: str) -> list[Field]:
        if self.images.roles[name] == NOTHING:
            return []
        axes = range(int(self.images.in_lanes(name)), self.images.axes(name)) if self.images.is_array(name) else ()
        return [Field(name, name), *(Field(self.size(name, axis), name, axis) for axis in axes)]

    @property
    def rows(self) -> set[str]:
        """Sums that every image has of its own, until they are stored as one."""
        return self._inward.rows | self._parts

    def body(self) -> list[ast.stmt]:
        return self.visit(ast.Module(self._inward.statements(), [])).body  # type: ignore[no-any-return]

    # ------------------------------------------------------------------------------------------------------------------------ statements

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        images, (target,) = self.images, node.targets
        name, shape = images.array(target), shape_of(node.value)
        if images.is_array(shape) and isinstance(target, ast.Tuple):
            named = [(name_of(each), self.size(shape, axis)) for axis, each in enumerate(target.elts)]
            named = [(size, value) for size, value in named[int(images.in_lanes(shape)) :] if size != "_"]
            return [statement(f"{', '.join(n for n, _ in named)} = {', '.join(value for _, value in named)}")] if named else []
        if images.counts_of(node):
            return []
        if name_of(target) in self._parts:
            return statement(f"for {images.letter} in range({self.lanes}):\n    {name_of(target)}[{images.letter}] = 0.0")
        if name and is_everything(target):
            return self._clearing(name, node.value)
        if name and images.roles[name] == GRADIENT and isinstance(target, ast.Subscript):
            return self._gradient(self._place(name, target), ast.unparse(node.value))
        return ast.Assign([self.visit(target)], self.visit(node.value))

    def _gradient(self, place: str, value: str) -> list[ast.stmt]:
        stored, added = f"{self.arguments.memory}[{self.place}]", []
        if value in self._parts:
            loop = f"for {self.images.letter} in range({self.real}):\n    {self.sum} += {value}[{self.images.letter}]"
            value, added = self.sum, [f"{self.sum} = 0.0", loop]
        text = [*added, f"{self.place} = {place}", f"{stored} = {value} if {self.fresh} else {stored} + {value}"]
        return [statement(each) for each in text]

    def _clearing(self, name: str, value: ast.expr) -> ast.stmt:
        memory, role = self._areas[self.images.roles[name]], self.images.roles[name]
        first = f"for {self.place} in range({name}, {name} + {self.whole_size(name)}):"
        cleared = statement(f"{first}\n    {memory}[{self.place}] = {ast.unparse(value)}")
        return ast.If(expression(self.fresh), [cleared], []) if role == GRADIENT else cleared

    # ---------------------------------------------------------------------------------------------------------------------------- values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        letter = self.images.letter
        if node.id in self.rows:
            return ast.Subscript(ast.Name(node.id, ast.Load()), ast.Name(letter, ast.Load()), node.ctx)
        if node.id == letter and isinstance(node.ctx, ast.Load) and not self.images.flat:  # not in a place
            return expression(f"{self.first} + {letter}")
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        images, shape, name = self.images, shape_of(node.value), self.images.array(node)
        if images.is_array(shape):
            return expression(self.size(shape, int(ast.unparse(node.slice))))
        if not name:
            return self.generic_visit(node)
        if images.roles[name] == NOTHING:
            return ast.Constant(0.0)
        memory = ast.Name(self._areas[images.roles[name]], ast.Load())
        if images.roles[name] == WEIGHTS:
            return expression(f"as_double({memory.id}[{self._place(name, node)}])")
        return ast.Subscript(memory, expression(self._place(name, node)), node.ctx)

    def _place(self, name: str, node: ast.Subscript) -> str:
        """Where an element lies: axes from the slowest to the fastest, images fastest of all."""
        at, text = indices(node), f"{self.function.file}:{node.lineno}: {ast.unparse(node)}"
        if self.images.flat:
            return f"{name} + {self._index(name, node, 0, ast.unparse(at[0]), text)}"
        lanes, place = self.images.in_lanes(name), ""
        if lanes and name_of(at[0]) != self.images.letter:
            self.images.refuse(node, f"{ast.unparse(node)} is of image {ast.unparse(at[0])}, but images of a batch do not see each other")
        for axis in range(int(lanes), len(at)):
            index = self._index(name, node, axis, ast.unparse(self.visit(at[axis])), text)
            index = index if index.isidentifier() or index.isdigit() else f"({index})"
            place = f"({place}) * {self.size(name, axis)} + {index}" if place else index
        if not lanes:
            return f"{name} + {place}"
        return f"{name} + {f'({place}) * {self.lanes} + ' if place else ''}{ast.unparse(at[0])}"

    def _index(self, name: str, node: ast.Subscript, axis: int, index: str, text: str) -> str:
        """An index, checked where the step has to; `text` says where it stands."""
        if not self.checks or (node.lineno, node.col_offset, axis) not in self._unseen:
            return index
        self.checks.places[text] = None
        return f"{self.checks.name}({index}, {self.whole_size(name) if self.images.flat else self.size(name, axis)})"

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = name_of(node.value)
        if not self.images.is_array(name):
            return node
        if node.attr != "size" or (self.images.in_lanes(name) and not self.images.flat):
            self.images.refuse(node, f"{ast.unparse(node)} counts the images of the whole batch, but a step sees one shard")
        return expression(self.whole_size(name))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name, arrays = name_of(node.func), [name_of(each) for each in node.args if self.images.is_array(name_of(each))]
        if name == "len" and arrays:
            return expression(self.size(arrays[0], 0))
        if not arrays:
            return self.generic_visit(node)
        if name not in self.function.functions:
            self.images.refuse(node, f"{ast.unparse(node)} is handed an array, but its text is not known here")
        return self._with_arrays(node, name)

    def _with_arrays(self, node: ast.Call, name: str) -> ast.expr:
        """A call with arrays: the function is derived as well, and gets places and sizes in their stead."""
        function = self.function.functions[name]
        given = dict(zip(function.arguments, node.args, strict=True))
        letter = next((each for each, value in given.items() if name_of(value) == self.images.letter), "")
        roles = {each: self.images.roles.get(name_of(value), WHOLE) for each, value in given.items()}
        own = Writer(Images(function, roles, letter), self.checks, self.derived)
        fields = [field for each in function.arguments for field in own.fields(each)]
        parameters = ", ".join([*own._around(), *(field.name for field in fields)])
        text = "\n".join([DECORATOR, f"def {name}({parameters}):", *statements(own.body())])
        if self.derived.setdefault(name, text) != text:
            self.images.refuse(node, f"{name} is handed other kinds of arrays here than elsewhere: give it another name for these")
        values = self._around()
        for _, each, axis in fields:
            value = given[each]
            if axis is not None:
                values.append(self.size(name_of(value), axis))
            else:
                values.append(ast.unparse(value if each == letter or self.images.is_array(name_of(value)) else self.visit(value)))
        return expression(f"{name}({', '.join(values)})")

    def _around(self) -> list[str]:
        """What a derived function is handed before its own arguments."""
        memory, parameters, table = self.arguments[:3]
        return [memory, self.integers, parameters, table, self.lanes, self.first]
