"""What claims are compared with: numbers from layers, networks of the zoo, and geometry, computed on demand."""

from __future__ import annotations

from functools import cache
from math import prod

from minicnn import zoo
from minicnn.graph import INPUT, Summary, SummaryRow, Topology, summarize
from minicnn.kernels.index import input_position, output_position, weight_tap
from minicnn.layers import Conv1D, Conv2D, ConvTranspose1D, Element, Linear, Sequential, Shape


def of(element: Element, shape: Shape) -> Summary:
    """The summary of layers that are no network of the zoo."""
    return summarize(Topology.build(element, shape), "fact")


@cache
def network(name: str) -> Summary:
    return zoo.find(name).summary()


def params(name: str) -> int:
    return network(name).totals.params


def macs(name: str) -> int:
    return network(name).totals.macs


def layer(name: str, layer_name: str) -> SummaryRow:
    return next(row for row in network(name).layers if row.name == layer_name)


def kind_params(name: str, kind: str) -> int:
    return sum(share.params for share in network(name).by_kind if share.kind == kind)


def kind_macs(name: str, kind: str) -> int:
    return sum(share.macs or 0 for share in network(name).by_kind if share.kind == kind)


def biases(name: str, *types: str) -> int:
    """Biases of the layers of these types."""
    return sum(
        slot.size for node in zoo.build(name).nodes for slot in node.own_slots if slot.name.endswith(".bias") and node.layer.kind() in types
    )


def outputs(name: str, *types: str) -> int:
    """Numbers that the layers of these types output for one image."""
    return sum(prod(row.output_shape) for row in network(name).layers if row.type in types)


def depth(name: str) -> int:
    """Layers with weights on the longest path through a network: the number in its name."""
    topology = zoo.find(name).build().topology
    deep: list[int] = []
    for node, row in zip(topology.nodes, network(name).layers, strict=True):
        before = max((deep[ref.node] for ref in node.inputs if ref != INPUT), default=0)
        deep.append(before + (row.macs is not None))
    return max(deep)


def largest_field(name: str) -> int:
    return max(row.receptive_field[0] for row in network(name).layers if row.receptive_field is not None)


def weights(filters: int, window: int, channels: int, layers: int = 1) -> int:
    """Weights of convolutions one after the other, without biases, all with the same number of channels inside."""
    each = [Conv2D(filters, window, padding="same", bias=False) for _ in range(layers)]
    return of(Sequential(*each), (channels, 32, 32)).totals.params


def field_of(window: int, layers: int) -> int:
    """The receptive field of convolutions of stride 1 one after the other."""
    reach = of(Sequential(*[Conv2D(1, window, padding="same") for _ in range(layers)]), (1, 32, 32)).layers[-1].receptive_field
    return reach[0] if reach else 0


def weights_alone(name: str, layer_name: str) -> int:
    """The parameters of a layer without its biases, one for every output channel."""
    row = layer(name, layer_name)
    return row.params - row.output_shape[0]


def channels_read(name: str, layer_name: str) -> int:
    """Input channels that one filter of a convolution sees: those of its group."""
    row = layer(name, layer_name)
    return row.input_shapes[0][0] // (row.groups or 1)


def layers_before(name: str, stop: str | None, kind: str) -> int:
    """Layers of this type before the layer `stop`, or in the whole network."""
    rows = network(name).layers
    end = len(rows) if stop is None else rows.index(layer(name, stop))
    return sum(row.type == kind for row in rows[:end])


def convolutions_per_block(name: str) -> tuple[int, ...]:
    """Convolutions before each pooling."""
    counts = [0]
    for row in network(name).layers:
        if row.type == "MaxPool2D":
            counts.append(0)
        counts[-1] += row.type == "Conv2D"
    return tuple(counts[:-1])


def stride_of_transposed(size: int, out: int, window: int) -> int:
    """The stride with which a transposed convolution without padding makes `out` pixels of `size`."""
    strides = range(1, out + 1)
    return next(stride for stride in strides if of(ConvTranspose1D(1, window, stride=stride), (1, size)).layers[0].output_shape[1] == out)


def outputs_reached(size: int, window: int) -> tuple[int, ...]:
    """How many outputs of a convolution without padding read each input pixel."""
    out = of(Conv1D(1, window), (1, size)).layers[0].output_shape[1]
    return tuple(sum(output_position(i, r, out, 1, 1, 0) >= 0 for r in range(window)) for i in range(size))


def filtered(rows: tuple[tuple[int, ...], ...], weights: tuple[tuple[int, ...], ...], flip: bool) -> list[list[int]]:
    """A picture filtered without padding, by the formula: flip=True is the convolution of mathematics."""
    high, wide = len(weights), len(weights[0])
    return [
        [
            sum(
                rows[input_position(p, r, 1, 1, 0)][input_position(q, s, 1, 1, 0)]
                * weights[weight_tap(r, high, flip)][weight_tap(s, wide, flip)]
                for r in range(high)
                for s in range(wide)
            )
            for q in range(len(rows[0]) - wide + 1)
        ]
        for p in range(len(rows) - high + 1)
    ]


def edge_convolution() -> Summary:
    """Every pixel minus its left neighbour, on 280 x 320 pixels: two weights."""
    return of(Conv2D(1, (1, 2), bias=False, flip=True), (1, 280, 320))


def edge_matrix() -> Summary:
    """The same as a matrix product: every output with a weight for every input."""
    return of(Linear(prod(edge_convolution().layers[0].output_shape), bias=False), (280 * 320,))


def additions_and_products(summary: Summary) -> int:
    """A sum of n products takes n products and n - 1 additions."""
    row = summary.layers[0]
    return 2 * summary.totals.macs - prod(row.output_shape)
