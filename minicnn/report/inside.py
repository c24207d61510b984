"""What the network looks for: the filters of its first layer that has any, and what its layers make of a test image."""

from __future__ import annotations

from minicnn import views
from minicnn.charts import Picture, gallery
from minicnn.charts.samples import to_pictures
from minicnn.markup import shown
from minicnn.report.findings import Findings
from minicnn.views.pictures import normalised

MOST_FILTERS, MOST_LAYERS, MOST_MAPS = 32, 5, 8
SMALL, LARGE = 56, 160  # pixels of a picture among others, and of one alone


def inside(found: Findings) -> str:
    """Filters and maps; nothing for a network that has neither."""
    net = found.trained.net.sized(found.trained.preparation.input_shape)
    parts = []
    if views.filter_layers(net):
        filters = views.filters(net)
        pictures = filter_pictures(filters)
        more = f" (the first {len(pictures)} of {len(filters.weight)})" if len(filters.weight) > len(pictures) else ""
        parts.append(f"<h3>Filters of {shown(filters.layer)}{more}</h3>{gallery(pictures, SMALL, shared_range=True)}")
    layers = views.main_layers(net, MOST_LAYERS)
    if found.examples and layers:
        pixels = found.examples[0][0]
        image = Picture("input", to_pictures(pixels[None])[0].transpose(2, 0, 1))
        parts.append(f"<h3>What the layers make of test image #0</h3>{gallery([image], 84)}")
        for each in views.maps(net, normalised(pixels[None], found.trained.preparation), layers):
            pictures = map_pictures(each)
            more = f" (the {MOST_MAPS} strongest of {len(each.values)})" if 1 < len(pictures) < len(each.values) else ""
            parts.append(f"<h4>{shown(each.layer)}{more}</h4>{gallery(pictures, SMALL if len(pictures) > 1 else LARGE)}")
    return "".join(parts)


def filter_pictures(filters: views.Filters) -> list[Picture]:
    """In colour if the filters see red, green and blue, else one plane: that of the first channel; signals with a row for each channel."""
    weight = filters.weight[:MOST_FILTERS]
    if weight.ndim == 5:
        weight = weight[:, :, weight.shape[2] // 2]
    return [Picture(f"{k}", each if filters.colour or each.ndim == 2 else each[0], signed=True) for k, each in enumerate(weight)]


def map_pictures(maps: views.Maps) -> list[Picture]:
    """The strongest maps (K, *space) of a layer as pictures; signals as one."""
    values, signed = maps.values, maps.least < 0
    if values.ndim == 2:
        return [Picture(f"{len(values)} channels, one a row", values, signed)]
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2]
    return [Picture(f"{k}", values[k], signed) for k in (maps.strongest(MOST_MAPS) if len(values) > MOST_MAPS else range(len(values)))]
