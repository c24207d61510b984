"""Layer normalization: group normalization with one group, so that mean and variance are those of the whole image.

Ba, Kiros, Hinton, "Layer Normalization", 2016, equation 3; for maps as in Wu, He, "Group Normalization", 2018, equation 5.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.layers.group_norm import Grouped


@dataclass(frozen=True, repr=False)
class LayerNorm(Grouped):
    """Of flat features (F,), as PyTorch's LayerNorm(F); or of maps (C, *space), with one weight and bias for each channel."""

    _: KW_ONLY
    eps: float = 1e-5

    def group_count(self, channels: int) -> int:
        return 1
