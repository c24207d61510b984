"""PTX as data: the functions of a module, their instructions, and what lies in which memory."""

import itertools
import re
from typing import NamedTuple

import numpy as np

TYPES = {
    "pred": np.bool_,
    "f32": np.float32,
    "f64": np.float64,
    **{f"{letter}{bits}": getattr(np, f"{'int' if letter == 's' else 'uint'}{bits}") for letter in "bus" for bits in (8, 16, 32, 64)},
}
OPERAND = re.compile(r"\s*(\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|[^,]+)")
NAME = re.compile(r"[%$A-Za-z_][\w$]*")
VARIABLE = re.compile(r"\.(shared|global|local|const|param)\b([^=\[]*?)([\w$]+)\s*(?:\[(\d*)\])?\s*(?:=(.*))?$", re.S)


class FaultError(Exception):
    """Something that a device would not forgive, or that is not known here."""


class Variable(NamedTuple):
    """Memory with a name; `content` is bytes, of a constant."""

    name: str
    space: str
    kind: type
    size: int
    align: int
    content: bytes | None = None


class Instruction(NamedTuple):
    """`@!%p1 add.rn.f64 %fd1, %fd2, 0d0;` is guard %p1, wanted False, words (add, rn, f64), three operands."""

    guard: str | None
    wanted: bool
    words: list[str]
    operands: list[str]
    text: str


class Function(NamedTuple):
    """A kernel, or what it calls.

    kinds : what registers hold, by their names or, for %rd0, %rd1, ..., by the name before the number
    """

    name: str
    parameters: list[Variable]
    results: list[Variable]
    kinds: dict[str, type]
    variables: dict[str, Variable]
    code: list[Instruction]
    labels: dict[str, int]

    def kind(self, register):
        return self.kinds.get(register) or self.kinds[register.rstrip("0123456789")]


class Module:
    """What a text of PTX defines: one kernel, `entry`, and the functions that it calls."""

    def __init__(self, text):
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)
        self.functions, self.entry, outside, done = {}, None, [], 0
        for found in re.finditer(r"\.(entry|func)\b", text):
            if found.start() < done:
                continue
            begin = re.compile(r"[{;]").search(text, found.end())
            outside.append(text[done : found.start()])
            done = begin.end()
            if begin[0] == ";":
                continue  # a declaration
            done = _closing(text, begin.start())
            function = _function(text[found.end() : begin.start()], text[begin.end() : done - 1])
            self.functions[function.name] = function
            if found[1] == "entry":
                self.entry = function
        outside.append(text[done:])
        statements = (each.strip() for each in re.split(r";", " ".join(outside)))
        self.variables = {each.name: each for each in map(_variable, statements) if each}
        shared = [each for each in (*self.variables.values(), *self.entry.variables.values()) if each.space == "shared"]
        self.shared, self.shared_size = placed(shared)
        self.machines = {}  # that run it: see `ptx_interpreter`


def placed(variables):
    """Offset of each variable, and the size of all together."""
    offsets, end = {}, 0
    for each in variables:
        offsets[each.name] = -(-end // each.align) * each.align
        end = offsets[each.name] + each.size
    return offsets, -(-end // 16) * 16


def _closing(text, start):
    """Where the braces that open at `start` have closed."""
    depth = 0
    for found in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.end()
    raise FaultError("braces that do not close")


def _variable(statement):
    found = VARIABLE.search(statement)
    if not found:
        return None
    space, settings, name, count, values = found.groups()
    kind = next(word for word in re.findall(r"\.(\w+)", settings) if word in TYPES)
    size = np.dtype(TYPES[kind]).itemsize
    align = re.search(r"\.align\s+(\d+)", settings)
    content = np.array([int(each, 0) for each in re.findall(r"-?\w+", values)]).astype(TYPES[kind]).tobytes() if values else None
    return Variable(name, space, TYPES[kind], size * int(count or 1), int(align[1]) if align else size, content)


def _parameters(text):
    return [each for each in map(_variable, text.split(",")) if each]


def _function(head, body):
    """head: `(results) name(parameters) directives`; either list may be missing."""
    results, name, parameters = re.match(r"\s*(?:\(([^)]*)\))?\s*([\w$]+)\s*(?:\(([^)]*)\))?", head).groups()
    kinds, variables, code, labels = {}, {}, [], {}
    scopes = [{}]
    for statement in _statements(body):
        if statement == "{":
            scopes.append({})
        elif statement == "}":
            scopes.pop()
        elif statement.endswith(":"):
            labels[statement[:-1].strip()] = len(code)
        elif statement.startswith(".reg"):
            kind, names = re.match(r"\.reg\s+(?:\.v\d\s+)?\.(\w+)\s+(.*)", statement).groups()
            for each in (part.strip() for part in names.split(",")):
                kinds[_declared(each.split("<")[0], scopes)] = TYPES[kind]
        elif statement.startswith("."):
            if variable := _variable(statement):
                own = _declared(variable.name, scopes)
                variables[own] = variable._replace(name=own)
        else:
            code.append(_instruction(statement, {old: own for scope in scopes for old, own in scope.items()}))
    return Function(name, _parameters(parameters or ""), _parameters(results or ""), kinds, variables, code, labels)


def _statements(body):
    """`{` and `}` of scopes, labels with their colon, and the rest without its semicolon."""
    at, pattern = 0, re.compile(r"\s*(?:([{}])|([\w$]+\s*:)(?!:)|([^;]*);)")
    while found := pattern.match(body, at):
        at = found.end()
        yield " ".join((found[1] or found[2] or found[3]).split()).replace(" :", ":")


NUMBERS = itertools.count()


def _declared(name, scopes):
    """A name for what is declared here; in an inner scope another one than any outside."""
    if len(scopes) == 1:
        return name
    return scopes[-1].setdefault(name, f"{name}_{next(NUMBERS)}")


def _instruction(statement, renamed):
    guard, operation, rest = re.match(r"(?:@(!?[%\w$]+)\s+)?(\S+)\s*(.*)", statement).groups()
    if renamed:
        rest = NAME.sub(lambda found: renamed.get(found[0], found[0]), rest)
        guard = guard and guard[: guard.startswith("!")] + renamed.get(guard.lstrip("!"), guard.lstrip("!"))
    operands = [each.strip() for each in OPERAND.findall(rest)]
    name = guard.lstrip("!") if guard else None
    return Instruction(name, not (guard or "").startswith("!"), operation.split("."), operands, statement)
