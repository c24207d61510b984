"""A graph run by the textbook loops, one node after the other, in the data type of its input: slow, and right.

Nothing is fused, shared or split, so this is what the fast plan is compared with, and in float64 what numeric gradients are taken of.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minicnn.graph import INPUT, Node, Topology, ValueRef
from minicnn.kernels import textbook as loops
from minicnn.kernels.random_bits import MASK, uniform_bits

Arrays = dict[str, np.ndarray]


class Pass(NamedTuple):
    """What a node's loops are given beside its inputs."""

    node: Node
    parameters: Arrays      # the node's own, by short name
    training: bool
    key: int

    def new(self, n: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        return np.empty((n, *shape), dtype)


class Operation(NamedTuple):
    """forward(pass, inputs) -> (output, kept); backward(pass, dy, inputs, output, kept) -> (input gradients, parameter gradients)."""

    forward: Callable[..., tuple[np.ndarray, Any]]
    backward: Callable[..., tuple[list[np.ndarray], Arrays]]


def _settings(node: Node) -> tuple[int, ...]:
    """Stride, padding before, dilation of a window, each for all axes."""
    axes = node.layer.axes(node.input_shapes) or ()
    return (*(axis.stride for axis in axes), *(axis.before for axis in axes), *(axis.dilation for axis in axes))


def _loops(node: Node, name: str) -> Callable[..., None]:
    return getattr(loops, name.replace("#", str(len(node.input_shapes[0]) - 1)))


def _conv_arguments(node: Node) -> tuple[str, tuple[Any, ...]]:
    layer = node.layer
    if layer.sharing == "shared":
        return "conv#d", (*_settings(node), layer.groups, layer.flip)
    return "tiled_conv#d", (*_settings(node), layer.groups)


def _conv_weight(at: Pass) -> np.ndarray:
    """The weight as the loops want it: tiled convolution has no flip of its own."""
    weight = at.parameters["weight"]
    layer = at.node.layer
    if layer.flip and layer.sharing != "shared":
        return np.ascontiguousarray(np.flip(weight, axis=tuple(range(-layer.axis_count, 0))))
    return weight


def _conv_bias(at: Pass) -> np.ndarray:
    layer, weight = at.node.layer, at.parameters["weight"]
    tiles = layer.tile(at.node.input_shapes)
    shape = (layer.filters,) if layer.sharing == "shared" else (layer.filters, *tiles)
    return at.parameters.get("bias", np.zeros(shape, weight.dtype))


def _conv_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    name, settings = _conv_arguments(at.node)
    _loops(at.node, f"{name}_forward")(y, x, _conv_weight(at), _conv_bias(at), *settings)
    return y, None


def _conv_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    (x,), weight = inputs, _conv_weight(at)
    name, settings = _conv_arguments(at.node)
    dx, dweight = np.empty_like(x), np.empty_like(weight)
    _loops(at.node, f"{name}_backward_input")(dx, dy, weight, *settings)
    _loops(at.node, f"{name}_backward_weight")(dweight, dy, x, *settings)
    if weight is not at.parameters["weight"]:
        dweight = np.ascontiguousarray(np.flip(dweight, axis=tuple(range(-at.node.layer.axis_count, 0))))
    gradients = {"weight": dweight}
    if "bias" in at.parameters:
        gradients["bias"] = np.empty_like(at.parameters["bias"])
        _loops(at.node, f"{name}_backward_bias")(gradients["bias"], dy)
    return [dx], gradients


def _linear_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    weight = at.parameters["weight"]
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    loops.linear_forward(y, x, weight, at.parameters.get("bias", np.zeros(len(weight), weight.dtype)))
    return y, None


def _linear_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    (x,), weight = inputs, at.parameters["weight"]
    dx, dweight = np.empty_like(x), np.empty_like(weight)
    loops.linear_backward_input(dx, dy, weight)
    loops.linear_backward_weight(dweight, dy, x)
    gradients = {"weight": dweight}
    if "bias" in at.parameters:
        gradients["bias"] = np.empty_like(at.parameters["bias"])
        loops.linear_backward_bias(gradients["bias"], dy)
    return [dx], gradients


def _taps(node: Node) -> tuple[int, ...]:
    return tuple(axis.taps for axis in node.layer.axes(node.input_shapes) or ())


def _max_pool_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    indices = np.empty(y.shape, np.int64)
    _loops(at.node, "max_pool#d_forward")(y, indices, x, *_taps(at.node), *_settings(at.node))
    return y, indices


def _max_pool_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, indices: np.ndarray
                       ) -> tuple[list[np.ndarray], Arrays]:
    dx = np.empty_like(inputs[0])
    _loops(at.node, "max_pool#d_backward")(dx, dy, indices)
    return [dx], {}


