"""A custom convolution from one small function: which input and which weight every tap of every output reads.

    from minicnn import kernels

    H, W = 28, 28
    def circular(k, p, q, c, r, s):                       # output filter and position, then tap
        return c, (p + r) % H, (q + s) % W, (k * 3 + r) * 3 + s   # channel, row, column, weight

    layer = kernels.variant(circular, input_shape=(1, H, W), output_shape=(6, H, W), taps=(1, 3, 3))
    y = layer.forward(x, weight, bias)

The map is evaluated once, and checked; its results then run like a built-in convolution: float32 on the register tiles, float64 in
the textbook loops, which call the map itself, and arrays of a CUDA device as threads that sum what the map's table says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import shape_text, whole_number
from minicnn.kernels import textbook
from minicnn.kernels.checks.arrays import (
    OUT_LETTERS,
    SPACE_LETTERS,
    TAP_LETTERS,
    as_float_arrays,
    check_axes,
    check_shape,
    contiguous,
    empty,
)
from minicnn.kernels.cpu.convolution import variant_call as fast
from minicnn.kernels.cpu.convolution.variant_lowering import Tables, find_tables
from minicnn.kernels.dispatch import by_loop, run, variant_on_device
from minicnn.kernels.gradient_check import worst_relative_error
from minicnn.kernels.index_table import MOST_WEIGHTS, IndexMap, Reads, Uses, by_weight, tabulate, three
from minicnn.random import generator

__all__ = ["Variant", "variant"]

CHECKED_IMAGES = 2


class Variant:
    """A convolution defined by its index map; made by `variant`.

    input_shape, output_shape, weight_shape : tuple of int
        (C, *in), (K, *out), and that of the weights.
    taps : tuple of int
        (channels, *taps) that the map is called for.
    index_map : function of (k, o, p, q, c, t, r, s)
        The map as the loops call it, on three axes.
    """

    def __init__(
        self,
        name: str,
        index_map: IndexMap,
        compiled: bool,
        reads: Reads,
        input_shape: tuple[int, ...],
        output_shape: tuple[int, ...],
        taps: tuple[int, ...],
        weight_shape: tuple[int, ...],
    ) -> None:
        self.name = name
        self.input_shape, self.output_shape, self.taps, self.weight_shape = input_shape, output_shape, taps, weight_shape
        self.index_map, self._compiled, self.reads = index_map, compiled, reads

    @property
    def weight_count(self) -> int:
        """Weights."""
        return prod(self.weight_shape)

    @property
    def parameter_count(self) -> int:
        """Weights, and one bias per filter."""
        return self.weight_count + self.output_shape[0]

    @property
    def multiplication_count(self) -> int:
        """Multiplications for one image, without taps that the map skips."""
        return len(self.reads.weight)

    @property
    def connections(self) -> int:
        """Multiplications, and one bias per output: LeCun, Bottou, Bengio, Haffner, 1998, count layers this way."""
        return self.multiplication_count + prod(self.output_shape)

    @property
    def unused_weight_count(self) -> int:
        """Weights that no tap reads."""
        return self.weight_count - len(np.unique(self.reads.weight))

    def forward(self, x: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> np.ndarray:
        """y (N, K, *out) from x (N, C, *in), weight and bias (K,)."""
        given = {"x": x, "weight": weight} | ({} if bias is None else {"bias": bias})
        x, weight, *rest = as_float_arrays(self._where, **given)
        self._check_images("x", x, self.input_shape, "C", SPACE_LETTERS)
        self._check_weight(weight)
        if rest:
            check_shape(self._where, "bias", rest[0], self.output_shape[:1], "K")
        y = empty(self._where, (len(x), *self.output_shape), x)
        x, weight, bias = contiguous(x), contiguous(weight).reshape(-1), contiguous(rest[0]) if rest else None
        if type(x) is not np.ndarray:
            variant_on_device().forward(y, x, weight, bias, self._on_device)
        elif x.dtype == np.float32:
            fast.forward(y, x, weight, bias, self.tables)
        else:
            none = np.zeros(self.output_shape[0])
            self._loop("forward")(_wide(y), _wide(x), weight, none if bias is None else bias, self.index_map, three(self.taps))
        return y

    def backward_input(self, dy: ArrayLike, weight: ArrayLike) -> np.ndarray:
        """Gradient with respect to x: dx (N, C, *in)."""
        dy, weight = as_float_arrays(self._where, dy=dy, weight=weight)
        self._check_images("dy", dy, self.output_shape, "K", OUT_LETTERS)
        self._check_weight(weight)
        dx = empty(self._where, (len(dy), *self.input_shape), dy)
        dy, weight = contiguous(dy), contiguous(weight).reshape(-1)
        if type(dy) is not np.ndarray:
            variant_on_device().backward_input(dx, dy, weight, self._on_device)
        elif dy.dtype == np.float32:
            fast.backward_input(dx, dy, weight, self.tables)
        else:
            self._loop("backward_input")(_wide(dx), _wide(dy), weight, self.index_map, three(self.taps))
        return dx

    def backward_weight(self, dy: ArrayLike, x: ArrayLike) -> np.ndarray:
        """Gradient with respect to weight, in its shape; that of the bias is `dy` summed over images and positions."""
        dy, x = as_float_arrays(self._where, dy=dy, x=x)
        self._check_images("dy", dy, self.output_shape, "K", OUT_LETTERS)
        self._check_images("x", x, self.input_shape, "C", SPACE_LETTERS)
        if len(dy) != len(x):
            raise ShapeError(f"{self._where}: dy has {len(dy)} images, but x has {len(x)}\n  dy  {dy.shape}\n  x   {x.shape}")
        dweight = empty(self._where, self.weight_shape, x)
        dy, x = contiguous(dy), contiguous(x)
        if by_loop(x):
            flat_dy, flat_x = dy.reshape(len(dy), prod(self.output_shape)), x.reshape(len(x), prod(self.input_shape))
            run(textbook.variant_backward_weight, dweight.reshape(-1), flat_dy, flat_x, *self.uses)
        else:
            fast.backward_weight(dweight, dy, x, self.tables)
        return dweight

    def check_gradients(self, seed: int = 0) -> float:
        """The worst relative error of both gradients against central differences, in float64.

        At random x, weight and dy, drawn from the seed; the result should be about 1e-12.
        """
        stream = generator(whole_number(self._where, "seed", seed, least=0), "variant", "gradients")
        x, dy, weight = (
            stream.uniform(-1, 1, shape)
            for shape in ((CHECKED_IMAGES, *self.input_shape), (CHECKED_IMAGES, *self.output_shape), self.weight_shape)
        )
        dx, dweight = self.backward_input(dy, weight), self.backward_weight(dy, x)
        return max(
            worst_relative_error(lambda: self.forward(x, weight), array, gradient, dy, stream)
            for array, gradient in ((x, dx), (weight, dweight))
        )

    def __repr__(self) -> str:
        unused = f", {self.unused_weight_count:,} of them unused" if self.unused_weight_count else ""
        biases = f"{self.output_shape[0]:,} bias" + ("es" if self.output_shape[0] > 1 else "")
        return (
            f"<Variant {self.name!r}: {shape_text(self.input_shape)} -> {shape_text(self.output_shape)},"
            f" {self.parameter_count:,} parameters ({self.weight_count:,} weights{unused}, {biases}),"
            f" {self.multiplication_count:,} multiplications" + ("" if self._compiled else ", index map in Python") + ">"
        )

    @property
    def _where(self) -> str:
        return f"variant {self.name!r}"

    @cached_property
    def tables(self) -> Tables:
        """What the fast passes walk, a convolution of a network's too."""
        key = hashlib.sha256(repr((self.input_shape, self.output_shape, self.weight_count)).encode())
        for array in self.reads:
            key.update(array.tobytes())
        return find_tables(key.digest(), self.reads, self.input_shape, self.output_shape, self.weight_count)

    @cached_property
    def _on_device(self) -> Any:
        return variant_on_device().tables(self.reads, self.input_shape, self.output_shape)

    @cached_property
    def uses(self) -> Uses:
        return by_weight(self.reads, self.weight_count)

    def _loop(self, part: str) -> Any:
        loop = getattr(textbook, f"variant_{part}")
        return loop if self._compiled else getattr(loop, "py_func", loop)

    def _check_images(self, name: str, array: np.ndarray, shape: tuple[int, ...], channel: str, letters: dict[int, str]) -> None:
        every = f"N {channel} {letters[len(shape) - 1]}"
        check_axes(self._where, name, array, every)
        check_shape(self._where, name, array, (len(array), *shape), every)

    def _check_weight(self, weight: np.ndarray) -> None:
        if weight.shape != self.weight_shape:
            raise ShapeError(
                f"{self._where}: weight has the shape {weight.shape}, but needs {self.weight_shape}"
                f"\n  weight  {weight.shape}\n  wanted  {self.weight_shape}\n  weight_shape=... sets another"
            )


