"""Run by test_doors_simulated.py under NUMBA_ENABLE_CUDASIM=1: arrays of others, of two places, of wrong types; memory and its views."""

import gc
import weakref

import numpy as np
import pytest
from numba import cuda

from minicnn import kernels
from minicnn.errors import DeviceError, MinicnnError, SettingError, ShapeError
from minicnn.kernels.cuda import launches, memory

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 2, 4, 4)).astype(np.float32)
W = RNG.normal(size=(3, 2, 2, 2)).astype(np.float32)


class ByInterface:
    """An array of another library: `__cuda_array_interface__` alone."""

    def __init__(self, array, **more):
        self.array = array
        self.__cuda_array_interface__ = {"version": 3, **array.__array_interface__, **more}


class ByDLPack:
    """An array of another library: DLPack alone; 2 is a CUDA device, 13 memory that it shares with the host."""

    def __init__(self, array, device=2):
        self.array, self.device = array, device

    def __dlpack__(self, **_):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.device, 0


class Nowhere:
    """Says that it lies on a device, and gives nothing."""

    def __dlpack_device__(self):
        return 2, 0


class Refusing(Nowhere):
    def __dlpack__(self, **_):
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")


def managed(array):
    return ByDLPack(array, 13)


@pytest.mark.parametrize("foreign", [ByInterface, ByDLPack, managed])
@pytest.mark.parametrize("array", [X, X.transpose(1, 0, 3, 2), X[:, :, ::2], X[:0]], ids=["whole", "turned", "gaps", "no images"])
def test_an_array_of_others_is_read_where_it_lies(foreign, array):
    there = memory.of_others(foreign(array))
    assert np.array_equal(there._ary, array)
    assert not array.size or np.shares_memory(there._ary, X)
    pooled = kernels.avg_pool2d(foreign(array), 2)
    assert isinstance(pooled, type(there))
    assert np.allclose(memory.to_host(pooled), kernels.avg_pool2d(array, 2), rtol=0, atol=1e-6)


@pytest.mark.parametrize("foreign", [ByInterface, ByDLPack])
def test_what_is_read_stays_alive(foreign):
    own = X.copy()
    gone = weakref.ref(own)
    there = memory.of_others(foreign(own))
    del own
    gc.collect()
    assert gone() is not None
    assert np.array_equal(there._ary, X)
    del there
    gc.collect()
    assert gone() is None


def test_arrays_of_the_host_stay_there():
    assert type(kernels.relu(ByDLPack(X, 1).array)) is np.ndarray
    assert type(kernels.relu(X.tolist())) is np.ndarray
    torch = pytest.importorskip("torch")
    assert type(kernels.relu(torch.from_numpy(X))) is np.ndarray


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: kernels.relu(Nowhere()), SettingError, "relu: x cannot be read as an array: "),
        (lambda: kernels.relu(Refusing()), SettingError, "relu: x cannot be read as an array: Can't export tensors that require gradient"),
        (lambda: kernels.relu(ByInterface(X, mask=X)), SettingError, "relu: x cannot be read as an array: it has a mask"),
        (
            lambda: kernels.conv2d(on(X), W),
            DeviceError,
            "conv2d: x lies on cuda:0, but weight on the host\n  x           cuda:0\n  weight      the host\n  copy all to one of them",
        ),
        (lambda: kernels.conv2d(on(X), on(W), [0.0, 0.0, 0.0]), SettingError, "conv2d: x is float32, weight is float32, bias is float64"),
        (lambda: kernels.linear(X[0, 0], on(X[1, 0]), X[0, 0, 0]), DeviceError, "linear: x lies on the host, but weight on cuda:0\n"),
        (
            lambda: kernels.max_pool2d_backward(on(X), np.zeros(X.shape, np.int64), X.shape),
            DeviceError,
            "max_pool2d_backward: dy lies on cuda:0, but indices on the host\n",
        ),
        (
            lambda: kernels.max_unpool2d(X, on(np.zeros(X.shape, np.int64)), (4, 4)),
            DeviceError,
            "max_unpool2d: y lies on the host, but indices on cuda:0\n",
        ),
        (
            lambda: kernels.softmax_cross_entropy(on(X[0, 0]), [0, 0, 0, 0]),
            DeviceError,
            "softmax_cross_entropy: logits lies on cuda:0, but",
        ),
        (
            lambda: kernels.max_pool2d_backward(on(X), on(np.full(X.shape, 16)), X.shape),
            SettingError,
            "max_pool2d_backward: indices run from 16 to 16, but a plane of 4 x 4 has the positions 0 to 15",
        ),
        (
            lambda: kernels.softmax_cross_entropy_backward(1, on(X[0, 0]), on(np.array([0, -1, 3, 4], np.int32))),
            SettingError,
            "softmax_cross_entropy_backward: labels run from -1 to 4, but the classes are 0 to 3",
        ),
        (lambda: kernels.relu(on(X.astype(np.float16))), SettingError, "relu: x is float16, but must be float32 or float64\n"),
        (lambda: kernels.relu(on(np.zeros(3, np.int32))), SettingError, "relu: x is int32, but must be float32 or float64\n"),
        (lambda: kernels.conv2d(on(X), on(W[0])), ShapeError, "conv2d: weight has 3 axes, but needs 4\n"),
        (
            lambda: kernels.conv2d(on(X), on(W), algorithm="fft"),
            SettingError,
            "conv2d: algorithm 'fft' does not run on a CUDA device\n  use algorithm='auto', 'direct' or 'textbook', or copy the arrays",
        ),
        (lambda: kernels.conv2d(on(X), on(W), stride=on(np.array([1, 1]))), SettingError, "conv2d: stride is "),
        (lambda: kernels.leaky_relu(on(X), on(X[0, 0, 0])), SettingError, "leaky_relu: slope is "),
        (
            lambda: kernels.batch_norm(on(X), *(on(-(X[0, 0, 0, :2] ** 2)) for _ in range(4))),
            SettingError,
            "batch_norm: variance goes down to -",
        ),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(words)


