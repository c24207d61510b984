"""Claims about single layers: weights, windows, edges, an exercise."""

from __future__ import annotations

from minicnn.facts.computed import (
    additions_and_products,
    edge_convolution,
    edge_matrix,
    field_of,
    layer,
    of,
    params,
    weights,
)
from minicnn.facts.fact import Fact, about, answer, exactly, more_than
from minicnn.facts.sources import CS231N, GOODFELLOW, JEONG, KARAPETYAN, LIPTON, SCARANO, SIMONYAN, SLIDES
from minicnn.geometry import shape_text
from minicnn.layers import Concat, Conv2D, MaxPool2D, Sequential

EXERCISE = ("conv1", "conv2", "conv3", "pool", "conv4", "fc")


def weights_facts() -> list[Fact]:
    """Filters of 3x3 against larger ones."""
    two, five, three, seven = weights(128, 3, 128, 2), weights(128, 5, 128), weights(128, 3, 128, 3), weights(128, 7, 128)
    first = layer("alexnet", "conv1")
    with_biases = of(Conv2D(256, 3), (128, 32, 32)).totals.params
    rgb = of(Conv2D(64, 3, padding=1), (3, 32, 32)).totals
    return [
        exactly(
            "256 filters of 3x3 on 128 channels: 294,912",
            JEONG,
            294_912,
            weights(256, 3, 128),
            f"with one bias for every filter {with_biases:,}",
            "weights",
        ),
        exactly("64 filters of 3x3 on 128 channels: 73,728", JEONG, 73_728, weights(64, 3, 128), "biases not counted", "weights"),
        exactly("two 3x3 convolutions at 128 channels: 294,912", JEONG, 294_912, two, "", "weights"),
        exactly(
            "one 5x5 convolution at 128 channels: 409,600", JEONG, 409_600, five, f"{five / two:.2f} times as many as two 3x3", "weights"
        ),
        exactly("two 3x3 see 5x5", JEONG, 5, field_of(3, 2), "as one 5x5", "pixels"),
        exactly(
            "a stack of 3x3 has the field of one 7x7",
            LIPTON,
            field_of(7, 1),
            field_of(3, 3),
            f"a stack of three, with {three:,} weights at 128 channels, not {seven:,}",
            "pixels",
        ),
        about("three 3x3 instead of one 7x7: 81 % more for the one", SIMONYAN, 81, 1, 100 * seven / three - 100, "49/27 - 1", "% more"),
        exactly(
            "C_i * C_o * K * K weights and C_o biases",
            SCARANO,
            3 * 64 * 3 * 3 + 64,
            rgb.params,
            "tried with 64 filters of 3x3 on 3 channels",
            "parameters",
        ),
        exactly("AlexNet: (227 - 11)/4 + 1 = 55", SLIDES, 55, first.output_shape[1], "", "pixels"),
        exactly("AlexNet: (11*11*3 + 1) * 96 = 34,944 weights", SLIDES, 34_944, first.params, "96 of them are biases", "parameters"),
    ]


def edge_facts() -> list[Fact]:
    """K = [1, -1] on 280 x 320 pixels, as a convolution and as a matrix."""
    convolution, matrix = edge_convolution(), edge_matrix()
    few, many = additions_and_products(convolution), 2 * matrix.totals.macs
    return [
        exactly(
            "edges of 280x320 pixels: output 280x319", KARAPETYAN, 319, convolution.layers[0].output_shape[2], "320 - 2 + 1", "columns"
        ),
        exactly("edges: 2 stored weights", KARAPETYAN, 2, convolution.totals.params, "", "weights"),
        exactly(
            "edges by convolution: 267,960 operations", KARAPETYAN, 267_960, few, "two products and one addition for a pixel", "operations"
        ),
        more_than("edges as a matrix: more than 8e9 weights", KARAPETYAN, 8e9, matrix.totals.params, "nearly all are 0", "weights"),
        more_than("edges as a matrix: more than 16e9 operations", KARAPETYAN, 16e9, many, "zeros multiplied as well", "operations"),
        about("convolution computes 60,000 times more efficiently", GOODFELLOW, 60_000, 10_000, many / few, "", "times"),
        about(
            "convolution stores 4 billion times more efficiently",
            GOODFELLOW,
            4e9,
            1e9,
            matrix.totals.params / convolution.totals.params,
            "",
            "times",
        ),
    ]


def exercise_facts() -> list[Fact]:
    """The exercise of a lecture, which gives no solution."""
    shapes = [layer("cmu-exercise", name).output_shape for name in EXERCISE]
    return [
        answer(
            "exercise: dimensions after each layer?",
            LIPTON,
            len(shapes),
            "; ".join(shape_text(shape) for shape in shapes),
            "channels first; conv3 does not come out even: floor((92 - 5)/2) + 1 = 44",
        ),
        answer(
            "exercise: total parameter count?",
            LIPTON,
            params("cmu-exercise"),
            why=f"{layer('cmu-exercise', 'fc').params:,} of them in the last layer",
        ),
    ]


def inception_facts() -> list[Fact]:
    """The block that lecture slides take as an example: 256 maps of 28 x 28 pixels."""

    def conv(filters: int, window: int = 1) -> Conv2D:
        return Conv2D(filters, window, padding="same")

    image = (256, 28, 28)
    pooling = MaxPool2D(3, stride=1, padding=1)
    naive = of(Concat(conv(128), conv(192, 3), conv(96, 5), pooling), image)
    reduced = of(
        Concat(conv(128), Sequential(conv(64), conv(192, 3)), Sequential(conv(64), conv(96, 5)), Sequential(pooling, conv(64))), image
    )
    threes = next(row.macs or 0 for row in reduced.layers if row.kernel == (3, 3) and row.type == "Conv2D")
    return [
        about("naive inception block: 854M operations", CS231N, 854e6, 1e6, naive.totals.macs, "multiplications", "MACs"),
        about(
            "inception block with bottlenecks: 358M operations",
            CS231N,
            358e6,
            1e6,
            reduced.totals.macs,
            f"{(reduced.totals.macs + threes) / 1e6:.0f}M would add the {threes:,} of the 3x3 twice",
            "MACs",
        ),
    ]