def variant(
    index_map: IndexMap,
    *,
    input_shape: Sequence[int],
    output_shape: Sequence[int],
    taps: Sequence[int],
    weight_shape: Sequence[int] | None = None,
    name: str | None = None,
    compiled: bool = True,
) -> Variant:
    """Build a convolution from the function that says what every tap reads.

    Parameters
    ----------
    index_map : function of whole numbers
        (channel, row, column, weight index) = index_map(k, p, q, c, r, s) for images; a position outside the input, or a negative
        weight index, skips the tap.  Signals: (channel, column, weight index) = index_map(k, q, c, s).  Volumes:
        (channel, slice, row, column, weight index) = index_map(k, o, p, q, c, t, r, s).
        It may use numbers, tuples and NumPy arrays from its scope, with their current values.
    input_shape, output_shape : (C, *in), (K, *out)
    taps : (channels, *taps)
        The ranges of c, r and s.
    weight_shape : tuple of int, optional
        The shape of the weights, counted in C order; without it, one axis up to the largest index.
    name : str, optional
        For messages; by default that of the function.
    compiled : bool
        False lets Python call a function that Numba cannot compile: float32 stays as fast, float64 is slow.

    Raises
    ------
    ShapeError, SettingError
        If there are too many taps, or the map fails or returns something other than these numbers.

    Examples
    --------
    A filter that wraps around: what leaves on the right enters on the left.

    >>> import numpy as np
    >>> from minicnn import kernels
    >>> def circular(k, q, c, s):
    ...     return c, (q + s) % 5, s
    >>> layer = kernels.variant(circular, input_shape=(1, 5), output_shape=(1, 5), taps=(1, 2))
    >>> layer
    <Variant 'circular': 1 x 5 -> 1 x 5, 3 parameters (2 weights, 1 bias), 10 multiplications>
    >>> layer.forward(np.array([[[1.0, 2.0, 3.0, 4.0, 5.0]]]), np.array([1.0, 10.0]))
    array([[[21., 32., 43., 54., 15.]]])
    >>> layer.check_gradients() < 1e-12
    True

    LeNet-5's layer C3: each of its 16 maps (columns) sees some of the 6 below it (rows), with 60 filters in all.  LeCun, Bottou, Bengio,
    Haffner, "Gradient-based learning applied to document recognition", 1998, table I.

    >>> rows = ("X...XXX..XXXX.XX", "XX...XXX..XXXX.X", "XXX...XXX..X.XXX", ".XXX..XXXX..X.XX", "..XXX..XXXX.XX.X", "...XXX..XXXX.XXX")
    >>> sees = np.array([list(row) for row in rows]).T == "X"
    >>> number = np.where(sees, np.cumsum(sees).reshape(16, 6) - 1, -1)
    >>> def c3(k, p, q, c, r, s):   # where there is no filter its number is -1, and the weight index negative: no tap
    ...     return c, p + r, q + s, number[k, c] * 25 + r * 5 + s
    >>> kernels.variant(c3, input_shape=(6, 14, 14), output_shape=(16, 10, 10), taps=(6, 5, 5))
    <Variant 'c3': 6 x 14 x 14 -> 16 x 10 x 10, 1,516 parameters (1,500 weights, 16 biases), 150,000 multiplications>

    Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.5, has the variants that this generalizes.
    """
    if not callable(index_map):
        raise SettingError(f"variant: index_map is {index_map!r}, but must be a function")
    name = str(getattr(index_map, "__name__", type(index_map).__name__) if name is None else name)
    where = f"variant {name!r}"
    inputs, outputs, counts = (
        _sizes(where, *each)
        for each in (
            ("input_shape", input_shape, "C", SPACE_LETTERS),
            ("output_shape", output_shape, "K", OUT_LETTERS),
            ("taps", taps, "C", TAP_LETTERS),
        )
    )
    if not len(inputs) == len(outputs) == len(counts):
        raise ShapeError(
            f"{where}: input_shape, output_shape and taps have {len(inputs) - 1}, {len(outputs) - 1} and {len(counts) - 1}"
            f" axes, but must have as many\n  input_shape   {inputs}\n  output_shape  {outputs}\n  taps          {counts}"
        )
    reads, used_map = tabulate(where, index_map, bool(compiled), inputs, outputs, counts)
    largest = int(reads.weight.max())
    if weight_shape is None:
        weights: tuple[int, ...] = (largest + 1,)
    else:
        try:
            weights = tuple(whole_number(where, "weight_shape", size, least=1) for size in weight_shape)
        except TypeError:
            raise ShapeError(f"{where}: weight_shape is {weight_shape!r}, but must be a shape") from None
    if prod(weights) > MOST_WEIGHTS:
        raise ShapeError(f"{where}: weight_shape {weights} has {prod(weights)} weights, but a table holds at most {MOST_WEIGHTS}")
    if largest >= prod(weights):
        raise ShapeError(
            f"{where}: index_map gives weight index {largest}, but weights of the shape {weights} have indices up to"
            f" {prod(weights) - 1}\n  {_first_reader(reads, largest, outputs)} reads it"
        )
    return Variant(name, used_map, bool(compiled), reads, inputs, outputs, counts, weights)


def _sizes(where: str, name: str, shape: Sequence[int], channel: str, letters: dict[int, str]) -> tuple[int, ...]:
    """A shape of one to three axes and its channels, every size at least 1."""
    try:
        axes = len(shape) - 1
    except TypeError:
        axes = 0
    if axes not in letters:
        raise ShapeError(
            f"{where}: {name} is {shape!r}, but must be a shape ({channel}, {letters[2].replace(' ', ', ')}) or one of one or three axes"
        )
    axis_letters = f"{channel} {letters[axes]}".split()
    return tuple(whole_number(where, f"{name} {letter}", size, least=1) for letter, size in zip(axis_letters, shape, strict=True))


def _first_reader(reads: Reads, weight: int, output_shape: tuple[int, ...]) -> str:
    """The first output that uses a weight."""
    at = np.unravel_index(int(reads.output[np.argmax(reads.weight == weight)]), output_shape)
    return f"output {tuple(int(n) for n in at)}"


def _wide(array: np.ndarray) -> np.ndarray:
    """(N, C, *space) with one pixel on the axes that are missing, in the same memory."""
    return array.reshape(len(array), *three(array.shape[1:]))
