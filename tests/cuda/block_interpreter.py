"""Run CUDA kernels on a processor at real sizes: their own Python text, cut at the barriers, compiled by Numba.

A thread block becomes an ordinary function: every stretch between two barriers is a loop over the threads, and what a thread keeps from
one stretch to the next is an array over threads.  (MCUDA, pocl and CuPBoP do the same to C.)  Loops and branches that hold a barrier are
run once for the block, after a look at whether all threads agree on them, which Numba's simulator does not take.

The types of a thread's variables are those that Numba finds for a device: int32 wraps around here as it does there.
What this does not show: races between barriers (threads run one after the other; a result that differs when they run in reverse tells of
one), faults of memory beyond NumPy's, speed.
"""

import ast
import inspect
import textwrap
from types import FunctionType

import numpy as np
from numba import njit, types

SHARED, LOCAL = "cuda.shared.array", "cuda.local.array"
BARRIER = "cuda.syncthreads()"
ASYNCHRONOUS = ("copy4", "copy1")  # whose third argument is a place
INDICES = {
    "cuda.threadIdx.x": "_t",
    "cuda.blockIdx.x": "_block",
    "cuda.blockDim.x": "_threads",
    "cuda.gridDim.x": "_blocks",
    "cuda.grid(1)": "(_block * _threads + _t)",
    "cuda.gridsize(1)": "(_blocks * _threads)",
}


class BlockLaunches:
    """Launches (`minicnn.kernels.cuda.launches`) on NumPy's arrays; grids of one axis.  Scratch memory is poisoned."""

    def __init__(self, backwards=False):
        self.backwards = backwards

    def launch(self, kernel, grid, *arguments, threads=0):
        kinds = tuple(map(kind_of, arguments))
        if (kernel.python, kinds) not in COMPILED:
            COMPILED[kernel.python, kinds] = as_blocks(kernel.python, kinds)
        COMPILED[kernel.python, kinds](grid, threads or kernel.threads, self.backwards, *arguments)

    def scratch(self, size):
        return np.full(size, np.nan, np.float32)

    def table(self, values):
        return values


COMPILED = {}


def kind_of(argument):
    """Numba's type of an array or a number."""
    kind = types.__dict__[str(np.asarray(argument).dtype)]
    if not isinstance(argument, np.ndarray):
        return kind
    return types.Array(kind, argument.ndim, "C" if argument.flags.c_contiguous else "A")


def as_blocks(python, kinds):
    """run(blocks, threads, backwards, *arguments), compiled for arguments of these types."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(python))).body[0]
    together = holds_barrier(tree) or any(each in ast.unparse(tree) for each in (SHARED, LOCAL))
    text = (BlockText if together else ThreadText)(python, kinds)
    run_block = njit(error_model="numpy")(text.function())
    names = ", ".join(text.arguments)
    grid = f"""
def {python.__name__}_of_grid(_blocks, _threads, _backwards, {names}):
    for _block in range(_blocks):
        run_block(_block, _blocks, _threads, _backwards, {names})
"""
    return njit(made(grid, f"{python.__name__}_of_grid", {"run_block": run_block}))


class ThreadText:
    """The text of a kernel whose threads have nothing to do with each other: they run one after the other as they are."""

    def __init__(self, python, kinds):
        tree = ast.parse(textwrap.dedent(inspect.getsource(python))).body[0]
        self.name, self.arguments, self.body = tree.name, [each.arg for each in tree.args.args], tree.body
        closed = inspect.getclosurevars(python)
        self.namespace = {name: on_processor(value) for name, value in {**closed.globals, **closed.nonlocals, "np": np}.items()}
        self.kept, self.local = (), ()

    def function(self):
        names = ", ".join(self.arguments)
        body = ast.fix_missing_locations(ast.Module([OfThread(self).visit(each) for each in self.body], []))
        thread = f"def {self.name}(_t, _block, _blocks, _threads, {names}):\n" + textwrap.indent(ast.unparse(body), "    ")
        run_thread = njit(error_model="numpy")(made(thread, self.name, self.namespace))
        block = f"""
def {self.name}(_block, _blocks, _threads, _backwards, {names}):
    for _turn in range(_threads):
        _t = _threads - 1 - _turn if _backwards else _turn
        run_thread(_t, _block, _blocks, _threads, {names})
