"""The text of a file of PyTorch: a class for every kind of block, and one for the network.

Blocks that differ in numbers alone are one class: numbers that are always equal are one argument, those that never change are written out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from minicnn.errors import GraphError
from minicnn.exchange.torch_source.layers import Number, Text, written
from minicnn.exchange.torch_source.scopes import Scope, assigned, called, identifier, returned, scopes
from minicnn.graph import Topology

INDENT = " " * 8
NUMBER = r"(?<=[A-Za-z_])\d+[a-z]?$"  # of one of several blocks, as in block2, inception3a
LACKING = ("Subsample", "TableConv2d", "RBF", "StochasticDepth", "TiledConv2d")  # modules that may be written before the classes


class Draft(NamedTuple):
    """A block before its numbers are arguments: the lines of __init__ and forward, each with the name of what it is about."""

    scope: Scope
    made: list[tuple[str, Text]]
    computed: list[tuple[str, Text]]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for blocks of one class."""
        lines = [tuple(part.role if isinstance(part, Number) else part for part in line) for _, line in (*self.made, *self.computed)]
        return (len(self.scope.inputs), tuple(returned(self.scope)), tuple(lines))

    @property
    def numbers(self) -> list[tuple[str, Number]]:
        return [(owner, part) for owner, line in (*self.made, *self.computed) for part in line if isinstance(part, Number)]


class Made(NamedTuple):
    """A class: its name, its arguments with the place of a number that each stands for, and its text."""

    name: str
    arguments: dict[str, int]
    text: str


def classes(topology: Topology, name: str, start: Sequence[str] = (), prepared: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """(modules that PyTorch lacks, classes), each a text; the last class is the network.

    start, prepared : lines for its __init__ and at the start of its forward
    """
    root = scopes(topology)
    levels: dict[int, list[Scope]] = {}
    for scope in (*root.below(), root):
        levels.setdefault(len(scope.path), []).append(scope)
    needs: dict[str, None] = {}
    known: dict[tuple[str, ...], tuple[Made, Draft]] = {}
    texts: list[str] = []
    taken = {"F", "nn", "torch", class_name(name), *LACKING}
    for level in sorted(levels, reverse=True):
        groups: dict[tuple[object, ...], list[Draft]] = {}
        for scope in levels[level]:
            draft = _draft(topology, scope, known, needs)
            groups.setdefault(draft.key, []).append(draft)
        for drafts in groups.values():
            scope = drafts[0].scope
            title = class_name(name) if not scope.path else _title(scope, taken)
            extra = ((), ()) if scope.path else (start, prepared)
            made = _class(title, drafts, *extra)
            taken.add(title)
            texts.append(made.text)
            known |= {draft.scope.path: (made, draft) for draft in drafts}
    return list(needs), texts


def class_name(name: str) -> str:
    """As in "Resnet18", "InceptionA"."""
    return identifier("".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))) or "Network"


def _title(scope: Scope, taken: set[str]) -> str:
    """What the class of a block is called: "Block", or after what is special in it, "ProjectionBlock"."""
    name, *special = (class_name(re.sub(NUMBER, "", each)) for each in (scope.path[-1], *_unnumbered(scope)))
    return next((each for each in (name, *(f"{each}{name}" for each in special)) if each not in taken), None) or _free(name, taken)


def _unnumbered(scope: Scope) -> list[str]:
    """The blocks in it that are not one of several."""
    return [item.path[-1] for item in scope.items if isinstance(item, Scope) and not re.search(NUMBER, item.path[-1])]


def _free(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}{'' if not name[-1:].isdigit() else '_'}{number}", number + 1
    return free


def _draft(topology: Topology, scope: Scope, known: dict[tuple[str, ...], tuple[Made, Draft]], needs: dict[str, None]) -> Draft:
    made: list[tuple[str, Text]] = []
    computed: list[tuple[str, Text]] = []
    for item, given, results in assigned(scope):
        own = called(item)
        target = f"{', '.join(results)} = "
        if isinstance(item, Scope):
            block, draft = known[item.path]
            arguments: list[str | Number] = []
            for argument, place in block.arguments.items():
                arguments += [", " if arguments else "", Number(draft.numbers[place][1].value, argument)]
            made.append((own, (f"self.{own} = {block.name}(", *arguments, ")")))
            computed.append((own, (f"{target}self.{own}({', '.join(given)})",)))
            continue
        layer = written(item)
        if layer.needs:
            needs.setdefault(layer.needs)
        if item.shares_with is not None:
            first = topology.nodes[item.shares_with]
            if first.path != item.path:
                raise GraphError(
                    f"{item.name} shares its weights with {first.name}, which lies in another block: that is not written for PyTorch"
                )
            own = called(first)
        elif layer.made:
            made.append((own, (f"self.{own} = ", *layer.made)))
        line = tuple(part if isinstance(part, Number) else part.replace("{self}", f"self.{own}").format(*given) for part in layer.called)
        computed.append((own, (target, *line)))
    return Draft(scope, made, computed)


def _class(title: str, drafts: list[Draft], start: Sequence[str], prepared: Sequence[str]) -> Made:
    """The class of some alike blocks."""
    columns = [tuple(draft.numbers[place][1].value for draft in drafts) for place in range(len(drafts[0].numbers))]
    varying = list(dict.fromkeys(column for column in columns if len(set(column)) > 1))
    names = _argument_names([next(drafts[0].numbers[place] for place, each in enumerate(columns) if each == column) for column in varying])
    arguments = dict(zip(varying, names, strict=True))
    place = 0

    def filled(line: Text, before: str) -> str:
        nonlocal place
        words = []
        for part in line:
            if isinstance(part, Number):
                column = columns[place]
                words.append(f"{before}{arguments[column]}" if column in arguments else str(part.value))
                place += 1
            else:
                words.append(part)
        return "".join(words)

    made = [filled(line, "") for _, line in drafts[0].made]
    kept = place
    computed = [filled(line, "self.") for _, line in drafts[0].computed]
    used = {arguments[column] for column in columns[kept:] if column in arguments}
    lines = [f"class {title}(nn.Module):"]
    body = ["super().__init__()", *start, *(f"self.{each} = {each}" for each in names if each in used), *made]
    if len(body) > 1:
        lines += [f"    def __init__({', '.join(('self', *names))}):", *(INDENT + line for line in body), ""]
    inputs = ["x" if number == 0 else f"x{number + 1}" for number in range(len(drafts[0].scope.inputs))]
    lines += [f"    def forward({', '.join(('self', *inputs))}):", *(INDENT + line for line in (*prepared, *computed))]
    lines.append(f"{INDENT}return {', '.join(returned(drafts[0].scope))}")
    return Made(title, {name: columns.index(column) for column, name in arguments.items()}, "\n".join(lines) + "\n")


def _argument_names(numbers: list[tuple[str, Number]]) -> list[str]:
    """What the arguments are called: what they count, after whose number it is where several count the same."""
    roles = [number.role for _, number in numbers]
    return [number.role if roles.count(number.role) == 1 else f"{owner}_{number.role}" for owner, number in numbers]
