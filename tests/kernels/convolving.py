"""What the tests of the convolution functions share: four families on one to three axes, generated settings, a bound for each element."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from minicnn import kernels
from minicnn.geometry import extent, output_size, transposed_output_size

from .comparing import EPSILON, LAYOUTS, laid_out, seeds, uniform, wide

FAMILIES = ("conv", "tiled_conv", "unshared_conv", "conv_transpose")


class Convolution(NamedTuple):
    """A case of one family; `settings` are what its functions take."""

    family: str
    axes: int
    x_shape: tuple
    weight_shape: tuple
    bias_shape: tuple
    settings: dict
    seed: int = 0
    layout: str = "rows"

    def function(self, part=""):
        return getattr(kernels, f"{self.family}{self.axes}d{part}")

    def bias_gradient(self, dy):
        """dbias; where positions may have biases of their own, its shape is asked for."""
        shape = (self.bias_shape,) if self.family in ("tiled_conv", "unshared_conv") else ()
        return self.function("_backward_bias")(dy, *shape)

    def arrays(self):
        """x, weight and bias in float32, x in the layout of the case."""
        x, weight, bias = (uniform(self.seed + n, shape) for n, shape in enumerate((self.x_shape, self.weight_shape, self.bias_shape)))
        return laid_out(x, self.layout), weight, bias

    def gradient(self, shape):
        """dy in float32."""
        return laid_out(uniform(self.seed + 3, shape), self.layout)

    def terms(self, y_shape):
        """Products behind one element of y (and its bias), dx, dweight and dbias, at most."""
        taps, groups = int(np.prod(self.weight_shape[-self.axes :])), self.settings.get("groups", 1)
        forward, backward = ((size // groups * taps) for size in (self.x_shape[1], y_shape[1]))
        inner = y_shape if self.family != "conv_transpose" else self.x_shape
        return forward + 1, backward, int(np.prod(inner)) // max(1, inner[1]), int(np.prod(y_shape)) // max(1, y_shape[1])


def passes(case, x, weight, bias, dy=None):
    """(y, dx, dweight, dbias); without dy the first alone."""
    y = case.function()(x, weight, bias, **case.settings)
    if dy is None:
        return y
    return (
        y,
        case.function("_backward_input")(dy, weight, x.shape, **case.settings),
        case.function("_backward_weight")(dy, x, weight.shape, **case.settings),
        case.bias_gradient(dy),
    )


def bounds(case, x, weight, bias, dy):
    """How far rounding in float32 may take each element of (y, dx, dweight, dbias), in units of EPSILON.

    An element is a sum of n products; no partial sum exceeds the sum of their sizes, which the same convolution of absolute values
    computes.  Each step rounds by half an EPSILON of that, and errors of both signs leave the square root of n of them: 2e-7 * sqrt(n),
    as the functions promise.  Up to 11 terms that is more than the worst case.
    """
    sizes = passes(case, *(abs(wide(each)) for each in (x, weight, bias, dy)))
    return [2e-7 / EPSILON * np.sqrt(terms) * size for terms, size in zip(case.terms(dy.shape), sizes, strict=True)]


@st.composite
def convolutions(draw, family, axes, symmetric=False, few=False):
    """A case whose filter fits.  `symmetric`: the same padding at both ends, as PyTorch has it; `few`: images, of many filters."""
    groups, channels, filters = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 40 if few else 6))
    images = draw(st.integers(1, 15) if few else st.sampled_from([1, 2, 5, 16, 17, 33, 70] if axes < 3 else [1, 3, 17]))
    most = 4 if axes < 3 else 3
    taps, stride, dilation = (tuple(draw(st.integers(1, top)) for _ in range(axes)) for top in (most, 3, 3))
    spans = [extent(*each) for each in zip(taps, dilation, strict=True)]
    settings = {"stride": stride, "dilation": dilation, "groups": groups}
    if family == "conv_transpose":
        sizes, out = _spread(draw, axes, taps, stride, dilation, settings)
        weight_shape = (groups * channels, filters, *taps)
    else:
        sizes, out = _slid(draw, axes, spans, taps, stride, dilation, settings, symmetric)
        tile = {"conv": (), "tiled_conv": tuple(draw(st.integers(1, 4)) for _ in range(axes)), "unshared_conv": out}[family]
        weight_shape = (groups * filters, *tile, channels, *taps)
    if family == "conv":
        settings["flip"] = draw(st.booleans())
    own = family in ("tiled_conv", "unshared_conv") and draw(st.booleans())
    bias_shape = (groups * filters, *(weight_shape[1 : 1 + axes] if own else ()))
    return Convolution(
        family, axes, (images, groups * channels, *sizes), weight_shape, bias_shape, settings, draw(seeds), draw(st.sampled_from(LAYOUTS))
    )


def _slid(draw, axes, spans, taps, stride, dilation, settings, symmetric):
    """Input and output sizes of a filter that slides; sets the padding."""
    kind = draw(st.sampled_from(["pairs", "numbers", "number", *(() if symmetric else ("same", "full", "valid"))]))
    if kind == "number":
        settings["padding"] = draw(st.integers(0, 4))
        pads = ((settings["padding"],) * 2,) * axes
    elif kind == "numbers" or symmetric:
        settings["padding"] = tuple(draw(st.integers(0, 4)) for _ in range(axes))
        pads = tuple((pad, pad) for pad in settings["padding"])
    elif kind == "pairs":
        settings["padding"] = pads = tuple((draw(st.integers(0, 5)), draw(st.integers(0, 5))) for _ in range(axes))
    else:
        settings["padding"] = kind
        pads = tuple((span - 1, span - 1) if kind == "full" else (0, 0) for span in spans)
    room = 6 if axes < 3 else 3
    least = [1 if kind == "same" else max(1, span - sum(pad)) for span, pad in zip(spans, pads, strict=True)]
    sizes = tuple(small + draw(st.integers(0, room)) for small in least)
    if kind == "same":
        return sizes, tuple(-(-size // step) for size, step in zip(sizes, stride, strict=True))
    return sizes, tuple(
        output_size(size, tap, step, gap, *pad) for size, tap, step, gap, pad in zip(sizes, taps, stride, dilation, pads, strict=True)
    )


def _spread(draw, axes, taps, stride, dilation, settings):
    """Input and output sizes of a filter that is put down; sets padding and output_padding so that something is left."""
    sizes = tuple(draw(st.integers(1, 6 if axes < 3 else 3)) for _ in range(axes))
    more = tuple(draw(st.integers(0, max(pair) - 1)) for pair in zip(stride, dilation, strict=True))
    whole = [transposed_output_size(*each[:4], 0, each[4]) for each in zip(sizes, taps, stride, dilation, more, strict=True)]
    cut = tuple(draw(st.integers(0, min(4, (large - 1) // 2))) for large in whole)
    settings |= {"padding": cut, "output_padding": more}
    return sizes, tuple(large - 2 * pad for large, pad in zip(whole, cut, strict=True))
