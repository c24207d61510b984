"""How much of the input a deep unit sees: by theory, and by the gradient that arrives there."""

import numpy as np

import minicnn
from minicnn import layers as L
from minicnn.charts import Picture, PictureGrid
from minicnn.labs.lab import Lab, Progress, Row
from minicnn.labs.verdicts import effect, same

SIZE = 65  # pixels of the picture; the unit in the middle is asked


def run(quick):
    draws = 3 if quick else 20
    yield Progress("counting what units see")
    theory, counted = zip(*(fields(stack(depth)) for depth in (1, 2, 3, 4, 5)), strict=True)
    yield Row(
        "units in deeper layers see more: 3, 5, 7, 9, ... pixels",
        f"theory {', '.join(map(str, theory))}; gradient on {', '.join(map(str, counted))}",
        same([[3, 5, 7, 9, 11]] * 2, [theory, counted]),
    )
    yield Row(
        "two 3x3 filters see as much as one of 5x5, three as one of 7x7",
        f"{counted[1]} and {counted[2]} pixels",
        same([5, 7], counted[1:3]),
    )
    weights = [parameters(*(L.Conv2D(128, window, bias=False) for window in windows)) for windows in ((3, 3), (5,))]
    yield Row(
        "with 294,912 weights in place of 409,600 (128 channels)", f"{weights[0]:,} and {weights[1]:,}", same([294_912, 409_600], weights)
    )
    strided, dilated, pooled = (fields(each) for each in (stack(4, stride=2), spread(4), stack_pooled(3)))
    yield Row(
        "a stride lets the field grow faster: 3, 7, 15, 31",
        f"theory {strided[0]}, gradient {strided[1]} pixels after four layers",
        same([31, 31], strided),
    )
    yield Row(
        "dilations 1, 2, 4, 8 as well: 31 pixels, 9 weights each",
        f"theory {dilated[0]}, gradient {dilated[1]}",
        same([31, 31], dilated),
    )
    yield Row(
        "pooling too: three times convolution 3x3 and pooling 2x2 see 22",
        f"theory {pooled[0]}, gradient {pooled[1]}",
        same([22, 22], pooled),
    )

    pictures, widths, reached = [], [], []
    for depth in (2, 4, 8, 16) if not quick else (2, 4, 8):
        yield Progress(f"gradient through {depth} layers")
        arriving = influence(stack(depth), draws)
        half = central_half(arriving)
        widths.append(half)
        reached.append(2 * depth + 1)
        seen = arriving[SIZE // 2 - 16 : SIZE // 2 + 17, SIZE // 2 - 16 : SIZE // 2 + 17]
        pictures.append(Picture(f"{depth} layers: field {2 * depth + 1}, half in {half}", seen / seen.max()))
    shares = [width / field for width, field in zip(widths, reached, strict=True)]
    yield Row(
        "Luo 2016: the middle counts most, and the effective field is an ever smaller part of the field",
        f"half of the gradient within {', '.join(f'{width} of {field}' for width, field in zip(widths, reached, strict=True))} pixels ({draws} draws)",
        effect(smaller=shares[-1], larger=shares[0]),
    )
    growth = np.polyfit(np.log([(field - 1) / 2 for field in reached]), np.log(widths), 1)[0]
    yield Row(
        "Luo 2016: it grows as the square root of the depth",
        f"as depth to the power of {growth:.2f}",
        effect(smaller=abs(growth - 0.5), larger=abs(growth - 1)),
    )
    yield PictureGrid("What arrives at the input from the unit in the middle", (tuple(pictures),))


def stack(depth, stride=1):
    return [each for _ in range(depth) for each in (L.Conv2D(8, 3, stride=stride, padding=1, bias=False), L.ReLU())]


def spread(depth):
    """Dilations that double."""
    return [L.Conv2D(8, 3, dilation=2**layer, padding=2**layer, bias=False) for layer in range(depth)]


def stack_pooled(times):
    return [each for _ in range(times) for each in (L.Conv2D(8, 3, padding=1, bias=False), L.AvgPool2D(2))]


def parameters(*layers):
    return minicnn.Graph(L.Sequential(*layers), (128, 9, 9)).summary().totals.params


def fields(network):
    """Pixels from the first to the last that one unit sees: as the summary says, and where the gradient is not zero."""
    graph = minicnn.Graph(L.Sequential(*network), (1, SIZE, SIZE))
    theory = graph.summary().layers[-1].receptive_field[0]
    rows = np.flatnonzero(influence(network, 1, smooth=True).any(axis=1))
    return theory, int(rows[-1] - rows[0] + 1)


def influence(network, draws, smooth=False):
    """The mean absolute gradient of the middle unit by every pixel, (SIZE, SIZE); smooth: positive weights, so that nothing cancels."""
    arriving = np.zeros((SIZE, SIZE))
    for seed in range(draws):
        net = minicnn.Graph(L.Sequential(*network), (1, SIZE, SIZE), seed=seed)
        if smooth:
            for weight in net.parameters.values():
                np.abs(weight, out=weight)
        x = abs(np.random.default_rng(seed).normal(size=(1, 1, SIZE, SIZE)) if not smooth else np.indices((SIZE, SIZE)).sum(0)[None, None])
        dy = np.zeros((1, *net.output_shape), np.float32)
        dy[:, :, dy.shape[2] // 2, dy.shape[3] // 2] = 1
        arriving += abs(net.backward(x.astype(np.float32), dy=dy)[0][0, 0])
    return arriving / draws


def central_half(arriving):
    """The side of the smallest square around the middle that holds half of the gradient."""
    middle, whole = SIZE // 2, arriving.sum()
    return next(
        2 * reach + 1
        for reach in range(SIZE)
        if arriving[max(0, middle - reach) : middle + reach + 1, max(0, middle - reach) : middle + reach + 1].sum() >= whole / 2
    )


LAB = Lab(
    "receptive",
    "What a deep unit sees: its field by theory and by gradient",
    sources=(
        "Karapetyan: figure 7 (B20)",
        "Jeong: two 3x3 in place of 5x5 (J49)",
        "Lipton, Chai: three 3x3 in place of 7x7 (C45)",
        "Luo, Li, Urtasun, Zemel, Understanding the Effective Receptive Field, 2016",
    ),
    look="The pictures: from layer to layer the square grows, but what arrives gathers in the middle. Many ways lead from the unit to a pixel"
    " in the middle, only one to a pixel in the corner.",
    exercises=(
        "Put a residual connection around every second layer. Does the effective field grow or shrink?",
        "Set padding=0 in one layer after the other. Which numbers change, and which do not?",
    ),
    run=run,
    seconds=4,
)
