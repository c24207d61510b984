"""The plan that trains a network, with what its optimizer remembers, and the numbers of each update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import engine
from minicnn.engine.plan import Plan
from minicnn.optimizers import Optimizer
from minicnn.preparation import BYTES, Preparation
from minicnn.train.augmentation import Augmentation

if TYPE_CHECKING:
    from minicnn.network import Graph


class Updates:
    """Makes a plan when it is first needed and when anything it was made for is another; the optimizer's state moves along."""

    def __init__(self, net: Graph) -> None:
        self.net = net
        self._kind: str | None = None  # of the optimizer whose state this is
        self._state: np.ndarray | None = None
        self._plan: Plan | None = None
        self._made_for: Any = None

    def plan(self, optimizer: Optimizer, batch: int, threads: int, preparation: Preparation, augment: Augmentation) -> Plan:
        """A plan for batches of up to `batch` images of this preparation."""
        uint8 = preparation.unit == BYTES
        made_for = (type(optimizer), batch, threads, preparation, augment)
        if self._plan is None or self._made_for != made_for:
            state = self.state(optimizer)
            topology = self.net.topology
            plan = engine.build_plan(
                topology,
                topology.memory_size,
                batch,
                threads,
                training=True,
                uint8=uint8,
                scale=preparation.scale,
                shift=preparation.shift,
                optimizer=optimizer,
                shifts=augment.shift,
                flips=augment.flip,
            )
            plan.state()[...] = state
            self._plan, self._made_for, self._state = plan, made_for, plan.state()
        return self._plan

    def state(self, optimizer: Optimizer) -> np.ndarray:
        """What the optimizer remembers: (kinds, memory size) float32, rows laid out like the parameters; zeros for another one."""
        if self._state is None or self._kind != optimizer.kind:
            self._state = np.zeros((len(optimizer.state_names), self.net.topology.memory_size), np.float32)
            self._kind = optimizer.kind
        return self._state


def rates(optimizer: Optimizer, first_step: int, learning_rates: Sequence[float]) -> np.ndarray:
    """The optimizer's numbers for the updates from `first_step` (from 1) on, one row each."""
    rows = [optimizer.rates(first_step + n, rate) for n, rate in enumerate(learning_rates)]
    return np.array(rows, np.float64).reshape(len(rows), len(optimizer.number_names))
