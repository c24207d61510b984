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

from minicnn.kernels.derive.definition import Definition, Function
from minicnn.kernels.derive.source import source
from minicnn.kernels.derive.syntax import array_of, assigned, elements, is_everything, name_of, stores
from minicnn.kernels.derive.values import BITS, Values

UPDATES = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def read(function: Callable[..., Any]) -> Definition:
    """Read a definition, a textbook kernel or a user's loop, compiled or not.

    Raises
    ------
    SettingError
        "FILE:LINE: reason" where the text is outside the grammar, or is not to be found.
    """
    reader = _Reader(source(function), helper=False)
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
        text, tree = self.text, self.text.tree
        return Function(
            name=tree.name,
            arguments=self.arguments,
            body=tuple(self.body),
            arrays=self.with_role("an array"),
            called=self.with_role("a function"),
            ranks=self.ranks,
            numbers=self.numbers,
            functions=self.functions,
            python=text.python,
            file=text.file,
            line=tree.lineno,
        )

    def with_role(self, role: str) -> tuple[str, ...]:
        return tuple(each for each in self.arguments if self.roles.get(each) == role)

    def read_function(self, function: FunctionType) -> Function:
        return read_function(function, self.seen)

    def definition(self) -> tuple[tuple[ast.stmt, ...], ast.For]:
        """The statements before the loop, and the loop."""
        name, loops = self.text.tree.name, [each for each in self.body if isinstance(each, ast.For)]
        for each in self.body:
            if not isinstance(each, ast.For | ast.Assign):
                self.unknown(each)
        if not loops:
            self.refuse(self.text.tree, f"{name} has no loop")
        if len(loops) > 1:
            self.refuse(loops[1], "a second loop stands beside the first: a definition is one loop, with others inside")
        if self.body[-1] is not loops[0]:
            self.refuse(self.body[self.body.index(loops[0]) + 1], "something stands after the loop")
        if not self.outputs:
            self.refuse(self.text.tree, f"{name} stores into none of its arguments")
        before = self.body[:-1]
        for each in before:
            self.prepare(each)
        self.statement(loops[0])
        for array in {array_of(place) for place in stores(before)}:
            if array not in self.ranks:
                self.refuse(loops[0], f"{array} is cleared, but the loop stores nothing into it")
            if not self.ranks[array]:
                self.refuse(loops[0], f"{array} is cleared as a whole and stored to through .flat: clear {array}.flat[...] in the loop")
        return tuple(before), loops[0]

    def prepare(self, node: ast.stmt) -> None:
        """A statement before the loop: a size, or an output that is cleared."""
        match node:
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                name = array_of(target)
                if not (is_everything(target) and isinstance(target.value, ast.Name)):
                    clearing = f"only a whole output is cleared there, {name}[...] = 0.0"
                    self.refuse(node, f"{ast.unparse(target)} is stored to before the loop: {clearing}")
                self.array(target.value)
                if not isinstance(value, ast.Constant):
                    self.refuse(node, f"{name} is cleared with {ast.unparse(value)}, which is not a number")
            case _:
                self.statement(node)
                self.sizes |= assigned(node)

    def block(self, nodes: Iterable[ast.stmt]) -> None:
        for each in nodes:
            self.statement(each)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self.assign(target, value)
            case ast.Assign():
                self.refuse(node, "two names are assigned at once: write two statements")
            case ast.AugAssign(target=target, op=op, value=value):
                self.one_of(node, op, (*UPDATES, *(BITS if self.helper else ())))
                if isinstance(target, ast.Name):
                    self.name(target)
                self.store(target)
                self.value(value)
            case ast.If(test=test, body=body, orelse=other):
                self.value(test)
                self.block((*body, *other))
            case ast.For():
                self.loop(node)
            case ast.Return(value=ast.expr() as value) if self.helper:
                self.values(elements(value))
            case _:
                self.unknown(node)

    def loop(self, node: ast.For) -> None:
        if node.orelse:
            self.refuse(node.orelse[0], "else after a loop has no meaning without break")
        letter = name_of(node.target)
        if not letter:
            self.refuse(node, f"{ast.unparse(node.target)} is not one letter")
        match node.iter:
            case ast.Call(func=ast.Name(id="range"), args=several, keywords=[]):
                self.values(several)
            case ast.Tuple(elts=several) if self.helper:
                self.values(several)
            case _:
                self.refuse(node, f"a loop counts with range(...), not over {ast.unparse(node.iter)}")
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
        if isinstance(value, ast.Name | ast.Call | ast.Tuple):
            self.values(elements(value))
        elif not self.shape(value):
            self.refuse(value, f"{ast.unparse(value)} is one value, but {len(target.elts)} names are assigned")
        for each in target.elts:
            self.store(each)

    def store(self, target: ast.expr) -> None:
        """What is assigned to."""
        name = name_of(target)
        if isinstance(target, ast.Subscript):
            if array_of(target) not in self.arguments:
                self.refuse(target, f"{ast.unparse(target)} is stored to, but is no array among the arguments")
            if self.helper:
                self.refuse(target, f"{self.text.tree.name} is called by a definition, and stores into {ast.unparse(target)}")
            self.place(target)
        elif not name:
            self.unknown(target)
        elif name in self.letters:
            self.refuse(target, f"{name} is the letter of a loop and is assigned")
        elif name in self.arguments:
            self.refuse(target, f"{name} is an argument and is assigned: use another name")
        elif name in self.sizes and self.active:
            self.refuse(target, f"{name} is assigned before the loop and again inside: its turns would depend on each other")
