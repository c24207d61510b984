"""An empty data store, and an HTTP server on this machine that misbehaves on request."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import places, store
from minicnn.datasets.catalog import RemoteFile

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data store of a test: an empty folder, never the user's."""
    folder = tmp_path / "home"
    monkeypatch.setenv(places.HOME_VARIABLE, str(folder))
    return folder


class Mirror:
    """A server with one file.  Each request takes the next answer; the last one repeats.  Requests are remembered."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.answers: list[Answer] = [self.whole]
        self.ranges: list[str | None] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.ranges.append(self.headers.get("Range"))
                answer = mirror.answers.pop(0) if len(mirror.answers) > 1 else mirror.answers[0]
                answer(self, mirror.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @staticmethod
    def whole(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """A well-behaved server, ranges included."""
        wanted = handler.headers.get("Range")
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if first >= len(content):
            handler.send_error(416)
            return
        handler.send_response(206 if wanted else 200)
        if wanted:
            handler.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - first))
        handler.send_header("Content-Type", "application/gzip")
        handler.end_headers()
        handler.wfile.write(content[first:])

    @staticmethod
    def without_ranges(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """Sends everything, whatever was asked for."""
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    @staticmethod
    def without_length(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """Does not say how much will come, and adds a byte."""
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(content + b"x")

    @staticmethod
    def web_page(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """A page that asks to log in, with status 200."""
        page = b"<html><body>Please log in</body></html>"
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.send_header("Content-Length", str(len(page)))
        handler.end_headers()
        handler.wfile.write(page)

    @staticmethod
    def wrong_part(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """Answers a range with another range."""
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 0-{len(content) - 1}/{len(content)}")
        handler.end_headers()
        handler.wfile.write(content)

    @staticmethod
    def corrupt(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """One bit differs."""
        Mirror.whole(handler, bytes([content[0] ^ 1]) + content[1:])

    @staticmethod
    def short_offer(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """A complete answer that is too short."""
        Mirror.whole(handler, content[:-5])

    @staticmethod
    def silence(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """No answer for longer than the client waits."""
        time.sleep(0.5)

    @staticmethod
    def slow(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        """The right file, after a while."""
        time.sleep(0.3)
        Mirror.whole(handler, content)

    @staticmethod
    def status(code: int) -> Answer:
        return lambda handler, content: handler.send_error(code)

    @staticmethod
    def ends_after(count: int) -> Answer:
        """Promises the rest of the file, sends `count` bytes of it."""

        def answer(handler: BaseHTTPRequestHandler, content: bytes) -> None:
            wanted = handler.headers.get("Range")
            first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            handler.send_response(206 if wanted else 200)
            if wanted:
                handler.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            handler.send_header("Content-Length", str(len(content) - first))
            handler.end_headers()
            handler.wfile.write(content[first : first + count])

        return answer


@pytest.fixture
def content() -> bytes:
    """The file that mirrors hold: longer than three of the store's chunks."""
    return np.random.default_rng(7).bytes(3 * store.CHUNK_BYTES + 1234)


@pytest.fixture
def mirrors(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Mirror, Mirror]]:
    """Two mirrors of the same file; the store's pauses are cut to nothing."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(store, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(store, "TIMEOUT_SECONDS", 0.2)
    pair = Mirror(content), Mirror(content)
    yield pair
    for mirror in pair:
        mirror.close()


@pytest.fixture
def remote(content: bytes, mirrors: tuple[Mirror, Mirror]) -> RemoteFile:
    """The record of the file on both mirrors."""
    return RemoteFile("file.gz", len(content), hashlib.sha256(content).hexdigest(), tuple(mirror.url for mirror in mirrors))
