"""A course of training: everything it uses, fixed before it begins, and the loop over epochs and batches."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minicnn import engine
from minicnn.engine.objective import Objective
from minicnn.errors import SettingError
from minicnn.losses import Loss
from minicnn.optimizers import Optimizer
from minicnn.optimizers.update import Update
from minicnn.preparation import Preparation
from minicnn.random import generator
from minicnn.train.augmentation import Augmentation
from minicnn.train.evaluation import measure
from minicnn.train.finite import loss_is_lost, weights_are_finite, wrong_image, wrong_weights
from minicnn.train.groups import Groups
from minicnn.train.intake import Held
from minicnn.train.position import Position
from minicnn.train.records import EpochRecord, ProgressRecord, Record, StartRecord
from minicnn.train.schedule import Schedule
from minicnn.train.together import check_course, warn_of_idle
from minicnn.train.turns import Turns
from minicnn.train.updates import Updates, rates

if TYPE_CHECKING:
    from minicnn.engine import AnyPlan
    from minicnn.engine.two_passes import TwoPasses
    from minicnn.network import Graph
    from minicnn.parallel import MPIRanks

REPORT_SECONDS = 0.1  # how long batches run between two progress records

Records = Generator[Record, None, None]


class Course(NamedTuple):
    """What one stream of training records uses.

    until : the last epoch
    since : the epochs before the schedule begins
    update : the optimizer, with what is around it
    ranks : that train together, if there are several
    """

    net: Graph
    optimizer: Optimizer
    rule: Schedule
    changes: Augmentation
    preparation: Preparation
    train: Held
    test: Held | None
    until: int
    since: int
    batch_size: int
    threads: int
    seed: int
    device: str
    loss: Loss
    update: Update
    ranks: MPIRanks | None = None

    def records(self, at: Position, updates: Updates, turns: Turns) -> Records:
        """Train from a position, which is updated; meanwhile other threads get an error."""
        with turns.kept():
            at.stopping = False
            begin = time.perf_counter()
            with turns.turn():
                if self.ranks is not None:
                    check_course(self.ranks, self, at, updates.state(self.update))
                plan = self._plan(updates)
                if self.ranks is not None:
                    warn_of_idle(self.ranks, plan, self.batch_size)
                plan.hold(self.train.images, self.train.labels)
                plan.warm(self.net.parameter_memory)
                if self.test is not None:
                    engine.inference_plan(
                        self.net,
                        len(self.test),
                        self.test.images.dtype == np.uint8,
                        self.preparation.scale,
                        self.preparation.shift,
                        self.threads,
                        self.device,
                    )
                wrong = wrong_weights(self.net)
            yield StartRecord(
                self.until,
                len(self.train),
                0 if self.test is None else len(self.test),
                self.batch_size,
                self.threads,
                self.net.topology.parameter_count,
                time.perf_counter() - begin,
                at.epoch,
            )
            while at.epoch <= self.until:
                yield from self._epoch(at, updates, turns, wrong)
                if self._stopping(at):
                    return
                with turns.turn(), updates.averaged(self.update):
                    record = self._close_epoch(at, wrong)
                yield record

    def _epoch(self, at: Position, updates: Updates, turns: Turns, wrong: str | None) -> Records:
        images = len(self.train)
        batches = -(-images // self.batch_size)
        order = generator(self.seed, "shuffle", at.epoch).permutation(images).astype(np.int64)
        keys = generator(self.seed, "epoch", at.epoch).integers(1 << 63, size=batches, dtype=np.int64)
        weights, answers = self.train.weights[order], self.train.answers[order]
        counts = np.add.reduceat(weights, np.arange(0, images, self.batch_size))
        groups = Groups(batches, self.update.accumulate)
        together: dict[str, Any] = {} if self.ranks is None else {"ranks": self.ranks}
        stretch = 1
        while at.batch < batches and not self._stopping(at):
            with turns.turn():
                stretch = stretch if self.ranks is None else self.ranks.from_first(stretch)
                first, stop = at.batch, min(at.batch + stretch, batches)
                moments = [self._learning_rate(at, groups.part(n)) for n in range(first, stop)]
                numbers = rates(self.update, at.steps + 1, moments, groups, first)
                plan, pixels = self._plan(updates), self.train.images
                begin = time.perf_counter()
                try:
                    plan.run(
                        self.net.parameter_memory,
                        pixels,
                        order[first * self.batch_size : stop * self.batch_size],
                        self.batch_size,
                        labels=self.train.labels,
                        keys=keys[first:stop].copy(),
                        rates=numbers,
                        scales=self._scales(groups, counts, first, stop),
                        **together,
                    )
                finally:  # Ctrl-C in a notebook as well: the parameters reflect exactly the batches that are done
                    seconds = time.perf_counter() - begin
                    done_batches = plan.done()
                    at.count(done_batches, seconds, groups.finished(first + len(done_batches)) - groups.finished(first))
                done = min(stop * self.batch_size, images)
                loss, right = self._means(at, weights[:done], answers[:done])
                self._check(at.epoch, wrong, loss)
            yield ProgressRecord(at.epoch, done, images, loss, right, at.seconds)
            stretch = max(1, int((stop - first) * REPORT_SECONDS / max(seconds, 1e-6)))

    def _close_epoch(self, at: Position, wrong: str | None) -> EpochRecord:
        """Evaluate the test images, and move on to the next epoch."""
        test_loss, test_accuracy = None, None
        images = len(self.train)
        loss, right = self._means(at, self.train.weights, self.train.answers)
        figures = None
        if self.test is not None:
            how = (self.preparation, self.threads, self.device, self.ranks and self.ranks.by_images)
            found, _ = measure(self.net, self.loss, self.test.images, self.test.labels, *how)
            test_loss, test_accuracy, figures = found.loss, found.accuracy, found.metrics
        self._check(at.epoch, wrong, loss, test_loss or 0.0, 0.0 if weights_are_finite(self.net) else math.nan)
        record = EpochRecord(
            at.epoch,
            loss,
            right,
            test_loss,
            test_accuracy,
            at.seconds,
            images / max(at.seconds, 1e-9),
            self._learning_rate(at, 0.0),
            None if figures is None or list(figures) == ["accuracy"] else figures,
        )
        if self.net.trained_on is not None:
            self.net.trained_on = replace(self.net.trained_on, epoch=at.epoch)
        at.history.append(record)
        at.begin_epoch(at.epoch + 1)
        return record

    def _stopping(self, at: Position) -> bool:
        """Whether training was asked to stop; where there are several ranks, any of them, and all agree."""
        if self.ranks is None:
            return at.stopping
        agreed = self.ranks.on_any(at.stopping)
        at.stopping = at.stopping or agreed  # who was asked meanwhile says so the next time
        return agreed

    def _scales(self, groups: Groups, counts: np.ndarray, first: int, stop: int) -> np.ndarray:
        """What the summed losses of batches first to stop - 1 are multiplied by; `counts` are the weights of each batch of the epoch."""
        return np.ones(stop - first) if self.loss.reduction == "sum" else groups.scales(counts, first, stop)

    def _means(self, at: Position, weights: np.ndarray, answers: np.ndarray) -> tuple[float, float | None]:
        """Loss and share of right answers over images of these weights and numbers of answers; None where nothing is right or wrong."""
        loss, right = (float(total) for total in at.sums)
        counts = self.loss.loops(self._objective.kind).right is not None
        return loss / max(float(weights.sum()), 1e-12), right / max(1, int(answers.sum())) if counts else None

    @property
    def _objective(self) -> Objective:
        return Objective.of(self.loss, self.train.labels)

    def _learning_rate(self, at: Position, part: float) -> float:
        """After the share `part` of the current epoch, by the schedule."""
        factor = self.rule.factor(at.epoch - self.since, part, self.until - self.since, at.history[self.since :])
        if not isinstance(factor, Real) or factor < 0:
            raise SettingError(
                f"schedule {type(self.rule).__name__}: factor is {factor!r} in epoch {at.epoch}, but must be a number, at least 0"
            )
        return self.optimizer.learning_rate * float(factor)

    def _plan(self, updates: Updates) -> AnyPlan | TwoPasses:
        return updates.plan(self.update, self.batch_size, self.threads, self.preparation, self.changes, self._objective)

    def _check(self, epoch: int, wrong: str | None, *losses: float) -> None:
        if all(map(math.isfinite, losses)):
            return
        seen = [self.train] if self.test is None else [self.train, self.test]
        image, name = next(((image, held.name) for held in seen if (image := wrong_image(held.images)) is not None), (None, ""))
        raise loss_is_lost(f"epoch {epoch}", self.optimizer.learning_rate, image, name, wrong)
