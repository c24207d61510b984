"""One layer as PyTorch writes it: what stands in __init__, and what stands in forward.

`{0}`, `{1}`, ... are the inputs, `{self}` is the module made in __init__.  A `Number` is one that may differ between blocks that are
otherwise alike, and becomes an argument of their class then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minicnn import layers as L
from minicnn.errors import GraphError
from minicnn.exchange.torch_source import modules
from minicnn.geometry import Axis
from minicnn.graph import Node
from minicnn.layers.pad import Padded


class Number(NamedTuple):
    """A number in the source, and what it counts."""

    value: float
    role: str


Text = tuple["str | Number", ...]


class Written(NamedTuple):
    """A layer in the source.

    made : in __init__; () for what has no parameters
    called : in forward
    needs : the module or function that PyTorch lacks
    """

    made: Text
    called: Text
    needs: str = ""


def written(node: Node) -> Written:
    """A layer as source; a GraphError if there is none for it."""
    for kind in type(node.layer).__mro__:
        if kind in WRITERS:
            return WRITERS[kind](node.layer, node)
    raise refused(node, "there is no module for it")


def refused(node: Node, why: str) -> GraphError:
    return GraphError(f"{node.name} ({node.layer.kind()!r}) cannot be written for PyTorch: {why}")


def _same(values: tuple[Any, ...]) -> str:
    """A setting, once if it is the same on all axes."""
    return repr(values[0]) if len(set(values)) == 1 else repr(values)


def _window(node: Node) -> tuple[Axis, ...]:
    return node.layer.axes(node.input_shapes) or ()


def _named(**settings: tuple[str, str]) -> str:
    """Settings that are not the usual ones: name=(value, usual)."""
    return "".join(f", {name}={value}" for name, (value, usual) in settings.items() if value != usual)


def _padding(axes: tuple[Axis, ...]) -> tuple[str, str]:
    """(padding on both sides alike, F.pad's numbers where the sides differ); the other is ""."""
    if all(axis.before == axis.after for axis in axes):
        return _same(tuple(axis.before for axis in axes)), ""
    return "0", ", ".join(f"{axis.before}, {axis.after}" for axis in reversed(axes))


def _conv(layer: Any, node: Node) -> Written:
    axes = _window(node)
    same, pairs = _padding(axes)
    channels, count = node.input_shapes[0][0], len(axes)
    x = f"F.pad({{0}}, ({pairs}))" if pairs else "{0}"
    stride, dilation, taps = (tuple(getattr(axis, name) for axis in axes) for name in ("stride", "dilation", "taps"))
    if layer.sharing != "shared":
        if count != 2:
            raise refused(node, "unshared and tiled convolutions are written for two axes")
        padding = f"F.pad({{0}}, ({', '.join(f'{axis.before}, {axis.after}' for axis in reversed(axes))}))"
        x = padding if any(axis.before or axis.after for axis in axes) else "{0}"
        more = _named(bias=(str(layer.bias), "True"), groups=(str(layer.groups), "1"), turned=(str(layer.flip), "False"))
        settings = f", {taps!r}, tile={layer.tile(node.input_shapes)!r}, stride={stride!r}, dilation={dilation!r}{more})"
        made = ("TiledConv2d(", Number(channels, "channels"), ", ", Number(layer.filters, "filters"), settings)
        return Written(made, ("{self}(" + x + ")",), modules.TILED_CONV)
    if layer.flip:
        raise refused(node, "flip turns its filters round, which Conv2d does not\n  turn the weights instead: Conv2D without flip")
    settings = _named(stride=(_same(stride), "1"), padding=(same, "0"), dilation=(_same(dilation), "1"))
    groups: Text = (", groups=", Number(layer.groups, "groups")) if layer.groups > 1 else ()
    end = _named(bias=(str(layer.bias), "True")) + ")"
    start = (f"nn.Conv{count}d(", Number(channels, "channels"), ", ", Number(layer.filters, "filters"), f", {_same(taps)}{settings}")
    return Written((*start, *groups, end), ("{self}(" + x + ")",))


def _conv_transpose(layer: Any, node: Node) -> Written:
    count = layer.axis_count
    if not isinstance(layer.padding, int | tuple) or (isinstance(layer.padding, tuple) and isinstance(layer.padding[0], tuple)):
        raise refused(node, f"padding {layer.padding!r} is not one number per axis")
    settings = _named(
        stride=(repr(layer.stride), "1"),
        padding=(repr(layer.padding), "0"),
        output_padding=(repr(layer.output_padding), "0"),
        groups=(repr(layer.groups), "1"),
        bias=(str(layer.bias), "True"),
        dilation=(repr(layer.dilation), "1"),
    )
    channels, filters = Number(node.input_shapes[0][0], "channels"), Number(node.output_shapes[0][0], "filters")
    return Written((f"nn.ConvTranspose{count}d(", channels, ", ", filters, f", {layer.window!r}{settings})"), ("{self}({0})",))


def _linear(layer: Any, node: Node) -> Written:
    end = _named(bias=(str(layer.bias), "True")) + ")"
    return Written(
        ("nn.Linear(", Number(node.input_shapes[0][0], "inputs"), ", ", Number(layer.features, "features"), end), ("{self}({0})",)
    )


def _batch_norm(layer: Any, node: Node) -> Written:
    count = max(1, len(node.input_shapes[0]) - 1)
    settings = _named(eps=(repr(layer.eps), "1e-05"), momentum=(repr(layer.momentum), "0.1"))
    return Written((f"nn.BatchNorm{count}d(", Number(node.input_shapes[0][0], "channels"), f"{settings})"), ("{self}({0})",))


def _group_norm(layer: Any, node: Node) -> Written:
    channels = node.input_shapes[0][0]
    settings = _named(eps=(repr(layer.eps), "1e-05"))
    made = ("nn.GroupNorm(", Number(layer.group_count(channels), "groups"), ", ", Number(channels, "channels"), f"{settings})")
    return Written(made, ("{self}({0})",))


def _pool(layer: Any, node: Node) -> Written:
    axes = _window(node)
    same, pairs = _padding(axes)
    word = "max" if isinstance(layer, L.MaxPool1D | L.MaxPool2D | L.MaxPool3D) else "avg"
    if word == "avg" and pairs and (layer.ceil_mode or not layer.count_padding):
        raise refused(node, "padding that differs between the sides counts, or hangs over the end")
    large = any(2 * axis.before > axis.taps for axis in axes)
    if large and not pairs:
        pairs, same = ", ".join(f"{axis.before}, {axis.after}" for axis in reversed(axes)), "0"
    value = ', value=float("-inf")' if word == "max" else ""
    x = f"F.pad({{0}}, ({pairs}){value})" if pairs else "{0}"
    taps, stride, dilation = (tuple(getattr(axis, name) for axis in axes) for name in ("taps", "stride", "dilation"))
    settings = _named(
        stride=(_same(stride), _same(taps)), padding=(same, "0"), dilation=(_same(dilation), "1"), ceil_mode=(str(layer.ceil_mode), "False")
    )
    counted = _named(count_include_pad=(str(getattr(layer, "count_padding", True)), "True"))
    return Written((), (f"F.{word}_pool{len(axes)}d({x}, {_same(taps)}{settings}{counted})",))


def _adaptive(word: str) -> Callable[[Any, Node], Written]:
    def write(layer: Any, node: Node) -> Written:
        space = node.output_shapes[0][1:]
        return Written((), (f"F.adaptive_{word}_pool{len(space)}d({{0}}, {space!r})",))

    return write


def _over_space(word: str) -> Callable[[Any, Node], Written]:
    def write(layer: Any, node: Node) -> Written:
        return Written((), (f"{{0}}.{word}(dim={tuple(range(2, len(node.input_shapes[0]) + 1))!r})",))

    return write


def _plain(call: str) -> Callable[[Any, Node], Written]:
    return lambda layer, node: Written((), (call,))


def _made(make: Callable[[Any, Node], Text], needs: str = "") -> Callable[[Any, Node], Written]:
    return lambda layer, node: Written(make(layer, node), ("{self}({0})",), needs)


def _joined(sign: str) -> Callable[[Any, Node], Written]:
    return lambda layer, node: Written((), (sign.join(f"{{{number}}}" for number in range(len(node.inputs))),))


def _concat(layer: Any, node: Node) -> Written:
    return Written((), ("torch.cat([" + ", ".join(f"{{{number}}}" for number in range(len(node.inputs))) + "], dim=1)",))


def _shortcut(layer: Any, node: Node) -> Written:
    channels, *space = node.input_shapes[0]
    picked = "".join(f", ::{layer.stride}" for _ in space) if layer.stride > 1 else ""
    x = f"{{0}}[:, :{picked}]" if picked else "{0}"
    more = layer.channels - channels
    return Written((), (f"F.pad({x}, ({'0, 0, ' * len(space)}0, ", Number(more, "more"), "))") if more else (x,))


def _crop(layer: Any, node: Node) -> Written:
    size = "{1}.shape[2:]" if layer.size is None else repr(node.output_shapes[0][1:])
    return Written((), (f"middle({{0}}, {size})",), modules.MIDDLE)


def _pad(layer: Any, node: Node) -> Written:
    pairs = ", ".join(f"{before}, {after}" for before, after in reversed(layer.pairs(node.input_shapes)))
    mode = "" if layer.mode == "zeros" else f", mode={layer.mode!r}".replace("'", '"')
    return Written((), (f"F.pad({{0}}, ({pairs}){mode})",))


def _upsample(layer: Any, node: Node) -> Written:
    axes = len(node.input_shapes[0]) - 1
    mode = "nearest" if layer.mode == "nearest" else {1: "linear", 2: "bilinear", 3: "trilinear"}[axes]
    corners = f", align_corners={layer.align_corners}" if layer.mode == "linear" else ""
    size = f"size={node.output_shapes[0][1:]!r}" if layer.scale is None else f"scale_factor={layer.scale!r}"
    return Written((), (f'F.interpolate({{0}}, {size}, mode="{mode}"{corners})',))


def _table_conv(layer: Any, node: Node) -> Written:
    axes = _window(node)
    same, pairs = _padding(axes)
    if pairs:
        raise refused(node, "its padding differs between the sides")
    taps, stride, dilation = (tuple(getattr(axis, name) for axis in axes) for name in ("taps", "stride", "dilation"))
    made = f"TableConv2d({layer.table!r}, {taps!r}, {_same(stride)}, {same}, {_same(dilation)}, {layer.bias})"
    return Written((made,), ("{self}({0})",), modules.TABLE_CONV)


def _subsample(layer: Any, node: Node) -> Written:
    axes = _window(node)
    if len(axes) != 2:
        raise refused(node, "it is written for two axes")
    taps, stride = (tuple(getattr(axis, name) for axis in axes) for name in ("taps", "stride"))
    return Written(
        ("Subsample(", Number(node.input_shapes[0][0], "channels"), f", {taps!r}, {stride!r})"), ("{self}({0})",), modules.SUBSAMPLE
    )


WRITERS: dict[type, Callable[[Any, Node], Written]] = {
    **dict.fromkeys((L.Conv1D, L.Conv2D, L.Conv3D), _conv),
    **dict.fromkeys((L.ConvTranspose1D, L.ConvTranspose2D, L.ConvTranspose3D), _conv_transpose),
    **dict.fromkeys((L.BatchNorm1D, L.BatchNorm2D, L.BatchNorm3D), _batch_norm),
    **dict.fromkeys((L.MaxPool1D, L.MaxPool2D, L.MaxPool3D, L.AvgPool1D, L.AvgPool2D, L.AvgPool3D), _pool),
    **dict.fromkeys((L.AdaptiveAvgPool1D, L.AdaptiveAvgPool2D, L.AdaptiveAvgPool3D), _adaptive("avg")),
    **dict.fromkeys((L.AdaptiveMaxPool1D, L.AdaptiveMaxPool2D, L.AdaptiveMaxPool3D), _adaptive("max")),
    Padded: _pad,
    **dict.fromkeys((L.GroupNorm, L.LayerNorm, L.InstanceNorm), _group_norm),
    L.Linear: _linear,
    L.GlobalAvgPool: _over_space("mean"),
    L.GlobalMaxPool: _over_space("amax"),
    L.Flatten: _plain("torch.flatten({0}, 1)"),
    L.ReLU: _plain("F.relu({0})"),
    L.Sigmoid: _plain("torch.sigmoid({0})"),
    L.Tanh: _plain("torch.tanh({0})"),
    L.Softmax: _plain("F.softmax({0}, dim=1)"),
    L.LeakyReLU: lambda layer, node: Written((), (f"F.leaky_relu({{0}}, {layer.slope!r})",)),
    L.ScaledTanh: lambda layer, node: Written((), (f"{layer.amplitude!r} * torch.tanh({layer.slope!r} * {{0}})",)),
    L.LocalResponseNorm: lambda layer, node: Written(
        (), (f"F.local_response_norm({{0}}, {layer.size}, alpha={layer.size} * {layer.alpha!r}, beta={layer.beta!r}, k={layer.k!r})",)
    ),
    L.Dropout: _made(lambda layer, node: (f"nn.Dropout({layer.rate!r})",)),
    L.StochasticDepth: _made(lambda layer, node: ("StochasticDepth(", Number(layer.survival, "survival"), ")"), modules.STOCHASTIC_DEPTH),
    L.RBF: _made(
        lambda layer, node: ("RBF(", Number(node.input_shapes[0][0], "inputs"), ", ", Number(layer.classes, "classes"), ")"), modules.RBF
    ),
    L.AddInputs: _joined(" + "),
    L.MultiplyInputs: _joined(" * "),
    L.GateInputs: _plain("{1} * {0} + (1 - {1}) * {2}"),
    L.ConcatChannels: _concat,
    L.PadShortcut: _shortcut,
    L.Crop: _crop,
    L.Reshape: lambda layer, node: Written((), (f"{{0}}.reshape(len({{0}}), {', '.join(map(str, node.output_shapes[0]))})",)),
    L.Upsample: _upsample,
    L.TableConv2D: _table_conv,
    **dict.fromkeys((L.Subsample1D, L.Subsample2D, L.Subsample3D), _subsample),
}
