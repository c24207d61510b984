"""Convolution in the Fourier basis, where it is one multiplication per frequency.

    y = F^-1( sum over c of F(x[c]) * conj(F(weight[k,c])) )

The cost hardly depends on the size of the filter: about (C + K) * L log L and C*K*L for L pixels, against C*K*L*taps of the direct sum.
It pays off from filters of about 15 x 15.  The signals are long enough not to wrap around; a stride keeps only some results, a
dilation puts zeros between the taps.

Tolerance: always computed in float64, so that only the last rounding to float32 counts, 6e-8 of the result, besides
1e-15 * log2(L) of the largest partial sum.

Goodfellow, Bengio, Courville, "Deep Learning", 2016, section 9.8.  Mathieu, Henaff, LeCun, "Fast training of convolutional networks
through FFTs", 2014.
"""

from __future__ import annotations

from math import prod

import numpy as np

from minicnn.geometry import Axis
from minicnn.kernels.checks.arrays import empty
from minicnn.kernels.checks.cases import Case
from minicnn.kernels.memory import check_room

SPECTRUM_BYTES = 1 << 27  # of the spectra of inputs and outputs that exist at once
COMPLEX_BYTES = 16


def refusal(case: Case, dtype: np.dtype) -> str | None:
    """Why it cannot serve; None if it can."""
    return None


def good_length(least: int) -> int:
    """The smallest length from `least` on without a prime factor above 5: others take longer."""
    best = 1 << (least - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            two = three << max(0, (-(-least // three) - 1).bit_length())
            best = min(best, two)
            three *= 3
        five *= 5
    return best


def forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, case: Case) -> None:
    """y (N, K, *out), a few images at a time."""
    groups = case.groups
    axes, taps = zip(*map(_shortened, case.axes), strict=True)
    if case.flip:
        weight = np.flip(weight, tuple(range(2, weight.ndim)))
    weight = weight[(slice(None), slice(None), *taps)]
    y[...] = 0 if bias is None else bias.reshape(-1, *(1,) * len(axes))
    kept = [_kept(axis) for axis in axes]
    if any(positions.start >= positions.stop for positions, _ in kept):
        return  # every tap of every position reads padding
    lengths = [good_length(axis.size + axis.extent - 1) for axis in axes]
    over = tuple(range(2, x.ndim))
    filters, channels = len(weight) // groups, weight.shape[1]
    check_room(
        COMPLEX_BYTES * prod(lengths) * (weight.size // weight[0, 0].size + x.shape[1] + 2 * len(weight)),
        f"{case.where}: algorithm 'fft', for its spectra,",
        "use algorithm='auto'",
    )
    spectrum = np.conj(np.fft.rfftn(_stuffed(weight, axes, case.where), lengths, over))
    frequencies = prod(spectrum.shape[2:])
    # (frequency, G, C/G, K/G): for each frequency and group a matrix
    spectrum = spectrum.reshape(groups, filters, channels, frequencies).transpose(3, 0, 2, 1)
    step = max(1, SPECTRUM_BYTES // (COMPLEX_BYTES * frequencies * (x.shape[1] + len(weight))))
    for n in range(0, len(x), step):
        part = np.fft.rfftn(x[n : n + step].astype(np.float64), lengths, over)
        half = part.shape[2:]
        part = part.reshape(-1, groups, channels, frequencies).transpose(3, 1, 0, 2)  # (frequency, G, N, C/G)
        product = (part @ spectrum).transpose(2, 1, 3, 0).reshape(len(x[n : n + step]), groups * filters, *half)
        sums = np.fft.irfftn(product, lengths, over)
        for axis, ((_, places), length) in enumerate(zip(kept, lengths, strict=True), start=2):
            sums = sums.take(places % length, axis)
        if bias is not None:
            sums += bias.reshape(-1, *(1,) * len(axes))
        y[(slice(n, n + step), slice(None), *(positions for positions, _ in kept))] = sums


def _shortened(axis: Axis) -> tuple[Axis, slice]:
    """The same axis without the taps at either end that never read inside it, and those left: a dilated filter may be mostly outside."""
    reach = (axis.out - 1) * axis.stride
    first = max(0, -(-(axis.before - reach) // axis.dilation))
    stop = min(axis.taps, (axis.size - 1 + axis.before) // axis.dilation + 1)
    if first >= stop:
        return axis._replace(taps=0), slice(0, 0)
    return axis._replace(taps=stop - first, before=axis.before - first * axis.dilation), slice(first, stop)


def _kept(axis: Axis) -> tuple[slice, np.ndarray]:
    """Output positions that read inside the axis, and the position of their first tap, negative before the axis."""
    first = max(0, -(-(axis.before - axis.extent + 1) // axis.stride))
    stop = min(axis.out, (axis.size - 1 + axis.before) // axis.stride + 1)
    if not axis.taps or first >= stop:
        return slice(0, 0), np.zeros(0, np.int64)
    return slice(first, stop), np.arange(first, stop) * axis.stride - axis.before


def _stuffed(weight: np.ndarray, axes: tuple[Axis, ...], where: str) -> np.ndarray:
    """Weights with zeros between the taps, in float64."""
    result = empty(where, (*weight.shape[:2], *(axis.extent for axis in axes)), weight, np.float64)
    result[...] = 0
    result[(slice(None), slice(None), *(slice(None, None, axis.dilation) for axis in axes))] = weight
    return result
