"""A deadline for a server: one moment after which a download is over, however steadily bytes drip in."""

from __future__ import annotations

import http.client
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Deadline:
    """A moment `seconds` from now.  Connections made by its `opener` are cut when it comes, within `watching`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._end

    @property
    def word(self) -> str:
        """Why a connection broke, if it was cut here."""
        return f"incomplete after {self._seconds:,.0f} s" if self.over else ""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Cut the connections when the moment comes."""
        timer = threading.Timer(max(0.0, self._end - time.monotonic()), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._sockets.clear()

    def opener(self) -> urllib.request.OpenerDirector:
        """Opens HTTP and HTTPS addresses, as `urllib.request.urlopen` does."""
        sockets = self._sockets

        class Plain(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        class Encrypted(http.client.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        class PlainHandler(urllib.request.HTTPHandler):
            def http_open(self, request: urllib.request.Request) -> Any:
                return self.do_open(Plain, request)

        class EncryptedHandler(urllib.request.HTTPSHandler):
            def https_open(self, request: urllib.request.Request) -> Any:
                return self.do_open(Encrypted, request)

        return urllib.request.build_opener(PlainHandler, EncryptedHandler)

    def _cut(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
