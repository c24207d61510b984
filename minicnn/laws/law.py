"""What a law is: two ways to compute the same numbers, drawn at random, and a bound on how far they may differ.

The numbers that go in lie between -1 and 1.  A sum of n products is then at most n, and so is every partial sum; each of its n products and
n additions rounds by at most u = eps / 2 of that.  To first order both ways together are wrong by at most

    roundings * u * magnitude        roundings on the longest way to a number, of both sides; magnitude of the largest partial sum

(Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.1).  It is a worst case: errors of both signs cancel, and a law
that holds stays far below.  One that does not is wrong by about 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from minicnn.errors import SettingError
from minicnn.geometry import whole_number
from minicnn.laws.draw import Draw
from minicnn.random import generator

DTYPES = ("float32", "float64")
TIERS = {"float32": "fast loops", "float64": "textbook loops"}


class Sides(NamedTuple):
    """The two sides of a law for one drawn setting.

    left, right : float arrays or numbers of one shape
    roundings : int
        On the longest way to one number, both sides together.
    magnitude : float
        A bound on every partial sum.
    equal : bool
        False says that the law does not hold here: somewhere the sides must differ by more than rounding.
    """

    left: np.ndarray | float
    right: np.ndarray | float
    roundings: float
    magnitude: float
    equal: bool = True

    @property
    def error(self) -> float:
        """How far the sides differ; infinite if their shapes differ or they are not finite."""
        left, right = np.asarray(self.left, np.float64), np.asarray(self.right, np.float64)
        if left.shape != right.shape:
            return np.inf
        distance = np.abs(left - right)
        return float(np.where(np.isnan(distance), np.inf, distance).max(initial=0.0))

    def bound(self, dtype: np.dtype) -> float:
        """How far rounding can move them apart."""
        return float(self.roundings * np.finfo(dtype).eps / 2 * self.magnitude)


def sums(left: np.ndarray, right: np.ndarray, terms: int, equal: bool = True) -> Sides:
    """Sides that are both sums of up to `terms` products of two numbers."""
    return Sides(left, right, 2 * (terms + 1), max(terms, 1), equal)


class Law(NamedTuple):
    """A named identity.

    sides : function of a Draw
        Draws a setting and yields the two sides, once or several times; its docstring has formula and source.
    """

    name: str
    statement: str
    sides: Callable[[Draw], Iterator[Sides]]


class Result(NamedTuple):
    """The result of checking a law.

    worst_error, bound : float
        Of the example closest to its bound, or furthest beyond it; or of the first whose sides should differ and do not.
    setting : str
        That example, to reproduce it.
    """

    law: str
    statement: str
    device: str
    dtype: str
    examples: int
    worst_error: float
    bound: float
    holds: bool
    setting: str


def check(law: Law, *, dtype: str = "float32", examples: int = 20, seed: int = 0) -> Result:
    """Draw `examples` settings and compare both sides; float32 runs the fast loops, float64 the textbook ones.

    The same seed draws the same settings, on every machine.
    """
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise SettingError(f"laws: dtype {dtype!r} is not one of {', '.join(DTYPES)}")
    count = whole_number("laws", "examples", examples, least=1)
    start = whole_number("laws", "seed", seed, least=0)
    worst = (-1.0, 0.0, 0.0, "")  # strain, error, bound, setting
    for number in range(count):
        draw = Draw(generator(start, "law", law.name, dtype, number), np.dtype(dtype))
        for sides in law.sides(draw):
            error, bound = sides.error, sides.bound(draw.dtype)
            if sides.equal:
                worst = max(worst, (error / bound, error, bound, draw.setting), key=lambda each: each[0])
            elif error <= bound:
                return Result(
                    law.name, law.statement, "cpu", dtype, number + 1, error, bound, False, f"{draw.setting}: here the sides should differ"
                )
    return Result(law.name, law.statement, "cpu", dtype, count, worst[1], worst[2], worst[0] <= 1.0, worst[3])
