"""Arrays, IDX files and pictures: good ones, and their headers changed where it hurts."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zlib
from typing import Any

import numpy as np

from .changed_json import changed_bytes


def good_arrays() -> list[tuple[str, bytes]]:
    files = []
    for name, array in (
        ("bytes", np.arange(64, dtype=np.uint8).reshape(8, 8)),
        ("floats", np.linspace(0, 1, 64, dtype=np.float32)[None]),
        ("colours", np.zeros((8, 8, 3), np.int64)),
        ("ordered", np.asfortranarray(np.ones((3, 8, 8)))),
    ):
        stream = io.BytesIO()
        np.save(stream, array)
        files.append((f"{name}.npy", stream.getvalue()))
    return files


def changed_npy(content: bytes, chance: random.Random) -> bytes:
    """Its header, a Python dict as text, changed."""
    length = int.from_bytes(content[8:10], "little")
    text = content[10 : 10 + length].decode()
    pieces = ("(8, 8)", "'<f4'", "'|u1'", "False", "True", "'shape'", "'descr'", "{", "}", "(", ")", ",", "8", "1", "'")
    for _ in range(chance.choice((1, 1, 2, 3))):
        old = chance.choice([piece for piece in pieces if piece in text] or [" "])
        text = text.replace(
            old,
            chance.choice(
                (
                    "(2**40,)",
                    "(4611686018427387904,)",
                    "(9999999999, 9999999999)",
                    "(-1,)",
                    "(0,)",
                    "()",
                    "(1.5,)",
                    "'O'",
                    "'V8'",
                    "'<U9999999'",
                    "'<M8[s]'",
                    "[('a', '<f4')]",
                    "'<c16'",
                    "'|b1'",
                    "'<f2'",
                    "'>f8'",
                    "'not a type'",
                    "(" * 300,
                    "[" * 5000,
                    "{",
                    "}",
                    "\\",
                    '"""',
                    "0x",
                    "1e999",
                    "9" * 5000,
                    "lambda: 0",
                    "\n\n  if",
                    "\t",
                    "\0",
                    "é",
                    "None",
                    "-" * 3000 + "1",
                    "(1," * 90,
                )
            ),
            1,
        )
    raw = text.encode("latin-1", "replace")
    version = chance.choice((1, 1, 1, 1, 2, 3, 9))
    start = b"\x93NUMPY" + bytes([version, 0])
    size = len(raw) if chance.random() < 0.9 else chance.choice((0, 1, 65535, len(raw) + 100))
    return start + (struct.pack("<H", size & 0xFFFF) if version == 1 else struct.pack("<I", size)) + raw + content[10 + length :]


def good_idx() -> list[tuple[str, bytes]]:
    images = struct.pack(">BBBB3I", 0, 0, 8, 3, 4, 6, 6) + bytes(range(144))
    reals = struct.pack(">BBBB2I", 0, 0, 0x0D, 2, 3, 5) + np.arange(15, dtype=">f4").tobytes()
    packed = gzip.compress(images, mtime=0)
    return [
        ("images-idx3-ubyte", images),
        ("reals-idx2", reals),
        ("images-idx3-ubyte.gz", packed),
        ("two.gz", gzip.compress(images[:50]) + gzip.compress(images[50:])),
    ]


def changed_idx(content: bytes, chance: random.Random) -> bytes:
    """Its header changed, inside the gzip stream where there is one; or a stream that grows without end."""
    packed = content[:2] == b"\x1f\x8b"
    plain = bytearray(gzip.decompress(content) if packed else content)
    way = chance.randrange(4)
    if way == 0:
        plain[chance.randrange(4)] = chance.choice((0, 1, 8, 9, 0x0B, 0x0E, 255))
    elif way == 1:
        at = 4 + 4 * chance.randrange(3)
        plain[at : at + 4] = struct.pack(">I", chance.choice((0, 1, 2**16, 2**24, 2**31 - 1, 2**32 - 1)))
    elif way == 2:
        plain = bytearray(struct.pack(">BBBB", 0, 0, 8, 255) + struct.pack(">I", 1) * 255 + b"\0")
    else:
        plain += bytes(chance.choice((1, 1000, 1 << 22)))
    if not packed:
        return bytes(plain)
    whole = gzip.compress(bytes(plain), mtime=0)
    return changed_bytes(whole, chance) if chance.random() < 0.3 else whole


