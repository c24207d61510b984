"""What a report is made from: a run's records, and its network examined on the test images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.train import Answer, Examination, RunFolder, RunSettings, TrainedNetwork, View, answers, examine, load_trained

if TYPE_CHECKING:
    from minicnn.datasets import Dataset

MISTAKES = 12
EXAMPLES = 6  # of test images with what the network says of them


@dataclass(frozen=True, eq=False)
class Findings:
    """The records of a run.

    run : its folder, as given
    settings, description : of run.json
    history : the lines of history.jsonl
    data : the images it was examined on
    examination : with the worst mistakes
    examples : the first images as the network gets them, and what it says of each
    """

    run: str
    settings: RunSettings
    description: dict[str, Any]
    history: tuple[dict[str, Any], ...]
    trained: TrainedNetwork
    data: Dataset
    examination: Examination
    examples: tuple[tuple[np.ndarray, Answer], ...]

    def part(self, name: str) -> dict[str, Any]:
        """A part of run.json; empty if it is not there."""
        found = self.description.get(name)
        return found if isinstance(found, dict) else {}

    def curve(self, name: str) -> list[float]:
        """A figure of every epoch; NaN where there is none."""
        return [number(line.get(name)) for line in self.history]

    def metric_curve(self, name: str) -> list[float]:
        """A metric of every epoch, of the images that were evaluated after it."""
        return [number(line["metrics"].get(name) if isinstance(line.get("metrics"), dict) else None) for line in self.history]

    @property
    def watched(self) -> str:
        """The images that were evaluated after each epoch: "test" or "validation"."""
        return "validation" if any(line.get("evaluated_on") == "validation" for line in self.history) else "test"

    @property
    def own_test_images(self) -> bool:
        """Whether it was examined on the test images of the run."""
        return self.part("data").get("test_sha256") == self.data.digest

    def class_name(self, k: int) -> str:
        """A class by name, else by its number."""
        names = self.examination.classes or self.data.classes
        return names[k] if 0 <= k < len(names) else str(k)


def number(value: object) -> float:
    """A number from a file; NaN for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def gather(folder: RunFolder, data: Dataset, device: str = "cpu") -> Findings:
    """Read a run and examine its network on a data set, as a rule the test images it was trained beside.

    Raises
    ------
    CheckpointError
        If the folder cannot be read.
    DataError, ShapeError
        If the data do not fit the network.
    """
    description = folder.read_description()
    settings = RunSettings.from_json(description.get("settings"), str(folder.path), to_train=False)
    trained = load_trained(folder.best_path)
    found = examine(trained, data, device=device, mistakes=MISTAKES)
    first = trained.preparation.images(data.images[:EXAMPLES], data.name)
    said = answers(trained, [View.whole(image) for image in first], device)
    return Findings(
        str(folder.path),
        settings,
        description,
        tuple(folder.read_history()),
        trained,
        data,
        found,
        tuple(zip(first, said, strict=True)),
    )
