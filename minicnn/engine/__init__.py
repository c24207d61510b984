"""The engine: runs graphs.  float32 goes through compiled plans on all cores, float64 through the textbook loops.

Plans are kept with their network; a plan for up to so many images serves every smaller batch of its size class.  Several
threads may use one network: runs follow one another, and each gets its own result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minicnn.engine.cutting import INFERENCE_BATCH, MANY, Cut, inference_class
from minicnn.engine.objective import GIVEN_GRADIENT, Objective
from minicnn.engine.plan import Plan, build_plan
from minicnn.engine.ranks import Ranks
from minicnn.engine.ready import Ready
from minicnn.engine.shelf import plan_of, shelf_of, training_class
from minicnn.engine.stages import Stage, stages_of
from minicnn.engine.textbook import Run
from minicnn.engine.two_passes import TwoPasses
from minicnn.errors import GraphError, SettingError
from minicnn.kernels.gradient_check import worst_relative_error
from minicnn.locks import refuse_holder
from minicnn.losses import Loss, SoftmaxCrossEntropy
from minicnn.losses.function import FunctionLoss
from minicnn.preparation import BYTES
from minicnn.processors import thread_count
from minicnn.random import generator

if TYPE_CHECKING:
    from minicnn.engine.cuda.plan import DevicePlan
    from minicnn.network import Graph

    AnyPlan: TypeAlias = Plan | DevicePlan

CPU = "cpu"
SOFTMAX = SoftmaxCrossEntropy()

DIFFERENCE = 1e-5  # step of a numeric gradient in float64: a smaller one loses digits, a larger one sees more of the curve


def forward(net: Graph, x: np.ndarray, threads: int | None = None) -> np.ndarray:
    """Outputs for images, in inference mode.

    x : (N, C, *space) float32 or float64  ->  (N, *output) of the same type
    """
    _one_output(net)
    if not len(x):
        return np.empty((0, *net.topology.output_shapes[0]), x.dtype)
    if x.dtype == np.float64:
        return Run(net.topology, _doubles(net), np.ascontiguousarray(x)).output
    return inference(net, len(x), x.dtype, *unchanged(net), threads)(net.parameter_memory, x)


def predict(
    net: Graph,
    images: np.ndarray,
    scale: Sequence[float],
    shift: Sequence[float],
    threads: int | None = None,
    device: str = CPU,
    ranks: Ranks | None = None,
) -> np.ndarray:
    """Outputs for images * scale[c] + shift[c], in inference mode; together with other ranks, where there are some.

    images : (N, C, *space) float32 or uint8  ->  (N, *output) float32
    """
    _one_output(net)
    if len(images) and device == CPU:
        return inference(net, len(images), images.dtype, scale, shift, threads)(net.parameter_memory, images)
    output = np.empty((len(images), *net.topology.output_shapes[0]), np.float32)
    if len(images):
        plan = inference_plan(net, len(images), images.dtype == np.uint8, scale, shift, threads, device)
        how: dict[str, Any] = {} if ranks is None else {"ranks": ranks}
        plan.run(net.parameter_memory, np.ascontiguousarray(images), np.arange(len(images)), plan.arrays.batch, output=output, **how)
    return output


def unchanged(net: Graph) -> tuple[list[float], list[float]]:
    """Scale and shift of images that need no preparation."""
    channels = net.topology.input_shape[0]
    return [1.0] * channels, [0.0] * channels


def inference(
    net: Graph, images: int, dtype: np.dtype[Any], scale: Sequence[float], shift: Sequence[float], threads: int | None = None
) -> Ready:
    """What gives the outputs for so many images of this type on the CPU, made once."""
    _one_output(net)
    many, topology = thread_count("predict", threads), net.topology
    key = (images, dtype, many, tuple(scale), tuple(shift))
    found = net.ready.get(key)
    if found is None:
        parameters = topology.memory_size

        def build(stage: Stage, cut: Cut) -> Plan:
            own: dict[str, Any] = {} if stage.inner else {"uint8": dtype == np.uint8, "scale": scale, "shift": shift}
            return build_plan(stage.topology, parameters, cut.batch, many, training=False, **own, **cut.plan())

        own_key = (net.input_shape, "forward", *key[1:])
        found = Ready(shelf_of(net), own_key, dtype, stages_of(topology, images), build)
        net.keep_ready(key, found)
    return found


def warmup(net: Graph, batch: int) -> None:
    """Make and run the plans of `forward` for so many images, and of `predict` if the network was trained."""
    purposes: list[tuple[Any, ...]] = [(np.float32, *unchanged(net))]
    if net.preparation is not None:
        dtype = np.uint8 if net.preparation.unit == BYTES else np.float32
        purposes.append((dtype, net.preparation.scale, net.preparation.shift))
    images = batch if batch <= INFERENCE_BATCH else INFERENCE_BATCH + batch % MANY  # cut into the same kinds
    for dtype, scale, shift in purposes:
        predict(net, np.zeros((images, *net.topology.input_shape), dtype), scale, shift)
        inference(net, batch, np.dtype(dtype), scale, shift)


def inference_plan(
    net: Graph,
    images: int,
    uint8: bool,
    scale: Sequence[float],
    shift: Sequence[float],
    threads: int | None = None,
    device: str = CPU,
) -> AnyPlan:
    """The plan that `predict` runs for so many images, of several the first; getting it compiles what all of them need."""
    if device == CPU:
        return inference(net, images, np.dtype(np.uint8 if uint8 else np.float32), scale, shift, threads).plans()[0]
    batch, many = inference_class(images, INFERENCE_BATCH), thread_count("predict", threads)
    key = ("forward", device, batch, many, uint8, tuple(scale), tuple(shift))
    return plan_of(net, key, lambda: new_plan(device, net, batch, many, training=False, uint8=uint8, scale=scale, shift=shift))


def training_plan(device: str, net: Graph, batch: int, threads: int, objective: Objective, **purpose: Any) -> AnyPlan | TwoPasses:
    """A plan that minimizes a loss; for one that is a function, two.  Arguments and errors as for `new_plan`."""
    loss = objective.loss
    if not isinstance(loss, FunctionLoss):
        return new_plan(device, net, batch, threads, training=True, objective=objective, **purpose)
    around = {name: value for name, value in purpose.items() if name != "optimizer"}
    first = new_plan(device, net, batch, threads, training=True, outputs=True, **around)
    second = new_plan(device, net, batch, threads, training=True, objective=GIVEN_GRADIENT, **purpose)
    return TwoPasses(loss, first, second)


def new_plan(device: str, net: Graph, batch: int, threads: int, **purpose: Any) -> AnyPlan:
    """A plan on the CPU or, by its name, on another device; `purpose` as for `build_plan`.

    Raises
    ------
    DeviceError
        If there is no such device.
    """
    topology = net.topology
    if device == CPU:
        return build_plan(topology, topology.memory_size, batch, threads, **purpose)
    from minicnn.engine.cuda.plan import build_plan as build_on_device

    return build_on_device(found_device(device), topology, batch, **purpose)


def checked_device(name: str) -> str:
    """The name of a device that there is; else a DeviceError."""
    return CPU if name == CPU else str(found_device(name))


def found_device(name: str) -> Any:
    """A device by its name, "cuda" or "cuda:1"; a DeviceError if there is none, in one line with the next thing to do."""
    from minicnn.kernels.cuda.runtime import device

    return device(name)


def backward(
    net: Graph, x: np.ndarray, labels: np.ndarray, loss: Loss = SOFTMAX, threads: int | None = None, device: str = CPU
) -> tuple[float, dict[str, np.ndarray]]:
    """Loss and its gradients, in training mode; dropout draws from the network's seed, the same at every call.

    x : (N, C, *space) float32 or float64, float32 on a device;  labels : as `minicnn.losses.targets.checked_targets` gives them
    """
    _one_output(net)
    key, scale = dropout_key(net.seed, 0), loss.scale(loss.total_weight(labels))
    if x.dtype == np.float64 and device != CPU:
        raise SettingError(f"backward: x is float64, but {device} computes networks in float32\n  use x.astype('float32'), or the CPU")
    if x.dtype == np.float64:
        run = Run(net.topology, _doubles(net), np.ascontiguousarray(x), training=True, key=key)
        if isinstance(loss, FunctionLoss):
            answer = loss.answer(run.output, labels)
            return float(answer.losses.sum()) * scale, run.gradients(answer.gradient(scale))[1]
        return loss.value(run.output, labels, net.input_shape), run.gradients(loss.gradient(run.output, labels, net.input_shape))[1]
    many = thread_count("backward", threads)
    if isinstance(loss, FunctionLoss):
        answer = loss.answer(_outputs(net, x, key, many, device), labels)
        return float(answer.losses.sum()) * scale, _gradients(net, x, answer.gradient(scale), GIVEN_GRADIENT, key, 1.0, many, device)[1]
    total, gradients, _ = _gradients(net, x, labels, Objective.of(loss, labels), key, scale, many, device)
    return total * scale, gradients


def backward_from(
    net: Graph, x: np.ndarray, dy: np.ndarray, threads: int | None = None, device: str = CPU, key: int | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(dx, gradients of the parameters by name) for the gradient dy of the output, in inference mode.

    x : (N, C, *space) float32 or float64, float32 on a device;  dy : (N, *output) of the same type
    key : in training mode instead, dropout draws from it
    """
    _one_output(net)
    training, key = key is not None, key or 0
    if x.dtype == np.float64:
        return Run(net.topology, _doubles(net), np.ascontiguousarray(x), training, key).gradients(np.ascontiguousarray(dy))
    how = {"inference": not training}
    _, gradients, dx = _gradients(net, x, dy, GIVEN_GRADIENT, key, 1.0, thread_count("backward", threads), device, **how)
    return dx, gradients


