"""Batches that leave batch normalization a single number per channel, which has no variance."""

from __future__ import annotations

import warnings
from math import prod

from minicnn.errors import MinicnnWarning
from minicnn.graph import Topology
from minicnn.layers.batch_norm import BatchNorm


def layers_of_single_values(topology: Topology) -> list[str]:
    """The layers that normalize one position per image: flat features, or maps of one pixel."""
    norms = [node for node in topology.nodes if isinstance(node.layer, BatchNorm) and not node.frozen]
    return [node.name for node in norms if prod(node.input_shapes[0][1:]) == 1]


def warn_of_single_values(topology: Topology, *batches: int) -> bool:
    """Warn if one of these batch sizes is 1 and a layer takes statistics of it; whether it warned."""
    layers = layers_of_single_values(topology) if 1 in batches else []
    if layers:
        named = ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if len(layers) > 3 else "")
        warnings.warn(
            f"a batch of one image gives {named} a single number in each channel, which has no variance: no gradient passes"
            f" there, and the running statistics stay as they are\n  use a batch size that leaves no single image over",
            MinicnnWarning,
            stacklevel=3,
        )
    return bool(layers)
