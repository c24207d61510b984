"""What a device computes, held against the CPU: for `test_on_a_gpu.py`, `on_a_gpu.py`, and, on a few numbers, the simulator.

Each returns what it compared, and what of it is wrong.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import numpy as np

import minicnn
from minicnn import datasets, engine, kernels, zoo
from minicnn.kernels.cuda import memory
from minicnn.kernels.cuda.convolution import lowering
from minicnn.kernels.cuda.convolution.choice import GATHER, REDUCE, Choice
from minicnn.kernels.cuda.launches import Now, contiguous_strides, strided
from minicnn.optimizers import SGD

sys.path.append(str(Path(__file__).parents[1] / "kernels"))
from . import networks_simulated
from .convolving import BOUND, CASES, close, device_passes, textbook_passes

WIDE = 1e-12  # of the largest: float64, whose exp and log are the device's own


@contextmanager
def tiles_of(gather, reduce):
    """Inside, convolution goes through these tiles, whatever the model of time would choose."""
    kept = lowering.gather_choice, lowering.reduce_choice
    lowering.gather_choice, lowering.reduce_choice = (lambda *_, own=own: Choice(own.sizes, 1) for own in (gather, reduce))
    try:
        yield
    finally:
        lowering.gather_choice, lowering.reduce_choice = kept


def tiles(cases=CASES):
    """Every tile, every case, three passes: what the textbook gives, and twice the same bits."""
    wrong, checked = [], 0
    for case in cases:
        wanted = textbook_passes(case, *case.arrays())
        for gather, reduce in zip_longest(GATHER, REDUCE, fillvalue=REDUCE[0]):
            with tiles_of(gather, reduce):
                one, two = (device_passes(case, Now(), memory.to_device, memory.to_host) for _ in range(2))
            for name, got, again, right in zip(("y", "dx", "dweight"), one, two, wanted, strict=True):
                checked += 1
                if not close(got, right):
                    wrong.append(f"{case.name}: {name}, {gather.sizes}, {reduce.sizes}")
                if got.tobytes() != again.tobytes():
                    wrong.append(f"{case.name}: {name} has other bits the second time")
    return {"checked": checked, "wrong": wrong}


def doors(every=1):
    """The functions of `minicnn.kernels` on arrays of the device, as NumPy lays them out or turned around, against the textbook's loops."""
    from . import doors_simulated  # whose arrays lie on a device from the beginning

    wrong, checked = [], 0
    for recipe in doors_simulated.right_calls.recipes()[::every]:
        if recipe.name in (*doors_simulated.ON_THE_HOST, *doors_simulated.WITHOUT_ARRAYS):
            continue
        given = doors_simulated.drawn(recipe, 0)
        with doors_simulated.by_the_loops():
            wanted = recipe.function(**given)
        got = recipe.function(**{name: placed(value, turned=checked % 2 == 1) for name, value in given.items()})
        for one, other in zip(*(each if isinstance(each, tuple) else (each,) for each in (wanted, got)), strict=True):
            checked += 1
            if isinstance(one, np.ndarray) and not alike(one, memory.to_host(other)):
                wrong.append(recipe.name)
    return {"checked": checked, "wrong": wrong}


def placed(value, turned):
    """An array on the device, its first axis innermost where it is turned; lists of them, and all else as it is."""
    if isinstance(value, list):
        return [placed(each, turned) for each in value]
    if not isinstance(value, np.ndarray):
        return value
    if not turned or not value.ndim:
        return memory.to_device(value)
    own = memory.to_device(np.ascontiguousarray(value.T))
    return strided(own, value.shape, contiguous_strides(value.shape[::-1])[::-1])


def alike(wanted, got):
    if wanted.dtype.kind != "f":
        return np.array_equal(wanted, got)
    bound = BOUND if wanted.dtype == np.float32 else WIDE
    return np.allclose(got, wanted, rtol=0, atol=bound * max(1.0, np.abs(wanted[np.isfinite(wanted)]).max(initial=0)), equal_nan=True)


def networks(images=64):
    """Loss, gradients and two updates of LeNet and a small ResNet-20, and the answers of a small U-Net."""
    checks = (
        networks_simulated.lenet,
        lambda: networks_simulated.step(zoo.build("lenet"), images, SGD(0.1, momentum=0.9)),
        networks_simulated.resnet20,
        networks_simulated.unet,
        networks_simulated.layers,
        networks_simulated.training,
    )
    return {"checked": len(checks), "wrong": [fault for check in checks if (fault := fault_of(check))]}


def fault_of(check):
    """What a check of `networks_simulated.py` ends with; None if all is well."""
    try:
        check()
    except SystemExit as error:
        return str(error)
    return None


def same_bits(net=None, images=None, labels=None, batch=128):
    """Two trainings of two epochs have the same bits, with dropout and shifts; the masks are the CPU's."""
    wrong, ends = [], []
    if images is None:
        digits = datasets.load("digits")
        net, images, labels = zoo.build("lenet"), digits.images, digits.labels
    for _ in range(2):
        own = minicnn.Graph.from_architecture(net.architecture())
        trainer = minicnn.Trainer(own, SGD(0.05, momentum=0.9), batch_size=batch, device="cuda")
        list(trainer.stream((images, labels), until_epoch=2, augment="shift=1"))
        ends.append(own.parameter_memory.tobytes())
    if ends[0] != ends[1]:
        wrong.append("two trainings differ")
    x = np.ones((5, 37), np.float32)
    if kernels.dropout(x, 0.3, seed=7).tobytes() != memory.to_host(kernels.dropout(memory.to_device(x), 0.3, seed=7)).tobytes():
        wrong.append("masks of dropout differ from the CPU's")
    return {"checked": 2, "wrong": wrong}


def graph(net=None, batch=64):
    """A batch launched kernel by kernel, as the first is, and as a graph, as the second is: the same loss and gradient, to the bit."""
    net = net or zoo.build("lenet")
    x = np.random.default_rng(0).standard_normal((batch, *net.input_shape)).astype(np.float32)
    labels = np.arange(batch) % net.classes
    (loss, first), (again, second) = (engine.backward(net, x, labels, device="cuda") for _ in range(2))
    same = loss == again and all(first[name].tobytes() == second[name].tobytes() for name in first)
    return {"checked": 1 + len(first), "wrong": [] if same else ["a graph gives other bits than its launches"]}


def foreign_arrays():
    """PyTorch's tensors go in without a copy, and it takes ours without one."""
    import torch

    wrong, x = [], torch.randn(3, 2, 5, 5, device="cuda")
    weight = torch.randn(4, 2, 3, 3, device="cuda")
    ours = kernels.conv2d(x, weight, padding=1)
    y = torch.as_tensor(ours, device="cuda")
    wanted = torch.nn.functional.conv2d(x.cpu().double(), weight.cpu().double(), padding=1).numpy()
    if not close(y.cpu().numpy(), wanted):
        wrong.append("conv2d of tensors")
    if memory.of_others(x).device_ctypes_pointer.value != x.data_ptr():
        wrong.append("a tensor was copied on the way in")
    if y.data_ptr() != ours.device_ctypes_pointer.value:
        wrong.append("an array of ours was copied on the way out")
    return {"checked": 3, "wrong": wrong}
