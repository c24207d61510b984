"""What a network should give for its images, as an array that training can use: checked, and copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import shape_text
from minicnn.layers import Shape
from minicnn.losses.base import BOXES, CLASS, MASK, NUMBERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from minicnn.losses.base import Loss

NAMES = {CLASS: "one class an image", MASK: "one class a pixel", NUMBERS: "numbers", BOXES: "boxes x, y, w, h, class"}


def checked_targets(where: str, labels: NDArray[Any], count: int, loss: Loss, network: str, output_shape: Shape) -> NDArray[Any]:
    """The targets of `count` images as a new array: classes (N,) int64, masks (N, *space) int32, numbers or boxes float32 (float64 stays).

    network : its name, for messages; output_shape : of one image

    Raises
    ------
    SettingError, ShapeError
        If type, shape or range do not fit the loss; the message starts with `where`.
    DataError
        If all of them are ignored, or of weight 0.
    """
    import numpy as np

    from minicnn.losses.arrays import kind_of

    kind = kind_of(loss, labels)
    shape = loss.target_shape(output_shape, kind)
    no_shares = kind == NUMBERS and loss.targets[0] == CLASS and labels.shape != (count, *shape)
    if labels.dtype.kind not in "iufb" or no_shares or (labels.dtype.kind == "b" and loss.targets[0] == CLASS):
        raise SettingError(f"{where}: labels are {labels.dtype}, but must be integers: the class of each image, from 0")
    if kind not in loss.targets and {NUMBERS, BOXES} & set(loss.targets) and labels.dtype.kind in "iub":
        labels = labels.astype(np.float32)  # 0 and 1, or whole numbers to come near to
        kind = kind_of(loss, labels)
    if kind not in loss.targets:
        words = "integers" if kind in (NUMBERS, BOXES) else "floats"
        raise SettingError(
            f"{where}: labels are {labels.dtype}, but {loss.kind()} compares with {' or '.join(NAMES[each] for each in loss.targets)}"
            f"\n  give {words}{' (labels.astype(int))' if words == 'integers' else ''}, or another loss of minicnn.losses"
        )
    shape = loss.target_shape(output_shape, kind)
    if kind == NUMBERS and labels.ndim == 1 and shape == (1,):
        labels = labels[:, None]
    fits = labels.ndim == 3 and labels.shape[::2] == (count, 5) if kind == BOXES else labels.shape == (count, *shape)
    if not fits:
        letters = {CLASS: "N", MASK: "N, *space", NUMBERS: "N, like the output", BOXES: "N, boxes, 5"}[kind]
        outputs = f", and {network} gives {shape_text(output_shape)} for each" if len(labels) == count else ""
        wanted = ", ".join(map(str, (count, *shape))) if kind != BOXES else f"{count}, boxes, 5"
        raise ShapeError(
            f"{where}: labels have the shape {tuple(labels.shape)}, but there are {count} images{outputs}\n  wanted  ({wanted}{',' * (not shape and kind != BOXES)})  {letters}"
        )
    if kind in (NUMBERS, BOXES):
        own = np.array(labels, np.float64 if labels.dtype == np.float64 else np.float32, order="C")
        if not np.isfinite(own).all():
            raise SettingError(f"{where}: labels hold NaN or infinity\n  the first is that of image {_first_wrong(own)}")
        low, high = loss.between or (-np.inf, np.inf)
        if own.size and not (low <= own.min() and own.max() <= high):
            raise SettingError(
                f"{where}: labels run from {own.min():g} to {own.max():g}, but {loss.kind()} compares with numbers between {low:g} and {high:g}"
            )
        return own
    own = np.array(labels, np.int64, order="C")  # a copy, so that what was checked is what is used
    classes = loss.classes(output_shape)
    seen = own if loss.ignored is None else own[own != loss.ignored]
    if seen.size and not (seen.min() >= 0 and seen.max() < classes):
        raise SettingError(f"{where}: labels run from {seen.min()} to {seen.max()}, but {network} knows the classes 0 to {classes - 1}")
    if count:
        loss.check_weight(where, loss.total_weight(own), count)
    return own.astype(np.int32) if kind == MASK else own


def _first_wrong(numbers: Any) -> int:
    import numpy as np

    return int(np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1).argmin())
