"""The loop over images goes inward, as far as nothing that an image computes is needed after the loop has ended.

Images never meet, so for each of them everything still happens in the order of the textbook.  A statement that does the same for every
image is done once, and a sum in float64 becomes a row of sums, one an image, so that neighbouring numbers are added.  Two kinds of loops
are left: over all lanes, where each image computes its own, and over real images, where they are summed; a loop that does both asks at
each sum.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable

from minicnn.kernels.derive.lanes.images import Images
from minicnn.kernels.derive.syntax import Tree, assigned, inside, is_float64, loaded, name_of, names_set, targets

Statements = list[ast.stmt]


class Inward:
    """Moves the loops over images of one function.

    lanes, real : what the text calls the images of a shard, and those of them that are real
    rows : sums in float64 that every image has of its own, a row of `lanes` numbers each
    """

    def __init__(self, images: Images, lanes: str, real: str) -> None:
        self.images, self.lanes, self.real = images, lanes, real
        self.rows: set[str] = set()

    def statements(self) -> Statements:
        """The function's statements, a copy."""
        return self._moved(copy.deepcopy(list(self.images.function.body)))

    def _moved(self, body: Statements) -> Statements:
        found: Statements = []
        for each in body:
            if isinstance(each, ast.For) and self.images.counts_images(each):
                found += self._inward(each.body, each)
                continue
            if isinstance(each, ast.For | ast.If):
                each.body, each.orelse = self._moved(each.body), self._moved(each.orelse)
            found.append(each)
        return found

    def _inward(self, body: Statements, loop: ast.For) -> Statements:
        """`for n: body`, with n as far inside as it goes."""
        varying = self._varying(loop.body)
        own = varying & self.images.private(loop)
        users = [own & (assigned(each) | loaded(each)) for each in body]
        passed_on = {name for n, one in enumerate(users) for other in users[n + 1 :] for name in one & other}
        together = not all(self._is_sum(name) for name in passed_on)  # a statement needs what another has computed
        if not together:
            self.rows |= passed_on
        found: Statements = []
        held: Statements = []  # what one loop over images will do
        for each in body:
            moved: ast.stmt | None = None
            if self._same_for_all(each, varying, loop) and not (together and held):
                moved = each
            elif not together and isinstance(each, ast.For) and not self._differs(each.iter, varying):
                moved = ast.For(each.target, each.iter, self._inward(each.body, loop), [])
            elif not together and isinstance(each, ast.If) and not self._differs(each.test, varying):
                moved = ast.If(each.test, self._inward(each.body, loop), self._inward(each.orelse, loop))
            if moved:
                found += [*self._loop(loop, held), moved]
                held = []
            else:
                held.append(each)
        return found + self._loop(loop, held)

    def _loop(self, loop: ast.For, body: Statements) -> Statements:
        if not body:
            return []
        own, sums, stored = self.images, self.images.sums(loop), targets(body)
        adds = any(name_of(each) in sums or own.is_gradient(each) for each in stored)
        stores = any(own.in_lanes(own.array(each)) for each in stored)
        stop = ast.Name(self.real if adds and not stores else self.lanes, ast.Load())
        if adds and stores:
            body = [_Asking(own, sums, f"{own.letter} < {self.real}").visit(each) for each in body]
        return [ast.For(loop.target, ast.Call(ast.Name("range", ast.Load()), [stop], []), body, [])]

    def _is_sum(self, name: str) -> bool:
        """Whether a name begins with `np.float64(...)` in a loop over images, and is added to after that: its type is plain."""
        in_loops = set(inside(self.images.loops))
        begins = [node for node in self.images.nodes if isinstance(node, ast.Assign) and name in names_set(node)]
        return all(node in in_loops and is_float64(node.value) for node in begins)

    def _differs(self, tree: Tree, varying: set[str]) -> bool:
        """Whether a value depends on the image."""
        names = loaded(tree)
        return self.images.letter in names or bool(names & varying) or any(self.images.in_lanes(name) for name in names)

    def _same_for_all(self, node: ast.stmt, varying: set[str], loop: ast.For) -> bool:
        names = all(isinstance(each, ast.Name) for each in targets(node))
        return names and not self._differs(node, varying) and assigned(node) <= self.images.private(loop) - varying

    def _varying(self, body: Statements) -> set[str]:
        """Names whose value differs from image to image."""
        varying: set[str] = set()

        def look(statements: Iterable[ast.stmt], within: bool) -> None:
            for each in statements:
                read = getattr(each, "test", getattr(each, "iter", getattr(each, "value", None)))
                differs = within or (read is not None and self._differs(read, varying))
                if differs:
                    varying.update(names_set(each))
                if isinstance(each, ast.For | ast.If):
                    look([*each.body, *each.orelse], differs)

        before = -1
        while len(varying) > before:
            before = len(varying)
            look(body, False)
        return varying


class _Asking(ast.NodeTransformer):
    """Asks before each sum over images whether this one is real; the question is a name, as which nothing else looks into it."""

    def __init__(self, images: Images, sums: set[str], question: str) -> None:
        self.images, self.sums, self.question = images, sums, question

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        adds = name_of(node.target) in self.sums or self.images.is_gradient(node.target)
        return ast.If(ast.Name(self.question, ast.Load()), [node], []) if adds else node
