"""Batches of kinds that `Trainer.step` has seen: what a step of such needs is found once, and kept as long as nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.engine.objective import Objective
from minicnn.engine.plan import Plan
from minicnn.engine.ready_step import AnyStep, ReadyStep
from minicnn.optimizers.update import Update

KEPT = 16  # kinds


class KnownBatches:
    """Steps that are ready, by the kind of a batch's arrays, for one plan.

    update : that of the latest step
    """

    update: Update

    def __init__(self) -> None:
        self._settings: tuple[Any, ...] = ()
        self._plan: Any = None
        self._steps: dict[Any, ReadyStep] = {}

    def find(self, settings: tuple[Any, ...], plan: Any, x: Any, labels: Any) -> ReadyStep | None:
        """The step of a batch of which nothing but the numbers is still to be looked at; None where everything is.

        settings : of the trainer, all that an update, a plan or an error depends on
        plan : the one that updates now
        """
        if plan is not self._plan or settings != self._settings or type(x) is not np.ndarray or type(labels) is not np.ndarray:
            return None
        return self._steps.get(((x.shape, x.dtype), (labels.shape, labels.dtype)))

    def step(
        self,
        settings: tuple[Any, ...],
        update: Update,
        plan: Any,
        objective: Objective,
        given: tuple[Any, Any],
        images: int,
        ranks: dict[str, Any],
    ) -> AnyStep:
        """The step of a batch that was found to be right; kept if it can be found again.

        given : images and labels, as they were given
        """
        self.update = update
        if ranks or not isinstance(plan, Plan):
            return AnyStep(plan, objective, images, ranks)
        if plan is not self._plan or len(self._steps) >= KEPT:
            self._steps.clear()
        self._settings, self._plan = settings, plan
        kind = tuple((array.shape, array.dtype) for array in given if type(array) is np.ndarray)
        found = self._steps.get(kind) or ReadyStep(plan, objective, images)
        if len(kind) == len(given):
            self._steps[kind] = found
        return found
