"""A network that can be used: the graph, its parameters in one array, forward and backward."""

from __future__ import annotations

import json
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import minicnn
from minicnn import network_input
from minicnn.errors import CheckpointError, GraphError, SettingError, ShapeError, one_line, quoted
from minicnn.geometry import shape_text, whole_number
from minicnn.graph import Node, ParameterSlot, Topology
from minicnn.graph.parameters import Parameters
from minicnn.layers import Element, Shape, build, describe
from minicnn.locks import new_lock
from minicnn.storage import save_arrays

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.graph.summary import Summary
    from minicnn.losses import Loss
    from minicnn.preparation import Preparation
    from minicnn.recipe import Recipe
    from minicnn.trained_on import TrainedOn

FORMAT = "minicnn network 1"
ALIGNMENT_BYTES = 64
PARAMETER_BYTES = 4  # float32
LONGEST_NAME = 200

_drawing = new_lock()  # parameters are drawn once, whichever thread asks first


class Graph:
    """A network: layers connected, shapes inferred, parameters drawn on first use.

    Several threads may use one network: `forward` and `backward` give each the result of its own images.  Writing to `parameters`
    meanwhile is not guarded.

    Parameters
    ----------
    block : Element
        A layer or block from `minicnn.layers`.
    input_shape : (C, *space) or (F,)
        One image, without the batch.
    seed : int
        Seed of the initial parameters.
    name : str, optional
        Shown in tables; by default the block's own name.

    A copy (`copy.deepcopy`, or through pickle) has its own memory and keeps the preparation; plans are built again for it.
    """

    def __init__(self, block: Element, input_shape: Sequence[int], seed: int = 0, name: str | None = None) -> None:
        if not isinstance(block, Element):
            raise GraphError(f"a Graph is made from a layer or a block, but gets {block!r}")
        self.topology = Topology.build(block, input_shape)
        if name is not None and not (isinstance(name, str) and name.isprintable() and len(name) <= LONGEST_NAME):
            raise SettingError(f"Graph: name is {quoted(name)}, but must be text of at most {LONGEST_NAME} printable characters")
        self.name = name or block.name or "network"
        self.seed = whole_number("Graph", "seed", seed, least=0)
        self.trained_on: TrainedOn | None = None  # set by training, kept in its file
        self.recipe: Recipe | None = None  # how to train it; set by the zoo
        self._memory: NDArray | None = None
        self._pin: weakref.ref[object] | None = None
        self._parameters: Parameters | None = None

    @property
    def block(self) -> Element:
        """The block it was made from."""
        return self.topology.element

    @property
    def input_shape(self) -> Shape:
        """One image: (C, *space) or (F,)."""
        return self.topology.input_shape

    @property
    def output_shape(self) -> Shape:
        """What comes out for one image; a GraphError if the network has several outputs."""
        if len(self.topology.outputs) != 1:
            raise GraphError(f"{self.name} has {len(self.topology.outputs)} outputs, not one")
        return self.topology.output_shapes[0]

    @property
    def classes(self) -> int:
        """The number of classes; a GraphError if it is not a classifier."""
        if len(self.output_shape) != 1:
            raise GraphError(
                f"{self.name} gives {shape_text(self.output_shape)} numbers for an image, not one for each class"
                f"\n  for one answer per image, end it with GlobalAvgPool(), or with Flatten() and Linear(classes)"
                f"\n  for one answer per pixel, use what forward returns; training and evaluation take one per image"
            )
        return self.output_shape[0]

    @property
    def preparation(self) -> Preparation | None:
        """How images become its input, as in training; None before training."""
        return None if self.trained_on is None else self.trained_on.preparation

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of its classes, from training; None before training."""
        return None if self.trained_on is None else self.trained_on.classes

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.topology.nodes

    @property
    def slots(self) -> tuple[ParameterSlot, ...]:
        return self.topology.slots

    @property
    def parameter_memory(self) -> NDArray:
        """All parameters, then all buffers, as one float32 array; `slots` says where each lies.  The gaps between them stay 0."""
        if self._memory is None:
            with _drawing:
                memory = self._memory if self._memory is not None else self._hold(self._drawn())
            return memory[:]
        return self._memory[:]  # a view: changing its shape or type does not affect the network

    def _zeros(self) -> NDArray:
        """Memory for all parameters and buffers; a ShapeError if there is not enough."""
        from minicnn.kernels.memory import check_room

        count = self.topology.memory_size
        check_room(
            count * PARAMETER_BYTES, f"{self.name}: an array of {count:,} parameters", "use a smaller input, or pool more before Linear"
        )
        return _aligned_zeros(count)

    def _hold(self, memory: NDArray) -> NDArray:
        """Make memory of `_zeros` the network's own; NumPy refuses to resize an array that has a weak reference."""
        self._pin, self._memory = weakref.ref(memory.base), memory
        return memory

    def __getstate__(self) -> dict[str, Any]:
        """What a copy gets: block and input shape instead of the topology built from them, and the current parameters."""
        state = {name: value for name, value in self.__dict__.items() if name not in ("topology", "_memory", "_pin", "_parameters")}
        return {**state, "block": self.block, "input_shape": self.input_shape, "parameters": self._memory}

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = dict(state)
        self.topology = Topology.build(own.pop("block"), own.pop("input_shape"))
        parameters = own.pop("parameters")
        self.__dict__.update(own)
        self._memory = self._pin = self._parameters = None
        if parameters is not None:
            memory = self._zeros()
            memory[...] = parameters
            self._hold(memory)

    def _drawn(self) -> NDArray:
        memory = self._zeros()
        for slot in self.slots:
            self._fill(memory[slot.offset : slot.offset + slot.size], slot)
        return memory

    def _fill(self, values: NDArray, slot: ParameterSlot) -> None:
        """The initial values of a parameter."""
        from minicnn.random import draw_parameter

        if not isinstance(slot.init, str):
            values[...] = slot.init
        elif slot.init == "given":
            values[...] = self.nodes[slot.node].layer.given(slot.name.rpartition(".")[2], slot.shape)
        else:
            draw_parameter(values, slot.name, slot.init, slot.fan_in, self.seed)

    @property
    def parameters(self) -> Parameters:
        """Every parameter by name: views of `parameter_memory`, so that writing to one changes the network."""
        if self._parameters is None:
            self._parameters = Parameters(self.views(self.parameter_memory))
        return self._parameters

    @property
    def buffers(self) -> Parameters:
        """What is stored with the parameters but not trained: running statistics, constants; views as well."""
        return Parameters(self._views(self.parameter_memory, trainable=False))

    @property
    def arrays(self) -> Parameters:
        """Parameters and buffers: all that a file of the network holds."""
        return Parameters({**self.parameters, **self.buffers})

    def views(self, memory: NDArray, buffers: bool = False) -> dict[str, NDArray]:
        """Views by parameter name into an array laid out like `parameter_memory` (gradients, averages); with `buffers`, those too."""
        found = self._views(memory, trainable=True)
        return found | self._views(memory, trainable=False) if buffers else found

    def _views(self, memory: NDArray, trainable: bool) -> dict[str, NDArray]:
        return {
            slot.name: memory[slot.offset : slot.offset + slot.size].reshape(slot.shape)
            for slot in self.slots
            if slot.trainable is trainable
        }

    def summary(self) -> Summary:
        """Records of every layer and the totals; nothing is allocated."""
        from minicnn.graph.summary import summarize

        return summarize(self.topology, self.name)

    def __repr__(self) -> str:
        return repr(self.summary())

    def forward(self, x: ArrayLike) -> NDArray:
        """Logits for unprepared numbers, in inference mode: the bare function.

        Images of a data set must first be prepared as in training (scale, mean, deviation); `predict` does that.

        Parameters
        ----------
        x : (N, C, *space) float32, or float64
            Prepared images; anything `numpy.asarray` takes without copying.  float64 is computed in float64, by the slow textbook loops.

        Returns
        -------
        (N, classes), of the type of x
        """
        images = self.check_images("forward", x)
        from minicnn import engine

        return engine.forward(self, images)

    def predict(self, images: ArrayLike, threads: int | None = None, device: str = "cpu") -> Any:
        """What the network says of images as a data set holds them; they are prepared as in training.

        Parameters
        ----------
        images : (N, C, *space), or (N, *space) for a network of one channel
            uint8, other integers from 0 to 255, or floats on the scale of the training images; where those were uint8, floats run
            from 0 to 1.  Images of another size are resized.  A network not trained by `fit` takes floats unchanged.
        device : str
            "cpu", or a CUDA device, as in "cuda".

        Returns
        -------
        By the loss it was trained with, softmax cross-entropy if it was not: probabilities of the classes (N, classes, *space) float32;
        numbers; or for each image a list of boxes (x, y, w, h, class, score).

        Raises
        ------
        DataError
            If the images are on another scale, or the scores are not finite.
        ShapeError
            If the images do not fit the network.
        """
        from minicnn import engine
        from minicnn.losses import check_scores

        pixels, preparation = self.prepared("predict", images)
        scores = engine.predict(self, pixels, preparation.scale, preparation.shift, threads, device)
        check_scores("predict", scores)
        loss = engine.SOFTMAX if self.trained_on is None else self.trained_on.loss
        return loss.prediction(scores, self.input_shape)

    def prepared(self, where: str, images: ArrayLike) -> tuple[NDArray, Preparation]:
        """Images in the network's size and on the scale used in training, and the preparation still to be applied."""
        return network_input.prepared(where, images, self.name, self.input_shape, self.trained_on)

    @overload
    def backward(self, x: ArrayLike, labels: ArrayLike, *, loss: Loss | None = None) -> tuple[float, dict[str, NDArray]]: ...
    @overload
    def backward(self, x: ArrayLike, *, dy: ArrayLike) -> tuple[NDArray, dict[str, NDArray]]: ...

    def backward(
        self, x: ArrayLike, labels: ArrayLike | None = None, *, loss: Loss | None = None, dy: ArrayLike | None = None
    ) -> tuple[Any, dict[str, NDArray]]:
        """The loss of a batch and its gradients, in training mode; or, from a gradient of the output, those of input and parameters.

        Parameters
        ----------
        x : (N, C, *space) float32, or float64
            At least one image.
        labels : (N,) integers, or what the loss compares outputs with
            The class of each image, from 0.
        loss : Loss
            One of minicnn.losses, or of your own; softmax cross-entropy by default.
        dy : (N, *output), instead of labels
            A gradient of the outputs, in inference mode: dropout is off, batch normalization goes by its running statistics.

        Returns
        -------
        loss : float;  with dy, instead: dx (N, C, *space)
        gradients : dict
            One array for each of `parameters`, by its name.

            >>> net = minicnn.zoo.build("lenet")
            >>> loss, gradients = net.backward(x, labels)
            >>> dx, gradients = net.backward(x, dy=dy)
        """
        images = self.check_images("backward", x)
        if not len(images):
            raise ShapeError("backward: x holds no images, but the mean loss needs at least one")
        from minicnn import engine

        if dy is not None:
            if labels is not None or loss is not None:
                raise SettingError("backward: dy takes the place of labels and loss, but both are given")
            return engine.backward_from(self, images, network_input.check_gradient("backward", dy, images, self.name, self.output_shape))
        if labels is None:
            raise SettingError("backward: there is nothing to compare with\n  give labels, or dy=, the gradient of the outputs")
        chosen = engine.SOFTMAX if loss is None else loss
        return engine.backward(self, images, self.check_labels("backward", labels, len(images), chosen), chosen)

    def check_gradient(self) -> dict[str, float]:
        """Numeric gradients: the relative difference from central differences, for "x" and every parameter.

        Taken in float64 by the textbook loops, on two random images, in training mode: below 1e-6 if a layer's backward matches its
        forward.  A rectifier's kink or a tie in a pooling may lie between the differences; then another seed helps.
        """
        from minicnn import engine

        return engine.gradient_errors(self)

    def check_images(self, where: str, x: ArrayLike) -> NDArray:
        """Images as an array this network can use, or an error that starts with `where`."""
        return network_input.check_images(where, x, self.name, self.input_shape)

    def check_labels(self, where: str, labels: ArrayLike, count: int, loss: Loss | None = None) -> NDArray:
        """What the loss compares outputs for `count` images with, as a new array, or an error that starts with `where`."""
        return network_input.check_labels(where, labels, count, self.name, self.input_shape, self.output_shape, loss)

    def architecture(self) -> dict[str, Any]:
        """The network without its parameters, as JSON values; `from_architecture` is the inverse."""
        return {"name": self.name, "seed": self.seed, "input_shape": list(self.input_shape), "network": describe(self.block)}

    @classmethod
    def from_architecture(cls, architecture: dict[str, Any], custom_objects: Sequence[Any] = ()) -> Graph:
        """A network from its description, with parameters drawn from its seed."""
        try:
            parts = [architecture[key] for key in ("network", "input_shape", "seed", "name")]
        except (TypeError, KeyError, IndexError):
            raise GraphError("a network is described by an object with network, input_shape, seed and name") from None
        return cls(build(parts[0], custom_objects), *parts[1:])

    def metadata(self) -> dict[str, str]:
        """The metadata of its file; safetensors allows only strings, so lists are JSON."""
        shape = self.topology.output_shapes[0]
        trained_on = {} if self.trained_on is None else self.trained_on.metadata()
        return {
            "format": FORMAT,
            "minicnn": minicnn.__version__,
            "architecture": json.dumps(self.architecture()),
            "input_shape": json.dumps(self.input_shape),
            "classes": str(shape[0]),
            **trained_on,
        }

    def save(self, path: str | Path) -> None:
        """Write parameters, buffers, architecture and what it was trained on as a safetensors file, atomically."""
        save_arrays(path, self.arrays, self.metadata())

    def adopt(self, arrays: dict[str, NDArray], source: str) -> None:
        """Copy parameters and buffers in by name; a CheckpointError naming `source` if one is missing, unknown or has another shape."""
        shapes = {slot.name: slot.shape for slot in self.slots}
        for name, shape in shapes.items():
            if name not in arrays:
                raise CheckpointError(f"{source}: the parameter {name} is missing")
            if arrays[name].shape != shape or arrays[name].dtype != "float32":
                raise CheckpointError(
                    f"{source}: {name} does not fit {self.name}"
                    f"\n  file     {arrays[name].shape} {arrays[name].dtype}\n  network  {shape} float32"
                )
        foreign = [name for name in arrays if name not in shapes]
        if foreign:
            raise CheckpointError(f"{source}: {self.name} has no parameter called {one_line(foreign[0])}")
        if self._memory is None:
            self._hold(self._zeros())
        for name, view in self.views(self.parameter_memory, buffers=True).items():
            view[...] = arrays[name]


def _aligned_zeros(count: int) -> NDArray:
    """Zeros that start at a cache line."""
    import numpy as np

    raw = np.zeros(count + ALIGNMENT_BYTES // 4, dtype=np.float32)
    start = -raw.ctypes.data % ALIGNMENT_BYTES // 4
    return raw[start : start + count]
