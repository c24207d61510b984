"""Changes of training images that keep their class: drawn again for every image in every epoch, applied while loading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from minicnn.errors import SettingError, quoted, suggestion
from minicnn.geometry import whole_number

DEFAULT_SHIFT = 2
SHIFT = re.compile("[0-9]{1,4}")  # beyond this, nothing of a picture is left


class Augmentation(NamedTuple):
    """shift : translations by up to so many pixels, the gap filled with background; flip : every other image mirrored left to right.

    Krizhevsky, Sutskever, Hinton, 2012, section 4.1.
    """

    shift: int = 0
    flip: bool = False

    @property
    def words(self) -> str:
        """As text that `augmentation` accepts, in one spelling: "shift=2,flip", "" for none."""
        return ",".join([f"shift={self.shift}"] * (self.shift > 0) + ["flip"] * self.flip)

    def checked(self, input_shape: tuple[int, ...]) -> Augmentation:
        """Itself; a SettingError if it moves images of this shape out of sight."""
        shift, room = whole_number("augment", "shift", self.shift, least=0), max(input_shape[1:], default=1)
        if shift >= room:
            raise SettingError(f"augment shift={shift} moves the images out of sight: they have {room} pixels")
        return Augmentation(shift, bool(self.flip))


def augmentation(setting: Iterable[str] | str | Augmentation) -> Augmentation:
    """From text: "shift", "shift=3", "flip", as a list or separated by commas; or itself."""
    if isinstance(setting, Augmentation):
        return setting
    words = setting.split(",") if isinstance(setting, str) else list(setting)
    shift, flip = 0, False
    for word in filter(None, (str(each).strip() for each in words)):
        name, _, value = word.partition("=")
        if name == "flip" and not value:
            flip = True
        elif name == "shift" and (not value or SHIFT.fullmatch(value)):
            shift = int(value) if value else DEFAULT_SHIFT
        else:
            close = "" if name in ("shift", "flip") else suggestion(name, ("shift", "flip"))
            raise SettingError(
                f"augment {quoted(word)} is not known{close}"
                f"\n  use shift (up to {DEFAULT_SHIFT} pixels), shift=PIXELS, flip,"
                f" or several with commas"
            )
    return Augmentation(shift, flip)
