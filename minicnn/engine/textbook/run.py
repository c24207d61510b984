"""One pass over a graph by the textbook loops, every value kept, and the way back."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.engine.textbook import activation, convolution, joining, normalization, pooling
from minicnn.engine.textbook.operation import Arrays, Operation, Pass
from minicnn.graph import INPUT, Node, Topology, ValueRef
from minicnn.kernels import textbook as loops
from minicnn.kernels.random_bits import MASK, uniform_bits

OPERATIONS = {
    "conv": Operation(convolution.conv_forward, convolution.conv_backward),
    "linear": Operation(convolution.linear_forward, convolution.linear_backward),
    "max_pool": Operation(pooling.max_pool_forward, pooling.max_pool_backward),
    "avg_pool": Operation(pooling.average_pool_forward, pooling.average_pool_backward),
    "global_avg_pool": Operation(pooling.global_average_forward, pooling.global_average_backward),
    "relu": activation.pointwise("relu"),
    "leaky_relu": activation.pointwise("leaky_relu", of_input=True),
    "tanh": activation.pointwise("tanh"),
    "sigmoid": activation.pointwise("sigmoid"),
    "dropout": Operation(activation.dropout_forward, activation.dropout_backward),
    "local_response_norm": Operation(normalization.norm_forward, normalization.norm_backward),
    "flatten": Operation(joining.flatten_forward, joining.flatten_backward),
    "conv_transpose": Operation(convolution.conv_transpose_forward, convolution.conv_transpose_backward),
    "pad_shortcut": Operation(joining.pad_shortcut_forward, joining.pad_shortcut_backward),
    "crop": Operation(joining.crop_forward, joining.crop_backward),
    "stochastic_depth": Operation(activation.stochastic_depth_forward, activation.stochastic_depth_backward),
    "reshape": Operation(joining.reshape_forward, joining.flatten_backward),
    "scaled_tanh": Operation(activation.scaled_tanh_forward, activation.scaled_tanh_backward),
    "subsample": Operation(pooling.subsample_forward, pooling.subsample_backward),
    "table_conv": Operation(convolution.table_conv_forward, convolution.table_conv_backward),
    "gate": Operation(joining.gate_forward, joining.gate_backward),
    "rbf": Operation(activation.rbf_forward, activation.rbf_backward),
    "upsample": Operation(pooling.upsample_forward, pooling.upsample_backward),
    "batch_norm": Operation(normalization.batch_norm_forward, normalization.batch_norm_backward),
    "add": Operation(joining.add_forward, joining.add_backward),
    "concat": Operation(joining.concat_forward, joining.concat_backward),
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
            dxs, own = OPERATIONS[node.layer.kernel].backward(
                self._pass(node), flowing.pop(ref), inputs, self.values[ref], self._kept[node.index]
            )
            for slot in node.slots:
                if slot.trainable:
                    found[slot.name] += own[slot.name.rpartition(".")[2]]  # a layer in several places gives a part at each
            for source, dx in zip(node.inputs, dxs, strict=True):
                flowing[source] = flowing[source] + dx if source in flowing else dx
        return flowing.get(INPUT, np.zeros_like(self.values[INPUT])), found
