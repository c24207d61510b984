"""Statements of a definition in JavaScript, with its comments; a name is declared where it is first set."""

from __future__ import annotations

import ast
import inspect
import tokenize
from collections.abc import Iterable, Iterator

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.javascript.values import SIGNS, Values, named
from minicnn.kernels.derive.kinds import ELEMENT, Kinds
from minicnn.kernels.derive.syntax import Tree, assigned, elements, inside, is_everything, letters, loaded
from minicnn.kernels.derive.values import BITS


class Writer(Values):
    """Writes one function.

    head : what a function begins with
    before : arguments before its own
    """

    head = "function"
    before: tuple[str, ...] = ()

    def __init__(self, function: Function, kinds: Kinds, given_round: set[str]) -> None:
        super().__init__(function, kinds, given_round)
        self.lines: list[str] = []
        self.depth = 1
        self.declared = set(function.arguments)
        self.comments = dict(_comments(function))

    def text(self) -> str:
        function = self.function
        self.block(function.body)
        arguments = [*self.before, *map(named, function.arguments)]
        real = [name for name in function.arrays if self.kinds.names[name] == "elements"]
        if self.rounds and real:
            self.lines.insert(0, f"  const round = rounding({named(real[0])});")
        elif self.rounds:
            arguments.append("round")
        said = inspect.getdoc(function.python)
        comment = ["/*", *(f" * {line}".rstrip() for line in said.replace("*/", "* /").splitlines()), " */"] if said else []
        return "\n".join([*comment, f"{self.head} {named(function.name)}({', '.join(arguments)}) {{", *self.lines, "}"])

    def line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def remark(self, line: int) -> str:
        """The comment at the end of a line."""
        return "  //" + self.comments.pop(line) if line in self.comments else ""

    def block(self, body: Iterable[ast.stmt]) -> None:
        """Statements; a name is declared outside the blocks that share it."""
        body = list(body)
        for node in body:
            for above in sorted(each for each in self.comments if each < node.lineno):
                self.line("//" + self.comments.pop(above))
            passing = letters(node) | {"_"}
            set_here = [name for name in assigned(node) if name not in passing]
            new = [name for name in set_here if name not in self.declared]
            if isinstance(node, ast.For | ast.If):
                self.declare(name for name in new if _count(name, body) != _count(name, node) or _in_both(name, node))
                self.statement(node, "")
                continue
            if len(new) < len(set_here):
                self.declare(new)
                new = []
            word = "const" if new and all(_count(name, self.function.body, ast.Store) == 1 for name in new) else "let"
            self.declared |= set(new)
            first = len(self.lines)
            self.statement(node, word if new else "")
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                self.lines[first] += self.remark(line)

    def declare(self, names: Iterable[str]) -> None:
        names = list(names)
        if names:
            self.line(f"let {', '.join(map(named, names))};")
        self.declared |= set(names)

    def nested(self, head: str, body: list[ast.stmt], line: int = 0) -> None:
        self.line(head + " {" + self.remark(line))
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
                start, end = f"{named(letter)} = {self.value(first)}", self.value(stop, 9)
                if loaded(stop) & assigned(body):  # it is asked once
                    start, end = f"{start}, {letter}_stop = {end}", f"{letter}_stop"
                self.nested(f"for (let {start}; {named(letter)} {'>' if down else '<'} {end}; {turn})", body, node.lineno)
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
            case ast.Assign(targets=[ast.Subscript() as target], value=value) if is_everything(target):
                self.line(f"{self.value(target.value)}.data.fill({self.value(value)});")
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                self.line(f"{self.value(target)} = {self.stored(value)};")
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                left, right = [self.value(each) for each in targets], [self.value(each) for each in values]
                if loaded(values) & assigned(targets):
                    self.line(f"{declare}[{', '.join(left)}] = [{', '.join(right)}];")
                else:
                    for name, text in zip(left, right, strict=True):
                        if name != "_":
                            self.line(f"{declare}{name} = {text};")
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                names = ["" if ast.unparse(each) == "_" else self.value(each) for each in targets]
                self.line(f"{declare}[{', '.join(names)}] = {self.value(value)};")
            case ast.Assign(targets=[target], value=value):
                self.line(f"{declare}{self.value(target)} = {self.value(value)};")
            case ast.AugAssign(target=target, op=op, value=value):
                text, (sign, binds) = self.value(target), SIGNS[type(op)]
                if isinstance(op, BITS):
                    self.line(f"{text} = ({text} {sign} {self.value(value, binds + 1)}) >>> 0;")
                elif self.kinds.of[node] == ELEMENT and isinstance(target, ast.Name):
                    self.line(f"{text} = {self.rounded(f'{text} {sign} {self.value(value, binds + 1)}')};")
                else:
                    self.line(f"{text} {sign}= {self.value(value)};")


def _count(name: str, tree: Tree, context: type[ast.expr_context] = ast.expr_context) -> int:
    return sum(isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, context) for each in inside(tree))


def _in_both(name: str, node: ast.For | ast.If) -> bool:
    """Whether both branches of an `if` use a name."""
    return isinstance(node, ast.If) and 0 < _count(name, node.body) < _count(name, node)


def _comments(function: Function) -> Iterator[tuple[int, str]]:
    """Line of the file -> comment, of the function's text."""
    lines, first = inspect.getsourcelines(function.python)
    reader = iter(lines)
    for each in tokenize.generate_tokens(lambda: next(reader, "")):
        if each.type == tokenize.COMMENT:
            yield first + each.start[0] - 1, each.string.removeprefix("#")
