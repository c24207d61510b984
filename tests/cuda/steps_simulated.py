"""As a script, under NUMBA_ENABLE_CUDASIM=1: what a plan launches beside tiles and textbook loops, against the steps of the CPU.

python steps_simulated.py NAME ...      so many checks; ends with an error where one fails
"""

import sys

import numpy as np
from numba.np.numpy_support import as_dtype

from minicnn.engine.cuda.steps import append_update
from minicnn.geometry import Axis
from minicnn.kernels import textbook
from minicnn.kernels.cpu.lanes.transfer import Box, load_changed_images
from minicnn.kernels.cpu.pointwise import dropout, loss
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.kernels.cuda import launches, memory
from minicnn.kernels.cuda.batch import Run, append_advance, append_load
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.local_response import append_local_response_norm_backward
from minicnn.kernels.cuda.loss import append_loss
from minicnn.kernels.cuda.pooling import append_max_pool_backward
from minicnn.kernels.machine_code.records import FRAME, bits
from minicnn.optimizers import SGD, Adam

NOW, KEY = launches.Now(), 0x1234_5678_9ABC_DEF0


def device(*shape, dtype=np.float32, images=None):
    """New memory (C, *space, row), poisoned, and the view (N, C, *space) of it."""
    whole = memory.to_device(np.full(shape, np.nan if np.dtype(dtype).kind == "f" else -99, dtype))
    inner = launches.contiguous_strides(shape)
    count = images or shape[-1]
    return whole, launches.strided(launches.flat(whole), (count, *shape[:-1]), (inner[-1], *inner[:-1]))


