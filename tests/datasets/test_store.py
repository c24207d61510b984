"""Downloads against mirrors that truncate, corrupt, refuse and hang: the right file arrives whole, or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from minicnn.datasets import catalog, fetch, places, store
from minicnn.datasets.store import Progress, fetch_file
from minicnn.errors import DataError


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_whole_file_arrives_under_its_own_name(remote, mirrors, content, tmp_path):
    seen: list[Progress] = []
    path = fetch_file(remote, tmp_path / "new" / "folder", seen.append)
    assert path.read_bytes() == content
    assert left_over(path.parent) == ["file.gz"]
    assert [each.done_bytes for each in seen] == sorted(each.done_bytes for each in seen)
    assert seen[-1][:3] == ("file.gz", len(content), len(content))
    assert mirrors[0].ranges == [None]


def test_a_file_that_is_there_is_not_fetched_again(remote, mirrors, content, tmp_path):
    (tmp_path / "file.gz").write_bytes(content)
    fetch_file(remote, tmp_path)
    assert mirrors[0].ranges == []


def test_a_damaged_file_of_the_right_size_is_replaced(remote, content, tmp_path):
    (tmp_path / "file.gz").write_bytes(content[:-1] + bytes([content[-1] ^ 255]))
    assert fetch_file(remote, tmp_path).read_bytes() == content


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("status 404", "HTTP 404"),
        ("status 403", "HTTP 403"),
        ("web_page", "web page"),
        ("short_offer", "offers"),
        ("corrupt", "sends other content"),
        ("without_length", "sends more"),
    ],
)
def test_a_mirror_that_has_another_file_is_asked_once_then_the_next(answer, words, remote, mirrors, content, tmp_path):
    first, second = mirrors
    first.answers = [first.status(int(answer[-3:])) if answer.startswith("status") else getattr(first, answer)]
    notes: list[str] = []
    assert fetch_file(remote, tmp_path, lambda each: notes.append(each.note)).read_bytes() == content
    assert (first.ranges, second.ranges) == ([None], [None])
    assert any(words in note and "next mirror" in note for note in notes)
    assert left_over(tmp_path) == ["file.gz"]


@pytest.mark.parametrize("answer", ["status 503", "status 429", "silence"])
def test_a_mirror_that_may_answer_soon_is_asked_three_times_then_the_next(answer, remote, mirrors, content, tmp_path):
    first, second = mirrors
    first.answers = [first.status(int(answer[-3:])) if answer.startswith("status") else first.silence]
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert (len(first.ranges), len(second.ranges)) == (3, 1)


def test_a_mirror_that_recovers_is_kept(remote, mirrors, content, tmp_path):
    first, second = mirrors
    first.answers = [first.status(503), first.status(500), first.whole]
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert second.ranges == []


def test_a_broken_transfer_goes_on_where_it_stopped(remote, mirrors, content, tmp_path):
    first, second = mirrors
    first.answers = [first.ends_after(1000), first.ends_after(500), first.whole]
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert first.ranges == [None, "bytes=1000-", "bytes=1500-"]
    assert second.ranges == []


def test_the_next_mirror_goes_on_where_the_first_stopped(remote, mirrors, content, tmp_path):
    first, second = mirrors
    first.answers = [first.ends_after(1000), first.status(404)]
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert second.ranges == ["bytes=1000-"]


def test_a_server_that_ignores_ranges_starts_anew(remote, mirrors, content, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(b"some other start")
    mirrors[0].answers = [mirrors[0].without_ranges]
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert mirrors[0].ranges == ["bytes=16-"]


def test_a_new_start_that_breaks_off_keeps_only_the_new_bytes(remote, mirrors, content, tmp_path):
    def starts_anew_and_breaks(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:10])

    (tmp_path / "file.gz.part").write_bytes(bytes(1000))
    mirrors[0].answers = [starts_anew_and_breaks, mirrors[0].whole]
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert mirrors[0].ranges == ["bytes=1000-", "bytes=10-"]


def test_a_server_that_sends_another_part_is_left(remote, mirrors, content, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(content[:1000])
    mirrors[0].answers = [mirrors[0].wrong_part]
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert mirrors[1].ranges == ["bytes=1000-"]


def test_nothing_after_the_part_discards_it(remote, mirrors, content, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(content[:1000])
    mirrors[0].answers = [mirrors[0].status(416), mirrors[0].whole]
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert mirrors[0].ranges == ["bytes=1000-", None]


@pytest.mark.parametrize("start", ["a foreign start", "as long as the file", "longer than the file"])
def test_a_foreign_part_is_discarded_and_the_same_mirror_asked_anew(start, remote, mirrors, content, tmp_path):
    size = {"a foreign start": 100, "as long as the file": len(content), "longer than the file": len(content) + 9}[start]
    (tmp_path / "file.gz.part").write_bytes(bytes(size))
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert mirrors[0].ranges[-1] is None
    assert mirrors[1].ranges == []


def test_a_complete_part_needs_no_network(remote, mirrors, content, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(content)
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert mirrors[0].ranges == []


def test_an_interrupted_download_is_resumed(remote, mirrors, content, tmp_path):
    def interrupt(progress: Progress) -> None:
        if progress.done_bytes >= 2 * store.CHUNK_BYTES:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_file(remote, tmp_path, interrupt)
    assert left_over(tmp_path) == ["file.gz.part"]
    held = (tmp_path / "file.gz.part").stat().st_size
    assert 2 * store.CHUNK_BYTES <= held < len(content)
    assert fetch_file(remote, tmp_path).read_bytes() == content
    assert mirrors[0].ranges == [None, f"bytes={held}-"]


def test_wrong_everywhere_tells_both_hashes_and_leaves_nothing(remote, mirrors, content, tmp_path):
    for mirror in mirrors:
        mirror.answers = [mirror.corrupt]
    with pytest.raises(DataError) as caught:
        fetch_file(remote, tmp_path, again="minicnn data get mnist")
    got = hashlib.sha256(bytes([content[0] ^ 1]) + content[1:]).hexdigest()
    assert caught.value.headline == "file.gz is not the file we know"
    for words in (remote.sha256, got, *(mirror.url for mirror in mirrors), "minicnn data get mnist"):
        assert words in str(caught.value)
    assert left_over(tmp_path) == []


def test_broken_everywhere_tells_what_each_mirror_did_and_keeps_the_part(remote, mirrors, tmp_path):
    first, second = mirrors
    first.answers = [first.status(404)]
    second.answers = [second.ends_after(100), second.ends_after(10)]
    with pytest.raises(DataError) as caught:
        fetch_file(remote, tmp_path)
    assert caught.value.headline == "file.gz could not be downloaded: no mirror gave the whole file"
    assert "HTTP 404 Not Found" in str(caught.value)
    assert f"ends after 120 of {remote.size_bytes:,} bytes (3 tries)" in str(caught.value)
    assert f"its first 120 of {remote.size_bytes:,} bytes are kept" in str(caught.value)
    assert left_over(tmp_path) == ["file.gz.part"]


def test_an_unreachable_mirror_is_named_with_the_reason(remote, mirrors, tmp_path):
    with socket.socket() as held:  # bound but not listening: connections are refused
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"
        with pytest.raises(DataError, match="refused") as caught:
            fetch_file(dataclasses.replace(remote, mirrors=(url,)), tmp_path)
    assert url in str(caught.value)
    assert "no partial file was kept" in str(caught.value)
    assert "tries" not in str(caught.value)  # nobody waits for a connection that cannot be made
    assert left_over(tmp_path) == []


def test_a_folder_that_cannot_be_made(remote, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match="cannot be created"):
        fetch_file(remote, tmp_path / "taken")


def test_a_full_disk_is_told_as_such(remote, mirrors, tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"file.gz cannot be written: No space left on device"):
        fetch_file(remote, tmp_path)
    assert mirrors[1].ranges == []


def test_two_threads_download_once(remote, mirrors, content, tmp_path, monkeypatch):
    mirrors[0].answers = [mirrors[0].slow]
    monkeypatch.setattr(store, "TIMEOUT_SECONDS", 5.0)
    notes: list[str] = []
    threads = [threading.Thread(target=fetch_file, args=(remote, tmp_path, lambda each: notes.append(each.note))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file.gz").read_bytes() == content
    assert mirrors[0].ranges == [None]
    assert "waiting for another download to end" in notes


def test_two_processes_download_once(remote, mirrors, content, tmp_path):
    mirrors[0].answers = [mirrors[0].slow]
    program = (
        f"from pathlib import Path; from minicnn.datasets import catalog, store\n"
        f"store.fetch_file(catalog.{remote!r}, Path({str(tmp_path)!r}))"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    assert [process.wait(timeout=30) for process in processes] == [0, 0]
    assert (tmp_path / "file.gz").read_bytes() == content
    assert mirrors[0].ranges == [None]
    assert left_over(tmp_path) == ["file.gz"]


@pytest.mark.parametrize("kind", ["a link to a file", "a link to nothing", "a pipe", "a folder"])
def test_a_part_that_is_no_file_is_not_written_to(kind, remote, mirrors, tmp_path):
    part, other = tmp_path / "file.gz.part", tmp_path / "precious"
    other.write_bytes(b"mine")
    if kind == "a pipe":
        os.mkfifo(part)
    elif kind == "a folder":
        part.mkdir()
    else:
        part.symlink_to(other if kind == "a link to a file" else tmp_path / "new")
    with pytest.raises(
        DataError,
        match=r"^file\.gz(\.part is (a symbolic link, and not followed|not a file)\n  remove it: "
        r"| cannot be written: Is a directory)",
    ):
        fetch_file(remote, tmp_path)
    assert (other.read_bytes(), (tmp_path / "new").exists()) == (b"mine", False)
    assert mirrors[0].ranges == []


def test_a_whole_file_may_be_a_link(remote, mirrors, content, tmp_path):
    (tmp_path / "elsewhere").write_bytes(content)
    (tmp_path / "file.gz").symlink_to(tmp_path / "elsewhere")
    fetch_file(remote, tmp_path)
    assert mirrors[0].ranges == []


@pytest.mark.parametrize("dripping", ["headers", "content"])
def test_a_server_that_drips_for_ever_is_left_at_the_deadline(dripping, remote, mirrors, tmp_path, monkeypatch):
    ended = threading.Event()

    def drip(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        if dripping == "content":
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        try:
            while not ended.wait(0.02):  # well within the limit for a single byte
                handler.wfile.write(content[:1] if dripping == "content" else b"x")
        except OSError:
            ended.set()

    monkeypatch.setattr(store, "PATIENCE_SECONDS", 0.5)
    mirrors[0].answers = [drip]
    with pytest.raises(DataError) as caught:
        fetch_file(remote, tmp_path)
    assert "incomplete after " in str(caught.value)
    assert mirrors[1].ranges == []  # the deadline is one for all
    assert ended.wait(10)  # the connection was closed


@pytest.mark.parametrize("line", [b"HTTP/1.1 404 \x1b[31mgone\x1b[0m\r\n\r\n", b"\x1b[31mhello\r\n\r\n"])
def test_a_servers_own_words_are_not_repeated(line, remote, mirrors, tmp_path):
    for mirror in mirrors:
        mirror.answers = [lambda handler, content: handler.wfile.write(line)]
    with pytest.raises(DataError) as caught:
        fetch_file(remote, tmp_path)
    assert "\x1b" not in str(caught.value)
    assert "HTTP 404 Not Found" in str(caught.value) or "a response that is not HTTP" in str(caught.value)


def test_fetch_fills_the_store_for_a_data_set(remote, mirrors, content, home, monkeypatch):
    record = dataclasses.replace(catalog.record("kmnist"), files=(remote,))
    monkeypatch.setitem(catalog.RECORDS, "kmnist", record)
    assert fetch("kmnist") == home / "kmnist" == places.data_home() / "kmnist"
    assert (home / "kmnist" / "file.gz").read_bytes() == content


def test_fetch_of_a_data_set_without_files_does_nothing(home):
    assert fetch("digits") is None
    assert fetch("mnist1d") is None
    assert not home.exists()
    with pytest.raises(DataError, match="did you mean kmnist"):
        fetch("kmnst")
