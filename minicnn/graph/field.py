"""Receptive fields: which stretch of the input each output sees, along one axis, borders ignored.

A layer says which positions of its input an output reads (`Layer.reads`); the rest is composition.  Without upsampling all outputs see
as much, and the next one sees the same, `jump` pixels further on:

    field += dilation*(taps - 1)*jump,   jump *= stride

Behind a transposed convolution or an upsampling neighbours see different stretches, and only after some outputs the pattern repeats: so a
field is kept as the stretches of one period, and how far the next period lies.  A jump can then be a fraction: two outputs a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from minicnn.geometry import Reads
from minicnn.graph.node import INPUT, Node
from minicnn.graph.topology import Topology

Span = tuple[int, int] | None  # first and last pixel seen, None where a stride leaves a gap that no filter reaches


class AxisField(NamedTuple):
    """What the outputs of one period see; output p + len(spans) sees the same, `shift` pixels further on."""

    shift: int
    spans: tuple[Span, ...]

    @property
    def reach(self) -> int:
        """Pixels from the first to the last that one output sees, the most of all outputs."""
        return max((span[1] - span[0] + 1 for span in self.spans if span), default=0)

    @property
    def jump(self) -> int | Fraction:
        """Pixels from one output to the next, on average; a whole number where it is one."""
        mean = Fraction(self.shift, len(self.spans))
        return mean.numerator if mean.denominator == 1 else mean

    def at(self, p: int) -> Span:
        """What output p sees."""
        periods, phase = divmod(p, len(self.spans))
        span = self.spans[phase]
        return span and (span[0] + periods * self.shift, span[1] + periods * self.shift)

    def shortest(self) -> AxisField:
        """The same with the shortest period."""
        count = len(self.spans)
        for period in range(1, count):
            shift, rest = divmod(self.shift * period, count)
            if count % period == 0 and not rest:
                shorter = AxisField(shift, self.spans[:period])
                if all(shorter.at(p) == span for p, span in enumerate(self.spans)):
                    return shorter
        return self


PIXEL = AxisField(1, ((0, 0),))
Field = tuple[AxisField, ...]  # one per axis


def fields(topology: Topology) -> list[Field | None]:
    """For every node what its outputs see; None where that differs without a pattern, and for flat features."""
    known: list[Field | None] = []
    for node in topology.nodes:
        known.append(_field(node, topology, known))
    return known


def _field(node: Node, topology: Topology, known: Sequence[Field | None]) -> Field | None:
    if len(node.output_shapes[0]) < 2 or node.layer.field_varies:
        return None
    start: Field | None = (PIXEL,) * (len(topology.input_shape) - 1) or None
    paths = [start if ref == INPUT else known[ref.node] for ref in node.inputs[: node.layer.value_inputs]]
    if any(path is None for path in paths):
        return None
    joined = tuple(_joined(axis) for axis in zip(*(path for path in paths if path is not None), strict=True))
    reads = node.layer.reads(node.input_shapes)
    return joined if reads is None else tuple(seen_through(*each) for each in zip(joined, reads, strict=True))


def seen_through(field: AxisField, reads: Reads) -> AxisField:
    """What outputs see that read these positions of values with this field."""
    repeats = len(field.spans) // gcd(len(field.spans), reads.shift)
    spans: list[Span] = []
    for p in range(repeats * len(reads.taps)):
        periods, phase = divmod(p, len(reads.taps))
        spans.append(_union([field.at(tap + periods * reads.shift) for tap in reads.taps[phase]]))
    return AxisField(field.shift * repeats * reads.shift // len(field.spans), tuple(spans)).shortest()


def _joined(paths: Sequence[AxisField]) -> AxisField:
    """What an output sees that reads the same position of all paths; the widest of them where their outputs drift apart."""
    if len({path.jump for path in paths}) > 1:
        widest = max(path.reach for path in paths)
        largest = max(paths, key=lambda path: path.jump)
        count = len(largest.spans)
        return largest._replace(spans=tuple((p * largest.shift // count, p * largest.shift // count + widest - 1) for p in range(count)))
    period = lcm(*(len(path.spans) for path in paths))
    spans = tuple(_union([path.at(p) for path in paths]) for p in range(period))
    return AxisField(paths[0].shift * period // len(paths[0].spans), spans).shortest()


def _union(spans: Sequence[Span]) -> Span:
    """The stretch from the first to the last pixel of all."""
    seen = [span for span in spans if span]
    return (min(first for first, _ in seen), max(last for _, last in seen)) if seen else None
