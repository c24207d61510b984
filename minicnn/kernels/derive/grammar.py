"""What a definition may contain.  Everything that is derived from a loop, for threads, lanes, a browser or a reader, rests on these rules.

    definition   def NAME(ARGUMENT, ...):  before ...  loop               a docstring may stand first
    before       NAME = value        NAME, ... = array.shape              sizes; they keep their value from here on
                 output[...] = number                                     clears a whole output
    loop         for LETTER in range([start,] stop[, step]):  statement ...
    statement    NAME = value        NAME, ... = value, ...               NAME += value, and -= *= /=
                 NAME, ... = function(...)
                 output[place, ...] = value                               output[place, ...] += value, and -= *= /=
                 if value:  statement ...  [else:  statement ...]
                 loop
    value        3   0.5   True   NAME   LETTER   array[place, ...]   array.flat[place]   array.shape[0]   array.size   len(array)
                 + - * / // % **     < <= > >= == !=     and or not     value if value else value
                 min(value, value)   max(value, value)   abs(value)   int(value)   np.exp(value)   function(value, ...)
    function     def NAME(ARGUMENT, ...):  statements that end in `return value, ...`; it stores nothing.  It also may loop over
                 numbers that stand there, `for word in (a, b)`, and work on bits: & | ^ << >>

An ARGUMENT is an array (it has places), a setting (a number, or numbers to unpack), or a function that the caller hands in.  Arrays that
are stored to are the outputs; the loop alone reads them, and no function is handed one.  The arrays of one call share no memory, unless
each of them is read and stored to at the same places.
Arguments, sizes and letters are not assigned again, and a letter means nothing outside its loop.  A place is counted from the start of its
axis, and an array has as many indices wherever it stands.
A name from around the function is a number, a function as above, or one of NumPy's or math's in `values.MATHEMATICS`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from minicnn.kernels.derive.definition import Definition, Function, array_of, elements, stores
from minicnn.kernels.derive.source import source
from minicnn.kernels.derive.values import BITS, Values, is_shape

UPDATES = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def read(function: Callable[..., Any]) -> Definition:
    """Read a definition, a textbook kernel or a user's loop, compiled or not.

    Raises
    ------
    SettingError
        "FILE:LINE: reason" where the text is outside the grammar, or is not to be found.
    """
    text = source(function)
    reader = _Reader(text, helper=False)
    before, loop = reader.definition()
    clearings = tuple(each for each in before if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Subscript))
    sizes = tuple(each for each in before if each not in clearings)
    return Definition(**vars(reader.function()), outputs=reader.outputs, before=sizes, clearings=clearings, loop=loop)


def read_function(function: Callable[..., Any], seen: tuple[FunctionType, ...] = ()) -> Function:
    """Read a function that definitions call: it takes numbers and arrays, stores nothing, and returns numbers.

    seen : the functions that are being read, none of which it may call
    """
    reader = _Reader(source(function), helper=True, seen=seen)
    reader.block(reader.body)
    return reader.function()


class _Reader(Values):
    """Walks the statements once, from the top, and refuses what the grammar does not have."""

    def function(self) -> Function:
        arrays, called = (tuple(each for each in self.arguments if self.roles.get(each) == role) for role in ("an array", "a function"))
        python = self.text.python
        return Function(
            self.text.tree.name,
            self.arguments,
            tuple(self.body),
            arrays,
            called,
            self.ranks,
            self.numbers,
            self.functions,
            python,
            self.text.file,
            self.text.tree.lineno,
        )

    def read_function(self, function: FunctionType) -> Function:
        return read_function(function, self.seen)

    def definition(self) -> tuple[tuple[ast.stmt, ...], ast.For]:
        loops = [each for each in self.body if isinstance(each, ast.For)]
        for each in self.body:
            if not isinstance(each, ast.For | ast.Assign):
                self.unknown(each)
        if not loops:
            self.refuse(self.text.tree, f"{self.text.tree.name} has no loop")
        if len(loops) > 1:
            self.refuse(loops[1], "a second loop stands beside the first: a definition is one loop, with others inside")
        if self.body[-1] is not loops[0]:
            self.refuse(self.body[self.body.index(loops[0]) + 1], "something stands after the loop")
        if not self.outputs:
            self.refuse(self.text.tree, f"{self.text.tree.name} stores into none of its arguments")
        before = self.body[:-1]
        for each in before:
            self.prepare(each)
        self.statement(loops[0])
        for name in {array_of(place) for node in before for place in stores(node)}:
            if name not in self.ranks:
                self.refuse(loops[0], f"{name} is cleared, but the loop stores nothing into it")
            if not self.ranks[name]:
                self.refuse(loops[0], f"{name} is cleared as a whole and stored to through .flat: clear {name}.flat[...] in the loop")
        return tuple(before), loops[0]

    def prepare(self, node: ast.stmt) -> None:
        """A statement before the loop."""
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(target, ast.Subscript):
            self.statement(node)
            self.sizes |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
            return
        name = array_of(target)
        if not (isinstance(target.slice, ast.Constant) and target.slice.value is ... and isinstance(target.value, ast.Name)):
            self.refuse(
                node, f"{ast.unparse(target)} is stored to before the loop: only a whole output is cleared there, {name}[...] = 0.0"
            )
        self.array(target.value)
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            self.refuse(node, f"{name} is cleared with {ast.unparse(node.value)}, which is not a number")  # type: ignore[attr-defined]

    def block(self, nodes: Iterable[ast.stmt]) -> None:
        for each in nodes:
            self.statement(each)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            if len(node.targets) > 1:
                self.refuse(node, "two names are assigned at once: write two statements")
            self.assign(node.targets[0], node.value)
        elif isinstance(node, ast.AugAssign):
            self.one_of(node, node.op, (*UPDATES, *(BITS if self.helper else ())))
            if isinstance(node.target, ast.Name):
                self.name(node.target)
            self.store(node.target)
            self.value(node.value)
        elif isinstance(node, ast.If):
            self.value(node.test)
            self.block((*node.body, *node.orelse))
        elif isinstance(node, ast.For):
            self.loop(node)
        elif isinstance(node, ast.Return) and self.helper and node.value is not None:
            self.values(elements(node.value))
        else:
            self.unknown(node)

    def loop(self, node: ast.For) -> None:
        if node.orelse:
            self.refuse(node.orelse[0], "else after a loop has no meaning without break")
        if not isinstance(node.target, ast.Name):
            self.refuse(node, f"{ast.unparse(node.target)} is not one letter")
        if (
            isinstance(node.iter, ast.Call)
            and isinstance(node.iter.func, ast.Name)
            and node.iter.func.id == "range"
            and not node.iter.keywords
        ):
            self.values(node.iter.args)
        elif self.helper and isinstance(node.iter, ast.Tuple):
            self.values(node.iter.elts)
        else:
            self.refuse(node, f"a loop counts with range(...), not over {ast.unparse(node.iter)}")
        letter = node.target.id
        if letter in self.active or letter in self.arguments or letter in self.sizes:
            self.refuse(node, f"{letter} is the letter of this loop and means something else already")
        self.active.append(letter)
        self.block(node.body)
        self.active.pop()

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        if not isinstance(target, ast.Tuple):
            self.value(value)
            self.store(target)
            return
        for each in target.elts:
            if not isinstance(each, ast.Name):
                self.refuse(each, f"{ast.unparse(each)} is assigned beside others: write a statement of its own")
        if isinstance(value, ast.Tuple) and len(value.elts) != len(target.elts):
            self.refuse(value, f"{len(target.elts)} names are assigned, but {len(value.elts)} values")
        if is_shape(value):
            self.array(value.value)  # type: ignore[attr-defined]
        elif isinstance(value, ast.Name | ast.Call | ast.Tuple):
            self.values(elements(value))
        else:
            self.refuse(value, f"{ast.unparse(value)} is one value, but {len(target.elts)} names are assigned")
        for each in target.elts:
            self.store(each)

    def store(self, target: ast.expr) -> None:
        if isinstance(target, ast.Subscript):
            if array_of(target) not in self.arguments:
                self.refuse(target, f"{ast.unparse(target)} is stored to, but is no array among the arguments")
            if self.helper:
                self.refuse(target, f"{self.text.tree.name} is called by a definition, and stores into {ast.unparse(target)}")
            self.place(target)
        elif not isinstance(target, ast.Name):
            self.unknown(target)
        elif target.id in self.letters:
            self.refuse(target, f"{target.id} is the letter of a loop and is assigned")
        elif target.id in self.arguments:
            self.refuse(target, f"{target.id} is an argument and is assigned: use another name")
        elif target.id in self.sizes and self.active:
            self.refuse(target, f"{target.id} is assigned before the loop and again inside: its turns would depend on each other")
