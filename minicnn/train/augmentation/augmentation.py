"""Several changes of training images, from words."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minicnn.engine.objective import CROSS_ENTROPY, Objective
from minicnn.errors import MinicnnWarning, SettingError, quoted, suggestion
from minicnn.losses import BOXES, CLASS, MASK
from minicnn.train.augmentation.change import CHANGES, STAGES, Change
from minicnn.train.augmentation.flip import Flip
from minicnn.train.augmentation.shift import Shift

if TYPE_CHECKING:
    import numpy as np

SIGNS = ("mnist", "mnist1d", "kmnist", "qmnist", "digits", "emnist-")  # data sets of digits and letters; the last begins their names


@dataclass(frozen=True)
class Augmentation:
    """Changes that are drawn again for every image in every epoch and applied while loading.

    changes : sorted: those of places first, then those of values; within, in the order in which the kinds are known
    """

    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        kinds = list(CHANGES)
        for each in self.changes:
            if not isinstance(each, Change):
                raise SettingError(f"augment holds {quoted(each)}, but must list changes, as Shift(2), or words, as 'shift=2'")
        words = [each.word for each in self.changes]
        if twice := [word for word in words if words.count(word) > 1]:
            raise SettingError(f"augment has {twice[0]} twice")
        ordered = sorted(self.changes, key=lambda each: (STAGES.index(each.stage), kinds.index(each.word)))
        object.__setattr__(self, "changes", tuple(ordered))

    @property
    def words(self) -> str:
        """As text that `augmentation` accepts, in one spelling: "shift=2,flip", "" for none."""
        return ",".join(each.text for each in self.changes)

    def checked(self, input_shape: tuple[int, ...], objective: Objective = CROSS_ENTROPY) -> Augmentation:
        """Itself; a SettingError if a change makes no sense for images of this shape, or cannot be with this loss and its targets."""
        for each in self.changes:
            each.check(input_shape)
            each.check_objective(objective)
        return self

    def fitted(self, images: np.ndarray) -> Augmentation:
        """With what its changes have to know of the training images."""
        return Augmentation(tuple(each.fitted(images) for each in self.changes))

    def warn(self, name: str) -> None:
        """A MinicnnWarning where mirror images of this data set show something else."""
        if any(isinstance(each, Flip) for each in self.changes) and (name in SIGNS or name.startswith(SIGNS[-1])):
            warnings.warn(f"augment flip: mirrored images of {name} are other signs, or none", MinicnnWarning, stacklevel=4)

    def loading(self, target: str = CLASS) -> dict[str, Any]:
        """What a plan is told, for this kind of target.

        Shifts and flips alone are applied where pixels are fetched, at no cost, where no target moves along; all else by steps of their
        own, which for a picture of 28x28 take, per image on one core of an AVX-512 server: rotation and shift 4.2 microseconds, elastic
        distortion 10.6, mixup with both losses 3.2 (LeNet itself 11.3).
        """
        if target not in (MASK, BOXES) and all(type(each) in (Shift, Flip) for each in self.changes):
            pixels = [each.pixels for each in self.changes if isinstance(each, Shift)]
            return {"shifts": sum(pixels), "flips": any(isinstance(each, Flip) for each in self.changes)}
        return {"changes": self.changes}


def augmentation(setting: Iterable[str | Change] | str | Change | Augmentation) -> Augmentation:
    """From words: "shift", "shift=3", "rotate=10,elastic", as a list or separated by commas; changes among them; or itself."""
    if isinstance(setting, Augmentation):
        return setting
    several = setting.split(",") if isinstance(setting, str) else [setting] if isinstance(setting, Change) else list(setting)
    changes: list[Change] = []
    for each in several:
        if isinstance(each, Change):
            changes.append(each)
            continue
        word = str(each).strip()
        name, equals, value = word.partition("=")
        if not word:
            continue
        if name not in CHANGES:
            raise SettingError(
                f"augment {quoted(word)} is not known{suggestion(name, CHANGES)}"
                f"\n  use {', '.join(CHANGES)}, each with =NUMBER or without, or several with commas"
            )
        changes.append(CHANGES[name].from_text(value if value or not equals else " "))
    return Augmentation(tuple(changes))
