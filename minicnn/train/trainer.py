"""The training loop: a network, an optimizer, and a stream of records."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from minicnn import engine
from minicnn.engine.objective import Objective
from minicnn.errors import DataError, GraphError, SettingError, quoted
from minicnn.geometry import shape_text, whole_number
from minicnn.losses import NUMBERS, Loss, SoftmaxCrossEntropy
from minicnn.losses.base import build_loss
from minicnn.losses.function import LossFunction, as_loss
from minicnn.network import Graph
from minicnn.optimizers import USUAL, Optimizer
from minicnn.optimizers.update import AVERAGE, Update, checked_update
from minicnn.preparation import BYTES, FLOATS, Preparation
from minicnn.processors import thread_count
from minicnn.train import position
from minicnn.train.augmentation import Augmentation, augmentation
from minicnn.train.checkpoint import standing
from minicnn.train.course import Course
from minicnn.train.examination import MISTAKES, Examination, examination
from minicnn.train.finite import loss_is_lost, wrong_image
from minicnn.train.fitting import Parts, follow
from minicnn.train.history import History
from minicnn.train.intake import PAIR, Data, Held, as_dataset, class_names
from minicnn.train.known_batches import KnownBatches
from minicnn.train.position import Position
from minicnn.train.prediction import making
from minicnn.train.progress import Progress
from minicnn.train.rate_range import HIGHEST, LOWEST, UPDATES, RateCurve, find_rate
from minicnn.train.records import EpochRecord, Record, StepRecord
from minicnn.train.schedule import Schedule
from minicnn.train.schedule import schedule as chosen_schedule
from minicnn.train.single_values import warn_of_single_values
from minicnn.train.together import Parallel, joined, updates_of
from minicnn.train.turns import Turns
from minicnn.trained_on import TrainedOn

if TYPE_CHECKING:
    from minicnn.datasets import Dataset

AS_THEY_ARE = Augmentation()


class Trainer:
    """Trains a network by batches.  It belongs to one thread: another that uses it at the same time gets a SettingError.

    Parameters
    ----------
    net : Graph
        Its parameters change in place, and it keeps the preparation of its images by `fit`.
    optimizer : Optimizer
        By default that of the network's recipe (`net.recipe`, set for networks of the zoo), else Adam(learning_rate=0.003).
    loss : Loss or function, optional
        One of minicnn.losses, or of your own; by default that of the network's recipe, else SoftmaxCrossEntropy().  A function gives
        (loss, dy) for (y, target), see `minicnn.losses.FunctionLoss`.
    batch_size : int
        Images per update.
    threads : int, optional
        Processors to use; by default all that are available.  The results do not depend on it.
    device : "cpu", "cuda", or "cuda:1" for the second device
        Where batches run.  On a CUDA device parameters, optimizer and images live there; `net.parameters` follow at the end of every
        call of the trainer.  The same masks and the same order of images as on the CPU; sums in another order.
    seed : int
        For the order of images, augmentation, dropout and held-out images.
    clip_norm : float, optional
        The gradient of all parameters together is shortened where its Euclidean norm is larger, as PyTorch's `clip_grad_norm_` does.
    accumulate : int
        So many batches make one update, as one batch of all their images would; an epoch's last update may have fewer.  Batch
        normalization still takes the statistics of each batch.  The schedule moves with the updates.
    ema : float, optional
        Decay of an exponential moving average of the weights and running statistics over the updates, such as 0.999; at first it
        is shorter, see `minicnn.optimizers.Update`.  The averaged weights are evaluated, chosen and kept: `fit` ends with them.
    parallel : "data" or "model", or what `minicnn.parallel.ranks` gives for some of them, optional
        Train together with the other ranks that `mpiexec` has started, see `minicnn.parallel`.  The network gets the weights of rank 0,
        as in PyTorch's DistributedDataParallel; unlike there, every rank makes the same calls with the same arguments, whole batches
        among them, of which it computes its part, and every rank gets the same records and weights.

    Raises
    ------
    GraphError
        If the network's output cannot serve the loss: softmax cross-entropy needs at least two classes.
    DeviceError
        If there is no such device.
    """

    def __init__(
        self,
        net: Graph,
        optimizer: Optimizer | None = None,
        loss: Loss | LossFunction | None = None,
        batch_size: int = 128,
        threads: int | None = None,
        device: str = engine.CPU,
        seed: int = 0,
        *,
        clip_norm: float | None = None,
        accumulate: int = 1,
        ema: float | None = None,
        parallel: Parallel = None,
    ) -> None:
        self.device = engine.checked_device(device)
        if not isinstance(net, Graph):
            raise SettingError(
                f"Trainer: net is {quoted(net)}, but must be a Graph"
                f"\n  as in minicnn.zoo.build('lenet'), or minicnn.Graph(layers, input_shape)"
            )
        if None in net.input_shape:
            raise GraphError(
                f"Trainer: {net.name} takes images of {shape_text(net.input_shape)}, but is trained at one size"
                f"\n  use Trainer(net.sized({tuple(size or 64 for size in net.input_shape)}), ...), whose parameters are those of all sizes"
            )
        self.net = net
        self.loss: Loss = usual_loss(net) if loss is None else as_loss("Trainer", loss)
        self.loss.check(net.name, net.output_shape, net.input_shape)
        self.classes = self.loss.classes(net.output_shape)
        self.optimizer = optimizer or (net.recipe.optimizer if net.recipe else USUAL)
        if not isinstance(self.optimizer, Optimizer):
            raise SettingError(
                f"Trainer: optimizer is {optimizer!r}, but must be one of minicnn.optimizers, such as SGD(learning_rate=0.05)"
            )
        self.batch_size = whole_number("Trainer", "batch_size", batch_size, least=1)
        self.ranks = joined(parallel, net, self.device)
        self.threads = self.ranks.threads() if self.ranks and threads is None else thread_count("Trainer", threads)
        self.seed = whole_number("Trainer", "seed", seed, least=0)
        self.clip_norm, self.accumulate, self.ema = clip_norm, accumulate, ema
        self.update  # noqa: B018   # checks them
        self._raw = Preparation.none(net.input_shape)
        self._at = Position()
        self._updates = updates_of(net, self.device, self.ranks)
        self._known = KnownBatches()
        self._turns = Turns()
        self._warned = False  # of a step of a single image

    @property
    def update(self) -> Update:
        """The optimizer with what is around it."""
        return checked_update(*self._around)

    @property
    def _around(self) -> tuple[Any, ...]:
        return self.optimizer, self.clip_norm, self.accumulate, self.ema

    @property
    def _together(self) -> dict[str, Any]:
        """What the engine is told of other ranks."""
        return {"ranks": self.ranks} if self.ranks else {}

    @property
    def steps(self) -> int:
        """Updates so far."""
        return self._at.steps

    @property
    def epoch(self) -> int:
        """The current epoch, from 1."""
        return self._at.epoch

    @property
    def batch(self) -> int:
        """Finished batches of the current epoch."""
        return self._at.batch

    @property
    def seconds(self) -> float:
        """Their time, training alone."""
        return self._at.seconds

    @property
    def history(self) -> list[EpochRecord]:
        """A record of each finished epoch."""
        return self._at.history

    @property
    def preparation(self) -> Preparation | None:
        """How the network's images are prepared; None before training."""
        return self.net.preparation

    def step(self, x: ArrayLike, labels: ArrayLike) -> StepRecord:
        """One update from one batch of prepared images, whatever `accumulate` says.

        Parameters
        ----------
        x : (N, C, *space) float32
        labels : (N,) integers, or what else the loss compares outputs with

        Returns
        -------
        StepRecord
            Mean loss before the update, correct answers (None where nothing is right or wrong), images, seconds.

        Raises
        ------
        SettingError
            If the loss is no longer a number.
        """
        settings = (self.net, self.net.topology, self.loss, *self._around, self.batch_size, self.threads)
        step: Any = self._known.find(settings, self._updates.current, x, labels)
        images, targets = self._checked(x, labels) if step is None else (np.ascontiguousarray(x), None)
        with self._turns.turn():
            if self.batch % self.accumulate:
                raise SettingError(
                    f"step: epoch {self.epoch} was interrupted after {self.batch} batches, inside an update of {self.accumulate}"
                    f"\n  continue it with 'stream', or call 'fit', which restarts the epoch"
                )
            if targets is not None:
                update, most, objective = self.update, max(len(images), self.batch_size), Objective.of(self.loss, targets)
                plan = self._updates.plan(update, most, self.threads, self._raw, AS_THEY_ARE, objective)
                step = self._known.step(settings, update, plan, objective, (x, labels), len(images), self._together)
                step.take(targets)
            elif not step.hold(labels):
                step.take(self._targets(labels, len(images)))
            weight = self.loss.total_weight(step.labels)
            self.loss.check_weight("step", weight, len(images))
            begin, scale = time.perf_counter(), self.loss.scale(weight)
            key = engine.dropout_key(self.seed, self.steps) if step.draws else 0
            step.prepare(key, self._known.update.numbers(self.steps + 1, self.optimizer.learning_rate), scale)
            try:
                step(self.net.parameter_memory, images)
            finally:
                done = step.plan.done()
                self._at.steps += len(done)
            loss, correct = done[0].tolist()
            if not math.isfinite(loss):
                raise loss_is_lost(
                    f"step {self.steps}", self.optimizer.learning_rate, wrong_image(images), "x", None if self.steps > 1 else "them"
                )  # the first step's loss comes before any update
            return StepRecord(loss * scale, int(correct) if step.judges else None, len(images), time.perf_counter() - begin)

    def _checked(self, x: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """The images and targets of a step, contiguous."""
        images = self.net.check_images("step", x)
        if not len(images):
            raise DataError("step: x holds no images, but an update needs at least one")
        if images.dtype != np.float32:
            raise SettingError("step: x is float64, but training runs in float32\n  use x.astype('float32')")
        targets = self._targets(labels, len(images))
        self._warned = self._warned or warn_of_single_values(self.net.topology, len(images))
        return np.ascontiguousarray(images), targets

    def _targets(self, labels: ArrayLike, images: int) -> np.ndarray:
        """The targets of a step."""
        targets = self.net.check_labels("step", labels, images, self.loss)
        return targets.astype(np.float32) if targets.dtype == np.float64 else targets

    def fit(
        self,
        train: Data,
        test: Data | None = None,
        epochs: int = 10,
        *,
        validation: float | Data | None = None,
        schedule: str | Schedule = "constant",
        warmup: float = 0.0,
        augment: Iterable[str] | str | Augmentation = (),
        patience: int | None = None,
        progress: Progress = None,
    ) -> History:
        """Train for so many epochs; another call trains as many more.  An interrupted epoch is restarted.

        Parameters
        ----------
        train, test : Dataset, or a pair (images, labels)
            Labels are integers of any width.  The test images are evaluated, but choose nothing: the weights of the last epoch
            stay, unless images are held out.
        epochs : int
            Times through the training images, from here on; the schedule spans them.
        validation : float, or as `test`
            A share of the training images to hold out, or other images: the network ends with the weights of the epoch that was
            best on them, and the test images are evaluated once, at the end.
        schedule : str or Schedule
            "constant", "step", "plateau", "cosine", "cosine-restarts" or "one-cycle".
        warmup : float
            Epochs within which the learning rate rises in a line to that of the schedule, such as 0.5.
        augment : words as "shift", "rotate=10,elastic", or changes of `minicnn.train.augmentation`, in any order
        patience : int, optional
            Stop when validation has not improved for so many epochs.
        progress : function, optional
            Called with every record.  False: silence.  None: a bar on a terminal (stderr) and in a notebook.

        Returns
        -------
        History
            A record for each epoch, the best, and the final test result; prints as a table.

        Raises
        ------
        DataError, ShapeError
            If the data do not fit the network.
        SettingError
            If the loss or the weights are no longer numbers, or a setting is out of range.
        """
        with self._turns.turn():
            epochs = whole_number("fit", "epochs", epochs, least=1)
            rule, parts, since = chosen_schedule(schedule, warmup), Parts.of(self, train, test, validation), self.epoch - 1
            self._at.begin_epoch(self.epoch)
            return follow(
                self, parts, patience, progress, lambda: self._stream(parts.train, parts.watched, since + epochs, rule, augment, since)
            )

    def stream(
        self,
        train: Data,
        test: Data | None = None,
        *,
        until_epoch: int,
        schedule: str | Schedule = "constant",
        warmup: float = 0.0,
        augment: Iterable[str] | str | Augmentation = (),
    ) -> Generator[Record, None, None]:
        """Train up to an epoch and yield records: one StartRecord, then ProgressRecords and an EpochRecord per epoch.

        The same as `fit` for those who display progress themselves.  `until_epoch` and the schedule count from the very first
        epoch, so that a stream that continues a stopped one, also on a restored trainer, ends with the same bits as one that never
        stopped.
        """
        with self._turns.turn():
            until = whole_number("stream", "until_epoch", until_epoch, least=1)
            data, tested = (
                as_dataset("train", train, self.net, self.loss),
                None if test is None else as_dataset("test", test, self.net, self.loss),
            )
            return self._stream(data, tested, until, chosen_schedule(schedule, warmup), augment, 0)

    def stop(self) -> None:
        """Let training end after the current batches; its state is then complete, and it may continue later.  Any thread may call it."""
        self._at.stopping = True

    def find_rate(self, data: Data, lowest: float = LOWEST, highest: float = HIGHEST, updates: int = UPDATES) -> RateCurve:
        """The learning rate range test: train a copy of the network while the rate grows from `lowest` to `highest`.

        The network, the optimizer's state and the position of training stay as they are.

        Returns
        -------
        RateCurve
            Rates with smoothed losses, the rate at which the loss falls fastest, and a tenth of that at which it is lowest (`suggestion`).

        Raises
        ------
        DataError, ShapeError
            If the data do not fit the network.
        SettingError
            If a rate is out of range, or the loss is lost at the lowest.
        """
        with self._turns.turn():
            return find_rate(self, data, lowest, highest, updates)

    def evaluate(self, data: Data, *, mistakes: int = MISTAKES) -> Examination:
        """Loss, metrics and confusion matrix over a Dataset or a pair (images, labels), prepared as the training images were.

        With at most so many `mistakes`: the images that are answered worst.

        Raises
        ------
        DataError, ShapeError
            If the data do not fit the network, or scores are not finite.
        """
        with self._turns.turn():
            checked = as_dataset("data", data, self.net, self.loss)
            images, preparation = self.net.prepared(checked.name, checked.images)
            names = class_names(checked, self.classes)
            how = (self.threads, self.device, mistakes, self.ranks and self.ranks.by_images)
            return examination(self.net, self.loss, images, checked.labels, preparation, names, checked.name, *how)

    def predict(self, images: ArrayLike) -> Any:
        """What the network says of images as the data set holds them: probabilities, numbers or boxes, see `Graph.predict`."""
        with self._turns.turn():
            return self.net.predict(images, self.threads, self.device)

    def prepare(self, data: Dataset) -> Preparation:
        """How training images become the network's input: as stored with the network, else by the statistics of `data`.

        It is then stored with the network, as are the names of the classes.
        """
        known = self.net.trained_on
        unit = BYTES if data.images.dtype == np.uint8 else FLOATS
        preparation = known.preparation if known and known.preparation.unit == unit else Preparation.of(data, self.net.input_shape)
        name = data.name if data.origin != PAIR and str(data.name).isprintable() else "custom"
        names = () if data.target == NUMBERS else class_names(data, self.classes)
        self.net.trained_on = TrainedOn(preparation, names, data.input_shape, name, self.epoch - 1, self.loss, making(data))
        return preparation

    def _stream(
        self,
        data: Dataset,
        tested: Dataset | None,
        until: int,
        rule: Schedule,
        augment: Iterable[str] | str | Augmentation,
        since: int,
    ) -> Generator[Record, None, None]:
        """Check and hold everything now; train when the records are requested.  The schedule starts after epoch `since`."""
        objective = Objective.of(self.loss, data.labels)
        changes = augmentation(augment).checked(self.net.input_shape, objective)
        changes.warn(str(data.name))
        batch_size, threads = whole_number("Trainer", "batch_size", self.batch_size, least=1), thread_count("Trainer", self.threads)
        if not np.isfinite((*data.mean, *data.std)).all() and (wrong := wrong_image(data.images)) is not None:
            raise loss_is_lost(f"epoch {self.epoch}", self.optimizer.learning_rate, wrong, data.name, None)
        preparation = self.prepare(data)
        train, test = Held(data, preparation, self.loss), None if tested is None else Held(tested, preparation, self.loss)
        if self.batch > -(-len(train) // batch_size):
            raise DataError(
                f"epoch {self.epoch} was interrupted after {self.batch} batches, more than {data.name} makes"
                f"\n  continue with the data it was begun with, or call 'fit', which restarts the epoch"
            )
        warn_of_single_values(self.net.topology, batch_size, len(train) % batch_size)
        course = Course(
            self.net,
            self.optimizer,
            rule,
            changes.fitted(train.images),
            preparation,
            train,
            test,
            until,
            since,
            batch_size,
            threads,
            self.seed,
            self.device,
            self.loss,
            self.update,
            self.ranks,
        )
        return course.records(self._at, self._updates, self._turns)

    def optimizer_state(self) -> np.ndarray:
        """A copy of the optimizer's state: (kinds, memory size) float32, rows laid out like the parameters.

        The gradient of an update under way and the average of the weights are the last rows, where there are such.
        """
        return self._updates.state(self.update).copy()

    def evaluated_weights(self) -> np.ndarray:
        """A copy of the weights that are evaluated after an epoch, laid out like `net.parameter_memory`: their average with `ema`."""
        with self._turns.turn():
            return self._updates.evaluated(self.update)

    def checkpoint(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Everything needed to continue: arrays by name, and JSON values."""
        with self._turns.turn():
            return position.write(self.net, self.update, self._updates.state(self.update), self._at)

    def restore(self, arrays: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        """Restore what `checkpoint` returned: training continues as if it had never stopped.

        Raises
        ------
        CheckpointError
            If something is missing, unknown, of another shape, type or range, or from another optimizer; then nothing has changed.
        """
        with self._turns.turn():
            found = standing(arrays, numbers, self.net.slots, update := self.update)
            self.net.adopt(found.parameters, "the checkpoint")
            self.net.refreeze(found.frozen)
            state = np.zeros((len(update.state_names), self.net.topology.memory_size), np.float32)
            for kind, row in zip(update.state_names, state, strict=True):
                for name, view in self.net.views(row, buffers=kind == AVERAGE).items():
                    view[...] = found.states[kind][name]
            self._updates.set_state(update, state)
            self._at = Position(found.steps, found.epoch, found.batch, found.sums, found.seconds, found.history)


def usual_loss(net: Graph) -> Loss:
    """The loss of a network's recipe; softmax cross-entropy without one."""
    return build_loss(net.recipe.loss) if net.recipe and net.recipe.loss else SoftmaxCrossEntropy()