def _outputs(net: Graph, x: np.ndarray, key: int, threads: int, device: str) -> np.ndarray:
    """What a network gives in training mode."""
    images, batch = len(x), training_class(len(x))
    purpose = {"training": True, "outputs": True}
    plan = plan_of(net, ("outputs", device, batch, threads), lambda: new_plan(device, net, batch, threads, **purpose))
    output, order = np.empty((images, *net.topology.output_shapes[0]), np.float32), np.arange(images)
    plan.run(net.parameter_memory, np.ascontiguousarray(x), order, images, keys=np.array([key], np.int64), output=output)
    return output


def _gradients(
    net: Graph, x: np.ndarray, targets: np.ndarray, objective: Objective, key: int, scale: float, threads: int, device: str, **how: Any
) -> tuple[float, dict[str, np.ndarray], Any]:
    """The summed loss and its scaled gradients, that of the input as well where the targets are gradients."""
    images, batch = len(x), training_class(len(x))
    kept = ("backward", device, batch, threads, objective, *how.values())
    purpose = {"training": True, "objective": objective, "input_gradient": bool(how)} | how
    plan = plan_of(net, kept, lambda: new_plan(device, net, batch, threads, **purpose))
    dx = np.empty_like(x, order="C") if how else None
    refuse_holder(plan.lock)
    with plan.lock:  # until the gradient is read
        statistics = plan.run(
            net.parameter_memory,
            np.ascontiguousarray(x),
            np.arange(images),
            images,
            labels=np.ascontiguousarray(targets),
            keys=np.array([key], np.int64),
            scales=np.array([scale]),
            input_gradient=dx,
        )
        gradient = plan.gradient(images)
    return float(statistics[0, 0]), net.gradients(gradient), dx


