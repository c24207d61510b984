"""U-Net: down to small maps that know what is there, up again to large ones that know where; a skip at every size.

Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015, figure 1 and section 3.1.
Every pixel of the output has one number for each class.
"""

from __future__ import annotations

from minicnn.layers import BatchNorm2D, Conv2D, ConvTranspose2D, Dropout, MaxPool2D, ReLU, Sequential, Skip
from minicnn.optimizers import Adam
from minicnn.recipe import Outcome, Recipe
from minicnn.zoo.registry import Paper, network

RONNEBERGER = Paper("Ronneberger et al.", "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015)


@network("unet", RONNEBERGER, title="U-Net", input_shape=(1, 572, 572), classes=2)
def unet(classes: int) -> Sequential:
    """As published: no padding, so that 388 of 572 pixels are left; skips are cropped to the size of what comes up."""
    return Sequential(level((64, 128, 256, 512, 1024), padding=0), Conv2D(classes, 1, name="classify"))


@network("unet-same", RONNEBERGER, title="U-Net with padding", input_shape=(1, 512, 512), classes=2)
def unet_same(classes: int) -> Sequential:
    """The output is as large as the input, whose sizes have to be multiples of 16."""
    return Sequential(level((64, 128, 256, 512, 1024), padding=1), Conv2D(classes, 1, name="classify"))


@network(
    "unet-small",
    RONNEBERGER,
    title="U-Net of three sizes",
    input_shape=(1, 64, 64),
    classes=2,
    recipe=Recipe(Adam(learning_rate=0.003), (Outcome("cells", 10, (0.9, 0.95)),), batch_size=16),
)
def unet_small(classes: int) -> Sequential:
    """16, 32 and 64 filters, normalised; the output is as large as the input, whose sizes have to be multiples of 4."""
    return Sequential(small_level((16, 32, 64)), Conv2D(classes, 1, name="classify"))


def small_level(filters: tuple[int, ...], number: int = 1) -> Sequential:
    """As `level`, every convolution followed by batch normalization."""
    here, *below = filters
    if not below:
        return Sequential(normalised(here), name="bottom")
    body = Sequential(MaxPool2D(2), small_level(tuple(below), number + 1), ConvTranspose2D(here, 2, stride=2))
    return Sequential(normalised(here), Skip(body), normalised(here), name=f"level{number}")


def normalised(filters: int) -> Sequential:
    return Sequential(*(layer for _ in range(2) for layer in (Conv2D(filters, 3, padding=1, bias=False), BatchNorm2D(), ReLU())))


def level(filters: tuple[int, ...], padding: int, number: int = 1) -> Sequential:
    """Two convolutions; below them, at half the size, a level with the rest of the filters; two convolutions of both together."""
    here, *below = filters
    if not below:
        return Sequential(two_convolutions(here, padding), Dropout(0.5), name="bottom")
    body = Sequential(MaxPool2D(2), level(tuple(below), padding, number + 1), ConvTranspose2D(here, 2, stride=2))
    skip = Skip(body, crop=padding == 0)
    return Sequential(two_convolutions(here, padding), skip, two_convolutions(here, padding), name=f"level{number}")


def two_convolutions(filters: int, padding: int) -> Sequential:
    return Sequential(Conv2D(filters, 3, padding=padding), ReLU(), Conv2D(filters, 3, padding=padding), ReLU())
