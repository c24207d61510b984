"""The IDX reader: what it reads, and that every broken file ends in a DataError that says what is wrong."""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minicnn.datasets import idx
from minicnn.datasets.idx import read_idx, read_idx_stream, read_images_and_labels, write_idx
from minicnn.errors import DataError


def header(code: int, *shape: int) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape)


def read_bytes(content: bytes, **wanted: object) -> np.ndarray:
    return read_idx_stream(io.BytesIO(content), "file", **wanted)


KINDS = st.sampled_from([np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64])


@given(array=hnp.arrays(KINDS, hnp.array_shapes(max_dims=4, min_side=0, max_side=5)), packed=st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(array, packed, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / ("file.gz" if packed else "file")
    write_idx(path, array)
    back = read_idx(path)
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    np.testing.assert_array_equal(back, array)


def test_the_bytes_are_those_of_the_format(tmp_path):
    write_idx(tmp_path / "file", np.array([[1, -2]], ">i2"))
    assert (tmp_path / "file").read_bytes() == bytes.fromhex("00000b02 00000001 00000002 0001 fffe")


def test_equal_arrays_give_equal_gzip_files(tmp_path, monkeypatch):
    for name, now in (("a.gz", 1.0), ("b.gz", 2e9)):
        monkeypatch.setattr("time.time", lambda now=now: now)
        write_idx(tmp_path / name, np.arange(100, dtype=np.uint8))
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_gzip_is_known_by_its_bytes_not_its_name(tmp_path):
    (tmp_path / "plain-name").write_bytes(gzip.compress(header(8, 3) + b"abc"))
    (tmp_path / "packed-name.gz").write_bytes(header(8, 3) + b"abc")
    assert read_idx(tmp_path / "plain-name").tobytes() == read_idx(tmp_path / "packed-name.gz").tobytes() == b"abc"


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(header(8, 300_000)) + gzip.compress(bytes(300_000)),
        gzip.compress(header(8, 300_000) + bytes(300_000)) + bytes(512),
        gzip.compress(header(8, 300_000)) + bytes(300_000) + gzip.compress(bytes(300_000)),
    ],
    ids=["two members", "zeros after the end", "zeros between members"],
)
def test_gzip_files_of_several_members(content):
    assert read_bytes(content).shape == (300_000,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "file ends after 0 bytes, before the 4 bytes that start an IDX file"),
        (b"\0\0", "file ends after 2 bytes"),
        (b"<!DOCTYPE html>", "file is not an IDX file: it starts with 3c21444f, expected 0000"),
        (header(7, 1) + b"a", "it starts with 00000701"),
        (b"\0\0\x08\0", "file has 0 axes, expected 1 to 8"),
        (header(8, *[1] * 9) + b"a", "file has 9 axes, expected 1 to 8"),
        (header(8, 2, 3)[:-1], "file ends after 11 of the 12 bytes of its header"),
        (header(8, 60_000, 28, 28) + bytes(7_824), "file ends after 7,840 of 47,040,016 bytes"),
        (header(0x0E, 2) + bytes(15), "file ends after 23 of 24 bytes"),
        (header(8, 3) + b"abcd", "file continues after the 11 bytes that its header declares"),
        (header(8, 2**32 - 1, 2**32 - 1), "file declares 4294967295 x 4294967295 values, more than"),
        (header(8, 0, 2**32 - 1, 2**32 - 1), "file declares 0 x 4294967295 x 4294967295 values, more than"),
        (gzip.compress(header(8, 3) + b"abc", mtime=0)[:-8], "file is cut short: the checksum at its end is missing"),
        (gzip.compress(header(8, 3) + b"abc", mtime=0)[:-9], "file ends after|cut short"),
        (gzip.compress(header(8, 3) + b"abc", mtime=0)[:-8] + bytes(8), "file is damaged"),
        (gzip.compress(header(8, 3) + b"abc", mtime=0) + b"more", "file is damaged"),
        (gzip.compress(header(8, 3) + b"abcd", mtime=0), "file continues after the 11 bytes"),
        (b"\x1f\x8b", "file ends after 0 bytes"),
    ],
)
def test_a_broken_file_says_what_is_wrong(content, message):
    with pytest.raises(DataError, match=message):
        read_bytes(content)


