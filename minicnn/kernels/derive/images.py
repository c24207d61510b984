"""What a loop does with images: by which letter it counts them, what it sums over them, and whether one shard of them is enough.

A step of a plan sees the images of one shard.  So a loop may compute each image by itself, and it may sum over images into the gradient
of a parameter, where shards add up; anything else needs the whole batch, and is refused with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NoReturn

from minicnn.errors import SettingError
from minicnn.kernels.derive.definition import Definition, Function, array_of, elements, indices
from minicnn.kernels.derive.flow import from_before
from minicnn.kernels.derive.values import is_shape

# What an argument is to a step.
LANES = "lanes"  # (N, ...) float32: a value of every image of the shard
INTEGERS = "integers"  # (N, ...) int32: the same, of whole numbers
PARAMETER = "parameter"  # numbers of the network, laid out as users see them
TABLE = "table"  # whole numbers that are the same for every image
GRADIENT = "gradient"  # where their gradients go, laid out alike
WHOLE, REAL = "whole number", "real number"
NOTHING = "nothing"  # an array of zeros that is not there, such as the bias of a layer without

Statements = list[ast.stmt]


class Images:
    """A function whose arguments have roles.

    letter : the loop letter that counts images, the first index of every array in lanes; where the function walks arrays by `.flat`,
        the letter that does
    """

    def __init__(self, function: Function, roles: Mapping[str, str], letter: str | None = None) -> None:
        self.function = function
        if set(roles) != set(function.arguments):
            self.refuse(None, f"{function.name} takes {', '.join(function.arguments)}, but gets {', '.join(roles)}")
        self.roles = {name: roles[name] for name in function.arguments}
        self.body = list(function.body)
        self.nodes = [node for each in self.body for node in ast.walk(each)]
        self.flat = 0 in function.ranks.values()
        self.letter = self._letter() if letter is None else letter

    def refuse(self, node: ast.AST | None, reason: str) -> NoReturn:
        line = getattr(node, "lineno", self.function.line)
        raise SettingError(f"{self.function.file}:{line}: {reason}")

    def is_array(self, name: str | None) -> bool:
        return self.roles.get(name or "", WHOLE) not in (WHOLE, REAL)

    def in_lanes(self, name: str | None) -> bool:
        return self.roles.get(name or "") in (LANES, INTEGERS)

    def array(self, node: ast.AST) -> str:
        """The array that a place belongs to."""
        name = array_of(node) if isinstance(node, ast.Subscript) else ""
        return name if self.is_array(name) else ""

    def is_gradient(self, node: ast.AST) -> bool:
        return self.roles.get(self.array(node)) == GRADIENT

    def axes(self, name: str) -> int:
        """Axes of an array: as many as its places have indices, or as its shape is given names; by `.flat`, images and the rest."""
        if self.function.ranks.get(name):
            return self.function.ranks[name]
        shapes = [node.targets[0] for node in self.nodes if isinstance(node, ast.Assign) and shape_of(node.value) == name]
        return max([2, *(len(elements(each)) for each in shapes)])

    @cached_property
    def loops(self) -> list[ast.For]:
        """The loops over images."""
        return [node for node in self.nodes if self.counts_images(node)] if not self.flat else []  # type: ignore[misc]

    def counts_images(self, node: ast.AST) -> bool:
        return isinstance(node, ast.For) and isinstance(node.target, ast.Name) and node.target.id == self.letter

    def private(self, loop: ast.For) -> set[str]:
        """Names that every image sets for itself."""
        inside = [node for each in loop.body for node in ast.walk(each)]
        return {name for node in inside if isinstance(node, ast.Assign | ast.For) for name in plain_targets(node)}

    def sums(self, loop: ast.For) -> set[str]:
        """Names that images add to."""
        added = {name_of(node.target) for node in ast.walk(loop) if isinstance(node, ast.AugAssign)}
        return {name for name in added if name} - self.private(loop)

    def plain_sums(self) -> set[str]:
        """Names that images add to and that begin, each in a statement of its own, with `np.float64(...)`: their type is plain."""
        sums = {name for loop in self.loops for name in self.sums(loop)}
        begins = [node for node in self.nodes if isinstance(node, ast.Assign) and sums & set(plain_targets(node))]
        other = {name for node in begins for name in plain_targets(node) if not (is_float64(node.value) and name_of(node.targets[0]))}
        return sums - other

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

    # ------------------------------------------------------------------------------------------------------------------- one shard is enough

    def check(self) -> None:
        """A SettingError, "FILE:LINE: reason", unless the loop can be a step."""
        if self.flat:
            self._check_flat()
            return
        for loop in self.loops:
            self._check_loop(loop)
        for node in self.nodes:
            if isinstance(node, ast.Subscript) and self.array(node):
                self._check_place(node)
        self._check_count()
        self._check_gradients(self.body, set())

    def _check_place(self, node: ast.Subscript) -> None:
        name = self.array(node)
        if isinstance(node.ctx, ast.Store) and self.roles[name] in (PARAMETER, TABLE, NOTHING):
            self.refuse(node, f"{name} is stored to, but a step stores values of images and gradients of parameters")
        if isinstance(node.ctx, ast.Load) and self.is_gradient(node):
            self.refuse(node, f"{name}, the gradient of the whole batch, is read, but a step sees one shard of it")
        if not self.in_lanes(name) and self.letter and any(self.letter in loaded(each) for each in indices(node)):
            self.refuse(node, f"{ast.unparse(node)} is of image {self.letter}, but {name} belongs to no image")

    def _check_flat(self) -> None:
        for name in self.function.arrays:
            if self.function.ranks.get(name, 0) or not self.in_lanes(name):
                self.refuse(None, f"some arrays are walked by .flat, but {name} is not, or belongs to no image")
        places = sum(self.array(node) != "" for node in self.nodes)
        if (
            sum(name_of(node) == self.letter and isinstance(node.ctx, ast.Load) for node in self.nodes if isinstance(node, ast.Name))
            != places
        ):
            self.refuse(
                None, f"{self.letter} counts places in the order of this loop's arrays, and stands for more than .flat[{self.letter}]"
            )

    def _check_loop(self, loop: ast.For) -> None:
        letter, private = self.letter, self.private(loop)
        if not (isinstance(loop.iter, ast.Call) and len(loop.iter.args) == 1):
            self.refuse(loop, f"{letter} counts images in {ast.unparse(loop.iter)}: all of them are counted, from 0")
        if sum(self.counts_images(node) for node in ast.walk(loop)) > 1:
            self.refuse(loop, f"{letter} counts images in a loop inside this one, but images of a batch do not see each other")
        for read in from_before(loop.body):
            if isinstance(read, ast.Name) and read.id in private:
                self.refuse(read, f"{read.id} is carried from one image to the next, but images of a batch do not see each other")
        inside = {id(node) for node in ast.walk(loop)}
        letters = {name_of(node.target) for node in self.nodes if isinstance(node, ast.For)}
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in private - letters and not self._inside(node):
                self.refuse(node, f"{node.id} is left by the last image, and read after the loop over images")
        for name in self.sums(loop):
            self._check_sum(name, inside)

    def _inside(self, node: ast.AST) -> bool:
        return any(node is each for loop in self.loops for each in ast.walk(loop))

    def _check_sum(self, name: str, inside: set[int]) -> None:
        """A sum over images begins with 0 and goes to a gradient as it is: shards add what they have."""
        stored = {id(node.value) for node in self.nodes if isinstance(node, ast.Assign) and self.is_gradient(node.targets[0])}
        for node in self.nodes:
            if isinstance(node, ast.AugAssign) and name_of(node.target) == name:
                if not isinstance(node.op, ast.Add | ast.Sub):
                    self.refuse(node, f"{name} joins images by something else than a sum")
            elif isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) and id(node) not in stored:
                self.refuse(node, f"{name} is a sum over the images of the whole batch, but a step sees one shard")
            elif isinstance(node, ast.Assign):
                for target, value in pairs(node):
                    if name_of(target) == name and not is_zero(value):
                        self.refuse(node, f"{name} is a sum over images, but does not begin with 0")

    def _check_count(self) -> None:
        """How many images there are may only bound the loops over them."""
        counts = {name_of(target) for node in self.nodes if isinstance(node, ast.Assign) for target in self.counts_of(node)} - {None, "_"}
        bounds = {id(node) for loop in self.loops for node in ast.walk(loop.iter)}
        for node in self.nodes:
            if isinstance(node, ast.Name) and node.id in counts and isinstance(node.ctx, ast.Load) and id(node) not in bounds:
                self.refuse(node, f"{node.id} is the number of images of the whole batch, but a step sees one shard")

    def counts_of(self, node: ast.Assign) -> list[ast.expr]:
        """What an assignment gives the number of images to."""
        value, (target,) = node.value, node.targets
        if self.in_lanes(shape_of(value)):
            return elements(target)[:1]
        if isinstance(value, ast.Subscript) and self.in_lanes(shape_of(value.value)) and ast.unparse(value.slice) == "0":
            return [target]
        return []

    def _check_gradients(self, body: Iterable[ast.stmt], letters: set[str]) -> None:
        """Every number of a gradient is stored once, with a sum over images, or cleared and added to."""
        summed = {name for loop in self.loops for name in self.sums(loop)}
        cleared = {array_of(node) for node in self.nodes if is_everything(node) and isinstance(node, ast.Subscript)}
        for each in body:
            if isinstance(each, ast.For | ast.If):
                inner = letters | ({name_of(each.target) or ""} if isinstance(each, ast.For) else set())
                self._check_gradients([*each.body, *each.orelse], inner)
                continue
            for target in targets([each]):
                if not self.is_gradient(target) or is_everything(target):
                    continue
                name = self.array(target)
                if isinstance(each, ast.AugAssign):
                    if name not in cleared:
                        self.refuse(each, f"{name} is added to, but not cleared before the loop: {name}[...] = 0.0")
                elif missing := sorted(letters - own_letters(target)) or (["the loop"] if name in cleared else []):
                    self.refuse(each, f"{ast.unparse(target)} is stored again in each turn of {missing[0]}: it needs one sum over images")
                elif name_of(each.value) not in summed:  # type: ignore[attr-defined,operator]
                    self.refuse(each, f"{ast.unparse(target)} is something else than a sum over images, which shards could add up")


def images_of(definition: Definition, roles: Mapping[str, str]) -> Images:
    """A definition whose arguments have these roles, checked.

    Raises
    ------
    SettingError
        "FILE:LINE: reason" if it needs more than one shard.
    """
    own = Images(definition, roles)
    own.check()
    return own


def name_of(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def shape_of(node: ast.AST) -> str | None:
    """The array of `x.shape`."""
    return name_of(node.value) if isinstance(node, ast.Attribute) and is_shape(node) else None


def loaded(node: ast.AST) -> set[str]:
    """Names that are read."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}


