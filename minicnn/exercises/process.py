"""A submission run in a process of its own, whose time and memory are limited, so that nothing it does reaches ours."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, cast
from zipfile import BadZipFile

from minicnn.errors import one_line
from minicnn.exercises.attempt import AttemptError
from minicnn.exercises.exercise import Exercise
from minicnn.exercises.messages import pack, receive, send, unpack

SHOWN_BYTES = 400
START_SECONDS = 60.0  # Python, NumPy and the exercise itself; the submission is not run yet
LOADING = "while its file is read"
CALLS = 4  # so many times the limit of a call is the limit of all together
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Limits(NamedTuple):
    """What a submission may use.

    seconds : of one call, or of loading the file; compiling counts
    mebibytes : of memory beyond what Python and NumPy take
    """

    seconds: float = 10.0
    mebibytes: int = 1024


class Process:
    """A submission that is run elsewhere; used with `with`."""

    def __init__(self, exercise: Exercise, path: Path, limits: Limits | None = None, own: Path | None = None) -> None:
        self.exercise, self.path, self.own = exercise, path, own
        self.limits = limits or Limits()
        self._left = CALLS * self.limits.seconds
        self._replies: queue.Queue[bytes | None] = queue.Queue()

    def __enter__(self) -> Process:
        self._folder = tempfile.TemporaryDirectory(prefix="minicnn-exercise-")
        self._printed = open(Path(self._folder.name) / "printed", "w+b")  # closed in __exit__
        own = [] if self.own is None else [str(self.own.resolve())]
        limits = [str(ceil(self._left) + 1), str(self.limits.mebibytes)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "minicnn.exercises.worker", str(self.path.resolve()), *limits, self.exercise.name, *own],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            cwd=self._folder.name,
            env=os.environ | dict.fromkeys(THREADS, "1") | {"NUMBA_BOUNDSCHECK": "1", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # what it starts itself ends with it
        )
        self._requests, self._answers = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._first = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()
        self._listener.join(1.0)
        if not self._listener.is_alive():  # else a process that left our session still holds the other end
            self._answers.close()
        self._printed.close()
        self._folder.cleanup()

    def run(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments after a call.

        Raises
        ------
        AttemptError
            If the submission raised an error, ended its process, or took too much of anything.
        """
        if self._first:
            self._first = False
            self._answer(LOADING, START_SECONDS + self.limits.seconds)
        try:
            send(self._requests, pack(arguments))
        except (OSError, ValueError):  # it has ended, or was
            raise self._ended() from None
        self._answer("", self.limits.seconds)
        packed = self._next(self.limits.seconds, "")
        try:
            after = unpack(packed)
            return {name: after[name] for name in arguments}
        except (ValueError, KeyError, OSError, BadZipFile):
            raise AttemptError("writes among the answers of its process", ended=True) from None

    @property
    def printed(self) -> str:
        """The beginning of what it printed."""
        with contextlib.suppress(OSError, ValueError):
            self._printed.seek(0)
            return self._printed.read(SHOWN_BYTES).decode("utf-8", "replace")
        return ""

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while (message := receive(self._answers)) is not None:
                self._replies.put(message)
        self._replies.put(None)

    def _answer(self, where: str, seconds: float) -> None:
        told = self._next(seconds, where)
        if told:
            try:
                error = json.loads(told)
                words = f"{error['message']} {where}".rstrip()
            except (ValueError, KeyError, TypeError):
                raise AttemptError("writes among the answers of its process", ended=True) from None
            if error["kind"] == "MemoryError":
                words = f"needs more than {self.limits.mebibytes} MiB of memory: {words}"
            raise AttemptError(one_line(words), ended=bool(where), kind=error["kind"], called=not where)

    def _next(self, seconds: float, where: str) -> bytes:
        begin = time.monotonic()
        try:
            message = self._replies.get(timeout=seconds if where else min(seconds, max(self._left, 0.1)))
        except queue.Empty:
            self._end()
            allowed = self.limits.seconds if where or self._left >= seconds else CALLS * self.limits.seconds
            raise AttemptError(
                f"does not come to its end within {allowed:g} seconds {where}".rstrip(), ended=True, called=not where
            ) from None
        if not where:
            self._left -= time.monotonic() - begin
        if message is None:
            raise self._ended(where)
        return message

    def _ended(self, where: str = "") -> AttemptError:
        try:
            status = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._end()
            return AttemptError(f"closes what it was given to answer {where}".rstrip(), ended=True, called=not where)
        if status >= 0:
            return AttemptError(f"ends its process, with status {status} {where}".rstrip(), ended=True, called=not where)
        name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
        words = {"SIGXCPU": "uses too much time of a processor", "SIGKILL": "was killed, probably for the memory it took"}
        return AttemptError(f"{words.get(name, f'crashes ({name})')} {where}".rstrip(), ended=True, called=not where)

    def _end(self) -> None:
        """End it, and what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._requests.close()