def _average_arguments(node: Node) -> tuple[Any, ...]:
    axes = node.layer.axes(node.input_shapes) or ()
    return (*(a.taps for a in axes), *(a.stride for a in axes), *(a.before for a in axes), *(a.after for a in axes),
            node.layer.count_padding)


def _average_pool_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    _loops(at.node, "avg_pool#d_forward")(y, x, *_average_arguments(at.node))
    return y, None


def _average_pool_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray],
                                                                                                                   Arrays]:
    dx = np.empty_like(inputs[0])
    _loops(at.node, "avg_pool#d_backward")(dx, dy, *_average_arguments(at.node))
    return [dx], {}


def _global_average_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return x.mean(axis=tuple(range(2, x.ndim))), None


def _global_average_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None
                             ) -> tuple[list[np.ndarray], Arrays]:
    (x,) = inputs
    share = dy / prod(x.shape[2:])
    return [np.broadcast_to(share.reshape(*share.shape, *(1,) * (x.ndim - 2)), x.shape).copy()], {}


def _pointwise(name: str, of_input: bool = False) -> Operation:
    """An activation whose gradient asks for its output, or, `of_input`, for its input; leaky relu has a slope."""
    run_forward, run_backward = getattr(loops, f"{name}_forward"), getattr(loops, f"{name}_backward")

    def extra(at: Pass) -> tuple[float, ...]:
        return (at.node.layer.slope,) if name == "leaky_relu" else ()

    def forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
        y = np.empty_like(x)
        run_forward(y, x, *extra(at))
        return y, None

    def backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
        dx = np.empty_like(dy)
        run_backward(dx, dy, inputs[0] if of_input else y, *extra(at))
        return [dx], {}

    return Operation(forward, backward)


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def _dropout_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    if not at.training:
        return x, None
    y = np.empty_like(x)
    loops.dropout_forward(_flat(y), _flat(x), at.key, 0, at.node.layer.rate)
    return y, None


def _dropout_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    dx = np.empty_like(dy)
    loops.dropout_backward(_flat(dx), _flat(dy), at.key, 0, at.node.layer.rate)
    return [dx], {}


def _lines(x: np.ndarray) -> np.ndarray:
    """(N, C, *space) as (N, C, L); flat features as channels of one position."""
    return x.reshape(*x.shape[:2], -1)


def _norm_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    s, y = at.node.layer, np.empty_like(x)
    loops.local_response_norm_forward(_lines(y), _lines(x), s.size, s.k, s.alpha, s.beta)
    return y, None


def _norm_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    s, dx = at.node.layer, np.empty_like(dy)
    loops.local_response_norm_backward(_lines(dx), _lines(dy), _lines(inputs[0]), s.size, s.k, s.alpha, s.beta)
    return [dx], {}


def _flatten_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return _flat(x), None


def _flatten_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    return [dy.reshape(inputs[0].shape)], {}


def _add_forward(at: Pass, *inputs: np.ndarray) -> tuple[np.ndarray, None]:
    y = inputs[0].copy()
    for x in inputs[1:]:
        y += x
    return y, None


def _add_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    return [dy.copy() for _ in inputs], {}


def _concat_forward(at: Pass, *inputs: np.ndarray) -> tuple[np.ndarray, None]:
    return np.concatenate(inputs, axis=1), None


def _concat_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    ends = np.cumsum([x.shape[1] for x in inputs])[:-1]
    return [np.ascontiguousarray(part) for part in np.split(dy, ends, axis=1)], {}


def _batch_norm_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    p, y = at.parameters, np.empty_like(x)
    mean, variance = np.empty_like(p["running_mean"]), np.empty_like(p["running_var"])
    if at.training:
        loops.batch_norm_training_forward(_lines(y), mean, variance, _lines(x), p["weight"], p["bias"], at.node.layer.eps)
    else:
        loops.batch_norm_inference_forward(_lines(y), _lines(x), p["running_mean"], p["running_var"], p["weight"], p["bias"],
                                           at.node.layer.eps)
    return y, (mean, variance)


