"""Claims about whole networks: parameters, operations, memory."""

from __future__ import annotations

from math import prod

from minicnn.facts.computed import (
    depth,
    kind_macs,
    kind_params,
    largest_field,
    layer,
    macs,
    network,
    of,
    outputs,
    params,
)
from minicnn.facts.fact import Fact, about, exactly
from minicnn.facts.sources import (
    CS231N,
    HE,
    HE_DERIVED,
    HUANG,
    JEONG,
    KERAS,
    LECUN,
    LIPTON,
    PRINCE,
    PRINCE_BOOK,
    QUOTED,
    RONNEBERGER,
    SIMONYAN,
    SZEGEDY,
)
from minicnn.layers import Conv2D, Sequential

CONV, FULL = "convolution", "fully connected"


def lenet_facts() -> list[Fact]:
    """The network whose paper counts to the last connection."""

    def connections(name: str) -> int:
        return layer("lenet5-1998", name).connections or 0

    return [
        exactly(
            "LeNet-5: 60,000 parameters",
            LECUN,
            60_000,
            params("lenet5-1998"),
            f"with the table of C3; as built today, every map linked to every map, {params('lenet'):,}",
            "parameters",
        ),
        exactly(
            "LeNet-5: 340,908 connections",
            LECUN,
            340_908,
            network("lenet5-1998").totals.connections,
            "with those of the fixed output layer",
            "connections",
        ),
        exactly("LeNet-5, C1: 122,304 connections", LECUN, 122_304, connections("C1"), "", "connections"),
        exactly("LeNet-5, S2: 5,880 connections", LECUN, 5_880, connections("S2"), "", "connections"),
        exactly("LeNet-5, C3: 151,600 connections", LECUN, 151_600, connections("C3"), "", "connections"),
        exactly("LeNet-5, C5: 48,120 connections", LECUN, 48_120, connections("C5"), "", "connections"),
    ]


def vgg_facts() -> list[Fact]:
    values = prod(network("vgg16").input_shape) + outputs("vgg16", "Conv2D", "MaxPool2D", "Linear")
    return [
        about(
            "quiz: VGGNet (19 layers) 110M",
            JEONG,
            110e6,
            10e6,
            params("vgg19"),
            f"no form has 110M; the fully connected layers alone have {kind_params('vgg19', FULL):,}",
            "parameters",
        ),
        about("VGG, configuration D (16 layers): 138 million", SIMONYAN, 138e6, 1e6, params("vgg16"), "", "parameters"),
        about("VGG, configuration E (19 layers): 144 million", SIMONYAN, 144e6, 1e6, params("vgg19"), "", "parameters"),
        about(
            "VGG-16 memory: 24M * 4 bytes = 93 MB for an image",
            CS231N,
            24e6,
            1e6,
            values,
            f"the column sums to {values * 4 / 1e6:.1f} MB",
            "numbers",
        ),
        about(
            "VGG-16: 15.3 billion FLOPs",
            HE,
            15.3e9,
            0.1e9,
            kind_macs("vgg16", CONV),
            f"MACs of the convolutions; with all layers {macs('vgg16'):,}, and FLOPs are twice that",
            "MACs",
        ),
        about("VGG-19: 19.6 billion FLOPs", HE, 19.6e9, 0.1e9, macs("vgg19"), "MACs; FLOPs are twice that", "MACs"),
    ]