def on(array):
    return memory.to_device(array)


def test_two_devices_in_one_call(monkeypatch):
    monkeypatch.setattr(memory, "number_of", lambda array: array.ndim)
    with pytest.raises(DeviceError, match=r"^conv2d: x lies on cuda:4, but bias on cuda:1\n  x           cuda:4\n  weight      cuda:4\n"):
        kernels.conv2d(on(X), on(W), on(W[:, 0, 0, 0]))


@pytest.mark.parametrize("size", [3, 1 << 28])
def test_memory_that_the_device_does_not_have(monkeypatch, size):
    def refuse(*_, **__):
        raise RuntimeError("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY")

    class Context:
        def get_memory_info(self):
            return 3 << 29, 8 << 30

    x = on(np.zeros(3, np.float32))
    monkeypatch.setattr(cuda, "device_array", refuse)
    with pytest.raises(DeviceError, match=r"^relu: a result of the shape \(3,\) needs 1 MiB of memory, which the device does not have$"):
        kernels.relu(x)
    monkeypatch.setattr(cuda, "current_context", Context)
    wanted = {3: "1 MiB", 1 << 28: "1.0 GiB"}[size]
    with pytest.raises(DeviceError, match=rf"^y needs {wanted} of memory, but 1.5 of 8.0 GiB are free on cuda:0$"):
        memory.empty((size,), np.float32, "y")


