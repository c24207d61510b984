"""`minicnn predict`: pictures in, classes out, and what to do about a picture that does not fit."""

from __future__ import annotations

import json

import numpy as np
import pytest

import minicnn
from minicnn.datasets import as_handwriting, load
from minicnn.preparation import Preparation
from minicnn.storage import load_arrays, save_arrays
from minicnn.train import TrainedNetwork, fit_picture, guesses, load_trained, prepare_picture

DIGITS = load("digits", "test")


@pytest.fixture
def pgm(tmp_path):
    def write(pixels, name):
        (tmp_path / name).write_bytes(f"P5 {pixels.shape[1]} {pixels.shape[0]} 255\n".encode() + pixels.astype(np.uint8).tobytes())
        return name

    return write


@pytest.fixture
def expected(trained):
    network = load_trained(trained / "best.safetensors")
    return guesses(network, [fit_picture(network, image, "x") for image in DIGITS.images[:4]])


def test_a_line_a_picture(cli, trained, pgm, tmp_path, expected):
    np.save(tmp_path / "1.npy", DIGITS.images[1, 0])
    names = [pgm(DIGITS.images[0, 0], "0.pgm"), "1.npy", pgm(DIGITS.images[2, 0], "a picture with a long name and [brackets].pgm")]
    status, out, err = cli("predict", trained, *names)
    heading, _, *lines = out.splitlines()
    assert (status, err) == (0, "")
    assert heading.split() == ["Image", "First", "Second", "Third"]
    for name, line, best in zip(names, lines, expected, strict=False):
        assert line.startswith(name)
        assert line[len(name) :].split() == [word for guess in best for word in (guess.name, f"{100 * guess.probability:.1f}", "%")]


def test_json(cli, trained, pgm, expected):
    names = [pgm(image[0], f"{n}.pgm") for n, image in enumerate(DIGITS.images[:4])]
    status, out, err = cli("predict", trained, *names, "--format", "json")
    assert (status, err) == (0, "")
    assert json.loads(out) == [
        {"image": name, "predictions": [{"class": guess.name, "index": guess.label, "probability": guess.probability} for guess in best]}
        for name, best in zip(names, expected, strict=True)
    ]


def test_the_networks_own_size(cli, trained, pgm):
    assert cli("predict", trained, pgm(np.zeros((28, 28)), "blank.pgm"))[0] == 0


def test_the_wrong_size(cli, trained, pgm):
    name = pgm(np.zeros((48, 64)), "wide.pgm")
    status, out, err = cli("predict", trained, name)
    assert (status, out) == (1, "")
    assert err == (
        "Error: wide.pgm is 48 x 64, but lenet was trained on 8 x 8 (digits), scaled to 28 x 28\n"
        "  rows x columns; use an image of either size, or --resize to have it stretched\n"
        "  own handwriting on a sheet is read by a network trained on mnist: it is cut out and centred there as the training images were\n"
        "  run: minicnn train lenet --data mnist\n"
    )
    assert cli("predict", trained, name, "--resize")[0] == 0


def test_one_bad_picture_does_not_lose_the_others_answers(cli, trained, pgm, tmp_path, expected):
    (tmp_path / "bad.pgm").write_bytes(b"P5 8 8 255\n123")
    names = [pgm(DIGITS.images[0, 0], "0.pgm"), "bad.pgm", pgm(np.zeros((48, 64)), "wide.pgm"), pgm(DIGITS.images[1, 0], "1.pgm")]
    status, out, err = cli("predict", trained, *names)
    assert status == 1
    assert [line.split()[:2] for line in out.splitlines()[2:]] == [["0.pgm", expected[0][0].name], ["1.pgm", expected[1][0].name]]
    assert [line for line in err.splitlines() if line.startswith("Error: ")] == [
        "Error: bad.pgm is cut short: 3 of 64 values are there",
        "Error: wide.pgm is 48 x 64, but lenet was trained on 8 x 8 (digits), scaled to 28 x 28",
    ]
    status, out, _ = cli("predict", trained, *names, "--format", "json")
    told = json.loads(out)
    assert status == 1
    assert [each["image"] for each in told] == names
    assert [("error" in each, "predictions" in each) for each in told] == [(False, True), (True, False), (True, False), (False, True)]
    assert told[1]["error"].startswith("bad.pgm is cut short")


def test_a_stretched_picture_is_recognised(cli, trained, pgm, expected):
    large = pgm(DIGITS.images[0, 0].repeat(30, axis=0).repeat(20, axis=1), "large.pgm")
    (told,) = json.loads(cli("predict", trained, large, "--resize", "--format", "json")[1])
    assert told["predictions"][0]["probability"] == expected[0][0].probability  # the very same pixels come back


