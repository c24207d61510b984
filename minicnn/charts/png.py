"""Pictures as PNG files, and as links that hold the file."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

RGB, RGB_AND_ALPHA = 2, 6


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """A picture as a PNG file: eight bits of each colour, lines unfiltered (W3C, "Portable Network Graphics", 2003).

    picture : (rows, columns, 3) red, green, blue, or (rows, columns, 4) with alpha, where 0 shows what lies behind
    """
    H, W, C = picture.shape
    rows = np.concatenate([np.zeros((H, 1), np.uint8), picture.reshape(H, C * W)], axis=1)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", W, H, 8, RGB if C == 3 else RGB_AND_ALPHA, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)) + chunk(b"IEND", b"")


def data_uri(picture: npt.NDArray[np.uint8]) -> str:
    """A link that holds the picture: data:image/png;base64,..."""
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