def _batch_norm_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: tuple[np.ndarray, np.ndarray]
                         ) -> tuple[list[np.ndarray], Arrays]:
    (x,), p = inputs, at.parameters
    dx, gradients = np.empty_like(x), {name: np.empty_like(p[name]) for name in ("weight", "bias")}
    loops.batch_norm_training_backward(_lines(dx), gradients["weight"], gradients["bias"], _lines(dy), _lines(x), *kept, p["weight"],
                                       at.node.layer.eps)
    return [dx], gradients


def _strided(node: Node) -> tuple[slice, ...]:
    return tuple(slice(None, None, axis.stride) for axis in node.layer.axes(node.input_shapes) or ())


def _pad_shortcut_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = np.zeros((len(x), *at.node.output_shapes[0]), x.dtype)
    y[:, :x.shape[1]] = x[(slice(None), slice(None), *_strided(at.node))]
    return y, None


def _pad_shortcut_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray],
                                                                                                                   Arrays]:
    dx = np.zeros_like(inputs[0])
    dx[(slice(None), slice(None), *_strided(at.node))] = dy[:, :dx.shape[1]]
    return [dx], {}


def _centre(node: Node) -> tuple[slice, ...]:
    pairs = zip(node.input_shapes[0][1:], node.output_shapes[0][1:], strict=True)
    return (slice(None), slice(None), *(slice((size - out) // 2, (size - out) // 2 + out) for size, out in pairs))


def _crop_forward(at: Pass, x: np.ndarray, *pattern: np.ndarray) -> tuple[np.ndarray, None]:
    """A second input only says how large."""
    return np.ascontiguousarray(x[_centre(at.node)]), None


def _crop_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    dx = np.zeros_like(inputs[0])
    dx[_centre(at.node)] = dy
    return [dx, *(np.zeros_like(pattern) for pattern in inputs[1:])], {}


def _survival(at: Pass) -> float:
    return float(at.key < at.node.layer.survival * 2**32) if at.training else at.node.layer.survival


def _stochastic_depth_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return x * x.dtype.type(_survival(at)), None


def _stochastic_depth_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None
                               ) -> tuple[list[np.ndarray], Arrays]:
    return [dy * dy.dtype.type(_survival(at))], {}


def _conv_transpose_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y, weight = at.new(len(x), at.node.output_shapes[0], x.dtype), at.parameters["weight"]
    bias = at.parameters.get("bias", np.zeros(y.shape[1], weight.dtype))
    _loops(at.node, "conv_transpose#d_forward")(y, x, weight, bias, *_settings(at.node), at.node.layer.groups)
    return y, None


def _conv_transpose_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None
                             ) -> tuple[list[np.ndarray], Arrays]:
    (x,), weight = inputs, at.parameters["weight"]
    dx, gradients = np.empty_like(x), {"weight": np.empty_like(weight)}
    settings = (*_settings(at.node), at.node.layer.groups)
    _loops(at.node, "conv_transpose#d_backward_input")(dx, dy, weight, *settings)
    _loops(at.node, "conv_transpose#d_backward_weight")(gradients["weight"], dy, x, *settings)
    if "bias" in at.parameters:
        gradients["bias"] = np.empty_like(at.parameters["bias"])
        _loops(at.node, "conv_transpose#d_backward_bias")(gradients["bias"], dy)
    return [dx], gradients


def _scaled_tanh_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return at.node.layer.amplitude * np.tanh(at.node.layer.slope * x), None


def _scaled_tanh_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    s = at.node.layer
    return [dy * s.slope * (s.amplitude - y * y / s.amplitude)], {}


def _channel(values: np.ndarray, axes: int) -> np.ndarray:
    """One number a channel, to be multiplied with (N, C, *space)."""
    return values.reshape(-1, *(1,) * axes)


def _subsample_arguments(node: Node) -> tuple[Any, ...]:
    axes = node.layer.axes(node.input_shapes)
    return (*(a.taps for a in axes), *(a.stride for a in axes), *(0 for _ in axes), *(0 for _ in axes), True)


def _subsample_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    sums = at.new(len(x), at.node.output_shapes[0], x.dtype)
    _loops(at.node, "avg_pool#d_forward")(sums, x, *_subsample_arguments(at.node))
    sums *= prod(_taps(at.node))
    weight, bias = (_channel(at.parameters[name], x.ndim - 2) for name in ("weight", "bias"))
    return weight * sums + bias, sums


def _subsample_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, sums: np.ndarray
                        ) -> tuple[list[np.ndarray], Arrays]:
    dx, places = np.empty_like(inputs[0]), (0, *range(2, dy.ndim))
    spread = dy * _channel(at.parameters["weight"], dy.ndim - 2) * prod(_taps(at.node))
    _loops(at.node, "avg_pool#d_backward")(dx, spread, *_subsample_arguments(at.node))
    return [dx], {"weight": (dy * sums).sum(axis=places), "bias": dy.sum(axis=places)}


