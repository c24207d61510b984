"""Files as nobody should write them: good ones changed where it hurts, and the product's own way of opening each.

    files = Files(folder)                                  # one good file of every kind
    for path in files.mutated("network", seed=7, count=100):
        outcome("network", path)                           # "read" or "refused: ..."; whatever else is raised is a fault

A mutated file is rewritten by the next one; a seed always gives the same files.
"""

from __future__ import annotations

import json
import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import minicnn
from minicnn import datasets
from minicnn import layers as L
from minicnn.errors import MinicnnError, MinicnnWarning, one_line
from minicnn.train import (
    EpochRecord,
    Preparation,
    Run,
    RunFolder,
    RunSettings,
    TrainedNetwork,
    Trainer,
    fit_picture,
    guesses,
    load_trained,
)

from .changed_data import change_folder, changed_archive, changed_table, good_archives, good_folder, good_tables
from .changed_json import changed_bytes, changed_json, changed_safetensors
from .changed_pictures import changed_idx, changed_npy, changed_picture, good_arrays, good_idx, good_pictures

KINDS = ("network", "checkpoint", "run.json", "history", "npy", "idx", "picture", "npz", "csv", "folder")
IN_A_RUN = {"network": "best.safetensors", "checkpoint": "checkpoint.safetensors", "run.json": "run.json", "history": "history.jsonl"}


