"""Thousands of random calls of all public functions, most of them wrong: a MinicnnError, or the right result.

MINICNN_WRONG_CALLS says how many (default 1000); `MINICNN_WRONG_CALLS=10000 pytest tests/kernels/test_random_calls.py` is the long run.
NUMBA_BOUNDSCHECK=1 with a fresh NUMBA_CACHE_DIR checks indices as well, in all loops but those of float32, which read through pointers.
MINICNN_CALL=1234 repeats one call of the stream.
"""

import os
from collections import Counter

import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import MinicnnError
from minicnn.kernels import memory

from .comparing import laid_out, poison  # noqa: F401
from .right_calls import LOSSES, recipes

CALLS = int(os.environ.get("MINICNN_WRONG_CALLS", "1000"))
ONE = os.environ.get("MINICNN_CALL")
RECIPES = recipes()
ARRAYS = (
    "x",
    "y",
    "dy",
    "dx",
    "weight",
    "bias",
    "w",
    "logits",
    "gamma",
    "beta",
    "mean",
    "variance",
    "running_mean",
    "running_variance",
    "found",
    "others",
)
TARGETS = ("labels", "target")  # whole numbers, or numbers of the type of the scores
KEPT = ("law", "axes", "compiled")  # what is never spoiled: a variant and a law are what they are

SETTINGS = [
    -1,
    0,
    1,
    2,
    3,
    7,
    2**31 - 1,
    2**31,
    2**40,
    -(2**40),
    10**400,
    1.0,
    2.5,
    float("nan"),
    float("inf"),
    -0.5,
    1e-300,
    1j,
    None,
    True,
    False,
    "same",
    "valid",
    "full",
    "2",
    "",
    "max",
    "fft",
    "winograd",
    b"1",
    (),
    (1,),
    (1, 2),
    (2, 2, 2),
    (1, 2, 3, 4),
    (1, None),
    (1, -1),
    (1.0, 2.0),
    ("1", "1"),
    ((1, 2),),
    ((1, 2), (0, 1)),
    ((1, 2), (0, 1), (2, 0)),
    ((1,), (2,)),
    ((1, 2, 3), 1),
    [1, 2],
    [],
    {},
    {1, 2},
    range(2),
    np.int8(2),
    np.float32(2.0),
    np.array(2),
    np.array([1, 2]),
    np.array(2.0),
    object,
    Ellipsis,
]
DTYPES = [
    "float16",
    "float32",
    "float64",
    "longdouble",
    "int8",
    "int64",
    "uint64",
    "bool",
    "complex64",
    "complex128",
    "object",
    "U8",
    "M8[s]",
    ">f4",
    ">f8",
]


class Hostile:
    """An array type that refuses in its own words."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("not today")


def spoil_array(rng, array):
    """Another array, or what is none."""
    kind = rng.integers(0, 9)
    if kind <= 1:
        dtype = DTYPES[rng.integers(len(DTYPES))]
        return array.astype(dtype) if array.dtype.kind == "f" == np.dtype(dtype).kind else np.zeros(array.shape, dtype)
    if kind == 2:
        other = [None, 7, 1.5, "x", {}, [[1.0], [2.0, 3.0]], [None], object(), Hostile(), b"abc", (), [[]], np.zeros(()), lambda: 0]
        return other[rng.integers(len(other))]
    if kind == 3:
        return array.tolist()
    if kind == 4:
        return [array[None], array.reshape(-1), array[..., None], array.T, np.zeros((1,) * 9, array.dtype)][rng.integers(5)]
    axis = rng.integers(max(1, array.ndim))
    if kind == 5 and array.ndim:
        return np.take(array, [], axis)
    if kind == 6 and array.ndim:
        return np.concatenate([array, array], axis) if rng.integers(2) else np.take(array, range(array.shape[axis] - 1), axis)
    if kind == 7 and array.dtype == np.int64:
        return array + [1, -1, 7, 2**40, -(2**62)][rng.integers(5)]
    layout = ["channels last", "every other", "reversed", "columns"][rng.integers(4)]
    return np.asfortranarray(array) if array.ndim < 2 or array.dtype.kind != "f" or layout == "columns" else laid_out(array, layout)


def spoil_setting(rng, value):
    """Another setting, or one entry of it."""
    if isinstance(value, (tuple, list)) and value and rng.integers(3):
        entries = list(value)
        entries[rng.integers(len(entries))] = SETTINGS[rng.integers(len(SETTINGS))]
        return type(value)(entries if rng.integers(4) else entries[1:] if rng.integers(2) else [*entries, 1])
    return SETTINGS[rng.integers(len(SETTINGS))]


def drawn_call(number):
    """A recipe and its arguments, three of four times spoiled in one to three places."""
    rng = np.random.default_rng([2024, number])
    recipe = RECIPES[rng.integers(len(RECIPES))]
    given = recipe.draw(rng)
    names = [name for name in given if name not in KEPT]
    for _ in range(rng.integers(1, 4) if rng.integers(4) else 0):
        name = names[rng.integers(len(names))]
        if name == "examples" or (name == "index_map" and rng.integers(2)):
            continue  # two billion examples are legal
        given[name] = (spoil_array if isinstance(given[name], np.ndarray) else spoil_setting)(rng, given[name])
    return recipe, given


def in_the_other_type(given):
    """The same call in float64 where it was float32, and the other way round, by the textbook where that can be asked for."""
    other = dict(given)
    for name, value in given.items():
        if name == "factors":
            other[name] = [switched(np.asarray(each)) for each in value]
        elif (name in TARGETS and np.asarray(value).dtype.kind == "f" and np.asarray(value).size) or (
            name in ARRAYS and value is not None and not (name == "beta" and np.isscalar(value))
        ):
            other[name] = switched(np.asarray(value))
    if "algorithm" in other:
        other["algorithm"] = "textbook"
    return other


def switched(array):
    return array.astype({"float32": np.float64, "float64": np.float32}[array.dtype.name])


def the_type_of(given):
    """The dtype of the call's arrays; a call with others, or with several, must not have come this far."""
    found = {
        np.asarray(value).dtype
        for name, value in given.items()
        if name in ARRAYS and value is not None and not (name == "beta" and "gamma" not in given)
    }
    found |= {np.asarray(each).dtype for each in given.get("factors", ())}
    targets = [np.asarray(given[name]) for name in TARGETS if name in given]
    found |= {each.dtype for each in targets if each.dtype.kind == "f" and each.size}
    assert len(found) <= 1, f"served arrays of {found}"
    assert found <= {np.dtype(np.float32), np.dtype(np.float64)}, f"served arrays of {found}"
    return found.pop() if found else None