def gradient_errors(net: Graph) -> dict[str, float]:
    """How far the gradients of "x" and of every parameter lie from central differences in float64, by the textbook loops; relative.

    In training mode, on two random images; some numbers of each are varied alone, and all of them along a random direction.
    """
    _one_output(net)
    stream, arrays = generator(net.seed, "gradient check"), _doubles(net)
    x = stream.standard_normal((2, *net.input_shape))

    def run() -> Run:
        return Run(net.topology, arrays, x, training=True, key=dropout_key(net.seed, 0))

    dy = stream.uniform(-1, 1, run().output.shape)
    dx, gradients = run().gradients(dy)
    varied = {"x": (x, dx), **{name: (arrays[name], gradient) for name, gradient in gradients.items()}}
    return {
        name: worst_relative_error(lambda: run().output, array, gradient, dy, stream, DIFFERENCE)
        for name, (array, gradient) in varied.items()
    }


def dropout_key(seed: int, step: int) -> int:
    """What the dropout layers draw from at one step of one seed: 63 bits."""
    return int(generator(seed, "dropout", step).integers(1 << 63))


def _one_output(net: Graph) -> None:
    if len(net.topology.outputs) != 1:
        raise GraphError(f"{net.name} has {len(net.topology.outputs)} outputs, but the engine runs networks with one")


def _doubles(net: Graph) -> dict[str, np.ndarray]:
    return {name: value.astype(np.float64) for name, value in net.views(net.parameter_memory, buffers=True).items()}