def _full_weight(at: Pass) -> np.ndarray:
    """A connection table's weights as those of an ordinary convolution, 0 where there is no link."""
    weight, table = at.parameters["weight"], at.node.layer.table
    full = np.zeros((len(table), at.node.input_shapes[0][0], *weight.shape[1:]), weight.dtype)
    full[_link_places(table)] = weight
    return full


def _link_places(table: tuple[tuple[int, ...], ...]) -> tuple[list[int], list[int]]:
    return [k for k, row in enumerate(table) for _ in row], [maps for row in table for maps in row]


def _table_conv_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    bias = at.parameters.get("bias", np.zeros(y.shape[1], x.dtype))
    loops.conv2d_forward(y, x, _full_weight(at), bias, *_settings(at.node), 1, False)
    return y, None


def _table_conv_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    (x,), weight = inputs, _full_weight(at)
    dx, dweight = np.empty_like(x), np.empty_like(weight)
    loops.conv2d_backward_input(dx, dy, weight, *_settings(at.node), 1, False)
    loops.conv2d_backward_weight(dweight, dy, x, *_settings(at.node), 1, False)
    gradients = {"weight": np.ascontiguousarray(dweight[_link_places(at.node.layer.table)])}
    if "bias" in at.parameters:
        gradients["bias"] = dy.sum(axis=(0, 2, 3))
    return [dx], gradients


def _gate_forward(at: Pass, h: np.ndarray, t: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, None]:
    return t * h + (1 - t) * x, None


def _gate_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    h, t, x = inputs
    return [dy * t, dy * (h - x), dy * (1 - t)], {}


def _rbf_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return -((x[:, None] - at.parameters["weight"]) ** 2).sum(axis=2), None


def _rbf_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    (x,) = inputs
    return [2 * (dy[:, :, None] * (at.parameters["weight"] - x[:, None])).sum(axis=1)], {}


def _upsample(at: Pass, name: str) -> tuple[Callable[..., None], tuple[int, ...]]:
    return _loops(at.node, f"upsample_{at.node.layer.mode}#d_{name}"), at.node.layer.scales(at.node.input_shapes)


def _upsample_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    y = at.new(len(x), at.node.output_shapes[0], x.dtype)
    loop, scales = _upsample(at, "forward")
    loop(y, x, *scales)
    return y, None


def _upsample_backward(at: Pass, dy: np.ndarray, inputs: list[np.ndarray], y: np.ndarray, kept: None) -> tuple[list[np.ndarray], Arrays]:
    dx = np.empty_like(inputs[0])
    loop, scales = _upsample(at, "backward")
    loop(dx, dy, *scales)
    return [dx], {}


def _reshape_forward(at: Pass, x: np.ndarray) -> tuple[np.ndarray, None]:
    return x.reshape(len(x), *at.node.output_shapes[0]), None


