"""The PyTorch call for each of our layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minicnn import layers as L
from minicnn.errors import SettingError
from minicnn.geometry import Axis
from minicnn.graph import Node
from minicnn.layers.avg_pool import AvgPool
from minicnn.layers.batch_norm import BatchNorm
from minicnn.layers.conv import Conv
from minicnn.layers.pool import Pool

Call = Callable[..., Any]


def symmetric(axes: Sequence[Axis], what: str) -> list[int]:
    """Padding per axis, if before and after agree, else a SettingError."""
    if any(axis.before != axis.after for axis in axes):
        raise SettingError(f"bench: {what} pads its two sides differently, which PyTorch cannot do in one call")
    return [axis.before for axis in axes]


def operation(torch: Any, node: Node, own: dict[str, Any], training: bool, drops: bool = False) -> Call:
    """The call for one of our nodes, with its parameters `own`; a SettingError if PyTorch has no equivalent.

    drops : dropout draws for itself in training, so that nothing can be compared
    """
    functional = torch.nn.functional
    layer: Any = node.layer
    axes = layer.axes(node.input_shapes) or ()
    steps = [axis.stride for axis in axes]
    match layer:
        case Conv() if layer.sharing == "shared" and not layer.flip:
            convolve, padding = getattr(functional, f"conv{len(axes)}d"), symmetric(axes, node.name)
            weight, bias, dilation = own["weight"], own.get("bias"), [axis.dilation for axis in axes]
            return lambda x: convolve(x, weight, bias, steps, padding, dilation, layer.groups)
        case L.Linear():
            return lambda x: functional.linear(x, own["weight"], own.get("bias"))
        case Pool():
            pool = getattr(functional, f"{'avg' if isinstance(layer, AvgPool) else 'max'}_pool{len(axes)}d")
            settings = {"stride": steps, "padding": symmetric(axes, node.name), "ceil_mode": layer.ceil_mode}
            if isinstance(layer, AvgPool):
                settings["count_include_pad"] = layer.count_padding
            window = [axis.taps for axis in axes]
            return lambda x: pool(x, window, **settings)
        case L.GlobalAvgPool():
            return lambda x: x.mean(dim=tuple(range(2, x.ndim)))
        case L.ReLU() | L.Tanh() | L.Sigmoid():
            function: Call = getattr(torch, layer.kind().lower())
            return function
        case L.Flatten():
            return lambda x: x.flatten(1)
        case L.Dropout() if not training or not layer.rate:
            return lambda x: x
        case L.Dropout() if drops:
            return lambda x: functional.dropout(x, layer.rate)
        case BatchNorm():
            return lambda x: functional.batch_norm(
                x, own["running_mean"], own["running_var"], own["weight"], own["bias"], training, layer.momentum, layer.eps
            )
        case L.LocalResponseNorm():  # PyTorch divides alpha by the size
            return lambda x: functional.local_response_norm(x, layer.size, layer.alpha * layer.size, layer.beta, layer.k)
        case L.AddInputs():
            return lambda *values: sum(values[1:], values[0])
        case L.ConcatChannels():
            return lambda *values: torch.cat(values, dim=1)
        case L.PadShortcut() if len(axes) == 2:
            more = layer.channels - node.input_shapes[0][0]
            return lambda x: functional.pad(x[:, :, :: layer.stride, :: layer.stride], (0, 0, 0, 0, 0, more))
    raise SettingError(f"bench: there is no PyTorch twin of {node.name} ({layer.kind()!r})")
