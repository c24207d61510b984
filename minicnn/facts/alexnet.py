"""Claims about AlexNet, which lectures count, draw and print in several forms."""

from __future__ import annotations

from math import floor, prod

from minicnn.facts.computed import (
    biases,
    channels_read,
    depth,
    kind_params,
    layer,
    layers_before,
    macs,
    of,
    outputs,
    params,
    weights_alone,
)
from minicnn.facts.fact import Fact, about, exactly, unclear
from minicnn.facts.sources import JEONG, KRIZHEVSKY, LIPTON, QUOTED, SLIDES
from minicnn.geometry import shape_text
from minicnn.layers import Conv2D

CONV = "convolution"


def alexnet_facts() -> list[Fact]:
    """Two towers in the paper, one in lectures."""
    two, one = params("alexnet-2012"), params("alexnet")
    missing = biases("alexnet", "Linear")
    return [
        about("quiz: AlexNet 60M", JEONG, 60e6, 10e6, one, f"one tower; the two of the paper have {two:,}", "parameters"),
        about("AlexNet: 60 million parameters", KRIZHEVSKY, 60e6, 10e6, two, "two towers", "parameters"),
        exactly(
            "AlexNet: overall 62,369,152",
            SLIDES,
            62_369_152,
            one,
            f"{missing:,} biases of the fully connected layers are missing",
            "parameters",
        ),
        about("AlexNet: 62.3 million", SLIDES, 62.3e6, 0.1e6, one, "cut, not rounded", "parameters"),
        about("AlexNet: of these, convolution 3.7 million", SLIDES, 3.7e6, 0.1e6, kind_params("alexnet", CONV), "", "parameters"),
        about("AlexNet, second convolution: 307K", SLIDES, 307e3, 1e3, layer("alexnet-2012", "conv2").params, "two towers", "parameters"),
        about(
            "AlexNet, fourth convolution: 1.3M",
            SLIDES,
            1.3e6,
            0.1e6,
            layer("alexnet-2012", "conv4").params,
            f"beside 307K it has to be that of two towers; one tower has {layer('alexnet', 'conv4').params:,}",
            "parameters",
        ),
        about("AlexNet, fifth convolution: 442K", SLIDES, 442e3, 1e3, layer("alexnet-2012", "conv5").params, "two towers", "parameters"),
        about(
            "AlexNet: 1.1 billion operations",
            QUOTED,
            1.1e9,
            0.1e9,
            macs("alexnet"),
            f"one tower; two towers need {macs('alexnet-2012'):,}",
            "MACs",
        ),
        exactly(
            "AlexNet: 224x224 pixels give 55x55",
            KRIZHEVSKY,
            55,
            of(Conv2D(96, 11, stride=4), (3, 224, 224)).layers[0].output_shape[1],
            "(224 - 11)/4 + 1 does not come out even; 227 pixels give 55, or 224 with padding 2",
            "pixels",
        ),
        exactly(
            "AlexNet: 253,440 neurons in the first layer",
            KRIZHEVSKY,
            253_440,
            prod(layer("alexnet-2012", "conv1").output_shape),
            "the caption; 55 * 55 * 96",
            "outputs",
        ),
        exactly("AlexNet: 8 layers", LIPTON, 8, depth("alexnet"), f"LeNet has {depth('lenet')}", "layers"),
        exactly(
            "AlexNet, second convolution: stride 2",
            LIPTON,
            2,
            (layer("alexnet", "conv2").stride or (0,))[0],
            f"it keeps {shape_text(layer('alexnet', 'conv2').output_shape[1:])} pixels, with padding 2",
            "pixel",
        ),
        exactly(
            "AlexNet, fourth convolution: 484 filters",
            LIPTON,
            484,
            layer("alexnet", "conv4").output_shape[0],
            "beside ZFNet; the lecture's own list of layers says 384",
            "filters",
        ),
        exactly(
            "ZFNet, fourth convolution: 1,024 filters",
            LIPTON,
            1024,
            layer("zfnet", "conv4").output_shape[0],
            f"figure 3 of its paper; 512, 1024, 512 is a wider form of {params('zfnet-lecture'):,} parameters in its last experiments",
            "filters",
        ),
        about("AlexNet: 650,000 neurons", KRIZHEVSKY, 650e3, 10e3, outputs("alexnet-2012", "Conv2D", "Linear"), "", "outputs"),
    ]


def figure_facts() -> list[Fact]:
    """The figure of a lecture that has a short number beside every layer."""
    second = layer("alexnet-2012", "conv2")
    as_printed = of(Conv2D(256, 11, padding=5, groups=2), (96, 27, 27)).totals.params
    first = layer("alexnet", "conv1").params
    return [
        about("AlexNet, first convolution: 35K", SLIDES, 35e3, 1e3, first, "rounded", "parameters"),
        exactly(
            "AlexNet, second convolution: 11x11",
            SLIDES,
            11,
            (second.kernel or (0,))[0],
            f"the 307K beside it is a 5x5 with {second.params:,}; 11x11 would have {as_printed:,}",
            "pixels",
        ),
        _cut("AlexNet, third convolution: 884K", 884e3, 1e3, "conv3"),
        _cut("AlexNet, FC6: 37M", 37e6, 1e6, "fc6"),
        _cut("AlexNet, FC7: 16M", 16e6, 1e6, "fc7"),
        about("AlexNet, FC8: 4M", SLIDES, 4e6, 1e6, layer("alexnet", "fc8").params, "", "parameters"),
    ]


def _cut(claim: str, claimed: float, unit: float, name: str) -> Fact:
    """A short number that is right if digits are cut off, and wrong if it is rounded as those beside it."""
    whole, alone = layer("alexnet", name).params, weights_alone("alexnet", name)
    cut, rounded, both = (int(each * unit) for each in (floor(alone / unit), round(alone / unit), round(whole / unit)))
    why = (
        f"weights alone, and cut off; rounded it would be {rounded:,}, with biases {both:,}; the 35K of this figure is rounded, with biases"
    )
    return unclear(claim, SLIDES, claimed, (cut, rounded, both), f"{alone:,} or {whole:,} parameters", why)


def table_facts() -> list[Fact]:
    """What slides and a table print of single layers."""
    others = ", ".join(f"{channels_read('alexnet-2012', name)}" for name in ("conv2", "conv4", "conv5"))
    return [
        exactly(
            "AlexNet, third convolution: filters of 3x3x128",
            JEONG,
            128,
            channels_read("alexnet-2012", "conv3"),
            f"it alone sees the maps of both towers; the other three see those of one: {others}",
            "channels",
        ),
        unclear(
            "AlexNet: dropout before FC6 and before FC7",
            SLIDES,
            1,
            (layers_before("alexnet-2012", "fc6", "Dropout"), layers_before("alexnet-torchvision", "fc1", "Dropout")),
            "0 or 1 before FC6",
            "after FC6 and after FC7 in the paper (section 4.2) and in another lecture; as printed in torchvision",
        ),
        exactly(
            "AlexNet: a ReLU after FC8",
            SLIDES,
            1,
            layers_before("alexnet", None, "ReLU") - layers_before("alexnet", "fc8", "ReLU"),
            "its outputs are the scores of a softmax, which may be negative",
            "ReLU",
        ),
    ]