def googlenet_facts() -> list[Fact]:
    own = params("googlenet")
    first, apart = Conv2D(64, 7, stride=2, padding=3, bias=False), Conv2D(24, 7, stride=2, padding=3, groups=3, bias=False)
    separable = of(Sequential(apart, Conv2D(64, 1, bias=False)), (3, 224, 224)).totals
    return [
        exactly("GoogLeNet: 22 layers", LIPTON, 22, depth("googlenet"), "layers with weights on the longest way", "layers"),
        exactly(
            "GoogLeNet: no fully connected layers",
            LIPTON,
            0,
            sum(row.type == "Linear" for row in network("googlenet").layers),
            f"the last one, with {kind_params('googlenet', FULL):,} parameters",
            "layer",
        ),
        about(
            "quiz: GoogLeNet 4M",
            JEONG,
            4e6,
            1e6,
            own,
            f"{kind_params('googlenet', CONV):,} in convolutions; still the smallest of the three",
            "parameters",
        ),
        about(
            "GoogLeNet: only 5M parameters",
            LIPTON,
            5e6,
            1e6,
            own,
            "biases among them, without the two heads that only training uses",
            "parameters",
        ),
        about(
            "GoogLeNet: 12 times fewer parameters than AlexNet",
            LIPTON,
            12,
            1,
            params("alexnet-2012") / own,
            "two towers by GoogLeNet",
            "times",
        ),
        about(
            "GoogLeNet, first convolution: 2.7K parameters",
            SZEGEDY,
            2.7e3,
            0.1e3,
            of(first, (3, 224, 224)).totals.params,
            f"a separable 7x7 would have {separable.params:,}, and {separable.macs:,} MACs",
            "weights",
        ),
        about(
            "GoogLeNet, first convolution: 34M operations",
            SZEGEDY,
            34e6,
            1e6,
            of(first, (3, 224, 224)).totals.macs,
            "the full 7x7, which everybody builds",
            "MACs",
        ),
    ]


def resnet_facts() -> list[Fact]:
    late, early = macs("resnet50"), macs("resnet50-v1")
    kept = sum(row.output_shape[0] for row in network("resnet50").layers if row.type == "Conv2D")
    buffers = network("resnet50").totals.buffers
    return [
        about("ResNet-18: 1.8 billion FLOPs", HE, 1.8e9, 0.1e9, macs("resnet18"), "MACs", "MACs"),
        about("ResNet-34: 3.6 billion FLOPs", HE, 3.6e9, 0.1e9, macs("resnet34"), "MACs", "MACs"),
        about("ResNet-50: 3.8 billion FLOPs", HE, 3.8e9, 0.1e9, early, "MACs, with the stride in the first 1x1", "MACs"),
        about("ResNet-50: 4.1 billion FLOPs", QUOTED, 4.1e9, 0.1e9, late, "MACs, with the stride in the 3x3, as in torchvision", "MACs"),
        exactly(
            "ResNet-50 sees 483 pixels",
            HE_DERIVED,
            483,
            largest_field("resnet50-v1"),
            f"{largest_field('resnet50')} with the stride in the 3x3",
            "pixels",
        ),
        exactly(
            "ResNet50: 25,636,712 parameters",
            KERAS,
            25_636_712,
            params("resnet50") + kept + buffers,
            f"counts {kept:,} biases of convolutions and {buffers:,} running statistics; without them {params('resnet50'):,}",
            "numbers",
        ),
        about("ResNet-20: 0.27M", HE, 0.27e6, 0.01e6, params("resnet20"), "", "parameters"),
        about("ResNet-56: 0.85M", HE, 0.85e6, 0.01e6, params("resnet56"), "", "parameters"),
        about("ResNet-110: 1.7M", HE, 1.7e6, 0.1e6, params("resnet110"), "", "parameters"),
    ]


def other_facts() -> list[Fact]:
    unet = network("unet")
    return [
        about("DenseNet-40, growth 12: 1.0M", HUANG, 1.0e6, 0.1e6, params("densenet40"), "", "parameters"),
        exactly("U-Net: 572x572 pixels give 388x388", RONNEBERGER, 388, unet.layers[-1].output_shape[1], "no padding", "pixels"),
        exactly(
            "U-Net: 23 convolutional layers",
            RONNEBERGER,
            23,
            sum(row.macs is not None for row in unet.layers),
            "the four that lead up are among them",
            "layers",
        ),
        exactly(
            "MNIST-1D, fully connected: 150,185 parameters", PRINCE, 150_185, params("mnist1d-mlp"), "corrected in the book", "parameters"
        ),
        exactly("MNIST-1D, fully connected: 59,065 parameters", PRINCE_BOOK, 59_065, params("mnist1d-mlp"), "", "parameters"),
        exactly("MNIST-1D, convolutional: 2,050 parameters", PRINCE_BOOK, 2_050, params("mnist1d-cnn"), "", "parameters"),
    ]
