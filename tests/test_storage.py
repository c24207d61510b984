"""Files appear whole or not at all, and a file that is none says what it is instead."""

import json
import os
import stat
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.errors import CheckpointError, one_line
from minicnn.storage import atomic_write, load_arrays, remove_parts, save_arrays

ARRAYS = {
    "weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "step": np.array(7),
    "mask": np.array([1, 0, 3], dtype=np.uint8),
    "mean": np.linspace(0, 1, 5),
    "none": np.empty((0, 3), dtype=np.float32),
}


def test_round_trip(tmp_path):
    save_arrays(tmp_path / "a.safetensors", ARRAYS, {"note": "é"})
    arrays, metadata = load_arrays(tmp_path / "a.safetensors")
    assert metadata == {"note": "é"}
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert np.array_equal(arrays[name], array)


def test_views_are_stored_as_they_look(tmp_path):
    base = np.arange(12, dtype=np.float32).reshape(3, 4)
    save_arrays(tmp_path / "a", {"turned": base.T, "steps": base[:, ::2]}, {})
    arrays, _ = load_arrays(tmp_path / "a")
    assert np.array_equal(arrays["turned"], base.T)
    assert np.array_equal(arrays["steps"], base[:, ::2])


def test_anyones_reader_can_read_it(tmp_path):
    from safetensors.numpy import load_file

    save_arrays(tmp_path / "a", ARRAYS, {})
    assert np.array_equal(load_file(tmp_path / "a")["weight"], ARRAYS["weight"])


def test_equal_arrays_and_words_give_equal_files(tmp_path):
    words = {f"word {n}": "é\n\x1b" * n for n in range(20)}  # safetensors itself writes them in another order every time
    save_arrays(tmp_path / "a", ARRAYS, words)
    for n in range(5):
        save_arrays(tmp_path / "b", dict(reversed(ARRAYS.items())), dict(reversed(words.items())))
        assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes(), n
    arrays, metadata = load_arrays(tmp_path / "a")
    assert metadata == words
    assert all(np.array_equal(arrays[name], array) for name, array in ARRAYS.items())


def test_the_arrays_begin_where_eight_byte_numbers_may(tmp_path):
    for n in range(8):
        save_arrays(tmp_path / "a", ARRAYS, {"note": "x" * n})
        assert int.from_bytes((tmp_path / "a").read_bytes()[:8], "little") % 8 == 0


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path):
    kept = ["a", ".a.part", ".b.0123abcd.part", ".a.0123abcd.part.old", ".a.0123ABCD.part", ".lock"]
    for name in (*kept, ".a.0123abcd.part", ".c.x.ffffffff.part"):
        (tmp_path / name).write_text("")
    remove_parts(tmp_path, ("a", "c.x"))
    assert sorted(os.listdir(tmp_path)) == sorted(kept)
    remove_parts(tmp_path / "nowhere", ("a",))


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "a").symlink_to("disk/a")
    for word in ("first", "second"):
        with atomic_write(tmp_path / "a", "w") as file:
            file.write(word)
        assert (tmp_path / "disk" / "a").read_text() == word
    assert (tmp_path / "a").is_symlink()


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "run.json"
    with atomic_write(path, "w") as file:
        file.write("first")

    def interrupted():
        with atomic_write(path, "w") as file:
            file.write("sec")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["run.json"]


def test_the_file_has_the_rights_of_any_file(tmp_path):
    (tmp_path / "plain").write_text("")
    save_arrays(tmp_path / "a", ARRAYS, {})
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == stat.S_IMODE(os.stat(tmp_path / "plain").st_mode)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    """And so is a device: --out /dev/null, as root, must not put a file there."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic_write(pipe, "w") as file:
        file.write("a picture")
    assert os.read(reader, 100) == b"a picture"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_places_where_nothing_can_be_written(tmp_path):
    with pytest.raises(CheckpointError, match=r"^cannot write .*nowhere.*: No such file or directory$"):
        save_arrays(tmp_path / "nowhere" / "a", ARRAYS, {})
    (tmp_path / "folder").mkdir()
    with pytest.raises(CheckpointError, match=r"^cannot write .*folder: Is a directory$"):
        save_arrays(tmp_path / "folder", ARRAYS, {})
    assert os.listdir(tmp_path) == ["folder"]


def whole(tmp_path):
    save_arrays(tmp_path / "whole", ARRAYS, {})
    return (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: b"", r"is empty$"),
        (lambda content: content[:7], r"is cut short: 7 bytes are left$"),
        (lambda content: content[:40], r"is cut short: it ends within its header, after 40 bytes$"),
        (lambda content: content[:-1], r"is cut short: \d+ of \d+ bytes are there$"),
        (lambda content: content[: len(content) // 2], r"is cut short"),
        (lambda content: content + b"more", r"is broken: "),
        (lambda content: b"\x89PNG\r\n\x1a\n" + content, r"is not a safetensors file$"),
        (lambda content: b"\x1f\x8b" * 500, r"is not a safetensors file$"),
        (lambda content: content[:12] + b"\xff" + content[13:], r"is broken: its header cannot be read"),
        (lambda content: content[:8] + content[8:].replace(b'"U8"', b'"U9"'), r"is broken: "),
        (lambda content: content[:8] + content[8:].replace(b"[2,3,4]", b"[2,3,5]"), r"is broken: "),
        (lambda content: struct.pack("<Q", 2**63) + content[8:], r"is cut short: it ends within its header"),
        (lambda content: struct.pack("<Q", 60_000) + b"[" * 60_000, r"is not a safetensors file$"),
        (lambda content: struct.pack("<Q", 60_000) + b'{"a":' + b"[" * 59_995, r"is broken: its header cannot be read"),
    ],
    ids=[
        "empty",
        "seven bytes",
        "half a header",
        "one byte missing",
        "half",
        "more",
        "PNG",
        "gzip",
        "bad JSON",
        "unknown type",
        "wrong shape",
        "lying length",
        "brackets",
        "deep header",
    ],
)
def test_broken_files(tmp_path, change, words):
    path = tmp_path / "broken"
    path.write_bytes(change(whole(tmp_path)))
    with pytest.raises(CheckpointError, match=r"broken " + words):
        load_arrays(path)


def test_no_file_and_no_file_of_weights(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing: there is no such file$"):
        load_arrays(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match=r"is a folder, not a file of weights$"):
        load_arrays(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match=r"pipe is not a file$"):
        load_arrays(tmp_path / "pipe")


def test_a_number_format_numpy_does_not_have(tmp_path):
    header = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "bf16").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(CheckpointError, match=r"bf16 holds a number type that NumPy does not have"):
        load_arrays(tmp_path / "bf16")


@given(st.data())
def test_any_change_of_the_header_is_an_error_of_ours_or_a_file(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    content = bytearray(whole(folder))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 300))] = data.draw(st.integers(0, 255))
    (folder / "fuzzed").write_bytes(content)
    words = "fuzzed"
    try:
        load_arrays(folder / "fuzzed")
    except CheckpointError as error:
        words = error.headline
    assert "fuzzed" in words


def test_what_a_header_says_is_shown_on_one_line(tmp_path):
    path = tmp_path / "odd.safetensors"
    save_arrays(path, {"a": np.zeros(3, np.float32)}, {})
    content = path.read_bytes()
    header = content[8:].replace(b'"F32"', '"F\u20289"'.encode())
    path.write_bytes(struct.pack("<Q", len(header) - 12) + header)
    with pytest.raises(CheckpointError) as caught:
        load_arrays(path)
    assert one_line(str(caught.value)) == str(caught.value)
