"""Files of every kind that minicnn reads, their bytes changed at random, and the product's own way of opening each."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from minicnn import datasets, zoo
from minicnn.datasets.idx import read_idx
from minicnn.datasets.pictures import read_picture
from minicnn.errors import MinicnnError
from minicnn.train import Run, RunFolder, RunSettings, Trainer, load_trained

IN_A_RUN = {"network": "best.safetensors", "checkpoint": "checkpoint.safetensors", "run.json": "run.json", "history": "history.jsonl"}
KINDS = (*IN_A_RUN, "npy", "idx", "picture")


class Files:
    """One good file of every kind under `folder`, and mutations of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        for _ in a_run(RunFolder.create(self.folder)).records():
            pass
        array = io.BytesIO()
        np.save(array, np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8))
        self.good = {"npy": ("array.npy", array.getvalue()), "picture": ("picture.pgm", b"P5 3 2 255\n" + bytes(range(6))),
                     "idx": ("images-idx3-ubyte", struct.pack(">BBBB3I", 0, 0, 8, 3, 4, 6, 6) + bytes(range(144)))}
        self.good |= {kind: (name, (self.folder / name).read_bytes()) for kind, name in IN_A_RUN.items()}

    def mutated(self, kind: str, seed: int, count: int) -> Iterator[Path]:
        """`count` mutations; each is gone when the next is asked for."""
        name, content = self.good[kind]
        for number in range(count):
            (self.folder / name).write_bytes(mutate(content, random.Random(f"{kind} {seed} {number}")))
            yield self.folder / name
            (self.folder / name).write_bytes(content)


def mutate(content: bytes, dice: random.Random) -> bytes:
    """A few bytes changed, a stretch cut out or doubled, or the end cut off; most often near the beginning, where headers are."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(min(len(changed), dice.choice((16, 128, 1 << 20))) or 1)
        stop = place + dice.randint(1, 8)
        way = dice.randrange(4)
        if way == 0:
            changed[place:stop] = dice.randbytes(stop - place)
        elif way == 1:
            del changed[place:stop]
        elif way == 2:
            changed[place:place] = changed[place:stop]
        else:
            del changed[max(place, 1):]
    return bytes(changed)


def a_run(folder: RunFolder, settings: RunSettings | None = None) -> Run:
    """A short run of a small network on a few digits, to be begun or to go on."""
    data = datasets.load("digits").subset(slice(0, 96))
    settings = settings or RunSettings.completed({"network": "lenet", "epochs": 1, "batch_size": 32}, len(data))
    net = zoo.build("lenet", 10, (1, 28, 28), settings.seed)
    return Run(folder, settings, Trainer(net, settings.make_optimizer(), settings.batch_size, threads=1, seed=settings.seed), data, data)


def resume(path: Path) -> None:
    folder = RunFolder.open(path.parent)
    a_run(folder, RunSettings.from_json(folder.read_description().get("settings"), str(path))).restore()


OPENERS: dict[str, Callable[[Path], object]] = {
    "network": load_trained, "checkpoint": resume, "run.json": resume, "history": resume, "npy": read_picture, "picture": read_picture,
    "idx": read_idx}


def outcome(kind: str, path: Path) -> str:
    """Open a file as the product does: "read", or "refused: " and why.  Anything but a MinicnnError comes through."""
    try:
        OPENERS[kind](path)
    except MinicnnError as error:
        return f"refused: {error.headline}"
    return "read"
