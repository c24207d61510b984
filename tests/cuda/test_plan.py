"""What a plan on a device keeps: results of runs that fail, are interrupted or meet another thread; memory that a device has not."""

import threading

import numpy as np
import pytest

import minicnn
from minicnn import engine
from minicnn import layers as L
from minicnn.engine.cuda.plan import DevicePlan
from minicnn.engine.cuda.program import DeviceProgram
from minicnn.engine.objective import CROSS_ENTROPY
from minicnn.errors import DeviceError, SettingError
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.compile import Kernel
from minicnn.optimizers import SGD

from .executed import take_the_device

X, LABELS = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32), np.array([0, 1, 1, 0, 1, 0])


def trainer(device="cuda"):
    net = minicnn.Graph(L.Sequential(L.Linear(2)), input_shape=(4,), seed=1)
    return minicnn.Trainer(net, SGD(0.1), batch_size=2, device=device)


def on_launch(monkeypatch, react):
    """Call `react(kernel)` before each launch."""
    launch = Kernel.launch

    def own(kernel, grid, threads, stream, *arguments):
        react(kernel)
        launch(kernel, grid, threads, stream, *arguments)

    monkeypatch.setattr(Kernel, "launch", own)


def test_an_interrupted_run_counts_the_batches_whose_last_launch_is_done(monkeypatch):
    """Ctrl-C comes where a graph is captured: after the first batch, which has changed the parameters."""
    take_the_device(monkeypatch)

    def interrupted(launch_all, stream):
        raise KeyboardInterrupt

    monkeypatch.setattr("minicnn.engine.cuda.plan.captured", interrupted)
    one, wanted = trainer(), trainer("cpu")
    with pytest.raises(KeyboardInterrupt):
        one.step(X[:2], LABELS[:2])
    wanted.step(X[:2], LABELS[:2])
    assert one.steps == 1
    np.testing.assert_allclose(one.net.parameter_memory, wanted.net.parameter_memory, rtol=0, atol=1e-6)


def test_kernels_are_compiled_before_the_first_launch_of_a_batch(monkeypatch):
    """Else Ctrl-C meets the compiler in the middle of a batch."""
    take_the_device(monkeypatch)
    seen = []
    monkeypatch.setattr(Kernel, "prepare", lambda kernel, *arguments: seen.append(("prepare", kernel)))
    on_launch(monkeypatch, lambda kernel: seen.append(("launch", kernel)))
    trainer().step(X[:1], LABELS[:1])
    began = [what for what, _ in seen].index("launch")
    assert {kernel for what, kernel in seen[began:] if what == "launch"} <= {kernel for _, kernel in seen[:began]}
    assert all(what == "launch" for what, _ in seen[began:])


def test_parameters_whose_copy_was_interrupted_are_copied_again(monkeypatch):
    take_the_device(monkeypatch)
    net, copy = trainer().net, memory.copy_to_device

    def interrupted(numbers, array):
        raise KeyboardInterrupt

    arguments = net, X, [1.0] * 4, [0.0] * 4
    engine.predict(*arguments, device="cuda")
    net.parameter_memory[:] += 1
    monkeypatch.setattr(memory, "copy_to_device", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.predict(*arguments, device="cuda")
    monkeypatch.setattr(memory, "copy_to_device", copy)
    np.testing.assert_allclose(engine.predict(*arguments, device="cuda"), engine.predict(*arguments), rtol=0, atol=1e-5)


def test_a_thread_that_begins_a_run_does_not_touch_the_result_of_another(monkeypatch):
    take_the_device(monkeypatch)
    one = trainer()
    plan = one._updates.plan(one.update, 2, 1, one._raw, minicnn.train.trainer.AS_THEY_ARE, CROSS_ENTROPY)
    others, to_host = [], memory.to_host

    def of_another():
        with pytest.raises(SettingError):
            plan.run(one.net.parameter_memory, X, np.arange(2), 0)

    def read(array, out=None):
        if array.dtype == np.float32 and not others:  # the parameters, after the result
            others.append(threading.Thread(target=of_another))
            others[0].start()
            others[0].join(0.2)
        return to_host(array, out)

    monkeypatch.setattr(memory, "to_host", read)
    rates = np.full((1, len(one.optimizer.number_names)), 0.1)
    found = plan.run(one.net.parameter_memory, X, np.arange(2), 2, labels=LABELS, keys=np.zeros(1, np.int64), rates=rates)
    others[0].join()
    assert found.shape == (1, 2)


def test_a_plan_works_again_after_memory_ended(monkeypatch):
    """Of its arena, and of the images it holds; the message says what needs how much."""
    take_the_device(monkeypatch)
    net, empty, zeros = trainer().net, memory.empty, memory.zeros
    plan = engine.new_plan("cuda", net, 2, 1, training=True)
    plan.hold(X[:2], LABELS[:2])
    key = np.zeros(1, np.int64)
    wanted = plan.run(net.parameter_memory, X[:2], np.arange(2), 2, labels=LABELS[:2], keys=key)

    def full(shape, dtype, what=""):
        if np.prod(shape):
            raise DeviceError(f"{what} needs more")
        return empty(shape, dtype)

    monkeypatch.setattr(memory, "empty", full)
    with pytest.raises(DeviceError, match=r"^a plan for 2 images at a time needs more"):
        plan._make_room(plan.memory.size + 1)
    monkeypatch.setattr(memory, "empty", empty)
    assert plan.memory.nbytes == 0
    np.testing.assert_array_equal(plan.run(net.parameter_memory, X[:2], np.arange(2), 2, labels=LABELS[:2], keys=key), wanted)
    monkeypatch.setattr(memory, "zeros", full)
    with pytest.raises(DeviceError, match=r"^a copy of 6 images needs more"):
        plan.hold(X, LABELS)
    monkeypatch.setattr(memory, "zeros", zeros)
    np.testing.assert_array_equal(plan.run(net.parameter_memory, X[:2], np.arange(2), 2, labels=LABELS[:2], keys=key), wanted)


def test_the_size_in_use_is_kept_while_others_come(monkeypatch):
    take_the_device(monkeypatch)
    monkeypatch.setattr(Kernel, "launch", lambda *_: None)
    monkeypatch.setattr("minicnn.engine.cuda.plan.KEPT_SIZES", 2)
    planned, append = [], DevicePlan._append

    def own(plan, program):
        planned.append(program.images)
        append(plan, program)

    monkeypatch.setattr(DevicePlan, "_append", own)
    net = trainer().net
    plan = engine.new_plan("cuda", net, 4, 1, training=True)
    for images in (4, 3, 4, 2, 4, 1, 4):
        plan.run(net.parameter_memory, X, np.arange(images), 4, labels=LABELS, keys=np.zeros(1, np.int64))
    assert planned == [4, 3, 2, 1]


@pytest.mark.parametrize("axes", [1, 2, 3, 5])
def test_zeros_of_any_axes_have_a_size_that_a_launch_takes(axes):
    """A bias that a layer of one's own leaves out."""
    zeros = DeviceProgram(4, 4).zeros(axes)
    assert zeros.strides == (0,) * axes
    assert min(zeros.shape) >= 1 << 12
    assert np.int64(zeros.size) == zeros.size


def test_a_network_in_float64_does_not_run_on_the_cpu_unasked(monkeypatch):
    take_the_device(monkeypatch)
    with pytest.raises(SettingError, match=r"^backward: x is float64, but cuda computes networks in float32\n"):
        engine.backward(trainer().net, X.astype(np.float64), LABELS, device="cuda")
