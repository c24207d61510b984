"""What decides the outcome of a run: every setting, its default, and which of them may change when a run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from minicnn import schema
from minicnn.errors import CheckpointError, SettingError, quoted
from minicnn.optimizers import OPTIMIZERS, SGD, Adam, Optimizer
from minicnn.train.augmentation import augmentation
from minicnn.train.schedule import SCHEDULES

DEFAULT_DATA = "digits"
DEFAULT_BATCH_SIZE = 128
DEFAULT_OPTIMIZER = "sgd"
DEFAULT_LEARNING_RATES = {"sgd": SGD.learning_rate, "adam": Adam.learning_rate}
DEFAULT_WEIGHT_DECAYS = {"sgd": 5e-4, "adam": 0.0}
DEFAULT_MOMENTUM = SGD.momentum
DEFAULT_SCHEDULE = "cosine"
DEFAULT_EPOCHS = 10
DEFAULT_EPOCHS_OF_FEW_IMAGES = 40
FEW_IMAGES = 10_000   # training images below which an epoch is so short that there are more of them

FREE_TO_CHANGE = ("epochs", "data_dir")   # when a run goes on


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run, all of them settled.

    momentum : None where the optimizer has none
    augment : words of `augmentation`, "" for none
    validation : share of the training images held out, 0 for none
    select_on_test : keep the weights of the epoch that was best on the test images
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

    @classmethod
    def completed(cls, given: Mapping[str, Any], train_images: int) -> RunSettings:
        """From what the user gave (None or absent: not given) and the number of training images.

        Raises
        ------
        SettingError
            If a setting belongs to another optimizer, or an augmentation is not known.
        """
        said = {name: value for name, value in given.items() if value is not None}
        optimizer = said.get("optimizer", DEFAULT_OPTIMIZER)
        if "momentum" in said and optimizer != "sgd":
            raise SettingError(f"momentum is a setting of sgd, but the optimizer is {optimizer}\n  leave one of them out")
        defaults = {
            "data": DEFAULT_DATA, "data_dir": None, "epochs": DEFAULT_EPOCHS_OF_FEW_IMAGES if train_images < FEW_IMAGES else DEFAULT_EPOCHS,
            "batch_size": DEFAULT_BATCH_SIZE, "optimizer": optimizer, "learning_rate": DEFAULT_LEARNING_RATES[optimizer],
            "momentum": DEFAULT_MOMENTUM if optimizer == "sgd" else None, "weight_decay": DEFAULT_WEIGHT_DECAYS[optimizer],
            "schedule": DEFAULT_SCHEDULE, "augment": "", "validation": 0.0, "seed": 0}
        if said.get("validation") and said.get("select_on_test"):
            raise SettingError("the weights are chosen by held-out images or by the test images, not by both"
                               "\n  leave out --validation or --select-on-test")
        settings = cls(**{**defaults, **said})
        settings.make_optimizer()
        return replace(settings, augment=augmentation(settings.augment).words)

    def continued(self, given: Mapping[str, Any]) -> RunSettings:
        """These settings for a run that goes on: `given` may raise the epochs and move the data, and must agree otherwise.

        Raises
        ------
        SettingError
            If something given contradicts the run.
        """
        said = {name: value for name, value in given.items() if value is not None}
        if "augment" in said:
            said["augment"] = augmentation(said["augment"]).words
        for name, value in said.items():
            started = getattr(self, name)
            if name not in FREE_TO_CHANGE and value != started:
                was, wanted = (f"{each!r}" if isinstance(each, str) else f"{each}" for each in (started, value))
                raise SettingError(f"a run that goes on keeps its {name.replace('_', ' ')}: it was started with {was}, but gets {wanted}"
                                   f"\n  leave the setting out, or start a new run")
        if said.get("epochs", self.epochs) < self.epochs:
            raise SettingError(f"a run that goes on keeps its epochs or gets more: it was started for {self.epochs},"
                               f" but gets {said['epochs']}")
        return replace(self, **{name: said[name] for name in FREE_TO_CHANGE if name in said})

    @property
    def chooses(self) -> bool:
        """Whether the weights of the best epoch are kept; otherwise those of the last."""
        return self.validation > 0 or self.select_on_test

    def make_optimizer(self) -> Optimizer:
        """The optimizer they describe."""
        momentum = {} if self.momentum is None else {"momentum": self.momentum}
        return OPTIMIZERS[self.optimizer](learning_rate=self.learning_rate, weight_decay=self.weight_decay, **momentum)

    def to_json(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any, source: str) -> RunSettings:
        """The inverse of `to_json`; a CheckpointError naming `source` if something is missing, foreign or out of range."""
        names = [field.name for field in fields(cls)]
        if isinstance(values, dict):
            values = {"select_on_test": False, **values}   # as runs were before there was a choice
        if not isinstance(values, dict) or sorted(values) != sorted(names):
            raise CheckpointError(f"{source}: its settings must be {', '.join(names)}")
        for name in ("network", "data", "optimizer", "schedule", "augment"):
            schema.word(source, f"the setting {name}", values[name])
        if values["data_dir"] is not None and "\0" in schema.text(source, "the setting data_dir", values["data_dir"]):
            raise CheckpointError(f"{source}: the setting data_dir is {quoted(values['data_dir'])}, but must be a path")
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            schema.whole(source, f"the setting {name}", values[name], least)
        for name, limits in (("learning_rate", {}), ("weight_decay", {}), ("validation", {"below": 1}), ("momentum", {"below": 1})):
            if values[name] is not None or name != "momentum":
                schema.real(source, f"the setting {name}", values[name], least=0, **limits)
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if values[name] not in known:
                raise CheckpointError(f"{source}: there is no {name} {quoted(values[name])}")
        if not isinstance(values["select_on_test"], bool):
            raise CheckpointError(f"{source}: the setting select_on_test is {quoted(values['select_on_test'])}, but must be true or false")
        settings = cls(**values)
        try:
            settings.make_optimizer()
            augmentation(settings.augment)
        except (SettingError, TypeError) as error:   # TypeError: a momentum for an optimizer without one
            raise CheckpointError(f"{source}: its settings do not fit: {error}") from error
        return settings