def lain(values):
    """An array (N, C, *space) with the images innermost, padded with NaN."""
    whole, view = device(*values.shape[1:], -(-len(values) // 4) * 4, dtype=values.dtype, images=len(values))
    view._ary[...] = values
    return whole, view


def frame(**known):
    made = np.zeros(1, as_dtype(FRAME))[0]
    for name, value in known.items():
        made[name] = value.ctypes.data if isinstance(value, np.ndarray) else value
    return made


def loading():
    """Images, labels and changes of the second batch, which is not full."""
    rng, channels, batch, row = np.random.default_rng(0), 2, 8, 8
    order, keys, job = rng.permutation(14).astype(np.int64), np.array([3, KEY]), np.array([1])
    labels, scale, shift = rng.integers(0, 9, 14), rng.uniform(0.5, 2, channels), rng.uniform(-1, 1, channels)
    for space in ((), (5,), (4, 6), (2, 3, 4)):
        for dtype in (np.uint8, np.float32):
            for moves, mirrors in ((0, False), (2, False), (2, True), (0, True)):
                images = rng.integers(0, 256, (14, channels, *space)).astype(dtype)
                sizes = (1,) * (3 - len(space)) + space
                pixels = int(np.prod(sizes))
                box = Box(pixels * row, *(np.array(launches.contiguous_strides(sizes)) * row).tolist(), *sizes, channels, row)
                want, table = (
                    np.full(channels * pixels * row, np.nan, np.float32),
                    np.array([bits(v) for pair in zip(scale, shift, strict=True) for v in pair]),
                )
                own = frame(count=6, first=0, key=KEY, order=order[batch:])
                load_changed_images(want, 0, box, images.ravel(), table, 0, moves, mirrors, own)
                whole, x = device(channels, *space, row, images=6)
                chosen = memory.to_device(np.full(8, -1))
                given = [memory.to_device(each) for each in (images, labels, order, job)]
                how = Loading(dtype == np.uint8, tuple(scale), tuple(shift), moves, mirrors)
                append_load(NOW, x, Run(*given, memory.to_device(keys), chosen, None), batch, how)
                np.testing.assert_allclose(whole._ary.ravel(), want, rtol=3e-7, atol=1e-7)  # the CPU rounds a product and a sum once
                assert (whole._ary.ravel() == 0).sum() == (want == 0).sum()
                np.testing.assert_array_equal(chosen._ary, [*labels[order[batch:]], -1, -1])


def answered(labels, statistics, job):
    """A run of which the loss is taken, whose images are elsewhere."""
    return Run(None, None, None, memory.to_device(np.array([job])), None, memory.to_device(labels), statistics)


def losses():
    """Gradients, summed loss and correct answers of batches that end anywhere; equal logits: the first; a NaN is never correct."""
    rng = np.random.default_rng(1)
    for count, classes in ((1, 2), (3, 10), (9, 1), (10, 5)):
        logits, labels = rng.normal(0, 3, (count, classes)).astype(np.float32), rng.integers(0, classes, count)
        logits[0] = 1.0
        row = -(-count // 16) * 16
        m = np.zeros((3 * classes + 1, row), np.float32)
        m[:classes, :count] = logits.T
        want, right = loss.softmax_cross_entropy(
            m.ravel(), classes * row, 0, 2 * classes * row, classes, row, labels, 1.0 / count, frame(count=count, order=np.arange(count))
        )
        _, x = lain(logits)
        statistics = memory.to_device(np.full((3, 2), np.nan))
        append_loss(NOW, x, x, answered(labels, statistics, 2), count)
        np.testing.assert_allclose(x._ary.T, m[classes : 2 * classes, :count], rtol=0, atol=2e-6 / count)
        np.testing.assert_allclose(statistics._ary[2], (want, right), rtol=1e-6)
        assert np.isnan(statistics._ary[:2]).all()
    for place in range(3):
        _, x = lain(np.where(np.arange(3) == place, np.nan, np.float32([[0, 1, 2]])).astype(np.float32))
        append_loss(NOW, x, x, answered(np.array([2]), statistics, 0), 1)
        assert np.isnan(statistics._ary[0, 0])
        assert statistics._ary[0, 1] == 0


def drawing():
    """Dropout's bits, its key read from a table by a batch's number; scale and mask as the CPU's step has them."""
    count, features, row, rate = 5, 6, 16, 0.3
    x = np.random.default_rng(2).normal(size=(count, features)).astype(np.float32)
    lanes, want = np.zeros((features, row), np.float32), np.empty((features, row), np.float32)
    lanes[:, :count] = x.T
    dropout.dropout(want.ravel(), 0, lanes.ravel(), 0, features, row, 77, 0, rate)
    _, y = device(features, 8, images=count)
    draws, job = memory.to_device(np.array([[5, 6], [7, 77]])), memory.to_device(np.array([1]))
    bound = {"key": ("draws[job[0], number]", {"draws": draws, "job": job, "number": 1})}
    append_loop(NOW, textbook.dropout_forward, {"y": y, "x": lain(x)[1], "first_image": 0, "rate": rate}, single=True, bindings=bound)
    np.testing.assert_array_equal(y._ary, want[:, :count].T)


def names_that_clash():
    """A binding reads arrays whose names the loop has for something else."""

    def own(y, x, job, key):
        for n in range(y.size):
            draws = x[n] + job
            y[n] = draws * key

    y, x = memory.to_device(np.zeros(3)), memory.to_device(np.arange(3.0))
    reads = {"draws": memory.to_device(np.array([4, 5])), "job": memory.to_device(np.array([1]))}
    append_loop(NOW, own, {"y": y, "x": x, "job": 10}, bindings={"key": ("draws[job[0]]", reads)})
    np.testing.assert_array_equal(y._ary, [50, 55, 60])


def corners():
    """What is cleared is cleared where no loop comes; what has no places is left; a loop may work in place."""

    def cleared(y, x):
        y[...] = 2.0
        for n in range(len(x)):
            y[n] = x[n]

    for places in (0, 2):
        y = memory.to_device(np.full(4, np.nan))
        append_loop(NOW, cleared, {"y": y, "x": memory.to_device(np.ones(places))})
        np.testing.assert_array_equal(y._ary, [1] * places + [2] * (4 - places))
    nothing = memory.to_device(np.zeros((0, 3)))
    append_loop(NOW, textbook.softmax_forward, {"y": nothing, "x": nothing})
    x = np.random.default_rng(5).normal(size=(3, 4))
    y, want = memory.to_device(x), np.empty_like(x)
    append_loop(NOW, textbook.softmax_forward, {"y": y, "x": y})
    textbook.softmax_forward(want, x)
    np.testing.assert_array_equal(y._ary, want)


def updates():
    """Two updates, numbers of each read by the batch's number, against the loop in plain Python and float64."""
    rng = np.random.default_rng(3)
    for optimizer in (SGD(0.02, weight_decay=0.01), Adam(0.01, weight_decay=0.02)):
        kind = type(optimizer)
        numbers = np.array([optimizer.rates(step, optimizer.learning_rate) for step in (1, 2)])
        arrays = {name: np.zeros(11) for name in ("weight", "gradient", *optimizer.state_names)}
        arrays |= {"weight": rng.normal(size=11), "gradient": rng.normal(size=11)}
        given = {name: memory.to_device(value.astype(np.float32)) for name, value in arrays.items()}
        job, rates = memory.to_device(np.array([0])), memory.to_device(numbers)
        for row in numbers:
            kind.update(**arrays, **dict(zip(optimizer.number_names, row, strict=True)))
            append_update(NOW, optimizer, given["weight"], given["gradient"], {n: given[n] for n in optimizer.state_names}, rates, job)
            append_advance(NOW, job)
        assert job._ary.tolist() == [2]
        for name, value in arrays.items():
            assert given[name].dtype == np.float32
            np.testing.assert_allclose(given[name]._ary, value, rtol=2e-6, atol=2e-7, err_msg=f"{kind.__name__} {name}")


def max_pools():
    """The gather form's bits are those of the loop that defines it, where windows overlap, leave gaps, or lie in the padding."""
    rng = np.random.default_rng(4)
    for sizes, window, stride, pad, dilation in (
        ((7,), 3, 1, 1, 1),
        ((5, 6), 2, 2, 0, 1),
        ((5, 6), 3, 2, 1, 1),
        ((6, 5), 3, 1, 2, 2),
        ((4, 4), 2, 3, 1, 1),
        ((4, 3, 5), 2, 1, 1, 1),
    ):
        out = tuple((size + 2 * pad - dilation * (window - 1) - 1) // stride + 1 for size in sizes)
        axes = [Axis(s, window, stride, dilation, pad, pad, o) for s, o in zip(sizes, out, strict=True)]
        x = rng.integers(0, 3, (2, 3, *sizes)).astype(np.float32)
        y, indices = np.empty((2, 3, *out), np.float32), np.empty((2, 3, *out), np.int64)
        n = len(sizes)
        getattr(textbook, f"max_pool{n}d_forward")(y, indices, x, *[window] * n, *[stride] * n, *[pad] * n, *[dilation] * n)
        dy, want = rng.normal(size=y.shape).astype(np.float32), np.empty_like(x)
        getattr(textbook, f"max_pool{n}d_backward")(want, dy, indices)
        _, dx = device(3, *sizes, 4, images=2)
        append_max_pool_backward(NOW, dx, lain(dy)[1], lain(indices.astype(np.int32))[1], axes)
        np.testing.assert_array_equal(dx._ary, want)


def responses():
    """Local response normalization in two loops, in place, near the gradient that defines it."""
    rng = np.random.default_rng(6)
    for size, channels in ((5, 7), (2, 3), (3, 1)):
        x, dy = rng.normal(size=(2, 3, channels, 4)).astype(np.float32)
        want = np.empty_like(x)
        textbook.local_response_norm_backward(want, dy, x, size, 2.0, 0.5, 0.75)
        _, dx = lain(dy)
        append_local_response_norm_backward(NOW, dx, dx, lain(x)[1], size, 2.0, 0.5, 0.75)
        np.testing.assert_allclose(dx._ary, want, rtol=0, atol=2e-6)


CHECKS = {check.__name__: check for check in (corners, loading, losses, drawing, names_that_clash, updates, max_pools, responses)}

if __name__ == "__main__":
    with np.errstate(all="ignore"):
        for each in sys.argv[1:]:
            CHECKS[each]()
