"""How an activation lies in memory: (channel, *space, image), the images innermost."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class FeatureMap:
    """One value of a shard: `channels` planes of `sizes` pixels, each pixel a row of `shard` images.

    A halo of `before` and `after` pixels per axis, always zero, may lie around each plane: a convolution then reads its padding from
    memory and treats every position alike.

    Flat features are channels without axes.  All numbers count elements, from the map's own beginning.
    """

    channels: int
    sizes: tuple[int, ...]
    shard: int
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()

    @property
    def halo(self) -> tuple[tuple[int, int], ...]:
        """(before, after) per axis."""
        if not self.before:
            return ((0, 0),) * len(self.sizes)
        return tuple(zip(self.before, self.after, strict=True))

    @property
    def extents(self) -> tuple[int, ...]:
        """Pixels per axis, the halo included."""
        return tuple(size + before + after for size, (before, after) in zip(self.sizes, self.halo, strict=True))

    @property
    def plane(self) -> int:
        """Elements from one channel to the next."""
        return prod(self.extents) * self.shard

    @property
    def strides(self) -> tuple[int, ...]:
        """Elements from one pixel to the next, per axis."""
        extents = self.extents
        return tuple(prod(extents[a + 1 :]) * self.shard for a in range(len(extents)))

    @property
    def three_strides(self) -> tuple[int, ...]:
        """Elements from one channel, layer, row and column to the next; 0 for axes that are missing."""
        return (self.plane, *(0,) * (3 - len(self.sizes)), *self.strides)

    @property
    def size(self) -> int:
        """Elements altogether."""
        return self.channels * self.plane

    @property
    def interior(self) -> int:
        """Offset of the first pixel that is not halo."""
        return sum(before * stride for (before, _), stride in zip(self.halo, self.strides, strict=True))

    @property
    def pixels(self) -> int:
        """Pixels of one plane without the halo."""
        return prod(self.sizes)
