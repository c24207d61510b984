"""A kernel on its own: the layer whose loop it is, made from a few settings, and small whole numbers that are easy to follow.

trace_kernel("conv2d_backward_weight", (0, 0, 1, 1), input_shape=(1, 4, 4), window=3, padding=1)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any, NamedTuple, cast

import numpy as np

from minicnn.errors import MinicnnError, SettingError, ShapeError, suggestion
from minicnn.geometry import shape_text
from minicnn.graph import Node
from minicnn.kernels import textbook
from minicnn.layers import Layer, Shape
from minicnn.layers.calls import signature
from minicnn.layers.registry import TYPES
from minicnn.random import generator
from minicnn.tracing.alone import Alone
from minicnn.tracing.axes import same_memory
from minicnn.tracing.of_layer import Layered
from minicnn.tracing.trace_table import TraceTable
from minicnn.tracing.walks import Loop

DEFAULTS: dict[str, Any] = {"filters": 1, "window": 3, "features": 2, "size": 2, "scale": 2, "output_size": 2, "groups": 2, "padding": 1}
DEFAULTS |= {"channels": 6, "rate": 0.5, "survival": 0.5, "table": ((0, 1), (2, 3), (1, 3)), "classes": 3}
WORDS = {"sharing": (None, 2, "unshared"), "mode": (None, "linear", "avg", "l2")}
SIZE, CHANNELS = 5, 4
FAMILIAR = ("conv2d", "conv_transpose2d", "unshared_conv2d", "tiled_conv2d", "max_pool2d", "linear")


class Kernel(NamedTuple):
    """A layer that a kernel belongs to, and which of its results it computes: "y", "dx", "dweight", ..."""

    layered: Layered
    wanted: str
    name: str


def trace_kernel(name: str, place: Sequence[int], **settings: Any) -> TraceTable:
    """One number that a kernel computes, every product; settings as for `kernel`.

    >>> table = trace_kernel("conv2d", (0, 0, 0), arrays={"x": [[1, 2], [3, 4]], "weight": [[1, 0], [0, -1]]})
    >>> [(row.tap, row.term, row.partial) for row in table.rows if row.kind == "add"][-1]
    ({'c': 0, 'r': 1, 's': 1}, -4.0, -3.0)
    >>> table.name, table.value, table.engine
    ('y[k=0, p=0, q=0]', -3.0, -3.0)
    """
    found = kernel(name, **settings)
    return found.layered.trace(found.wanted, place)


def kernel(
    name: str,
    *,
    input_shape: Sequence[int] | None = None,
    images: int = 1,
    arrays: Mapping[str, np.ndarray] | None = None,
    seed: int = 0,
    **settings: Any,
) -> Kernel:
    """A kernel with numbers to work on.

    Parameters
    ----------
    name : str
        As in `minicnn.kernels.textbook`, as "conv2d_forward"; "conv2d" is the same.
    input_shape : (C, *space), or (*space) for one channel
    images : how many
    arrays : dict
        "x", "dy", and parameters by name; what is missing is drawn from the seed: whole numbers from -2 to 3.
    settings : of the layer that the kernel belongs to: window, stride, padding, dilation, groups, ...

    Raises
    ------
    SettingError, ShapeError
        If there is no such kernel, no layer has it, or settings and arrays do not fit.
    """
    given = {key: np.asarray(value) for key, value in (arrays or {}).items()}
    whole = name if name in textbook.__all__ else f"{name}_forward"
    if whole not in textbook.__all__:
        forward = [each.removesuffix("_forward") for each in textbook.__all__ if each.endswith("_forward")]
        raise SettingError(
            f"there is no kernel {name!r}{suggestion(name, [*forward, *textbook.__all__])}"
            f"\n  {', '.join(FAMILIAR)}, ...: minicnn.kernels.textbook.__all__ lists all {len(textbook.__all__)}"
        )
    found = re.search(r"(\d)d", whole)
    dims = int(found.group(1)) if found else 2
    faults: list[MinicnnError] = []
    if "x" in given:
        input_shape = _x_shape(given["x"], dims)[1:]
        images = _x_shape(given["x"], dims)[0]
    if "weight" in given and given["weight"].ndim >= dims and "window" not in settings:
        settings["window"] = given["weight"].shape[-dims:]
    for layer, shapes in _candidates(whole, dims, input_shape, settings, faults):
        made = _made(layer, shapes, whole, given, images, seed)
        if made is not None:
            return made
    if faults:
        raise faults[0]
    raise SettingError(
        f"{whole} is a loop of no layer with these settings, so that there is nothing to trace it with"
        f"\n  minicnn.kernels.derive.trace.trace(loop, place, *arguments) traces any loop with arguments of your own"
    )


def _x_shape(x: np.ndarray, dims: int) -> Shape:
    """(N, C, *space) of an array that may leave out images and channels."""
    return (*(1,) * (dims + 2 - x.ndim), *x.shape) if x.ndim <= dims + 2 else x.shape


def _candidates(
    name: str, dims: int, input_shape: Sequence[int] | None, settings: Mapping[str, Any], faults: list[MinicnnError]
) -> Iterator[tuple[Layer, tuple[Shape, ...]]]:
    """Layers among whose loops the kernel is, and shapes of inputs that fit them; the reasons why others do not."""
    for kind in TYPES.values():
        own = not kind.__module__.startswith("minicnn.")  # a user's: kernels are found through minicnn's layers
        if own or not issubclass(kind, Layer) or getattr(kind, "axis_count", dims) != dims:
            continue
        known = signature(cast(Any, kind)).parameters
        if unknown := [each for each in settings if each not in known]:
            if _has(kind, name, dims):
                faults.append(SettingError(f"{name}: {kind.__name__} has no {unknown[0]}{suggestion(unknown[0], known)}"))
            continue
        usual = {key: DEFAULTS.get(key) for key, each in known.items() if each.default is each.empty}
        required = [key for key in usual if key not in settings]
        if missing := [key for key in required if key not in DEFAULTS]:
            if _has(kind, name, dims):
                faults.append(SettingError(f"{name}: {kind.__name__} needs its {missing[0]}"))
            continue
        needed = {key: DEFAULTS[key] for key in required}
        if "scale" in known and not {"scale", "size"} & settings.keys():
            needed["scale"] = DEFAULTS["scale"]
        free = [key for key in WORDS if key in known and key not in settings]
        for words in product(*(WORDS[key] for key in free)):
            try:
                chosen = {key: word for key, word in zip(free, words, strict=True) if word is not None}
                layer = kind(**{**needed, **chosen, **settings})
                if not _names(layer, name, dims):
                    if (
                        not any(words)
                        and None not in usual.values()
                        and isinstance(actual := layer.loops().forward, str)
                        and _names(kind(**usual), name, dims)
                    ):
                        faults.insert(0, SettingError(f"{name} is not the loop of {layer!r}\n  that is {actual.format(n=dims)}"))
                    continue
                yield layer, _fitting(layer, dims, input_shape)
            except MinicnnError as error:
                if not any(words) and _has(kind, name, dims):
                    faults.append(error)


def _has(kind: type[Any], name: str, dims: int) -> bool:
    loops = [kind.forward, *(kind.backward if isinstance(kind.backward, tuple) else (kind.backward,))]
    family = name.partition(f"{dims}d")[0].partition("_")[0]
    return any(isinstance(each, str) and each.format(n=dims) == name for each in loops) or kind.__name__.lower().startswith(family)


def _names(layer: Layer, name: str, dims: int) -> bool:
    """Whether a loop of this name may be among a layer's; of layers that are more than one loop, only a run tells."""
    loops = layer.loops()
    if loops.forward is None:
        return name.startswith(layer.stem.replace("bn", "batch_norm"))
    names = [each.format(n=dims) if isinstance(each, str) else each.__name__ for each in (loops.forward, *loops.backward)]
    return name in names or (name.replace("unshared_", "tiled_") in names and getattr(layer, "sharing", None) == "unshared")


