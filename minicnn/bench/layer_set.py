"""The layers that are timed: those of networks everybody knows, from the widest map to the narrowest.

lenet        LeCun et al., 1998, at the batch it is trained with
alexnet      Krizhevsky et al., 2012, in one tower
vgg          Simonyan, Zisserman, 2015, configuration D: conv1-2 has the largest maps, conv5-2 the most channels
resnet50     He et al., 2016: from its third stage, the 1x1 that narrows and the 3x3
mobilenet    Howard et al., 2017: a depthwise 3x3, one filter a channel
unshared     every position its own filter: LeNet's second layer and AlexNet's third
tiled        the same with 2 x 2 filters that take turns
bn           batch normalization in training, statistics of the batch and all
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from minicnn.geometry import Axis
from minicnn.layers import AvgPool2D, BatchNorm2D, Conv2D, LocalResponseNorm, MaxPool2D, Shape

CACHE_BYTES = 1 << 25  # weights that exceed this come from memory at every pass
BALANCE = 8  # operations a byte: below this, memory and not arithmetic sets the pace


class LayerCase(NamedTuple):
    """family : "conv", "unshared", "tiled", "max_pool", "avg_pool", "norm" or "batch_norm": what is called, and which mean it counts in."""

    name: str
    family: str
    layer: Any  # of minicnn.layers
    input_shape: Shape
    batches: tuple[int, ...] = (1, 8, 64)

    @property
    def axes(self) -> tuple[Axis, ...]:
        axes: tuple[Axis, ...] = self.layer.axes((self.input_shape,)) or ()
        return axes

    @property
    def output_shape(self) -> Shape:
        (shape,) = self.layer.output_shapes(self.name, (self.input_shape,))
        return tuple(shape)

    @property
    def weight_shape(self) -> Shape | None:
        return self.layer.parameters((self.input_shape,))[0].shape if isinstance(self.layer, Conv2D) else None

    @property
    def passes(self) -> tuple[str, ...]:
        """Those it has."""
        return ("forward", "input", "weight") if self.weight_shape else ("forward", "input")

    def moved_bytes(self, batch: int) -> int:
        """What a pass reads and writes at least: two of input, output and weight are read, the third is written."""
        return 4 * (batch * (prod(self.input_shape) + prod(self.output_shape)) + prod(self.weight_shape or (0,)))

    def flops(self, batch: int) -> int | None:
        """Operations of a pass; None where bytes tell more."""
        macs = self.layer.cost((self.input_shape,), (self.output_shape,)).macs
        if macs is None or self.weight_shape is None:
            return None
        flops = 2 * macs * batch
        from_memory = 4 * prod(self.weight_shape) > CACHE_BYTES and flops < BALANCE * self.moved_bytes(batch)
        return None if from_memory else flops

    def terms(self, part: str, batch: int) -> int:
        """Products that are summed in one number of the result."""
        if self.weight_shape is None:
            return batch * prod(self.output_shape[1:]) if self.family == "batch_norm" else 1
        filters, *tile_and_seen = self.weight_shape
        own = len(self.axes) + 1  # sizes of one filter: C/G R S
        seen = prod(tile_and_seen[-own:])
        if part == "weight":
            return batch * prod(self.output_shape[1:]) // prod(tile_and_seen[:-own])
        return seen if part == "forward" else seen * filters // self.input_shape[0]


class Trial(NamedTuple):
    """A case with its arrays, all float32: x (N, C, H, W), weight or None, dy (N, K, P, Q)."""

    case: LayerCase
    x: np.ndarray
    weight: np.ndarray | None
    dy: np.ndarray


def conv(
    name: str, shape: Shape, filters: int, window: int, batches: tuple[int, ...] = (1, 8, 64), family: str = "conv", **settings: Any
) -> LayerCase:
    """A convolution without bias."""
    return LayerCase(name, family, Conv2D(filters, window, bias=False, **settings), shape, batches)


LAYER_SET = (
    conv("lenet-conv1", (1, 28, 28), 6, 5, (128,), padding=2),
    conv("lenet-conv2", (6, 14, 14), 16, 5, (128,)),
    conv("alexnet-conv1", (3, 227, 227), 96, 11, stride=4),
    conv("alexnet-conv2", (96, 27, 27), 256, 5, padding=2),
    conv("alexnet-conv3", (256, 13, 13), 384, 3, padding=1),
    conv("alexnet-conv4", (384, 13, 13), 384, 3, padding=1),
    conv("alexnet-conv5", (384, 13, 13), 256, 3, padding=1),
    conv("vgg-conv1-2", (64, 224, 224), 64, 3, padding=1),
    conv("vgg-conv3-2", (256, 56, 56), 256, 3, padding=1),
    conv("vgg-conv5-2", (512, 14, 14), 512, 3, padding=1),
    conv("resnet50-1x1", (512, 28, 28), 128, 1),
    conv("resnet50-3x3", (128, 28, 28), 128, 3, padding=1),
    conv("mobilenet-3x3dw", (256, 28, 28), 256, 3, padding=1, groups=256),
    conv("lenet-unshared", (6, 14, 14), 16, 5, (128,), "unshared", sharing="unshared"),
    conv("alexnet-unshared", (256, 13, 13), 384, 3, (1, 64), "unshared", padding=1, sharing="unshared"),
    conv("lenet-tiled", (6, 14, 14), 16, 5, (128,), "tiled", sharing=2),
    conv("alexnet-tiled", (256, 13, 13), 384, 3, (1, 64), "tiled", padding=1, sharing=2),
    LayerCase("lenet-maxpool", "max_pool", MaxPool2D(2), (6, 28, 28), (128,)),
    LayerCase("alexnet-maxpool", "max_pool", MaxPool2D(3, stride=2), (96, 55, 55), (1, 64)),
    LayerCase("alexnet-avgpool", "avg_pool", AvgPool2D(3, stride=2), (96, 55, 55), (1, 64)),
    LayerCase("alexnet-norm", "norm", LocalResponseNorm(), (96, 27, 27), (1, 64)),
    LayerCase("resnet20-bn", "batch_norm", BatchNorm2D(), (16, 32, 32), (128,)),
    LayerCase("resnet50-bn", "batch_norm", BatchNorm2D(), (128, 28, 28), (8, 64)),
)
