"""PyTorch as a peer: asked for by name, held to the same number of threads, given the same networks and the same numbers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.bench.torch_operations import operation
from minicnn.errors import SettingError
from minicnn.graph import INPUT, Node

if TYPE_CHECKING:
    from minicnn.network import Graph


def import_torch(threads: int) -> Any:
    """The module, using so many threads.

    Raises
    ------
    SettingError
        If it is not installed.
    """
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise SettingError("bench: a comparison with torch needs PyTorch, which is not installed\n  pip install torch") from error
    torch.set_num_threads(threads)
    return torch


class Twin:
    """A network of ours as PyTorch computes it: the same layers in the same order, called one by one as an eager module does.

    Parameters
    ----------
    channels_last : bool
        Keep maps as (N, H, W, C) in memory, PyTorch's other layout.
    training : bool
        Own copies of parameters and buffers, the former collecting gradients; otherwise the network's own memory is read.
    """

    def __init__(self, torch: Any, net: Graph, channels_last: bool = False, training: bool = False, dtype: Any = None) -> None:
        self.torch = torch
        self.dtype = dtype or torch.float32
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.parameters = {name: self._tensor(value, training, training) for name, value in net.parameters.items()}
        self.buffers = {name: self._tensor(value, training, False) for name, value in net.buffers.items()}
        self._nodes = [(node.inputs, operation(torch, node, self._own(node), training)) for node in net.nodes]
        (self._output,) = net.topology.outputs

    def __call__(self, x: Any) -> Any:
        values = {INPUT: x}
        for index, (inputs, compute) in enumerate(self._nodes):
            values[INPUT._replace(node=index)] = compute(*(values[ref] for ref in inputs))
        return values[self._output]

    def tensor(self, images: np.ndarray) -> Any:
        """Images in this twin's layout."""
        tensor = self.torch.from_numpy(images).to(self.dtype)
        return tensor.contiguous(memory_format=self.layout) if tensor.ndim == 4 else tensor

    def optimizer(self, learning_rate: float, momentum: float, fused: bool = False) -> Any:
        """SGD over the parameters; `fused` is PyTorch's update in one loop."""
        return self.torch.optim.SGD(list(self.parameters.values()), lr=learning_rate, momentum=momentum, fused=fused)

    def gradients(self) -> dict[str, np.ndarray]:
        """What the last backward pass left, by our names."""
        return {name: value.grad.numpy() for name, value in self.parameters.items()}

    def _tensor(self, value: np.ndarray, copy: bool, gradient: bool) -> Any:
        tensor = self.torch.from_numpy(value).to(self.dtype)
        if tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=self.layout)
        return (tensor.clone() if copy else tensor).requires_grad_(gradient)

    def _own(self, node: Node) -> dict[str, Any]:
        """A node's arrays by their short names."""
        every = self.parameters | self.buffers
        return {slot.name.rpartition(".")[2]: every[slot.name] for slot in node.slots}
