"""A layer at one place: its loops, called by their names as a textbook run calls them, and the fast engine beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from minicnn.engine.textbook import Pass, operation_of
from minicnn.errors import GraphError, SettingError, ShapeError, suggestion
from minicnn.geometry import shape_text
from minicnn.graph import Node
from minicnn.kernels.random_bits import MASK, uniform_bits
from minicnn.tracing.alone import Arrays, Single
from minicnn.tracing.axes import ANY, letters_of, place_in, same_memory
from minicnn.tracing.bounds import Bound, bound
from minicnn.tracing.record import Place, Walk
from minicnn.tracing.trace_table import TraceTable
from minicnn.tracing.walks import Loop

INPUT_WORDS = ("input", "x")
PRODUCTS = ("conv2d_forward", "conv2d_backward_input")


@dataclass
class Layered:
    """A layer and the numbers that go through it.

    parameters : by short name, buffers among them
    dy : the gradient of its output; None for values
    key : of what is drawn by chance, in training mode; None in inference mode
    engine : what the fast engine gives, by name; asked of the layer alone where it is missing
    """

    network: str
    node: Node
    parameters: Arrays
    inputs: list[np.ndarray]
    dy: np.ndarray | None = None
    key: int | None = None
    engine: Arrays = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        training, key = self.key is not None, self.key or 0
        self.run = Pass(self.node, self.parameters, self.inputs, training, uniform_bits(key & MASK, key >> 32, self.node.index))
        self.run.noted = [] if self.dy is None else None
        operation = operation_of(self.node.layer)
        y = operation.forward(self.run)
        self.results: Arrays = {"y": y}
        if self.dy is not None:
            self.run.noted = []
            dxs, own = operation.backward(self.run, np.ascontiguousarray(self.dy))
            names = ["dx"] if len(dxs) == 1 else [f"dx{n}" for n in range(1, len(dxs) + 1)]
            self.results = {**dict(zip(names, dxs, strict=True)), **{f"d{name}": gradient for name, gradient in own.items()}}
        self.loops = [Loop(*each) for each in self.run.noted or ()]

    def run_forward(self) -> np.ndarray:
        """y, whichever way is looked at."""
        return self.results["y"] if "y" in self.results else operation_of(self.node.layer).forward(self.run)

    def wanted(self, gradient: str | None) -> str:
        """The name of a result: "y", or that of a gradient, of "weight", "bias", "input", ...; a SettingError if there is none."""
        if gradient is None:
            return "y"
        word = gradient.lower()
        name = "dx" if word in INPUT_WORDS and "dx" in self.results else f"d{word}".replace("dinput", "dx")
        if name not in self.results:
            known = [each[1:] if not each.startswith("dx") else each.replace("dx", "input") for each in self.results]
            frozen = word in self.parameters and any(slot.name.endswith(f".{word}") and slot.frozen for slot in self.node.slots)
            why = "is frozen and has no gradient" if frozen else f"has no gradient of {gradient!r}{suggestion(gradient, known)}"
            raise SettingError(f"{self.node.name} ({self.node.layer.kind()!r}) {why}\n  there are those of {', '.join(known)}")
        return name

    def trace(self, wanted: str, place: Sequence[int]) -> TraceTable:
        """One number of a result, every product."""
        result = self.results[wanted]
        at, shown, letters = self.placed(wanted, result, place)
        walks, value, held = self.walks(result, at)
        engine = float(self.engine_results(wanted)[wanted][at])
        named = letters[-len(shown) :] if walks else ANY.get(result.ndim, letters)[-len(shown) :]
        return TraceTable(
            network=self.network,
            layer=self.node.name,
            kind=self.node.layer.kind(),
            settings=self.node.layer.brief(),
            wanted=wanted,
            place=shown,
            axes=named,
            walks=walks,
            value=value,
            engine=engine,
            bound=held.size,
            rule=held.rule,
            dtype=str(result.dtype),
            notes=self.notes,
        )

    def placed(self, wanted: str, result: np.ndarray, place: Sequence[int]) -> tuple[Place, Place, tuple[str, ...]]:
        """(place in the whole array, place as it is shown, letters): of one image, the image need not be said."""
        own = wanted[1:] in self.parameters
        writer = next(
            (loop for loop in reversed(self.loops) for name in loop.definition.outputs if same_memory(loop.arrays[name], result)), None
        )
        letters = self.result_letters(writer, result)
        numbers = tuple(int(i) for i in place)
        short = not own and len(numbers) == result.ndim - 1
        whole = (0, *numbers) if short else numbers
        axes = letters if own or len(result) > 1 else letters[1:]
        if len(whole) != result.ndim or (short and len(result) > 1):
            raise ShapeError(
                f"{self.node.name}: a place of {wanted} has {len(axes)} numbers, but gets {len(numbers)}"
                f"\n  {wanted}  {shape_text(result.shape[result.ndim - len(axes) :])}  {' '.join(axes)}"
            )
        for letter, i, size in zip(letters, whole, result.shape, strict=True):
            if not 0 <= i < size:
                raise ShapeError(
                    f"{self.node.name}: {letter}={i} lies outside {wanted}: {letter} runs from 0 to {size - 1}"
                    f"\n  {wanted}  {shape_text(result.shape)}  {' '.join(letters)}"
                )
        return whole, numbers, letters

    def result_letters(self, writer: Loop | None, result: np.ndarray) -> tuple[str, ...]:
        if writer is None:
            return ANY.get(result.ndim, tuple(f"i{n}" for n in range(result.ndim)))
        (name,) = [name for name in writer.definition.outputs if same_memory(writer.arrays[name], result)][:1]
        return letters_of(writer.function, name, result.ndim)

    def walks(self, result: np.ndarray, place: Place) -> tuple[tuple[Walk, ...], float, Bound]:
        """The loops that lead to a number of a result, the last writes it; and its value and bound."""
        walks: list[Walk] = []
        traced = loop = None
        array: np.ndarray | None = result
        at, before = place, len(self.loops)
        while array is not None:
            found = self.writer(array, before)
            if found is None:
                break
            before, output = found
            earlier = self.loops[before]
            walk, own = earlier.walk(place_in(earlier.arguments[output], array, at), output)
            walks.insert(0, walk)
            loop, traced = (earlier, own) if traced is None else (loop, traced)
            array = None
            for read in (each for part in walk.parts for row in part.rows for each in row.reads if each.place and each.inside):
                source = earlier.arrays.get(read.name)
                if isinstance(source, np.ndarray) and read.name not in earlier.definition.outputs and self.writer(source, before):
                    array, at = source, read.place
                    break
        if traced is None or loop is None:
            return (), float(result[place]), Bound(0.0, "the layer only moves numbers: the same number")
        return tuple(walks), float(traced.value), bound(loop, traced, self.ways(loop))

    def writer(self, array: np.ndarray, before: int) -> tuple[int, str] | None:
        """Which loop, of those before one, writes an array, and as which output."""
        for number in reversed(range(before)):
            loop = self.loops[number]
            for name in loop.definition.outputs:
                if same_memory(loop.arrays[name], array):
                    return number, name
        return None

    def ways(self, loop: Loop) -> set[str]:
        """How the engine may compute this pass, for the convolutions that have a choice."""
        from minicnn.engine.operations.convolution import problem_of
        from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, FORWARD, Images
        from minicnn.kernels.cpu.convolution.ways import choose
        from minicnn.kernels.cpu.lanes.vector import LANES

        if loop.definition.name not in PRODUCTS:
            return set()
        problem = problem_of(self.node, BACKWARD_INPUT if loop.definition.name.endswith("_input") else FORWARD)
        return {choose(problem, Images(len(self.inputs[0]), shard, False)).name for shard in (1, LANES)}

    def engine_results(self, wanted: str) -> Arrays:
        if wanted not in self.engine:
            if self.inputs[0].dtype == np.float64:
                return self.results  # the engine runs float64 by these very loops
            single = Single(self.node, self.parameters, by_chance=self.key is not None and self.draws())
            self.engine |= {"y": single.forward(self.inputs)} if self.dy is None else single.backward(self.inputs, self.dy, self.key)
        if wanted not in self.engine:
            raise GraphError(f"{self.node.name}: the engine computes no {wanted}")
        return self.engine

    def draws(self) -> bool:
        return any("key" in loop.arguments for loop in self.loops)
