"""The arrays of a run on a device: a batch's launches find them where they were when the graph was captured.

Each has room for more than it holds, so that most runs find their arrays where the last run's were.  Where one had to grow, `version`
tells that launches know an old place.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minicnn.engine.arrays import Arrays
from minicnn.kernels.cuda import memory

LEAST_BATCHES = 256  # room from the beginning


class RunArrays:
    """Device arrays by name.

    what : needs them, for a message where memory ends
    """

    def __init__(self, what: str) -> None:
        self.arrays: dict[str, Any] = {}
        self.version = 0
        self._what = what
        self._held: tuple[np.ndarray, np.ndarray] | None = None

    def prepare(self, plan: Arrays, batches: int, batch_size: int, layers: int) -> None:
        """Make room for so many batches, whose layers draw so often."""
        rows = max(batches, LEAST_BATCHES)
        self._make("job", (1,), np.int64)
        self._make("order", (rows * batch_size,), np.int64)
        self._make("batch_labels", (plan.batch,), np.int64)
        self._make("keys", (rows,), np.int64)
        self._make("draws", (rows, layers), np.int64)
        self._make("statistics", (rows, 2), np.float64)
        self._make("scales", (rows,), np.float64)
        if plan.rates is not None:
            self._make("rates", (rows, plan.rates), np.float64)
        if plan.output is not None:
            self._make("output", (batches * batch_size, prod(plan.output)), np.float32)
        if plan.input_gradient:
            self._make("input_gradient", (plan.batch, prod(plan.image)), np.float32)
        if "images" not in self.arrays:
            self._make("images", (1, *plan.image), plan.dtype)
        if "targets" not in self.arrays:
            self._make("targets", (1, *(plan.target.shape if plan.target else ())), plan.target.dtype if plan.target else np.int64)

    def give(self, name: str, numbers: np.ndarray) -> None:
        """Copy numbers of the host into the first places of an array."""
        self._make(name, numbers.shape, numbers.dtype, f"a copy of {len(numbers)} {name}")
        memory.copy_to_device(numbers, self.arrays[name])

    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Copy images and labels, unless they are held already, or would take more than half of the memory that is free."""
        if not self.holds(images, labels) and images.nbytes < memory.free_bytes() / 2:
            self.give_images(images, labels)
            self._held = (images, labels)

    def holds(self, images: np.ndarray, labels: np.ndarray | None) -> bool:
        """Whether these very arrays are held."""
        return self._held is not None and images is self._held[0] and labels is self._held[1]

    def give_images(self, images: np.ndarray, labels: np.ndarray | None) -> None:
        """Copy images and labels for one run, unless they are held."""
        if not self.holds(images, labels):
            self._held = None
            self.give("images", images)
            if labels is not None:
                self.give("targets", labels)

    def fetch(self, name: str, numbers: np.ndarray) -> None:
        """Copy the first rows of an array to the host; waits for the launches before."""
        memory.to_host(self.arrays[name][: len(numbers)], numbers)

    def finished(self) -> int:
        """Batches whose last launch is done; waits for the launches before."""
        return int(memory.to_host(self.arrays["job"])[0])

    def statistics(self, batches: int) -> np.ndarray:
        """(batches, 2): summed loss and right answers."""
        return memory.to_host(self.arrays["statistics"][:batches]) if batches else np.zeros((0, 2))

    def _make(self, name: str, shape: tuple[int, ...], dtype: Any, what: str = "") -> None:
        """Room for an array of this shape, which `what` needs; what it held is lost where it has to grow."""
        known = self.arrays.get(name)
        if known is None or known.dtype != dtype or known.shape[1:] != shape[1:] or len(known) < shape[0]:
            self.arrays[name] = None  # its memory is free before more is asked for
            self.arrays[name] = memory.zeros(shape, dtype, what or self._what)
            self.version += 1
            if name == "targets":  # of one class an image, they are the labels that are loaded with the images
                whole = len(shape) == 1 and dtype == np.int64
                self.arrays["labels"] = self.arrays[name] if whole else memory.zeros((1,), np.int64, what or self._what)
