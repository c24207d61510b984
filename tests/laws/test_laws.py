"""The laws hold; each of them breaks where a kernel does; what they promise is written down."""

import inspect

import numpy as np
import pytest

from minicnn import kernels, laws
from minicnn.errors import SettingError
from minicnn.laws import filters, gradients, matrices, positions, sharing

BY_NAME = {law.name: law for law in laws.LAWS}
EXAMPLES = {"float32": 60, "float64": 20}


@pytest.mark.parametrize("dtype", laws.DTYPES)
@pytest.mark.parametrize("name", BY_NAME)
def test_the_law_holds(name, dtype):
    result = laws.check(BY_NAME[name], dtype=dtype, examples=EXAMPLES[dtype])
    assert result.holds, result
    assert (result.law, result.device, result.dtype, result.examples) == (name, "cpu", dtype, EXAMPLES[dtype])
    assert 0 <= result.worst_error <= result.bound
    assert 0 < result.bound < (1e-2 if dtype == "float32" else 1e-11)
    assert result.setting


def without(setting, value):
    """A function that overlooks one of its settings."""
    return lambda right: (
        lambda *arrays, **settings: right(*arrays, **{key: value if key == setting else given for key, given in settings.items()})
    )


def times(factor):
    """A result that is a little wrong."""
    return lambda right: lambda *arrays, **settings: right(*arrays, **settings) * np.float32(factor)


def nothing(right):
    """Zeros, which satisfy most identities."""
    return lambda *arrays, **settings: right(*arrays, **settings) * 0


def last_lost(right):
    """The last row, column or slice of the result is not written."""

    def broken(*arrays, **settings):
        y = right(*arrays, **settings)
        y[..., -1] = 0
        return y

    return broken


def exchanged(right):
    """With groups, the last one gets the filters of the first."""

    def broken(x, weight, **settings):
        each = len(weight) // settings.get("groups", 1)
        return right(x, np.concatenate([weight[:-each], weight[:each]]), **settings)

    return broken


BREAKS = {  # what must break a law
    "input adjoint": ("conv{}d_backward_input", times(1.001)),
    "weight adjoint": ("conv{}d_backward_weight", last_lost),
    "input gradient": ("conv{}d_backward_input", last_lost),
    "weight gradient": ("conv{}d_backward_weight", times(1.001)),
    "transposed": ("conv_transpose{}d", without("dilation", 1)),
    "matrix": ("conv_matrix", times(1.001)),
    "1x1": ("conv{}d", times(1.001)),
    "circulants": ("circulant", last_lost),
    "convolution theorem": ("circulant", last_lost),
    "flip": ("conv{}d", without("flip", False)),
    "commutativity": ("conv{}d", without("flip", False)),
    "association": ("conv{}d", without("flip", False)),
    "separable": ("conv{}d", times(1.001)),
    "dilation": ("conv{}d", without("dilation", 1)),
    "stride": ("conv{}d", last_lost),
    "groups": ("conv{}d", exchanged),
    "depthwise": ("conv{}d", exchanged),
    "tile 1": ("tiled_conv{}d", without("stride", 1)),
    "tile >= out": ("unshared_conv{}d", last_lost),
    "average pooling": ("avg_pool{}d", times(1.001)),
    "translation": ("conv{}d", last_lost),
    "translation same": ("conv{}d", nothing),
    "translation stride": ("conv{}d", nothing),
}


def damage(monkeypatch, name, change):
    for n in (1, 2, 3) if "{}" in name else (0,):
        monkeypatch.setattr(kernels, name.format(n), change(getattr(kernels, name.format(n))))


@pytest.mark.parametrize("dtype", laws.DTYPES)
@pytest.mark.parametrize("name", BY_NAME)
def test_a_broken_kernel_breaks_the_law(name, dtype, monkeypatch):
    damage(monkeypatch, *BREAKS[name])
    result = laws.check(BY_NAME[name], dtype=dtype)
    assert not result.holds
    if name in ("commutativity", "translation same", "translation stride"):
        assert result.setting.endswith(": here the sides should differ") == (name != "commutativity")
    else:
        assert result.worst_error > result.bound


def test_no_numbers_and_other_shapes_are_as_wrong_as_can_be():
    zeros = np.zeros(3)
    assert laws.Sides(zeros, np.array([0, np.nan, 0]), 1, 1.0).error == np.inf
    assert laws.Sides(zeros, np.zeros(4), 1, 1.0).error == np.inf
    assert laws.Sides(zeros, np.array([0, 2.0, -3.0]), 1, 1.0).error == 3.0
    assert laws.Sides(zeros[:0], zeros[:0], 1, 1.0).error == 0.0


def test_the_bound_is_rounding_times_magnitude():
    """A sum of n numbers of 1/3, in float32, against 3 of them at a time: never beyond the bound, and within a factor of n of it."""
    n = 3000
    one_by_one = np.float32(0)
    for _ in range(n):
        one_by_one += np.float32(1 / 3)
    sides = laws.Sides(one_by_one, n * float(np.float32(1 / 3)), n, n / 3)
    assert sides.bound(np.dtype(np.float32)) / n < sides.error <= sides.bound(np.dtype(np.float32))


def test_the_seed_decides():
    law = BY_NAME["input adjoint"]
    assert laws.check(law, examples=3) == laws.check(law, examples=3)
    assert laws.check(law, examples=3).setting != laws.check(law, examples=3, seed=1).setting


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("dtype 'float16' is not one of float32, float64", {"dtype": "float16"}),
        ("examples is 0, but must be at least 1", {"examples": 0}),
        ("seed is -1, but must be at least 0", {"seed": -1}),
    ],
)
def test_what_is_refused(words, settings):
    with pytest.raises(SettingError, match=f"laws: {words}"):
        laws.check(BY_NAME["flip"], **settings)


def test_every_law_is_listed_once_and_says_where_it_comes_from():
    functions = [law.sides for law in laws.LAWS]
    defined = [
        function
        for module in (filters, gradients, matrices, positions, sharing)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]
    assert sorted(map(repr, functions)) == sorted(map(repr, defined))
    assert len(BY_NAME) == len(functions)
    for law in laws.LAWS:
        _, _, rest = inspect.getdoc(law.sides).partition("\n\n    ")
        formula, _, reasons = rest.partition("\n\n")
        assert "=" in formula, law.name
        assert reasons, law.name