def _fitting(layer: Layer, dims: int, given: Sequence[int] | None) -> tuple[Shape, ...]:
    """Shapes of inputs that a layer takes: of the given size, or small ones."""
    groups = int(getattr(layer, "groups", 1)) if hasattr(layer, "dilation") else 1
    space = (SIZE,) * dims
    if given is not None:
        shapes = [tuple(given), (groups, *given)] if len(given) == dims else [tuple(given)]
    else:
        few, many = (groups, *space), (CHANNELS, *space)
        shapes = [few, many, (6,)] if hasattr(layer, "window") else [many, few, (6,)]
    faults: list[MinicnnError] = []
    for shape, count in product(shapes, (1, 2, 3)):
        try:
            layer.output_shapes(layer.where(), (shape,) * count)
            return (shape,) * count
        except MinicnnError as error:
            faults.append(error)
    raise faults[0]


def _made(layer: Layer, shapes: tuple[Shape, ...], name: str, given: dict[str, np.ndarray], images: int, seed: int) -> Kernel | None:
    """The layer with its numbers, if a loop of this name is called for one of its results."""
    from minicnn.network import Graph

    shape = shapes[0] if len(shapes) == 1 else (1, sum(map(prod, shapes)))
    node: Node = replace(Graph(Alone(layer=layer, shapes=shapes), shape).nodes[-1], name=name)
    backward = "_backward" in name

    def filled(key: str, size: tuple[int, ...], least: int = -2) -> np.ndarray:
        if key not in given:
            return generator(seed, "trace", key).integers(least, 4, size).astype(np.float32)
        array = given[key] if given[key].dtype == np.float64 else given[key].astype(np.float32)
        if array.size != prod(size) or array.ndim > len(size):
            raise ShapeError(f"{name}: {key} has the shape {shape_text(array.shape)}, but needs {shape_text(size)}")
        return np.ascontiguousarray(array.reshape(size))

    parameters = {}
    for slot in node.slots:
        short = slot.name.rpartition(".")[2]
        if slot.init == "given":
            parameters[short] = np.asarray(layer.given(short, slot.shape), np.float32).reshape(slot.shape)
        elif slot.init == "zeros" and short not in given and short == "bias":
            parameters[short] = np.zeros(slot.shape, np.float32)
        else:
            parameters[short] = filled(short, slot.shape, 1 if slot.init == "ones" else -2)
    names = ["x"] if len(shapes) == 1 else [f"x{n}" for n in range(1, len(shapes) + 1)]
    inputs = [filled(key, (images, *size), 0) for key, size in zip(names, node.input_shapes, strict=True)]
    dy = filled("dy", (images, *node.output_shapes[0])) if backward else None
    known = {*names, *parameters, *(("dy",) if backward else ())}
    if foreign := [key for key in given if key not in known]:
        raise SettingError(f"{name} has no array {foreign[0]!r}{suggestion(foreign[0], known)}\n  there are {', '.join(sorted(known))}")
    dtypes = {each.dtype for each in (*inputs, *parameters.values(), *(() if dy is None else (dy,)))}
    if len(dtypes) > 1:  # float64 with float32: everything is computed in the wider
        parameters = {key: each.astype(np.float64) for key, each in parameters.items()}
        inputs, dy = [each.astype(np.float64) for each in inputs], None if dy is None else dy.astype(np.float64)
    for key in (None, 0) if backward else (None,):
        layered = Layered(name, node, parameters, inputs, dy, key)
        for number, loop in enumerate(layered.loops):
            if loop.definition.name.replace("tiled_", "unshared_") == name:  # a tile as large as the output
                layered.loops[number] = loop = Loop(cast(Callable[..., Any], getattr(textbook, name)), loop.arguments, loop.arrays)
            if loop.function is getattr(textbook, name):
                outputs = [loop.arrays[each] for each in loop.definition.outputs]
                for wanted, array in layered.results.items():
                    if any(same_memory(each, array) for each in outputs):
                        return Kernel(layered, wanted, name)
    return None
