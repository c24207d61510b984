"""Every textbook loop in the module that comes with the package gives the bits of the loop that Numba compiled for this machine."""

import ctypes
import math

import numpy as np
import pytest

from minicnn.kernels import textbook
from minicnn.kernels.derive import read
from minicnn.kernels.derive.javascript import kinds_of
from minicnn.kernels.derive.kinds import FLOAT64, INT
from minicnn.page.modules import path

from ..kernels.textbook import cases

wasmtime = pytest.importorskip("wasmtime")

# exp, log and their like are the caller's there: JavaScript's in a page, Python's here; a float32 result is within one unit in the last place
LIBRARY = (
    "tanh",
    "sigmoid",
    "softmax",
    "local_response_norm",
    "lp_pool",
    "cross_entropy",
    "dice",
    "yolo",
    "elastic",
    "noise",
    "around_zero",
    "rotate",
)


def exp(x):
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def log(x):
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


F64_ADD, F64_SUB = 0xA0, 0xA1
FUNCTIONS = {"exp": exp, "log": log, "log1p": lambda x: float(np.log1p(x)), "pow": lambda x, y: float(np.power(x, y))}


class Module:
    """A module of textbook loops in wasmtime."""

    def __init__(self, code):
        engine = wasmtime.Engine()
        self.store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
        module, double = wasmtime.Module(engine, code), wasmtime.ValType.f64()
        for each in module.imports:
            function = FUNCTIONS.get(each.name) or getattr(math, each.name)
            kind = wasmtime.FuncType([double] * len(each.type.params), [double])
            linker.define(self.store, "env", each.name, wasmtime.Func(self.store, kind, function))
        self.exports = linker.instantiate(self.store, module).exports(self.store)
        self.memory = self.exports["memory"]
        self.base = self.exports["__heap_base"].value(self.store)
        self.memory.grow(self.store, 100)

    def __call__(self, loop, arguments):
        """Call a loop; the arrays as it leaves them."""
        at, flat, places = self.base, [], []
        kinds = kinds_of(read(loop))
        for value, kind in zip(arguments, kinds, strict=True):
            if isinstance(value, np.ndarray):
                at = -(-at // 16) * 16
                self.memory.write(self.store, value.tobytes(), at)
                axes = value.shape if read(loop).ranks[read(loop).arguments[len(places)]] else (value.size,)
                flat += [at, *axes]
                places.append(at)
                at += value.nbytes
            else:
                flat.append(float(value) if kind == FLOAT64 else int(value))
                places.append(0)
        guard = ctypes.c_uint32(0xABCDABCD)
        self.memory.write(self.store, bytes(guard) * 16, at)
        assert self.exports[loop.py_func.__name__](self.store, *flat) == 0
        assert self.memory.read(self.store, at, at + 64) == bytes(guard) * 16
        for value, place in zip(arguments, places, strict=True):
            if isinstance(value, np.ndarray):
                yield np.frombuffer(bytes(self.memory.read(self.store, place, place + value.nbytes)), value.dtype).reshape(value.shape)


def in_float32(value):
    """Arrays of a page are float32 or int64, its whole numbers 32 bits wide."""
    if isinstance(value, np.ndarray):
        return value.astype(np.float32 if value.dtype.kind == "f" else np.int64)
    return value % 2**31 if isinstance(value, int) else value


def differences(code, *sizes):
    """(loop, how many of its numbers differ) for each call that goes wrong."""
    module = Module(code)
    for size in sizes:
        for name, (outputs, inputs) in cases.calls("float32", cases.AXES["float32"], size).items():
            loop, given = getattr(textbook, name), [*map(in_float32, (*outputs, *inputs))] if name not in CALLED else []
            if not given:
                continue
            got = list(module(loop, given))
            loop(*given)
            for want, have in zip((each for each in given if isinstance(each, np.ndarray)), got, strict=True):
                tolerance = {"rtol": 2e-7, "atol": 1e-12} if any(word in name for word in LIBRARY) else {"rtol": 0, "atol": 0}
                if want.tobytes() != have.tobytes() and not (tolerance["rtol"] and np.allclose(have, want, equal_nan=True, **tolerance)):
                    yield name, int((want != have).sum())


CALLED = {name for name in textbook.__all__ if read(getattr(textbook, name)).called}  # they take a function


def test_every_loop():
    """The usual sizes, and some that are drawn."""
    assert not list(differences(path("textbook").read_bytes(), cases.USUAL, cases.drawn(0)))


def test_what_settings_are_called_with():
    """A docstring says of each argument what it is: a page calls a loop accordingly."""
    for name, (outputs, inputs) in cases.calls("float32", cases.AXES["float32"], cases.USUAL).items():
        if name not in CALLED:
            definition = read(getattr(textbook, name))
            for argument, kind, value in zip(definition.arguments, kinds_of(definition), (*outputs, *inputs), strict=True):
                array = {"f": "elements", "i": "ints"}[value.dtype.kind] if isinstance(value, np.ndarray) else None
                assert kind == (array or (FLOAT64 if isinstance(value, float) else INT)), f"{name}: {argument}"


def test_a_spoilt_instruction_is_found():
    """A byte that is an addition of float64 becomes a subtraction: here and there, until a call is wrong."""
    code = path("textbook").read_bytes()
    for place in [n for n in range(len(code) // 3, len(code)) if code[n] == F64_ADD][:20]:
        spoilt = code[:place] + bytes([F64_SUB]) + code[place + 1 :]
        try:
            if any(differences(spoilt, cases.USUAL)):
                return
        except (wasmtime.WasmtimeError, wasmtime.Trap, AssertionError):
            continue  # the byte was part of a number
    pytest.fail("nothing was noticed")
