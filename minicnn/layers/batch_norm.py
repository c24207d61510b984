"""Batch normalization: every channel is brought to mean 0 and variance 1, then to a mean and a scale that are learnt.

    y[n,c,p,q] = weight[c] * (x[n,c,p,q] - mean[c]) / sqrt(variance[c] + eps) + bias[c]

In training, mean and variance are those of the batch, over images and positions, and the running statistics follow them:

    running = (1 - momentum) * running + momentum * batch          (the batch's variance divided by its count - 1)

A batch with a single number in a channel (one image of flat features or of one pixel) has no variance: the output is the bias, no gradient
passes, the running statistics stay as they are, and the trainer warns.  PyTorch refuses such a batch; Keras draws the variance towards 0.

In use, mean and variance are the running statistics; so they are in training if weight and bias are frozen (as in Keras), which then
stay as well.  These are buffers: they belong to the network and are stored with it, but
no gradient changes them and they are not counted as parameters.

Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", 2015, algorithms 1
and 2; settings and running variance as in PyTorch.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from minicnn.errors import ShapeError
from minicnn.geometry import shape_text
from minicnn.layers.base import Cost, Layer, ParameterSpec, Shape
from minicnn.layers.setting import number, one_input, one_map


@dataclass(frozen=True, repr=False)
class BatchNorm(Layer, registered=False):
    """Normalization of every channel; use BatchNorm1D, BatchNorm2D or BatchNorm3D.

    Parameters weight (C,) of ones and bias (C,) of zeros; buffers running_mean (C,) and running_var (C,).

    momentum : what share of the running statistics every batch replaces
    eps : keeps the root away from 0 where a channel is constant
    """

    stem = "bn"
    quiet = True
    kind_of_work = "normalization"
    axis_count: ClassVar[int]
    inferred = "channels"

    _: KW_ONLY
    eps: float = 1e-5
    momentum: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        where = self.where()
        self.store(
            momentum=number(where, "momentum", self.momentum, least=0, most=1), eps=number(where, "eps", self.eps, least=0, above=True)
        )

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (one_map(where, inputs, self.axis_count),)

    def parameters(self, inputs: tuple[Shape, ...]) -> tuple[ParameterSpec, ...]:
        channels = inputs[0][:1]
        return (
            ParameterSpec("weight", channels, fan_in=1, init="ones"),
            ParameterSpec("bias", channels, fan_in=1, init="zeros"),
            ParameterSpec("running_mean", channels, fan_in=1, init="zeros", trainable=False),
            ParameterSpec("running_var", channels, fan_in=1, init="ones", trainable=False),
        )

    def cost(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Cost:
        return Cost(f"2 * {inputs[0][0]}")


class BatchNorm1D(BatchNorm):
    """Of sequences (C, W), or of flat features (C,)."""

    axis_count = 1

    def output_shapes(self, where: str, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        shape = one_input(where, inputs)
        if len(shape) > 2:
            raise ShapeError(
                f"{where} needs an input of features or of channels x columns, but gets {shape_text(shape)}"
                f"\n  use BatchNorm{len(shape) - 1}D"
            )
        return (shape,)


class BatchNorm2D(BatchNorm):
    axis_count = 2


class BatchNorm3D(BatchNorm):
    axis_count = 3
