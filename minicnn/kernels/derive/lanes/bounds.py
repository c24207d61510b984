"""Which places of a user's loop a step looks at before it goes there.

A loop is tried before it is a step, on a few images and with every place checked.  Turns and places that follow from sizes and settings
are the same in every run, so that the trial has seen them.  What follows from values has not been seen: an index that depends on a value
or on which image it is, and any index of a place that the loop comes to only for some values.

    y[n, f] = x[n, int(x[n, 0])]         the last index
    if x[n, f] > 0: y[n, f] = slope[f]   f in slope; not f in y, if it counts over that axis of y
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from minicnn.kernels.derive.lanes.images import TABLE, Images
from minicnn.kernels.derive.syntax import assigned, elements, indices, letter_of, loaded, name_of, names_set, shape_of

Known = set[tuple[str, int, str]]  # array, axis and text of indices that lie inside, as long as their names keep their values


class Unseen:
    """Indices of one function that a trial cannot answer for.

    places : line and column of a place, and the axis of the index
    helper : whether the function is one that a definition calls, on whatever it is handed
    """

    def __init__(self, images: Images, helper: bool) -> None:
        self.images, self.places = images, set[tuple[int, int, int]]()
        self._varying = {each for each in images.function.arguments if helper and not images.is_array(each)}
        self._sizes: dict[str, tuple[str, int]] = {}
        for node in images.nodes:
            if isinstance(node, ast.Assign) and shape_of(node.value):
                self._sizes |= {name_of(each): (shape_of(node.value), axis) for axis, each in enumerate(elements(node.targets[0]))}
        before = -1
        while len(self._varying) > before:
            before = len(self._varying)
            self._vary(images.function.body, helper)
        self._statements(images.function.body, helper, set())

    def _vary(self, body: Iterable[ast.stmt], within: bool) -> None:
        """Find the names whose values depend on values; `within` is whether such a one decides that the statements are come to."""
        for each in body:
            read = getattr(each, "test", getattr(each, "iter", getattr(each, "value", None)))
            differs = within or (read is not None and self._depends(read))
            if differs:
                self._varying.update(names_set(each))
            if isinstance(each, ast.For | ast.If):
                self._vary([*each.body, *each.orelse], differs)

    def _depends(self, node: ast.AST) -> bool:
        own = self.images
        if isinstance(node, ast.Name):
            return node.id in self._varying or (node.id == own.letter and not own.flat)
        if own.array(node) and own.roles[own.array(node)] != TABLE:
            return True
        if isinstance(node, ast.Call) and name_of(node.func) != "len" and any(own.is_array(name_of(each)) for each in node.args):
            return True
        return any(map(self._depends, ast.iter_child_nodes(node)))

    def _statements(self, body: Iterable[ast.stmt], within: bool, known: Known) -> None:
        for each in body:
            if isinstance(each, ast.For):
                self._value(each.iter, within, known)
                self._forget(each, known)
                self._statements(each.body, within or self._depends(each.iter), known | self._counted(each))
                continue
            if isinstance(each, ast.If):
                self._value(each.test, within, known)
                for branch in (each.body, each.orelse):
                    self._statements(branch, within or self._depends(each.test), set(known))
            else:
                self._value(each, within, known)
            self._forget(each, known)

    def _counted(self, loop: ast.For) -> Known:
        """A letter that counts along an axis lies inside it."""
        stop = loop.iter.args[-1] if isinstance(loop.iter, ast.Call) and len(loop.iter.args) == 1 else None
        if isinstance(stop, ast.Subscript) and shape_of(stop.value):
            return {(shape_of(stop.value), int(ast.unparse(stop.slice)), letter_of(loop))}
        name = name_of(stop) if stop else ""
        return {(*self._sizes[name], letter_of(loop))} if name in self._sizes else set()

    def _forget(self, node: ast.stmt, known: Known) -> None:
        known -= {each for each in known if loaded(ast.parse(each[2])) & assigned(node)}

    def _value(self, node: ast.AST, within: bool, known: Known) -> None:
        """Walk values in the order in which they are looked at; what comes after a question may not be come to."""
        match node:
            case ast.BoolOp(values=[first, *others]) | ast.Compare(left=first, comparators=[*others]):
                self._value(first, within, known)
                after = isinstance(node, ast.BoolOp)
                for each in others:
                    self._value(each, within or (after and self._depends(node)), set(known) if after else known)
                    after = True
            case ast.IfExp(test=test, body=body, orelse=other):
                self._value(test, within, known)
                for each in (body, other):
                    self._value(each, within or self._depends(test), set(known))
            case ast.Subscript() if self.images.array(node) and not (isinstance(node.slice, ast.Constant) and node.slice.value is ...):
                self._place(node, within, known)
            case _:
                for child in ast.iter_child_nodes(node):
                    self._value(child, within, known)

    def _place(self, node: ast.Subscript, within: bool, known: Known) -> None:
        own, name = self.images, self.images.array(node)
        for axis, each in enumerate(indices(node)):
            self._value(each, within, known)
            key = name, axis, ast.unparse(each)
            of_image = axis == 0 and own.in_lanes(name) and name_of(each) == own.letter and own.letter not in self._varying
            if of_image or key in known:
                continue
            if within or self._depends(each):
                self.places.add((node.lineno, node.col_offset, axis))
            known.add(key)
