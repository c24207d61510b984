"""One update from one batch, ready to be made again: what is the same at every call of `Trainer.step` is done once.

LeNet's step of one image took 132 microseconds, 50 of them in compiled code; the rest went into checks, random keys, and arrays of a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.kernels.cpu.program.call import address
from minicnn.kernels.cpu.program.executor import (
    JOB_FIELDS,
    JOB_IMAGES,
    JOB_KEY,
    JOB_ORDER,
    JOB_RATES,
    JOB_SCALE,
    JOB_STATISTICS,
)
from minicnn.locks import new_lock, refuse_holder
from minicnn.losses import CLASS

if TYPE_CHECKING:
    from minicnn.engine import AnyPlan
    from minicnn.engine.objective import Objective
    from minicnn.engine.plan import Plan
    from minicnn.engine.two_passes import TwoPasses

IMAGES = 1  # of a run's addresses


class AnyStep:
    """A batch of so many images, in their order, for a plan of any kind that updates.

    objective : what the plan minimizes
    ranks : as `Plan.run` takes them, where there are any
    judges : whether answers are right or wrong
    draws : whether anything depends on the key
    """

    draws = True

    def __init__(self, plan: AnyPlan | TwoPasses, objective: Objective, images: int, ranks: dict[str, Any]) -> None:
        self.plan, self._images, self._ranks = plan, images, ranks
        self.judges = objective.loss is not None and objective.loss.loops(objective.kind).right is not None
        self.labels = np.zeros(0)

    def take(self, targets: np.ndarray) -> None:
        """What outputs are compared with, checked."""
        self.labels = targets

    def hold(self, labels: np.ndarray) -> bool:
        """Nothing is known of labels that are not checked."""
        return False

    def prepare(self, key: int, numbers: tuple[float, ...], scale: float) -> None:
        """What dropout draws from, the optimizer's numbers, and what the sum of losses is multiplied by."""
        self._key, self._numbers, self._scale = key, numbers, scale

    def __call__(self, parameters: np.ndarray, images: np.ndarray) -> None:
        """Update the parameters from images (N, C, *space), contiguous, of the plan's type; the result is `plan.done()`."""
        self.plan.run(
            parameters,
            images,
            np.arange(self._images),
            self._images,
            labels=self.labels,
            keys=np.array([self._key], np.int64),
            rates=np.array([self._numbers], np.float64),
            scales=np.array([self._scale]),
            **self._ranks,
        )


class ReadyStep(AnyStep):
    """The same for a plan on this machine's processors, alone: nothing but the arrays' content is looked at any more.

    labels : (N, ...) of the type and shape of the plan's target
    """

    plan: Plan

    def __init__(self, plan: Plan, objective: Objective, images: int) -> None:
        super().__init__(plan, objective, images, {})
        self.draws = plan.draws
        target, numbers = plan.arrays.target, plan.arrays.rates
        if target is None or numbers is None:
            raise TypeError("a plan that changes nothing makes no step")
        self.labels = np.zeros((images, *target.shape), target.dtype)
        self._classes = target.classes if target.kind == CLASS else 0
        self._unsigned = self.labels.view(np.uint64) if self._classes else None
        self._order = np.arange(images)
        self._rates = np.zeros((1, numbers), np.float64)
        self._statistics = np.zeros((1, -(-images // plan.layout.shard), 2))
        self._jobs = np.zeros((1, JOB_FIELDS), np.int64)
        self._jobs[0, JOB_IMAGES] = images
        for field, array in ((JOB_ORDER, self._order), (JOB_STATISTICS, self._statistics), (JOB_RATES, self._rates)):
            self._jobs[0, field] = array.ctypes.data
        self._scales = self._jobs[0, JOB_SCALE : JOB_SCALE + 1].view(np.float64)
        self._addresses = np.array([self.labels.ctypes.data, 0, 0], np.int64)
        self._lock = new_lock()  # of the arrays that a run is told of

    def take(self, targets: np.ndarray) -> None:
        refuse_holder(self._lock)
        self.labels[...] = targets

    def hold(self, labels: np.ndarray) -> bool:
        """Copy labels of the type and shape that this was made for; False unless each is known to be a class."""
        refuse_holder(self._lock)
        if self._unsigned is None:
            return False
        np.copyto(self.labels, labels, casting="unsafe")
        return bool(np.maximum.reduce(self._unsigned) < self._classes)  # what is below 0 is far above

    def prepare(self, key: int, numbers: tuple[float, ...], scale: float) -> None:
        """As for any step; from now on nothing of an earlier batch counts as done."""
        refuse_holder(self._lock)
        self.plan.finished[0] = 0
        self._jobs[0, JOB_KEY], self._rates[0], self._scales[0] = key, numbers, scale

    def __call__(self, parameters: np.ndarray, images: np.ndarray) -> None:
        with self._lock:
            self._addresses[IMAGES] = address(images)
            self.plan.launch(parameters, self._jobs, self._addresses, self._statistics)
