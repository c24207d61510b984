"""The caller's arrays that a plan reads and writes, checked at every run, because compiled code checks nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import SettingError, ShapeError


class Target(NamedTuple):
    """What a loss compares the output for one image with.

    kind : "class", "mask", "numbers" or "boxes", see `minicnn.losses`
    dtype : int64 for classes, int32 for masks, else float32
    shape : of one image's; () for a class; of boxes there may be any number
    classes : whole numbers run from 0 to classes - 1
    ignored : a whole number that stands for none; None if there is none
    """

    kind: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    classes: int = 0
    ignored: int | None = None

    def check(self, labels: np.ndarray | None, images: int) -> None:
        """An error unless there is a target of this kind for every image."""
        _demand("labels", labels, self.dtype, (images, *self.shape), "(N, ...)")
        if self.classes:
            _demand_range("labels", labels, self.classes, "classes", self.ignored)


class Arrays(NamedTuple):
    """What a plan was made for.

    batch : the largest that it runs
    image : (C, *space) of one image
    dtype : of images
    target : what labels are; None if none are read
    output : shape of one output, None if none is written
    input_gradient : whether there is one
    rates : numbers of the optimizer for each batch, None if nothing is updated
    parameter_size : of the network's memory
    """

    batch: int
    image: tuple[int, ...]
    dtype: np.dtype[Any]
    target: Target | None
    output: tuple[int, ...] | None
    input_gradient: bool
    rates: int | None
    parameter_size: int

    def check(
        self,
        parameters: np.ndarray,
        images: np.ndarray,
        order: np.ndarray,
        batch_size: int,
        labels: np.ndarray | None,
        keys: np.ndarray | None,
        rates: np.ndarray | None,
        output: np.ndarray | None,
        input_gradient: np.ndarray | None,
        scales: np.ndarray | None = None,
    ) -> None:
        """An error unless every array is what compiled code assumes."""
        if not 1 <= batch_size <= self.batch:
            raise SettingError(f"a plan for up to {self.batch} images at a time cannot run {batch_size}")
        _demand("order", order, np.int64, (len(order),), "(images of all batches,)")
        batches = -(-len(order) // batch_size)
        if (
            parameters.dtype != np.float32
            or parameters.ndim != 1
            or len(parameters) < self.parameter_size
            or not parameters.flags.c_contiguous
        ):
            raise ShapeError(
                f"parameters are {parameters.dtype} {parameters.shape}, but the plan was made for float32 ({self.parameter_size},)"
            )
        _demand("images", images, self.dtype, (len(images), *self.image), "(N, C, *space)")
        _demand_range("order", order, len(images), "images")
        if self.target is not None:
            self.target.check(labels, len(images))
        if scales is not None:
            _demand("scales", scales, np.float64, (batches,), "(batches,)")
        if keys is not None:
            _demand("keys", keys, np.int64, (batches,), "(batches,)")
        if self.rates is not None:
            _demand("rates", rates, np.float64, (batches, self.rates), "(batches, numbers)")
        if self.output is not None:
            _demand("output", output, np.float32, (len(order), *self.output), "(images, *output)")
        if self.input_gradient:
            _demand("input_gradient", input_gradient, np.float32, (min(batch_size, len(order)), *self.image), "(N, C, *space)")


def _demand(name: str, array: np.ndarray | None, dtype: Any, shape: tuple[int, ...], letters: str) -> None:
    """A ShapeError unless an array has exactly this type and shape and is contiguous."""
    if array is None:
        raise ShapeError(f"{name} are missing, but the plan reads or writes them\n  wanted  {shape} {letters} {np.dtype(dtype)}")
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous:
        order = "" if array.flags.c_contiguous else ", not contiguous"
        raise ShapeError(
            f"{name}: {array.dtype} {array.shape}{order}, but the plan was made for something else"
            f"\n  wanted  {np.dtype(dtype)} {shape} {letters}, C-contiguous"
        )


def _demand_range(name: str, numbers: np.ndarray | None, stop: int, what: str, ignored: int | None = None) -> None:
    if numbers is None or not numbers.size or 0 <= int(numbers.min()) <= int(numbers.max()) < stop:
        return
    seen = numbers if ignored is None else numbers[numbers != ignored]
    if seen.size and not 0 <= int(seen.min()) <= int(seen.max()) < stop:
        raise SettingError(f"{name} run from {seen.min()} to {seen.max()}, but there are {stop} {what}, 0 to {stop - 1}")
