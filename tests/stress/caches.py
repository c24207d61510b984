"""Caches: machine code that is damaged on disk is made anew, and the result has the same bits."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from .campaign import Trials
from .children import in_child

CACHES = 5
MOST_DAMAGED = 4  # files of a cache, unless all are
ALL_SHARE = 0.1  # of the caches, in which every file is damaged
CHILD_SECONDS = 60.0  # to compile everything anew takes about 10
ANSWER, FILES = "answer", "files"


def trials(seed: int) -> Trials:
    """First the cache as it should be, then CACHES damaged copies of the part of it that a start reads."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        healthy = Path(os.environ.get("NUMBA_CACHE_DIR") or folder / "healthy")
        fault = in_child("a healthy cache", partial(keep_answer, healthy, folder), CHILD_SECONDS)
        yield fault
        if fault:
            return
        files = [Path(line).relative_to(healthy) for line in (folder / FILES).read_text(encoding="utf-8").splitlines()]
        for number in range(CACHES):
            cache = folder / str(number)
            for file in files:
                (cache / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(healthy / file, cache / file)
            damaged = files if dice.random() < ALL_SHARE else dice.sample(files, dice.randint(1, min(MOST_DAMAGED, len(files))))
            ways = [f"{file.name} {damage(cache / file, healthy / dice.choice(files), dice)}" for file in damaged]
            where = f"{len(damaged)} of {len(files)} files damaged: {', '.join(ways[:MOST_DAMAGED])}"
            yield in_child(where, partial(gives_answer, cache, folder), CHILD_SECONDS)
            shutil.rmtree(cache)


def digest_with(cache: Path) -> str:
    """What a fresh start with this cache computes; the first time in this process that anything of minicnn is loaded."""
    os.environ["NUMBA_CACHE_DIR"] = str(cache)
    import numpy as np

    from .workloads import WORKLOADS

    rng = np.random.default_rng(0)
    results = [array for name in ("forward", "convolution", "pooling") for array in WORKLOADS[name](rng).result()]
    return hashlib.sha256(b"".join(array.tobytes() for array in results)).hexdigest()


def keep_answer(cache: Path, folder: Path) -> bool:
    """Keep in `folder` what is right, and which files of the cache were opened for it."""
    opened = set()

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(f"{cache}{os.sep}"):
            opened.add(str(arguments[0]))

    sys.addaudithook(note)
    (folder / ANSWER).write_text(digest_with(cache), encoding="utf-8")
    (folder / FILES).write_text("\n".join(sorted(path for path in opened if os.path.isfile(path))), encoding="utf-8")
    return True


def gives_answer(cache: Path, folder: Path) -> bool:
    return digest_with(cache) == (folder / ANSWER).read_text(encoding="utf-8")


def damage(file: Path, other: Path, dice: random.Random) -> str:
    """Damage a file in one of the ways of disks, killed processes and people, `other` being a good one; how, in words."""
    way = dice.choice(list(DAMAGES))
    DAMAGES[way](file, other, dice)
    return way


def flip(file: Path, other: Path, dice: random.Random) -> None:
    content = bytearray(file.read_bytes())
    for _ in range(dice.randint(1, 8)):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    file.write_bytes(content)


def become_a_folder(file: Path, other: Path, dice: random.Random) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, Callable[[Path, Path, random.Random], object]] = {
    "empty": lambda file, other, dice: file.write_bytes(b""),
    "cut": lambda file, other, dice: os.truncate(file, dice.randrange(file.stat().st_size)),
    "flipped": flip,
    "garbage": lambda file, other, dice: file.write_bytes(dice.randbytes(file.stat().st_size)),
    "another's": lambda file, other, dice: shutil.copy(other, file),
    "a folder": become_a_folder,
    "gone": lambda file, other, dice: file.unlink(),
}
