"""The numbers and names of WebAssembly's binary format: integers in groups of seven bits, lowest first."""

from __future__ import annotations

from collections.abc import Iterable


class Reader:
    """Reads a section from left to right."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    @property
    def ended(self) -> bool:
        return self.at >= len(self.data)

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self) -> int:
        return self._groups()[0]

    def signed(self) -> int:
        value, bits, last = self._groups()
        return value - (1 << bits) if last & 0x40 else value

    def _groups(self) -> tuple[int, int, int]:
        value = bits = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << bits
            bits += 7
            if byte < 0x80:
                return value, bits, byte

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def name(self) -> str:
        return self.take(self.unsigned()).decode()


def unsigned(value: int, width: int = 1) -> bytes:
    """In as many bytes as it takes, but at least `width`."""
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        more = value or len(out) + 1 < width
        out.append(low | (0x80 if more else 0))
        if not more:
            return bytes(out)


def signed(value: int, width: int = 1) -> bytes:
    """In as many bytes as it takes, but at least `width`."""
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        complete = value == (-1 if low & 0x40 else 0)
        if complete and len(out) + 1 >= width:
            return bytes([*out, low])
        out.append(low | 0x80)


def name(text: str) -> bytes:
    return unsigned(len(text.encode())) + text.encode()


def vector(entries: Iterable[bytes]) -> bytes:
    """How many, then one after the other."""
    every = list(entries)
    return unsigned(len(every)) + b"".join(every)


def section(number: int, body: bytes) -> bytes:
    return bytes([number]) + unsigned(len(body)) + body
