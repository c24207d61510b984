"""Ways in which a file of machine code can come to harm, to be done to any file below NUMBA_CACHE_DIR."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path, random.Random], None]


def kept_files(folder: Path) -> list[Path]:
    """Every file of machine code below a folder, in a fixed order."""
    return sorted(path for path in folder.rglob("*.nbc") if path.is_file())


def empty(path: Path, stream: random.Random) -> None:
    path.write_bytes(b"")


def cut(path: Path, stream: random.Random) -> None:
    os.truncate(path, stream.randrange(path.stat().st_size))


def flip_bits(path: Path, stream: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for place in stream.sample(range(len(content)), 1 + stream.randrange(8)):
        content[place] ^= 1 << stream.randrange(8)
    path.write_bytes(content)


def overwrite(path: Path, stream: random.Random) -> None:
    path.write_bytes(stream.randbytes(stream.randrange(1, 4096)))


def zero_a_page(path: Path, stream: random.Random) -> None:
    """As a crash of the machine leaves it: the length is right, a page never reached the disk."""
    content = bytearray(path.read_bytes())
    start = stream.randrange(len(content))
    page = content[start : start + 4096]
    content[start : start + 4096] = bytes(len(page)) if any(page) else b"\1" * len(page)
    path.write_bytes(content)


def append(path: Path, stream: random.Random) -> None:
    with open(path, "ab") as file:
        file.write(stream.randbytes(1 + stream.randrange(64)))


def swap(path: Path, stream: random.Random) -> None:
    """The whole and sound file of another kernel, where there is one."""
    others = [other for other in kept_files(path.parent) if other != path]
    path.write_bytes(stream.choice(others).read_bytes() if others else b"no other")


def put_folder(path: Path, stream: random.Random) -> None:
    path.unlink()
    path.mkdir()


def put_pipe(path: Path, stream: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def put_link(path: Path, stream: random.Random) -> None:
    """To a sound copy of itself."""
    other = path.with_suffix(".elsewhere")
    shutil.move(path, other)
    path.symlink_to(other)


def remove(path: Path, stream: random.Random) -> None:
    path.unlink()


DAMAGES: dict[str, Damage] = {
    each.__name__: each for each in (empty, cut, flip_bits, overwrite, zero_a_page, append, swap, put_folder, put_pipe, put_link, remove)
}
