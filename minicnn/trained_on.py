"""What a network was trained on, as far as needed to use it: kept with the network, written into its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minicnn import schema
from minicnn.errors import CheckpointError, SettingError
from minicnn.losses import Loss, SoftmaxCrossEntropy
from minicnn.losses.base import build_loss
from minicnn.preparation import Preparation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class TrainedOn:
    """How images are prepared and what the classes are called.

    image_shape : of the training images, before they were scaled to the network's input
    data : name of the data set
    epoch : the parameters are those after it
    loss : what was made smaller; it says what outputs mean
    making : how the images were made of pictures: "mnist" or "emnist", as those of these data sets, "cover", as those of a folder;
        "" if that is not known
    """

    preparation: Preparation
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    data: str
    epoch: int
    loss: Loss = field(default_factory=SoftmaxCrossEntropy)
    making: str = ""

    def metadata(self) -> dict[str, str]:
        """As metadata for a file of weights; `from_metadata` is the inverse."""
        values = {
            "preparation": self.preparation.to_json(),
            "class_names": self.classes,
            "image_shape": self.image_shape,
            "epoch": self.epoch,
            "loss": self.loss.describe(),
        }
        words = {"data": self.data} | ({"making": self.making} if self.making else {})
        return {**{name: json.dumps(value) for name, value in values.items()}, **words}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], source: str, custom_objects: Sequence[Any] = ()) -> TrainedOn | None:
        """From a file's metadata; None if it has no preparation, a CheckpointError naming `source` if it cannot be read."""
        if "preparation" not in metadata:
            return None
        words = "its words"
        try:
            values = {name: schema.parse(metadata[name], name) for name in ("class_names", "preparation", "image_shape", "epoch")}
            return cls(
                Preparation.from_json(values["preparation"]),
                schema.items(words, "class_names", values["class_names"], schema.text),
                schema.image_shape(words, "image_shape", values["image_shape"]),
                schema.word(words, "data", metadata["data"]),
                schema.whole(words, "epoch", values["epoch"]),
                build_loss(schema.parse(metadata["loss"], "loss"), custom_objects) if "loss" in metadata else SoftmaxCrossEntropy(),
                schema.word(words, "making", metadata["making"]) if "making" in metadata else "",
            )
        except (KeyError, CheckpointError, SettingError) as error:
            raise CheckpointError(f"{source}: its record of images and classes cannot be read: {error}") from error
