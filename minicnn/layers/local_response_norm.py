"""Local response normalisation: a channel is damped by the strength of its neighbours.

    y[n,c,h,w] = x[n,c,h,w] / (k + alpha * sum over c' of x[n,c',h,w]^2)^beta
    where c' runs over the `size` channels around c: c - size//2 .. c - size//2 + size - 1

Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 3.3: the sum as
it is printed there, not divided by `size`.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from minicnn.geometry import whole_number
from minicnn.layers.pointwise import Pointwise
from minicnn.layers.setting import number


@dataclass(frozen=True, repr=False)
class LocalResponseNorm(Pointwise):
    """Divide by (k + alpha * sum of squares over `size` neighbouring channels)^beta."""

    stem = "norm"
    forward = "local_response_norm_forward"
    backward = "local_response_norm_backward"

    size: int = 5
    _: KW_ONLY
    k: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        self.store(
            size=whole_number(where, "size", self.size, least=1),
            k=number(where, "k", self.k, least=0, above=True),
            alpha=number(where, "alpha", self.alpha, least=0),
            beta=number(where, "beta", self.beta, least=0),
        )

    def brief(self) -> tuple[str, ...]:
        return (f"size {self.size}",)