def test_another_failure_of_the_device_is_not_taken_for_that(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("[700] Call to cuMemAlloc results in CUDA_ERROR_ILLEGAL_ADDRESS")

    monkeypatch.setattr(cuda, "device_array", fail)
    with pytest.raises(RuntimeError, match="ILLEGAL_ADDRESS"):
        memory.empty((3,), np.float32)


@pytest.mark.parametrize("algorithm", ["auto", "direct", "textbook"])
def test_convolution_by_each_algorithm(algorithm):
    y = kernels.conv2d(on(X), on(W), padding="same", algorithm=algorithm)
    assert np.allclose(memory.to_host(y), kernels.conv2d(X, W, padding="same", algorithm=algorithm), rtol=0, atol=2e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_images(dtype):
    x, w = on(np.zeros((0, 2, 4, 4), dtype)), on(W.astype(dtype))
    y = kernels.conv2d(x, w)
    assert tuple(y.shape) == (0, 3, 3, 3)
    assert not memory.to_host(kernels.conv2d_backward_weight(y, x, W.shape)).any()
    assert tuple(kernels.conv2d_backward_input(y, w, (0, 2, 4, 4)).shape) == (0, 2, 4, 4)
    assert tuple(kernels.linear(on(np.zeros((0, 4), dtype)), on(np.zeros((5, 4), dtype))).shape) == (0, 5)
    assert not memory.to_host(kernels.linear_backward_weight(on(np.zeros((0, 5), dtype)), on(np.zeros((0, 4), dtype)))).any()
    assert tuple(kernels.max_pool2d(x, 2, return_indices=True)[1].shape) == (0, 2, 2, 2)
    assert tuple(kernels.softmax(on(np.zeros((0, 3), dtype))).shape) == (0, 3)


def test_features_or_pixels_that_are_none():
    bias = np.arange(3, dtype=np.float32)
    y = kernels.linear(on(np.zeros((2, 0), np.float32)), on(np.zeros((3, 0), np.float32)), on(bias))
    assert np.array_equal(memory.to_host(y), [bias, bias])
    y = kernels.conv2d(on(np.zeros((1, 2, 0, 4), np.float32)), on(W), on(bias), padding=1)
    assert np.array_equal(memory.to_host(y), np.broadcast_to(bias[:, None, None], (1, 3, 1, 5)))


def test_a_single_number_and_steps_backwards():
    assert memory.to_host(kernels.tanh(on(np.array(0.0)))).shape == ()
    backwards = memory.of_others(ByInterface(X[:, ::-1, :, ::-1]))
    assert np.array_equal(memory.to_host(kernels.relu(backwards)), np.maximum(X[:, ::-1, :, ::-1], 0))


def test_a_network_s_worth_of_calls_stays_on_the_device():
    x = on(X)
    y, indices = kernels.max_pool2d(kernels.relu(kernels.conv2d(x, on(W))), 2, return_indices=True)
    rows = y.reshape(2, 3)
    labels = on(np.array([0, 2]))
    loss = kernels.softmax_cross_entropy(rows, labels)
    dy = kernels.softmax_cross_entropy_backward(1.0, rows, labels).reshape(*y.shape)
    dx = kernels.conv2d_backward_input(kernels.max_pool2d_backward(dy, indices, (2, 3, 3, 3)), on(W), X.shape)
    assert isinstance(loss, float)
    assert isinstance(dx, type(x))
    assert tuple(dx.shape) == X.shape


def test_a_map_that_only_python_can_call_runs_on_the_device():
    seen = []

    def turning(k, p, q, c, r, s):
        seen.append(k)
        return c, (p + r) % 4, (q + s) % 4, (k * 2 + r) * 2 + s

    layer = kernels.variant(turning, input_shape=(2, 4, 4), output_shape=(3, 4, 4), taps=(2, 2, 2), compiled=False)
    weight = RNG.normal(size=layer.weight_shape).astype(np.float32)
    calls = len(seen)
    y = layer.forward(on(X), on(weight))
    dx = layer.backward_input(y, on(weight))
    assert len(seen) == calls
    assert np.allclose(memory.to_host(y), layer.forward(X, weight), rtol=0, atol=2e-5)
    assert np.allclose(memory.to_host(dx), layer.backward_input(memory.to_host(y), weight), rtol=0, atol=1e-4)


def test_views_and_copies():
    numbers = np.arange(24, dtype=np.float32)
    there = on(numbers)
    view = launches.strided(there, (2, 3), (1, 4), 5)
    assert np.array_equal(memory.to_host(view), numbers[5:][[[0, 4, 8], [1, 5, 9]]])
    again = launches.strided(view, (3,), (8,), 1)
    assert np.array_equal(memory.to_host(again), numbers[[6, 14, 22]])
    assert memory.to_host(launches.as_type(there, np.int32)).tobytes() == numbers.tobytes()
    for out in (np.empty((2, 3), np.float32), np.empty((3, 2), np.float32).T):
        assert memory.to_host(view, out) is out
        assert np.array_equal(out, memory.to_host(view))
    assert memory.contiguous(there) is there
    assert memory.extremes(on(np.array([[5, -3], [9, 2]]))) == (-3, 9)


def test_an_axis_of_one_element_is_copied_whatever_its_stride():
    """Numba takes a stride of 0 for a repetition, and would copy fewer axes; images of one channel are often views with such an axis."""
    numbers = np.lib.stride_tricks.as_strided(np.arange(6, dtype=np.float32), (3, 1, 2), (8, 0, 4))
    assert numbers.flags.c_contiguous
    assert np.array_equal(memory.to_host(memory.to_device(numbers)), numbers)
    target = memory.zeros((4, 1, 2), np.float32)
    memory.copy_to_device(numbers, target)
    assert np.array_equal(memory.to_host(target)[:3], numbers)


def test_a_table_is_copied_once_for_as_long_as_it_lives():
    table = np.arange(5)
    now = launches.Now()
    first = now.table(table)
    assert now.table(table) is first
    assert now.table(table.copy()) is not first
    before = len(memory._copies)
    del table
    assert len(memory._copies) == before - 1


def test_every_refusal_is_one_of_ours():
    for value in (Nowhere(), Refusing(), ByInterface(X, mask=X), on(X.astype(np.int8))):
        with pytest.raises(MinicnnError, match=r"^conv2d: x "):
            kernels.conv2d(value, on(W))
