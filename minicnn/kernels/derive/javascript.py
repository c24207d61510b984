"""A definition written out as JavaScript: the same letters, the same loops, the same order of every sum.

    javascript(read(conv2d_forward))

An array is `{shape, data}`, its data in scan order: a Float32Array or Float64Array, the same of all arrays of a call, and an Int32Array of
indices and labels.  JavaScript computes in float64; where compiled code rounds to the dtype of the arrays (`kinds`), so does the text,
`round(x * y)`.  Hence + - * / and square roots give equal bits; exp, log, tanh, sin, cos and powers of fractions are those of the browser,
each within one unit in the last place of float64.  Bits are 32, without a sign.
"""

from __future__ import annotations

import ast
import inspect
import re
import tokenize
from collections.abc import Iterable, Iterator

from minicnn.kernels.derive.definition import Function, elements
from minicnn.kernels.derive.javascript_values import SIGNS, Values, named, number
from minicnn.kernels.derive.kinds import ELEMENT, FLOAT64, INT, Kinds
from minicnn.kernels.derive.prelude import PRELUDE
from minicnn.kernels.derive.text import surroundings
from minicnn.kernels.derive.values import BITS


def javascript(function: Function) -> str:
    """Write out a definition, or a function that definitions call or are handed, with everything that it needs.

    A function that is called with elements in one place and with float64 in another is written for float64.

    Raises
    ------
    SettingError
        If a name has two meanings.
    """
    constants, _ = surroundings(function, {})
    parts: dict[str, str] = {}
    _write(function, _kinds(function), parts, set())
    text = "\n\n".join(parts.values())
    if constants:
        text = "\n".join(f"const {named(name)} = {number(value)};" for name, value in sorted(constants.items())) + "\n\n" + text
    needed: list[str] = []
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for name, line in reversed(PRELUDE.items()):
        if re.search(rf"\b{name}\(", code + "".join(each.partition("=")[2] for each in needed)):
            needed.insert(0, line)
    return "\n".join(needed) + "\n\n" * bool(needed) + text + "\n"


def _kinds(function: Function) -> tuple[str, ...]:
    """Kinds of the arguments as the docstring says, `indices : (N, C) int64`; else arrays hold elements and settings are integers."""
    said: dict[str, str] = {}
    for line in (inspect.getdoc(function.python) or "").splitlines():
        names, colon, what = line.partition(" : ")
        said |= {each.strip(): what for each in names.split(",")} if colon else {}

    def kind(name: str) -> str:
        what = re.search(r"\b(int|float)", said.get(name, ""))
        if name in function.arrays:
            return "ints" if what and what[0] == "int" else "elements"
        return FLOAT64 if what and what[0] == "float" else INT

    return tuple(map(kind, function.arguments))


def _write(function: Function, kinds: Iterable[str], parts: dict[str, str], given_round: set[str]) -> None:
    """Adds the texts of the functions that it calls, then its own."""
    known = Kinds(function, kinds)
    for name, called in function.functions.items():
        if name not in parts:
            _write(called, known.called[name], parts, given_round)
    writer = _Writer(function, known, given_round)
    parts[function.name] = writer.text()
    if writer.rounds and not function.arrays:
        given_round.add(function.name)


