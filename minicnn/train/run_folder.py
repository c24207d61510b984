"""A run on disk: what it was told, what happened, where it stands, and its best weights.  No pickle, no half files.

    run.json                  settings, seed, digests of the data, preparation, versions
    history.jsonl             one line an epoch
    checkpoint.safetensors    everything needed to go on, to the bit
    best.safetensors          the network with the best accuracy so far; `minicnn.load` reads it
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import minicnn
from minicnn.errors import CheckpointError
from minicnn.storage import atomic_write, load_arrays, save_arrays
from minicnn.train.records import EpochRecord

if TYPE_CHECKING:
    import numpy as np

RUN, HISTORY, CHECKPOINT, BEST = "run.json", "history.jsonl", "checkpoint.safetensors", "best.safetensors"
FORMAT = "minicnn run 1"
CHECKPOINT_FORMAT = "minicnn checkpoint 1"


class RunFolder:
    """The four files of a run, in one folder.  Made by `create`, `create_next` or `open`."""

    def __init__(self, path: Path, new: bool = False) -> None:
        self.path = path
        self._new = new   # made by this process, and so may be removed by it

    @classmethod
    def create(cls, path: str | Path) -> RunFolder:
        """A folder for a new run, made where it is missing.

        Raises
        ------
        CheckpointError
            If it holds a run already, or cannot be made.
        """
        folder = Path(path).expanduser()
        held = [name for name in (RUN, CHECKPOINT, BEST, HISTORY) if os.path.exists(folder / name)]
        if held:
            raise CheckpointError(f"{folder} holds a run already: {', '.join(held)}"
                                  f"\n  go on with it: minicnn train --resume {folder}\n  or choose another folder for a new one")
        new = not os.path.exists(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(f"cannot make the run folder {folder}: {error.strerror or error}") from error
        return cls(folder, new)

    @classmethod
    def create_next(cls, parent: str | Path, name: str) -> RunFolder:
        """A new folder parent/name-1, or with the number after the highest there is."""
        parent = Path(parent)
        pattern = re.compile(re.escape(name) + r"-(\d{1,9})")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            taken = [int(match[1]) for match in map(pattern.fullmatch, os.listdir(parent)) if match]
            number = max(taken, default=0) + 1
            while True:
                try:
                    (parent / f"{name}-{number}").mkdir()
                except FileExistsError:   # by another run that starts at the same moment
                    number += 1
                else:
                    return cls(parent / f"{name}-{number}", new=True)
        except OSError as error:
            raise CheckpointError(f"cannot make a run folder in {parent}: {error.strerror or error}"
                                  f"\n  choose another one with --out") from error

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """The folder of a run that was begun; a CheckpointError if it is none."""
        folder = Path(path).expanduser()
        if not os.path.exists(folder):
            raise CheckpointError(f"there is no run folder {folder}")
        if not (folder / RUN).is_file():
            what = "is not a folder" if not folder.is_dir() else f"holds no {RUN}"
            raise CheckpointError(f"{folder} is not the folder of a run: it {what}\n  'minicnn train' makes one, as in runs/lenet-digits-1")
        return cls(folder)

    @property
    def best_path(self) -> Path:
        return self.path / BEST

    @property
    def checkpoint_path(self) -> Path:
        return self.path / CHECKPOINT

    def write_description(self, values: dict[str, Any]) -> None:
        """Write run.json."""
        with atomic_write(self.path / RUN, "w") as file:
            json.dump({"format": FORMAT, **values}, file, indent=1)
            file.write("\n")

    def read_description(self) -> dict[str, Any]:
        """What run.json says; a CheckpointError if it cannot be read or is not ours."""
        path = self.path / RUN
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"{path} is broken: {error}") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise CheckpointError(f"{path} does not describe a run in a form that minicnn {minicnn.__version__} knows")
        return values

    def write_history(self, records: Sequence[EpochRecord], **more: Any) -> None:
        """Write history.jsonl anew."""
        with atomic_write(self.path / HISTORY, "w") as file:
            file.writelines(history_line(record, **more) for record in records)

    def append_history(self, record: EpochRecord, **more: Any) -> None:
        """Add the line of one epoch, and wait until it is on the disk."""
        try:
            with open(self.path / HISTORY, "a", encoding="utf-8") as file:
                file.write(history_line(record, **more))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CheckpointError(f"cannot write {self.path / HISTORY}: {error.strerror or error}") from error

    def write_checkpoint(self, arrays: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        """Write what `Trainer.checkpoint` gave."""
        save_arrays(self.checkpoint_path, arrays,
                    {"format": CHECKPOINT_FORMAT, "minicnn": minicnn.__version__, "numbers": json.dumps(numbers)})

    def read_checkpoint(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """What `Trainer.restore` takes; None if the run was cut before it wrote any."""
        if not self.checkpoint_path.exists():
            return None
        arrays, metadata = load_arrays(self.checkpoint_path)
        try:
            if metadata.get("format") != CHECKPOINT_FORMAT:
                raise ValueError(f"it is not in the format {CHECKPOINT_FORMAT!r}")
            numbers = json.loads(metadata["numbers"])
            if not isinstance(numbers, dict):
                raise ValueError("its numbers are no object")
        except (KeyError, ValueError, RecursionError) as error:
            raise CheckpointError(f"{self.checkpoint_path} is not a checkpoint of a run: {error}") from error
        return arrays, numbers

    def discard(self) -> None:
        """Remove a run that ended before it had anything to keep, if this process began it."""
        if self._new and not self.checkpoint_path.exists():
            for name in (RUN, HISTORY, BEST):
                with suppress(OSError):
                    (self.path / name).unlink()
            with suppress(OSError):
                self.path.rmdir()


def history_line(record: EpochRecord, **more: Any) -> str:
    """An epoch as a line of JSON, the same in history.jsonl and on the command line."""
    return json.dumps({"event": "epoch", **record._asdict(), **more}) + "\n"
