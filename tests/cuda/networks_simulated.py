"""As a script, under NUMBA_ENABLE_CUDASIM=1: networks on a device in Numba's simulator against the same networks on the CPU.

python networks_simulated.py PART...       each of PARTS prints what it compared, and ends with an error where something differs
"""

import os
import sys
from contextlib import contextmanager

import numpy as np

import minicnn
from minicnn import engine, zoo
from minicnn import layers as L
from minicnn.engine.cuda import plan
from minicnn.errors import DeviceError
from minicnn.kernels.cuda import memory
from minicnn.optimizers import SGD, Adam

FULL = os.environ.get("MINICNN_CUDA_FULL") == "1"
NEAR = 2e-5  # of the largest number: sums of float32 in another order


def near(name, got, wanted, share=NEAR, least=1e-6):
    """An error unless arrays agree to rounding, of the largest number or of `least`; NaN is never right."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    error = np.abs(got - wanted).max() / max(least, np.abs(wanted).max()) if got.size else 0.0
    if got.shape != wanted.shape or not error <= share:
        raise SystemExit(f"{name}: differs by {error:.1e} of the largest number")
    return error


def step(net, images, optimizer, seed=0):
    """Gradients, updates and answers of a network on the CPU and on the device."""
    drawn = np.random.default_rng(seed)
    x = drawn.standard_normal((images, *net.input_shape)).astype(np.float32)
    labels = drawn.integers(0, net.classes, images)
    (loss, gradients), (own_loss, own) = (engine.backward(net, x, labels, device=device) for device in ("cpu", "cuda"))
    near(f"{net.name}: loss", own_loss, loss)
    some = max(np.abs(each).max() for each in gradients.values()) / 100  # a bias before a normalization has a gradient of 0
    worst = max(near(f"{net.name}: gradient of {name}", own[name], wanted, least=some) for name, wanted in gradients.items())
    (cpu, theirs, state), (cuda, ours, own_state) = (stepped(net, x, labels, optimizer, device) for device in ("cpu", "cuda"))
    near(f"{net.name}: losses", [each.loss for each in ours], [each.loss for each in theirs])
    if [each.correct for each in ours] != [each.correct for each in theirs]:
        raise SystemExit(f"{net.name}: right answers differ")
    loose = 10 if isinstance(optimizer, Adam) else 1  # it divides small gradients by their size
    for name, wanted in cpu.arrays.items():
        near(f"{net.name}: {name} after the steps", cuda.arrays[name], wanted, loose * NEAR, 0.01)
    near(f"{net.name}: the optimizer's state", own_state, state, loose * NEAR, some)
    near(f"{net.name}: answers", engine.predict(cpu, x, *plain(cpu), device="cuda"), engine.predict(cpu, x, *plain(cpu)))
    print(f"{net.name}: gradients within {worst:.1e}")


def stepped(net, x, labels, optimizer, device, steps=2, **settings):
    """A copy of a network after some steps, their records, and the optimizer's state."""
    one = minicnn.Graph(net.block, net.input_shape, net.seed, net.name)
    one.freeze(sorted(net.topology.frozen) or None)
    trainer = minicnn.Trainer(one, optimizer, batch_size=len(x), device=device, **settings)
    return one, [trainer.step(x, labels) for _ in range(steps)], trainer.optimizer_state()


def plain(net):
    channels = net.input_shape[0]
    return [1.0] * channels, [0.0] * channels


def one_step(net, x, labels):
    """One step without momentum: what the parameters become holds every gradient."""
    (cpu, theirs, _), (cuda, ours, _) = (stepped(net, x, labels, SGD(1.0), device, 1) for device in ("cpu", "cuda"))
    near(f"{net.name}: loss", ours[0].loss, theirs[0].loss)
    worst = max(near(f"{net.name}: {name}", cuda.arrays[name], wanted, least=0.01) for name, wanted in cpu.arrays.items())
    print(f"{net.name}: parameters and statistics within {worst:.1e}")


def lenet():
    one_step(zoo.build("lenet"), np.random.default_rng(0).standard_normal((4, 1, 28, 28)).astype(np.float32), np.arange(4))


def resnet20():
    net = zoo.find("resnet20").build(10, (3, 8, 8), width=0.25)
    one_step(net, np.random.default_rng(0).standard_normal((3, 3, 8, 8)).astype(np.float32), np.arange(3))


