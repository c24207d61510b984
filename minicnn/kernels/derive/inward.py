"""The loop over images goes inward, as far as nothing that an image computes is needed after the loop has ended.

Images never meet, so for each of them everything still happens in the order of the textbook.  A statement that does the same for every
image is done once, and a sum in float64 becomes a row of sums, one an image, so that neighbouring numbers are added.  Two kinds of loops are left: over all lanes, where each image computes its own, and over real images, where they are
summed; a loop that does both asks at each sum.
"""

from __future__ import annotations

import ast
import copy

from minicnn.kernels.derive.images import Images, Statements, assigned, is_float64, loaded, name_of, plain_targets, targets


class Inward:
    """Moves the loops over images of one function.

    lanes, real : what the text calls the images of a shard, and those of them that are real
    asking : the loops left that compute lanes and sum, each with the names it sums into
    rows : sums in float64 that every image has of its own, a row of `lanes` numbers each
    """

    def __init__(self, images: Images, lanes: str, real: str) -> None:
        self.images, self.lanes, self.real = images, lanes, real
        self.asking: dict[int, set[str]] = {}
        self.rows: set[str] = set()

    def statements(self) -> Statements:
        """The function's statements, a copy."""
        return self._moved(copy.deepcopy(self.images.body))

    def _moved(self, body: Statements) -> Statements:
        found: Statements = []
        for each in body:
            if self.images.counts_images(each) and not self.images.flat:
                found += self._inward(each.body, each)  # type: ignore[attr-defined,arg-type]
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

        def close() -> None:
            if held:
                found.append(self._loop(loop, held.copy()))
                held.clear()

        for each in body:
            if self._same_for_all(each, varying, loop) and not (together and held):
                close()
                found.append(each)
            elif not together and isinstance(each, ast.For) and not self._differs(each.iter, varying):
                close()
                found.append(ast.For(each.target, each.iter, self._inward(each.body, loop), []))
            elif not together and isinstance(each, ast.If) and not self._differs(each.test, varying):
                close()
                found.append(ast.If(each.test, self._inward(each.body, loop), self._inward(each.orelse, loop)))
            else:
                held.append(each)
        close()
        return found

    def _loop(self, loop: ast.For, body: Statements) -> ast.For:
        own, sums, stored = self.images, self.images.sums(loop), targets(body)
        adds = any(name_of(each) in sums or own.is_gradient(each) for each in stored)
        stores = any(own.in_lanes(own.array(each)) for each in stored)
        stop = ast.Name(self.real if adds and not stores else self.lanes, ast.Load())
        made = ast.For(loop.target, ast.Call(ast.Name("range", ast.Load()), [stop], []), body, [])
        if adds and stores:
            self.asking[id(made.target)] = sums
        return made

    def _is_sum(self, name: str) -> bool:
        """Whether a name begins with `np.float64(...)` in a loop over images, and is added to after that: its type is plain."""
        begins = [node for node in self.images.nodes if isinstance(node, ast.Assign) and name in plain_targets(node)]
        inside = {node.lineno for loop in self.images.loops for node in ast.walk(loop) if isinstance(node, ast.Assign)}
        return all(node.lineno in inside and is_float64(node.value) for node in begins)

    def _differs(self, node: ast.AST, varying: set[str]) -> bool:
        """Whether a value depends on the image."""
        names = loaded(node)
        return self.images.letter in names or bool(names & varying) or any(self.images.in_lanes(name) for name in names)

    def _same_for_all(self, node: ast.stmt, varying: set[str], loop: ast.For) -> bool:
        stored = targets([node])
        return (
            not self._differs(node, varying)
            and assigned(node) <= self.images.private(loop) - varying
            and all(isinstance(each, ast.Name) for each in stored)
        )

    def _varying(self, body: Statements) -> set[str]:
        """Names whose value differs from image to image."""
        varying: set[str] = set()

        def look(statements: Statements, inside: bool) -> None:
            for each in statements:
                read = getattr(each, "test", getattr(each, "iter", getattr(each, "value", None)))
                differs = inside or (read is not None and self._differs(read, varying))
                if differs:
                    varying.update(plain_targets(each))
                if isinstance(each, ast.For | ast.If):
                    look([*each.body, *each.orelse], differs)

        before = -1
        while len(varying) > before:
            before = len(varying)
            look(body, False)
        return varying
