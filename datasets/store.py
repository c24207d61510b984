"""The data store: fetches published files, mirror by mirror.  Together with `deadline`, the only code of minicnn that uses the network.

A file arrives under a name ending in .part, is hashed while it streams in, and takes its own name only when size and
SHA-256 are the published ones; so a file under its own name is complete.  A broken transfer continues where it stopped.

Servers and folders are not trusted: a server's words are not repeated, what it sends is bounded in size and time, and a part that
is a link, or not a file, is not written to.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

import minicnn
from minicnn.datasets import catalog, places
from minicnn.datasets.catalog import RemoteFile
from minicnn.datasets.deadline import Deadline
from minicnn.datasets.locks import locked
from minicnn.datasets.part import CHUNK_BYTES, held_bytes, is_whole, open_part, sync_folder
from minicnn.errors import DataError

TIMEOUT_SECONDS = 20.0  # without receiving a byte
PATIENCE_SECONDS = 600.0  # for a whole file and all mirrors, plus
SLOWEST_BYTES_PER_SECOND = 1 << 15  # the time the file takes at this rate
PAUSES_SECONDS = (0.5, 2.0)  # before the second and third try at one mirror
PASSING_STATUSES = (408, 425, 429, 500, 502, 503, 504)  # statuses of a server that may answer soon


class Progress(NamedTuple):
    """The state of a download.  `note` names an event: a retry, a wait, a change of mirror, the end."""

    file: str
    done_bytes: int
    total_bytes: int
    note: str = ""


Report = Callable[[Progress], None]


class MirrorError(Exception):
    """Why one try at one mirror failed: `passing` if another try may succeed, `discard` if the part file is useless."""

    def __init__(self, reason: str, passing: bool = False, discard: bool = False, wrong_sha256: str = "") -> None:
        super().__init__(reason)
        self.passing = passing
        self.discard = discard
        self.wrong_sha256 = wrong_sha256


def fetch(name: str, progress: Report | None = None) -> Path | None:
    """Download the files of a data set into the data store, unless they are already complete.

    Parameters
    ----------
    name : str
        One of `datasets.names()`.
    progress : called with a Progress for every chunk and event

    Returns
    -------
    The folder of the files, or None for a data set that needs none.

    Raises
    ------
    DataError
        If the name is unknown, no mirror has the published file, or the folder cannot be written to.
    """
    record = catalog.record(name)
    if not record.files:
        return None
    folder = places.data_home() / record.home
    for file in record.files:
        fetch_file(file, folder, progress, again=f"minicnn data get {name}")
    return folder


def fetch_file(file: RemoteFile, folder: Path, progress: Report | None = None, again: str = "") -> Path:
    """Download one file into `folder`, which is created; `again` is the command to repeat, for errors.

    Returns
    -------
    Path of the complete file.

    Raises
    ------
    DataError
        As `fetch`.
    """
    report = progress or (lambda _: None)
    target, part = folder / file.name, folder / f"{file.name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be created: {error.strerror}") from error
    with locked(folder / ".lock", lambda: report(Progress(file.name, 0, file.size_bytes, "waiting for another download to end"))):
        try:
            if not is_whole(target, file):
                _from_mirrors(file, part, report, again, Deadline(PATIENCE_SECONDS + file.size_bytes / SLOWEST_BYTES_PER_SECOND))
                os.replace(part, target)
                sync_folder(folder)
        except OSError as error:  # of the disk: those of the network are MirrorErrors
            raise DataError(f"{file.name} cannot be written: {error.strerror or error}\n  {part}") from error
    report(Progress(file.name, file.size_bytes, file.size_bytes, "whole, SHA-256 as published"))
    return target


def _from_mirrors(file: RemoteFile, part: Path, report: Report, again: str, deadline: Deadline) -> None:
    """Fill the part file from the first mirror with the right bytes, or raise DataError with what each one did."""
    tried: list[str] = []
    wrong = ""
    for mirror in file.mirrors:
        faults: list[str] = []
        for pause in (*PAUSES_SECONDS, None):
            try:
                _receive(mirror + file.name, file, part, report, deadline)
                return
            except MirrorError as fault:
                faults.append(str(fault))
                wrong = fault.wrong_sha256 or wrong
                if fault.discard or not held_bytes(part):
                    part.unlink(missing_ok=True)
                if not fault.passing or pause is None or deadline.over:
                    break
                report(Progress(file.name, held_bytes(part), file.size_bytes, f"{fault}: trying again"))
                time.sleep(pause)
        times = f" ({len(faults)} tries)" if len(faults) > 1 else ""
        tried.append(f"  {mirror}{file.name}\n    {faults[-1]}{times}")
        if deadline.over:
            break
        if mirror != file.mirrors[-1]:
            report(Progress(file.name, held_bytes(part), file.size_bytes, f"{faults[-1]}: trying the next mirror"))
    lines = [f"{file.name} is not the file we know" if wrong else f"{file.name} could not be downloaded: no mirror gave the whole file"]
    if wrong:
        lines.append(f"  sha256 expected  {file.sha256}\n         got       {wrong}")
    kept = f"its first {held_bytes(part):,} of {file.size_bytes:,} bytes are kept" if part.exists() else "no partial file was kept"
    raise DataError("\n".join([*lines, *tried, f"  {kept}" + (f"; run '{again}' again" if again else "")]))


def _receive(url: str, file: RemoteFile, part: Path, report: Report, deadline: Deadline) -> None:
    """One try at one mirror: continue after the content of the part file, or start again; return when the part file is complete.

    Raises
    ------
    MirrorError
        If the server does not send the right bytes.
    """
    held = held_bytes(part)
    with open_part(part) as stream:
        running = hashlib.sha256()
        while chunk := stream.read(CHUNK_BYTES):
            running.update(chunk)
        done = held
        if done < file.size_bytes:
            with deadline.watching(), _open(url, file, held, deadline) as response:
                if held and not _goes_on(response, held):  # the server sends the whole file
                    done, running = 0, hashlib.sha256()
                    stream.seek(0)
                    stream.truncate()
                done = _copy(response, stream, running, done, file, report, deadline)
        stream.flush()
        os.fsync(stream.fileno())
    if done > file.size_bytes:
        raise MirrorError(f"sends more than the expected {file.size_bytes:,} bytes", passing=held > 0, discard=True)
    if done < file.size_bytes:
        raise MirrorError(f"ends after {done:,} of {file.size_bytes:,} bytes", passing=True)
    got = running.hexdigest()
    if got != file.sha256:
        # If an old part was to blame, the same mirror may still have the right file.
        raise MirrorError(f"sends other content: sha256 {got[:8]}..., expected {file.sha256[:8]}...", held > 0, True, got)


def _copy(
    response: http.client.HTTPResponse,
    stream: BinaryIO,
    running: hashlib._Hash,
    done: int,
    file: RemoteFile,
    report: Report,
    deadline: Deadline,
) -> int:
    """Write what the server sends, at most one byte more than the file may have; return the bytes then held."""
    report(Progress(file.name, done, file.size_bytes))
    while done <= file.size_bytes:
        try:
            chunk = response.read1(min(CHUNK_BYTES, file.size_bytes + 1 - done))  # what has arrived, without waiting for all of it
        except http.client.IncompleteRead as error:
            chunk = error.partial
        except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a connection closed by the deadline
            stream.flush()
            raise MirrorError(f"{deadline.word or _reason(error)} after {done:,} of {file.size_bytes:,} bytes", passing=True) from error
        if deadline.over:
            raise MirrorError(f"{deadline.word} after {done:,} of {file.size_bytes:,} bytes")
        if not chunk:
            break
        stream.write(chunk)
        running.update(chunk)
        done += len(chunk)
        report(Progress(file.name, min(done, file.size_bytes), file.size_bytes))
    return done


def _open(url: str, file: RemoteFile, held: int, deadline: Deadline) -> http.client.HTTPResponse:
    """Request the file, or its bytes from `held` on; raise MirrorError unless the response can be this file."""
    request = urllib.request.Request(url, headers={"User-Agent": f"minicnn/{minicnn.__version__}", "Accept-Encoding": "identity"})
    if held:
        request.add_header("Range", f"bytes={held}-")
    try:
        response: http.client.HTTPResponse = deadline.opener().open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # the server's file is shorter than our part: the part is not of this file
            raise MirrorError("HTTP 416: nothing after the partial file", passing=True, discard=True) from error
        known = http.client.responses.get(error.code, "")  # and not the server's own words
        raise MirrorError(f"HTTP {error.code} {known}".rstrip(), passing=error.code in PASSING_STATUSES) from error
    except urllib.error.URLError as error:  # no connection: retrying at once would not help
        raise MirrorError(deadline.word or _reason(error.reason)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a redirection to a wrong address
        raise MirrorError(deadline.word or _reason(error), passing=not isinstance(error, ValueError)) from error
    fault = _refusal(response, file, held)
    if fault:
        response.close()
        raise MirrorError(fault)
    return response


def _refusal(response: http.client.HTTPResponse, file: RemoteFile, held: int) -> str:
    """Why this response cannot be the file, if it cannot."""
    if response.headers.get_content_type() == "text/html":
        return f"HTTP {response.status} with a web page instead of the file"
    if response.status != 200 and not _goes_on(response, held):
        return f"HTTP {response.status} with a different part than requested"
    expected = file.size_bytes - (held if _goes_on(response, held) else 0)
    if response.length is not None and response.length != expected:
        return f"offers {response.length:,} bytes, expected {expected:,}"
    return ""


def _goes_on(response: http.client.HTTPResponse, held: int) -> bool:
    """Whether the server sends only what follows the first `held` bytes."""
    return response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {held}-")


def _reason(error: object) -> str:
    """A network error in a few words."""
    if isinstance(error, TimeoutError):
        return f"no response within {TIMEOUT_SECONDS:g} s"
    if isinstance(error, http.client.HTTPException) and not isinstance(error, ConnectionError):
        return f"a response that is not HTTP ({type(error).__name__})"
    if isinstance(error, ValueError):
        return "a redirection that leads nowhere"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
