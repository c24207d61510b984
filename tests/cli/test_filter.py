"""`minicnn filter` as a user runs it, and the lectures' examples in its docstring."""

import doctest
import importlib
import sys

import numpy as np
import pytest

from minicnn import kernels
from minicnn.cli.main import main
from minicnn.datasets.pictures import read_picture

command = importlib.import_module("minicnn.cli.commands.filter")  # `filter` by itself is the command that lies in it


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command in this process, in an empty folder: (exit status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def runner(*arguments, columns=None):
        if columns is not None:
            monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as stopped:
            main(["filter", *arguments])
        return stopped.value.code or 0, *capsys.readouterr()

    return runner


@pytest.fixture
def square(tmp_path):
    """A white square of 4 pixels on black."""
    pixels = np.zeros((8, 10), np.uint8)
    pixels[2:6, 3:7] = 255
    path = tmp_path / "square.pgm"
    path.write_bytes(b"P5\n10 8\n255\n" + pixels.tobytes())
    return pixels


def test_the_lectures_examples():
    found = doctest.testmod(command)
    assert found.attempted == 8
    assert found.failed == 0


def test_top_edges(run, square, tmp_path):
    status, out, err = run("square.pgm", "--kernel", "sobel-top", "--out", "top.pgm")
    assert (status, err) == (0, "wrote top.pgm\n")
    assert (tmp_path / "top.pgm").read_bytes().startswith(b"P5\n10 8\n255\n")
    (top,) = read_picture("top.pgm")
    wanted = np.zeros((8, 10), np.uint8)  # white below, black above gives -; Sobel's numbers are larger than 255 and cut off
    wanted[5:7, 2:8] = 255
    assert np.array_equal(top, wanted)
    assert out.splitlines()[0].split() == ["square.pgm", "sobel-top"]
    assert [line.rstrip() for line in out.splitlines()[1:5]] == ["", "   @@@@", "   @@@@        ======", "               ======"]


@pytest.mark.parametrize("name", kernels.image_kernels)
def test_every_filter_is_correlation_inside(run, name):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 9, 8)).astype(np.uint8)
    np.save("noise.npy", pixels)
    assert run("noise.npy", "--kernel", name, "--out", "out.ppm")[0] == 0
    kernel = np.asarray(kernels.image_kernels[name], float)
    R, S = kernel.shape
    want = sum(kernel[r, s] * pixels[:, r : 9 - R + 1 + r, s : 8 - S + 1 + s] for r in range(R) for s in range(S))
    got = read_picture("out.ppm")
    assert got.shape == pixels.shape
    assert np.abs(got[:, R // 2 : 9 - R // 2, S // 2 : 8 - S // 2] - np.clip(want, 0, 255)).max() <= 0.5 + 1e-3  # rounded to whole numbers


def test_a_plain_picture_has_no_edges_at_its_border(run):
    np.save("grey.npy", np.full((6, 7), 77, np.uint8))
    run("grey.npy", "--kernel", "outline", "--out", "edges.pgm")
    run("grey.npy", "--kernel", "gaussian", "--out", "blurred.pgm")
    assert not read_picture("edges.pgm").any()
    assert np.all(read_picture("blurred.pgm") == 77)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_through_pillow(run, square, suffix):
    pytest.importorskip("PIL", reason="PNG and JPEG need Pillow: pip install pillow")
    assert run("square.pgm", "--kernel", "identity", "--out", f"copy.{suffix}")[0] == 0
    (copy,) = read_picture(f"copy.{suffix}")
    assert np.abs(copy.astype(int) - square).max() <= (0 if suffix == "png" else 40)  # JPEG rings beside edges
    colours = np.stack([square, square.T[:8, :8].repeat(2, 1)[:, :10], 255 - square])
    np.save("colours.npy", colours)
    assert run("colours.npy", "--kernel", "identity", "--out", f"colours.{suffix}")[0] == 0
    assert read_picture(f"colours.{suffix}").shape == (3, 8, 10)


def test_without_pillow(run, square, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    status, out, err = run("square.pgm", "--kernel", "box", "--out", "box.png")
    assert (status, out) == (1, "")
    assert err == ("Error: box.png: only PGM and PPM can be written without Pillow\n  pip install pillow, or use box.ppm\n")


def test_grey_becomes_colour_but_colour_not_grey(run, square):
    assert run("square.pgm", "--kernel", "box", "--out", "box.ppm")[0] == 0
    assert read_picture("box.ppm").shape == (3, 8, 10)
    assert run("box.ppm", "--kernel", "box", "--out", "box.pgm") == (1, "", "Error: box.pgm: a PGM file has no colours\n  use box.ppm\n")


def test_large_pictures_shrink(run):
    np.save("large.npy", np.zeros((300, 4000), np.uint8))
    for columns in (30, 80, 120):
        lines = run("large.npy", "--kernel", "box", columns=columns)[1].splitlines()
        assert max(map(len, lines)) <= max(columns, 100)  # in a pipe, 100
        assert len(lines) < 40


def test_the_list(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    for name in kernels.image_kernels:
        assert name in out.split()
    assert "1/9  1/9  1/9" in out
    assert " 1   2   1" in out


@pytest.mark.parametrize(
    ("words", "arguments", "status"),
    [
        ("which filter? --kernel FILTER\n  there are identity, box", ["square.pgm"], 2),
        ("no filter is called 'blur'\n  there are identity, box", ["square.pgm", "--kernel", "blur"], 2),
        ("no filter is called 'sobl-top': did you mean sobel-top", ["square.pgm", "--kernel", "sobl-top"], 2),
        ("which picture? minicnn filter IMAGE --kernel FILTER", ["--kernel", "box"], 2),
        ("Error: there is no picture absent.png\n", ["absent.png", "--kernel", "box"], 1),
        ("Error: floats.npy holds float32 numbers, expected whole numbers from 0 to 255\n", ["floats.npy", "--kernel", "box"], 1),
        ("Error: two.npy has the shape (2, 4, 5), expected a picture", ["two.npy", "--kernel", "box"], 1),
        (
            "Error: cannot write no/such/box.pgm: No such file or directory\n",
            ["square.pgm", "--kernel", "box", "--out", "no/such/box.pgm"],
            1,
        ),
        ("Error: cannot write box.xyz: unknown file extension: .xyz\n", ["square.pgm", "--kernel", "box", "--out", "box.xyz"], 1),
    ],
)
def test_what_cannot_be(run, square, words, arguments, status):
    if "xyz" in arguments[-1]:
        pytest.importorskip("PIL", reason="without Pillow there are no other formats")
    np.save("floats.npy", np.zeros((4, 5), np.float32))
    np.save("two.npy", np.zeros((2, 4, 5), np.uint8))
    code, out, err = run(*arguments)
    assert (code, out) == (status, "")
    assert words in err
