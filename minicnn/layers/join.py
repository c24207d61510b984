"""The nodes where paths meet: a sum or a product of maps, maps laid one after the other by channel, or two mixed by a third."""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.errors import ShapeError
from minicnn.geometry import shape_text
from minicnn.layers.base import Layer, Shape

LARGEST_STRIDE = 32  # no larger one is looked for to make two ways meet


@dataclass(frozen=True, repr=False)
class AddInputs(Layer):
    """y = x1 + x2 + ...; all inputs have one shape.  He, Zhang, Ren, Sun, "Deep Residual Learning", 2016, equation 1."""

    stem, title = "add", "Add"
    colour = "#f6d2d8"
    forward, backward = "add_forward", "add_backward"

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        if len(inputs) < 2:
            raise ShapeError(f"{where} needs at least two inputs, but gets {len(inputs)}")
        if len(set(inputs)) != 1:
            raise ShapeError(f"{where} needs inputs of one shape, but gets {listed(inputs)}")
        return (inputs[0],)

    def repairs(self, inputs: tuple[Shape, ...]) -> tuple[str, ...]:
        """A convolution of one pixel, or zeros, on the way that is too large or has other channels."""
        if len(inputs) != 2 or len(inputs[0]) != len(inputs[1]) or inputs[0] == inputs[1]:
            return ()
        (channels, *small), (given, *large) = inputs
        start = inputs[1]
        if small and sum(small) > sum(large):
            (channels, *small), (given, *large), start = inputs[1], inputs[0], inputs[0]
        if not small:
            return (f"Linear({channels}) on the way that gives {shape_text(start)}",)
        stride = next((each for each in range(1, LARGEST_STRIDE + 1) if [-(-size // each) for size in large] == small), None)
        if stride is None:
            return ()
        step = f", stride={stride}" if stride > 1 else ""
        words = f"Conv{len(small)}D({channels}, 1{step})" + (f" or PadShortcut({channels}{step})" if given <= channels else "")
        return (f"{words} on the way that gives {shape_text(start)}",)


@dataclass(frozen=True, repr=False)
class MultiplyInputs(Layer):
    """y = x1 * x2, number by number; both inputs have one shape."""

    stem, title = "multiply", "Multiply"
    colour = "#f6d2d8"
    forward, backward = "multiply_forward", "multiply_backward"

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        if len(inputs) != 2:
            raise ShapeError(f"{where} takes two inputs, but gets {len(inputs)}")
        if len(set(inputs)) != 1:
            raise ShapeError(f"{where} needs inputs of one shape, but gets {listed(inputs)}")
        return (inputs[0],)


@dataclass(frozen=True, repr=False)
class ConcatChannels(Layer):
    """Inputs of the same spatial size, one after the other along the channels.  Szegedy et al., "Going Deeper", 2015, figure 2."""

    stem, title = "concat", "Concat"
    colour = "#f6d2d8"
    forward, backward = "concat_forward", ("concat_backward_first", "concat_backward_second")

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        if len(inputs) < 2:
            raise ShapeError(f"{where} needs at least two inputs, but gets {len(inputs)}")
        if len({shape[1:] for shape in inputs}) != 1:
            raise ShapeError(f"{where} needs inputs of one spatial size, but gets {listed(inputs)}")
        return ((sum(shape[0] for shape in inputs), *inputs[0][1:]),)

    def size_steps(self, inputs: tuple[Shape, ...]) -> str:
        return f"{' + '.join(str(shape[0]) for shape in inputs)} channels"

    def repairs(self, inputs: tuple[Shape, ...]) -> tuple[str, ...]:
        """A crop of the larger input."""
        if len(inputs) != 2 or len(inputs[0]) != len(inputs[1]):
            return ()
        small, large = sorted(inputs, key=lambda shape: shape[1:])
        if any(wanted > size for wanted, size in zip(small[1:], large[1:], strict=True)):
            return ()
        return (f"a crop of {shape_text(large)} to {shape_text(small[1:])} (Skip with crop=True)",)


@dataclass(frozen=True, repr=False)
class GateInputs(Layer):
    """y = t*h + (1 - t)*x of the inputs h, t, x, all of one shape.

    Srivastava, Greff, Schmidhuber, "Highway Networks", 2015, equation 3.
    """

    stem, title = "gate", "Gate"
    colour = "#f6d2d8"
    forward, backward = "gate_forward", "gate_backward"

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        if len(inputs) != 3:
            raise ShapeError(f"{where} takes three inputs (body, gate, input), but gets {len(inputs)}")
        if len(set(inputs)) != 1:
            raise ShapeError(f"{where} needs body, gate and input of one shape, but gets {listed(inputs)}")
        return (inputs[0],)

    def repairs(self, inputs: tuple[Shape, ...]) -> tuple[str, ...]:
        """A last layer for body and gate that brings back the number of channels."""
        if len(inputs) != 3:
            return ()
        *ways, wanted = inputs
        if any(way[1:] != wanted[1:] for way in ways):
            return ()
        parts = " and ".join(name for name, way in zip(("body", "gate"), ways, strict=True) if way != wanted)
        axes = len(wanted) - 1
        layer = f"Conv{axes}D({wanted[0]}, ...)" if axes else f"Linear({wanted[0]})"
        return (f"{layer} in the {parts}",)


def listed(shapes: tuple[Shape, ...]) -> str:
    """Shapes for people: "3 x 4 x 4, 5 x 4 x 4 and 6 x 4 x 4"."""
    words = [shape_text(shape) for shape in shapes]
    return f"{', '.join(words[:-1])} and {words[-1]}"
