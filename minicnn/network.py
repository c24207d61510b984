"""A network that can be used: the graph, its parameters in one array, forward and backward."""

from __future__ import annotations

import json
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import minicnn
from minicnn import network_input, processors
from minicnn.errors import CheckpointError, GraphError, SettingError, ShapeError, one_line, quoted
from minicnn.geometry import shape_text, whole_number
from minicnn.graph import Node, ParameterSlot, fits, sized, topology_for
from minicnn.graph.names import Patterns, chosen
from minicnn.graph.parameters import Parameters
from minicnn.initializers import checked
from minicnn.layers import Element, Shape, build, describe
from minicnn.locks import new_lock
from minicnn.storage import save_arrays

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from minicnn.engine.ready import Ready
    from minicnn.exchange.weights import Loaded
    from minicnn.graph.summary import Summary
    from minicnn.losses import Loss
    from minicnn.losses.function import LossFunction
    from minicnn.preparation import Preparation
    from minicnn.recipe import Recipe
    from minicnn.trained_on import TrainedOn

FORMAT = "minicnn network 1"
ALIGNMENT_BYTES = 64
PARAMETER_BYTES = 4  # float32
LONGEST_NAME = 200
KEPT_SIZES = 16  # of a network with free axes, the latest
KEPT_READY = 256  # kinds of images for which a network is ready
NOT_COPIED = ("topology", "_memory", "_pin", "_parameters", "_whole", "_sized", "ready")

_drawing = new_lock()  # parameters are drawn once, whichever thread asks first
_sizing = new_lock()


