"""PyTorch as a peer: asked for by name, held to the same number of threads, given the same networks and the same numbers."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.errors import SettingError
from minicnn.geometry import Axis
from minicnn.graph import INPUT, Node

if TYPE_CHECKING:
    from minicnn.network import Graph

Operation = Callable[..., Any]


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
        raise SettingError("bench: a comparison with torch needs PyTorch, which is not installed"
                           "\n  pip install 'minicnn[bench]'") from error
    torch.set_num_threads(threads)
    return torch


class Twin:
    """A network of ours as PyTorch computes it: the same layers in the same order, called one by one as an eager module does.

    Parameters
    ----------
    channels_last : bool
        Keep maps as (N, H, W, C) in memory, PyTorch's other layout.
    training : bool
        Own copies of the parameters, which collect gradients; otherwise the network's own memory is read.
    """

    def __init__(self, torch: Any, net: Graph, channels_last: bool = False, training: bool = False) -> None:
        self.torch = torch
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.parameters = {name: self._parameter(value, training) for name, value in net.parameters.items()}
        self._nodes = [(node.inputs, operation(torch, node, self._own(node))) for node in net.nodes]
        (self._output,) = net.topology.outputs

    def __call__(self, x: Any) -> Any:
        values = {INPUT: x}
        for index, (inputs, compute) in enumerate(self._nodes):
            values[INPUT._replace(node=index)] = compute(*(values[ref] for ref in inputs))
        return values[self._output]

    def tensor(self, images: np.ndarray) -> Any:
        """Images in this twin's layout."""
        tensor = self.torch.from_numpy(images)
        return tensor.contiguous(memory_format=self.layout) if tensor.ndim == 4 else tensor

    def optimizer(self, learning_rate: float, momentum: float, fused: bool = False) -> Any:
        """SGD over the parameters; `fused` is PyTorch's update in one loop."""
        return self.torch.optim.SGD(list(self.parameters.values()), lr=learning_rate, momentum=momentum, fused=fused)

    def gradients(self) -> dict[str, np.ndarray]:
        """What the last backward pass left, by our names."""
        return {name: value.grad.numpy() for name, value in self.parameters.items()}

    def _parameter(self, value: np.ndarray, training: bool) -> Any:
        tensor = self.torch.from_numpy(value)
        if tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=self.layout)
        return tensor.clone(memory_format=self.torch.preserve_format).requires_grad_() if training else tensor

    def _own(self, node: Node) -> list[Any]:
        return [self.parameters[slot.name] for slot in node.slots]


def symmetric(axes: Sequence[Axis], what: str) -> list[int]:
    """Padding per axis, where before and after agree; a SettingError where they do not."""
    if any(axis.before != axis.after for axis in axes):
        raise SettingError(f"bench: {what} pads its two sides differently, which PyTorch cannot do in one call")
    return [axis.before for axis in axes]


def operation(torch: Any, node: Node, parameters: list[Any]) -> Operation:
    """What PyTorch calls for one of our nodes; a SettingError where it has nothing that means the same."""
    functional = torch.nn.functional
    layer: Any = node.layer
    axes = layer.axes(node.input_shapes) or ()
    match layer.kernel:
        case "conv" if layer.sharing == "shared" and not layer.flip:
            convolve = getattr(functional, f"conv{len(axes)}d")
            weight, bias = (*parameters, None)[:2]
            settings = {"stride": [axis.stride for axis in axes], "padding": symmetric(axes, node.name),
                        "dilation": [axis.dilation for axis in axes], "groups": layer.groups}
            return lambda x: convolve(x, weight, bias, **settings)
        case "linear":
            return lambda x: functional.linear(x, *parameters)
        case "max_pool" | "avg_pool":
            pool = getattr(functional, f"{layer.kernel}{len(axes)}d")
            settings = {"stride": [axis.stride for axis in axes], "padding": symmetric(axes, node.name), "ceil_mode": layer.ceil_mode}
            if layer.kernel == "avg_pool":
                settings["count_include_pad"] = layer.count_padding
            window = [axis.taps for axis in axes]
            return lambda x: pool(x, window, **settings)
        case "global_avg_pool":
            return lambda x: x.mean(dim=tuple(range(2, x.ndim)))
        case "relu" | "tanh" | "sigmoid":
            return getattr(torch, layer.kernel)
        case "flatten":
            return lambda x: x.flatten(1)
        case "dropout":
            return lambda x: x   # timed in inference alone, where it does nothing
        case "local_response_norm":   # PyTorch divides alpha by the size
            return lambda x: functional.local_response_norm(x, layer.size, layer.alpha * layer.size, layer.beta, layer.k)
        case "add":
            return lambda *values: sum(values[1:], values[0])
        case "concat":
            return lambda *values: torch.cat(values, dim=1)
    raise SettingError(f"bench: there is no PyTorch twin of {node.name} ({layer.kind()!r})")
