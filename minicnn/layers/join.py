"""The nodes where paths meet: a sum of maps, or maps laid one after the other by channel."""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.errors import ShapeError
from minicnn.geometry import shape_text
from minicnn.layers.base import Layer, Shape


@dataclass(frozen=True, repr=False)
class AddInputs(Layer):
    """y = x1 + x2 + ...; all inputs have one shape.  He, Zhang, Ren, Sun, "Deep Residual Learning", 2016, equation 1."""

    kernel = "add"
    stem = "add"

    @classmethod
    def kind(cls) -> str:
        return "Add"

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        if len(inputs) < 2:
            raise ShapeError(f"{where} needs at least two inputs, but gets {len(inputs)}")
        if len(set(inputs)) != 1:
            raise ShapeError(f"{where} needs inputs of one shape, but gets {' and '.join(shape_text(each) for each in inputs)}")
        return (inputs[0],)


@dataclass(frozen=True, repr=False)
class ConcatChannels(Layer):
    """Inputs of the same spatial size, one after the other along the channels.  Szegedy et al., "Going Deeper", 2015, figure 2."""

    kernel = "concat"
    stem = "concat"

    @classmethod
    def kind(cls) -> str:
        return "Concat"

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        if len(inputs) < 2:
            raise ShapeError(f"{where} needs at least two inputs, but gets {len(inputs)}")
        if len({shape[1:] for shape in inputs}) != 1:
            raise ShapeError(f"{where} needs inputs of one spatial size,"
                             f" but gets {' and '.join(shape_text(each) for each in inputs)}")
        return ((sum(shape[0] for shape in inputs), *inputs[0][1:]),)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        return f"{' + '.join(str(shape[0]) for shape in inputs)} channels"
