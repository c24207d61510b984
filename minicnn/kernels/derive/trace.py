"""One place of one output, step by step: the loop itself, run in plain Python over this place alone, and everything noted.

    trace(conv2d_forward, (n, k, p, q), y, x, weight, bias, 1, 1, 0, 0, 1, 1, 1, False)

Loops whose letter is an index of the output stand still at the place; the others run.  Whatever is computed is noted with what it read,
and from the number that is stored at the place the notes are followed back: what did not lead there is left out.  Numbers are rounded
where the compiled loop rounds them (see `kinds`), so that the last step holds the same bits.  No array is written to.
"""

import ast
import inspect
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import SettingError, ShapeError
from minicnn.kernels.derive.kinds import ELEMENT, FLOAT64, HELD, INT, Kinds, surroundings, syntax

SIGNS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
LIBRARY = ("exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf")


class Factor(NamedTuple):
    """A number that a step read: an element of an array, or (index empty) a setting, an earlier result, a call such as `hat(at_w - w)`."""

    name: str
    index: tuple[int, ...]
    value: float


@dataclass(frozen=True)
class Step:
    """One statement, executed once.

    Attributes
    ----------
    kind : "set" (a sum begins, or a number is worked out), "add", "compare", "skip" (the loop's condition says that there is no such
        tap: outside the input, say) or "store" (the last step)
    into : name of the variable, or of the output
    function : name of the definition, or of the function that it called
    text : the statement; of "compare" and "skip" the condition
    letters : letter or number of the index map -> value; a position outside the array shows why a tap was skipped
    factors : what was read, in the order of reading
    term : the product, or whatever was added or compared; None of a tap that was skipped
    partial : what the variable holds after the step
    """

    kind: str
    into: str
    function: str
    text: str
    letters: dict[str, int]
    factors: tuple[Factor, ...]
    term: float | None
    partial: float


@dataclass(frozen=True)
class Trace:
    """How one place of one output came about.

    Attributes
    ----------
    function, output : names
    place : index of the element
    letters : letter -> value, of the loops that stood still, and what follows from them (group, ...)
    formula : the lines of the docstring that give this output
    steps : in the order of execution; the last stores the value
    value : in the dtype of the output, the bits of the compiled loop
    """

    function: str
    output: str
    place: tuple[int, ...]
    letters: dict[str, int]
    formula: str
    steps: tuple[Step, ...]
    value: Any


def trace(function: Callable[..., Any], place: tuple[int, ...], *arguments: Any, output: str | None = None) -> Trace:
    """Run a definition for one place of one output, and note every step that leads to its value.

    Parameters
    ----------
    function : a textbook loop, or one of your own in the same style
    place : index of the element, one entry per axis of the output
    arguments : what the function takes, outputs included; of these only shape and dtype matter
    output : name of the output; the first that the function writes, if not given

    Raises
    ------
    SettingError
        If the arguments do not fit the function, there is no such output, or the loop never writes this place.
    ShapeError
        If the place lies outside the output.
    """
    tree = syntax(function)
    names = [each.arg for each in tree.args.args]
    if len(arguments) != len(names):
        raise SettingError(f"{tree.name} takes {len(names)} arguments ({', '.join(names)}), but gets {len(arguments)}")
    given = dict(zip(names, arguments, strict=True))
    written = list(dict.fromkeys(array.id for array, _ in _stores(tree.body) if isinstance(array, ast.Name)))
    output = written[0] if output is None else output
    if output not in written:
        raise SettingError(f"{tree.name} writes {', '.join(written)}, but no output is named {output!r}")
    shape = given[output].shape
    if len(place) != len(shape) or not all(0 <= i < size for i, size in zip(place, shape, strict=False)):
        raise ShapeError(f"{tree.name}: {output} of shape {shape} has no place {tuple(place)}")
    run = _Run(output, tuple(map(int, place)))
    with np.errstate(all="ignore"):
        run.call(function, arguments, tuple(map(_kind, arguments)))
    array = given[output]
    last = run.stored_by.get((id(array), run.place), run.cleared_by.get(id(array)))
    if last is None:
        raise SettingError(f"{tree.name} does not write {output}[{','.join(map(str, place))}]")
    value = run.elements.get((id(array), run.place), run.cleared.get(id(array)))
    return Trace(tree.name, output, run.place, run.still, _formula(function, output), run.leading_to(last), value)


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return "ints" if value.dtype.kind in "iub" else "elements"
    return FLOAT64 if isinstance(value, float) else ELEMENT if isinstance(value, np.floating) else INT


