"""A run on disk: its settings, its history, its position, and its best weights.  No pickle, no partial files.

    run.json                  settings, seed, digests of the data, preparation, versions
    history.jsonl             one line an epoch
    checkpoint.safetensors    everything needed to continue, to the bit
    best.safetensors          the network with the weights kept: of the best epoch if images chose it, else of the last

Times are only in history.jsonl and run.json, so that equal runs have equal weights and checkpoints, byte for byte.
While a process trains there, a fifth file, .lock, keeps other trainers out; readers ignore it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import minicnn
from minicnn.datasets.locks import Lock, LocklessError
from minicnn.errors import CheckpointError, MinicnnError
from minicnn.schema import MOST_LETTERS, parse
from minicnn.storage import atomic_write, load_arrays, remove_parts, save_arrays
from minicnn.train.checkpoint import Times, epoch_times, with_times, without_times
from minicnn.train.records import EpochRecord

if TYPE_CHECKING:
    import numpy as np

RUN, HISTORY, CHECKPOINT, BEST = "run.json", "history.jsonl", "checkpoint.safetensors", "best.safetensors"
NAMES = (RUN, HISTORY, CHECKPOINT, BEST)
LOCK = ".lock"
MOST_HISTORY_LETTERS = 1 << 25  # in a checkpoint: some 200,000 epochs
FORMAT = "minicnn run 1"
CHECKPOINT_FORMAT = "minicnn checkpoint 1"


class RunFolder:
    """The four files of a run, in one folder.  Made by `create`, `create_next` or `open`.

    writes : whether this process writes what it is told; of several ranks that train together, one does
    """

    writes = True

    def __init__(self, path: Path, new: bool = False, begun: bool = True) -> None:
        self.path = path
        self._new = new  # created by this process, which may therefore remove it
        self._begun = begun  # already holds a run
        self._lock: Lock | None = None

    @classmethod
    def create(cls, path: str | Path) -> RunFolder:
        """A folder for a new run, created if missing.

        Raises
        ------
        CheckpointError
            If it already holds a run, or cannot be created.
        """
        folder = _expanded(path)
        try:
            _check_empty(folder)
            new = not folder.exists()
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(f"cannot make the run folder {folder}: {error.strerror or error}") from error
        return cls(folder, new, begun=False)

    @classmethod
    def create_next(cls, parent: str | Path, name: str) -> RunFolder:
        """A new folder parent/name-1, or with the number after the highest there is."""
        parent = Path(parent)
        pattern = re.compile(re.escape(name) + r"-(\d{1,9})")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            taken = {int(match[1]): match[0] for match in map(pattern.fullmatch, os.listdir(parent)) if match}
            for each in taken.values():
                cls(parent / each)._tidy()
            number = max(taken, default=0) + 1
            while True:
                try:
                    (parent / f"{name}-{number}").mkdir()
                except FileExistsError:  # by another run that started at the same moment
                    number += 1
                else:
                    return cls(parent / f"{name}-{number}", new=True, begun=False)
        except OSError as error:
            raise CheckpointError(
                f"cannot make a run folder in {parent}: {error.strerror or error}\n  choose another one with --out"
            ) from error

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """The folder of an existing run; a CheckpointError if it is not one."""
        folder = _expanded(path)
        try:
            missing, described = not folder.exists(), (folder / RUN).is_file()
        except OSError as error:
            raise CheckpointError(f"there is no run folder {folder}: {error.strerror or error}") from error
        if missing:
            raise CheckpointError(f"there is no run folder {folder}")
        if not described:
            if held := sorted(each.name for each in folder.glob("seed-*") if (each / RUN).is_file()):
                raise CheckpointError(f"{folder} holds the runs of several seeds: {', '.join(held)}\n  choose one: {folder / held[0]}")
            what = "is not a folder" if not folder.is_dir() else f"holds no {RUN}"
            raise CheckpointError(f"{folder} is not the folder of a run: it {what}\n  'minicnn train' makes one, as in runs/lenet-digits-1")
        return cls(folder)

    @property
    def best_path(self) -> Path:
        return self.path / BEST

    @property
    def checkpoint_path(self) -> Path:
        return self.path / CHECKPOINT

    def holds(self, name: str) -> bool:
        """Whether it has this file."""
        return (self.path / name).exists()

    def claim(self) -> None:
        """Keep other processes out of this folder until `release`, and remove what killed ones left half written.

        Raises
        ------
        CheckpointError
            If another process trains here, or has meanwhile, or the folder is not writable.
        """
        if self._lock is None:
            self._lock = self._taken()
        if self._lock is not None:
            remove_parts(self.path, NAMES)
        if not self._begun:
            try:
                _check_empty(self.path)
            except CheckpointError:
                self.release()
                raise
            self._begun = True

    def _taken(self) -> Lock | None:
        """The lock; None on a file system without locks, where partial files may belong to a running process."""
        try:
            lock = Lock.take(self.path / LOCK)
        except LocklessError:
            return None
        except OSError as error:
            raise CheckpointError(f"cannot write into the run folder {self.path}: {error.strerror or error}") from error
        if lock is None:
            raise CheckpointError(
                f"{self.path} is in use by another run"
                f"\n  wait for it to end, stop it, or choose another folder; evaluate and predict work meanwhile"
            )
        return lock

    def release(self) -> None:
        """Unlock the folder."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _tidy(self) -> None:
        """Remove what a killed process left half written, unless another process is using it."""
        with suppress(OSError, MinicnnError):
            if any(each.endswith(".part") for each in os.listdir(self.path)):
                self.claim()
                self.release()

    def write_description(self, values: dict[str, Any]) -> None:
        """Write run.json."""
        with atomic_write(self.path / RUN, "w") as file:
            json.dump({"format": FORMAT, **values}, file, indent=1)
            file.write("\n")
        self._begun = True

    def read_description(self) -> dict[str, Any]:
        """The content of run.json; a CheckpointError if it cannot be read or is not a run's."""
        path = self.path / RUN
        values = parse(_text(path), str(path))
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise CheckpointError(f"{path} does not describe a run in a format that minicnn {minicnn.__version__} knows")
        return values

    def write_history(self, records: Sequence[EpochRecord], **more: Any) -> None:
        """Rewrite history.jsonl."""
        with atomic_write(self.path / HISTORY, "w") as file:
            file.writelines(history_line(record, **more) for record in records)

    def append_history(self, record: EpochRecord, **more: Any) -> None:
        """Append the line of one epoch, and wait until it is on disk."""
        try:
            with open(self.path / HISTORY, "a", encoding="utf-8") as file:
                file.write(history_line(record, **more))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CheckpointError(f"cannot write {self.path / HISTORY}: {error.strerror or error}") from error

    def read_history(self) -> list[dict[str, Any]]:
        """The lines of history.jsonl, one an epoch; damaged ones are left out.  A figure that is not a number is NaN."""
        lines = []
        for line in _text(self.path / HISTORY, 4 * MOST_HISTORY_LETTERS).splitlines():
            with suppress(ValueError, RecursionError):
                values = json.loads(line)
                if isinstance(values, dict) and isinstance(values.get("epoch"), int):
                    lines.append(values)
        return lines

    def write_checkpoint(self, arrays: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        """Write what `Trainer.checkpoint` returned, without the times."""
        save_arrays(
            self.checkpoint_path,
            arrays,
            {"format": CHECKPOINT_FORMAT, "minicnn": minicnn.__version__, "numbers": json.dumps(without_times(numbers))},
        )

    def read_checkpoint(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """What `Trainer.restore` takes; None if the run ended before writing any."""
        if not self.checkpoint_path.exists():
            return None
        arrays, metadata = load_arrays(self.checkpoint_path)
        try:
            if metadata.get("format") != CHECKPOINT_FORMAT:
                raise CheckpointError(f"it is not in the format {CHECKPOINT_FORMAT!r}")
            numbers = parse(metadata.get("numbers", ""), "what it says", MOST_HISTORY_LETTERS)
            if not isinstance(numbers, dict):
                raise CheckpointError("its numbers are not a JSON object")
        except CheckpointError as error:
            raise CheckpointError(f"{self.checkpoint_path} is not a checkpoint of a run: {error}") from error
        return arrays, with_times(numbers, self._times(), self.read_description().get("under_way"))

    def _times(self) -> dict[int, Times]:
        """The time of each epoch from history.jsonl; damaged lines are skipped."""
        return dict(found for found in map(epoch_times, self.history_lines()) if found)

    def history_lines(self) -> list[str]:
        """The lines of history.jsonl, none if it cannot be read."""
        try:
            return _text(self.path / HISTORY, 4 * MOST_HISTORY_LETTERS).splitlines()
        except CheckpointError:
            return []

    def discard(self) -> None:
        """Unlock the folder, and remove a run that ended before it had anything to keep, if this process created it."""
        if self._new and not self.checkpoint_path.exists():
            for name in (RUN, HISTORY, BEST):
                with suppress(OSError):
                    (self.path / name).unlink()
            self.release()
            with suppress(OSError):
                self.path.rmdir()
        self.release()


def _expanded(path: str | Path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise CheckpointError(f"there is no run folder {path}: {error}") from error


def _check_empty(folder: Path) -> None:
    held = [name for name in (RUN, CHECKPOINT, BEST, HISTORY) if (folder / name).exists()]
    if held:
        raise CheckpointError(
            f"{folder} already holds a run: {', '.join(held)}"
            + (
                f"\n  continue it: minicnn train --resume {quote(str(folder))}\n  or" if held != [RUN, BEST] else "\n "
            )  # these two alone were converted
            + " choose another folder for a new one"
        )


def _text(path: Path, most_bytes: int = 4 * MOST_LETTERS) -> str:
    """The text of a file, if it is not larger than a run's can be."""
    try:
        if not path.is_file():
            raise CheckpointError(f"cannot read {path}: it is not a file")
        if path.stat().st_size > most_bytes:
            raise CheckpointError(f"{path} is broken: {path.stat().st_size:,} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise CheckpointError(f"{path} is broken: {error}") from error


def history_line(record: EpochRecord, **more: Any) -> str:
    """An epoch as a line of JSON, the same in history.jsonl and on the command line."""
    told = {name: value for name, value in record._asdict().items() if name != "figures"}
    return json.dumps({"event": "epoch", **told, "metrics": record.metrics, **more}) + "\n"
