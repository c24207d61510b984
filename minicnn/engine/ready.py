"""Outputs for so many images of one kind, ready to be asked for again: what is the same at every call is done once.

A call of LeNet with one image took 44 microseconds, 20 of them in compiled code; the rest went into checks, keys, and arrays of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.engine.cutting import Cut
from minicnn.engine.shelf import Shelf, plan_on
from minicnn.kernels.cpu.program.call import address
from minicnn.kernels.cpu.program.executor import JOB_FIELDS, JOB_IMAGES, JOB_ORDER, JOB_OUTPUT
from minicnn.locks import new_lock, refuse_holder

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from minicnn.engine.plan import Plan
    from minicnn.engine.stages import Stage

IMAGES = 1  # of a run's addresses


class Part:
    """The images of a cut, as batches that a plan runs: all that points to memory but the caller's arrays.

    begins : number of the first image of each batch
    jobs : as a run takes them, but for where the output lies
    """

    def __init__(self, cut: Cut, first: int, key: Hashable, build: Callable[[], Any]) -> None:
        self.key, self.build = key, build
        self.begins = range(first, first + cut.images, cut.batch)
        self._order = np.arange(first, first + cut.images)
        self.jobs = np.zeros((len(self.begins), JOB_FIELDS), np.int64)
        for job, begin in zip(self.jobs, self.begins, strict=True):
            job[JOB_IMAGES] = min(cut.batch, first + cut.images - begin)
            job[JOB_ORDER] = self._order.ctypes.data + (begin - first) * self._order.itemsize


class Ready:
    """Outputs for images of one shape and type.

    shelf, key : where the plans are kept, and as what; one that was given up is built again
    dtype : of the images
    stages : what they go through, one after the other
    build : makes the plan of a cut of a stage
    """

    def __init__(
        self,
        shelf: Shelf,
        key: Hashable,
        dtype: np.dtype[Any],
        stages: tuple[Stage, ...],
        build: Callable[[Stage, Cut], Plan],
    ) -> None:
        self._dtype, self._shelf = dtype, shelf
        self._stages = [
            (_parts(stage, (key, number), partial(build, stage)), (sum(cut.images for cut in stage.cuts), *stage.topology.output_shapes[0]))
            for number, stage in enumerate(stages)
        ]
        self.parts = [part for parts, _ in self._stages for part in parts]
        self._addresses = np.zeros(3, np.int64)
        self._lock = new_lock()  # of the arrays that a run is told of

    def plans(self) -> list[Plan]:
        """The plan of each part."""
        return [plan_on(self._shelf, part.key, part.build) for part in self.parts]

    def __call__(self, parameters: np.ndarray, images: ArrayLike) -> np.ndarray:
        """(N, *output) float32 for images (N, C, *space) of the shape and type that this was made for."""
        value = np.ascontiguousarray(images, self._dtype)
        refuse_holder(self._lock)
        with self._lock:
            for parts, shape in self._stages:
                output = np.empty(shape, np.float32)
                place, row_bytes = address(output), output.nbytes // len(output)
                self._addresses[IMAGES] = address(value)
                for part in parts:
                    for number, begin in enumerate(part.begins):  # one by one: 0.2 us instead of 1.4 where there is one
                        part.jobs[number, JOB_OUTPUT] = place + begin * row_bytes
                    plan_on(self._shelf, part.key, part.build).launch(parameters, part.jobs, self._addresses)
                value = output
        return output


def _parts(stage: Stage, key: Hashable, build: Callable[[Cut], Plan]) -> list[Part]:
    firsts = accumulate((cut.images for cut in stage.cuts), initial=0)
    return [Part(cut, first, (key, cut._replace(images=0)), partial(build, cut)) for cut, first in zip(stage.cuts, firsts, strict=False)]
