"""What a loop does with images: by which letter it counts them, what every image has for itself, and what is summed over them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cached_property

from minicnn.kernels.derive.definition import Function
from minicnn.kernels.derive.syntax import array_of, elements, indices, inside, is_everything, is_float64, name_of, names_set, shape_of

# What an argument is to a step.
LANES = "lanes"  # (N, ...) float32: a value of every image of the shard
INTEGERS = "integers"  # (N, ...) int32: the same, of whole numbers
PARAMETER = "parameter"  # numbers of the network, laid out as users see them
TABLE = "table"  # whole numbers that are the same for every image
WEIGHTS = "weights"  # real numbers that are the same for every image
GRADIENT = "gradient"  # where their gradients go, laid out alike
WHOLE, REAL = "whole number", "real number"
NOTHING = "nothing"  # an array of zeros that is not there, such as the bias of a layer without


class Images:
    """A function whose arguments have roles.

    letter : the loop letter that counts images, the first index of every array in lanes; where the function walks arrays by `.flat`,
        the letter that does
    loops : the loops over images; none where arrays are walked by `.flat`
    """

    def __init__(self, function: Function, roles: Mapping[str, str], letter: str | None = None) -> None:
        self.function, self.refuse = function, function.refuse
        if set(roles) != set(function.arguments):
            self.refuse(None, f"{function.name} takes {', '.join(function.arguments)}, but gets {', '.join(roles)}")
        self.roles = {name: roles[name] for name in function.arguments}
        self.nodes = list(inside(function.body))
        self.flat = 0 in function.ranks.values()
        self.letter = self._letter() if letter is None else letter
        self.loops: list[ast.For] = [each for each in self.nodes if isinstance(each, ast.For) and self.counts_images(each)]

    def _letter(self) -> str:
        letters: dict[str, str] = {}
        for node in self.nodes:
            if not isinstance(node, ast.Subscript) or not self.in_lanes(self.array(node)) or is_everything(node):
                continue
            first = indices(node)[0]
            if not isinstance(first, ast.Name):
                self.refuse(node, f"{ast.unparse(node)} is of image {ast.unparse(first)}, but images of a batch do not see each other")
            letters[first.id] = self.array(node)
        if len(letters) > 1:
            (one, array), (other, second), *_ = letters.items()
            self.refuse(None, f"{array} counts images by {one}, but {second} by {other}")
        return next(iter(letters), "")

    def is_array(self, name: str) -> bool:
        return self.roles.get(name, WHOLE) not in (WHOLE, REAL)

    def in_lanes(self, name: str) -> bool:
        return self.roles.get(name) in (LANES, INTEGERS)

    def array(self, node: ast.AST) -> str:
        """The array that a place belongs to; "" if it is no place."""
        return array_of(node) if self.is_array(array_of(node)) else ""

    def is_gradient(self, node: ast.AST) -> bool:
        return self.roles.get(array_of(node)) == GRADIENT

    def axes(self, name: str) -> int:
        """Axes of an array: as many as its places have indices, or as its shape is given names; by `.flat`, images and the rest."""
        if self.function.ranks.get(name):
            return self.function.ranks[name]
        shapes = [node.targets[0] for node in self.nodes if isinstance(node, ast.Assign) and shape_of(node.value) == name]
        return max([2, *(len(elements(each)) for each in shapes)])

    def counts_images(self, node: ast.AST) -> bool:
        return isinstance(node, ast.For) and name_of(node.target) == self.letter and not self.flat

    def private(self, loop: ast.For) -> set[str]:
        """Names that every image sets for itself."""
        return {name for node in inside(loop.body) if isinstance(node, ast.Assign | ast.For) for name in names_set(node)}

    def sums(self, loop: ast.For) -> set[str]:
        """Names that images add to."""
        return {name_of(node.target) for node in inside(loop) if isinstance(node, ast.AugAssign)} - self.private(loop) - {""}

    @cached_property
    def all_sums(self) -> set[str]:
        """Names that images add to in any of the loops."""
        return {name for loop in self.loops for name in self.sums(loop)}

    def plain_sums(self) -> set[str]:
        """Those of them that begin, each in a statement of its own, with `np.float64(...)`: their type is plain."""
        set_here = [node for node in self.nodes if isinstance(node, ast.Assign)]
        other = [node for node in set_here if not (is_float64(node.value) and name_of(node.targets[0]))]
        return self.all_sums - {name for node in other for name in names_set(node)}

    def counts_of(self, node: ast.Assign) -> list[ast.expr]:
        """What an assignment gives the number of images to."""
        value, (target,) = node.value, node.targets
        if self.in_lanes(shape_of(value)):
            return elements(target)[:1]
        if isinstance(value, ast.Subscript) and self.in_lanes(shape_of(value.value)) and ast.unparse(value.slice) == "0":
            return [target]
        return []
