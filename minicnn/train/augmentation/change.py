"""What every change of images is: checked settings, what an image draws, and loops."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from minicnn.engine.objective import Objective
from minicnn.engine.textbook.changes import changed
from minicnn.errors import SettingError, quoted
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.layers.registry import enter
from minicnn.losses import BOXES, MASK
from minicnn.losses.function import FunctionLoss

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    from minicnn.engine.changes import Changing
else:

    def dataclass_transform(**_):
        return lambda kind: kind


CHANGES: dict[str, type[Change]] = {}  # every one that is defined, by its word; of a stage they are applied in this order
STAGES = ("places", "pixels", "inputs", "pairs")
NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,20})?(e-?[0-9]{1,2})?")  # every float below LIMIT from 0.0001 on, or with its exponent
LIMIT = 1_000_000
SEVERAL = ":"  # between the settings of one change


@dataclass_transform(frozen_default=True)
@dataclass(frozen=True)
class Change:
    """A change of training images that keeps what they show: settings, chance, and loops over images that the engine runs as it loads.

        class Wave(Change):
            height: float = 1.0                     # the word: wave, or wave=2

            stage = "places"                        # it moves pixels; "pixels": values from 0 to 1; "inputs": normalised values;
                                                    # "pairs": the same, last of all
            chances = 1                             # an image draws one number

            def loop(moved, place, numbers, height):
                N, A, L = place.shape
                for n in range(N):
                    for a in range(A):
                        for l in range(L):
                            moved[n, a, l] = place[n, a, l] + height * math.sin(6.28 * numbers[n, 0] + place[n, A - 1, l])

    The loop of a change of places takes `moved`, `place` (N, A, L): for pixel l of the result, the position along each axis (rows and
    columns, in volumes layers before them) in the image as it was.  That of values takes `y`, `x` (N, C, L).  Each also takes what it
    asks for by name: `numbers` (N, F), what the image has drawn, from 0 to below 1; settings; `rows`, `columns`, `layers`; `sizes`,
    `steps` (A,), the pixels along each axis and how far apart neighbours along it are among the L.

    Where numbers are better computed once an image, a loop `draw` makes `numbers` of `chance`; `counts` says how many there are of each.

    A class is known by its name in small letters as soon as it is defined.  The changes of a stage are applied in the order in which
    their classes were defined, ours first.
    """

    word: ClassVar[str]
    stage: ClassVar[str] = "pixels"
    chances: ClassVar[int] = 0
    loop: ClassVar[Callable[..., None] | None] = None
    draw: ClassVar[Callable[..., None] | None] = None
    axes: ClassVar[tuple[int, ...]] = (1, 2, 3)  # of images that it makes sense for
    refusal: ClassVar[str] = ""  # why not for others
    whole: ClassVar[bool] = False  # whether its settings are whole numbers

    def __init_subclass__(cls, **others: Any) -> None:
        super().__init_subclass__(**others)
        for name in ("loop", "draw"):
            if callable(given := vars(cls).get(name)) and not isinstance(given, staticmethod):
                setattr(cls, name, staticmethod(given))
        dataclass(frozen=True)(cls)
        cls.word = cls.__name__.lower()
        if cls.stage not in STAGES:
            raise SettingError(f"{cls.__name__}: stage is {cls.stage!r}, but must be one of {', '.join(STAGES)}")
        enter(CHANGES, cls.word, cls, "a change of images")

    def __post_init__(self) -> None:
        for name, value in self.settings().items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
                raise SettingError(f"augment {self.word}: {name} is {quoted(value)}, but must be a number, at least 0")
            if value >= LIMIT:
                raise SettingError(f"augment {self.word}: {name} is {value:g}, but must be below {LIMIT:,}")
            if self.whole and value != int(value):
                raise SettingError(f"augment {self.word}: {name} is {value}, but must be a whole number")

    def settings(self) -> dict[str, Any]:
        """Every setting by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.repr}

    @property
    def text(self) -> str:
        """As a word that `augmentation` accepts: its name and its settings."""
        values = [str(int(value) if value == int(value) else float(value)) for value in self.settings().values()]
        return f"{self.word}={SEVERAL.join(values)}" if values else self.word

    @classmethod
    def from_text(cls, value: str) -> Change:
        """From what stands behind the word: "", "2", "34:4"; a SettingError if it is something else."""
        names = [each.name for each in fields(cls) if each.repr]
        given = value.split(SEVERAL) if value else []
        if len(given) > len(names) or not all(map(NUMBER.fullmatch, given)):
            known = f", or {cls.word}={SEVERAL.join(map(str.upper, names))}" if names else ""
            raise SettingError(f"augment {quoted(f'{cls.word}={value.strip()}')} is not known\n  use {cls.word}{known}")
        return cls(**dict(zip(names, (int(each) if each.isdigit() else float(each) for each in given), strict=False)))

    def check(self, input_shape: tuple[int, ...]) -> None:
        """Raise a SettingError if it makes no sense for images of this shape."""
        if len(input_shape) - 1 not in self.axes:
            raise SettingError(f"augment {self.word}: {self.refusal}, but the images are {'x'.join(map(str, input_shape))}")
        if any(each is not None and self._owner(each) for each in (self.draw, self.loop)):  # a user's own: tried before it is trusted
            channels = input_shape[0]
            changed(np.zeros((2, *input_shape), np.uint8), Loading(True, (1.0,) * channels, (0.0,) * channels, changes=(self,)), key=0)

    def check_objective(self, objective: Objective) -> None:
        """Raise a SettingError if it cannot be with this loss and kind of target."""
        if self.stage == "places" and objective.kind in (MASK, BOXES) and isinstance(objective.loss, FunctionLoss):
            raise SettingError(
                f"augment {self.word}: masks and boxes move with their images, but not for a loss that is a function"
                f"\n  use a class of two loops, see minicnn.losses.Loss"
            )

    def fitted(self, images: np.ndarray) -> Change:
        """Itself, with what it has to know of the training images (N, C, *space)."""
        return self

    def counts(self, own: Changing) -> tuple[int, int]:
        """How many chances an image draws, and how many numbers are made of them."""
        return self.chances, self.chances

    def numbers(self, own: Changing) -> Any:
        """What every image draws."""
        chances, numbers = self.counts(own)
        chance = own.chance(self.word, (chances,))
        if self.draw is None:
            return chance
        drawn = own.new((numbers,))
        own.loop(self.draw, self._owner(self.draw), numbers=drawn, chance=chance, **self.settings())
        return drawn

    def append(self, own: Changing) -> None:
        """Append its loops to what is done with images."""
        if self.loop is None:
            raise SettingError(f"{type(self).__name__} has no loop: write loop(moved, place, ...) or loop(y, x, ...) in its class")
        drawn = {"numbers": self.numbers(own)} if self.counts(own)[0] else {}
        step = own.move if self.stage == "places" else own.change
        step(self.loop, self._owner(self.loop), **drawn, **self.settings())

    def _owner(self, loop: Any) -> str:
        """Whose loop it is, where it is a user's own, so that nobody knows yet where values may lead it."""
        return "" if getattr(loop, "__module__", "").startswith("minicnn.kernels.") else f"augment {self.word}"
