"""The training loop: a network, an optimizer, and a stream of records."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn import engine
from minicnn.engine.plan import RATES, Plan
from minicnn.errors import DataError, DeviceError, SettingError
from minicnn.geometry import whole_number
from minicnn.optimizers import SGD, Optimizer
from minicnn.processors import threads as usual_threads
from minicnn.random import generator
from minicnn.train.augmentation import Augmentation, augmentation
from minicnn.train.checkpoint import standing
from minicnn.train.evaluation import evaluate
from minicnn.train.preparation import Preparation
from minicnn.train.records import EpochRecord, EvaluationRecord, ProgressRecord, StartRecord, StepRecord
from minicnn.train.schedule import Schedule
from minicnn.train.schedule import schedule as chosen_schedule
from minicnn.train.single_values import warn_of_single_values

if TYPE_CHECKING:
    from minicnn.datasets import Dataset
    from minicnn.network import Graph

REPORT_SECONDS = 0.1   # how long a stretch of batches runs between two progress records

Record = StartRecord | ProgressRecord | EpochRecord


class Trainer:
    """Trains a network by batches.

    Parameters
    ----------
    net : Graph
        Its parameters change in place.
    optimizer : Optimizer
        SGD(learning_rate=0.05, momentum=0.9) unless given.
    batch_size : int
        Images per update.
    threads : int, optional
        Processors to use; all that the process may use unless given.  The results do not depend on it.
    device : "cpu"
    seed : int
        What the order of images, augmentation and dropout are drawn from.
    """

    def __init__(self, net: Graph, optimizer: Optimizer | None = None, batch_size: int = 128, threads: int | None = None,
                 device: str = "cpu", seed: int = 0) -> None:
        if device != "cpu":
            raise DeviceError(f"device {device!r} cannot train yet: the engine runs on 'cpu'" if device == "cuda" else
                              f"device {device!r} is not known\n  use 'cpu'")
        self.net = net
        self.classes = net.classes   # a GraphError here if the network is no classifier
        self.optimizer = optimizer or SGD()
        if not isinstance(self.optimizer, Optimizer):
            raise SettingError(f"Trainer: optimizer is {optimizer!r}, but must be one of minicnn.optimizers,"
                               f" such as SGD(learning_rate=0.05)")
        self.batch_size = whole_number("Trainer", "batch_size", batch_size, least=1)
        self.threads = usual_threads() if threads is None else whole_number("Trainer", "threads", threads, least=1)
        self.seed = whole_number("Trainer", "seed", seed, least=0)
        self.steps = 0        # updates so far
        self.epoch = 1        # the epoch under way, from 1
        self.batch = 0        # its batches so far
        self.history: list[EpochRecord] = []
        self.preparation: Preparation | None = None
        self._sums = np.zeros(2)      # loss and right answers of the epoch so far
        self._seconds = 0.0
        self._state: np.ndarray | None = None
        self._plan: Plan | None = None
        self._plan_settings: Any = None
        self._stopping = False
        self._warned = False

    def step(self, x: Any, labels: Any) -> StepRecord:
        """One update from one batch.

        Parameters
        ----------
        x : (N, C, *space) float32
        labels : (N,) int

        Returns
        -------
        StepRecord
            Mean loss before the update, right answers, images, seconds.
        """
        images = self.net.check_images("step", x)
        if not len(images):
            raise DataError("step: x holds no images, but an update needs at least one")
        if images.dtype != np.float32:
            raise SettingError("step: x is float64, but training runs in float32\n  use x.astype('float32')")
        targets = self.net.check_labels("step", labels, len(images))
        channels = self.net.input_shape[0]
        self._warned = self._warned or warn_of_single_values(self.net.topology, len(images))
        plan = self._planned(max(len(images), self.batch_size), False, [1.0] * channels, [0.0] * channels, Augmentation())
        begin = time.perf_counter()
        key = np.array([engine.dropout_key(self.seed, self.steps)], np.int64)
        rates = self._rates([self.optimizer.learning_rate])
        statistics = plan.run(self.net.parameter_memory, np.ascontiguousarray(images), np.arange(len(images)), len(images),
                              labels=np.ascontiguousarray(targets), keys=key, rates=rates)
        self.steps += 1
        loss, correct = statistics[0]
        return StepRecord(float(loss) / len(images), int(correct), len(images), time.perf_counter() - begin)

    def fit(self, train_data: Dataset, test_data: Dataset | None = None, epochs: int = 10, schedule: str | Schedule = "constant",
            augment: Iterable[str] | str = ()) -> Iterator[Record]:
        """Train for so many epochs and yield records: one StartRecord, then ProgressRecords and an EpochRecord per epoch.

        Called again, or on a restored trainer, it goes on where training stopped, `epochs` being the total.
        """
        epochs = whole_number("fit", "epochs", epochs, least=1)
        rule, changes = chosen_schedule(schedule), augmentation(augment)
        prepared = self.preparation or Preparation.of(train_data, self.net.input_shape)
        self.preparation = prepared
        images = prepared.images(train_data.images, train_data.name)
        labels = self._labels(train_data)
        test = None if test_data is None else (prepared.images(test_data.images, test_data.name), self._labels(test_data))
        if not len(images):
            raise DataError(f"{train_data.name} holds no images to train on")
        self._stopping = False
        warn_of_single_values(self.net.topology, self.batch_size, len(images) % self.batch_size)
        begin = time.perf_counter()
        plan = self._planned(self.batch_size, images.dtype == np.uint8, prepared.scale, prepared.shift, changes)
        plan.warm(self.net.parameter_memory)
        if test is not None:
            engine.inference_plan(self.net, len(test[0]), test[0].dtype == np.uint8, prepared.scale, prepared.shift, self.threads)
        compile_seconds = time.perf_counter() - begin
        yield StartRecord(epochs, len(images), 0 if test is None else len(test[0]), self.batch_size, self.threads,
                          self.net.topology.parameter_count, compile_seconds, self.epoch)
        while self.epoch <= epochs:
            yield from self._train_epoch(plan, images, labels, epochs, rule)
            if self._stopping:
                return
            result = None if test is None else evaluate(self.net, *test, prepared, self.threads)
            yield self._close_epoch(len(images), result, rule, epochs)

    def stop(self) -> None:
        """Let `fit` end after the batches under way; state is then complete, and `fit` may be called again to go on."""
        self._stopping = True

    def _train_epoch(self, plan: Plan, images: np.ndarray, labels: np.ndarray, epochs: int, rule: Schedule) -> Iterator[Record]:
        batches = -(-len(images) // self.batch_size)
        order = generator(self.seed, "shuffle", self.epoch).permutation(len(images)).astype(np.int64)
        keys = generator(self.seed, "epoch", self.epoch).integers(1 << 63, size=batches, dtype=np.int64)
        stretch = 1
        while self.batch < batches and not self._stopping:
            first, stop = self.batch, min(self.batch + stretch, batches)
            factors = [rule.factor(self.epoch, n / batches, epochs, self.history) for n in range(first, stop)]
            rates = self._rates([self.optimizer.learning_rate * factor for factor in factors])
            begin = time.perf_counter()
            statistics = plan.run(self.net.parameter_memory, images, order[first * self.batch_size:stop * self.batch_size], self.batch_size,
                                  labels=labels, keys=keys[first:stop].copy(), rates=rates)
            seconds = time.perf_counter() - begin
            self._seconds += seconds
            for each in statistics:   # one by one, so that the sum does not depend on the stretches
                self._sums += each
            self.batch = stop
            self.steps += stop - first
            done = min(stop * self.batch_size, len(images))
            loss, right = self._sums / done
            yield ProgressRecord(self.epoch, done, len(images), float(loss), float(right), self._seconds)
            stretch = max(1, int((stop - first) * REPORT_SECONDS / max(seconds, 1e-6)))

    def _close_epoch(self, images: int, result: EvaluationRecord | None, rule: Schedule, epochs: int) -> EpochRecord:
        loss, right = self._sums / images
        rate = self.optimizer.learning_rate * rule.factor(self.epoch, 0.0, epochs, self.history)
        record = EpochRecord(self.epoch, float(loss), float(right), None if result is None else result.loss,
                             None if result is None else result.accuracy, self._seconds, images / max(self._seconds, 1e-9), rate)
        self.history.append(record)
        self.epoch += 1
        self.batch = 0
        self._sums = np.zeros(2)
        self._seconds = 0.0
        return record

    def _labels(self, data: Dataset) -> np.ndarray:
        if len(data.labels) and int(data.labels.max()) >= self.classes:
            raise DataError(f"{data.name} has {len(data.classes)} classes, but {self.net.name} tells {self.classes} apart"
                            f"\n  build it with classes={len(data.classes)}")
        return np.ascontiguousarray(data.labels, dtype=np.int64)

    def _rates(self, learning_rates: list[float]) -> np.ndarray:
        """The optimizer's numbers for the next updates, one row each."""
        rows = np.zeros((len(learning_rates), RATES))
        for n, (row, rate) in enumerate(zip(rows, learning_rates, strict=True)):
            numbers = self.optimizer.rates(self.steps + n + 1, rate)
            row[:len(numbers)] = numbers
        return rows

    def _planned(self, batch: int, uint8: bool, scale: list[float], shift: list[float], augment: Augmentation) -> Plan:
        settings = (batch, uint8, tuple(scale), tuple(shift), augment)
        if self._plan is None or self._plan_settings != settings:
            state = self.optimizer_state()
            topology = self.net.topology
            self._plan = engine.build_plan(topology, topology.memory_size, batch, self.threads, training=True, uint8=uint8, scale=scale,
                                           shift=shift, optimizer=self.optimizer.kind, shifts=augment.shift, flips=augment.flip)
            self._plan_settings = settings
            self._plan.state()[...] = state
            self._state = self._plan.state()
        return self._plan

    def optimizer_state(self) -> np.ndarray:
        """What the optimizer remembers: (kinds, memory size) float32, rows laid out like the parameters."""
        if self._state is None:
            self._state = np.zeros((len(self.optimizer.state_names), self.net.topology.memory_size), np.float32)
        return self._state

    def checkpoint(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Everything needed to go on: arrays by name, and numbers that JSON can hold."""
        arrays = {f"parameter.{name}": value for name, value in self.net.arrays.items()}   # buffers too
        for kind, row in zip(self.optimizer.state_names, self.optimizer_state(), strict=True):
            arrays |= {f"{kind}.{name}": value for name, value in self.net.views(row).items()}
        arrays["sums"] = self._sums
        numbers = {"steps": self.steps, "epoch": self.epoch, "batch": self.batch, "seconds": self._seconds,
                   "optimizer": self.optimizer.kind, "history": [record._asdict() for record in self.history]}
        return arrays, numbers

    def restore(self, arrays: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        """Take over what `checkpoint` gave: training goes on as if it had never stopped."""
        found = standing(arrays, numbers, self.net.slots, self.optimizer.kind, self.optimizer.state_names)
        self.net.adopt(found.parameters, "the checkpoint")
        for kind, row in zip(self.optimizer.state_names, self.optimizer_state(), strict=True):
            for name, view in self.net.views(row).items():
                view[...] = found.states[kind][name]
        self.steps, self.epoch, self.batch, self._seconds, self.history, self._sums = found[:6]
