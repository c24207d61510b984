"""Pictures from files of every kind, whole and broken."""

import io
import os
import struct
import zlib

import numpy as np
import pytest

from minicnn.datasets.pictures import read_picture, resize, to_channels
from minicnn.errors import DataError

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
COLOUR = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 7


@pytest.fixture
def write(tmp_path):
    def writer(content, name="picture"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return writer


def array_bytes(array, **settings):
    stream = io.BytesIO()
    np.save(stream, array, **settings)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"P5 4 3 255\n" + GREY.tobytes(),
        b"P5\n# made by hand\n4 # columns\n3\n255\n" + GREY.tobytes(),
        b"P2 4 3 255\n" + b" ".join(str(v).encode() for v in GREY.ravel()) + b"\n",
    ],
)
def test_pgm(write, content):
    picture = read_picture(write(content))
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, GREY[None])


def test_pgm_with_another_range(write):
    np.testing.assert_array_equal(read_picture(write(b"P2 3 1 15\n0 8 15")), [[[0, 136, 255]]])
    wide = np.array([[0, 256, 65535]], ">u2")
    np.testing.assert_array_equal(read_picture(write(b"P5 3 1 65535\n" + wide.tobytes())), [[[0, 1, 255]]])


def test_ppm(write):
    np.testing.assert_array_equal(read_picture(write(b"P6 4 2 255\n" + COLOUR.tobytes())), COLOUR.transpose(2, 0, 1))
    plain = b"P3 4 2 255\n" + b" ".join(str(v).encode() for v in COLOUR.ravel())
    np.testing.assert_array_equal(read_picture(write(plain)), COLOUR.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"P5 4 3 255\n" + bytes(11), "is cut short: 11 of 12 values are there"),
        (b"P5 4000000 4000000 255\n" + bytes(11), "is cut short: 11 of 16,000,000,000,000 values are there"),
        (b"P2 4 3 255\n1 2 3", "is cut short: 3 of 12 values are there"),
        (b"P5 0 3 255\n", "says 0 x 3 pixels up to 255"),
        (b"P5 4 3 70000\n" + bytes(24), "says 4 x 3 pixels up to 70000"),
        (b"P5 four 3 255\n", "begins like a PGM file, but has no columns, rows and largest value"),
        (b"P2 2 1 255\n1 two", "holds words that are not numbers"),
        (b"P2 2 1 9\n1 10", "holds values outside 0 to 9"),
        (b"P2 2 1 9\n1 -1", "holds values outside 0 to 9"),
        (b"P2 1 1 9\n99999999999999999999", "holds words that are not numbers"),
    ],
)
def test_broken_pgm(write, content, words):
    with pytest.raises(DataError, match=f"picture {words}"):
        read_picture(write(content))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (GREY, GREY[None]),
        (GREY[None], GREY[None]),
        (GREY.astype(np.int64), GREY[None]),
        (GREY > 100, np.where(GREY > 100, 255, 0)[None]),
        (GREY[..., None], GREY[None]),
        (COLOUR, COLOUR.transpose(2, 0, 1)),
        (COLOUR.transpose(2, 0, 1), COLOUR.transpose(2, 0, 1)),
        (np.asfortranarray(GREY), GREY[None]),
        (GREY / 255, (GREY / 255)[None]),
        (np.linspace(-2, 2, 40), np.linspace(-2, 2, 40)[None]),
        (np.linspace(-2, 2, 40)[None], np.linspace(-2, 2, 40)[None]),
    ],
)
def test_npy(write, array, expected):
    picture = read_picture(write(array_bytes(array), "array.npy"))
    assert picture.dtype == (np.float32 if array.dtype.kind == "f" else np.uint8)
    assert picture.flags.c_contiguous
    np.testing.assert_array_equal(picture, expected.astype(picture.dtype))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (GREY.astype(np.int64) - 1, r"holds int64 \(3, 4\), expected integers from 0 to 255 or floats"),
        (GREY.astype(np.int64) + 100, "holds int64"),
        (GREY.astype(complex), "holds complex128"),
        (np.array([1.0, np.nan]), "holds values that are infinite or NaN"),
        (np.zeros((2, 3, 4, 5, 6)), "has the shape"),
        (np.zeros((0, 4)), "has the shape"),
        (np.array(3.0), "has the shape"),
        (np.array(["cat"]), "holds str"),
    ],
)
def test_npy_of_other_things(write, array, words):
    with pytest.raises(DataError, match=f"array.npy {words}"):
        read_picture(write(array_bytes(array), "array.npy"))


