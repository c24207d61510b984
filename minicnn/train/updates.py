"""The plan that trains a network, the optimizer's state, and the numbers of each update."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minicnn import engine
from minicnn.engine.objective import Objective
from minicnn.optimizers.update import AVERAGE, Update
from minicnn.preparation import BYTES, Preparation
from minicnn.train.augmentation import Augmentation
from minicnn.train.groups import Groups

if TYPE_CHECKING:
    from minicnn.engine import AnyPlan
    from minicnn.engine.two_passes import TwoPasses
    from minicnn.network import Graph


class Updates:
    """Builds a plan when first needed and when its purpose changes; the optimizer's state is carried over."""

    def __init__(self, net: Graph, device: str = engine.CPU) -> None:
        self.net = net
        self.device = device
        self._kind: str | None = None  # kind of the update whose state this is
        self._state: np.ndarray | None = None
        self._plan: AnyPlan | TwoPasses | None = None
        self._made_for: Any = None

    def plan(
        self,
        update: Update,
        batch: int,
        threads: int,
        preparation: Preparation,
        augment: Augmentation,
        objective: Objective,
    ) -> AnyPlan | TwoPasses:
        """A plan for batches of up to `batch` images of this preparation, and targets of this kind."""
        made_for = (update.form, batch, threads, preparation, augment, objective, self.net.topology.frozen)
        if self._plan is None or self._made_for != made_for:
            state = self.state(update)
            self._plan = None  # its memory is free before more is asked for
            plan = self.built(update, batch, threads, preparation, augment, objective)
            plan.set_state(state)
            self._plan, self._made_for, self._state = plan, made_for, None
        return self._plan

    @property
    def current(self) -> AnyPlan | TwoPasses | None:
        """The plan that has the optimizer's state, if there is one."""
        return self._plan if self._state is None else None

    def built(self, update: Update, *how: Any) -> Any:
        """A new plan; arguments as for `plan`."""
        return self.plan_for(self.net, update, *how)

    def plan_for(
        self,
        net: Graph,
        update: Update,
        batch: int,
        threads: int,
        preparation: Preparation,
        augment: Augmentation,
        objective: Objective,
    ) -> AnyPlan | TwoPasses:
        """A new plan for a network, this one or a part of it."""
        return engine.training_plan(
            self.device,
            net,
            batch,
            threads,
            objective,
            uint8=preparation.unit == BYTES,
            scale=preparation.scale,
            shift=preparation.shift,
            optimizer=update,
            **augment.loading(objective.kind),
        )

    def state(self, update: Update) -> np.ndarray:
        """What is remembered: (kinds, memory size) float32, rows laid out like the parameters.

        Zeros if the update changed, and for the average of the weights, the weights.
        """
        if self._kind != update.kind:
            state = np.zeros((len(update.state_names), self.net.topology.memory_size), np.float32)
            if update.ema is not None:
                state[update.state_names.index(AVERAGE)] = self.net.parameter_memory
            self.set_state(update, state)
        if self._plan is not None and self._state is None:
            return self._plan.state()
        return cast(np.ndarray, self._state)

    def set_state(self, update: Update, state: np.ndarray) -> None:
        """Continue with such a state."""
        if self._plan is not None and self._state is None and self._kind == update.kind:
            self._plan.set_state(state)
        else:
            self._kind, self._state, self._plan = update.kind, state, None

    def evaluated(self, update: Update) -> np.ndarray:
        """A copy of the weights that are evaluated and kept: their average where there is one, with that of running statistics."""
        memory = self.net.parameter_memory
        return (memory if update.ema is None else self.state(update)[update.state_names.index(AVERAGE)]).copy()

    @contextmanager
    def averaged(self, update: Update) -> Iterator[None]:
        """Inside the block, the network has the weights that are evaluated."""
        memory = self.net.parameter_memory
        if update.ema is None:
            yield
            return
        own, average = memory.copy(), self.evaluated(update)
        memory[...] = average
        try:
            yield
        finally:
            memory[...] = own


def rates(
    update: Update, first_step: int, learning_rates: Sequence[float], groups: Groups | None = None, first_batch: int = 0
) -> np.ndarray:
    """The numbers of batches, one row each; the first belongs to update `first_step` (from 1).

    groups : of the epoch whose batches these are, from `first_batch` on; without them each batch is an update
    """
    rows, step = [], first_step
    for n, rate in enumerate(learning_rates, first_batch):
        first, last = (groups.begins(n), groups.ends(n)) if groups else (True, True)
        rows.append(update.numbers(step, rate, first, last))
        step += last
    return np.array(rows, np.float64).reshape(len(rows), len(update.number_names))
