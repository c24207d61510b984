"""A trainer on several ranks: what all of them must have in common before they train, and the words for it."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

import minicnn
from minicnn import parallel
from minicnn.errors import MinicnnWarning, SettingError
from minicnn.launch import MODEL
from minicnn.parallel import MPIRanks
from minicnn.train.updates import Updates

if TYPE_CHECKING:
    from minicnn.network import Graph
    from minicnn.train.course import Course
    from minicnn.train.position import Position

Parallel = str | MPIRanks | None  # how a Trainer is told


def joined(given: Parallel, net: Graph, device: str) -> MPIRanks | None:
    """The ranks of a trainer, if any; the network gets the weights of the first.

    Raises
    ------
    SettingError
        If there is no such way, or it does not go with the device.
    DeviceError
        If mpi4py or MPI is missing.
    """
    if given is None:
        return None
    if device != "cpu":
        raise SettingError(f"Trainer: several ranks train on their processors, but device is {device!r}\n  use device='cpu'")
    if not isinstance(given, MPIRanks):
        given = parallel.ranks(given)
        parallel.tell_of_failures(given)
    given.demand_same(network=(net.name, [(slot.name, slot.shape) for slot in net.topology.slots]))
    net.parameter_memory[...] = given.from_first(net.parameter_memory)
    return given


def updates_of(net: Graph, device: str, ranks: MPIRanks | None) -> Updates:
    """The updates of a network on these ranks."""
    if ranks is None or ranks.kind != MODEL:
        return Updates(net, device)
    from minicnn.train.tower_plan import TowerUpdates

    return TowerUpdates(net, ranks)


def check_course(ranks: MPIRanks, course: Course, at: Position, state: np.ndarray) -> None:
    """A SettingError unless all ranks are about to do the same."""
    from minicnn.kernels.cpu.lanes.vector import LANES

    ranks.demand_same(
        version=minicnn.__version__,
        vector_of_floats=LANES,
        optimizer=repr(course.update),
        loss=repr(course.loss),
        schedule=repr(course.rule),
        batch_size=course.batch_size,
        seed=course.seed,
        augmentation=repr(course.changes),
        last_epoch=course.until,
        training_images=digest(course.train.images, course.train.labels),
        test_images="none" if course.test is None else digest(course.test.images, course.test.labels),
        frozen_parameters=sorted(course.net.topology.frozen),
        standing=(at.steps, at.epoch, at.batch, *at.sums.tolist()),
        weights=digest(course.net.parameter_memory, state),
    )


def warn_of_idle(ranks: MPIRanks, plan: Any, batch_size: int) -> None:
    """A warning, on rank 0, if a batch has fewer parts than there are ranks to share them."""
    slots = getattr(plan, "backward", plan).layout.slots if ranks.computing > 1 else 1
    if ranks.leads and slots < ranks.computing:
        warnings.warn(
            f"{ranks.computing - slots} of {ranks.computing} ranks have nothing to train on: a batch of {batch_size} makes {slots} parts;"
            f" use fewer ranks, or a larger batch",
            MinicnnWarning,
            stacklevel=2,
        )


def digest(*arrays: Any) -> str:
    """One hash over the contents of arrays."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
