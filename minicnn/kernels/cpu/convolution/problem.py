"""One pass of a convolution as everybody asks for it, functions and networks: what decides the way it goes and the steps it takes."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

from minicnn.geometry import REMEMBERED, Axis
from minicnn.kernels.cpu.convolution.maps import reversed_axes
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.operands import Parameter, Scaling
from minicnn.kernels.cpu.winograd.lowering import TransformedFilters

FORWARD, BACKWARD_INPUT, BACKWARD_WEIGHT = "forward", "backward_input", "backward_weight"
AUTO, DIRECT, WINOGRAD2, WINOGRAD4 = "auto", "direct", "winograd2", "winograd4"

Axes = tuple[Axis, ...]
Shape = tuple[int, ...]


class Problem(NamedTuple):
    """A pass over any number of images.

    work : FORWARD, y from x and weight; BACKWARD_INPUT, dx from dy and weight; BACKWARD_WEIGHT, dweight from dy and x
    tile : filters that take turns, per axis; all 1 for ordinary convolution
    channels, filters : of x and of y, all groups together
    algorithm : AUTO, DIRECT (never by Winograd), WINOGRAD2 or WINOGRAD4
    """

    work: str
    axes: Axes
    groups: int
    tile: Shape
    flip: bool
    channels: int
    filters: int
    algorithm: str = AUTO

    @property
    def shared(self) -> bool:
        """Whether all positions have the same filter."""
        return prod(self.tile) == 1

    @property
    def taps(self) -> int:
        return prod(axis.taps for axis in self.axes)

    @property
    def x_shape(self) -> Shape:
        """(C, *in) of one image."""
        return self.channels, *(axis.size for axis in self.axes)

    @property
    def y_shape(self) -> Shape:
        """(K, *out) of one image."""
        return self.filters, *(axis.out for axis in self.axes)

    @property
    def shapes(self) -> tuple[Shape, Shape]:
        """Of one image: what is computed, and what from; for the gradient of the weight, dy and x."""
        return (self.x_shape, self.y_shape) if self.work == BACKWARD_INPUT else (self.y_shape, self.x_shape)

    @property
    def products(self) -> int:
        """Multiply-adds of one image."""
        return prod(self.y_shape) * self.channels // self.groups * self.taps

    def as_forward(self) -> Problem:
        """The forward pass that computes the same where the stride is 1: of dx, one from dy with the filters' channels as filters."""
        if self.work != BACKWARD_INPUT:
            return self
        axes, channels, filters = reversed_axes(self.axes), self.filters, self.channels
        return self._replace(work=FORWARD, axes=axes, flip=not self.flip, channels=channels, filters=filters)


class Images(NamedTuple):
    """How many there are, and how they lie.

    shard : side by side in the memory of a network; 0 where they follow one another in the arrays of a call
    halo : whether x may lie between its padding
    repeated : whether what is made of the weights is kept for other calls
    """

    number: int
    shard: int = 0
    halo: bool = False
    repeated: bool = False


class Operands(NamedTuple):
    """What a step reads beside x or dy, and whether relu follows.

    weight : an offset into the parameters
    bias : or the factors and shifts of a batch normalization
    added : what is added to the result, before relu; it lies in memory as the result does
    prepared : the filters as Winograd's way has transformed them
    """

    weight: int
    bias: Parameter | Scaling | None = None
    rectify: bool = False
    prepared: TransformedFilters | None = None
    added: Activation | None = None


@lru_cache(REMEMBERED)
def settled(problem: Problem) -> Problem:
    """The same without settings that mean nothing: the stride of a single position, the dilation of a single tap."""
    return problem._replace(
        axes=tuple(
            axis._replace(stride=1 if axis.out == 1 else axis.stride, dilation=1 if axis.taps == 1 else axis.dilation)
            for axis in problem.axes
        )
    )
