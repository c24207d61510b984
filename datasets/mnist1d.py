"""MNIST-1D, generated each time from its recipe: ten digit-like curves, distorted and sampled at 40 positions.

Source: S. Greydanus, D. Kobak, "Scaling down deep learning with MNIST-1D", ICML 2024, arXiv 2011.14439.  The arguments are
the authors' defaults; labels equal their frozen reference set, signals differ from it by rounding (below 1e-14).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from minicnn.datasets.catalog import Split

Signal = npt.NDArray[np.float64]

TEMPLATES = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)  # one digit per row, 12 points each
EXAMPLES = 5_000
TRAIN_EXAMPLES = 4_000
LEAST_PADDING, MOST_PADDING = 36, 60
LONG = TEMPLATES.shape[1] + MOST_PADDING  # 72 points while a signal is distorted
SHORT = 40
LARGEST_SHIFT = 48
SCALE_JITTER, SHEAR = 0.4, 0.75
SMOOTH_NOISE, WHITE_NOISE = 0.25, 0.02
SMOOTH_SIGMA, SMOOTH_RADIUS = 2.0, 8  # in points; the filter ends at four sigma
MARK = 1e-8  # distinguishes a template's own zeros from the padding


def read_mnist1d(split: Split, seed: int = 42) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Signals (N, 1, 40) float32 and labels (N,) int64; N is 4,000 for "train" and 1,000 for "test"."""
    x, y = generate(seed)
    rows = slice(TRAIN_EXAMPLES) if split == "train" else slice(TRAIN_EXAMPLES, None)
    return x[rows, None].astype(np.float32), y[rows]


def generate(seed: int = 42) -> tuple[Signal, npt.NDArray[np.int64]]:
    """All 5,000 signals (5000, 40) float64, shuffled and standardised together, and their labels (5000,) int64.

    Seed 42 of NumPy's legacy generator (MT19937) gives the reference set; its stream never changes.
    """
    random = np.random.RandomState(seed)
    templates, smoothing = normalised_templates(), smoothing_matrix()
    y = np.repeat(np.arange(len(templates)), EXAMPLES // len(templates))
    x = np.stack([distort(templates[digit], smoothing, random) for digit in y])
    order = random.permutation(EXAMPLES)
    x, y = x[order], y[order]
    return (x - x.mean()) / x.std(), y.astype(np.int64)


def normalised_templates() -> Signal:
    """The ten curves (10, 12), each with deviation 1/6 and starting at 0."""
    centred = TEMPLATES - TEMPLATES.mean(axis=1, keepdims=True)
    scaled = centred / centred.std(axis=1, keepdims=True)
    return (scaled - scaled[:, :1]) / 6


def distort(template: Signal, smoothing: Signal, random: np.random.RandomState) -> Signal:
    """One example (40,) of a template (12,); the order of the draws is part of the recipe."""
    padding = LEAST_PADDING + int((MOST_PADDING - LEAST_PADDING + 1) * random.random_sample())
    signal = resample(np.concatenate([template + MARK, np.zeros(padding)]), LONG)  # less padding: a wider digit
    signal = signal * (1 + SCALE_JITTER * (random.random_sample() - 0.5))
    signal = np.roll(signal, random.randint(LARGEST_SHIFT))
    drawn = signal != 0
    smooth = smoothing @ (SMOOTH_NOISE * random.standard_normal(LONG))
    signal = np.where(drawn, signal, smooth)
    signal = signal + WHITE_NOISE * random.standard_normal(LONG)
    signal = signal - SHEAR * (random.random_sample() - 0.5) * np.linspace(-0.5, 0.5, LONG)
    return resample(signal, SHORT)


def resample(signal: Signal, points: int) -> Signal:
    """Linear interpolation at `points` evenly spaced positions, both ends included."""
    return np.interp(np.linspace(0, 1, points), np.linspace(0, 1, len(signal)), signal)


def smoothing_matrix() -> Signal:
    """The Gaussian filter as a matrix (72, 72); the signal continues beyond its ends as in a mirror (d c b a | a b c d)."""
    offsets = np.arange(-SMOOTH_RADIUS, SMOOTH_RADIUS + 1)
    weights = np.exp(-(offsets**2) / (2 * SMOOTH_SIGMA**2))
    weights /= weights.sum()
    matrix = np.zeros((LONG, LONG))
    for p in range(LONG):
        for offset, weight in zip(offsets, weights, strict=True):
            i = p + offset
            i = -1 - i if i < 0 else 2 * LONG - 1 - i if i >= LONG else i
            matrix[p, i] += weight
    return matrix