def layers():
    """Every kind of layer, in networks of a few pixels; one with all that a step is compared by."""
    for n, (shape, body) in enumerate(BODIES):
        net = minicnn.Graph(L.Sequential(*body, L.Flatten(), L.Linear(3)), input_shape=shape, seed=n, name=f"{type(body[0]).__name__} {n}")
        x, labels = np.random.default_rng(n).standard_normal((3, *shape)).astype(np.float32), np.arange(3)
        one_step(net, x, labels)
        near(f"{net.name}: answers", engine.predict(net, x, *plain(net), device="cuda"), engine.predict(net, x, *plain(net)))
    step(net, 5, Adam(0.01))


def frozen():
    """Frozen layers in front, in the middle, and a normalization that is the one in use."""
    body = (L.Conv2D(3, 2), L.ReLU(), L.Conv2D(3, 2), L.BatchNorm2D(), L.ReLU(), L.Conv2D(2, 2, padding=1), L.ConvTranspose2D(2, 2))
    net = minicnn.Graph(L.Sequential(*body, L.Flatten(), L.Linear(4), L.ReLU(), L.Linear(3)), input_shape=(2, 6, 5), name="frozen")
    net.freeze(["conv1", "bn1", "conv3.weight", "up1", "fc1.bias"])
    step(net, 5, SGD(0.05, momentum=0.9, weight_decay=0.1))


def averaged():
    """An average of all weights and running statistics, decay that spares biases, and what a device does not do yet."""
    body = (L.Conv2D(3, 2), L.BatchNorm2D(), L.ReLU(), L.Flatten(), L.Linear(3))
    net = minicnn.Graph(L.Sequential(*body), input_shape=(2, 4, 5), name="averaged")
    x, labels = np.random.default_rng(0).standard_normal((5, 2, 4, 5)).astype(np.float32), np.arange(5) % 3
    optimizer = SGD(0.05, nesterov=True, weight_decay=0.5, decay="weights")
    (cpu, _, state), (cuda, _, own) = (stepped(net, x, labels, optimizer, device, ema=0.9) for device in ("cpu", "cuda"))
    near("parameters", cuda.parameter_memory, cpu.parameter_memory, NEAR, 0.01)
    near("velocity and average", own, state, NEAR, 0.01)
    for settings in ({"clip_norm": 1.0}, {"accumulate": 2}):
        try:
            stepped(net, x, labels, optimizer, "cuda", **settings)
        except DeviceError as error:
            print(str(error).partition(":")[0])
        else:
            raise SystemExit(f"{settings} came to nothing on a device")


def circular(k, p, q, c, r, s):
    return c, (p + r) % 5, (q + s) % 4, (k * 2 + r) * 2 + s


def unet():
    """The forward pass of a small U-Net: transposed convolutions, crops, skips."""
    block = L.Sequential(
        L.Conv2D(4, 3),
        L.ReLU(),
        L.Skip(L.Sequential(L.MaxPool2D(2), L.Conv2D(8, 3), L.ReLU(), L.ConvTranspose2D(4, 2, stride=2)), crop=True),
        L.Conv2D(3, 3),
        L.ReLU(),
        L.Conv2D(2, 1),
    )
    net = minicnn.Graph(block, input_shape=(1, 16, 16), seed=1, name="u-net")
    x = np.random.default_rng(0).standard_normal((2, 1, 16, 16)).astype(np.float32)
    error = near("u-net", engine.predict(net, x, [1.0], [0.0], device="cuda"), net.forward(x))
    print(f"u-net: answers within {error:.1e}")


