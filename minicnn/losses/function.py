"""A loss of one's own as a function on NumPy arrays, for those that are tried out before they are written as two loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from minicnn.errors import SettingError, ShapeError, one_line, quoted
from minicnn.layers import Shape
from minicnn.losses.base import CLASS, MASK, NUMBERS, Loops, Loss

LossFunction = Callable[..., Any]  # (y, target) -> (loss, dy)

LONGEST = 200  # letters of what a function returned


class Answer(NamedTuple):
    """What a function says of a batch.

    losses : (N,) float64, of each image
    dy : like y, of its type, the gradient of their sum once it is multiplied by `times`
    """

    losses: np.ndarray
    dy: np.ndarray
    times: float

    def gradient(self, scale: float) -> np.ndarray:
        """Of the sum of losses times `scale`: like y.  What a function gave for a mean over these images stays as it is."""
        return self.dy * self.dy.dtype.type(self.times * scale)


class FunctionLoss(Loss):
    """function(y, target) -> (loss, dy), which `Trainer` and `Graph.backward` also take as it is, as in `Trainer(net, loss=squares)`.

        def squares(y, target):
            return ((y - target) ** 2).sum(axis=1), 2 * (y - target)

    y : (N, ...) float32, the outputs for a batch in training mode; float64 where a network is computed so
    target : (N, ...) as a copy: classes int64, masks int32, numbers float32
    loss : a number, the mean over the batch (the sum, with reduction="sum"), or (N,), the loss of each image, of which a mean is taken
    dy : like y, the derivative of that number, or of the sum of the losses of all images

    The engine runs each batch twice: forward for the function, then forward and backward from dy, with the same augmentation and dropout
    and the same statistics of the batch.  So it takes half as long again, or more; a class of two loops (`minicnn.losses.Loss`) does not.
    Nothing is right or wrong, masks do not move with their images (no `shift`, but `brightness`), and images are not mixed.

    A file holds the function's name, never its code: minicnn.load(path, custom_objects=[squares]).

    >>> loss = FunctionLoss(function=lambda y, target: (np.mean((y - target) ** 2), 2 * (y - target) / y.size))
    >>> loss.value(np.array([[1.0], [3.0]]), np.array([[0.0], [0.0]]))
    5.0

    Raises
    ------
    SettingError, ShapeError
        When it is called, if the function gives something else, or NaN for outputs that are numbers.
    """

    targets: ClassVar[tuple[str, ...]] = (NUMBERS, CLASS, MASK)

    function: LossFunction | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.function):
            raise SettingError(f"FunctionLoss: function is {quoted(self.function)}, but must be one: function(y, target) -> (loss, dy)")

    @property
    def name(self) -> str:
        """Of the function, in messages and files."""
        return one_line(str(getattr(self.function, "__name__", type(self.function).__name__)))

    def describe(self) -> dict[str, Any]:
        """As JSON values, with the function's name for the function."""
        return {**super().describe(), "function": self.name}

    @classmethod
    def from_description(cls, settings: dict[str, Any], custom_objects: Sequence[Any] = ()) -> FunctionLoss:
        own = {cls(function=each).name: each for each in custom_objects if callable(each) and not isinstance(each, type)}
        function = own.get(str(settings.get("function")))
        if function is None:
            raise SettingError(
                f"the loss is the function {quoted(settings.get('function'))}, whose code is in no file"
                f"\n  give it: minicnn.load(path, custom_objects=[...])"
            )
        return cls(**{**settings, "function": function})

    def __repr__(self) -> str:
        return f"FunctionLoss({self.name})"

    def loops(self, target: str) -> Loops:
        """There are none; nothing is right or wrong."""
        return Loops("", "")

    def classes(self, output_shape: Shape) -> int:
        """As many as outputs; of a single output yes and no."""
        return max(2, *output_shape[:1])

    def answer(self, y: np.ndarray, labels: np.ndarray) -> Answer:
        """Ask the function, and check what it says."""
        given = self.function(y.copy(), labels.copy())  # type: ignore[misc]
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise SettingError(
                f"the loss {self.name} must return a pair (loss, dy), but returned {quoted(repr(given)[:LONGEST])}"
                f"\n  loss  a number, or ({len(y)},), one for each image\n  dy    {y.shape}, its derivative by y"
            )
        loss, dy = (self._numbers(name, value) for name, value in zip(("loss", "dy"), given, strict=True))
        if loss.shape not in ((), (len(y),)):
            raise ShapeError(
                f"the loss {self.name} gives losses of the shape {loss.shape}, but there are {len(y)} images\n  wanted  () or ({len(y)},)"
            )
        if dy.shape != y.shape:
            raise ShapeError(f"the loss {self.name} gives dy of the shape {dy.shape}, but y has {y.shape}")
        whole = loss.ndim == 0
        mean = whole and self.reduction == "mean"
        losses = np.full(len(y), loss if mean else loss / max(1, len(y))) if whole else loss
        answer = Answer(losses, dy.astype(y.dtype), float(len(y)) if mean else 1.0)
        if np.isfinite(y).all() and not (np.isfinite(answer.losses).all() and np.isfinite(answer.dy).all()):
            raise SettingError(
                f"the loss {self.name} gives {'a loss' if np.isfinite(answer.dy).all() else 'a dy'} that is NaN or infinite, though all of y is finite"
            )
        return answer

    def _numbers(self, name: str, value: Any) -> np.ndarray:
        try:
            found = np.asarray(value)
        except (ValueError, TypeError) as error:
            raise SettingError(f"the loss {self.name} gives a {name} that is no array: {error}") from error
        if found.dtype.kind not in "fiu":
            raise SettingError(f"the loss {self.name} gives a {name} of {found.dtype}, but must give real numbers")
        return found.astype(np.float64) if name == "loss" else found

    def per_image(self, y: np.ndarray, labels: np.ndarray, input_shape: Shape = ()) -> np.ndarray:
        return self.answer(y, labels).losses

    def gradient(self, y: np.ndarray, labels: np.ndarray, input_shape: Shape = ()) -> np.ndarray:
        return self.answer(y, labels).gradient(self.scale(float(len(y))))


def as_loss(where: str, loss: Any) -> Loss:
    """A loss, also from a function; a SettingError that starts with `where` for anything else."""
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise SettingError(f"{where}: loss is the class {loss.__name__}, but must be one of its losses: {loss.__name__}()")
    if callable(loss) and not isinstance(loss, type):
        return FunctionLoss(function=loss)
    raise SettingError(
        f"{where}: loss is {loss!r}, but must be one of minicnn.losses, such as SoftmaxCrossEntropy(), or a function"
        f"\n  function(y, target) -> (loss, dy); settings are named after it, as in batch_size=128"
    )
