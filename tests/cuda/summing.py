"""What the tests of sums over images share: bias gradients, batch normalization and transposition, beside what the textbook gives.

Each returns what a device made and what is right, by name; lanes that no image fills, outputs and scratch memory are poisoned.
"""

import numpy as np

from minicnn.kernels.cuda.batch_statistics import (
    append_batch_norm_backward,
    append_batch_statistics,
    append_normalize,
    append_running_statistics,
)
from minicnn.kernels.cuda.row_sums import Layout, append_bias_gradient
from minicnn.kernels.cuda.transfer import append_transpose
from minicnn.kernels.textbook import batch_normalization, tiled

from .convolving import images_first, images_innermost

EPSILON, MOMENTUM = 1e-5, 0.1


def normal(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def poison(put, *shape):
    return put(np.full(shape, np.nan, np.float32).ravel())


def bias_gradient(launches, put, get, images, filters, sizes, tile):
    dy, row = normal(0, (images, filters, *sizes)), -(-images // 4) * 4
    wanted = np.full((filters, *tile), np.nan)
    getattr(tiled, f"tiled_conv{len(sizes)}d_backward_bias")(wanted, dy.astype(np.float64))
    dbias = poison(put, *wanted.shape)
    append_bias_gradient(launches, dbias, put(images_innermost(dy, row)), Layout(filters, sizes, images, row), tile)
    return {"dbias": (get(dbias).reshape(wanted.shape), wanted)}


def batch_norm(launches, put, get, images, channels, pixels, middle=0.0):
    """Statistics, running statistics and gradients of a batch whose numbers lie around `middle`."""
    shape, row = (images, channels, pixels), -(-images // 4) * 4
    x, dy = normal(0, shape) + np.float32(middle), normal(1, shape)
    gamma, beta = normal(2, channels), normal(3, channels)
    wanted = {name: np.full(channels, np.nan) for name in ("mean", "variance", "dgamma", "dbeta")} | {
        name: np.full(shape, np.nan) for name in ("y", "dx")
    }
    exact_x, exact_dy, exact_gamma, exact_beta = (each.astype(np.float64) for each in (x, dy, gamma, beta))
    outputs = wanted["mean"], wanted["variance"]
    batch_normalization.batch_norm_training_forward(wanted["y"], *outputs, exact_x, exact_gamma, exact_beta, EPSILON)
    outputs = wanted["dx"], wanted["dgamma"], wanted["dbeta"]
    batch_normalization.batch_norm_training_backward(*outputs, exact_dy, exact_x, wanted["mean"], wanted["variance"], exact_gamma, EPSILON)
    wanted["y"] = np.maximum(wanted["y"], 0)
    count = images * pixels
    wanted["running_mean"] = 1 + MOMENTUM * (wanted["mean"] - 1) if count > 1 else np.ones(channels)
    wanted["running_variance"] = 1 + MOMENTUM * (wanted["variance"] * count / (count - 1) - 1) if count > 1 else np.ones(channels)

    got = {name: poison(put, channels) for name in ("mean", "variance", "dgamma", "dbeta")}
    got |= {name: put(np.ones(channels, np.float32)) for name in ("running_mean", "running_variance")}
    x, dy, gamma, beta, y = (
        put(images_innermost(x, row)),
        put(images_innermost(dy, row)),
        put(gamma),
        put(beta),
        poison(put, *x[0].shape, row),
    )
    statistics, layout = (got["mean"], got["variance"]), Layout(channels, (pixels,), images, row)
    append_batch_statistics(launches, statistics, x, layout)
    append_running_statistics(launches, (got["running_mean"], got["running_variance"]), statistics, MOMENTUM, layout)
    append_normalize(launches, y, x, statistics, (gamma, beta), EPSILON, layout, rectify=True)
    gradients = got["dgamma"], got["dbeta"]
    append_batch_norm_backward(launches, dy, gradients, dy, x, statistics, gamma, EPSILON, layout)  # dx in the place of dy
    got = {name: get(each) for name, each in got.items()} | {"y": images_first(get(y), shape), "dx": images_first(get(dy), shape)}
    return {name: (got[name], wanted[name]) for name in wanted}


def transposed(launches, put, get, rows, columns, target_row, source_row):
    """Rows may lie further apart than they are long; between them nothing is written."""
    source = normal(0, (rows, source_row))
    wanted = np.full((columns, target_row), -1, np.float32)
    target = put(wanted.ravel().copy())
    wanted[:, :rows] = source[:, :columns].T
    append_transpose(launches, target, put(source.ravel()), rows, columns, target_row, source_row)
    return {"target": (get(target).reshape(wanted.shape), wanted)}
