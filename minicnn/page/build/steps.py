"""The steps of plans as a page calls them: every kernel of `kernels.cpu`, and the derived ones that networks of the zoo take."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Any

from minicnn import zoo
from minicnn.engine.objective import Objective
from minicnn.engine.plan import build_plan
from minicnn.errors import DeviceError
from minicnn.kernels import cpu
from minicnn.kernels.cpu.convolution.tiles import TIED
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.machine_code.compile import STEP_SIGNATURE, StepKernel
from minicnn.kernels.machine_code.records import FRAME, record_type
from minicnn.losses import BOXES
from minicnn.network import Graph
from minicnn.optimizers import SGD, Adam, AdamW, RMSprop
from minicnn.optimizers.base import WEIGHTS
from minicnn.page.build.module import Loop
from minicnn.train.augmentation import augmentation
from minicnn.train.trainer import usual_loss

MOST_PARAMETERS = 2_000_000  # of networks that a page trains
BATCH = 64
CHANGES = "shift,rotate,scale,elastic,brightness,contrast,cutout,flip"


def written_steps() -> dict[str, StepKernel]:
    """Every step that is written by hand, by its name."""
    found = {}
    for each in pkgutil.walk_packages(cpu.__path__, cpu.__name__ + "."):
        for value in vars(importlib.import_module(each.name)).values():
            if isinstance(value, StepKernel):
                found[value.name] = value
    return dict(sorted(found.items()))


def step_loops(kernels: Iterable[StepKernel]) -> dict[str, Loop]:
    """Steps by label, for `module.compile_object`.

    Raises
    ------
    DeviceError
        If this process compiles for a CPU of another kind than "generic": the lanes of its steps are not four then.
    """
    if TIED or LANES != 4:
        raise DeviceError(
            f"WebAssembly has 4 lanes, but this process computes with {LANES}"
            "\n  start it with NUMBA_CPU_NAME=generic and NUMBA_CPU_FEATURES empty"
        )
    return {
        each.label: Loop(each.function, (*STEP_SIGNATURE.args[:-2], record_type(each.fields), FRAME), frozenset(each.math))
        for each in kernels
    }


def derived_steps() -> dict[str, StepKernel]:
    """Every derived step of small networks of the zoo in training and in use, and of every optimizer, loss and augmentation."""
    found: dict[str, StepKernel] = {}
    for net, purpose in _plans():
        plan = build_plan(net.topology, net.topology.memory_size, BATCH, 1, compiled=False, **purpose)
        found |= {each.label: each for each in plan.program.kernels if each.label != each.name}
    return dict(sorted(found.items()))


def _plans() -> Iterator[tuple[Graph, dict[str, Any]]]:
    nets = [entry.build() for entry in zoo.entries() if entry.classes and entry.recipe]
    for net in nets:
        if net.topology.memory_size <= MOST_PARAMETERS:
            loss = usual_loss(net)
            objective = Objective(loss, loss.targets[0], 4 if BOXES in loss.targets else 0)
            yield net, {"training": True, "objective": objective}
            yield net, {"training": False}
    small = zoo.build("lenet")
    for kind in (Adam, AdamW, RMSprop, SGD):
        yield small, {"training": True, "optimizer": kind(learning_rate=0.001, decay=WEIGHTS)}
    yield small, {"training": True, "uint8": True, "changes": augmentation(CHANGES).changes}