def _formula(function: Callable[..., Any], output: str) -> str:
    lines = (inspect.getdoc(function) or "").splitlines()
    for number, line in enumerate(lines):
        if re.search(rf"\b{output}(\[[^]]*\])? = ", line):
            rest = lines[number + 1 :]
            stop = next((at for at, each in enumerate(rest) if not each.startswith(" ")), len(rest))
            return "\n".join([line, *rest[:stop]]).strip()
    return ""


def _stores(body: list[ast.stmt]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Every (array, index) that is stored to; the index of `array.flat[i]` is i."""
    for node in (each for statement in body for each in ast.walk(statement)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(part, ast.Subscript):
                    yield part.value.value if isinstance(part.value, ast.Attribute) else part.value, part.slice


def _names(nodes: list[Any], context: type[ast.expr_context]) -> set[str]:
    return {each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, context)}


def _updated(body: list[ast.stmt]) -> set[str]:
    """Variables that a body sets, letters aside."""
    letters = {
        each.target.id for node in body for each in ast.walk(node) if isinstance(each, ast.For) and isinstance(each.target, ast.Name)
    }
    return _names(body, ast.Store) - letters


class _Definition:
    """One function called with arguments of given kinds, ready to be run statement by statement."""

    def __init__(self, function: Callable[..., Any], arguments: list[str], spoken: dict[str, Any]) -> None:
        self.tree = syntax(function)
        self.kinds = Kinds(function, self.tree, arguments)
        self.space = {name: getattr(value, "py_func", value) for name, value in surroundings(function).items()} | spoken
        self.codes: dict[ast.expr, Any] = {}
        nodes = list(ast.walk(self.tree))
        stored = [each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
        self.once = {name for name in stored if stored.count(name) == 1}
        self.carried = {each.target.id for each in nodes if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name)}
        for each in nodes:
            if isinstance(each, ast.If):
                self.carried |= _compared(each)
        self.read_back = {
            each.value.id
            for each in nodes
            if isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Load) and isinstance(each.value, ast.Name)
        }

    def code(self, node: ast.expr) -> Any:
        """An expression compiled so that it tells what it reads, and rounds as compiled code does."""
        if node not in self.codes:
            self.codes[node] = compile(ast.fix_missing_locations(ast.Expression(self.noted(node))), "<trace>", "eval")
        return self.codes[node]

    def noted(self, node: Any) -> Any:
        """The same expression with calls of `_Run` in the place of everything that reads a number or may round one."""
        of = self.kinds.of
        match node:
            case ast.Constant(value=float()):
                return _call("_float64", node)
            case ast.Name(id=name, ctx=ast.Load()) if of.get(node) in (ELEMENT, FLOAT64):
                return _call("_read", ast.Constant(name), node)
            case ast.Subscript(value=ast.Name(id=name) as array, slice=place) if of[array] in HELD:
                return _call("_load", ast.Constant(name), array, self.noted(place))
            case ast.Subscript(value=ast.Attribute(value=ast.Name(id=name) as array, attr="flat"), slice=place):
                return _call("_load", ast.Constant(name), array, self.noted(place), ast.Constant(True))
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() as times)) if of[node] != INT:
                return _call("_power", self.noted(left), ast.Constant(times))
            case ast.BinOp(left=left, op=op, right=right) if of[node] == FLOAT64:
                return ast.BinOp(_call("_float64", self.noted(left)), op, _call("_float64", self.noted(right)))
            case ast.Compare(left=left, ops=ops, comparators=others) if any(of[each] != INT for each in (left, *others)):
                first, *rest = (_call("_float64", self.noted(each)) for each in (left, *others))
                return ast.Compare(first, ops, rest)
            case ast.Call(func=ast.Attribute(attr=name), args=[value]) if name in LIBRARY:
                return _call("_library", ast.Constant(name), self.noted(value))
            case ast.Call(func=ast.Name(id=name) as function, args=values) if self.kinds.helper(name):
                kinds = [of[each] for each in values]
                parts = ast.Lambda(ast.arguments([], [], None, [], [], None, []), ast.Tuple([*map(self.noted, values)], ast.Load()))
                plain = of[node] == INT and set(kinds) <= {INT, *HELD.values()} - {ELEMENT}
                if not plain:
                    return _call("_enter", ast.Constant(ast.unparse(node)), function, ast.Constant(tuple(kinds)), parts)
        if isinstance(node, list):
            return [self.noted(each) for each in node]
        return type(node)(**{name: self.noted(each) for name, each in ast.iter_fields(node)}) if isinstance(node, ast.AST) else node


def _call(name: str, *arguments: Any) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _compared(node: ast.If) -> set[str]:
    """What a condition compares with and its branch replaces: `if value > best: best = value`."""
    return set() if node.orelse else _names([node.test], ast.Load) & _updated(node.body)


class _Frame:
    """Variables of one call, and where they came from."""

    def __init__(self, definition: _Definition, values: dict[str, Any]) -> None:
        self.definition = definition
        self.values = definition.space | values
        self.scopes: list[dict[str, int]] = [{}]  # sizes and the like, then what every loop around the statement has set
        self.came_from: dict[str, int] = {}  # variable -> the note that set it
        self.stands_for: dict[str, Factor] = {}  # variable that is nothing but an element
        self.returned: tuple[Any, set[int]] = (None, set())


class _Run:
    """A definition on its way through one place; `notes` holds (step, numbers of the notes that it read)."""

    def __init__(self, output: str, place: tuple[int, ...]) -> None:
        self.output, self.place = output, place
        self.still: dict[str, int] = {}
        self.notes: list[tuple[Step | None, set[int]]] = []
        self.elements: dict[tuple[int, tuple[int, ...]], Any] = {}
        self.cleared: dict[int, Any] = {}
        self.cleared_by: dict[int, int] = {}
        self.stored_by: dict[tuple[int, tuple[int, ...]], int] = {}
        self.definitions: dict[Any, _Definition] = {}
        self.factors: list[Factor] = []
        self.read: set[int] = set()
        self.because: list[set[int]] = [set()]
        self.frames: list[_Frame] = []
        self.spoken = {
            "_float64": np.float64,
            "_power": _power,
            "_library": _library,
            "_read": self.read_variable,
            "_load": self.load,
            "_enter": self.enter,
        }

    # What expressions call

    def read_variable(self, name: str, value: Any) -> Any:
        self.factors.append(self.frame.stands_for.get(name, Factor(name, (), float(value))))
        return value

    def load(self, name: str, array: Any, index: Any, flat: bool = False) -> Any:
        index = tuple(map(int, np.unravel_index(index, array.shape) if flat else index if isinstance(index, tuple) else (index,)))
        key = (id(array), index)
        value = self.elements[key] if key in self.elements else self.cleared[id(array)] if id(array) in self.cleared else array[index]
        self.read |= {self.stored_by[key]} if key in self.stored_by else set()
        self.factors.append(Factor(name, index, value.item()))
        return value.item() if array.dtype.kind in "iub" else value

    def enter(self, text: str, function: Callable[..., Any], kinds: tuple[str, ...], values: Callable[[], tuple[Any, ...]]) -> Any:
        """Run a function that the definition calls; what it reads stands behind one factor, the call."""
        known = len(self.factors)
        arguments = values()
        del self.factors[known:]
        result, read = self.call(function, arguments, kinds)
        self.read |= read
        if isinstance(result, float | np.floating):
            self.factors.append(Factor(text, (), float(result)))
        return result

    # Calls and statements

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], kinds: tuple[str, ...]) -> tuple[Any, set[int]]:
        if (function, kinds) not in self.definitions:
            self.definitions[function, kinds] = _Definition(function, list(kinds), self.spoken)
        definition = self.definitions[function, kinds]
        names = [each.arg for each in definition.tree.args.args]
        values = {name: getattr(value, "py_func", value) for name, value in zip(names, arguments, strict=True)}
        self.frames.append(_Frame(definition, values))
        self.body(definition.tree.body)
        return self.frames.pop().returned

    @property
    def frame(self) -> _Frame:
        return self.frames[-1]

    def evaluate(self, node: ast.expr) -> tuple[Any, list[Factor], set[int]]:
        """Value of an expression, the factors that it read, and the notes that these came from."""
        saved, self.factors, self.read = (self.factors, self.read), [], set()
        value = eval(self.frame.definition.code(node), self.frame.values)
        made = (
            value,
            self.factors,
            self.read | {self.frame.came_from[name] for name in _names([node], ast.Load) & self.frame.came_from.keys()},
        )
        self.factors, self.read = saved
        return made

    def body(self, statements: list[ast.stmt]) -> None:
        for node in statements:
            match node:
                case ast.Return(value=ast.expr() as value):
                    result, _, read = self.evaluate(value)
                    self.frame.returned = result, read
                case ast.For(target=ast.Name(id=letter), iter=several, body=body):
                    self.loop(node, letter, several, body)
                case ast.If():
                    self.branch(node)
                case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                    self.add(node, name, op, value)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(left=ast.Name(id=left), op=op, right=value)) if name == left:
                    self.add(node, name, op, value)  # total = total + ...
                case ast.AugAssign(target=ast.Subscript() as target, op=op, value=value):
                    self.store(node, target, value, op)
                case ast.Assign(targets=[ast.Subscript() as target], value=value):
                    self.store(node, target, value)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.assign(name, value)
                case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Tuple(elts=values)):
                    for part, value in zip(parts, values, strict=True):
                        self.assign(part.id, value)
                case ast.Assign(targets=[ast.Tuple(elts=parts)], value=value):  # a shape, or a function that returns several numbers
                    results, factors, read = self.evaluate(value)
                    for part, result in zip(parts, results, strict=True):
                        self.keep(part.id, result, value, factors, read)

    def loop(self, node: ast.For, letter: str, several: ast.expr, body: list[ast.stmt]) -> None:
        values, _, read = self.evaluate(several)
        frame = self.frame
        chosen = self.at_place(node, letter, values) if len(self.frames) == 1 else None
        stands = chosen is not None and len(chosen) < 2
        self.because.append(self.because[-1] | read)
        for value in values if chosen is None else chosen:
            frame.scopes.append(self.still if stands else {})
            frame.scopes[-1][letter] = value
            frame.values[letter] = value
            self.body(body)
            frame.scopes.pop()
        self.because.pop()

    def at_place(self, node: ast.For, letter: str, values: Any) -> list[int] | None:
        """The rounds of a loop that can store at the place, or None where the others matter as well."""
        definition = self.frame.definition
        inside = set(ast.walk(node))
        changed = _updated(node.body)
        outside = {
            each.id
            for each in ast.walk(definition.tree)
            if each not in inside and isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
        }
        if changed & outside or _survivors(node.body, changed, set()):
            return None
        tests = []
        for array, index in _stores(node.body):
            if isinstance(array, ast.Name) and array.id == self.output:
                several = index.elts if isinstance(index, ast.Tuple) else [index]
                fixed = _names(node.body, ast.Store) | changed
                own = [
                    (axis, each) for axis, each in enumerate(several) if letter in (names := _names([each], ast.Load)) and not names & fixed
                ]
                if not own:
                    return None
                tests.append(own)
        if not tests:
            return None
        place = self.place
        if any(isinstance(each, ast.Attribute) and each.attr == "flat" for each in inside):
            place = (int(np.ravel_multi_index(self.place, self.frame.values[self.output].shape)),)
        space = dict(self.frame.values)

        def stores(value: int) -> bool:
            space[letter] = value
            return any(all(eval(definition.code(each), space) == place[axis] for axis, each in own) for own in tests)

        return [value for value in values if stores(value)]

    def branch(self, node: ast.If) -> None:
        frame = self.frame
        truth, factors, read = self.evaluate(node.test)
        targets = _compared(node)
        if targets:
            self.compare(node, bool(truth), factors, read)
            return
        if not truth and not node.orelse:
            kept = [name for name in dict.fromkeys(_ordered(node.body)) if name in frame.came_from]
            if kept:
                self.note(kept[0], "skip", ast.unparse(node.test), factors, None, frame.values[kept[0]], read | {frame.came_from[kept[0]]})
            return
        self.because.append(self.because[-1] | read)
        self.body(node.body if truth else node.orelse)
        self.because.pop()

    def compare(self, node: ast.If, truth: bool, factors: list[Factor], read: set[int]) -> None:
        """`if value > best: best, winner = value, w` is one step, whoever wins."""
        frame = self.frame
        targets = list(dict.fromkeys(_ordered(node.body)))
        before = {frame.came_from[name] for name in targets if name in frame.came_from}
        if truth:
            count = len(self.notes)
            self.body(node.body)
            for step, more in self.notes[count:]:
                factors = factors + list(step.factors if step else ())
                read = read | {each for each in more if each < count}
            del self.notes[count:]
        factors = [each for each in dict.fromkeys(factors) if each.name not in targets]
        term = factors[0].value if factors else None
        self.note(targets[0], "compare", ast.unparse(node.test), factors, term, frame.values[targets[0]], read | before, targets)

    def assign(self, name: str, value: ast.expr) -> None:
        result, factors, read = self.evaluate(value)
        self.keep(name, result, value, factors, read)

    def keep(self, name: str, result: Any, value: ast.expr, factors: list[Factor], read: set[int]) -> None:
        """A variable gets a value: a number of the index map, another name for an element, or a step."""
        frame = self.frame
        frame.values[name] = result
        whole = isinstance(result, int | np.integer | np.bool_)
        if name in frame.definition.once and (whole or _element(value)):
            if whole:
                frame.scopes[-1][name] = int(result)
            else:
                frame.stands_for[name] = factors[-1]
            if read:
                frame.came_from[name] = self.silent(read)
        elif isinstance(result, int | float | np.number):
            of_itself = name in _names([value], ast.Load)
            factors = [each for each in factors if each.name != name]
            term = factors[-1].value if of_itself and factors else float(result)
            kind = "compare" if of_itself else "set"
            self.note(name, kind, f"{name} = {ast.unparse(value)}", factors, term, result, read)

    def silent(self, read: set[int]) -> int:
        self.notes.append((None, read))
        return len(self.notes) - 1

    def add(self, node: ast.stmt, name: str, op: ast.operator, value: ast.expr) -> None:
        frame = self.frame
        term, factors, read = self.evaluate(value)
        before = frame.values[name]
        kinds = frame.definition.kinds
        frame.values[name] = _combined(op, before, term, kinds.of[node])
        read |= {frame.came_from[name]} if name in frame.came_from else set()
        self.note(name, "add", ast.unparse(node), factors, term, frame.values[name], read)

    def note(
        self, into: str, kind: str, text: str, factors: list[Factor], term: Any, partial: Any, read: set[int], also: list[str] | None = None
    ) -> int:
        frame = self.frame
        letters = {name: value for scope in frame.scopes[1:] if scope is not self.still for name, value in scope.items()}
        step = Step(
            kind, into, frame.definition.tree.name, text, letters, tuple(factors), None if term is None else _number(term), _number(partial)
        )
        self.notes.append((step, read | self.because[-1]))
        frame.came_from |= dict.fromkeys(also or [into], len(self.notes) - 1)
        return len(self.notes) - 1

    def store(self, node: ast.stmt, target: ast.Subscript, value: ast.expr, op: ast.operator | None = None) -> None:
        """Write an element beside the arrays, if anybody will read it."""
        frame = self.frame
        flat = isinstance(target.value, ast.Attribute)
        name = (target.value.value if flat else target.value).id
        array = frame.values[name]
        wanted = name in frame.definition.read_back or name == self.output
        if isinstance(target.slice, ast.Constant) and target.slice.value is ...:
            if wanted:
                result, factors, read = self.evaluate(value)
                self.cleared[id(array)] = array.dtype.type(result)
                made = self.note(name, "set", ast.unparse(node), factors, result, self.cleared[id(array)], read)
                self.cleared_by[id(array)] = made
            return
        index, pointers, read = self.evaluate(target.slice)
        index = tuple(map(int, np.unravel_index(index, array.shape) if flat else index if isinstance(index, tuple) else (index,)))
        if not wanted or (name not in frame.definition.read_back and index != self.place):
            return
        key = (id(array), index)
        term, factors, more = self.evaluate(value)
        result, read = term, read | more
        if op is not None:
            before = self.elements.get(key, self.cleared.get(id(array), array[index]))
            read |= {self.stored_by.get(key, self.cleared_by.get(id(array), -1))} - {-1}
            result = _combined(op, before, term, frame.definition.kinds.of[node])
        self.elements[key] = array.dtype.type(result)
        self.stored_by[key] = self.note(
            name, "store" if op is None else "add", ast.unparse(node), pointers + factors, term, self.elements[key], read
        )

    # The way back

    def leading_to(self, last: int) -> tuple[Step, ...]:
        """The steps that the note `last` came from, in the order of execution."""
        wanted, open_ends = {last}, [last]
        while open_ends:
            more = self.notes[open_ends.pop()][1] - wanted
            wanted |= more
            open_ends += more
        return tuple(step for each in sorted(wanted) if (step := self.notes[each][0]) is not None)


def _ordered(body: list[ast.stmt]) -> Iterator[str]:
    """Variables and arrays that a body sets, in the order of the text."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _element(node: ast.expr) -> bool:
    """Whether an expression is nothing but an element of an array."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and ast.unparse(node.func) in ("np.float64", "float"):
        node = node.args[0]
    return isinstance(node, ast.Subscript)


def _survivors(body: list[ast.stmt], changed: set[str], known: set[str]) -> bool:
    """Whether a body reads a variable that it sets only later: what one round leaves, the next one sees.  `known` grows."""
    for node in body:
        inner = node.body if isinstance(node, ast.For | ast.If) else []
        head = [node.iter] if isinstance(node, ast.For) else [node.test] if isinstance(node, ast.If) else [node]
        own = {node.target.id} if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) else set()
        if (_names(head, ast.Load) | own) & changed - known:
            return True
        branches = [inner, node.orelse] if isinstance(node, ast.If) else [inner] if inner else []
        ends = []
        for branch in branches:
            ends.append(set(known))
            if _survivors(branch, changed, ends[-1]):
                return True
        if isinstance(node, ast.If):
            known |= ends[0] & ends[1]
        elif not inner:
            known |= _names([node], ast.Store)
    return False


def _combined(op: ast.operator, before: Any, term: Any, kind: str) -> Any:
    if kind == FLOAT64:
        before, term = np.float64(before), np.float64(term)
    return SIGNS[type(op)](before, term)


def _number(value: Any) -> float:
    return value.item() if isinstance(value, np.generic) else value


def _power(value: Any, times: int) -> Any:
    """A power by multiplications, as compiled code takes it."""
    result, rest = type(value)(1), abs(times)
    while rest:
        result = result * value if rest & 1 else result
        value, rest = value * value, rest >> 1
    return 1 / result if times < 0 else result


def _library(name: str, value: Any) -> Any:
    """A function of the mathematical library that compiled code calls too; NumPy's own may differ in the last place."""
    try:
        result = getattr(math, name)(float(value))
    except OverflowError:
        result = math.inf
    except ValueError:  # outside the domain: the logarithm of 0 is minus infinity
        result = -math.inf if name.startswith("log") and value == 0.0 else math.nan
    return (np.float32 if isinstance(value, np.float32) else np.float64)(result)
