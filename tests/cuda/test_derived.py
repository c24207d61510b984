"""Which kernel a loop becomes for arrays that lie in a certain way, and which arrays it refuses; nothing is run."""

import linecache
import re

import numpy as np
import pytest

from minicnn.errors import SettingError
from minicnn.kernels import textbook
from minicnn.kernels.cpu.program.program import Buffer, Place
from minicnn.kernels.cuda.compile import MOST_BLOCKS
from minicnn.kernels.cuda.derived import append_loop
from minicnn.kernels.cuda.launches import Part, contiguous_strides
from minicnn.optimizers import Adam


class Launched:
    """Keeps what is launched."""

    def __init__(self):
        self.rows = []

    def launch(self, kernel, grid, *arguments, threads=0):
        self.rows.append((kernel, grid, arguments, threads))


def value(*shape, buffer=None):
    """A value of a plan, images innermost."""
    inner = contiguous_strides((*shape[1:], -(-shape[0] // 4) * 4))
    return Part("arena", Place(buffer or Buffer(0)), shape, (inner[-1], *inner[:-1]))


def array(*shape, at=0):
    """An array as users see it."""
    return Part("parameters", at, shape, contiguous_strides(shape))


def launched(loop, arguments, **how):
    """The lines of the one kernel that a loop becomes, and how it is launched."""
    here = Launched()
    append_loop(here, loop, arguments, **how)
    ((kernel, grid, given, threads),) = here.rows
    return [line.strip() for line in linecache.getlines(kernel.python.__code__.co_filename)], grid, given, threads


def unsigned(lines):
    """Lines without what says that places are not counted from the end."""
    return [re.sub(r"np\.uintp\(([^()]*)\)", r"\1", line) for line in lines]


POOL = {"window_h": 2, "window_w": 2, "stride_h": 2, "stride_w": 2, "pad_h": 0, "pad_w": 0, "dilation_h": 1, "dilation_w": 1}


def test_neighbouring_threads_have_neighbouring_images():
    """As few share a place as keep the device busy."""
    for size, lanes in ((3, 64), (300, 8)):
        arrays = {"y": value(64, 3, size, size), "indices": value(64, 3, size, size), "x": value(64, 3, 2 * size, 2 * size)}
        lines, grid, _, threads = launched(textbook.max_pool2d_forward, arrays | POOL, single=True)
        assert f"for place in range(cuda.grid(1) // {lanes}, C * P * Q, cuda.gridsize(1) // {lanes}):" in lines
        assert f"for n in range(cuda.grid(1) % {lanes}, N, {lanes}):" in lines
        assert grid == min(-(-3 * size * size * lanes // threads), MOST_BLOCKS)


def test_neighbouring_threads_have_neighbouring_columns_of_a_users_array():
    arrays = {"y": array(64, 3, 4, 5), "indices": array(64, 3, 4, 5, at=10**5), "x": array(64, 3, 8, 10, at=10**6)}
    lines, *_ = launched(textbook.max_pool2d_forward, arrays | POOL)
    assert "for place in range(cuda.grid(1), N * C * P * Q, cuda.gridsize(1)):" in lines
    assert "q = place % Q" in lines


def test_few_images_do_not_leave_threads_idle():
    for images, line in ((3, "for n in range(cuda.grid(1) % 4, N, 4):"), (1, "n = place // F")):
        x, y = value(images, 50), value(images, 50)
        lines, *_ = launched(textbook.dropout_forward, {"y": y, "x": x, "key": 1, "first_image": 0, "rate": 0.5})
        assert line in lines


def test_what_all_images_of_a_place_share_is_found_once():
    """Not what a turn changes: a sum, or a name that depends on the image."""
    arrays = {"y": value(64, 30, 49), "x": value(64, 30, 49), **{name: array(30) for name in ("mean", "variance", "gamma", "beta")}}
    lines, *_ = launched(textbook.batch_norm_inference_forward, {**arrays, "epsilon": 1e-5}, single=True)
    innermost = next(n for n, line in enumerate(lines) if line.startswith("for n in"))
    assert next(n for n, line in enumerate(lines) if line.startswith("deviation =")) < innermost
    x, y = value(64, 30, 49), value(64, 30)
    lines, *_ = launched(textbook.global_avg_pool_forward, {"y": y, "x": x}, single=True)
    innermost = next(n for n, line in enumerate(lines) if line.startswith("for n in"))
    assert next(n for n, line in enumerate(lines) if line.startswith("total =")) > innermost


def test_values_that_lie_alike_are_one_axis():
    """With the lanes that are no images: nobody looks at them."""
    lines, _, given, _ = launched(textbook.tanh_forward, {"y": value(6, 3, 5), "x": value(6, 3, 5)}, single=True)
    assert "y[np.uintp(i)] = math.tanh(np.float32(x[np.uintp(i)]))" in lines
    assert [each.shape for each in given] == [(3 * 5 * 8,)] * 2
    lines, _, given, _ = launched(textbook.tanh_forward, {"y": value(6, 3, 5), "x": array(6, 3, 5)})
    assert "y.flat[np.uintp(i)] = math.tanh(np.float64(x.flat[np.uintp(i)]))" in lines
    assert [each.shape for each in given] == [(6, 3, 5)] * 2


def test_tuples_of_numbers_stand_in_the_text():
    def own(y, x, taps):
        R, S = taps
        for n in range(y.size):
            y[n] = x[n] * R + S

    lines, _, given, _ = launched(own, {"y": array(5), "x": array(5, at=100), "taps": (2, 3)})
    assert "taps = (2, 3)" in lines
    assert len(given) == 2


def test_sums_are_float32_and_what_stands_before_the_loop_is_rounded_once():
    arrays = {name: array(5, at=100 * n) for n, name in enumerate(("weight", "gradient", "mean", "square"))}
    numbers = dict(zip(Adam.number_names, Adam().rates(1, 0.1), strict=True))
    lines, *_ = launched(Adam.update, arrays | numbers, single=True)
    assert "correction1, correction2 = (1.0 - beta1 ** step, 1.0 - beta2 ** step)" in lines
    assert "correction1_32 = np.float32(correction1)" in lines
    assert "mean[i] = beta1_32 * mean[i] + (np.float32(1.0) - beta1_32) * slope" in unsigned(lines)
    assert not [line for line in lines if "step_32" in line]


def test_whole_numbers_that_meet_others_are_rounded_and_places_are_not():
    def own(y, x):
        for n in range(x.shape[0]):
            total = np.float64(0.0)
            for k in range(x.shape[1] // 2):
                total += x[n, 2 * k + 1] / (k + 1) + 2 * x[n, k] ** 2
            y[n] = max(total, 1) if n > 0 else n

    lines, *_ = launched(own, {"y": array(5), "x": array(5, 4, at=100)}, single=True)
    assert "total += x[n, 2 * k + 1] / np.float32(k + 1) + np.float32(2) * x[n, k] ** 2" in unsigned(lines)
    assert "y[n] = max(total, np.float32(1)) if n > 0 else np.float32(n)" in unsigned(lines)


def test_equal_loops_on_equal_layouts_are_one_kernel():
    here = Launched()
    for _ in range(2):
        append_loop(here, textbook.tanh_forward, {"y": value(6, 7), "x": value(6, 7)}, single=True)
    (one, *_), (other, *_) = here.rows
    assert one is other
    assert not one.exact
    append_loop(here, textbook.tanh_forward, {"y": value(6, 7), "x": value(6, 7)})
    assert here.rows[-1][0].exact


def test_threads_that_would_read_what_others_write_are_refused():
    buffer = Buffer(0)
    x, settings = value(8, 3, 4, 4, buffer=buffer), {"window_h": 3, "window_w": 3, "stride_h": 1, "stride_w": 1, "pad_h": 1, "pad_w": 1}
    after = {"pad_after_h": 1, "pad_after_w": 1, "dilation_h": 1, "dilation_w": 1, "count_padding": True}
    with pytest.raises(SettingError, match="y shares memory with x, so that a thread of avg_pool2d_forward may read what another one has"):
        append_loop(Launched(), textbook.avg_pool2d_forward, {"y": x, "x": x, **settings, **after})
    moved = x._replace(place=Place(buffer, 1))
    with pytest.raises(SettingError, match="y shares memory with x"):
        append_loop(Launched(), textbook.relu_forward, {"y": x, "x": moved})


def test_threads_that_keep_to_their_own_places_may_work_in_place():
    x = value(8, 12)
    launched(textbook.relu_forward, {"y": x, "x": x})
    launched(textbook.softmax_forward, {"y": x, "x": x})
    launched(textbook.softmax_cross_entropy_backward, {"dlogits": x, "probabilities": x, "dloss_per_image": array(8), "labels": array(8)})
    halves = value(8, 6), x._replace(place=Place(x.place.buffer, 48), shape=(8, 6))
    launched(textbook.relu_forward, dict(zip(("y", "x"), halves, strict=True)))
