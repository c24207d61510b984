"""Instance normalization: group normalization with a group for every channel.

Ulyanov, Vedaldi, Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016, equation 5.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.layers.group_norm import Grouped


@dataclass(frozen=True, repr=False)
class InstanceNorm(Grouped):
    """Of maps (C, *space), any number of axes; weight and bias are learnt (PyTorch: affine=True)."""

    _: KW_ONLY
    eps: float = 1e-5

    def group_count(self, channels: int) -> int:
        return channels
