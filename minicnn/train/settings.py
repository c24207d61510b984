"""What decides the outcome of a run: every setting, its default, and which may change when a run is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from minicnn import losses
from minicnn.errors import CheckpointError, SettingError, quoted, suggestion
from minicnn.initializers import checked as initializer
from minicnn.losses import Loss, SoftmaxCrossEntropy
from minicnn.losses.base import build_loss
from minicnn.optimizers import OPTIMIZERS, SGD, USUAL, AdamW, Optimizer, RMSprop
from minicnn.optimizers.base import ALL
from minicnn.optimizers.update import checked_update
from minicnn.recipe import Recipe
from minicnn.train.augmentation import CHANGES, augmentation
from minicnn.train.loss_setting import chosen_loss
from minicnn.train.schedule import SCHEDULES, Schedule
from minicnn.train.schedule import schedule as chosen_schedule
from minicnn.train.settings_check import check_values

DEFAULT_DATA = "digits"
DEFAULT_BATCH_SIZE = 128
DEFAULT_OPTIMIZERS: dict[str, Optimizer] = {  # unless the recipe has another
    "sgd": SGD(weight_decay=5e-4),
    USUAL.kind: USUAL,
    "adamw": AdamW(learning_rate=USUAL.learning_rate),
    "rmsprop": RMSprop(),
}
DEFAULT_SCHEDULE = "cosine"
DEFAULT_EPOCHS = 10
DEFAULT_EPOCHS_OF_FEW_IMAGES = 40
FEW_IMAGES = 10_000  # with fewer training images, epochs are short and there are more of them

SWITCHES = ("nesterov",)  # settings of optimizers that are options of the command line, and are kept with the others
NAMED = ("learning_rate", "momentum", "weight_decay")  # settings of optimizers that a run has by these names
BEFORE: dict[str, Any] = {  # in runs from before there was a choice
    "select_on_test": False,
    "size": None,
    "optimizer_settings": {},
    "decay": ALL,
    "clip_norm": None,
    "accumulate": 1,
    "ema": None,
    "warmup": 0.0,
    "patience": None,
    "init": None,
    "loss": {},
    "weights": None,
    "weights_sha256": None,
    "freeze": (),
    "architecture": None,
}
FREE_TO_CHANGE = ("epochs", "data_dir")  # when a run is resumed


CONVERTED = "converted"  # instead of settings, in a folder with the weights of others


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run, all resolved.

    momentum : None if the optimizer has none
    optimizer_settings : what else the optimizer has, by name
    augment : as text, "" for none
    validation : share of the training images held out, 0 for none
    select_on_test : keep the weights of the epoch that was best on the test images
    size : rows and columns that the images are brought to, as in "16x16"; None for those of the network
    decay, clip_norm, accumulate, ema : as for `Optimizer` and `Trainer`
    warmup : epochs within which the learning rate rises to that of the schedule
    patience : epochs without a better one on the held-out images after which training ends
    init : what weights start from, see `minicnn.initializers`; None for the usual
    loss : as `Loss.describe` gives it; {} for that of the network's recipe, else softmax cross-entropy
    weights, weights_sha256 : a run or file whose weights it starts with, as far as they fit, and the digest of that file
    freeze : names and patterns of what keeps its weights, see `Graph.freeze`
    architecture : a network that is not in the zoo, as `Graph.architecture` gives it
    """

    network: str
    data: str
    data_dir: str | None
    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    momentum: float | None
    weight_decay: float
    schedule: str
    augment: str
    validation: float
    seed: int
    select_on_test: bool = False
    size: str | None = None
    optimizer_settings: dict[str, float] = field(default_factory=dict)
    decay: str = ALL
    clip_norm: float | None = None
    accumulate: int = 1
    ema: float | None = None
    warmup: float = 0.0
    patience: int | None = None
    init: str | None = None
    loss: dict[str, Any] = field(default_factory=dict)
    weights: str | None = None
    weights_sha256: str | None = None
    freeze: tuple[str, ...] = ()
    architecture: dict[str, Any] | None = None

    @classmethod
    def completed(cls, given: Mapping[str, Any], train_images: int, recipe: Recipe | None = None) -> RunSettings:
        """From the user's settings (None or absent: not given), the network's recipe, and the number of training images.

        Raises
        ------
        SettingError
            If a setting belongs to another optimizer, or an augmentation is not known.
        """
        said = {name: value for name, value in given.items() if value is not None}
        recipe = recipe or Recipe(USUAL, (), DEFAULT_SCHEDULE, DEFAULT_BATCH_SIZE)
        kind = said.get("optimizer", recipe.optimizer.kind)
        optimizer = recipe.optimizer if kind == recipe.optimizer.kind else default_optimizer(kind)
        own = optimizer.settings()
        if "momentum" in said and "momentum" not in own:
            raise SettingError(
                f"momentum is a setting of sgd and rmsprop, but the optimizer is {kind}\n  leave it out, or choose the optimizer sgd"
            )
        if "nesterov" in said and "nesterov" not in own:
            raise SettingError(f"nesterov is a setting of sgd, but the optimizer is {kind}\n  leave it out, or choose the optimizer sgd")
        data = said.get("data", default_data(recipe))
        outcome = recipe.on(data)
        defaults = {
            "data": data,
            "data_dir": None,
            "epochs": outcome.epochs if outcome else recipe.epochs or default_epochs(train_images),
            "batch_size": recipe.batch_size,
            "optimizer": kind,
            "learning_rate": optimizer.learning_rate,
            "momentum": own.get("momentum"),
            "optimizer_settings": {name: value for name, value in own.items() if name not in NAMED} | _switches(said),
            "decay": optimizer.decay,
            "weight_decay": optimizer.weight_decay,
            "schedule": recipe.schedule,
            "augment": recipe.augment,
            "warmup": recipe.warmup,
            "clip_norm": recipe.clip_norm,
            "ema": recipe.ema,
            "init": recipe.init,
            "validation": 0.0,
            "seed": 0,
            "size": "x".join(map(str, outcome.size)) if outcome and outcome.size else None,
        }
        if said.get("validation") and said.get("select_on_test"):
            raise SettingError(
                "the weights are chosen by held-out images or by the test images, not by both\n  leave out --validation or --select-on-test"
            )
        loss = chosen_loss(said.pop("loss", None), said.pop("label_smoothing", None), recipe.loss)
        settings = cls(**{**defaults, "loss": loss, **{name: value for name, value in said.items() if name not in SWITCHES}})
        if settings.patience is not None and not settings.validation:
            raise SettingError("patience needs images that are not trained on\n  use --validation 0.1, or leave out --patience")
        settings.check_update()
        init = settings.init and initializer("train", settings.init)
        return replace(settings, augment=augmentation(settings.augment).words, init=init)

    def continued(self, given: Mapping[str, Any]) -> RunSettings:
        """These settings for a resumed run: `given` may raise the epochs and move the data, and must agree otherwise.

        Raises
        ------
        SettingError
            If a setting contradicts the run.
        """
        said = {name: value for name, value in given.items() if value is not None}
        if "augment" in said:
            said["augment"] = augmentation(said["augment"]).words
        if "init" in said:
            said["init"] = initializer("train", said["init"])
        if "loss" in said or "label_smoothing" in said:
            usual = self.loss or SoftmaxCrossEntropy().describe()
            said["loss"] = chosen_loss(said.get("loss"), said.pop("label_smoothing", None), usual)
            said["loss"] = self.loss if said["loss"] == usual else said["loss"]
        if _switches(said):
            said["optimizer_settings"] = self.optimizer_settings | _switches(said)
            said = {name: value for name, value in said.items() if name not in SWITCHES}
        for name, value in said.items():
            started = getattr(self, name)
            if name not in FREE_TO_CHANGE and value != started:
                if name == "loss":
                    was, wanted = (repr(build_loss(each)) if each else SoftmaxCrossEntropy.kind() + "()" for each in (started, value))
                else:
                    was, wanted = (f"{each!r}" if isinstance(each, str) else f"{each}" for each in (started, value))
                raise SettingError(
                    f"a resumed run keeps its {name.replace('_', ' ')}: it was started with {was}, but gets {wanted}"
                    f"\n  leave the setting out, or start a new run"
                )
        if said.get("epochs", self.epochs) < self.epochs:
            raise SettingError(
                f"a resumed run can only have its epochs raised: it was started for {self.epochs}, but gets {said['epochs']}"
            )
        return replace(self, **{name: said[name] for name in FREE_TO_CHANGE if name in said})

    @property
    def image_size(self) -> tuple[int, ...] | None:
        """Rows and columns that the images are brought to; None for those of the network."""
        return tuple(int(part) for part in self.size.split("x")) if self.size else None

    @property
    def chooses(self) -> bool:
        """Whether the weights of the best epoch are kept; otherwise those of the last."""
        return self.validation > 0 or self.select_on_test

    def make_optimizer(self) -> Optimizer:
        """The optimizer they describe."""
        momentum = {} if self.momentum is None else {"momentum": self.momentum}
        named = {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}
        decay = {} if self.decay == ALL else {"decay": self.decay}
        return OPTIMIZERS[self.optimizer](**named, **momentum, **decay, **self.optimizer_settings)  # type: ignore[arg-type]

    @property
    def around_update(self) -> dict[str, Any]:
        """What a `Trainer` is told of the updates besides the optimizer."""
        return {"clip_norm": self.clip_norm, "accumulate": self.accumulate, "ema": self.ema}

    def make_loss(self) -> Loss | None:
        """The loss they describe; None for that of the network's recipe."""
        return build_loss(self.loss) if self.loss else None

    def make_schedule(self) -> str | Schedule:
        """The schedule they describe."""
        return chosen_schedule(self.schedule, self.warmup)

    def check_update(self) -> None:
        """A SettingError if the optimizer, the schedule, or what is around an update is out of range."""
        checked_update(self.make_optimizer(), **self.around_update)
        self.make_schedule()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: object, source: str, to_train: bool = True) -> RunSettings:
        """The inverse of `to_json`; a CheckpointError naming `source` if something is missing, foreign or out of range.

        to_train : False to tell what a run was, for which its own optimizer, schedule, loss and changes of images need not be known
        """
        names = [field.name for field in fields(cls)]
        if values == CONVERTED:
            raise CheckpointError(
                f"{source} has weights, but no settings of a training: it was converted"
                f"\n  to train with its weights: minicnn train NETWORK --weights {source}"
            )
        if isinstance(values, dict):
            values = {**BEFORE, **values}
        if not isinstance(values, dict) or sorted(values) != sorted(names):
            raise CheckpointError(f"{source}: its settings must be {', '.join(names)}")
        check_values(values, source, to_train)
        settings = cls(**{**values, "freeze": tuple(values["freeze"])})
        try:
            if to_train or (settings.optimizer in OPTIMIZERS and settings.schedule in SCHEDULES):
                settings.check_update()
            if settings.loss and (to_train or settings.loss["type"] in losses.LOSSES):
                settings = replace(settings, loss=build_loss(settings.loss).describe())
            if to_train or all(word.partition("=")[0] in CHANGES for word in settings.augment.split(",")):
                augmentation(settings.augment)
            if settings.init is not None:
                initializer(source, settings.init)
        except (SettingError, TypeError) as error:  # TypeError: a momentum for an optimizer without one
            raise CheckpointError(f"{source}: its settings do not fit: {error}") from error
        return settings


def _switches(said: Mapping[str, Any]) -> dict[str, bool]:
    """Those settings among the user's."""
    return {name: said[name] for name in SWITCHES if said.get(name) is not None}


def default_optimizer(kind: str) -> Optimizer:
    """The optimizer of a run that chooses it by name alone."""
    if kind not in OPTIMIZERS:
        raise SettingError(f"optimizer {quoted(kind)} is not one of {', '.join(OPTIMIZERS)}{suggestion(kind, OPTIMIZERS)}")
    return DEFAULT_OPTIMIZERS.get(kind) or OPTIMIZERS[kind]()  # type: ignore[call-arg]   # its own learning rate


def default_data(recipe: Recipe | None) -> str:
    """The default data set of a run: the first of its recipe."""
    return recipe.outcomes[0].data if recipe and recipe.outcomes else DEFAULT_DATA


def default_epochs(train_images: int) -> int:
    """Default passes over so many images, without a recipe."""
    return DEFAULT_EPOCHS_OF_FEW_IMAGES if train_images < FEW_IMAGES else DEFAULT_EPOCHS
