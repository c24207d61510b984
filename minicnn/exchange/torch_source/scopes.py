"""The named blocks of a network as modules in modules: what lies in each, what goes in and what comes out, and variables for it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count

from minicnn.graph import Node, Topology, ValueRef

VARIABLES = ("y", "z", "u", "v", "w")
NAMES_OF_MODULES = frozenset(  # attributes of torch.nn.Module, and of Python
    [
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_buffer",
        "requires_grad_",
        "self",
        "share_memory",
        "state_dict",
        "to",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
        "F",
        "nn",
        "torch",
        "x",
    ]
)


@dataclass
class Scope:
    """A named block, or the whole network.

    path : its name and those of the blocks around it; () for the network
    items : nodes and blocks in the order in which they are computed
    """

    path: tuple[str, ...]
    items: list[Node | Scope] = field(default_factory=list)
    inputs: list[ValueRef] = field(default_factory=list)
    outputs: list[ValueRef] = field(default_factory=list)

    def nodes(self) -> Iterator[Node]:
        for item in self.items:
            if isinstance(item, Scope):
                yield from item.nodes()
            else:
                yield item

    def below(self) -> Iterator[Scope]:
        """The blocks in it, and those in them; the innermost first."""
        for item in self.items:
            if isinstance(item, Scope):
                yield from item.below()
                yield item


def scopes(topology: Topology) -> Scope:
    """The network as blocks in blocks."""
    root = Scope(())
    opened = [root]
    for node in topology.nodes:
        while opened[-1].path != node.path[: len(opened[-1].path)]:
            opened.pop()
        while opened[-1].path != node.path:
            inner = Scope(node.path[: len(opened[-1].path) + 1])
            opened[-1].items.append(inner)
            opened.append(inner)
        opened[-1].items.append(node)
    for scope in (*root.below(), root):
        inside = {node.index for node in scope.nodes()}
        used = [ref for node in scope.nodes() for ref in node.inputs if ref.node not in inside]
        scope.inputs = list(dict.fromkeys(used))
        outside = {ref for node in topology.nodes if node.index not in inside for ref in node.inputs} | set(topology.outputs)
        made = [ValueRef(node.index, output) for node in scope.nodes() for output in range(len(node.output_shapes))]
        scope.outputs = [ref for ref in made if ref in outside]
    root.outputs = list(topology.outputs)
    return root


def identifier(name: str) -> str:
    """A name as Python allows it."""
    word = re.sub(r"\W", "_", name)
    word = f"_{word}" if word[:1].isdigit() else word
    return f"{word}_" if keyword.iskeyword(word) or word in NAMES_OF_MODULES else word


def called(item: Node | Scope) -> str:
    """What a block calls a node or a block in it."""
    if isinstance(item, Scope):
        return identifier(item.path[-1])
    return identifier(item.name.removeprefix(".".join(item.path) + ".") if item.path else item.name)


def array_name(node: Node, word: str) -> str:
    """What `state_dict` calls an array of a node: our name, as far as Python allows it."""
    return ".".join((*map(identifier, node.path), called(node), word))


def assigned(scope: Scope) -> list[tuple[Node | Scope, list[str], list[str]]]:
    """For every item of a block the variables that go in and those that come out; the arguments are x, x2, ...

    What comes out takes the place of what went in, where that is not needed again.
    """
    names = {ref: "x" if number == 0 else f"x{number + 1}" for number, ref in enumerate(scope.inputs)}
    last: dict[ValueRef, int] = {}
    for place, item in enumerate(scope.items):
        last |= dict.fromkeys(item.inputs, place)
    last |= dict.fromkeys(scope.outputs, len(scope.items))
    found = []
    for place, item in enumerate(scope.items):
        given = [names[ref] for ref in item.inputs]
        free = sorted({names.pop(ref) for ref in dict.fromkeys(item.inputs) if last[ref] == place}, key=lambda name: (name != "x", name))
        made = item.outputs if isinstance(item, Scope) else [ValueRef(item.index, output) for output in range(len(item.output_shapes))]
        results = []
        for ref in made:
            names[ref] = free.pop(0) if free else _unused(item, names.values())
            results.append(names[ref])
        found.append((item, given, results))
    return found


def returned(scope: Scope) -> list[str]:
    """The variables that hold what comes out of a block in the end."""
    held: dict[ValueRef, str] = {}
    for item, _, results in assigned(scope):
        made = item.outputs if isinstance(item, Scope) else [ValueRef(item.index, output) for output in range(len(item.output_shapes))]
        held |= dict(zip(made, results, strict=True))
    given = {ref: "x" if number == 0 else f"x{number + 1}" for number, ref in enumerate(scope.inputs)}
    return [(given | held)[ref] for ref in scope.outputs]


def _unused(item: Node | Scope, taken: Iterable[str]) -> str:
    wished = (called(item),) if isinstance(item, Scope) else ()
    return next(name for name in chain(wished, VARIABLES, (f"y{number}" for number in count(2))) if name not in set(taken))