"""
        return made(block, self.name, {"run_thread": run_thread})


def made(source, name, namespace):
    exec(compile(source, f"<{name} as blocks>", "exec"), namespace)
    return namespace[name]


def holds_barrier(node):
    return any(ast.unparse(each) == BARRIER for each in ast.walk(node) if isinstance(each, ast.Call))


def called(node):
    """Of `name = function(...)`, the function's name."""
    return ast.unparse(node.value.func) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else ""


class BlockText:
    """The text of a thread as the text of a block."""

    def __init__(self, python, kinds):
        tree = ast.parse(textwrap.dedent(inspect.getsource(python))).body[0]
        closed = inspect.getclosurevars(python)
        tree = CountedLoops().visit(Inlined({**closed.globals, **closed.nonlocals}).visit(tree))
        self.name, self.arguments, self.body = tree.name, [each.arg for each in tree.args.args], tree.body
        self.namespace = {name: on_processor(value) for name, value in {**closed.globals, **closed.nonlocals, "np": np}.items()}
        assigned = [each for node in self.body for each in ast.walk(node) if isinstance(each, ast.Assign)]
        self.shared = {each.targets[0].id: each.value.args[:2] for each in assigned if called(each) == SHARED}
        self.local = {each.targets[0].id: each.value.args[:2] for each in assigned if called(each) == LOCAL}
        self.places = {each.targets[0].id: each.value.args[0].id for each in assigned if called(each) == "place"}
        stored = {
            each.id for node in self.body for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        from numba.cuda.compiler import compile_cuda  # here, for `minicnn.kernels.cuda` says first which numba.cuda it is

        options = {"debug": False, "lineinfo": False, "forceinline": False, "fastmath": False}
        found = compile_cuda(python, types.void, kinds, cc=(9, 0), **options).type_annotation.typemap
        self.kept = {
            name: dtype_of([kind for key, kind in found.items() if key == name or key.startswith(f"{name}.")])
            for name in sorted(stored - set(self.shared) - set(self.local))
        }

    def function(self):
        return made(self.source(), self.name, self.namespace)

    def source(self):
        lines = [f"def {self.name}(_block, _blocks, _threads, _backwards, {', '.join(self.arguments)}):"]
        for arrays, shape in ((self.shared, "{}"), (self.local, "(_threads, {})")):
            for name, (size, dtype) in arrays.items():
                kind = ast.unparse(dtype).removeprefix("np.")
                fill = "np.nan" if kind.startswith("float") else "-7"  # what nobody has written is seen
                lines.append(f"    {name} = np.full({shape.format(ast.unparse(size))}, {fill}, np.{kind})")
        lines += [f"    {name} = np.zeros(_threads, np.{dtype})" for name, dtype in self.kept.items()]
        body = ast.fix_missing_locations(ast.Module(self.of_block(self.body), []))
        return "\n".join(lines) + "\n" + textwrap.indent(ast.unparse(body), "    ")

    def of_block(self, statements):
        """Statements of a thread as statements of a block."""
        out, stretch = [], []
        for node in statements:
            if called(node) in (SHARED, LOCAL):
                continue
            if not holds_barrier(node):
                stretch.append(node)
                continue
            out += self.by_all_threads(stretch)
            stretch = []
            if isinstance(node, ast.If):
                out += [
                    *self.agreed(node.test),
                    ast.If(ast.Name("_first"), [*self.of_block(node.body), ast.Pass()], self.of_block(node.orelse)),
                ]
            elif isinstance(node, ast.While):
                leave = [ast.If(ast.parse("not _first", mode="eval").body, [ast.Break()], [])]
                out.append(ast.While(ast.Constant(True), [*self.agreed(node.test), *leave, *self.of_block(node.body)], []))
            else:
                assert ast.unparse(node) == BARRIER, f"a barrier inside {type(node).__name__}"
        return out + self.by_all_threads(stretch)

    def by_all_threads(self, statements):
        if not statements:
            return []
        loop = ast.parse("for _turn in range(_threads):\n    _t = _threads - 1 - _turn if _backwards else _turn").body[0]
        loop.body += [OfThread(self).visit(each) for each in statements]
        return [loop]

    def agreed(self, test):
        """The condition as the first thread sees it, after a look at what the others see."""
        own = ast.unparse(OfThread(self).visit(test))
        return ast.parse(
            f"_t = 0\n_first = bool({own})\nfor _t in range(_threads):\n"
            f"    if bool({own}) != _first:\n        raise RuntimeError('a barrier that not all threads reach')"
        ).body


class Inlined(ast.NodeTransformer):
    """The statements of functions that hold a barrier, in the place of their calls, which must be statements of their own."""

    def __init__(self, namespace):
        self.namespace = namespace

    def visit_Expr(self, node):
        called = getattr(self.namespace.get(ast.unparse(node.value.func)), "py_func", None) if isinstance(node.value, ast.Call) else None
        if called is None:
            return node
        own = ast.parse(textwrap.dedent(inspect.getsource(called))).body[0]
        if not holds_barrier(own):
            return node
        names = {
            each.id: f"{own.name}_{each.id}" for each in ast.walk(own) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        given = dict(zip((each.arg for each in own.args.args), node.value.args, strict=True))
        return [Renamed(names, given).visit(each) for each in own.body if not isinstance(getattr(each, "value", None), ast.Constant)]


class Renamed(ast.NodeTransformer):
    """A function's statement with names of its own, and what it was given in the place of its arguments."""

    def __init__(self, names, given):
        self.names, self.given = names, given

    def visit_Name(self, node):
        return self.given.get(node.id) or ast.Name(self.names.get(node.id, node.id), node.ctx)


class CountedLoops(ast.NodeTransformer):
    """A loop over a range that holds a barrier, as the loop that all threads can be asked about: while letter < stop."""

    def visit_For(self, node):
        self.generic_visit(node)
        if not holds_barrier(node):
            return node
        given = node.iter.args
        first, stop = given[:2] if len(given) > 1 else (ast.Constant(0), *given)
        step = given[2] if len(given) > 2 else ast.Constant(1)
        ahead = ast.AugAssign(node.target, ast.Add(), step)
        return [
            ast.Assign([node.target], first, lineno=node.lineno),
            ast.While(ast.Compare(ast.Name(node.target.id, ast.Load()), [ast.Lt()], [stop]), [*node.body, ahead], []),
        ]


class OfThread(ast.NodeTransformer):
    """A statement of a thread as thread _t of a block does it."""

    def __init__(self, text):
        self.text, self.kept = text, {*text.kept, *text.local}

    def visit(self, node):
        index = INDICES.get(ast.unparse(node)) if isinstance(node, ast.Attribute | ast.Call) else None
        return super().visit(node) if index is None else ast.parse(index, mode="eval").body

    def visit_Name(self, node):
        return ast.Subscript(ast.Name(node.id), ast.Name("_t"), node.ctx) if node.id in self.kept else node

    def visit_Call(self, node):
        name = ast.unparse(node.func)
        if name == "place":  # the array itself is known where something is copied from there
            return self.visit(node.args[1])
        if name in ASYNCHRONOUS:
            target, at, begin, *further = node.args
            place = ast.Tuple([ast.Name(self.text.places[begin.id]), self.visit(begin)], ast.Load())
            return ast.Call(node.func, [self.visit(target), self.visit(at), place, *map(self.visit, further)], [])
        return self.generic_visit(node)


def on_processor(value):
    """An instruction or a function of a device, with all that it calls, for a processor."""
    plain = getattr(value, "plain", getattr(value, "py_func", None))
    if plain is None:
        return value
    around = {name: on_processor(plain.__globals__[name]) for name in plain.__code__.co_names if name in plain.__globals__}
    return njit(FunctionType(plain.__code__, plain.__globals__ | around, plain.__name__, plain.__defaults__, plain.__closure__))


def dtype_of(kinds):
    """Of a variable that the compiler knows under several names."""
    if any(isinstance(kind, types.Float) for kind in kinds):
        return "float64" if types.float64 in kinds else "float32"
    narrow = kinds and all(isinstance(kind, types.Integer) and kind.bitwidth <= 32 and kind.signed for kind in kinds)
    return "int32" if narrow else "int64"
