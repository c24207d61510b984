"""Raw or gzip bytes, read forward: never more in memory than requested, however large the file claims to be."""

from __future__ import annotations

import zlib
from typing import IO

from minicnn.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
CHUNK_BYTES = 1 << 18
GZIP_WINDOW = 31  # zlib's number for "a gzip header, the largest window"


class PlainReader:
    """The plain content of a stream that is raw or gzip, as its first two bytes say, not its name.

    Parameters
    ----------
    stream : a binary stream open for reading, at its start
    name : str
        The file's name, for messages.
    """

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self.name = name
        self.given_bytes = 0
        self._stream = stream
        self._pending = self._fetch()
        self._gzip = self._pending.startswith(GZIP_MAGIC)
        self._member = zlib.decompressobj(GZIP_WINDOW)

    def read(self, count: int) -> bytearray:
        """The next `count` bytes, or fewer where the content ends.

        Memory grows with what really comes out, so a count from a lying header costs nothing.

        Raises
        ------
        DataError
            If the file cannot be read or its gzip stream is damaged.
        """
        content = bytearray()
        while len(content) < count:
            piece = self._next(min(CHUNK_BYTES, count - len(content)))
            if not piece:
                break
            content += piece
        self.given_bytes += len(content)
        return content

    def finish(self) -> None:
        """Check that nothing follows, and that a gzip stream is complete to its last checksum.

        Raises
        ------
        DataError
            If bytes follow, or the gzip checksum is missing or wrong.
        """
        if self._next(1):
            raise DataError(f"{self.name} continues after the {self.given_bytes:,} bytes that its header declares")
        if self._gzip and not self._member.eof:
            raise DataError(f"{self.name} is cut short: the checksum at its end is missing")

    def _next(self, most: int) -> bytes:
        """At least one and at most `most` bytes; none at the end."""
        return self._inflate(most) if self._gzip else self._copy(most)

    def _copy(self, most: int) -> bytes:
        if not self._pending:
            self._pending = self._fetch()
        piece, self._pending = self._pending[:most], self._pending[most:]
        return piece

    def _inflate(self, most: int) -> bytes:
        while True:
            if self._member.eof:  # a gzip file may be several members in a row, then zeros
                rest = (self._pending or self._fetch()).lstrip(b"\0")
                while not rest:
                    rest = self._fetch()
                    if not rest:
                        return b""
                    rest = rest.lstrip(b"\0")
                self._member, self._pending = zlib.decompressobj(GZIP_WINDOW), rest
            if not self._pending:
                self._pending = self._fetch()
                if not self._pending:
                    return b""
            try:
                piece = self._member.decompress(self._pending, most)
            except zlib.error as error:
                raise DataError(
                    f"{self.name} is damaged: its gzip stream breaks after {self.given_bytes:,} bytes or soon after\n  zlib says: {error}"
                ) from error
            self._pending = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                return piece

    def _fetch(self) -> bytes:
        try:
            return self._stream.read(CHUNK_BYTES)
        except OSError as error:
            raise DataError(f"{self.name} cannot be read: {error.strerror or error}") from error
