"""Whether a loop can do with one shard of the images, and if not, why.

A step of a plan sees the images of one shard.  So a loop may compute each image by itself, and it may sum over images into the gradient
of a parameter, where shards add up; anything else needs the whole batch, and is refused with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.flow import from_before
from minicnn.kernels.derive.lanes.images import NOTHING, PARAMETER, TABLE, Images
from minicnn.kernels.derive.syntax import (
    array_of,
    indices,
    inside,
    is_everything,
    letter_of,
    letters,
    loaded,
    name_of,
    pairs,
    shape_of,
    targets,
)


def images_of(definition: Definition, roles: Mapping[str, str]) -> Images:
    """A definition whose arguments have these roles, checked.

    Raises
    ------
    SettingError
        "FILE:LINE: reason" if it needs more than one shard.
    """
    own = Images(definition, roles)
    if own.flat:
        _check_flat(own)
        return own
    if own.letter and not own.loops:
        own.refuse(None, f"{own.letter} is not the letter of a loop, but images are counted by one: for {own.letter} in range(...)")
    for loop in own.loops:
        _check_loop(own, loop)
    for node in own.nodes:
        if isinstance(node, ast.Subscript) and own.array(node):
            _check_place(own, node)
    _check_count(own)
    _check_gradients(own, definition.body, set())
    return own


def _check_flat(own: Images) -> None:
    for name in own.function.arrays:
        if own.function.ranks.get(name, 0) or not own.in_lanes(name):
            own.refuse(None, f"some arrays are walked by .flat, but {name} is not, or belongs to no image")
    letter = own.letter
    for loop in own.nodes:
        stop = loop.iter.args if isinstance(loop, ast.For) and isinstance(loop.iter, ast.Call) else []
        if isinstance(loop, ast.For) and name_of(loop.target) == letter:
            if not (len(stop) == 1 and isinstance(stop[0], ast.Attribute) and stop[0].attr == "size"):
                own.refuse(
                    loop,
                    f"{letter} walks arrays by .flat in {ast.unparse(loop.iter)}: all places are walked, range({own.function.arrays[0]}.size)",
                )
            break
    else:
        own.refuse(None, f"{letter} is not the letter of a loop, but places of .flat are walked by one")
    places = sum(own.array(node) != "" for node in own.nodes)
    if sum(name_of(node) == letter and isinstance(node.ctx, ast.Load) for node in own.nodes if isinstance(node, ast.Name)) != places:
        own.refuse(None, f"{letter} counts places in the order of this loop's arrays, and stands for more than .flat[{letter}]")


def _check_loop(own: Images, loop: ast.For) -> None:
    letter, private = own.letter, own.private(loop)
    if not (isinstance(loop.iter, ast.Call) and len(loop.iter.args) == 1):
        own.refuse(loop, f"{letter} counts images in {ast.unparse(loop.iter)}: all of them are counted, from 0")
    if not _is_count(own, loop.iter.args[0]):
        first = next(each for each in own.roles if own.in_lanes(each))
        own.refuse(loop, f"{letter} counts images in {ast.unparse(loop.iter)}, which is not their number: use range({first}.shape[0])")
    if letter in letters(loop.body):
        own.refuse(loop, f"{letter} counts images in a loop inside this one, but images of a batch do not see each other")
    for read in from_before(loop.body):
        if name_of(read) in private:
            own.refuse(read, f"{name_of(read)} is carried from one image to the next, but images of a batch do not see each other")
    within, left = set(inside(own.loops)), private - letters(own.function.body)
    for node in own.nodes:
        if name_of(node) in left and loaded(node) and node not in within:
            own.refuse(node, f"{name_of(node)} is left by the last image, and read after the loop over images")
    for name in sorted(own.sums(loop)):
        _check_sum(own, name)


def _is_count(own: Images, stop: ast.expr) -> bool:
    """Whether a value is the number of images: N, x.shape[0] or len(x)."""
    match stop:
        case ast.Subscript(value=shape, slice=ast.Constant(value=0)):
            return own.in_lanes(shape_of(shape))
        case ast.Call(func=ast.Name(id="len"), args=[array]):
            return own.in_lanes(name_of(array))
    given = [target for node in own.nodes if isinstance(node, ast.Assign) for target in own.counts_of(node)]
    return name_of(stop) in {name_of(each) for each in given} - {""}


def _check_sum(own: Images, name: str) -> None:
    """A sum over images begins with 0 and goes to a gradient as it is: shards add what they have."""
    stored = {node.value for node in own.nodes if isinstance(node, ast.Assign) and own.is_gradient(node.targets[0])}
    for node in own.nodes:
        if isinstance(node, ast.AugAssign) and name_of(node.target) == name:
            if not isinstance(node.op, ast.Add | ast.Sub):
                own.refuse(node, f"{name} joins images by something else than a sum")
        elif name_of(node) == name and loaded(node) and node not in stored:
            own.refuse(node, f"{name} is a sum over the images of the whole batch, but a step sees one shard")
        elif isinstance(node, ast.Assign) and any(name_of(target) == name and not _is_zero(value) for target, value in pairs(node)):
            own.refuse(node, f"{name} is a sum over images, but does not begin with 0")


def _check_place(own: Images, node: ast.Subscript) -> None:
    name = own.array(node)
    if isinstance(node.ctx, ast.Store) and own.roles[name] in (PARAMETER, TABLE, NOTHING):
        own.refuse(node, f"{name} is stored to, but a step stores values of images and gradients of parameters")
    if isinstance(node.ctx, ast.Load) and own.is_gradient(node):
        own.refuse(node, f"{name}, the gradient of the whole batch, is read, but a step sees one shard of it")
    if not own.in_lanes(name) and own.letter and own.letter in loaded(indices(node)):
        own.refuse(node, f"{ast.unparse(node)} is of image {own.letter}, but {name} belongs to no image")


def _check_count(own: Images) -> None:
    """How many images there are may only bound the loops over them."""
    counts = {name_of(target) for node in own.nodes if isinstance(node, ast.Assign) for target in own.counts_of(node)} - {"", "_"}
    bounds = set(inside(loop.iter for loop in own.loops))
    for node in own.nodes:
        if name_of(node) in counts and loaded(node) and node not in bounds:
            own.refuse(node, f"{name_of(node)} is the number of images of the whole batch, but a step sees one shard")


def _check_gradients(own: Images, body: Iterable[ast.stmt], around: set[str]) -> None:
    """Every number of a gradient is stored once, with a sum over images, or cleared and added to.

    around : letters of the loops around the statements
    """
    cleared = {array_of(node) for node in own.nodes if is_everything(node)}
    for each in body:
        if isinstance(each, ast.For | ast.If):
            _check_gradients(own, [*each.body, *each.orelse], around | ({letter_of(each)} if isinstance(each, ast.For) else set()))
            continue
        for target in targets(each):
            if not isinstance(target, ast.Subscript) or not own.is_gradient(target) or is_everything(target):
                continue
            name = array_of(target)
            hint = f"\n  or add it up in a name first: total = np.float64(0.0), at last {ast.unparse(target)} = total"
            if isinstance(each, ast.AugAssign):
                if name not in cleared:
                    own.refuse(each, f"{name} is added to, but not cleared before the loop: {name}[...] = 0.0{hint}")
            elif again := sorted(around - _own_letters(target)) or (["the loop"] if name in cleared else []):
                own.refuse(each, f"{ast.unparse(target)} is stored again in each turn of {again[0]}: it needs one sum over images")
            elif isinstance(each, ast.Assign) and name_of(each.value) not in own.all_sums:
                own.refuse(each, f"{ast.unparse(target)} is something else than a sum over images, which shards could add up{hint}")


def _is_zero(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and len(node.args) == 1:
        return _is_zero(node.args[0])
    return isinstance(node, ast.Constant) and node.value == 0


def _own_letters(place: ast.Subscript) -> set[str]:
    """Letters that are an index of their own: another letter, another element."""
    turned = [each.args[0] if isinstance(each, ast.Call) and name_of(each.func) == "weight_tap" else each for each in indices(place)]
    return {name_of(each) for each in turned}