def test_npy_with_objects_is_never_unpickled(write):
    with pytest.raises(DataError, match=r"array.npy is not an array that can be read: "):
        read_picture(write(array_bytes(np.array([{}], object), allow_pickle=True), "array.npy"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"(3, 4)", b"(3, 4"),
        (b"'|u1'", b"'|u1"),
        (b"(3, 4)", b"(" * 300 + b"3" + b")" * 300),
        (b"{", b"\\"),
        (b"(3, 4)", b"(9" + b"9" * 5000 + b",)"),
        (b"(3, 4)", b"(-3, 4)"),
        (b"(3, 4)", b"(4611686018427387904,)"),
        (b"'|u1'", b"'not a type'"),
        (b"'|u1'", b"('|u1', -1)"),
        (b"'shape'", b"1"),
        (b"(3, 4)", b"[" * 5000),
        (b"(3, 4)", b"\n\n  if"),
    ],
)
def test_npy_with_a_header_that_is_no_python(write, old, new):
    content = array_bytes(GREY)
    header = content[10 : 10 + int.from_bytes(content[8:10], "little")].replace(old, new)
    with pytest.raises(DataError, match=r"array.npy is not an array that can be read: .{1,200}$"):
        read_picture(write(content[:8] + len(header).to_bytes(2, "little") + header + content[-12:], "array.npy"))


def test_npy_of_numbers_too_large_for_float32(write):
    with pytest.raises(DataError, match=r"holds values that are infinite"):
        read_picture(write(array_bytes(np.full((3, 4), 1e300)), "array.npy"))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"pipe is not a file$"):
        read_picture(tmp_path / "pipe")


def test_npy_cut_short_or_lying(write):
    content = array_bytes(GREY)
    for broken in (content[:-3], content[:40], content.replace(b"(3, 4)", b"(3000000000000, 4)".ljust(6)), content[:8]):
        with pytest.raises(DataError, match=r"array.npy is not an array that can be read: "):
            read_picture(write(broken, "array.npy"))


def test_what_is_not_there(tmp_path, write):
    with pytest.raises(DataError, match=r"^there is no picture .*none.png$"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(DataError, match=r"is a folder, expected a picture$"):
        read_picture(tmp_path)
    for content in (b"", b"just words", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(DataError, match=r"picture (is not a picture that can be read|cannot be read as a picture)"):
            read_picture(write(content))


Image = pytest.importorskip("PIL.Image", reason="Pillow, of the extra 'images', is not installed")


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_png(tmp_path, mode):
    pixels = GREY if mode == "L" else COLOUR
    Image.fromarray(pixels).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "x.png"), pixels[None] if mode == "L" else pixels.transpose(2, 0, 1))


def test_jpeg(tmp_path):
    Image.fromarray(np.full((8, 8), 128, np.uint8)).save(tmp_path / "x.jpg")
    picture = read_picture(tmp_path / "x.jpg")
    assert picture.shape == (1, 8, 8)
    assert abs(picture.astype(int) - 128).max() <= 2


def test_what_is_transparent_becomes_white(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (10, 20, 30, 255)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "x.png")
    picture = read_picture(tmp_path / "x.png")
    assert picture[:, 0, 0].tolist() == [10, 20, 30]
    assert (picture[:, 1] == 255).all()


def test_palettes_single_bits_and_sixteen_bits(tmp_path):
    Image.fromarray(COLOUR).convert("P").save(tmp_path / "palette.png")
    assert read_picture(tmp_path / "palette.png").shape == (3, 2, 4)
    Image.fromarray(GREY > 100).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "bits.png"), np.where(GREY > 100, 255, 0)[None])
    Image.fromarray(GREY.astype(np.uint16) * 257).save(tmp_path / "sixteen.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "sixteen.png"), GREY[None])


def test_a_photograph_is_turned_as_its_camera_was(tmp_path):
    image = Image.fromarray(GREY)
    exif = image.getexif()
    exif[0x0112] = 6  # turn by 90 degrees to the right
    image.save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "x.png"), np.rot90(GREY, -1)[None])


