"""What every optimizer is: checked settings, and one loop over parameters, their gradient, and what it remembers of each."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from minicnn.errors import SettingError, quoted
from minicnn.layers.registry import enter

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda kind: kind


ALL, WEIGHTS = "all", "weights"  # what weight decay may reach

OPTIMIZERS: dict[str, type[Optimizer]] = {}  # every one that is defined, by its kind


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """A rule that turns gradients into steps: settings, and the loop `update` that the engine runs on slices of the parameters.

        class Lion(Optimizer):
            learning_rate: float = 1e-4
            beta1: float = 0.9
            ...

            def update(weight, gradient, momentum, learning_rate, beta1, ...):
                for i in range(weight.size):
                    ...

    The loop takes weight and gradient; numbers by the names of settings, and `step`, the number of the update from 1; any other argument
    is an array of its own, zeros at first, that it remembers for each parameter (`state_names`).  It uses arrays at [i] only and computes
    in float32, what stands before the loop in float64.

    A class is known by its name in small letters as soon as it is defined; defined again in its module it replaces the first.

    learning_rate : how far a step goes;  weight_decay : pull towards 0, in the way the loop says
    decay : what is pulled: "all" parameters, or "weights": neither biases nor the scales and shifts of normalizations, which are few, do
        not overfit, and keep what they are needed for.  He et al., "Bag of Tricks for Image Classification", 2019, section 3.1

    Raises
    ------
    SettingError
        If a setting is out of range, or there is an optimizer of this name from elsewhere.
    """

    kind: ClassVar[str]
    update: ClassVar[Callable[..., None]]
    state_names: ClassVar[tuple[str, ...]] = ()  # its state per parameter
    number_names: ClassVar[tuple[str, ...]] = ()  # what its loop is told at every update

    learning_rate: float = field(default=None, kw_only=False)  # type: ignore[assignment]   # asked for in __post_init__
    weight_decay: float = 0.0
    decay: str = ALL

    def __init_subclass__(cls, **others: Any) -> None:
        super().__init_subclass__(**others)
        if isinstance(given := vars(cls).get("learning_rate"), int | float):  # SGD(0.1), as in other libraries
            cls.learning_rate = field(default=given, kw_only=False)
        dataclass(frozen=True, kw_only=True)(cls)
        known = {each.name for each in fields(cls)}  # type: ignore[arg-type]
        for name, value in vars(cls).items():
            if type(value) in (int, float) and name not in {*known, "update"} and not name.startswith("_"):
                raise SettingError(f"{cls.__name__}: {name} is no setting without its type: write {name}: float = {value!r}")
        if not hasattr(cls, "update"):
            return
        cls.kind = cls.__name__.lower()
        numbers = {each.name for each in fields(cls) if each.type != "str"} | {"step"}  # type: ignore[arg-type]
        if not callable(cls.update):
            raise SettingError(f"{cls.__name__}: update is {cls.update!r}, but must be a loop, update(weight, gradient, ...)")
        names = tuple(inspect.signature(cls.update).parameters)
        if names[:2] != ("weight", "gradient"):
            raise SettingError(f"{cls.__name__}: update takes {', '.join(names)}, but must begin with weight, gradient")
        cls.state_names = tuple(name for name in names[2:] if name not in numbers)
        cls.number_names = tuple(name for name in names[2:] if name in numbers)
        enter(OPTIMIZERS, cls.kind, cls, "an optimizer")

    def __post_init__(self) -> None:
        if not hasattr(self, "update"):
            raise SettingError(f"{type(self).__name__} has no update: write the loop update(weight, gradient, ...) in its class")
        if self.learning_rate is None:
            raise SettingError(f"{type(self).__name__} needs its learning_rate: {type(self).__name__}(learning_rate=0.01)")
        self._check("learning_rate", self.learning_rate)
        self._check("weight_decay", self.weight_decay)
        for name, value in self.settings().items():
            if self._is_switch(name):
                if not isinstance(value, bool):
                    raise SettingError(f"{type(self).__name__}: {name} is {value!r}, but must be True or False")
                continue
            self._check(name, value, least=-math.inf)
        if not self._owns("decay") and self.decay not in (ALL, WEIGHTS):
            raise SettingError(f"{type(self).__name__}: decay is {quoted(self.decay)}, but must be {ALL!r} or {WEIGHTS!r}")
        if self.weight_decay and "weight_decay" not in self.number_names:
            raise SettingError(f"{type(self).__name__}: weight_decay is {self.weight_decay!r}, but its update does not take it")

    def _check(self, name: str, value: float, below: float = math.inf, least: float = 0) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not least <= value < below:
            low = f", at least {least:g}" if least > -math.inf else ""
            bound = f"and below {below:g}" if below < math.inf else "and finite"
            raise SettingError(f"{type(self).__name__}: {name} is {value!r}, but must be a number{low} {bound}")

    def _is_switch(self, name: str) -> bool:
        """Whether a setting is True or False, by its default; the loop is told 1 or 0."""
        return isinstance(next((each.default for each in fields(self) if each.name == name), None), bool)  # type: ignore[arg-type]

    def settings(self) -> dict[str, float]:
        """Every number and switch by name, as given to the constructor."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in known.items() if name != "decay" or self._owns(name)}

    def _owns(self, name: str) -> bool:
        """Whether a subclass uses the name of a setting for a number of its own."""
        return type(getattr(type(self), name)) is not str

    @property
    def spares_biases(self) -> bool:
        """Whether some parameters are updated without weight decay."""
        return self.decay == WEIGHTS and self.weight_decay != 0

    def rates(self, step: int, learning_rate: float, decays: bool = True) -> tuple[float, ...]:
        """The numbers that the loop takes at step 1, 2, ...; `learning_rate` is the schedule's; with or without weight decay."""
        known = {"learning_rate": learning_rate, "step": step}
        if not decays:
            known["weight_decay"] = 0.0
        return tuple([float(known[name] if name in known else getattr(self, name)) for name in self.number_names])