class Graph:
    """A network: layers connected, shapes inferred, parameters drawn on first use.

    Several threads may use one network: `forward` and `backward` give each the result of its own images.  Writing to `parameters`
    meanwhile is not guarded.  A copy (`copy.deepcopy`, or through pickle) has its own memory, keeps the preparation and what is frozen; plans are
    built again for it.

    Parameters
    ----------
    block : Element
        A layer or block from `minicnn.layers`.
    input_shape : (C, *space) or (F,)
        One image, without the batch.  None for rows, columns or slices leaves them free: any size that fits runs, all images of one
        call are of one size, and nothing may have weights for every pixel.
    seed : int
        Seed of the initial parameters.
    name : str, optional
        Shown in tables; by default the block's own name.
    init : str, optional
        What weights start from, of layers that do not say so themselves; see `minicnn.initializers`.
    """

    def __init__(
        self, block: Element, input_shape: Sequence[int | None], seed: int = 0, name: str | None = None, init: str | None = None
    ) -> None:
        if not isinstance(block, Element):
            raise GraphError(f"a Graph is made from a layer or a block, but gets {block!r}")
        self.topology = topology_for(block, input_shape)
        if name is not None and not (isinstance(name, str) and name.isprintable() and len(name) <= LONGEST_NAME):
            raise SettingError(f"Graph: name is {quoted(name)}, but must be text of at most {LONGEST_NAME} printable characters")
        self.name = name or block.name or "network"
        self.seed = whole_number("Graph", "seed", seed, least=0)
        self.init = None if init is None else checked("Graph", init)
        self._trained_on: TrainedOn | None = None
        self.recipe: Recipe | None = None  # how to train it; set by the zoo
        self._memory: NDArray[Any] | None = None
        self._pin: weakref.ref[object] | None = None
        self._parameters: Parameters | None = None
        self._whole: Graph | None = None
        self._sized: OrderedDict[Shape, Graph] = OrderedDict()
        self.ready: dict[Hashable, Ready] = {}  # what gives outputs, found again by what it is asked for

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
    def trained_on(self) -> TrainedOn | None:
        """What it was trained on: set by training, kept in its file, the same for all sizes of a network with free axes."""
        return self.whole._trained_on

    @trained_on.setter
    def trained_on(self, known: TrainedOn | None) -> None:
        self.whole._trained_on = known

    @property
    def preparation(self) -> Preparation | None:
        """How images become its input, as in training; None before training."""
        return None if self.trained_on is None else self.trained_on.preparation

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of its classes, from training; None before training."""
        return None if self.trained_on is None else self.trained_on.classes

    @property
    def whole(self) -> Graph:
        """The network with free axes that this one of `sized` belongs to; else itself."""
        return self if self._whole is None else self._whole

    def sized(self, shape: Sequence[int]) -> Graph:
        """A network with free axes for images of one shape (C, *space), with the same parameters: whatever changes one's changes both's.

            trainer = minicnn.Trainer(net.sized((1, 64, 64)))

        Raises
        ------
        ShapeError
            If such images do not fit.
        """
        wanted = tuple(shape)
        if wanted == self.input_shape:
            return self
        if not fits(wanted, self.input_shape):
            raise ShapeError(f"{self.name} takes images of {shape_text(self.input_shape)}, not of {shape_text(wanted)}")
        with _sizing:
            found = self._sized.get(wanted)
            if found is None:
                found = object.__new__(type(self))
                own = {"topology": sized(self.topology, wanted), "_whole": self, "_sized": OrderedDict(), "_parameters": None, "ready": {}}
                found.__dict__.update(self.__dict__ | own)
                self._sized[wanted] = found
            self._sized.move_to_end(wanted)
            while len(self._sized) > KEPT_SIZES:
                self._sized.popitem(last=False)
            return found

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.topology.nodes

    @property
    def slots(self) -> tuple[ParameterSlot, ...]:
        return self.topology.slots

    @property
    def parameter_memory(self) -> NDArray[Any]:
        """All parameters, then all buffers, as one float32 array; `slots` says where each lies.  The gaps between them stay 0."""
        if self._whole is not None:
            return self._whole.parameter_memory
        if self._memory is None:
            with _drawing:
                memory = self._memory if self._memory is not None else self._hold(self._drawn())
            return memory[:]
        return self._memory[:]  # a view: changing its shape or type does not affect the network

    def _zeros(self) -> NDArray[Any]:
        """Memory for all parameters and buffers; a ShapeError if there is not enough."""
        from minicnn.kernels.memory import check_room

        count = self.topology.memory_size
        check_room(
            count * PARAMETER_BYTES, f"{self.name}: an array of {count:,} parameters", "use a smaller input, or pool more before Linear"
        )
        return _aligned_zeros(count)

    def _hold(self, memory: NDArray[Any]) -> NDArray[Any]:
        """Make memory of `_zeros` the network's own; NumPy refuses to resize an array that has a weak reference."""
        self._pin, self._memory = weakref.ref(memory.base), memory
        return memory

    def __getstate__(self) -> dict[str, Any]:
        """What a copy gets: block and input shape instead of the topology built from them, and the current parameters."""
        state = {name: value for name, value in self.__dict__.items() if name not in NOT_COPIED}
        parameters = self._memory if self._whole is None else self._whole._memory
        frozen = self.topology.frozen
        return {**state, "block": self.block, "input_shape": self.input_shape, "frozen": frozen, "parameters": parameters}

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = dict(state)
        self.topology = topology_for(own.pop("block"), own.pop("input_shape")).with_frozen(own.pop("frozen"))
        parameters = own.pop("parameters")
        self.__dict__.update(own)
        self._memory = self._pin = self._parameters = self._whole = None
        self._sized, self.ready = OrderedDict(), {}
        if parameters is not None:
            memory = self._zeros()
            memory[...] = parameters
            self._hold(memory)

    def _drawn(self) -> NDArray[Any]:
        memory = self._zeros()
        for slot in self.slots:
            self._fill(memory[slot.offset : slot.offset + slot.size], slot)
        return memory

    def _fill(self, values: NDArray[Any], slot: ParameterSlot) -> None:
        """The initial values of a parameter."""
        from minicnn.random import DEFAULTS, draw_parameter

        init = self.init if self.init and slot.init in DEFAULTS else slot.init
        if not isinstance(init, str):
            values[...] = init
        elif init == "given":
            values[...] = self.nodes[slot.node].layer.given(slot.name.rpartition(".")[2], slot.shape)
        else:
            draw_parameter(values, slot.name, init, slot.fan_in, self.seed, slot.fan_out, slot.shape[0])

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

    def views(self, memory: NDArray[Any], buffers: bool = False) -> dict[str, NDArray[Any]]:
        """Views by parameter name into an array laid out like `parameter_memory` (gradients, averages); with `buffers`, those too."""
        found = self._views(memory, trainable=True)
        return found | self._views(memory, trainable=False) if buffers else found

    def gradients(self, memory: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Views into an array laid out like `parameter_memory` for the parameters that are not frozen."""
        frozen = self.topology.frozen
        return {name: view for name, view in self.views(memory).items() if name not in frozen}

    def _views(self, memory: NDArray[Any], trainable: bool) -> dict[str, NDArray[Any]]:
        return {
            slot.name: memory[slot.offset : slot.offset + slot.size].reshape(slot.shape)
            for slot in self.slots
            if slot.trainable is trainable
        }

    def freeze(self, pattern: Patterns | None) -> list[str]:
        """Leave parameters as they are: no optimizer changes them, weight decay included, and they have no gradient.

            net.freeze("conv*")                     # all layers called conv..., until unfreeze("conv*")
            net.freeze(["stage1", "*.bias"])        # all layers of a block, all biases
            net.freeze(None)                        # nothing is frozen any longer

        As `requires_grad = False` in PyTorch: `backward` leaves them out, and does no work for them nor for what lies before the first
        layer that still learns.  A batch normalization whose weight and bias are both frozen is what it is in use, also in training:
        it normalizes by its running statistics, which stay as they are.

        Saved with the network, kept by copies, pickle and checkpoints.

        Parameters
        ----------
        pattern : names or patterns of parameters, layers or blocks, one or several
            "*" stands for any letters.

        Returns
        -------
        list
            Names of the parameters that the pattern fits.

        Raises
        ------
        GraphError
            If a pattern fits nothing that has parameters.
        """
        if pattern is None:
            self._freeze(frozenset())
            return []
        names = self._parameters_called("freeze", pattern)
        self._freeze(self.topology.frozen.union(names))
        return names

    def unfreeze(self, pattern: Patterns = "*") -> list[str]:
        """Let frozen parameters learn again, by default all; returns the names of those that the pattern fits, see `freeze`."""
        names = self._parameters_called("unfreeze", pattern)
        self._freeze(self.topology.frozen.difference(names))
        return names

    def _freeze(self, names: frozenset[str]) -> None:
        """Freeze these and no others, for all sizes of a network with free axes."""
        for net in (self.whole, self, *self.whole._sized.values()):
            net.topology = net.topology.with_frozen(names)

    def _parameters_called(self, where: str, pattern: Patterns) -> list[str]:
        owned = {slot.name: [slot.name] for slot in self.slots if slot.trainable}
        names = list(owned)
        for node in self.nodes:
            own = [slot.name for slot in node.slots if slot.trainable]
            for called in (node.name, *(".".join(node.path[:depth]) for depth in range(1, len(node.path) + 1))) if own else ():
                owned.setdefault(called, []).extend(own)
        found = {
            name for called in chosen(where, pattern, list(owned), "parameter, layer or block with parameters") for name in owned[called]
        }
        return [name for name in names if name in found]

    def convolutional(self) -> Graph:
        """The same network with its fully connected layers as convolutions: it takes larger images, and slides over them.

            everywhere = net.convolutional()
            scores = everywhere.forward(large)          # (N, classes, rows, columns) of positions

        The first fully connected layer behind a map becomes a convolution with filters as large as the map, the others have filters of one
        pixel; a global average becomes an average over a window of the map's size.  Weights are copied, and keep their names.

        On images of the old size the answer is the old one.  On larger ones every position has the answer of the old network for the
        window there, `jump` of the last layer pixels from one to the next.  Where layers have padding, a window inside the large image
        sees its neighbours where the old network saw zeros, so that answers differ; so they do where a layer looks at the whole map
        (GroupNorm, adaptive pooling).

        Raises
        ------
        GraphError
            If the network takes no images of one size, or flat features go into a layer that has no such form, as RBF.
        """
        from minicnn.graph.convolutional import as_convolutions

        net = Graph(
            as_convolutions(self.topology), (self.input_shape[0], *[None] * len(self.input_shape[1:])), self.seed, self.name, self.init
        )
        shapes = {slot.name: slot.shape for slot in net.slots}
        net.adopt({name: values.reshape(shapes[name]) for name, values in self.arrays.items()}, self.name)
        net.refreeze(sorted(self.topology.frozen))
        net.trained_on = self.trained_on
        return net

    def summary(self) -> Summary:
        """Records of every layer and the totals; nothing is allocated."""
        from minicnn.graph.summary import summarize

        return summarize(self.topology, self.name)

    def __repr__(self) -> str:
        return repr(self.summary())

    def _repr_html_(self) -> str:
        """The summary as a table in a notebook."""
        return self.summary()._repr_html_()

    def forward(self, x: ArrayLike) -> NDArray[Any]:
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
        kind = (getattr(x, "shape", None), getattr(x, "dtype", None), processors.threads())
        ready = self.ready.get(kind) if type(kind[0]) is tuple else None
        if ready is not None:
            return ready(self.parameter_memory, x)
        images = self.check_images("forward", x)
        from minicnn import engine

        net = self.sized(images.shape[1:])
        if len(images) and images.dtype == "float32":
            self.keep_ready((images.shape, images.dtype, kind[2]), engine.inference(net, len(images), images.dtype, *engine.unchanged(net)))
        return engine.forward(net, images)

    def keep_ready(self, kind: Hashable, found: Ready) -> None:
        """Keep what gives outputs for a kind of images; all are forgotten when there are too many."""
        if len(self.ready) >= KEPT_READY:
            self.ready.clear()
        self.ready[kind] = found

    def warmup(self, shape: Sequence[int]) -> None:
        """Make the plans for inputs of a shape ahead, so that the first `forward` of such is as quick as the second.

            net.warmup((16, 1, 28, 28))

        Compiles what is not compiled yet, draws the parameters, and takes the memory.  `predict` of a trained network is made ready as well.

        Parameters
        ----------
        shape : (N, C, *space)
            Of the images of one call.

        Raises
        ------
        ShapeError
            If such images do not fit the network.
        """
        batch = network_input.check_batch("warmup", shape, self.name, self.input_shape)
        from minicnn import engine

        engine.warmup(self.sized(shape[1:]), batch)

    def activations(self, x: ArrayLike, names: Patterns | None = None) -> dict[str, NDArray[Any]]:
        """What layers give for unprepared numbers, in inference mode.

            maps = net.activations(x, ["conv1", "stage2.*"])

        Only what is asked for is held: of a large network, ask for the layers you look at.

        Parameters
        ----------
        x : (N, C, *space) float32, or float64
            As for `forward`; float64 is computed by the textbook loops.
        names : names or patterns of layers, one or several
            As in the summary; "*" stands for any letters.  None: all layers.

        Returns
        -------
        dict
            For each layer, in their order, its output (N, *shape), of the type of x.

        Raises
        ------
        GraphError
            If there is no layer of a name.
        """
        images = self.check_images("activations", x)
        known = [node.name for node in self.nodes]
        wanted = known if names is None else chosen("activations", names, known, "layer")
        from minicnn.engine.activations import activations

        return activations(self.sized(images.shape[1:]), images, wanted)

    def predict(self, images: ArrayLike, threads: int | None = None, device: str = "cpu") -> Any:
        """What the network says of images as a data set holds them; they are prepared as in training.

        Parameters
        ----------
        images : (N, C, *space), or (N, *space) for a network of one channel
            uint8, other integers from 0 to 255, or floats on the scale of the training images; where those were uint8, floats run
            from 0 to 1.  Images of another size are resized, unless the
            network has free axes.  A network not trained by `fit` takes floats unchanged.
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
        scores = engine.predict(self.sized(pixels.shape[1:]), pixels, preparation.scale, preparation.shift, threads, device)
        check_scores("predict", scores)
        loss = engine.SOFTMAX if self.trained_on is None else self.trained_on.loss
        known = preparation if self.preparation is None else self.preparation
        return loss.prediction(loss.for_size(scores, pixels.shape[1:], known.input_shape), pixels.shape[1:])

    def prepared(self, where: str, images: ArrayLike) -> tuple[NDArray[Any], Preparation]:
        """Images in the network's size and on the scale used in training, and the preparation still to be applied."""
        return network_input.prepared(where, images, self.name, self.input_shape, self.trained_on)

    @overload
    def backward(
        self, x: ArrayLike, labels: ArrayLike, *, loss: Loss | LossFunction | None = None
    ) -> tuple[float, dict[str, NDArray[Any]]]: ...
    @overload
    def backward(self, x: ArrayLike, *, dy: ArrayLike) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]: ...

    def backward(
        self,
        x: ArrayLike,
        labels: ArrayLike | None = None,
        *,
        loss: Loss | LossFunction | None = None,
        dy: ArrayLike | None = None,
    ) -> tuple[Any, dict[str, NDArray[Any]]]:
        """The loss of a batch and its gradients, in training mode; or, from a gradient of the output, those of input and parameters.

        Parameters
        ----------
        x : (N, C, *space) float32, or float64
            At least one image.
        labels : (N,) integers, or what the loss compares outputs with
            The class of each image, from 0.
        loss : Loss, or a function
            One of minicnn.losses, or of your own; softmax cross-entropy by default.  A function gives (loss, dy) for (y, target), see
            `minicnn.losses.FunctionLoss`.
        dy : (N, *output), instead of labels
            A gradient of the outputs, in inference mode: dropout is off, batch normalization goes by its running statistics.

        Returns
        -------
        loss : float;  with dy, instead: dx (N, C, *space)
        gradients : dict
            One array for each of `parameters` that is not frozen, by its name.

            >>> net, x = minicnn.zoo.build("lenet"), np.ones((2, 1, 28, 28), np.float32)
            >>> loss, gradients = net.backward(x, np.array([3, 5]))
            >>> dx, gradients = net.backward(x, dy=np.ones((2, 10), np.float32))
            >>> dx.shape, gradients["conv1.weight"].shape
            ((2, 1, 28, 28), (6, 1, 5, 5))
        """
        images = self.check_images("backward", x)
        if not len(images):
            raise ShapeError("backward: x holds no images, but the mean loss needs at least one")
        from minicnn import engine
        from minicnn.losses.function import as_loss

        net = self.sized(images.shape[1:])
        if dy is not None:
            if labels is not None or loss is not None:
                raise SettingError("backward: dy takes the place of labels and loss, but both are given")
            return engine.backward_from(net, images, network_input.check_gradient("backward", dy, images, net.name, net.output_shape))
        if labels is None:
            raise SettingError("backward: there is nothing to compare with\n  give labels, or dy=, the gradient of the outputs")
        chosen = engine.SOFTMAX if loss is None else as_loss("backward", loss)
        return engine.backward(net, images, net.check_labels("backward", labels, len(images), chosen), chosen)

    def check_gradient(self) -> dict[str, float]:
        """Numeric gradients: the relative difference from central differences, for "x" and every parameter.

        Taken in float64 by the textbook loops, on two random images, in training mode: below 1e-6 if a layer's backward matches its
        forward.  A rectifier's kink or a tie in a pooling may lie between the differences; then another seed helps.
        """
        from minicnn import engine

        smallest = self.topology.samples[0] if self.topology.samples else self.topology
        return engine.gradient_errors(self.sized(smallest.input_shape))

    def check_images(self, where: str, x: ArrayLike) -> NDArray[Any]:
        """Images as an array this network can use, or an error that starts with `where`."""
        return network_input.check_images(where, x, self.name, self.input_shape)

    def check_labels(self, where: str, labels: ArrayLike, count: int, loss: Loss | None = None) -> NDArray[Any]:
        """What the loss compares outputs for `count` images with, as a new array, or an error that starts with `where`."""
        return network_input.check_labels(where, labels, count, self.name, self.input_shape, self.output_shape, loss)

    def architecture(self) -> dict[str, Any]:
        """The network without its parameters, as JSON values; `from_architecture` is the inverse."""
        frozen = {"frozen": sorted(self.topology.frozen)} if self.topology.frozen else {}
        start = {} if self.init is None else {"init": self.init}
        shape = list(self.input_shape)
        return {"name": self.name, "seed": self.seed, "input_shape": shape, **start, **frozen, "network": describe(self.block)}

    @classmethod
    def from_architecture(cls, architecture: dict[str, Any], custom_objects: Sequence[Any] = ()) -> Graph:
        """A network from its description, with parameters drawn from its seed."""
        try:
            block, shape, seed, name = (architecture[key] for key in ("network", "input_shape", "seed", "name"))
        except (TypeError, KeyError, IndexError):
            raise GraphError("a network is described by an object with network, input_shape, seed and name") from None
        net = cls(build(block, custom_objects), shape, seed, name, architecture.get("init"))
        net.refreeze(architecture.get("frozen", []))
        return net

    def refreeze(self, names: object) -> None:
        """Freeze the parameters of exactly these names, as a file has them; a GraphError if one is unknown."""
        known = {slot.name for slot in self.slots if slot.trainable}
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not known.issuperset(names):
            raise GraphError(f"'frozen' is {quoted(names)}, but must list names of parameters of {self.name}")
        self._freeze(frozenset(names))

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

    def load_weights(self, path: str | Path) -> Loaded:
        """Take the weights of a file that others wrote, all of them or none.

            net = minicnn.zoo.build("resnet18")
            net.load_weights("resnet18-f37072fd.pth")

        Reads safetensors; dicts of tensors as `torch.save` writes them (.pth, .pt), without PyTorch and without running anything in them;
        .weights.h5 and .keras of Keras 3, where layers with weights follow one another.  Known are the names of this package, of
        torchvision and timm for the networks of the zoo that they have, and of torch.nn.Sequential ("0.weight"); a prefix as "module."
        and PyTorch's counts of batches are left out.  Half precision and float64 become float32.

        Returns
        -------
        Loaded
            (source, library, arrays, notes): whose names they were, and what was changed on the way; `text()` says it in a line.

        Raises
        ------
        CheckpointError
            If the file cannot be read or does not fit: names that are missing or unknown, and other shapes, in one message.
        SettingError
            If it is a file of Keras and h5py is not installed.
        """
        from minicnn.exchange.weights import load_weights

        return load_weights(self, path)

    def adopt(self, arrays: dict[str, NDArray[Any]], source: str) -> None:
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
        if self.whole._memory is None:
            self.whole._hold(self._zeros())
        for name, view in self.views(self.parameter_memory, buffers=True).items():
            view[...] = arrays[name]


def _aligned_zeros(count: int) -> NDArray[Any]:
    """Zeros that start at a cache line."""
    import numpy as np

    raw = np.zeros(count + ALIGNMENT_BYTES // 4, dtype=np.float32)
    start = -raw.ctypes.data % ALIGNMENT_BYTES // 4
    return raw[start : start + count]