def test_another_type_or_number_of_axes_than_expected():
    with pytest.raises(DataError, match="file has 1 axes, expected 3"):
        read_bytes(header(8, 1) + b"a", axes=3)
    with pytest.raises(DataError, match="file holds int16 values, expected uint8"):
        read_bytes(header(0x0B, 1) + b"ab", dtype=np.uint8)


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(DataError, match="absent cannot be opened: No such file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match=r"cannot be opened|cannot be read"):
        read_idx(tmp_path)


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "gzip"])
def test_a_lying_header_takes_no_memory(packed):
    content = header(8, 2**31 - 1) + bytes(1000)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"file ends after 1,008 of 2,147,483,655 bytes"):
        read_bytes(gzip.compress(content) if packed else content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_gzip_bomb_stops_at_the_declared_size():
    bomb = gzip.compress(header(8, 10) + bytes(200_000_000), compresslevel=1)
    tracemalloc.start()
    with pytest.raises(DataError, match="continues after the 18 bytes"):
        read_bytes(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


@given(content=st.binary(max_size=64))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(content):
    for start in (b"", b"\0\0\x08", b"\0\0\x08\x01\0\0\0", b"\x1f\x8b\x08"):
        with contextlib.suppress(DataError):
            array = read_bytes(start + content)
            rebuilt = header(idx.CODES[array.dtype], *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()
            assert rebuilt == start + content


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_bit_flipped_or_a_tail_lost_is_noticed(data):
    array = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    content = gzip.compress(header(8, 3, 4, 5) + array.tobytes())
    if data.draw(st.booleans()):
        broken = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        place, bit = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(0, 7))
        broken = bytearray(content)
        broken[place] ^= 1 << bit
    with contextlib.suppress(DataError):  # bits of the time stamp and the like may change
        np.testing.assert_array_equal(read_bytes(bytes(broken)), array)


def test_a_type_without_a_code_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match="IDX cannot hold int64 values, only uint8, int8"):
        write_idx(tmp_path / "file", np.zeros(3, np.int64))
    with pytest.raises(DataError, match="the array has 0 axes"):
        write_idx(tmp_path / "file", np.uint8(3)[()] + np.zeros((), np.uint8))


class TestPairs:
    @staticmethod
    def write(folder: Path, images: np.ndarray, labels: np.ndarray) -> tuple[Path, Path]:
        write_idx(folder / "images", images)
        write_idx(folder / "labels", labels)
        return folder / "images", folder / "labels"

    def test_labels_become_int64(self, tmp_path):
        paths = self.write(tmp_path, np.ones((2, 3, 4), np.uint8), np.array([0, 9], np.uint8))
        images, labels = read_images_and_labels(*paths, class_count=10)
        assert images.shape == (2, 3, 4)
        assert labels.dtype == np.int64
        assert labels.tolist() == [0, 9]

    def test_counts_differ(self, tmp_path):
        paths = self.write(tmp_path, np.ones((2, 3, 4), np.uint8), np.zeros(3, np.uint8))
        with pytest.raises(DataError, match="images holds 2 images, but labels holds 3 labels"):
            read_images_and_labels(*paths, class_count=10)

    def test_a_label_out_of_range(self, tmp_path):
        paths = self.write(tmp_path, np.ones((2, 3, 4), np.uint8), np.array([3, 10], np.uint8))
        with pytest.raises(DataError, match="labels has label 10 at index 1, expected 0 to 9"):
            read_images_and_labels(*paths, class_count=10)

    def test_no_images(self, tmp_path):
        paths = self.write(tmp_path, np.ones((0, 3, 4), np.uint8), np.zeros(0, np.uint8))
        with pytest.raises(DataError, match="images holds no pixels: its shape is 0 x 3 x 4"):
            read_images_and_labels(*paths, class_count=10)

    def test_images_and_labels_swapped(self, tmp_path):
        images, labels = self.write(tmp_path, np.ones((2, 3, 4), np.uint8), np.zeros(2, np.uint8))
        with pytest.raises(DataError, match="labels has 1 axes, expected 3"):
            read_images_and_labels(labels, images, class_count=10)