def png(*chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize("side", [9_000, 60_000, 2**31 - 1])
def test_few_letters_for_more_pixels_than_a_picture_has(write, side):
    content = png((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    with pytest.raises(DataError, match=r"(pixels, more than a picture for a network: at most 67,108,864|cannot be read as a picture)"):
        read_picture(write(content))


def test_what_pillow_warns_of_is_read_without_a_word(tmp_path):
    image = Image.fromarray(GREY)
    image.save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\xff\xff")
    assert read_picture(tmp_path / "a.jpg").shape == (1, 3, 4)


def test_formats_that_call_other_programs_are_not_read(write):
    with pytest.raises(DataError, match="is not a picture that can be read"):
        read_picture(write(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n"))


def test_tiff(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.tiff")
    assert np.array_equal(read_picture(tmp_path / "a.tiff")[0], GREY)
    Image.fromarray(np.array([[0.5, np.nan]], np.float32)).save(tmp_path / "nan.tiff")
    with pytest.raises(DataError, match="holds values that are infinite or NaN"):
        read_picture(tmp_path / "nan.tiff")


def test_tiff_of_32_bits(tmp_path):
    def read(values):
        Image.fromarray(values.astype(np.int32)).save(tmp_path / "x.tiff")
        return read_picture(tmp_path / "x.tiff")[0]

    np.testing.assert_array_equal(read(GREY), GREY)
    np.testing.assert_array_equal(read(GREY.astype(np.int32) * 257), GREY)
    wide = GREY.astype(np.int32)
    for values, words in ((wide * 1000, "from 0 to 220000"), (wide - 1, "from -1 to 219")):
        with pytest.raises(DataError, match=f"holds integers {words}, expected 0 to 255, or 0 to 65535"):
            read(values)


@pytest.mark.parametrize(
    ("colour", "share", "ground"),
    [(255, 0.2, 0), (0, 0.2, 255), (200, 0.8, 200)],
    ids=["white ink", "black ink", "a sheet with transparent margins"],
)
def test_what_is_transparent_lets_the_rest_stand_out(tmp_path, colour, share, ground):
    pixels = np.zeros((10, 10, 2), np.uint8)
    pixels[: round(10 * share)] = (colour, 255)
    Image.fromarray(pixels, "LA").save(tmp_path / "x.png")
    picture = read_picture(tmp_path / "x.png", contrasting=True)
    assert (picture[:, 0] == colour).all()
    assert (picture[:, -1] == ground).all()


def test_a_png_cut_in_half(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(tmp_path / "x.png")
    content = (tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"x.png cannot be read as a picture: "):
        read_picture(tmp_path / "x.png")


def test_without_pillow_the_fix_is_said(tmp_path, monkeypatch):
    Image.fromarray(GREY).save(tmp_path / "x.png")
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(DataError, match=r"x.png can be read only with Pillow, which is not installed\n  run: pip install pillow"):
        read_picture(tmp_path / "x.png")


def test_colours():
    picture = np.array([[[255]], [[0]], [[0]]], np.uint8)
    assert to_channels(picture, 1).tolist() == [[[76]]]
    assert to_channels(picture, 3) is picture
    grey = np.array([[[7]]], np.uint8)
    assert to_channels(grey, 3).tolist() == [[[7]]] * 3
    assert to_channels(grey, 4) is grey
    assert to_channels(picture.astype(np.float32) / 255, 1).dtype == np.float32


def test_shrinking_takes_the_mean_of_what_a_pixel_covers():
    picture = np.random.default_rng(1).integers(0, 256, (3, 6, 8)).astype(np.float32)
    expected = picture.reshape(3, 3, 2, 2, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(resize(picture, 3, 2), expected, rtol=1e-6)
    assert resize(np.full((1, 7, 5), 200, np.uint8), 3, 4).tolist() == [[[200] * 4] * 3]  # sizes that do not divide
    assert resize(np.full((1, 2, 9), 50, np.uint8), 5, 3).tolist() == [[[50] * 3] * 5]  # one axis grows, the other shrinks
