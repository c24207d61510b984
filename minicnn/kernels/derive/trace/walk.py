"""The walk through a definition at one place of one output: statement by statement, and a note of everything that is computed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minicnn.kernels.derive.definition import Definition, Function
from minicnn.kernels.derive.kinds import FLOAT64
from minicnn.kernels.derive.source import plain
from minicnn.kernels.derive.syntax import array_of, elements, is_everything, is_float64, letter_of
from minicnn.kernels.derive.trace.expressions import Frame, Watched, spoken
from minicnn.kernels.derive.trace.steps import Factor, Notes, Reading, Step
from minicnn.kernels.derive.trace.turns import Own, own_indices, turn_at_place

SIGNS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


class Run:
    """A definition on its way through one place.  Stores go beside the arrays, into `elements`.

    still : letters of the loops that stand still
    """

    def __init__(self, definition: Definition, output: str, array: np.ndarray, place: tuple[int, ...]) -> None:
        self.definition, self.output, self.array, self.place = definition, output, array, place
        flat = not definition.ranks[output]
        self.written_place = (int(np.ravel_multi_index(place, array.shape)),) if flat else place  # as the text counts it
        self.own: dict[ast.For, list[Own] | None] = {}
        self.still: dict[str, int] = {}
        self.notes = Notes()
        self.elements: dict[tuple[int, tuple[int, ...]], tuple[Any, int]] = {}  # of which array, where -> value, note
        self.cleared: dict[int, tuple[Any, int]] = {}
        self.frames: list[Frame] = []
        self.watched: dict[Any, Watched] = {}
        self.factors: list[Factor] = []
        self.read: set[int] = set()
        self.because: list[set[int]] = [set()]  # the notes that the conditions around the statement came from
        self.spoken = spoken(self.name, self.load, self.enter)

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def held(self, array: np.ndarray, index: tuple[int, ...]) -> tuple[Any, int | None]:
        """What an element holds now, and the note that stored it."""
        return self.elements.get((id(array), index)) or self.cleared.get(id(array)) or (array[index], None)

    # What expressions call while they are evaluated

    def evaluate(self, node: ast.expr) -> Reading:
        outer, self.factors, self.read = (self.factors, self.read), [], set()
        frame = self.frame
        value = eval(frame.watched.code(node), frame.values)
        earlier = {frame.came_from[name] for name in frame.watched.reads(node) & frame.came_from.keys()}
        made = Reading(value, self.factors, self.read | earlier)
        self.factors, self.read = outer
        return made

    def name(self, name: str, value: Any) -> Any:
        self.factors.append(self.frame.stands_for.get(name, Factor(name, (), float(value))))
        return value

    def load(self, name: str, array: np.ndarray, index: Any, flat: bool) -> Any:
        place = _place(array, index, flat)
        value, note = self.held(array, place)
        self.read |= set() if note is None else {note}
        self.factors.append(Factor(name, place, value.item()))
        return value.item() if array.dtype.kind in "iub" else value

    def enter(self, text: str, name: str, kinds: tuple[str, ...], arguments: Callable[[], tuple[Any, ...]]) -> Any:
        """Run a function that the definition calls; what it was given stands behind one factor, the call."""
        known = len(self.factors)
        values = arguments()
        del self.factors[known:]
        result = self.call(self.frame.watched.function.functions[name], values, kinds)
        self.read |= result.notes
        if isinstance(result.value, float | np.floating):
            self.factors.append(Factor(text, (), float(result.value)))
        return result.value

    def call(self, function: Function, arguments: tuple[Any, ...], kinds: tuple[str, ...]) -> Reading:
        if (function, kinds) not in self.watched:
            self.watched[function, kinds] = Watched(function, kinds)
        values = dict(zip(function.arguments, map(plain, arguments), strict=True))
        self.frames.append(Frame(self.watched[function, kinds], values | self.spoken))
        self.body(function.body)
        return self.frames.pop().returned or Reading(None, [], set())

    # Statements

    def body(self, statements: Iterable[ast.stmt]) -> None:
        for node in statements:
            if self.frame.returned is None:
                self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Return(value=ast.expr() as value):
                self.frame.returned = self.evaluate(value)
            case ast.For():
                self.loop(node)
            case ast.If():
                self.branch(node)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                self.add(node, name, op, value)
            case ast.AugAssign(target=ast.Subscript() as target, op=op, value=value):
                self.store(node, target, value, op)
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                self.store(node, target, value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.assign(name, value, self.evaluate(value))
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
                values, readings = elements(value), [self.evaluate(each) for each in elements(value)]
                if not isinstance(value, ast.Tuple):  # a shape, or a function that returns several numbers
                    values, readings = [value] * len(names), [readings[0]._replace(value=part) for part in readings[0].value]
                if len(readings) != len(names):
                    raise ValueError(f"{self.frame.watched.text(value)} has {len(readings)} numbers, not {len(names)}")
                for name, each, reading in zip(map(ast.unparse, names), values, readings, strict=True):
                    self.assign(name, each, reading)

    def loop(self, node: ast.For) -> None:
        frame, letter, (values, _, read) = self.frame, letter_of(node), self.evaluate(node.iter)
        chosen = None
        if node not in self.own:
            self.own[node] = own_indices(frame.watched, node, self.output) if len(self.frames) == 1 else None
        if own := self.own[node]:
            chosen = turn_at_place(frame.watched, letter, values, own, self.written_place, frame.values)
        self.because.append(self.because[-1] | read)
        for value in values if chosen is None else chosen:
            frame.scopes.append({} if chosen is None else self.still)
            frame.scopes[-1][letter] = frame.values[letter] = value
            self.body(node.body)
            frame.scopes.pop()
        self.because.pop()

    def branch(self, node: ast.If) -> None:
        frame, reading = self.frame, self.evaluate(node.test)
        if frame.watched.compares(node):
            self.compare(node, reading)
        elif reading.value or node.orelse:
            self.because.append(self.because[-1] | reading.notes)
            self.body(node.body if reading.value else node.orelse)
            self.because.pop()
        else:
            left = next((name for name in frame.watched.sets(node) if name in frame.came_from and name not in frame.stands_for), None)
            if left is not None:
                made = self.note("skip", left, frame.watched.text(node.test), reading, None, frame.values[left], frame.came_from[left])
                frame.came_from[left] = made

    def compare(self, node: ast.If, reading: Reading) -> None:
        """`if value > best: best, winner = value, w` is one step, whichever wins."""
        frame = self.frame
        targets = frame.watched.sets(node)
        factors, count = list(reading.factors), self.notes.count
        notes = reading.notes | {frame.came_from[name] for name in targets if name in frame.came_from}
        if reading.value:
            self.body(node.body)
            for step, more in self.notes.taken_back(count):
                factors += step.factors if step else ()
                notes |= {each for each in more if each < count}
        factors = [each for each in dict.fromkeys(factors) if each.name not in targets]
        term, whole = factors[0].value if factors else None, Reading(None, factors, notes)
        made = self.note("compare", targets[0], frame.watched.text(node.test), whole, term, frame.values[targets[0]])
        frame.came_from |= dict.fromkeys(targets, made)

    def assign(self, name: str, node: ast.expr, reading: Reading) -> None:
        """A variable is set: to a number of the index map, as another name for an element, or by a step."""
        frame, value = self.frame, reading.value
        frame.values[name] = value
        whole = isinstance(value, int | np.integer | np.bool_)
        if name in frame.watched.once and (whole or _is_element(node)):
            if whole:
                frame.scopes[-1][name] = int(value)
            else:
                frame.stands_for[name] = reading.factors[-1]
            if reading.notes:
                frame.came_from[name] = self.notes.add(None, reading.notes)
        elif isinstance(value, int | float | np.number):
            factors = [each for each in reading.factors if each.name != name]
            again = name in frame.watched.reads(node)  # largest = max(largest, value)
            term = factors[-1].value if again and factors else value
            text = f"{name} = {frame.watched.text(node)}"
            kind = "compare" if again else "set"
            frame.came_from[name] = self.note(kind, name, text, reading._replace(factors=factors), term, value)

    def add(self, node: ast.AugAssign, name: str, op: ast.operator, value: ast.expr) -> None:
        frame, reading = self.frame, self.evaluate(value)
        total = frame.values[name] = self.combined(node, op, frame.values[name], reading.value)
        earlier = frame.came_from.get(name)
        frame.came_from[name] = self.note("add", name, frame.watched.text(node), reading, reading.value, total, earlier)

    def combined(self, node: ast.stmt, op: ast.operator, before: Any, term: Any) -> Any:
        if self.frame.watched.kinds.of[node] == FLOAT64:
            before, term = np.float64(before), np.float64(term)
        return SIGNS[type(op)](before, term)

    def store(self, node: ast.stmt, target: ast.Subscript, value: ast.expr, op: ast.operator | None = None) -> None:
        """Write an element that is read again, or lies at the place."""
        name, text = array_of(target), self.frame.watched.text(node)
        array, read_back = self.frame.values[name], name in self.frame.watched.read_back
        if is_everything(target):
            reading = self.evaluate(value)
            result = array.dtype.type(reading.value)
            self.cleared[id(array)] = result, self.note("set", name, text, reading, result, result)
            return
        where = self.evaluate(target.slice)
        place = _place(array, where.value, isinstance(target.value, ast.Attribute))
        if not read_back and (array is not self.array or place != self.place):
            return
        reading = self.evaluate(value)
        result, (before, note) = reading.value, self.held(array, place)
        if op is not None:
            result = self.combined(node, op, before, result)
        result = array.dtype.type(result)
        whole = Reading(None, where.factors + reading.factors, where.notes | reading.notes)
        kind, earlier = ("store", None) if op is None else ("add", note)
        self.elements[id(array), place] = result, self.note(kind, name, text, whole, reading.value, result, earlier)

    def note(self, kind: str, into: str, text: str, reading: Reading, term: Any, partial: Any, earlier: int | None = None) -> int:
        """Note a step; `earlier` noted what it changes."""
        scopes = [scope for scope in self.frame.scopes[1:] if scope is not self.still]
        letters = {name: value for scope in scopes for name, value in scope.items()}
        numbers = tuple(reading.factors), _plain_number(term), _plain_number(partial)
        step = Step(kind, into, self.frame.watched.function.name, text, letters, *numbers)
        return self.notes.add(step, reading.notes | self.because[-1] | (set() if earlier is None else {earlier}))


def _place(array: np.ndarray, index: Any, flat: bool) -> tuple[int, ...]:
    if flat:
        index = np.unravel_index(index, array.shape)
    return tuple(map(int, index if isinstance(index, tuple) else (index,)))


def _is_element(node: ast.expr) -> bool:
    """Whether an expression is nothing but an element of an array, widened or not."""
    return isinstance(node.args[0] if is_float64(node) else node, ast.Subscript)  # type: ignore[attr-defined]


def _plain_number(value: Any) -> float:
    return value.item() if isinstance(value, np.generic) else value
