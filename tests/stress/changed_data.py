"""Folders of pictures, .npz archives and CSV files: good ones, changed where it hurts."""

from __future__ import annotations

import io
import os
import random
import shutil
import zipfile
from pathlib import Path

import numpy as np

from .changed_json import changed_bytes
from .changed_pictures import changed_npy, changed_picture, good_pictures

NAMES = (
    ".hidden.png",
    "Thumbs.db",
    "UPPER.PNG",
    "a b.png",
    "é.png",
    "new\nline.png",
    "\x1b[31mred.png",
    "-rf.png",
    "x.pgm",
    "x.npy",
    "10",
    "007",
    "9" * 40,
    "२",
    "a" * 200 + ".png",
)


def good_archives() -> list[tuple[str, bytes]]:
    images, labels = np.arange(12 * 8 * 8, dtype=np.uint8).reshape(12, 8, 8), np.arange(12) % 3
    files = []
    for name, save, arrays in (
        ("keras.npz", np.savez, {"x_train": images, "y_train": labels, "x_test": images[:3], "y_test": labels[:3]}),
        ("packed.npz", np.savez_compressed, {"images": images / 255, "labels": np.array(["a", "b", "c"])[labels]}),
        ("colour.npz", np.savez, {"x": images.reshape(4, 8, 8, 3), "y": np.eye(2)[[0, 1, 0, 1]]}),
    ):
        stream = io.BytesIO()
        save(stream, **arrays)  # type: ignore[operator]
        files.append((name, stream.getvalue()))
    return files


def changed_archive(content: bytes, chance: random.Random) -> bytes:
    """An array of it changed, taken away, named otherwise, or made huge; or the bytes of the archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    way = chance.randrange(6)
    if way == 0:
        del members[name]
    elif way == 1:
        members[chance.choice(("x.npy", "images.npy", "../x_train.npy", "x_train", "y_test.npy", "\n.npy", ""))] = members.pop(name)
    elif way == 2:
        members[name] = saved(wild_array(chance))
    elif way == 3:
        members[name] += bytes(1 << chance.choice((0, 10, 23)))
    else:
        members[name] = changed_npy(members[name], chance)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for each, body in members.items():
            archive.writestr(each or "empty", body)
    whole = stream.getvalue()
    return changed_bytes(whole, chance) if chance.random() < 0.2 else whole


def wild_array(chance: random.Random) -> np.ndarray:
    """An array that is neither images nor labels, or hardly so."""
    shape = chance.choice(((), (0,), (12,), (12, 1), (12, 8), (12, 0, 8), (12, 8, 8), (1,) * 9, (3, 8, 8), (12, 8, 8, 2), (12, 1, 8, 8)))
    kind = chance.choice(("u1", "i8", "f2", "f8", "c16", "?", "U3", "S3", "M8[s]", ">i2", "V3"))
    array = np.zeros(shape, kind)
    if kind in ("i8", "f2", "f8", "u1") and array.size:
        with np.errstate(all="ignore"):
            array.flat[0] = chance.choice((1, 255, 7)) if kind == "u1" else chance.choice((-1, 255, 2**40, 60_000, 2**62))
            if kind.startswith("f") and chance.random() < 0.5:
                array.flat[0] = chance.choice((np.nan, np.inf, -np.inf, 0.5))
    return array


def saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def good_tables() -> list[tuple[str, bytes]]:
    rows = [",".join(map(str, (n % 3, *range(n, n + 16)))) for n in range(12)]
    words = [f"{'cat' if n % 2 else 'dog'};0.5;{n};1e1" for n in range(12)]
    return [
        ("plain.csv", "\n".join(rows).encode()),
        ("kaggle.csv", "\r\n".join(["label," + ",".join(f"pixel{n}" for n in range(16)), *rows]).encode()),
        ("words.csv", "\n".join(words).encode()),
        ("last.csv", "\n".join(["a,b,class", *(f"{n},{n},{n % 2}" for n in range(12))]).encode()),
    ]


def changed_table(content: bytes, chance: random.Random) -> bytes:
    """A field, a line or a delimiter changed."""
    lines = content.decode().splitlines()
    delimiter = ";" if ";" in lines[0] else ","
    for _ in range(chance.choice((1, 1, 2, 5))):
        n = chance.randrange(len(lines))
        fields = lines[n].split(delimiter)
        way = chance.randrange(6)
        if way < 3:
            fields[chance.randrange(len(fields))] = chance.choice(
                (
                    *(
                        "",
                        " ",
                        "x",
                        "nan",
                        "inf",
                        "-1",
                        "256",
                        "1e400",
                        "9" * 400,
                        "0x10",
                        "1_0",
                        '"',
                        '"1"',
                        "\0",
                        "\x1b[31m",
                        "é",
                        "१",
                        "#",
                    ),
                    *("1" + delimiter + "2", "1 2", "--1", "1e", "True", "label", "\t", ";", "\u2028", "\ufeff", "'", "a" * 100_000),
                )
            )
            lines[n] = delimiter.join(fields)
        elif way == 3:
            lines[n] = delimiter.join(fields[: chance.randrange(len(fields))])
        elif way == 4:
            lines[n] = chance.choice(("", "\0" * 10, "x", delimiter * 3, lines[n] * 2, lines[n] + delimiter, "," * 100_000))
        else:
            del lines[n]
            lines = lines or [""]
    return chance.choice(("\n", "\n", "\r\n", "\r", "\n\n")).join(lines).encode("utf-8", "surrogatepass")


def good_folder(root: Path) -> None:
    """Two classes, for training and for testing, with a picture of every kind."""
    shutil.rmtree(root, ignore_errors=True)
    for n, (name, content) in enumerate(good_pictures()):
        for k in ("2", "cat"):
            path = root / ("test" if n % 4 == 3 else "train") / k / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def change_folder(root: Path, home: Path, chance: random.Random) -> None:
    """Pictures, names, folders and the cache of a folder changed."""
    pictures = sorted(path for path in root.rglob("*") if path.is_file())
    for _ in range(chance.choice((1, 1, 2, 3))):
        path = chance.choice(pictures)
        way = chance.randrange(9)
        if way < 3 and path.is_file():
            content = path.read_bytes()
            path.write_bytes(changed_bytes(content, chance) if way == 2 or not content else changed_picture(path.name, content, chance))
        elif way == 3:
            target = path.with_name(chance.choice(NAMES))
            if path.is_file() and not target.exists():
                path.rename(target)
        elif way == 4:
            target = chance.choice((root, root / "train", path.parent)) / chance.choice(NAMES)
            if not target.exists() and target.parent.is_dir():
                target.mkdir()
        elif way == 5:
            shutil.rmtree(chance.choice((root / "test", root / "train" / "2", root / "train", path.parent)), ignore_errors=True)
        elif way == 6:
            link = root / "train" / "cat" / "link.png"
            if link.parent.is_dir() and not os.path.lexists(link):
                link.symlink_to(chance.choice((root / "nothing", root, Path("/dev/zero"), link, pictures[0])))
        elif way == 7:
            pipe = root / "train" / "cat" / "pipe.png"
            if pipe.parent.is_dir() and not pipe.exists():
                os.mkfifo(pipe)
        else:
            for cache in sorted(home.glob("folders/*/*")):
                if cache.is_file() and chance.random() < 0.7:
                    content = cache.read_bytes()
                    cache.write_bytes(
                        chance.choice((changed_bytes(content, chance), content[: len(content) // 2], b"", b"{}", b"[" * 5000))
                    )