def results(result):
    """All arrays and numbers of a result."""
    if isinstance(result, (tuple, list)):
        return [each for part in result for each in results(part)]
    return [] if result is None else [np.asarray(result)]


def judge(recipe, given, result):
    """A result must be of the type of its arguments, and what the other loops compute in the other type."""
    dtype = the_type_of(given)
    if recipe.name in ("laws.check", "variant", "fourier_basis", "circulant_eigenvalues"):
        return
    for each in results(result):
        assert each.dtype == dtype or each.dtype == np.int64 or recipe.name in LOSSES, f"result of {each.dtype}"
    with np.errstate(all="ignore"):
        wanted = recipe.function(**in_the_other_type(given))
    assert len(results(result)) == len(results(wanted))
    for pair in zip(results(result), results(wanted), strict=True):
        assert pair[0].shape == pair[1].shape
        fast, exact = (each.astype(np.float64) for each in sorted(pair, key=lambda each: each.dtype.itemsize))
        plain = np.isfinite(exact)
        np.testing.assert_array_equal(fast[~plain], exact[~plain])
        plain &= abs(exact) < 1e30  # what float32 may hold
        # float32 rounds sums of some hundred terms, and settings such as a power of 7 magnify it
        assert abs(fast[plain] - exact[plain]).max(initial=0) <= 1e-4 * abs(exact[plain]).max(initial=1e-3)


@pytest.fixture
def little_memory(monkeypatch):
    """16 MiB: a result that is larger is refused, so that a huge setting is neither slow nor a matter of the machine."""
    monkeypatch.setattr(memory, "ASKED_BYTES", 0)
    monkeypatch.setattr(memory, "free_bytes", lambda: 1 << 24)


def outcome(recipe, given):
    """The name of a MinicnnError whose first line says where, or "result" for a right one."""
    try:
        result = recipe.function(**given)
    except MinicnnError as error:
        told = error.headline.startswith(recipe.name.partition(".")[0])  # "variant.forward" says "variant 'name'"
        return type(error).__name__ if told else f"no place in: {error.headline}"
    judge(recipe, given, result)
    return "result"


def test_every_call_is_served_or_refused(little_memory):
    outcomes = Counter()
    for number in range(CALLS) if ONE is None else [int(ONE)]:
        recipe, given = drawn_call(number)
        try:
            found = outcome(recipe, given)
            assert found in ("result", "ShapeError", "SettingError", "DeviceError", "DataError")
        except Exception as error:
            pytest.fail(f"MINICNN_CALL={number}: {recipe.name}({given})\n{type(error).__name__}: {error}")
        outcomes[found] += 1
    if os.environ.get("MINICNN_REPORT"):
        print(f"\n{sum(outcomes.values())} calls: {dict(outcomes)}")
    if ONE is None:
        assert outcomes["result"] > CALLS / 5
        assert outcomes["ShapeError"] > CALLS / 20
        assert outcomes["SettingError"] > CALLS / 10


def test_every_function_is_called():
    assert {recipe.name for recipe in RECIPES} >= set(kernels.__all__) - {"textbook", "Variant", "image_kernels"}
