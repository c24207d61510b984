"""A definition written out as JavaScript that stops after every statement: what a page shows while it computes one place of one output.

    stepping(read(conv2d_forward), "y")

The function is a generator.  Its first argument is the place of the output; loops whose letter is an index of the output make the one
turn that leads there, the others all of theirs.  Each stop hands over

    [kind, line, letters, reads, value]

kind : "set" a name, "add" to one, "skip" where a condition says that there is nothing to do, "store" at the place, or add there
line : of the function's text, its first line being 1
letters : the numbers that have a name there, in the order in which they were set; those from before the loops, sizes, are not among them
reads : what the statement read of arrays: [array, place, number] each, the number undefined where a choice left it out; conditions
    are not told
value : what was set or added, or what the place holds then; of "skip" and of several names at once, null
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.javascript import complete, kinds_of
from minicnn.kernels.derive.javascript.statements import Writer
from minicnn.kernels.derive.javascript.values import named
from minicnn.kernels.derive.kinds import Kinds
from minicnn.kernels.derive.syntax import array_of, assigned, indices, inside, is_everything, letter_of
from minicnn.kernels.derive.trace.expressions import Watched
from minicnn.kernels.derive.trace.turns import Own, own_indices

PLACE, READS = "place_", "reads_"


def stepping(definition: Definition, output: str) -> str:
    """Write out a definition that stops after every statement."""
    return complete(definition, lambda _, kinds, given_round: _Stepper(definition, kinds, given_round, output))


class _Stepper(Writer):
    head = "function*"
    before = (PLACE,)

    def __init__(self, definition: Definition, kinds: Kinds, given_round: set[str], output: str) -> None:
        super().__init__(definition, kinds, given_round)
        self.comments = {}
        self.line(f"let {READS};")
        self.output = output
        self.known: list[str] = []  # numbers that have a name at this point of the text
        self.watched = Watched(definition, kinds_of(definition))

    def block(self, body: Iterable[ast.stmt]) -> None:
        known = list(self.known)
        super().block(body)
        self.known = known

    def statement(self, node: ast.stmt, word: str) -> None:
        match node:
            case ast.For():
                self.known.append(letter_of(node))
                super().statement(node, word)
                self.known.remove(letter_of(node))
                if own := own_indices(self.watched, node, self.output):
                    self.stay(letter_of(node), own)
            case ast.If(orelse=[]):
                super().statement(node, word)
                self.lines[-1] += " else {"
                self.depth += 1
                self.stop("skip", node, "[]", "null")
                self.depth -= 1
                self.line("}")
            case (
                ast.Assign(targets=[ast.Subscript() as target], value=value) | ast.AugAssign(target=ast.Subscript() as target, value=value)
            ):
                if array_of(target) == self.output and not is_everything(target):
                    self.store(node, target, value)
                else:
                    super().statement(node, word)
            case ast.AugAssign(target=ast.Name(), value=value):
                super().statement(node, word)
                self.stop("add", node, self.reads(value), self.value(value))
            case ast.Assign(value=value):
                super().statement(node, word)
                names = [name for name in assigned(node) if name != "_"]
                if self.depth > 1:  # sizes, which are set before, are no steps
                    self.known += [name for name in names if name not in self.known]
                    self.stop("set", node, self.reads(value), named(names[0]) if len(names) == 1 else "null")
            case _:
                super().statement(node, word)

    def stay(self, letter: str, own: list[Own]) -> None:
        """Leave a loop's turn at once if it does not lead to the place."""
        elsewhere = [" || ".join(f"{self.value(each)} !== {PLACE}[{axis}]" for axis, each in store.items()) for store in own]
        test = elsewhere[0] if len(elsewhere) == 1 else " && ".join(f"({each})" for each in elsewhere)
        head = "  " * self.depth + f"for (let {named(letter)} "
        first = max(number for number, line in enumerate(self.lines) if line.startswith(head))
        self.lines.insert(first + 1, "  " * (self.depth + 1) + f"if ({test}) continue;")

    def store(self, node: ast.Assign | ast.AugAssign, target: ast.Subscript, value: ast.expr) -> None:
        """Stop if it is at the place; what it reads is noted before, for the place itself may be among it."""
        self.line(f"{READS} = {self.reads(value)};")
        super().statement(node, "")
        there = " && ".join(f"{self.value(each)} === {PLACE}[{axis}]" for axis, each in enumerate(indices(target)))
        self.stop("store", node, READS, self.value(target), f"if ({there}) ")

    def stop(self, kind: str, node: ast.stmt, reads: str, value: str, test: str = "") -> None:
        line = node.lineno - self.function.line + 1
        letters = ", ".join(map(named, dict.fromkeys(self.known)))
        self.line(f'{test}yield ["{kind}", {line}, {{{letters}}}, {reads}, {value}];')

    def reads(self, tree: ast.expr) -> str:
        """The places of arrays in an expression."""
        parts = [each for each in inside(tree) if isinstance(each, ast.Subscript) and array_of(each) in self.function.arrays]
        found = [f'["{array_of(each)}", [{", ".join(map(self.value, indices(each)))}], {self.value(each)}]' for each in parts]
        return f"[{', '.join(found)}]"
