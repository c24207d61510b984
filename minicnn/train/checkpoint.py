"""What a checkpoint must hold for training to continue from it: checked as a whole before a trainer uses any of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from minicnn import schema
from minicnn.errors import CheckpointError, quoted
from minicnn.graph import ParameterSlot
from minicnn.optimizers.update import AVERAGE, Update
from minicnn.train.records import EpochRecord

WHERE, HISTORY_LINE = "the checkpoint", "a line of the history"
NUMBERS = ("steps", "epoch", "batch", "seconds", "optimizer", "history", "frozen")
MOST_STEPS = 1 << 53  # whole numbers that a float holds exactly
MEASURED = ("seconds", "images_per_second")  # of an epoch
SHARES = ("train_accuracy", "test_accuracy")
ANY_SIGN = ("train_loss", "test_loss")


Times = dict[str, float]


class Standing(NamedTuple):
    """The position of training.  sums: loss and correct answers of the epoch so far; states: the optimizer's, by kind and parameter."""

    steps: int
    epoch: int
    batch: int
    seconds: float
    history: list[EpochRecord]
    sums: np.ndarray
    parameters: dict[str, np.ndarray]
    states: dict[str, dict[str, np.ndarray]]
    frozen: list[str]


def standing(arrays: Mapping[str, np.ndarray], numbers: Any, slots: Sequence[ParameterSlot], update: Update) -> Standing:
    """What `Trainer.checkpoint` gave, read back for a network with these slots and what this update keeps of each.

    Raises
    ------
    CheckpointError
        If anything is missing, unknown, of another size or out of range.
    """
    found = schema.record(WHERE, {"frozen": [], **numbers} if isinstance(numbers, dict) else numbers, NUMBERS)
    optimizer = update.optimizer.kind
    if found["optimizer"] != optimizer:
        made = schema.word(WHERE, "optimizer", found["optimizer"])
        raise CheckpointError(f"{WHERE} was made with {made}, but the trainer uses {optimizer}")
    history = epoch_records(WHERE, found["history"])
    epoch = schema.whole(WHERE, "epoch", found["epoch"], least=1)
    if epoch != len(history) + 1:
        raise CheckpointError(f"{WHERE}: it is in epoch {epoch}, but its history has {len(history)} epochs")
    batch = schema.whole(WHERE, "batch", found["batch"])
    steps = schema.whole(WHERE, "steps", found["steps"], least=batch // update.accumulate, most=MOST_STEPS)
    parameters = {name.removeprefix("parameter."): value for name, value in arrays.items() if name.startswith("parameter.")}
    states = {
        kind: {
            slot.name: _array(arrays, f"{kind}.{slot.name}", slot.shape, np.float32) for slot in slots if slot.trainable or kind == AVERAGE
        }
        for kind in update.state_names
    }
    sums = _array(arrays, "sums", (2,), np.float64)
    if not (np.isfinite(sums).all() and sums[1] >= 0) or (batch == 0 and sums.any()):
        raise CheckpointError(f"{WHERE}: the sums of its epoch are {sums.tolist()} after {batch} batches")
    known = {"sums", *(f"parameter.{name}" for name in parameters), *(f"{kind}.{name}" for kind, state in states.items() for name in state)}
    foreign = sorted(set(arrays) - known)
    if foreign:
        raise CheckpointError(f"{WHERE} holds {quoted(foreign[0])}, which training does not use")
    frozen = list(schema.items(WHERE, "frozen", found["frozen"], schema.word))
    if not {slot.name for slot in slots if slot.trainable}.issuperset(frozen):
        raise CheckpointError(f"{WHERE} freezes {quoted(frozen)}, which are not all parameters of the network")
    seconds = schema.real(WHERE, "seconds", found["seconds"], least=0)
    return Standing(steps, epoch, batch, seconds, history, sums.copy(), parameters, states, frozen)


def epoch_records(where: str, values: object) -> list[EpochRecord]:
    """The epochs of a history, from the first without a gap."""
    records = list(schema.items(where, "history", values, _epoch_record))
    for number, record in enumerate(records, 1):
        if record.epoch != number:
            raise CheckpointError(f"{where}: entry {number} of its history is of epoch {record.epoch}")
    return records


def _epoch_record(where: str, name: str, values: object) -> EpochRecord:
    place = f"{where}: an epoch of its {name}"
    known = {"figures": None, **values} if isinstance(values, dict) else values  # absent in runs from before there were any
    found = schema.record(place, known, EpochRecord._fields)
    checked: dict[str, Any] = {"epoch": schema.whole(place, "epoch", found["epoch"], least=1)}
    figures = found["figures"]
    if not isinstance(figures, dict | None):
        raise CheckpointError(f"{place}: its figures are {quoted(figures)}, but must be an object")
    checked["figures"] = figures and {name: schema.real(place, name, value) for name, value in figures.items()}
    for each in EpochRecord._fields[1:-1]:
        if found[each] is None and (each.startswith("test_") or each in SHARES):
            checked[each] = None
        else:
            checked[each] = schema.real(
                place, each, found[each], **({} if each in ANY_SIGN else {"least": 0}), **({"most": 1} if each in SHARES else {})
            )
    return EpochRecord(**checked)


def _array(arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    array = arrays.get(name)
    if array is None:
        raise CheckpointError(f"{WHERE} cannot be continued: {name} is missing")
    if array.shape != shape or array.dtype != dtype:
        raise CheckpointError(f"{WHERE}: {name} does not fit\n  file     {array.shape} {array.dtype}\n  network  {shape} {np.dtype(dtype)}")
    return array


def without_times(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a checkpoint without times, so that equal runs have equal ones."""
    kept = {name: value for name, value in numbers.items() if name != "seconds"}
    if "history" in kept:
        kept["history"] = [{name: value for name, value in record.items() if name not in MEASURED} for record in kept["history"]]
    return kept


def with_times(numbers: dict[str, Any], times: Mapping[int, Times], under_way: object) -> dict[str, Any]:
    """The inverse; 0 if a time is lost.  under_way: where an epoch was left, and how long it had taken."""
    history = numbers.get("history")
    if isinstance(history, list):
        unknown = dict.fromkeys(MEASURED, 0.0)
        history = [{**times.get(n, unknown), **record} if isinstance(record, dict) else record for n, record in enumerate(history, 1)]
    here = {name: numbers.get(name) for name in ("epoch", "batch")}
    seconds = under_way.get("seconds") if isinstance(under_way, dict) and {**under_way, **here} == under_way else 0.0
    return {"seconds": seconds, **numbers, **({} if history is None else {"history": history})}


def epoch_times(line: str) -> tuple[int, Times] | None:
    """The epoch of a line of history.jsonl, and how long it took; None if unknown."""
    try:
        found = schema.parse(line, HISTORY_LINE)
        if not isinstance(found, dict):
            return None
        return (
            schema.whole(HISTORY_LINE, "epoch", found.get("epoch"), least=1),
            {name: schema.real(HISTORY_LINE, name, found.get(name), least=0) for name in MEASURED},
        )
    except CheckpointError:
        return None
