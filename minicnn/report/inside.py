"""What the network looks for: the filters of its first convolution, and what its layers make of a test image."""

from __future__ import annotations

import numpy as np

from minicnn.charts import Picture, gallery
from minicnn.charts.samples import to_pictures
from minicnn.graph.drawing import picture as drawing
from minicnn.layers.conv import Conv
from minicnn.markup import shown
from minicnn.network import Graph
from minicnn.report.findings import Findings

MOST_FILTERS, MOST_LAYERS, MOST_MAPS = 32, 5, 8


def inside(found: Findings) -> str:
    """Filters and maps; nothing for a network without convolutions."""
    net = found.trained.net.sized(found.trained.preparation.input_shape)
    parts = []
    filters = first_filters(net)
    if filters:
        name, pictures, total = filters
        more = f" (the first {len(pictures)} of {total})" if total > len(pictures) else ""
        parts.append(f"<h3>Filters of {shown(name)}{more}</h3>{gallery(pictures, 56, shared_range=True)}")
    if found.examples:
        pixels = found.examples[0][0]
        image = to_pictures(pixels[None])[0].transpose(2, 0, 1)
        maps = "".join(f"<h4>{shown(layer)}</h4>{gallery(pictures, 56)}" for layer, pictures in feature_maps(found, net, pixels))
        if maps:
            parts.append(f"<h3>What the layers make of test image #0</h3>{gallery([Picture('input', image)], 84)}{maps}")
    return "".join(parts)


def first_filters(net: Graph) -> tuple[str, list[Picture], int] | None:
    """The first convolution's name, its filters as pictures, and how many there are; None if there is no convolution.

    In colour if the filters see red, green and blue, else one plane: that of the first channel.
    """
    for node in net.nodes:
        if not isinstance(node.layer, Conv):
            continue
        weight = np.asarray(net.parameters[f"{node.name}.weight"])
        if node.layer.sharing != "shared":  # of the first place
            weight = weight[(slice(None), *(0,) * node.layer.axis_count)]
        K, C, *taps = weight.shape
        return node.name, [_filter(k, weight[k], len(taps), C) for k in range(min(K, MOST_FILTERS))], K
    return None


def _filter(k: int, weight: np.ndarray, axes: int, channels: int) -> Picture:
    """A filter (C, *taps) as a picture."""
    if axes == 1:
        return Picture(f"{k}", weight, signed=True)
    if axes == 3:
        weight = weight[:, weight.shape[1] // 2]
    return Picture(f"{k}", weight if channels == 3 else weight[0], signed=True)


def feature_maps(found: Findings, net: Graph, pixels: np.ndarray) -> list[tuple[str, list[Picture]]]:
    """Layers that give maps, by depth, and the maps of an image; a convolution is shown after its rectifier."""
    ends = [box.nodes[-1] for box in drawing(net.topology).boxes]
    names = [node.name for node in ends if len(node.output_shapes[0]) > 1]
    if len(names) > MOST_LAYERS:
        names = [names[round(n * (len(names) - 1) / (MOST_LAYERS - 1))] for n in range(MOST_LAYERS)]
    preparation = found.trained.preparation
    shape = (len(preparation.scale), *(1,) * (pixels.ndim - 1))
    scale, shift = (np.array(each, np.float32).reshape(shape) for each in (preparation.scale, preparation.shift))
    values = net.activations((pixels.astype(np.float32) * scale + shift)[None], names) if names else {}
    return [(name, _maps(found[0])) for name, found in values.items()]


def _maps(values: np.ndarray) -> list[Picture]:
    """The maps (K, *space) of a layer as pictures; signals as one."""
    signed = bool((values < 0).any())
    if values.ndim == 2:
        return [Picture(f"{len(values)} channels, one a row", values, signed)]
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2]
    return [Picture(f"{k}", values[k], signed) for k in range(min(len(values), MOST_MAPS))]
