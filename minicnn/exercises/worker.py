"""A process that runs one submission and nothing else: it takes arguments, calls the function, and gives the arguments back.

    python -m minicnn.exercises.worker FILE SECONDS MEBIBYTES EXERCISE [TEACHER'S FILE]

A request is the arguments; the answer is a line of JSON, empty or the error, and then the arguments again.  The right numbers never come here.  What the submission prints goes to stderr; it reads nothing.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from types import ModuleType

from minicnn.exercises.attempt import error_text
from minicnn.exercises.catalogue import find, load
from minicnn.exercises.messages import pack, receive, send, unpack

PRINTED_BYTES = 1 << 20


def limit(seconds: int, mebibytes: int) -> None:
    """Let this process use so much time of a processor and so much more memory, write little, and leave no core file."""
    try:
        import resource
    except ImportError:  # Windows: the wall clock alone limits
        return
    pages = _pages_in_use()
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: PRINTED_BYTES,
        resource.RLIMIT_AS: (mebibytes << 20) + pages * resource.getpagesize(),
    }
    for which, most in limits.items():
        hard = resource.getrlimit(which)[1]
        room = most + (which == resource.RLIMIT_CPU)  # a second between the signal that says why and the one that kills
        ends = room if hard == resource.RLIM_INFINITY else min(room, hard)
        resource.setrlimit(which, (min(most, ends), ends))


def _pages_in_use() -> int:
    """Pages of memory that this process has; 0 if the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def main(file: str, seconds: str, mebibytes: str, name: str, own: str | None = None) -> None:
    """Serve until there are no more requests."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    exercise = find(name, load(own) if own else ())
    module = ModuleType("submission")
    module.__file__ = file
    limit(int(seconds), int(mebibytes))
    try:
        with open(file, "rb") as source:
            exec(compile(source.read(), file, "exec"), vars(module))
        function = vars(module)[exercise.function]
        send(replies, b"")
    except BaseException as error:
        send(replies, _error(error, file))
        return
    while (request := receive(requests)) is not None:
        arguments = unpack(request)
        try:
            after = exercise.arguments_after(function, arguments)
        except BaseException as error:  # SystemExit and KeyboardInterrupt are its doing as well
            send(replies, _error(error, file))
            continue
        sys.stdout.flush()
        send(replies, b"")
        send(replies, pack(after))


def _error(error: BaseException, file: str) -> bytes:
    much = isinstance(error, OSError) and error.errno == errno.EFBIG
    words = f"writes more than {PRINTED_BYTES >> 20} MiB: " if much else ""
    return json.dumps({"kind": type(error).__name__, "message": words + error_text(error, file)}).encode()


if __name__ == "__main__":
    main(*sys.argv[1:])
