"""Batch normalization in training."""

import numpy as np

from minicnn.exercises.exercise import Case, Exercise, Mistake, whole_numbers


def batch_norm(y, mean, variance, x, gamma, beta, epsilon):
    """Shift and scale every channel to mean 0 and variance 1, then to a mean and a scale that are learnt.

        mean[c] = (sum over n,l of x[n,c,l]) / (N*L)
        variance[c] = (sum over n,l of (x[n,c,l] - mean[c])**2) / (N*L)
        y[n,c,l] = gamma[c] * (x[n,c,l] - mean[c]) / sqrt(variance[c] + epsilon) + beta[c]

    Parameters
    ----------
    y : (N, C, L) float, written
    mean, variance : (C,) float, written
        Every element of all three is written; the old content is not read.
    x : (N, C, L) float
        N images, C channels, L positions.
    gamma, beta : (C,) float
    epsilon : float
    """
    N, C, L = x.shape
    for c in range(C):
        total = np.float64(0.0)
        for n in range(N):
            for l in range(L):
                total += x[n, c, l]
        mean_c = total / (N * L)
        total = np.float64(0.0)
        for n in range(N):
            for l in range(L):
                total += (x[n, c, l] - mean_c) ** 2
        variance_c = total / (N * L)
        mean[c] = mean_c
        variance[c] = variance_c
        for n in range(N):
            for l in range(L):
                y[n, c, l] = gamma[c] * ((x[n, c, l] - mean_c) / np.sqrt(variance_c + epsilon)) + beta[c]


def cases():
    for name, shape, epsilon in (
        ("2 images, 3 channels, 4 positions", (2, 3, 4), 1e-5),
        ("large epsilon", (3, 2, 5), 2.0),
        ("one channel is constant", (4, 2, 3), 0.25),
    ):
        x = whole_numbers("x", *shape)
        if name.endswith("constant"):
            x[:, 1] = 7.0
        channels = {"gamma": whole_numbers("gamma", shape[1]) + 0.5, "beta": whole_numbers("beta", shape[1])}
        yield Case(name, {"y": shape, "mean": shape[1:2], "variance": shape[1:2]}, {"x": x, **channels, "epsilon": epsilon})


SPREAD = "(x[n, c, l] - mean_c) / np.sqrt(variance_c + epsilon)"

EXERCISE = Exercise(
    "batch-norm",
    "Batch normalization, training",
    batch_norm,
    cases,
    outputs=("mean", "variance", "y"),
    reads="x",
    mistakes=(
        Mistake(
            "the mean of each image is taken, not of the batch: the last one is kept",
            {
                "for n in range(N):\n            for l in range(L):\n                total += x": "for n in range(N - 1, N):\n            for l in range(L):\n                total += x",
                "mean_c = total / (N * L)": "mean_c = total / L",
            },
        ),
        Mistake("the sum is divided by the number of images alone", {"mean_c = total / (N * L)": "mean_c = total / N"}),
        Mistake("the sum is divided by the number of positions alone", {"mean_c = total / (N * L)": "mean_c = total / L"}),
        Mistake("the variance is divided by N*L - 1", {"variance_c = total / (N * L)": "variance_c = total / (N * L - 1)"}),
        Mistake("the variance is not divided", {"variance_c = total / (N * L)": "variance_c = total"}),
        Mistake("deviations are not squared", {") ** 2": ")"}),
        Mistake("the mean is not subtracted in the variance", {"(x[n, c, l] - mean_c) ** 2": "x[n, c, l] ** 2"}),
        Mistake(
            "the sum of the variance goes on from that of the mean",
            {"mean_c = total / (N * L)\n        total = np.float64(0.0)": "mean_c = total / (N * L)"},
        ),
        Mistake("the mean is not subtracted", {SPREAD: "x[n, c, l] / np.sqrt(variance_c + epsilon)"}),
        Mistake(
            "there is no square root: numbers are divided by the variance", {"np.sqrt(variance_c + epsilon)": "(variance_c + epsilon)"}
        ),
        Mistake("epsilon is missing", {"variance_c + epsilon": "variance_c"}),
        Mistake("epsilon is added to the root, not under it", {"np.sqrt(variance_c + epsilon)": "(np.sqrt(variance_c) + epsilon)"}),
        Mistake("gamma is missing", {"gamma[c] * (" + SPREAD + ")": SPREAD}),
        Mistake("beta is missing", {" + beta[c]": ""}),
        Mistake(
            "beta is added before gamma multiplies", {"gamma[c] * (" + SPREAD + ") + beta[c]": "gamma[c] * (" + SPREAD + " + beta[c])"}
        ),
        Mistake("gamma and beta are exchanged", {"gamma[c] * (" + SPREAD + ") + beta[c]": "beta[c] * (" + SPREAD + ") + gamma[c]"}),
        Mistake("all channels share the first gamma and beta", {"gamma[c]": "gamma[0]", "beta[c]": "beta[0]"}),
    ),
)