def good_pictures() -> list[tuple[str, bytes]]:
    from PIL import Image

    files = [
        ("plain.pgm", b"P2\n# a comment\n3 2\n255\n0 1 2 3 4 255\n"),
        ("raw.ppm", b"P6 3 2 255\n" + bytes(range(18))),
        ("wide.pgm", b"P5 3 2 65535\n" + bytes(range(12))),
    ]
    ramp = np.arange(8 * 8 * 4, dtype=np.uint8).reshape(8, 8, 4)
    for name, image in (
        ("grey.png", Image.fromarray(ramp[..., 0])),
        ("colour.png", Image.fromarray(ramp[..., :3])),
        ("clear.png", Image.fromarray(ramp)),
        ("palette.png", Image.fromarray(ramp[..., 0]).convert("P")),
        ("deep.png", Image.fromarray(ramp[..., 0].astype(np.uint16) * 257)),
        ("bits.png", Image.fromarray(ramp[..., 0]).convert("1")),
        ("photo.jpg", Image.fromarray(ramp[..., :3])),
        ("photo.tiff", Image.fromarray(ramp[..., :3])),
        ("moving.gif", Image.fromarray(ramp[..., 0])),
        ("old.bmp", Image.fromarray(ramp[..., :3])),
    ):
        stream = io.BytesIO()
        image.save(stream, {"jpg": "jpeg"}.get(name[-3:], name.partition(".")[2]), **({"exif": turned()} if name == "photo.jpg" else {}))
        files.append((name, stream.getvalue()))
    return files


def turned() -> Any:
    """EXIF that says: turn me."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def changed_picture(name: str, content: bytes, chance: random.Random) -> bytes:
    """The header of a PGM, a PNG's chunks with the right checksums, the segments of the others."""
    if name.endswith("m") and content[:1] == b"P":
        words = content.split(None, 4)
        words[chance.randrange(len(words))] = chance.choice(
            (b"0", b"-1", b"99999", b"999999999", b"9999999999", b"x", b"", b"# never ends", b"65536")
        )
        return b" ".join(words)
    if name.endswith(".png"):
        return changed_png(content, chance)
    if name.endswith(".jpg"):
        at = chance.choice([n for n in range(len(content) - 9) if content[n] == 0xFF and content[n + 1] not in (0, 0xFF)])
        piece = chance.choice((struct.pack(">H", chance.choice((0, 1, 2, 0xFFFF))), b"\xff\xff\xff\xff", b"\0" * 8))
        return content[: at + 2] + piece + content[at + 2 + len(piece) :]
    return changed_bytes(content[:60], chance) + content[60:]


def changed_png(content: bytes, chance: random.Random) -> bytes:
    chunks, at = [], 8
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        chunks.append((content[at + 4 : at + 8], bytearray(content[at + 8 : at + 8 + size])))
        at += 12 + size
    way = chance.randrange(5)
    n = chance.randrange(len(chunks))
    if way == 0:  # a lying header
        body = chunks[0][1]
        field = chance.randrange(7)
        if field < 2:
            body[4 * field : 4 * field + 4] = struct.pack(">I", chance.choice((0, 1, 9, 5000, 70_000, 2**31 - 1, 2**32 - 1)))
        else:
            body[6 + field] = chance.choice((0, 1, 2, 3, 4, 6, 7, 8, 16, 32, 255))
    elif way == 1:  # pixels that unpack to very many
        body = next(body for kind, body in chunks if kind == b"IDAT")
        body[:] = zlib.compress(bytes(1 << chance.choice((4, 12, 24))), 9)
        chunks[0][1][:8] = struct.pack(">II", *[chance.choice((8, 4000, 8000))] * 2)
    elif way == 2:
        del chunks[n]
    elif way == 3:
        kind = chance.choice((b"zTXt", b"iCCP", b"eXIf", b"tRNS", b"PLTE", b"IHDR", b"acTL", b"fcTL", b"cHRM", b"pHYs", b"\0\0\0\0"))
        body = chance.choice((b"", b"a\0\0" + zlib.compress(bytes(1 << 22)), b"Exif\0\0II*\0\x08\0\0\0\xff\xff", bytes(4)))
        chunks.insert(n, (kind, bytearray(body)))
    else:
        body = chunks[n][1]
        body[:] = changed_bytes(bytes(body), chance)
    packed = [struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks]
    return content[:8] + b"".join(packed)
