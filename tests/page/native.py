"""Train networks for a few batches on four lanes, in a process that believes in such a CPU: what a page must repeat to the last bit.

    python -m tests.page.native FOLDER NETWORK...

writes for each network what `run_plan.mjs` reads, and the parameters after training.
"""

import json
import sys
from pathlib import Path

import numpy as np

from minicnn import zoo
from minicnn.engine.objective import Objective
from minicnn.engine.plan import build_plan
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.optimizers import SGD, Adam
from minicnn.optimizers.update import Update
from minicnn.page.plan import page_plan
from minicnn.train.trainer import usual_loss
from minicnn.zoo import find

IMAGES, BATCH = 40, 32  # the second batch leaves a rest, and a shard that is not full


def train(folder, name, kind):
    net = zoo.build(name, seed=3)
    drawn = np.random.default_rng(5)
    channels = net.input_shape[0]
    images = drawn.integers(0, 256, (IMAGES, *net.input_shape)).astype(np.uint8)
    loss = usual_loss(net)
    objective = Objective(loss, loss.targets[0])
    target = objective.target(net.output_shape)
    labels = drawn.integers(0, target.classes, (IMAGES, *target.shape)).astype(target.dtype)
    optimizer = kind(learning_rate=0.01)
    purpose = {
        "training": True,
        "uint8": True,
        "scale": [1 / 255] * channels,
        "shift": [-0.25] * channels,
        "optimizer": optimizer,
        "objective": objective,
    }
    parameters = np.zeros(net.topology.memory_size + 64, np.float32)
    parameters[: net.topology.memory_size] = net.parameter_memory
    before = parameters.copy()
    plan = build_plan(net.topology, net.topology.memory_size, BATCH, 1, **purpose)
    order = drawn.permutation(IMAGES)
    keys = np.array([7, 1 << 40])
    numbers = [Update.of(optimizer).numbers(step, 0.01) for step in (1, 2)]
    sums = plan.run(parameters, images, order, BATCH, labels=labels, keys=keys, rates=np.array(numbers))
    for file, array in (("before", before), ("after", parameters), ("images", images), ("labels", labels)):
        (folder / f"{name}.{file}").write_bytes(array.tobytes())
    case = {
        "name": name,
        "plan": page_plan(net, BATCH, **purpose).to_json(),
        "order": order.tolist(),
        "keys": list(map(str, keys)),
        "numbers": numbers,
        "sums": sums.tolist(),
        "size": net.topology.memory_size,
    }
    (folder / f"{name}.json").write_text(json.dumps(case))


def main(folder, *names):
    assert LANES == 4, "set NUMBA_CPU_NAME=generic, NUMBA_CPU_FEATURES="
    for n, name in enumerate(names):
        train(Path(folder), find(name).name, (Adam, SGD)[n % 2])


if __name__ == "__main__":
    main(*sys.argv[1:])