def test_ink_on_paper(cli, trained, pgm, expected):
    name = pgm(255 - DIGITS.images[0, 0], "paper.pgm")
    status, _, err = cli("predict", trained, name)
    assert (status, err) == (0, "Warning: paper.pgm seems to be inverted compared with digits: use --invert\n")
    status, out, err = cli("predict", trained, name, "--invert", "--format", "json")
    assert (status, err) == (0, "")
    assert json.loads(out)[0]["predictions"][0]["probability"] == expected[0][0].probability
    assert "leave out --invert" in cli("predict", trained, pgm(DIGITS.images[0, 0], "light.pgm"), "--invert")[2]


def test_png_and_jpeg(cli, trained, tmp_path, expected):
    image = pytest.importorskip("PIL.Image", reason="Pillow, of the extra 'images', is not installed")
    colour = image.fromarray(DIGITS.images[0, 0]).convert("RGB")
    colour.save(tmp_path / "0.png")
    colour.resize((80, 80), 0).save(tmp_path / "0.jpg", quality=95)
    told = json.loads(cli("predict", trained, "0.png", "0.jpg", "--resize", "--format", "json")[1])
    assert told[0]["predictions"][0]["probability"] == expected[0][0].probability
    assert told[1]["predictions"][0]["class"] == expected[0][0].name


def test_without_pillow(cli, trained, tmp_path, monkeypatch):
    (tmp_path / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    status, _, err = cli("predict", trained, "0.png")
    assert status == 1
    assert err.splitlines()[:2] == ["Error: 0.png can be read only with Pillow, which is not installed", "  run: pip install pillow"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("words.png", b"just words", "words.png is not a picture that can be read"),
        ("cut.pgm", b"P5 8 8 255\n123", "cut.pgm is cut short"),
        ("cut.npy", b"\x93NUMPY\x01\x00", "cut.npy is not an array that can be read"),
        ("none.png", None, "there is no picture none.png"),
    ],
)
def test_what_is_no_picture(cli, trained, tmp_path, name, content, words):
    pytest.importorskip("PIL.Image", reason="Pillow, of the extra 'images', is not installed")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    status, out, err = cli("predict", trained, name)
    assert (status, out) == (1, "")
    assert err.startswith(f"Error: {words}")


def test_what_holds_no_numbers_is_said(cli, trained, tmp_path, pgm):
    np.save(tmp_path / "nan.npy", np.full((8, 8), np.nan, np.float32))
    status, out, err = cli("predict", trained, "nan.npy")
    assert (status, out) == (1, "")
    assert err.startswith("Error: nan.npy holds values that are infinite or NaN")
    arrays, metadata = load_arrays(trained / "best.safetensors")
    arrays["fc1.bias"] = arrays["fc1.bias"] + np.float32("inf")
    save_arrays(tmp_path / "broken.safetensors", arrays, metadata)
    status, out, err = cli("predict", "broken.safetensors", pgm(np.zeros((8, 8)), "x.pgm"))
    assert (status, out) == (1, "")
    assert err.startswith("Error: lenet: the scores of 1 of 1 images are not numbers: the weights, or the images, hold NaN or infinity")


def test_weights_of_another_origin(cli, tmp_path, pgm):
    save_arrays(tmp_path / "foreign.safetensors", {"w": np.zeros(3, np.float32)}, {})
    status, _, err = cli("predict", "foreign.safetensors", pgm(np.zeros((8, 8)), "x.pgm"))
    assert (status, err.startswith("Error: foreign.safetensors holds arrays, but not a network of minicnn")) == (1, True)


def test_no_picture_at_all(cli, trained):
    assert cli("predict", trained)[0] == 2


def test_the_device_that_is_asked_for_computes(cli, trained, pgm, expected, monkeypatch):
    asked = []
    monkeypatch.setattr(minicnn.engine, "checked_device", lambda name: f"{name}:0")
    monkeypatch.setattr(minicnn.train, "guesses", lambda _, pictures, device: asked.append(device) or expected[: len(pictures)])
    assert cli("predict", trained, pgm(DIGITS.images[0, 0], "0.pgm"), "--device", "cuda")[0] == 0
    assert asked == ["cuda:0"]


