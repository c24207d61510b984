"""A plan as data: what a page's executor walks, in place of `kernels.cpu.program.executor`.

A plan depends on the lanes of the machine it is made for, and a page has four, so that it is made in a process that believes in such a
CPU (`four_lanes`).  There no kernel is compiled: steps are known by their labels.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import GraphError, MinicnnError
from minicnn.network import Graph
from minicnn.page.modules import path
from minicnn.page.own import run_files

STEP_FIELDS = 64  # of a step's row: `kernels.cpu.program.program` has them, and Numba with them
DIALS = {"dropout_step": ("rate",), "load_uint8_augmented": ("moves",)}
FOUR_LANES = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}


class PagePlan(NamedTuple):
    """A program with everything that running it takes.

    steps : (step, 64) int64;  table : (any,) int64;  phases : (phase, 4) int64, as in `kernels.cpu.program`
    labels : of the kernel of each step
    layout : as `executor.Layout`
    frame : names of a frame's fields
    memory : float32 elements of memory
    state : (begin, rows, length of a row) of the optimizer's state in it
    numbers : what an update is told, by name
    batch : images at a time, at most
    target : kind of what outputs are compared with, and its dtype
    outputs : numbers that come out for an image
    dials : settings that may change from batch to batch: (name, step, which of its 64 numbers, whether it is a float64)
    """

    steps: np.ndarray
    table: np.ndarray
    phases: np.ndarray
    labels: tuple[str, ...]
    layout: tuple[int, ...]
    frame: tuple[str, ...]
    memory: int
    state: tuple[int, int, int]
    numbers: tuple[str, ...]
    batch: int
    target: tuple[str, str]
    outputs: int
    dials: tuple[tuple[str, int, int, bool], ...]

    def to_json(self) -> dict[str, Any]:
        """Arrays as base64 of their bytes."""
        return {name: _packed(value) if isinstance(value, np.ndarray) else value for name, value in self._asdict().items()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> PagePlan:
        """The inverse."""
        known: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        for name, fields in (("steps", STEP_FIELDS), ("table", 1), ("phases", 4)):
            known[name] = np.frombuffer(base64.b64decode(values[name]), np.int64).reshape(-1, fields)
        return cls(**{**known, "table": known["table"].ravel()})


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(array.astype(np.int64).tobytes()).decode()


def page_plan(net: Graph, batch: int, kernels: dict[str, Any] | None = None, **purpose: Any) -> PagePlan:
    """The plan of a network for up to `batch` images at a time, made in this process; `purpose` as for `engine.plan.build_plan`.

    kernels : those of its steps are added, by label
    """
    from minicnn.engine.plan import build_plan
    from minicnn.kernels.cpu.program.program import padded
    from minicnn.kernels.machine_code.records import Frame
    from minicnn.optimizers.update import Update

    topology = net.topology
    plan = build_plan(topology, topology.memory_size, batch, 1, compiled=False, **purpose)
    if kernels is not None:
        kernels |= {each.label: each for each in plan.program.kernels}
    target = plan.arrays.target
    update = purpose.get("optimizer")
    return PagePlan(
        plan.program.steps,
        plan.program.table,
        plan.program.phases,
        tuple(kernel.label for kernel in plan.program.kernels),
        tuple(plan.layout),
        tuple(Frame.__annotations__),
        len(plan.memory),
        (plan.state_begin, plan.state_count, padded(plan.parameter_size)),
        tuple(Update.of(update).number_names) if update else (),
        batch,
        (target.kind, target.dtype.name) if target else ("", ""),
        prod(net.output_shape),
        tuple(
            (name, step, 1 + list(kernel.fields).index(name), kernel.fields[name] is float)
            for step, kernel in enumerate(plan.program.kernels)
            for name in DIALS.get(kernel.name, ())
        ),
    )


class Planned(NamedTuple):
    """Plans, and a module of their steps that "engine" does not have; None where it has all."""

    plans: list[PagePlan]
    module: bytes | None


def four_lane_plans(architecture: dict[str, Any], wanted: list[dict[str, Any]], files: Sequence[str] = ()) -> Planned:
    """Plans of a network, each with the arguments of `page_plan`, made in a process with four lanes: 0.7 s, more where steps are compiled.

    optimizer : given by name;  loss, target, boxes : its description and the kind of target, in place of `objective`
    architecture : of another network with the same parameters, where it is given
    files : that define its layers

    Raises
    ------
    GraphError
        If the network cannot be planned; the message is that of the process.
    """
    run = subprocess.run(
        [sys.executable, "-m", "minicnn.page.plan"],
        input=json.dumps({"architecture": architecture, "wanted": wanted, "files": list(files)}),
        env={**os.environ, **FOUR_LANES},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise GraphError(run.stderr.strip() or f"the process that plans for a page ended with status {run.returncode}")
    made = json.loads(run.stdout)
    return Planned([PagePlan.from_json(values) for values in made["plans"]], base64.b64decode(made["module"]) or None)


def missing_steps(kernels: Mapping[str, Any]) -> bytes:
    """A module of the steps that "engine" does not have; empty where it has all of them."""
    from minicnn.page.build.link import exports_of

    known = exports_of(path("engine").read_bytes())
    others = {label: kernel for label, kernel in kernels.items() if label not in known}
    if not others:
        return b""
    from minicnn.page.build.own import compiled_steps

    return compiled_steps(others)


def main() -> int:
    """Plans for the process that started this one: JSON in, JSON out."""
    from minicnn.engine.objective import Objective
    from minicnn.losses.base import build_loss
    from minicnn.optimizers import OPTIMIZERS

    asked = json.load(sys.stdin)
    kernels: dict[str, Any] = {}
    try:
        run_files(asked["files"])
        net = Graph.from_architecture(asked["architecture"])
        for each in asked["wanted"]:
            if "optimizer" in each:
                each["optimizer"] = OPTIMIZERS[each["optimizer"]](learning_rate=0.001)
            if "loss" in each:
                each["objective"] = Objective(build_loss(each.pop("loss")), each.pop("target"), each.pop("boxes", 0))
        own = [each.pop("architecture", None) for each in asked["wanted"]]
        nets = [Graph.from_architecture(other) if other else net for other in own]
        plans = [page_plan(which, kernels=kernels, **each).to_json() for which, each in zip(nets, asked["wanted"], strict=True)]
        json.dump({"plans": plans, "module": base64.b64encode(missing_steps(kernels)).decode()}, sys.stdout)
    except MinicnnError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