BODIES = [
    ((2, 5, 4), (L.Conv2D(3, 3, padding="same", groups=1), L.Tanh())),
    ((2, 5, 4), (L.Conv2D(4, 2, stride=2, dilation=2, padding=2, groups=2, flip=True), L.Sigmoid())),
    ((2, 5, 4), (L.Conv2D(3, 2, sharing="unshared"), L.ReLU())),
    ((2, 5, 4), (L.Conv2D(3, 2, sharing=2), L.LeakyReLU(0.1))),
    ((4, 5, 4), (L.Conv2D(8, 3, padding=1, groups=4), L.MaxPool2D(2, ceil_mode=True))),
    ((3, 9), (L.Conv1D(4, 3), L.BatchNorm1D(), L.ReLU(), L.MaxPool1D(3, stride=1, padding=1))),
    ((2, 3, 4, 3), (L.Conv3D(2, 2), L.AvgPool3D(2, stride=1, padding=1, count_padding=False))),
    ((3, 4, 5), (L.ConvTranspose2D(2, 3, stride=2, padding=1, output_padding=1), L.ReLU())),
    ((3, 6, 5), (L.LocalResponseNorm(), L.AvgPool2D(2))),
    ((3, 6, 5), (L.MaxPool2D(3, stride=2, dilation=1), L.Upsample(2, mode="linear"))),
    ((3, 4, 4), (L.Upsample(2), L.GlobalAvgPool())),
    ((3, 4, 3), (L.Upsample(size=(6, 5)), L.Upsample(size=(5, 3), mode="linear", align_corners=True))),
    ((4, 4, 4), (L.Residual(L.Sequential(L.Conv2D(4, 3, padding=1), L.BatchNorm2D())), L.ReLU())),
    ((4, 4, 4), (L.Concat(L.Conv2D(2, 1), L.Conv2D(3, 3, padding=1), L.MaxPool2D(3, stride=1, padding=1)),)),
    ((4, 4, 4), (L.Add(L.Conv2D(2, 1), L.Conv2D(2, 3, padding=1), L.Conv2D(2, 1)),)),
    ((6,), (L.Highway(L.Sequential(L.Linear(6), L.ReLU()), L.Sequential(L.Linear(6), L.Sigmoid())),)),
    ((3, 4, 4), (L.Dropout(0.4), L.Conv2D(2, 2))),
    ((3, 4, 4), (L.Residual(L.Sequential(L.Conv2D(3, 3, padding=1), L.StochasticDepth(0.5))),)),
    ((2, 6, 4), (L.Subsample2D(2), L.ScaledTanh())),
    ((2, 5, 5), (L.TableConv2D(((0,), (1,), (0, 1)), 3), L.ScaledTanh())),
    ((2, 5, 4), (L.Variant(circular, (3, 5, 4), (2, 2, 2)), L.ReLU())),
    ((2, 4, 4), (L.PadShortcut(4, stride=2), L.Conv2D(2, 1))),
    ((2, 5, 4), (L.L2Pool2D(2, stride=1), L.GaussianPool2D(2, padding=1), L.ChannelPool(2, mode="l2"))),
    ((4, 5, 4), (L.Conv2D(4, 1, bias=False), L.ChannelPool(2), L.AdaptiveMaxPool2D((3, 2)), L.AdaptiveAvgPool2D(2))),
    ((3, 4, 4), (L.Conv2D(4, 3, padding=1, padding_mode="circular"), L.GroupNorm(2), L.Softmax(), L.GlobalMaxPool())),
    ((3, 4, 4), (L.MaxPool2D(2, name="pool1"), L.Conv2D(3, 1), L.MaxUnpool2D("pool1"), L.Conv2D(2, 2))),
    ((6,), (L.Multiply(L.Linear(6), L.Sequential(L.Linear(6), L.Sigmoid())), L.LayerNorm(), L.ReLU())),
    ((8,), (L.Linear(5), L.BatchNorm1D(), L.ReLU(), L.Reshape((5, 1)), L.Flatten())),
    ((8,), (L.RBF(4),)),
]


def training():
    """A run of a few epochs with shifts, flips and dropout: the same as on the CPU; and a checkpoint that moves between devices."""
    drawn = np.random.default_rng(3)
    images = drawn.integers(0, 256, (22, 1, 6, 5)).astype(np.uint8)
    labels = drawn.integers(0, 3, 22)
    block = L.Sequential(L.Conv2D(3, 3), L.ReLU(), L.Dropout(0.3), L.MaxPool2D(2), L.Flatten(), L.Linear(3))
    settings = {"schedule": "cosine", "augment": "shift=1,flip"}
    runs = {}
    for first, second in (("cpu", "cpu"), ("cuda", "cuda"), ("cpu", "cuda"), ("cuda", "cpu")):
        net = minicnn.Graph(block, input_shape=(1, 6, 5), seed=5)
        trainer = minicnn.Trainer(net, SGD(0.1, momentum=0.9), batch_size=8, device=first, seed=2)
        list(stopped(trainer.stream((images, labels), (images, labels), until_epoch=3, **settings), 2))
        arrays, numbers = trainer.checkpoint()
        moved = minicnn.Trainer(
            minicnn.Graph(block, input_shape=(1, 6, 5), seed=9), SGD(0.1, momentum=0.9), batch_size=8, device=second, seed=2
        )
        moved.net.trained_on = net.trained_on
        moved.restore(arrays, numbers)
        list(moved.stream((images, labels), (images, labels), until_epoch=3, **settings))
        runs[first, second] = moved
    wanted = runs["cpu", "cpu"]
    for devices, run in runs.items():
        for name, value in wanted.net.arrays.items():
            near(f"trained on {devices}: {name}", run.net.arrays[name], value, 1e-4)
        near(f"trained on {devices}: losses", [each.loss for each in run.history], [each.loss for each in wanted.history], 1e-4)
        near(f"trained on {devices}: answers", run.predict(images), wanted.predict(images), 1e-4)
        if run.evaluate((images, labels)).confusion.tolist() != wanted.evaluate((images, labels)).confusion.tolist():
            raise SystemExit(f"trained on {devices}: another confusion matrix")
    print("training: the same on both, and from one to the other")


