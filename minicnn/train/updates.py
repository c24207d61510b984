"""The plan that trains a network, the optimizer's state, and the numbers of each update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minicnn import engine
from minicnn.engine.objective import Objective
from minicnn.engine.plan import Plan
from minicnn.optimizers import Optimizer
from minicnn.preparation import BYTES, Preparation
from minicnn.train.augmentation import Augmentation

if TYPE_CHECKING:
    from minicnn.engine.cuda.plan import DevicePlan
    from minicnn.network import Graph


class Updates:
    """Builds a plan when first needed and when its purpose changes; the optimizer's state is carried over."""

    def __init__(self, net: Graph, device: str = engine.CPU) -> None:
        self.net = net
        self.device = device
        self._kind: str | None = None  # kind of the optimizer whose state this is
        self._state: np.ndarray | None = None
        self._plan: Plan | DevicePlan | None = None
        self._made_for: Any = None

    def plan(
        self,
        optimizer: Optimizer,
        batch: int,
        threads: int,
        preparation: Preparation,
        augment: Augmentation,
        objective: Objective,
    ) -> Plan | DevicePlan:
        """A plan for batches of up to `batch` images of this preparation, and targets of this kind."""
        made_for = (type(optimizer), batch, threads, preparation, augment, objective, self.net.topology.frozen)
        if self._plan is None or self._made_for != made_for:
            state = self.state(optimizer)
            self._plan = None  # its memory is free before more is asked for
            plan = engine.new_plan(
                self.device,
                self.net,
                batch,
                threads,
                training=True,
                uint8=preparation.unit == BYTES,
                scale=preparation.scale,
                shift=preparation.shift,
                optimizer=optimizer,
                shifts=augment.shift,
                flips=augment.flip,
                objective=objective,
            )
            plan.set_state(state)
            self._plan, self._made_for, self._state = plan, made_for, None
        return self._plan

    def state(self, optimizer: Optimizer) -> np.ndarray:
        """The optimizer's state: (kinds, memory size) float32, rows laid out like the parameters; zeros if the optimizer changed."""
        if self._kind != optimizer.kind:
            self.set_state(optimizer, np.zeros((len(optimizer.state_names), self.net.topology.memory_size), np.float32))
        if self._plan is not None and self._state is None:
            return self._plan.state()
        return cast(np.ndarray, self._state)

    def set_state(self, optimizer: Optimizer, state: np.ndarray) -> None:
        """Continue with such a state."""
        if self._plan is not None and self._state is None and self._kind == optimizer.kind:
            self._plan.set_state(state)
        else:
            self._kind, self._state, self._plan = optimizer.kind, state, None


def rates(optimizer: Optimizer, first_step: int, learning_rates: Sequence[float]) -> np.ndarray:
    """The optimizer's numbers for the updates from `first_step` (from 1) on, one row each."""
    rows = [optimizer.rates(first_step + n, rate) for n, rate in enumerate(learning_rates)]
    return np.array(rows, np.float64).reshape(len(rows), len(optimizer.number_names))
