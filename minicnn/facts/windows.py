"""Claims about windows: how far they step, what they see, whether they are flipped."""

from __future__ import annotations

from math import prod

from minicnn.facts.computed import (
    convolutions_per_block,
    field_of,
    filtered,
    layer,
    of,
    outputs_reached,
    params,
    stride_of_transposed,
    weights,
)
from minicnn.facts.fact import Fact, exactly, unclear
from minicnn.facts.sources import JEONG, KARAPETYAN, LIPTON, SCARANO, SLIDES
from minicnn.layers import Conv2D, Sequential

PICTURE = ((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16))
FILTER = ((-1, 1), (0, 1))


def step_facts() -> list[Fact]:
    """Strides and dilations of pictures and formulas."""
    span = field_of(3, 1)
    return [
        exactly(
            "transposed convolution: padding 0, stride 0",
            JEONG,
            0,
            stride_of_transposed(2, 4, 3),
            "the picture leads from 2x2 to 4x4 pixels; with stride 0 all outputs would fall on one place",
            "pixel",
        ),
        exactly(
            "transposed convolution: padding 0, stride 1",
            JEONG,
            1,
            stride_of_transposed(2, 5, 3),
            f"the picture leads from 2x2 to 5x5 pixels; stride {stride_of_transposed(2, 4, 3)} gives 4x4",
            "pixels",
        ),
        unclear(
            "ordinary 1D convolution: dilation rate 0",
            SCARANO,
            0,
            ((span - 3) // 2, (span - 1) // 2),
            f"{(span - 3) // 2} zeros or {(span - 1) // 2} step",
            "right if zeros between two taps are counted; papers and libraries count the step from tap to tap",
        ),
        exactly(
            "MNIST-1D, convolutional: kernel of 3x3",
            SCARANO,
            9,
            prod(layer("mnist1d-cnn", "conv1").kernel or ()),
            f"a signal has one axis: 3; with it the first layer has {layer('mnist1d-cnn', 'conv1').params} parameters",
            "taps",
        ),
    ]


def sight_facts() -> list[Fact]:
    """Which outputs a pixel reaches, and what a formula gives."""
    reached, flipped = outputs_reached(10, 3), filtered(PICTURE, FILTER, flip=True)
    return [
        exactly(
            "valid convolution: input pixels influence the output equally",
            KARAPETYAN,
            max(reached),
            min(reached),
            "outputs reached by 10 pixels, window 3: "
            + " ".join(map(str, reached))
            + "; it is the outputs that all see as many inputs, and full padding lets all inputs reach as many outputs",
            "output at the border",
        ),
        exactly(
            "4x4 picture, 2x2 kernel, by the formula I(i - m, j - n): 7 first",
            SLIDES,
            filtered(PICTURE, FILTER, flip=False)[0][0],
            flipped[0][0],
            "the formula flips the kernel and gives "
            + " / ".join(" ".join(map(str, row)) for row in flipped)
            + "; printed is cross-correlation",
            "first",
        ),
    ]


def block_facts() -> list[Fact]:
    """How blocks are made."""
    sixteen, nineteen = convolutions_per_block("vgg16"), convolutions_per_block("vgg19")
    direct = weights(128, 3, 128)
    by_way = of(Sequential(Conv2D(32, 1, bias=False), Conv2D(128, 3, padding=1, bias=False)), (128, 32, 32)).totals.params
    left = 100 * by_way / direct
    return [
        exactly(
            "VGG: repeated blocks of 3 convolutions and a pooling",
            LIPTON,
            3,
            min(sixteen),
            f"VGG-16 has {'-'.join(map(str, sixteen))} before its poolings, VGG-19 {'-'.join(map(str, nineteen))}",
            "in the first blocks",
        ),
        unclear(
            "a 1x1 convolution: about 30 % reduce of the parameters",
            JEONG,
            30,
            (left, 100 - left),
            f"{left:.1f} % left, {100 - left:.1f} % fewer",
            f"3x3 from 128 to 128 channels has {direct:,} weights, by way of 32 {by_way:,}; right of what is left, wrong of what is saved",
            digit=10,
        ),
        exactly(
            "ResNet-34: no extra parameters compared to plain 34 layers",
            JEONG,
            0,
            params("resnet34-zeros") - params("plain34"),
            f"with zeros for new channels (option A); 1x1 projections, as in common libraries, add {params('resnet34') - params('plain34'):,}",
            "parameters",
        ),
    ]