OPERATIONS = {
    "conv": Operation(_conv_forward, _conv_backward),
    "linear": Operation(_linear_forward, _linear_backward),
    "max_pool": Operation(_max_pool_forward, _max_pool_backward),
    "avg_pool": Operation(_average_pool_forward, _average_pool_backward),
    "global_avg_pool": Operation(_global_average_forward, _global_average_backward),
    "relu": _pointwise("relu"),
    "leaky_relu": _pointwise("leaky_relu", of_input=True),
    "tanh": _pointwise("tanh"),
    "sigmoid": _pointwise("sigmoid"),
    "dropout": Operation(_dropout_forward, _dropout_backward),
    "local_response_norm": Operation(_norm_forward, _norm_backward),
    "flatten": Operation(_flatten_forward, _flatten_backward),
    "conv_transpose": Operation(_conv_transpose_forward, _conv_transpose_backward),
    "pad_shortcut": Operation(_pad_shortcut_forward, _pad_shortcut_backward),
    "crop": Operation(_crop_forward, _crop_backward),
    "stochastic_depth": Operation(_stochastic_depth_forward, _stochastic_depth_backward),
    "reshape": Operation(_reshape_forward, _flatten_backward),
    "scaled_tanh": Operation(_scaled_tanh_forward, _scaled_tanh_backward),
    "subsample": Operation(_subsample_forward, _subsample_backward),
    "table_conv": Operation(_table_conv_forward, _table_conv_backward),
    "gate": Operation(_gate_forward, _gate_backward),
    "rbf": Operation(_rbf_forward, _rbf_backward),
    "upsample": Operation(_upsample_forward, _upsample_backward),
    "batch_norm": Operation(_batch_norm_forward, _batch_norm_backward),
    "add": Operation(_add_forward, _add_backward),
    "concat": Operation(_concat_forward, _concat_backward),
}


class Run:
    """One pass over a graph, every value kept.

    Parameters
    ----------
    parameters : dict
        Parameters and buffers by full name, in the dtype to compute in.
    key : int
        What dropout draws from, as in the plan: the same key gives the same masks.
    """

    def __init__(self, topology: Topology, parameters: Arrays, x: np.ndarray, training: bool = False, key: int = 0) -> None:
        self.topology = topology
        self.parameters = parameters
        self.training = training
        self.key = key
        self.values: dict[ValueRef, np.ndarray] = {INPUT: x}
        self._kept: dict[int, Any] = {}
        for node in topology.nodes:
            inputs = [self.values[ref] for ref in node.inputs]
            y, self._kept[node.index] = OPERATIONS[node.layer.kernel].forward(self._pass(node), *inputs)
            self.values[ValueRef(node.index)] = y

    def _pass(self, node: Node) -> Pass:
        own = {slot.name.rpartition(".")[2]: self.parameters[slot.name] for slot in node.slots}
        return Pass(node, own, self.training, uniform_bits(self.key & MASK, self.key >> 32, node.index))

    @property
    def output(self) -> np.ndarray:
        """The network's output."""
        (ref,) = self.topology.outputs
        return self.values[ref]

    def loss(self, labels: np.ndarray) -> tuple[float, np.ndarray]:
        """Mean softmax cross-entropy and its gradient with respect to the output."""
        logits = self.output
        losses, probabilities, dlogits = np.empty(len(logits), logits.dtype), np.empty_like(logits), np.empty_like(logits)
        loops.softmax_cross_entropy_forward(losses, probabilities, logits, labels)
        share = np.full(len(logits), 1 / len(logits), logits.dtype)
        loops.softmax_cross_entropy_backward(dlogits, share, probabilities, labels)
        return float(losses.mean(dtype=np.float64)), dlogits

    def gradients(self, dy: np.ndarray) -> tuple[np.ndarray, Arrays]:
        """Gradients of the input and of every parameter, given the gradient of the output."""
        (output,) = self.topology.outputs
        flowing: dict[ValueRef, np.ndarray] = {output: dy}
        found: Arrays = {slot.name: np.zeros_like(self.parameters[slot.name]) for slot in self.topology.slots if slot.trainable}
        for node in reversed(self.topology.nodes):
            ref = ValueRef(node.index)
            if ref not in flowing:
                continue
            inputs = [self.values[each] for each in node.inputs]
            dxs, own = OPERATIONS[node.layer.kernel].backward(self._pass(node), flowing.pop(ref), inputs, self.values[ref],
                                                              self._kept[node.index])
            for name, gradient in own.items():
                found[f"{node.name}.{name}"] = gradient
            for source, dx in zip(node.inputs, dxs, strict=True):
                flowing[source] = flowing[source] + dx if source in flowing else dx
        return flowing.get(INPUT, np.zeros_like(self.values[INPUT])), found
