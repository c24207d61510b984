"""How a call is made: by one thread where the work is little, with the same bits on any number of threads."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn.kernels.cpu.program import call


@pytest.fixture
def threads(monkeypatch):
    """How many threads each call asked for, on a machine of four."""
    asked = []
    plain_run = call.run

    def run(count, *arguments):
        asked.append(count)
        plain_run(count, *arguments)

    monkeypatch.setattr(call, "run", run)
    monkeypatch.setattr(call, "usual_threads", lambda: 4)
    return asked


def numbers(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


CALLS = {
    "conv2d": lambda x: kernels.conv2d(x, numbers(5, 4, 3, 3), numbers(5), padding=1),
    "conv2d_backward_input": lambda x: kernels.conv2d_backward_input(x, numbers(4, 5, 3, 3), (len(x), 5, 10, 10), padding=1),
    "conv2d_backward_weight": lambda x: kernels.conv2d_backward_weight(x, x, (4, 4, 3, 3), padding=1),
    "unshared_conv2d": lambda x: kernels.unshared_conv2d(x, numbers(5, 8, 8, 4, 3, 3)),
    "max_pool2d": lambda x: kernels.max_pool2d(x, 2),
    "avg_pool2d": lambda x: kernels.avg_pool2d(x, 3, stride=1),
    "l2_pool2d": lambda x: kernels.l2_pool2d(x, 2),
    "global_avg_pool": kernels.global_avg_pool,
    "batch_norm_training": lambda x: kernels.batch_norm_training(x, numbers(4), numbers(4)).y,
    "local_response_norm": kernels.local_response_norm,
    "relu": kernels.relu,
    "linear": lambda x: kernels.linear(x.reshape(len(x), -1), numbers(7, 400)),
    "linear_backward_weight": lambda x: kernels.linear_backward_weight(numbers(len(x), 7), x.reshape(len(x), -1)),
    "softmax": lambda x: kernels.softmax(x.reshape(len(x), -1)),
}


@pytest.mark.parametrize("images", [3, 100])
@pytest.mark.parametrize("name", CALLS)
def test_one_thread_and_four_give_the_same_bits(name, images, threads, monkeypatch):
    x = numbers(images, 4, 10, 10)
    monkeypatch.setattr(call, "ALONE", -1)
    together = CALLS[name](x)
    assert set(threads) == {4}
    threads.clear()
    monkeypatch.setattr(call, "ALONE", 10**12)
    alone = CALLS[name](x)
    assert set(threads) == {1}
    np.testing.assert_array_equal(alone.view(np.int32), together.view(np.int32))


@pytest.mark.parametrize(
    ("name", "wanted", "operation"),
    [
        ("small arrays", 1, lambda: kernels.relu(numbers(1, 16, 28, 28))),
        ("large arrays", 4, lambda: kernels.relu(numbers(16, 16, 28, 28))),
        ("a small convolution", 1, lambda: kernels.conv2d(numbers(1, 1, 28, 28), numbers(6, 1, 5, 5))),
        ("much work on small arrays", 4, lambda: kernels.conv2d(numbers(1, 32, 28, 28), numbers(32, 32, 3, 3))),
        (
            "much work for a large gradient",
            4,
            lambda: kernels.conv2d_backward_weight(numbers(1, 32, 26, 26), numbers(1, 32, 28, 28), (32, 32, 3, 3)),
        ),
        ("large weights", 4, lambda: kernels.linear(numbers(1, 1000), numbers(1000, 1000))),
        ("large windows", 4, lambda: kernels.l2_pool2d(numbers(1, 16, 40, 40), 11, stride=1)),
        ("small windows", 1, lambda: kernels.l2_pool2d(numbers(1, 16, 40, 40), 2)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_little_work_is_done_by_one_thread(name, wanted, operation, threads):
    operation()
    assert set(threads) == {wanted}


def test_arrays_that_cannot_be_written_are_read_as_well():
    x, weight = numbers(2, 3, 9, 9), numbers(4, 3, 3, 3)
    wanted = kernels.conv2d(x, weight)
    for array in (x, weight):
        array.flags.writeable = False
    np.testing.assert_array_equal(kernels.conv2d(x, weight), wanted)


def test_calls_of_one_operation_share_nothing_but_its_program():
    """What is kept from call to call, the numbers of images among it, is that of each call's own size."""
    x = numbers(40, 3, 8, 8)
    wanted = kernels.conv2d(x, numbers(4, 3, 3, 3))
    for images in (33, 40, 17, 1, 40, 2, 38):
        np.testing.assert_allclose(kernels.conv2d(x[:images], numbers(4, 3, 3, 3)), wanted[:images], atol=1e-5)
