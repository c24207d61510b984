"""Unshared and tiled convolution, pooling and normalization as PyTorch can say them.

PyTorch has no unshared and no tiled convolution: unfold lays out the inputs of every position, and a product with the right weights
follows; or the positions become groups of an ordinary convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

from minicnn.bench.layer_set import LayerCase
from minicnn.bench.peers.torch_operations import symmetric

Place = tuple[slice, slice, slice, slice]


class Formulation(NamedTuple):
    """One way to say it.

    prepare(weight) : the weights in the order it likes;  restore(dweight) : their gradient in ours
    parts(x, weight) : pieces of the result;  places : where in y each piece belongs
    """

    name: str
    prepare: Callable[[Any], Any]
    restore: Callable[[Any], Any]
    parts: Callable[[Any, Any], list[Any]]
    places: list[Place]


WHOLE = slice(None)
EVERYWHERE: list[Place] = [(WHOLE, WHOLE, WHOLE, WHOLE)]


def unshared_forms(torch: Any, case: LayerCase) -> list[Formulation]:
    """y[n,k,l] = sum over i of columns[n,i,l] * weight[k,l,i], with l the position and i the tap."""
    unfold = torch.nn.functional.unfold
    axes, filters = case.axes, case.output_shape[0]
    settings = {"kernel_size": [a.taps for a in axes], "stride": [a.stride for a in axes], "padding": symmetric(axes, case.name)}
    out = case.output_shape
    positions, taps = prod(out[1:]), prod(a.taps for a in axes) * case.input_shape[0]
    shape = case.weight_shape or ()

    def by_einsum(x: Any, weight: Any) -> list[Any]:
        return [torch.einsum("nil,kli->nkl", unfold(x, **settings), weight).reshape(-1, *out)]

    def by_bmm(x: Any, weight: Any) -> list[Any]:
        return [torch.bmm(unfold(x, **settings).permute(2, 0, 1), weight).permute(1, 2, 0).reshape(-1, *out)]

    def by_groups(x: Any, weight: Any) -> list[Any]:
        columns = unfold(x, **settings).permute(0, 2, 1).reshape(len(x), positions * taps, 1)
        found = torch.nn.functional.conv1d(columns, weight, groups=positions)
        return [found.reshape(-1, positions, filters).permute(0, 2, 1).reshape(-1, *out)]

    def flat(weight: Any) -> Any:
        return weight.reshape(filters, positions, taps)

    return [
        Formulation("unfold, einsum", flat, lambda d: d.reshape(shape), by_einsum, EVERYWHERE),
        Formulation(
            "unfold, bmm", lambda w: flat(w).permute(1, 2, 0).contiguous(), lambda d: d.permute(2, 0, 1).reshape(shape), by_bmm, EVERYWHERE
        ),
        Formulation(
            "unfold, grouped conv",
            lambda w: flat(w).permute(1, 0, 2).reshape(-1, taps, 1).contiguous(),
            lambda d: d.reshape(positions, filters, taps).permute(1, 0, 2).reshape(shape),
            by_groups,
            EVERYWHERE,
        ),
    ]


def tiled_forms(torch: Any, case: LayerCase) -> list[Formulation]:
    """Positions p = a (mod tile) have filter a: a strided convolution that begins a positions later."""
    functional = torch.nn.functional
    rows, columns = case.axes
    tile_rows, tile_columns = case.layer.tile((case.input_shape,))
    offsets = [(a, b) for a in range(tile_rows) for b in range(tile_columns)]
    places = [(WHOLE, WHOLE, slice(a, None, tile_rows), slice(b, None, tile_columns)) for a, b in offsets]
    pads = (columns.before, columns.after, rows.before, rows.after)
    stride = (rows.stride * tile_rows, columns.stride * tile_columns)
    window = (rows.taps, columns.taps)

    def shifted(x: Any) -> list[Any]:
        padded = functional.pad(x, pads)
        return [padded[:, :, a * rows.stride :, b * columns.stride :] for a, b in offsets]

    def by_convolutions(x: Any, weight: Any) -> list[Any]:
        return [functional.conv2d(part, own, stride=stride) for part, own in zip(shifted(x), weight, strict=True)]

    def by_products(x: Any, weight: Any) -> list[Any]:
        sizes = [((part.shape[2] - window[0]) // stride[0] + 1, (part.shape[3] - window[1]) // stride[1] + 1) for part in shifted(x)]
        return [
            torch.matmul(own.flatten(1), functional.unfold(part, window, stride=stride)).reshape(len(x), -1, *size)
            for part, own, size in zip(shifted(x), weight, sizes, strict=True)
        ]

    def prepare(weight: Any) -> Any:  # (K, tile, tile, C, R, S) -> (tile * tile, K, C, R, S)
        return weight.permute(1, 2, 0, 3, 4, 5).reshape(len(offsets), -1, *weight.shape[3:]).contiguous()

    def restore(dweight: Any) -> Any:
        return dweight.reshape(tile_rows, tile_columns, *dweight.shape[1:]).permute(2, 0, 1, 3, 4, 5)

    return [
        Formulation("strided convs", prepare, restore, by_convolutions, places),
        Formulation("unfold, matmul", prepare, restore, by_products, places),
    ]


def plain_forms(torch: Any, case: LayerCase) -> list[Formulation]:
    """Pooling and normalization: layers without weights."""
    functional, layer, axes = torch.nn.functional, case.layer, case.axes

    def form(name: str, call: Callable[[Any], Any]) -> Formulation:
        return Formulation(name, lambda weight: None, lambda gradient: gradient, lambda x, _: [call(x)], EVERYWHERE)

    if case.family == "norm":
        size, before = layer.size, layer.size // 2

        def shifted_squares(x: Any) -> Any:
            squares = functional.pad(x * x, (0, 0, 0, 0, before, size - 1 - before))
            total = sum(squares[:, c : c + x.shape[1]] for c in range(size))
            return x * (layer.k + layer.alpha * total) ** -layer.beta

        return [
            form("", lambda x: functional.local_response_norm(x, size, layer.alpha * size, layer.beta, layer.k)),
            form("shifted squares", shifted_squares),
        ]
    pool = getattr(functional, f"{case.family}2d")
    settings = {"stride": [a.stride for a in axes], "padding": symmetric(axes, case.name), "ceil_mode": layer.ceil_mode}
    return [form("", lambda x: pool(x, [a.taps for a in axes], **settings))]