def assigned(node: ast.AST) -> set[str]:
    """Names that are set."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def is_everything(node: ast.AST) -> bool:
    """Whether it is `x[...]`."""
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value is ...


def is_float64(node: ast.AST) -> bool:
    """Whether it is `np.float64(...)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "float64"


def is_zero(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and len(node.args) == 1:
        return is_zero(node.args[0])
    return isinstance(node, ast.Constant) and node.value == 0


def pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    """(target, value), side by side where both are several."""
    left, right = elements(node.targets[0]), elements(node.value)
    return list(zip(left, right if len(left) == len(right) else [node.value] * len(left), strict=True))


def targets(body: Iterable[ast.stmt]) -> list[ast.expr]:
    """All that is assigned to, at any depth."""
    nodes = [node for each in body for node in ast.walk(each)]
    found = [target for node in nodes if isinstance(node, ast.Assign) for target, _ in pairs(node)]
    return found + [node.target for node in nodes if isinstance(node, ast.AugAssign)]


def plain_targets(node: ast.stmt) -> list[str]:
    """The names that one statement sets."""
    own = [target for target, _ in pairs(node)] if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
    return [each.id for each in own if isinstance(each, ast.Name)]


def own_letters(place: ast.AST) -> set[str]:
    """Letters that are an index of their own: another letter, another element."""
    found = set()
    for index in indices(place) if isinstance(place, ast.Subscript) else []:
        alone = index.args[0] if isinstance(index, ast.Call) and name_of(index.func) == "weight_tap" else index
        found.add(name_of(alone) or "")
    return found
