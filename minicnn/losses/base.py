"""What every loss is: checked settings, and two loops, which say how wrong the outputs for an image are and how that changes with them.

    class Squared(Loss):
        weight: float = 1.0

        def forward(loss_per_image, y, target, weight):
            N, F = y.shape
            for n in range(N):
                total = np.float64(0.0)
                for f in range(F):
                    total += (y[n, f] - target[n, f]) ** 2
                loss_per_image[n] = weight * total

        def backward(dy, dloss_per_image, y, target, weight):
            N, F = y.shape
            for n in range(N):
                for f in range(F):
                    dy[n, f] = dloss_per_image[n] * 2.0 * weight * (y[n, f] - target[n, f])

The loops take what they name: y (N, ...) are the network's outputs, target (N, ...) what they should be, loss_per_image (N,) is written by
forward; dy, like y, by backward: dloss_per_image (N,) times the derivative of loss_per_image.  Any other argument is a setting, or one of
`loop_settings`.  Where outputs are (N, K, *space), a loop may have them as (N, K, L), all positions along one axis.

The loss of a batch is the sum over its images divided by the sum of their weights, which are 1 unless `weights` says otherwise.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from minicnn.errors import DataError, GraphError, SettingError, one_line, quoted
from minicnn.geometry import shape_text
from minicnn.layers import Shape
from minicnn.layers.registry import enter

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda kind: kind


CLASS, MASK, NUMBERS, BOXES = TARGETS = ("class", "mask", "numbers", "boxes")
REDUCTIONS = ("mean", "sum")

Loop = str | Callable[..., None]  # a loop, or its name in `minicnn.kernels.textbook`

LOSSES: dict[str, type[Loss]] = {}  # every one that is defined, by the name of its class


class Loops(NamedTuple):
    """The loops of a loss for one kind of target.

    right : counts the right answers of every image, right_per_image (N,) written from y and target; None where nothing is right or wrong
    """

    forward: Loop
    backward: Loop
    right: Loop | None = None


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
@dataclass(frozen=True, kw_only=True)
class Loss:
    """A measure of how wrong a network's outputs are: settings, and the loops `forward` and `backward`, see this file's head.

    A class is known by its name as soon as it is defined; defined again in its module it replaces the first.  `class Pair(Loss,
    registered=False)` is a family of losses.

    targets : what it compares outputs with: "class" (N,), "mask" (N, *space), "numbers" (N, ...) float, "boxes" (N, M, 5) float
    metrics : figures of `minicnn.metrics` by which its networks are judged; an epoch is shown and chosen by the first
    between : the smallest and the largest that numbers to compare with may be; None if they may be any

    Raises
    ------
    SettingError
        If a setting is out of range, or there is a loss of this name from elsewhere.
    """

    forward: ClassVar[Any] = None
    backward: ClassVar[Any] = None
    targets: ClassVar[tuple[str, ...]] = (NUMBERS,)
    metrics: ClassVar[tuple[str, ...]] = ()
    between: ClassVar[tuple[float, float] | None] = None

    reduction: str = "mean"

    def __init_subclass__(cls, registered: bool = True, **others: Any) -> None:
        super().__init_subclass__(**others)
        dataclass(frozen=True, kw_only=True, repr=False)(cls)
        for name in vars(cls).get("targets", ()):
            if name not in TARGETS:
                raise SettingError(f"{cls.__name__}: targets has {quoted(name)}, but there are {', '.join(TARGETS)}")
        if registered:
            enter(LOSSES, cls.__name__, cls, "a loss")

    def __post_init__(self) -> None:
        for name, value in self.settings().items():  # a plan is known by its loss, which has to stay what it is
            if isinstance(value, list) or hasattr(value, "tolist"):
                object.__setattr__(self, name, _as_tuple(value if isinstance(value, list) else value.tolist()))
        if self.reduction not in REDUCTIONS:
            hint = "\n  per_image(y, labels) gives the loss of every image" if self.reduction == "none" else ""
            raise SettingError(
                f"{self.kind()}: reduction is {quoted(self.reduction)}, but training needs one number: {' or '.join(REDUCTIONS)}{hint}"
            )

    @classmethod
    def kind(cls) -> str:
        """The name of its class."""
        return cls.__name__

    def settings(self) -> dict[str, Any]:
        """Every setting by name, as given to the constructor."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def describe(self) -> dict[str, Any]:
        """As JSON values; `build_loss` is the inverse."""
        return {"type": type(self).__name__, **self.settings()}

    @classmethod
    def from_description(cls, settings: dict[str, Any], custom_objects: Sequence[Any] = ()) -> Loss:
        """The inverse of `describe` without the type: every check of the constructor applies."""
        return cls(**settings)

    def __repr__(self) -> str:
        changed = {each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name) != each.default}
        return f"{self.kind()}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    # ------------------------------------------------------------------------------------------------------- what a subclass may say

    def check(self, network: str, output_shape: Shape, input_shape: Shape) -> None:
        """A GraphError if outputs of this shape cannot serve it; both shapes are of one image."""

    def loops(self, target: str) -> Loops:
        """The loops for this kind of target."""
        return Loops(type(self).forward, type(self).backward)

    def figures(self, target: str) -> tuple[str, ...]:
        """The figures by which this kind of target is judged, see `metrics`."""
        return self.metrics

    def is_plain(self, target: str, output_shape: Shape) -> bool:
        """Whether it is the mean softmax cross-entropy of one class an image, for which machines have a kernel of their own."""
        return False

    def target_shape(self, output_shape: Shape, target: str) -> Shape:
        """The shape of one image's target: the pixels for classes, none for one class, the output's for numbers, (0, 5) for any boxes."""
        return {CLASS: output_shape[1:], MASK: output_shape[1:], NUMBERS: output_shape, BOXES: (0, 5)}[target]

    def classes(self, output_shape: Shape) -> int:
        """How many classes a target may name."""
        return output_shape[0]

    @property
    def ignored(self) -> int | None:
        """A class that stands for "count this for nothing"; None if there is none."""
        return None

    def loop_settings(self, output_shape: Shape, input_shape: Shape) -> dict[str, Any]:
        """What the loops are told by name beside y and target: numbers, or small arrays of them."""
        return {name: value for name, value in self.settings().items() if name != "reduction"}

    def weights(self, labels: NDArray[Any]) -> NDArray[Any]:
        """What a mean over images divides by: (N,) float64, 1 for each image unless it says otherwise."""
        import numpy as np

        return np.ones(len(labels))

    def total_weight(self, labels: NDArray[Any]) -> float:
        """The sum of `weights`."""
        return float(len(labels)) if type(self).weights is Loss.weights else float(self.weights(labels).sum())

    def answers(self, labels: NDArray[Any]) -> NDArray[Any]:
        """How many answers an image asks for: (N,) int64, one for a class, one for each pixel of a mask that is not ignored."""
        import numpy as np

        places = math.prod(labels.shape[1:])
        if self.ignored is None:
            return np.full(len(labels), places, np.int64)
        return (labels != self.ignored).reshape(len(labels), places).sum(axis=1, dtype=np.int64)

    def prediction(self, y: NDArray[Any], input_shape: Shape) -> Any:
        """What the outputs y (N, ...) say: here the numbers themselves; probabilities for classes, boxes for objects."""
        return y

    def for_size(self, y: NDArray[Any], input_shape: Shape, learnt_shape: Shape) -> NDArray[Any]:
        """Outputs for images of one size by a network that learnt from images of another, so that `prediction` reads them rightly."""
        return y

    # --------------------------------------------------------------------------------------------------------------- on NumPy arrays

    def value(self, y: NDArray[Any], labels: NDArray[Any], input_shape: Shape = ()) -> float:
        """The loss of a batch, by the loops.

        Parameters
        ----------
        y : (N, ...) float32 or float64
            Outputs of a network.
        labels : (N, ...)
            What they should be.
        input_shape : (C, *space)
            Of the network's images, where the loss has to know: boxes lie in it.

        Raises
        ------
        DataError
            If labels count for nothing, of which there is no mean.
        """
        weight = self.total_weight(labels)
        self.check_weight(self.kind(), weight, len(labels))
        return float(self.per_image(y, labels, input_shape).sum() * self.scale(weight))

    def per_image(self, y: NDArray[Any], labels: NDArray[Any], input_shape: Shape = ()) -> NDArray[Any]:
        """The loss of every image: (N,) float64."""
        import numpy as np

        from minicnn.losses.arrays import call

        found = np.empty(len(y), np.float64)
        call(self, "forward", {"loss_per_image": found, "y": y, "target": labels}, y.shape[1:], input_shape)
        return found

    def gradient(self, y: NDArray[Any], labels: NDArray[Any], input_shape: Shape = ()) -> NDArray[Any]:
        """The gradient of `value`: like y."""
        import numpy as np

        from minicnn.losses.arrays import call

        dy, share = np.empty_like(y), np.full(len(y), self.scale(self.total_weight(labels)), y.dtype)
        call(self, "backward", {"dy": dy, "dloss_per_image": share, "y": y, "target": labels}, y.shape[1:], input_shape)
        return dy

    def right(self, y: NDArray[Any], labels: NDArray[Any]) -> int | None:
        """How many answers are right; None where nothing is right or wrong."""
        import numpy as np

        from minicnn.losses.arrays import call, kind_of

        if self.loops(kind_of(self, labels)).right is None:
            return None
        found = np.empty(len(y), np.float64)
        call(self, "right", {"right_per_image": found, "y": y, "target": labels}, y.shape[1:], ())
        return int(found.sum())

    def scale(self, weight: float) -> float:
        """What the sum over images of this weight is multiplied by; 0 where there is nothing to take a mean of."""
        if self.reduction == "sum":
            return 1.0
        return 1.0 / weight if weight > 0 else 0.0

    def check_weight(self, where: str, weight: float, count: int) -> None:
        """A DataError if the labels of `count` images, whose weights sum to this, leave nothing to take a mean of."""
        if weight > 0 or self.reduction == "sum":
            return
        labels = "there are no labels" if not count else f"all labels of the {count} images are ignored, or of weight 0"
        raise DataError(f"{where}: {labels}, and the mean of nothing is undefined\n  loss  {self!r}")

    # ----------------------------------------------------------------------------------------------------------------- for subclasses

    def check_number(self, name: str, least: float = -math.inf, below: float = math.inf) -> None:
        """A SettingError unless a setting is a finite number in a range."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not least <= value < below:
            words = [f"at least {least:g}"] * (least > -math.inf) + [f"below {below:g}"] * (below < math.inf)
            raise SettingError(f"{self.kind()}: {name} is {quoted(value)}, but must be a number{', ' * bool(words)}{' and '.join(words)}")

    def refuse(self, network: str, output_shape: Shape, reason: str) -> GraphError:
        """The error for a network that cannot serve it."""
        return GraphError(f"{network} gives {shape_text(output_shape) or 'nothing'} for an image, but {self.kind()} {reason}")


def build_loss(description: object, custom_objects: Sequence[Any] = ()) -> Loss:
    """The loss that `Loss.describe` described; every setting is checked again.  `custom_objects` may hold classes and functions of one's own.

    Raises
    ------
    SettingError
        If it describes none that is known.
    """
    every = importlib.import_module("minicnn.losses").LOSSES  # loads those that no one has used yet
    known = {**every, **{each.__name__: each for each in custom_objects if isinstance(each, type) and issubclass(each, Loss)}}
    settings = dict(description) if isinstance(description, dict) else {}
    kind = known.get(str(settings.pop("type", "")))
    if kind is None:
        raise SettingError(
            f"there is no loss {quoted(description)}\n  one of your own is known once its class is defined: import it, or give custom_objects=[...], or --own FILE.py"
        )
    try:
        return kind.from_description(settings, custom_objects)
    except TypeError as error:
        raise SettingError(f"{kind.__name__}: its settings do not fit: {one_line(str(error))}") from error


def _as_tuple(value: Any) -> Any:
    """Lists as tuples, however deep; a number as it is."""
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