class _Writer(Values):
    """Writes the statements of one function, and its comments."""

    def __init__(self, function: Function, kinds: Kinds, given_round: set[str]) -> None:
        super().__init__(function, kinds, given_round)
        self.lines: list[str] = []
        self.depth = 1
        self.declared = set(function.arguments)
        self.comments = dict(_comments(function))

    def text(self) -> str:
        function = self.function
        self.block(function.body)
        arguments = [named(each) for each in function.arguments]
        real = [name for name in function.arrays if self.kinds.names[name] == "elements"]
        if self.rounds and real:
            self.lines.insert(0, f"  const round = rounding({named(real[0])});")
        elif self.rounds:
            arguments.append("round")
        said = inspect.getdoc(function.python)
        comment = ["/*", *(f" * {line}".rstrip() for line in said.replace("*/", "* /").splitlines()), " */"] if said else []
        return "\n".join([*comment, f"function {named(function.name)}({', '.join(arguments)}) {{", *self.lines, "}"])

    def line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Statements; a name is declared where it is first set, outside the blocks that share it."""
        body = list(body)
        for node in body:
            for number_of_line in sorted(each for each in self.comments if each < node.lineno):
                self.line("//" + self.comments.pop(number_of_line))
            new = [name for name in _set_in([node]) if name not in self.declared]
            if isinstance(node, ast.For | ast.If):
                shared = [name for name in new if _count(name, body) != _count(name, [node]) or self.several(name, node)]
                if shared:
                    self.line(f"let {', '.join(map(named, shared))};")
                    self.declared |= set(shared)
                self.statement(node, "")
                continue
            word = "const" if new and all(_count(name, self.function.body, ast.Store) == 1 for name in new) else "let"
            self.declared |= set(new)
            count = len(self.lines)
            self.statement(node, word if new else "")
            for number_of_line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                if number_of_line in self.comments:
                    self.lines[count] += "  //" + self.comments.pop(number_of_line)

    def several(self, name: str, node: ast.For | ast.If) -> bool:
        """Whether both branches of an `if` use a name."""
        return isinstance(node, ast.If) and 0 < _count(name, node.body) < _count(name, [node])

    def nested(self, head: str, body: list[ast.stmt], line: int = 0) -> None:
        self.line(head + " {" + ("  //" + self.comments.pop(line) if line in self.comments else ""))
        self.depth += 1
        self.block(body)
        self.depth -= 1

    def statement(self, node: ast.stmt, word: str) -> None:
        """One statement; `word` declares the names that it sets."""
        declare = word + " " if word else ""
        match node:
            case ast.For(target=ast.Name(id=letter), iter=ast.Call(args=bounds), body=body):
                self.declared.add(letter)
                first, stop, step = ([ast.Constant(0)] * (len(bounds) == 1) + bounds + [ast.Constant(1)])[:3]
                down = isinstance(step, ast.UnaryOp)
                turn = f"{named(letter)}++" if ast.unparse(step) == "1" else f"{named(letter)} += {self.value(step)}"
                test = f"{named(letter)} {'>' if down else '<'} {self.value(stop, 9)}"
                self.nested(f"for (let {named(letter)} = {self.value(first)}; {test}; {turn})", body, node.lineno)
                self.line("}")
            case ast.For(target=ast.Name(id=letter), iter=several, body=body):
                self.declared.add(letter)
                self.nested(f"for (const {named(letter)} of [{', '.join(map(self.value, elements(several)))}])", body, node.lineno)
                self.line("}")
            case ast.If(test=test, body=body, orelse=other):
                self.nested(f"if ({self.value(test)})", body, node.lineno)
                if other:
                    self.nested("} else", other)
                self.line("}")
            case ast.Return(value=ast.Tuple(elts=parts)):
                self.line(f"return [{', '.join(map(self.value, parts))}];")
            case ast.Return(value=ast.expr() as value):
                self.line(f"return {self.value(value)};")
            case ast.Assign(targets=[ast.Subscript(value=array, slice=ast.Constant(value=value))], value=cleared) if value is ...:
                self.line(f"{self.value(array)}.data.fill({self.value(cleared)});")
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                self.line(f"{self.value(target)} = {self.stored(value)};")
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                set_here = {ast.unparse(each) for each in targets}
                pairs = list(zip(map(self.value, targets), map(self.value, values), strict=True))
                if set_here & {each.id for value in values for each in ast.walk(value) if isinstance(each, ast.Name)}:
                    left, right = zip(*pairs, strict=True)
                    self.line(f"{declare}[{', '.join(left)}] = [{', '.join(right)}];")
                else:
                    for name, text in pairs:
                        self.line(f"{declare}{name} = {text};")
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                names = ["" if ast.unparse(each) == "_" else self.value(each) for each in targets]
                self.line(f"{declare}[{', '.join(names)}] = {self.value(value)};")
            case ast.Assign(targets=[target], value=value):
                self.line(f"{declare}{self.value(target)} = {self.value(value)};")
            case ast.AugAssign(target=target, op=op, value=value):
                self.update(node, self.value(target), target, op, value)

    def update(self, node: ast.AugAssign, text: str, target: ast.expr, op: ast.operator, value: ast.expr) -> None:
        sign, binds = SIGNS[type(op)]
        if isinstance(op, BITS):
            self.line(f"{text} = ({text} {sign} {self.value(value, binds + 1)}) >>> 0;")
        elif self.kinds.of[node] == ELEMENT and isinstance(target, ast.Name):
            self.line(f"{text} = {self.rounded(f'{text} {sign} {self.value(value, binds + 1)}')[0]};")
        else:
            self.line(f"{text} {sign}= {self.value(value)};")


def _set_in(body: Iterable[ast.stmt]) -> list[str]:
    """The names that statements set, letters and places left out."""
    letters = {each.target for statement in body for each in ast.walk(statement) if isinstance(each, ast.For)}
    found = [each for statement in body for each in ast.walk(statement) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    return list(dict.fromkeys(each.id for each in found if each not in letters and each.id != "_"))


def _count(name: str, body: Iterable[ast.stmt], context: type[ast.expr_context] = ast.expr_context) -> int:
    nodes = (each for statement in body for each in ast.walk(statement))
    return sum(isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, context) for each in nodes)


def _comments(function: Function) -> Iterator[tuple[int, str]]:
    """Line of the file -> comment, of the function's text."""
    lines, first = inspect.getsourcelines(function.python)
    reader = iter(lines)
    for each in tokenize.generate_tokens(lambda: next(reader, "")):
        if each.type == tokenize.COMMENT:
            yield first + each.start[0] - 1, each.string.removeprefix("#")