@pytest.fixture
def reader(tmp_path):
    """The file of a network that says it was trained on MNIST; what it answers is left to chance."""
    net = minicnn.zoo.build("lenet", seed=1)
    names = tuple("0123456789")
    TrainedNetwork(net, Preparation((1, 28, 28), (0.13,), (0.31,), 255.0), names, (1, 28, 28), "mnist", 1).save(
        tmp_path / "reader.safetensors"
    )
    return "reader.safetensors"


def test_a_sheet_is_prepared_and_shown_as_the_network_saw_it(cli, reader, pgm):
    sheet = np.full((100, 130), 210)
    sheet[20:80, 90:102] = 40
    name = pgm(sheet, "one.pgm")
    (told,) = json.loads(cli("predict", reader, name, "--format", "json")[1])
    assert np.array_equal(told["seen"], as_handwriting(sheet[None].astype(np.uint8))[0])
    trained = load_trained(reader)
    (best,) = guesses(trained, [prepare_picture(trained, sheet[None].astype(np.uint8))])
    assert told["predictions"][0]["probability"] == best[0].probability
    status, out, err = cli("predict", reader, name)
    assert (status, err) == (0, "")
    heading, _, first, *lines = out.splitlines()
    assert heading.rstrip().endswith("As the network saw it")
    assert first.split()[:2] == ["one.pgm", best[0].name]
    column = heading.index("As the network")
    drawn = np.array(told["seen"]).reshape(14, 2, 28).max(axis=(1, 2)) > 0  # two rows of pixels on a line
    assert [bool(line[column:].strip()) for line in (first, *lines)][:14] == drawn.tolist()


def test_a_prepared_picture_is_taken_as_it_is_with_raw(cli, reader, pgm):
    digit = np.zeros((28, 28))
    digit[4:24, 12:16] = 255
    (told,) = json.loads(cli("predict", reader, pgm(digit, "x.pgm"), "--raw", "--format", "json")[1])
    trained = load_trained(reader)
    (best,) = guesses(trained, [fit_picture(trained, digit[None].astype(np.uint8), "x")])
    assert told == {
        "image": "x.pgm",
        "predictions": [{"class": guess.name, "index": guess.label, "probability": guess.probability} for guess in best],
    }
    status, _, err = cli("predict", reader, pgm(np.zeros((48, 64)), "wide.pgm"), "--raw")
    assert (status, err.splitlines()[0]) == (1, "Error: wide.pgm is 48 x 64, but lenet was trained on 28 x 28 (mnist)")


def test_a_blank_sheet_gets_no_answer_and_the_others_theirs(cli, reader, pgm):
    sheet = np.full((60, 60), 210)
    sheet[20:40, 30:33] = 40
    status, out, err = cli("predict", reader, pgm(np.full((60, 60), 255), "blank.pgm"), pgm(sheet, "one.pgm"))
    assert (status, err) == (1, "Error: blank.pgm is blank: all of its pixels have the same brightness\n")
    assert out.splitlines()[2].startswith("one.pgm")


def test_settings_for_raw_pictures_are_not_passed_over(cli, reader, pgm):
    sheet = np.full((60, 60), 210)
    sheet[20:40, 30:33] = 40
    status, _, err = cli("predict", reader, pgm(sheet, "one.pgm"), "--invert")
    assert (status, err) == (0, "Warning: images are prepared like those of mnist: --resize and --invert are for --raw\n")


@pytest.mark.parametrize("name", ["white.png", "black.png", "white-la.png", "int32.tiff", "bool.npy", "axis.npy", "deep.png"])
def test_whatever_holds_the_same_digit_is_seen_alike(cli, reader, tmp_path, name):
    image = pytest.importorskip("PIL.Image", reason="Pillow, of the extra 'images', is not installed")
    digit = np.zeros((28, 28), np.uint8)
    digit[6:9, 7:21], digit[9:23, 16:19] = 255, 255
    full = np.full_like(digit, 255)
    if name.endswith(".npy"):
        np.save(tmp_path / name, digit > 0 if name == "bool.npy" else digit[..., None])
    else:
        pixels = {
            "white.png": np.stack([full, full, full, digit], axis=-1),
            "black.png": np.stack([full * 0, full * 0, full * 0, digit], axis=-1),
            "white-la.png": np.stack([full, digit], axis=-1),
            "int32.tiff": digit.astype(np.int32),
            "deep.png": digit.astype(np.uint16) * 257,
        }[name]
        image.fromarray(pixels).save(tmp_path / name)
    (told,) = json.loads(cli("predict", reader, name, "--format", "json")[1])
    assert np.array_equal(told["seen"], as_handwriting(digit[None])[0])