def mixing():
    """Images mixed within the same groups on both, and masks with them: batches of one shard, of two, and one of few."""
    drawn = np.random.default_rng(4)
    images = drawn.random((40, 1, 3, 4)).astype(np.float32)
    labels, masks = drawn.integers(0, 3, 40), drawn.integers(0, 3, (40, 3, 4))
    for targets, layers in ((labels, (L.Flatten(), L.Linear(3))), (masks, (L.Conv2D(3, 1),))):
        weights = {}
        for device in ("cpu", "cuda"):
            net = minicnn.Graph(L.Sequential(*layers), input_shape=(1, 3, 4), seed=5)
            trainer = minicnn.Trainer(net, SGD(0.1), batch_size=33, device=device, seed=2)
            list(trainer.stream((images, targets), until_epoch=1, augment="flip,mixup=1"))
            weights[device] = dict(net.arrays)
        for name, value in weights["cpu"].items():
            near(f"mixed: {name}", weights["cuda"][name], value, 1e-5)
    print("mixing: the same on both")


def squares(y, target):
    return ((y - target) ** 2).mean(axis=1), 2 * (y - target) / y.shape[1]


def asked():
    """A loss that is a function, which is asked between two passes with the same dropout."""
    drawn = np.random.default_rng(5)
    images, numbers = drawn.random((11, 1, 3, 4)).astype(np.float32), drawn.random((11, 2)).astype(np.float32)
    weights = {}
    for device in ("cpu", "cuda"):
        net = minicnn.Graph(
            L.Sequential(L.Flatten(), L.Linear(5, bias=False), L.BatchNorm1D(), L.Dropout(0.4), L.Linear(2)), (1, 3, 4), seed=5
        )
        trainer = minicnn.Trainer(net, SGD(0.1), squares, batch_size=6, device=device, seed=2)
        list(trainer.stream((images, numbers), until_epoch=2))
        weights[device] = dict(net.arrays)
    for name, value in weights["cpu"].items():
        near(f"asked: {name}", weights["cuda"][name], value, 1e-5)
    print("asked: the same on both")


def large():
    """Images that do not fit into the device's memory are copied a few batches at a time, with the same result."""
    images, labels = np.random.default_rng(1).standard_normal((23, 1, 4, 4)).astype(np.float32), np.arange(23) % 3
    block, weights = L.Sequential(L.Flatten(), L.Linear(3)), []
    for free in (None, 100):
        net = minicnn.Graph(block, input_shape=(1, 4, 4))
        with patched(free):
            minicnn.Trainer(net, SGD(0.1), batch_size=4, device="cuda").fit((images, labels), epochs=2, progress=False)
        weights.append(net.parameters["fc1.weight"].tobytes())
    if weights[0] != weights[1]:
        raise SystemExit("large: copied a few batches at a time, the result differs")
    print("large: the same bits")


@contextmanager
def patched(free):
    """A device with so many free bytes, and copies of few images."""
    known = plan.COPIED_BYTES, memory.free_bytes
    if free is not None:
        plan.COPIED_BYTES, memory.free_bytes = 600, lambda: free
    yield
    plan.COPIED_BYTES, memory.free_bytes = known


def stopped(records, epochs):
    """The records of so many epochs."""
    for record in records:
        yield record
        epochs -= isinstance(record, minicnn.train.EpochRecord)
        if not epochs:
            return


PARTS = {each.__name__: each for each in (lenet, resnet20, layers, frozen, averaged, unet, training, mixing, asked, large)}

if __name__ == "__main__":
    for part in sys.argv[1:]:
        PARTS[part]()
