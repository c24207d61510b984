"""One right call of every public kernel function, drawn at random: what test_random_calls.py then spoils."""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from minicnn import kernels, laws
from minicnn.geometry import output_size, transposed_output_size


class Draw:
    """Numbers and arrays from one stream; all arrays of a call have one dtype, and numbers that float32 holds."""

    def __init__(self, rng):
        self.rng, self.dtype = rng, rng.choice([np.float32, np.float64])

    def whole(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def sizes(self, count, low, high):
        return tuple(self.whole(low, high) for _ in range(count))

    def one_of(self, *values):
        return values[self.whole(0, len(values) - 1)]

    def array(self, *shape):
        return self.rng.uniform(-1, 1, shape).astype(np.float32).astype(self.dtype)

    def places(self, most, *shape):
        return self.rng.integers(-1, most, shape)


def convolution(draw, kind, axes, part):
    taps, stride, pads, groups = draw.sizes(axes, 1, 3), draw.sizes(axes, 1, 2), draw.sizes(axes, 0, 2), draw.whole(1, 2)
    sizes = tuple(max(1, tap - 2 * pad) + draw.whole(0, 3) for tap, pad in zip(taps, pads, strict=True))
    channels, filters, images = groups * draw.whole(1, 2), groups * draw.whole(1, 3), draw.whole(1, 3)
    arguments = {"stride": stride, "padding": pads, "dilation": 1, "groups": groups}
    if kind == "conv_transpose":
        # the same axes the other way round, so that they fit
        small = tuple(output_size(size, tap, step, 1, pad, pad) for size, tap, step, pad in zip(sizes, taps, stride, pads, strict=True))
        rest = tuple(
            size - transposed_output_size(*each, 1, pad, 0) for size, *each, pad in zip(sizes, small, taps, stride, pads, strict=True)
        )
        arguments["output_padding"] = rest
        x_shape, y_shape, weight_shape = (images, channels, *small), (images, filters, *sizes), (channels, filters // groups, *taps)
    else:
        out = tuple(output_size(size, tap, step, 1, pad, pad) for size, tap, step, pad in zip(sizes, taps, stride, pads, strict=True))
        tile = {"conv": (), "tiled_conv": draw.sizes(axes, 1, 3), "unshared_conv": out}[kind]
        x_shape, y_shape = (images, channels, *sizes), (images, filters, *out)
        weight_shape = (filters, *tile, channels // groups, *taps)
    if kind == "conv":
        arguments["flip"] = draw.one_of(True, False)
    x, weight, dy = draw.array(*x_shape), draw.array(*weight_shape), draw.array(*y_shape)
    if part == "_backward_input":
        return {"dy": dy, "weight": weight, "x_shape": x_shape} | arguments
    if part == "_backward_weight":
        return {"dy": dy, "x": x, "weight_shape": weight_shape} | arguments
    if part == "_backward_bias":
        shape = draw.one_of((filters,), (filters, *weight_shape[1 : 1 + axes]))
        return {"dy": dy} | ({"bias_shape": shape} if kind in ("tiled_conv", "unshared_conv") else {})
    if kind == "conv":
        arguments["algorithm"] = draw.one_of("auto", "textbook", "direct", "im2col", "fft", "winograd")
    return {"x": x, "weight": weight, "bias": draw.one_of(None, draw.array(filters))} | arguments


def pooling(draw, kind, axes, part):
    window, pads = draw.sizes(axes, 1, 3), draw.sizes(axes, 0, 1)
    sizes = tuple(tap + draw.whole(0, 3) for tap in window)
    stride = draw.one_of(None, draw.sizes(axes, 1, 2))
    steps = window if stride is None else stride
    out = tuple(output_size(size, tap, step, 1, pad, pad) for size, tap, step, pad in zip(sizes, window, steps, pads, strict=True))
    x_shape = (draw.whole(1, 2), draw.whole(1, 4), *sizes)
    x, dy = draw.array(*x_shape), draw.array(*x_shape[:2], *out)
    arguments = {"window": window, "stride": stride, "padding": pads} | ({} if kind == "gaussian_pool" else {"ceil_mode": False})
    if kind in ("max_pool", "adaptive_max_pool", "max_unpool") and part:
        indices = draw.places(int(np.prod(sizes)), *dy.shape)
        return {"dx": x, "indices": indices} if kind == "max_unpool" else {"dy": dy, "indices": indices, "x_shape": x_shape}
    if kind == "max_unpool":
        return {"y": dy, "indices": draw.places(int(np.prod(sizes)), *dy.shape), "output_shape": sizes}
    if kind.startswith("adaptive"):
        wanted = {"return_indices": draw.one_of(True, False)} if kind == "adaptive_max_pool" else {}
        return {"dy": dy, "x_shape": x_shape} if part else {"x": x, "output_size": draw.one_of(2, sizes)} | wanted
    if kind == "lp_pool":
        arguments |= {"p": draw.one_of(1, 2, 3.5), "dilation": 1}
    if kind in ("l2_pool", "lp_pool") and part:
        return {"dy": dy, "x": x, "y": abs(dy) + 0.5} | arguments
    if kind == "max_pool":
        arguments |= {"dilation": 1, "return_indices": draw.one_of(True, False)}
    if kind == "avg_pool":
        arguments["count_padding"] = draw.one_of(True, False)
    if kind == "gaussian_pool":
        arguments["sigma"] = draw.one_of(None, 0.5, 2)
    return ({"dy": dy, "x_shape": x_shape} if part else {"x": x}) | arguments


def upsampling(draw, axes, part):
    scale, sizes = draw.sizes(axes, 1, 3), draw.sizes(axes, 1, 4)
    large = tuple(size * times for size, times in zip(sizes, scale, strict=True))
    name, space = ("dy", large) if part else ("x", sizes)
    return {name: draw.array(draw.whole(1, 2), draw.whole(1, 3), *space), "scale": scale, "mode": draw.one_of("nearest", "linear")}


def over_channels(draw, name):
    """Functions of (N, C, *space) with any number of axes."""
    N, C, space = draw.whole(1, 3), 2 * draw.whole(1, 3), draw.sizes(draw.whole(1, 3), 1, 4)
    x, dy, small = draw.array(N, C, *space), draw.array(N, C, *space), lambda: draw.array(C)
    constants = {"epsilon": draw.one_of(1e-5, 1)}
    if name.startswith("batch_norm"):
        if name == "batch_norm_training":
            running = draw.one_of({}, {"running_mean": small(), "running_variance": abs(small())})
            return {"x": x, "gamma": small(), "beta": small(), "momentum": 0.1} | running | constants
        statistics = {"gamma": small(), "mean": small(), "variance": abs(small())} | constants
        return ({"dy": dy, "x": x} if "backward" in name else {"x": x, "beta": small()}) | statistics
    if name.startswith("channel_pool"):
        mode = {"size": 2, "mode": draw.one_of("max", "avg", "l2")}
        return ({"dy": draw.array(N, C // 2, *space)} if "backward" in name else {}) | {"x": x} | mode
    if name.startswith("local_response_norm"):
        numbers = {"size": draw.whole(1, 6), "k": 2, "alpha": 1e-2, "beta": 0.75}
        return ({"dy": dy} if "backward" in name else {}) | {"x": x} | numbers
    if name.startswith("dropout"):
        return {"dy" if "backward" in name else "x": x, "rate": draw.one_of(0, 0.5), "seed": draw.whole(0, 99)}
    if name == "global_max_pool_backward":
        return {"dy": draw.array(N, C), "indices": draw.places(int(np.prod(space)), N, C), "x_shape": x.shape}
    if name == "global_avg_pool_backward":
        return {"dy": draw.array(N, C), "x_shape": x.shape}
    return {"x": x} | ({"return_indices": draw.one_of(True, False)} if name == "global_max_pool" else {})


def over_rows(draw, name):
    """Functions of (N, F), and those that take every element alone."""
    N, F, K = draw.sizes(3, 1, 6)
    if name.startswith("linear"):
        x, weight, bias, dy = draw.array(N, F), draw.array(K, F), draw.one_of(None, draw.array(K)), draw.array(N, K)
        return {
            "linear": {"x": x, "weight": weight, "bias": bias},
            "linear_backward_input": {"dy": dy, "weight": weight},
            "linear_backward_weight": {"dy": dy, "x": x},
            "linear_backward_bias": {"dy": dy},
        }[name]
    kept = "x" if name.startswith("leaky") else "y"
    slope = {"slope": 0.1} if name.startswith("leaky") else {}
    return ({"dy": draw.array(N, F), kept: draw.array(N, F)} if "backward" in name else {"x": draw.array(N, F)}) | slope


LOSSES = ("softmax_cross_entropy", "dice", "binary_cross_entropy", "mean_squared_error", "mean_absolute_error", "huber")


def losses(draw, name):
    """Functions of scores (N, K, *space), and of labels, shares or numbers for them."""
    shape = (N, K, *space) = (*draw.sizes(2, 1, 5), *draw.sizes(draw.whole(0, 2), 1, 3))
    given = {"dloss": draw.one_of(1, 0.5)} if "backward" in name else {}
    labels, numbers = draw.rng.integers(0, K, (N, *space)), abs(draw.array(*shape))
    if name.startswith("softmax_cross_entropy"):
        given |= {"logits": draw.array(*shape), "class_weights": draw.one_of(None, abs(draw.array(K)) + np.asarray(0.5, draw.dtype))}
        given |= {"label_smoothing": draw.one_of(0, 0.1)}
        return given | draw.one_of(
            {"labels": numbers}, {"labels": labels}, {"labels": labels, "ignore_index": draw.one_of(None, K - 1, 255)}
        )
    if name.startswith("dice"):
        return given | {"logits": draw.array(*shape), "labels": labels, "smooth": draw.one_of(1, 0.5)}
    if name.startswith("binary_cross_entropy"):
        target = draw.one_of(numbers, draw.rng.integers(0, 2, shape))
        return given | {"logits": draw.array(*shape), "target": target, "pos_weight": draw.one_of(None, 2, abs(draw.array(K)))}
    return given | {"y": draw.array(*shape), "target": numbers} | ({"delta": draw.one_of(1, 0.2)} if name.startswith("huber") else {})


def boxes(draw, count):
    """(N, count, 4 or more): boxes that overlap now and then."""
    N = draw.whole(1, 2)
    corner, size = draw.array(N, count, 2), abs(draw.array(N, count, 2)) + 0.25
    return np.concatenate(
        [corner, size.astype(draw.dtype), *(draw.rng.integers(0, 3, (N, count, 1)).astype(draw.dtype) for _ in range(2))], 2
    )


def detection(draw, name):
    if name == "decode_boxes":
        count, (P, Q) = draw.whole(1, 2), draw.sizes(2, 1, 3)
        return {"y": draw.array(draw.whole(1, 2), 5 * count + draw.whole(1, 3), P, Q), "boxes": count, "image_size": draw.sizes(2, 1, 99)}
    found = boxes(draw, draw.whole(1, 6))
    if name == "non_maximum_suppression":
        return {"found": found, "iou": draw.one_of(0, 0.3, 0.5)}
    return {"found": found, "others": found[:, :: draw.one_of(1, -1), :5].copy()}


def circular(k, q, c, s):
    return c, (q + s) % 5, s


def transposing(k, p, q, c, r, s):
    return c, q - r, p + s, (k * 2 + r) * 2 + s - 1


MAPS = {1: circular, 2: transposing}


@cache
def layer(axes):
    """A variant; compiled once."""
    return kernels.variant(MAPS[axes], input_shape=(2, *(5,) * axes), output_shape=(3, *(5,) * axes), taps=(2, *(2,) * axes))


def variant(draw, part):
    axes = draw.whole(1, 2)
    if not part:
        return {
            "index_map": MAPS[axes],
            "input_shape": (1, *(5,) * axes),
            "output_shape": (2, *(4,) * axes),
            "taps": (1, *(2,) * axes),
            "weight_shape": draw.one_of(None, (3, 4)),
            "compiled": False,
        }
    x, dy, weight = draw.array(2, *layer(axes).input_shape), draw.array(2, *layer(axes).output_shape), draw.array(*layer(axes).weight_shape)
    return {"axes": axes} | {
        "forward": {"x": x, "weight": weight, "bias": draw.one_of(None, draw.array(3))},
        "backward_input": {"dy": dy, "weight": weight},
        "backward_weight": {"dy": dy, "x": x},
    }[part]


def matrices(draw, name):
    axes = draw.whole(1, 3)
    if name == "separable":
        kernel = draw.array(draw.whole(1, 3))
        for _ in range(axes - 1):
            kernel = np.multiply.outer(kernel, draw.array(draw.whole(1, 3)))
        return {"weight": kernel, "tolerance": 1e-6}
    if name.startswith("separable"):
        axes = int(name[-2])
        return {
            "x": draw.array(2, 2, *draw.sizes(axes, 3, 5)),
            "factors": [draw.array(draw.whole(1, 3)) for _ in range(axes)],
            "stride": 1,
            "padding": draw.one_of("same", 1),
            "dilation": 1,
            "flip": draw.one_of(True, False),
        }
    if name == "conv_matrix":
        given = convolution(draw, "conv", axes, "")
        return {"weight": given["weight"], "x_shape": given["x"].shape} | {
            each: given[each] for each in ("stride", "padding", "dilation", "groups", "flip")
        }
    n = draw.whole(1, 6)
    return {"n": n} if name == "fourier_basis" else {"w": draw.array(draw.whole(1, n)), "n": n}


def law(draw):
    return {"law": draw.one_of(*laws.LAWS), "dtype": draw.one_of("float32", "float64"), "examples": 1, "seed": draw.whole(0, 9)}


class Recipe(NamedTuple):
    """A public function, and how to draw its arguments."""

    name: str
    function: Callable
    drawing: Callable
    settings: tuple

    def draw(self, rng):
        """Arguments by name."""
        return self.drawing(Draw(rng), *self.settings)


def _drawing(name):
    numbered = re.fullmatch(r"(.+?)([123])d(.*)", name)
    if name.startswith(("separable", "conv_matrix", "circulant", "fourier_basis")):
        return matrices, (name,)
    if numbered is not None:
        base, axes, part = numbered[1], int(numbered[2]), numbered[3]
        if base.endswith("conv") or base == "conv_transpose":
            return convolution, (base, axes, part)
        return (upsampling, (axes, part)) if base == "upsample" else (pooling, (base, axes, part))
    if name == "variant":
        return variant, ("",)
    if name in ("box_overlap", "decode_boxes", "non_maximum_suppression"):
        return detection, (name,)
    if name.startswith(("batch_norm", "channel_pool", "local_response_norm", "dropout", "global_")):
        return over_channels, (name,)
    return (losses if name.startswith(LOSSES) else over_rows), (name,)


def recipes():
    """A recipe for every public function, for the passes of a variant, and for the laws."""
    found = [
        Recipe(name, getattr(kernels, name), *_drawing(name))
        for name in kernels.__all__
        if name not in ("textbook", "Variant", "image_kernels")
    ]
    for part in ("forward", "backward_input", "backward_weight"):

        def run(axes, part=part, **given):
            return getattr(layer(axes), part)(**given)

        found.append(Recipe(f"variant.{part}", run, variant, (part,)))
    return [*found, Recipe("laws.check", laws.check, law, ())]
