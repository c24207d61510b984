"""Stochastic depth: at the end of a residual body, so that whole bodies drop out in training.

    training:  y = b*x,  b = 1 with probability `survival` and 0 otherwise, one b for the whole batch
    in use:    y = survival*x

Huang, Sun, Liu, Sedra, Weinberger, "Deep Networks with Stochastic Depth", 2016, equations 2 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass

from minicnn.layers.pointwise import Pointwise
from minicnn.layers.setting import number


@dataclass(frozen=True, repr=False)
class StochasticDepth(Pointwise):
    """Let a branch take part with probability `survival`; no parameters."""

    stem = "survival"
    forward = "stochastic_depth_forward"
    backward = "stochastic_depth_backward"
    quiet = False

    survival: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self.store(survival=number(self.where(), "survival", self.survival, least=0, above=True, most=1))

    def brief(self) -> tuple[str, ...]:
        return (f"survival {self.survival:.4g}",)