class Files:
    """One good file of every kind under `folder`, and mutations of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = folder / "run"
        data = small_data()
        run = small_run(self.run, data, new=True)
        trainer = run.trainer
        arrays, numbers = trainer.checkpoint()
        history = [EpochRecord(n, 0.5 / n, 0.75, 0.25 / n, 0.875, 0.01, 719.0, 0.05)._asdict() for n in (1, 2)]
        trainer.restore(arrays, numbers | {"epoch": 3, "steps": 6, "history": history})
        run.folder.write_description(run.description())
        run.folder.write_history(trainer.history)
        run.folder.write_checkpoint(*trainer.checkpoint())
        trained = TrainedNetwork(trainer.net, Preparation.of(data, trainer.net.input_shape), data.classes, data.input_shape, "digits", 2)
        trained.save(run.folder.best_path)
        self.good = {kind: [(name, (self.run / name).read_bytes())] for kind, name in IN_A_RUN.items()}
        self.good |= {
            "npy": good_arrays(),
            "idx": good_idx(),
            "picture": good_pictures(),
            "npz": good_archives(),
            "csv": good_tables(),
            "folder": [],
        }

    def mutated(self, kind: str, seed: int, count: int) -> Iterator[Path]:
        """`count` mutations; each is gone when the next is asked for.  In a run folder the other files are good ones."""
        for number in range(count):
            chance = random.Random(f"{kind} {seed} {number}")
            if kind == "folder":
                yield self.mutated_folder(chance)
                continue
            name, content = chance.choice(self.good[kind])
            changed = mutate(kind, name, content, chance)
            if kind not in IN_A_RUN:
                path = self.folder / f"mutated-{name}"
                path.write_bytes(changed)
            else:
                path = self.run / name
                for other in IN_A_RUN:
                    ((file, whole),) = self.good[other]
                    (self.run / file).write_bytes(changed if other == kind else whole)
            yield path

    def mutated_folder(self, chance: random.Random) -> Path:
        """A good folder of pictures, decoded and kept, then changed."""
        root, home = self.folder / "pictures", self.folder / "home"
        good_folder(root)
        shutil.rmtree(home, ignore_errors=True)
        if chance.random() < 0.3:
            open_folder(root)  # so that there is a cache to be damaged
        change_folder(root, home, chance)
        return root


def outcome(kind: str, path: Path) -> str:
    """Open a file as the product does: "read", or "refused: " and the first line of the MinicnnError.  Anything else comes through."""
    try:
        OPENERS[kind](path)
    except MinicnnError as error:
        if one_line(error.headline) != error.headline:
            raise AssertionError(f"not one line that can be shown: {error.headline!r}") from error
        return f"refused: {error.headline}"
    return "read"


def open_network(path: Path) -> None:
    """What `evaluate` and `predict` do."""
    minicnn.load(path)
    trained = load_trained(path)
    picture = np.zeros(trained.image_shape, np.uint8 if trained.preparation.unit == 255 else np.float32)
    guesses(trained, [fit_picture(trained, picture, "picture", resize=True)])


def open_run(path: Path) -> None:
    """What `train --resume` does before it trains."""
    folder = RunFolder.open(path.parent)
    settings = RunSettings.from_json(folder.read_description().get("settings"), str(folder.path))
    datasets.load(settings.data, "train", settings.data_dir)
    run = small_run(path.parent, small_data(), settings=settings)
    try:
        run.restore()
    finally:
        run.folder.release()


def open_picture(path: Path) -> None:
    from minicnn.datasets.pictures import read_picture

    read_picture(path)


def open_idx(path: Path) -> None:
    from minicnn.datasets.idx import read_idx

    read_idx(path)


def open_data(path: Path) -> None:
    for split in datasets.catalog.SPLITS:
        datasets.load(path, split)


def open_folder(path: Path) -> None:
    """With the data store beside it; warnings are ours, and one line each."""
    with warnings.catch_warnings(record=True) as caught, pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("always")
        patch.setenv("MINICNN_DATA_HOME", str(path.parent / "home"))
        try:
            open_data(path)
        finally:
            for each in caught:
                if not issubclass(each.category, MinicnnWarning) or one_line(str(each.message)) != str(each.message):
                    raise AssertionError(f"{each.category.__name__}: {each.message}")


OPENERS: dict[str, Callable[[Path], None]] = {
    "network": open_network,
    "checkpoint": open_run,
    "run.json": open_run,
    "history": open_run,
    "npy": open_picture,
    "idx": open_idx,
    "picture": open_picture,
    "npz": open_data,
    "csv": open_data,
    "folder": open_folder,
}


def small_data() -> datasets.Dataset:
    return datasets.load("digits").subset(slice(0, 96))


def small_run(path: Path, data: datasets.Dataset, new: bool = False, settings: RunSettings | None = None) -> Run:
    """A run of three batches an epoch, untrained; a settings file that is read back decides about optimizer and batch."""
    shared = L.Sequential(L.Linear(6, name="both"), L.Tanh())
    body = L.Sequential(
        L.Conv2D(2, 3, padding=1),
        L.BatchNorm2D(),
        L.ReLU(),
        L.Residual(L.Conv2D(2, 3, padding="same")),
        L.MaxPool2D(2),
        L.Concat(L.AvgPool2D(2), L.Conv2D(2, 2, stride=2)),
        L.Flatten(),
        L.Linear(6),
        shared,
        L.Dropout(0.25),
        shared,
        L.Linear(10),
    )
    settings = settings or RunSettings.completed({"network": "lenet", "epochs": 3, "batch_size": 32}, len(data))
    trainer = Trainer(
        minicnn.Graph(body, (1, 8, 8), settings.seed, "small"),
        settings.make_optimizer(),
        batch_size=settings.batch_size,
        threads=1,
        seed=settings.seed,
    )
    return Run(RunFolder.create(path) if new else RunFolder.open(path), settings, trainer, data, data)


def mutate(kind: str, name: str, content: bytes, chance: random.Random) -> bytes:
    """One mutation of a good file: mostly of what it means, sometimes of its bytes."""
    if chance.random() < 0.2:
        return changed_bytes(content, chance)
    if kind in ("network", "checkpoint"):
        return changed_safetensors(content, chance)
    if kind == "run.json":
        return changed_json(json.loads(content), chance).encode("utf-8", "surrogatepass")
    if kind == "history":
        lines = content.decode().splitlines()
        n = chance.randrange(len(lines))
        lines[n] = changed_json(json.loads(lines[n]), chance)
        return "\n".join(lines * chance.choice((1, 1, 1, 3))).encode("utf-8", "surrogatepass")
    if kind == "npy":
        return changed_npy(content, chance)
    if kind == "idx":
        return changed_idx(content, chance)
    if kind == "npz":
        return changed_archive(content, chance)
    if kind == "csv":
        return changed_table(content, chance)
    return changed_picture(name, content, chance)
