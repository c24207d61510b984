"""One network and several threads: each gets its own result; plans are few, bounded, and take nothing on trust."""

import threading
from dataclasses import replace

import numpy as np
import pytest

import minicnn
from minicnn import engine, zoo
from minicnn import layers as L
from minicnn.engine import shelf
from minicnn.engine.plan import build_plan
from minicnn.errors import DeviceError, MinicnnError
from minicnn.optimizers import SGD


def pictures(net, count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, *net.input_shape)).astype(np.float32), rng.integers(0, net.classes, count)


def test_four_threads_get_each_the_gradients_of_its_own_images():
    net = zoo.build("lenet")
    batches = [pictures(net, 40, seed) for seed in range(4)]
    wanted = [net.backward(*batch) for batch in batches]
    outputs = [net.forward(x) for x, _ in batches]
    wrong = []

    def compute(n):
        for _ in range(50):
            loss, gradients = net.backward(*batches[n])
            if loss != wanted[n][0] or any(not np.array_equal(gradients[name], wanted[n][1][name]) for name in gradients):
                wrong.append(f"gradient {n}")
            if not np.array_equal(net.forward(batches[n][0]), outputs[n]):
                wrong.append(f"output {n}")

    threads = [threading.Thread(target=compute, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_that_ask_first_at_the_same_time_get_the_same_parameters():
    net = zoo.build("resnet20")
    start, found = threading.Barrier(4), []

    def ask():
        start.wait()
        found.append(net.parameter_memory)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.shares_memory(memory, found[0]) for memory in found)


def test_a_handler_cannot_take_the_gradient_that_was_interrupted(monkeypatch):
    net = zoo.build("lenet")
    batch = pictures(net, 3)
    net.backward(*batch)
    plain = engine.Plan.gradient
    monkeypatch.setattr(engine.Plan, "gradient", lambda plan, images: (net.backward(*batch), plain(plan, images))[1])
    with pytest.raises(DeviceError, match="a signal handler cannot compute"):
        net.backward(*batch)


def test_gradients_of_many_batch_sizes_need_few_plans():
    net = minicnn.Graph(L.Sequential(L.Conv2D(4, 3), L.ReLU(), L.Flatten(), L.Linear(3)), input_shape=(1, 8, 8))
    for count in range(1, 200):
        net.backward(*pictures(net, count))
    assert len(shelf._shelves[net]) <= 24


def test_the_memory_of_plans_is_bounded(monkeypatch):
    net = zoo.build("lenet")
    monkeypatch.setattr(shelf, "KEPT_BYTES", 30 << 20)
    for count in (16, 32, 64, 128, 256, 512, 1024):
        net.backward(*pictures(net, count))
        net.forward(pictures(net, count)[0])
        plans = list(shelf._shelves[net].values())
        assert shelf.kept_bytes(net) <= max(30 << 20, plans[-1].memory.nbytes)


def test_a_size_class_holds_its_sizes_and_wastes_less_than_a_third():
    for images in range(1, 3000):
        batch = shelf.training_class(images)
        assert images <= batch <= images + images / (3 if images <= 16 else 4)
        assert shelf.training_class(batch) == batch


@pytest.fixture(scope="module")
def plans():
    net = zoo.build("lenet")
    topology = net.topology
    return net, {
        "forward": build_plan(topology, topology.memory_size, 16, 1, training=False),
        "training": build_plan(topology, topology.memory_size, 16, 1, training=True, optimizer=SGD(), input_gradient=True),
        "bytes": build_plan(topology, topology.memory_size, 16, 1, training=False, uint8=True),
    }


def right_arrays(net, kind):
    x, labels = pictures(net, 16)
    arrays = {"parameters": net.parameter_memory.copy(), "images": x, "order": np.arange(16), "batch_size": 16}
    if kind == "training":
        return arrays | {
            "labels": labels,
            "keys": np.zeros(1, np.int64),
            "rates": np.zeros((1, len(SGD.number_names))),
            "input_gradient": np.empty_like(x),
        }
    if kind == "bytes":
        arrays["images"] = np.zeros((16, 1, 28, 28), np.uint8)
    return arrays | {"output": np.empty((16, 10), np.float32)}


WRONG = {
    "an order beyond the images": ("forward", "order", lambda a: a + 1),
    "an order before the first": ("forward", "order", lambda a: a - 1),
    "an order of small integers": ("forward", "order", lambda a: a.astype(np.int32)),
    "an order with gaps": ("forward", "order", lambda a: np.repeat(a, 2)[::2]),
    "float64 images": ("forward", "images", lambda a: a.astype(np.float64)),
    "bytes for floats": ("forward", "images", lambda a: a.astype(np.uint8)),
    "floats for bytes": ("bytes", "images", lambda a: a.astype(np.float32)),
    "images of another size": ("forward", "images", lambda a: a[..., 1:].copy()),
    "images that are not contiguous": ("forward", "images", lambda a: a[..., ::-1]),
    "fewer images than the order names": ("forward", "images", lambda a: a[:15]),
    "a larger batch than planned": ("forward", "batch_size", lambda a: 17),
    "batches of nothing": ("forward", "batch_size", lambda a: 0),
    "an output that is too short": ("forward", "output", lambda a: a[:15]),
    "an output of another type": ("forward", "output", lambda a: a.astype(np.float64)),
    "no output": ("forward", "output", lambda a: None),
    "parameters that are too few": ("forward", "parameters", lambda a: a[:-40]),
    "parameters of another type": ("forward", "parameters", lambda a: a.astype(np.float64)),
    "a label far below": ("training", "labels", lambda a: a - 10**7),
    "a label beyond the classes": ("training", "labels", lambda a: a + 10),
    "too few labels": ("training", "labels", lambda a: a[:-1]),
    "labels of another type": ("training", "labels", lambda a: a.astype(np.int32)),
    "no labels": ("training", "labels", lambda a: None),
    "rates for fewer batches": ("training", "rates", lambda a: a[:0]),
    "no rates": ("training", "rates", lambda a: None),
    "keys for fewer batches": ("training", "keys", lambda a: a[:0]),
    "a gradient of other images": ("training", "input_gradient", lambda a: a[:8]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_plan_takes_nothing_on_trust(plans, name):
    net, built = plans
    kind, which, spoil = WRONG[name]
    arrays = right_arrays(net, kind)
    built[kind].run(**arrays)
    arrays[which] = spoil(arrays[which])
    before = arrays["parameters"].copy()
    with pytest.raises(MinicnnError):
        built[kind].run(**arrays)
    np.testing.assert_array_equal(arrays["parameters"], before)


def test_a_plan_whose_steps_were_taken_out_needs_no_labels(plans):
    """As the benchmark does it."""
    net, built = plans
    plan = replace(built["training"], arrays=built["training"].arrays._replace(target=None, input_gradient=False, rates=False))
    arrays = right_arrays(net, "training")
    with pytest.raises(MinicnnError, match="keys"):
        plan.run(arrays["parameters"], arrays["images"], arrays["order"], 16, keys=np.zeros(9, np.int64))
