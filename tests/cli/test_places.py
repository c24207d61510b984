"""`evaluate` and `predict` for networks that answer for places: masks, boxes and numbers, in words, over the pictures, in files."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from rich.console import Console

import minicnn
from minicnn import layers as L
from minicnn import losses
from minicnn.cli.render.mistakes import as_json, print_mistakes, tiles
from minicnn.cli.render.overlay import within
from minicnn.cli.render.picture_sheet import Tile, as_picture, grid, sheet
from minicnn.datasets import Dataset, load
from minicnn.preparation import Preparation
from minicnn.train import BoxMistake, ClassMistake, MaskMistake, NumbersMistake, TrainedNetwork, examine, load_trained

SVG = "{http://www.w3.org/2000/svg}"
DIGITS = tuple("0123456789")


def saved(path, layer, loss, shape, data, classes):
    net = minicnn.Graph(L.Sequential(layer), shape, seed=1, name="net")
    TrainedNetwork(net, Preparation(shape, (0.5,), (0.25,), 255.0), classes, shape, data, 3, loss).save(path)
    return path


@pytest.fixture
def masks(tmp_path):
    """Whatever is lighter than the middle is a cell."""
    path = saved(tmp_path / "masks.safetensors", L.Conv2D(2, 1), losses.Dice(), (1, 64, 64), "cells", ("background", "cell"))
    trained = load_trained(path)
    trained.net.parameters["conv1.weight"][...] = np.array([-1, 1]).reshape(2, 1, 1, 1)
    trained.save(path)
    return path


@pytest.fixture
def boxes(tmp_path):
    """A three in the middle of each of nine cells, by four times 32 pixels, and a faint seven in the corner."""
    path = saved(tmp_path / "boxes.safetensors", L.Conv2D(20, 32, stride=32), losses.YOLO(boxes=2), (1, 96, 96), "digit-scenes", DIGITS)
    trained = load_trained(path)
    trained.net.parameters["conv1.weight"][...] = 0
    values = [0.5, 0.5, 0.25**0.5, 0.125**0.5, 0.9, 0, 0, 0.125**0.5, 0.125**0.5, 0.1, *np.eye(10)[3]]
    trained.net.parameters["conv1.bias"][...] = values
    trained.save(path)
    return path


def pgm(path, pixels):
    path.write_bytes(f"P5 {pixels.shape[1]} {pixels.shape[0]} 255\n".encode() + pixels.astype(np.uint8).tobytes())
    return path.name


def test_a_mask_is_drawn_and_its_shares_are_told(cli, masks, tmp_path):
    sheet = np.zeros((30, 50))
    sheet[10:20, 5:30] = 255
    name = pgm(tmp_path / "sheet.pgm", sheet)
    status, out, err = cli("predict", masks, name, "--out", "drawn.svg")
    assert (status, err) == (0, "wrote drawn.svg\n")
    lines = out.splitlines()
    assert lines[0] == name
    assert [line.count("#") for line in lines[1:16]] == [0] * 5 + [25] * 5 + [0] * 5
    assert lines[16] == f"background {100 - 100 / 6:.1f} %, cell {100 / 6:.1f} %"
    root = ElementTree.parse(tmp_path / "drawn.svg").getroot()
    assert [each.text for each in root.iter(f"{SVG}text")] == [name]
    assert len(list(root.iter(f"{SVG}image"))) == 1
    (told,) = json.loads(cli("predict", masks, name, "--format", "json")[1])
    assert told == {"image": name, "size": [30, 50], "shares": {"background": pytest.approx(5 / 6), "cell": pytest.approx(1 / 6)}}


def test_boxes_are_told_in_pixels_of_the_users_picture(cli, boxes, tmp_path):
    name = pgm(tmp_path / "scene.pgm", np.zeros((64, 128)))
    status, out, err = cli("predict", boxes, name)
    assert (status, err) == (0, "")
    listed = [line for line in out.splitlines() if line.startswith("3 90 %")]
    wanted = {f"3 90 % at {x + 4},{y + 10}, 24x12" for y in (0, 32) for x in (0, 32, 64, 96)}
    assert set(listed) == wanted
    assert "8 more with scores below 15 %: --score shows them" in out
    assert "#" in out.splitlines()[6]
    (told,) = json.loads(cli("predict", boxes, name, "--format", "json")[1])
    assert (told["image"], len(told["boxes"]), set(told["classes"])) == (name, 16, {"3"})
    assert told["boxes"][0][2:] == [pytest.approx(24), pytest.approx(12), 3, pytest.approx(0.9)]
    (surer,) = json.loads(cli("predict", boxes, name, "--format", "json", "--score", 0.5)[1])
    assert surer["boxes"] == told["boxes"][:8]
    assert "with scores below" not in cli("predict", boxes, name, "--score", 0)[1]


def test_drawings_of_several_pictures_go_into_a_folder_or_one_file(cli, boxes, tmp_path):
    (tmp_path / "other").mkdir()
    names = [pgm(tmp_path / f"{n}.pgm", np.zeros((96, 96))) for n in "ab"] + [
        "other/" + pgm(tmp_path / "other" / "a.pgm", np.zeros((96, 96)))
    ]
    status, _, err = cli("predict", boxes, *names, "missing.pgm", "--out", "drawn")
    assert (status, err.splitlines()[1:]) == (1, [f"wrote drawn/{each}.svg" for each in ("a", "b", "a-3")])
    root = ElementTree.parse(tmp_path / "drawn" / "b.svg").getroot()
    assert len(list(root.iter(f"{SVG}rect"))) == 9
    assert cli("predict", boxes, *names, "--out", "all.svg")[0] == 0
    root = ElementTree.parse(tmp_path / "all.svg").getroot()
    assert [each.text for each in root.iter(f"{SVG}text") if each.get("class") == "caption"] == names
    status, out, err = cli("predict", boxes, *names, "--out", "all.png")
    assert (status, out) == (1, "")
    assert err == "Error: predict: all.png is neither a folder nor ends in .svg, as drawings do\n  use all.svg\n"


def test_numbers_are_printed(cli, tmp_path):
    path = saved(tmp_path / "numbers.safetensors", L.Sequential(L.Flatten(), L.Linear(3)), losses.Huber(), (1, 1, 4), "custom", ())
    np.save(tmp_path / "row.npy", np.array([[[0.25, 0.5, 0.75, 1.0]]], np.float32))
    trained = load_trained(path)
    (wanted,) = trained.net.predict(np.array([[[[0.25, 0.5, 0.75, 1.0]]]], np.float32)).tolist()
    status, out, err = cli("predict", path, "row.npy")
    assert (status, err, out) == (0, "", f"row.npy  {wanted[0]:.5g}  {wanted[1]:.5g}  {wanted[2]:.5g}\n")
    assert json.loads(cli("predict", path, "row.npy", "--format", "json")[1]) == [{"image": "row.npy", "numbers": wanted}]


def test_evaluate_gives_figures_of_every_class_of_pixels(cli, masks, tmp_path):
    found = examine(load_trained(masks), load("cells", "test"))
    status, out, err = cli("evaluate", masks, "--out", "worst.svg")
    assert (status, err) == (0, "wrote worst.svg\n")
    lines = out.splitlines()
    assert lines[1] == f"mean IoU {100 * found.metrics['mean_iou']:.2f} %, loss {found.loss:.4f}"
    assert lines[3].split() == ["Class", "Pixels", "IoU", "Right", "Most", "often", "taken", "for"]
    for k, line in enumerate(lines[5:7]):
        cells = line.split()
        assert cells[:3] == [found.classes[k], f"{found.counts[k].sum():,}", f"{100 * found.class_iou(k):.2f}"]
    assert len(lines) == 7  # no pictures in a pipe
    root = ElementTree.parse(tmp_path / "worst.svg").getroot()
    assert len(list(root.iter(f"{SVG}image"))) == 10
    told = json.loads(cli("evaluate", masks, "--format", "json", "--mistakes", 2)[1])
    assert [each["iou"] for each in told["classes"]] == [found.class_iou(k) for k in range(2)]
    assert told["mistakes"] == [{"index": each.index, "iou": each.iou} for each in found.mistakes[:2]]


def test_evaluate_gives_the_average_precision_of_every_class(cli, boxes):
    status, out, err = cli("evaluate", boxes, "--mistakes", 1)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[1].startswith("mAP 0.")
    assert [line.split()[0] for line in lines[5:15]] == list(DIGITS)
    assert lines[5].endswith(" 0.00 %")
    assert lines[16] == "most objects missed or false: what is right, and the network's answer"
    assert lines[18].split()[0].startswith("#")
    told = json.loads(cli("evaluate", boxes, "--format", "json")[1])
    assert sum(each["objects"] for each in told["classes"]) == int((load("digit-scenes", "test").labels[..., 4] >= 0).sum())
    assert np.mean([each["average_precision"] for each in told["classes"]]) == pytest.approx(told["metrics"]["mean_average_precision"])
    assert len(told["mistakes"]) == 5
    assert told["mistakes"][0]["false"] == 9
    assert len(told["mistakes"][0]["predicted"]) == 9


PICTURES = Dataset(np.zeros((3, 1, 20, 30), np.uint8), np.zeros(3, np.int64), ("cat", "dog"))


def shown(mistakes, kind, width=80, **settings):
    console = Console(file=io.StringIO(), width=width, **settings)
    print_mistakes(console, kind, mistakes, PICTURES, ("cat", "dog"))
    return console.file.getvalue()


def test_mistakes_say_what_was_taken_for_what():
    text = shown([ClassMistake(2, 0, 1, 0.998), ClassMistake(0, 1, 0, 0.6)], "class")
    assert "cat as dog, 99.8 %" in text
    assert "#2" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "no mistakes" in shown([], "class")


def test_right_and_wrong_stand_side_by_side_within_the_width():
    mask = np.zeros((20, 30), np.int64)
    mask[5:10, 5:10] = 1
    text = shown([MaskMistake(1, 0.25, mask, 1 - mask)], "mask", width=40)
    assert "#1 right" in text
    assert "#1 answer, IoU 25.0" in text  # its % is on the next line
    assert text.count("#" * 10) > 5
    assert max(map(len, text.splitlines()[3:])) <= 40
    boxes = np.array([[2.0, 2, 8, 8, 1, 0.9], [0, 0, 3, 3, 0, 0.2]])
    text = shown([BoxMistake(1, 1, 2, boxes[:1, :5], boxes)], "boxes", force_terminal=True, color_system="truecolor", legacy_windows=False)
    assert "#1 answer, 1 missed, 2 false" in text
    assert "cat dog" in text
    text = shown([NumbersMistake(0, 2.5, np.ones(6), np.zeros(6))], "numbers")
    assert "#0 0, 0, 0, 0, ... (6)" in text
    assert "right is 1, 1, 1, 1, ... (6)" in text


def test_mistakes_as_json():
    assert as_json(ClassMistake(2, 0, 1, 0.5)) == {"index": 2, "label": 0, "predicted": 1, "probability": 0.5}
    assert as_json(NumbersMistake(0, 2.5, np.ones(1), np.zeros(1))) == {"index": 0, "error": 2.5, "label": [1.0], "predicted": [0.0]}


def test_a_mask_without_borders_lies_over_the_middle_of_its_picture():
    data = Dataset(np.arange(36, dtype=np.uint8).reshape(1, 1, 6, 6), np.zeros(1, np.int64), ("a", "b"))
    mask = np.zeros((4, 2), np.int64)
    ((right, _),) = tiles([MaskMistake(0, 0.5, mask, mask)], data, ("a", "b"))
    assert right.picture[:, :, 0].tolist() == [[8, 9], [14, 15], [20, 21], [26, 27]]


def test_a_wide_picture_is_shrunk_with_what_was_found_in_it():
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[10:20, 40:60] = 255
    small, mask = within(picture, (picture[..., 0] > 0).astype(int), 20)
    assert small.shape == (10, 20, 3)
    np.testing.assert_array_equal(mask > 0, small[..., 0] > 127)
    _, boxes = within(picture, np.array([[40.0, 10, 20, 10, 1, 0.5]]), 20)
    assert boxes.tolist() == [[10, 2.5, 5, 2.5, 1, 0.5]]
    assert within(picture, None, 80)[0] is picture


@pytest.mark.parametrize("shape", [(5,), (1, 7), (1, 4, 6), (3, 4, 6), (1, 3, 4, 6), (2, 4, 6)])
def test_whatever_a_network_is_given_has_a_picture(shape):
    picture = as_picture(np.linspace(0, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape))
    assert picture.dtype == np.uint8
    assert picture.shape == ((16, shape[-1], 3) if len(shape) < 3 else (4, 6, 3))  # a signal is a curve


def test_a_sheet_breaks_its_rows_and_escapes_its_words():
    pictures = [[Tile(("<a & b>", "second line"), np.zeros((28, 28, 3), np.uint8))] for _ in range(12)]
    root = ElementTree.fromstring(sheet(pictures, ()))
    assert {each.text for each in root.iter(f"{SVG}text")} == {"<a & b>", "second line"}
    places = [tuple(map(float, each.get("transform")[10:-1].split())) for each in root.iter(f"{SVG}g")]
    assert len(set(places)) == 12
    assert all(x + 112 <= float(root.get("width")) and y + 112 <= float(root.get("height")) for x, y in places)
    assert len({y for _, y in places}) > 1
    nothing = ElementTree.fromstring(sheet([], ()))
    assert [each.text for each in nothing.iter(f"{SVG}text")] == ["no mistakes"]
    assert float(nothing.get("width")) > 60
    console = Console(file=io.StringIO(), width=60)
    console.print(grid(console, pictures))
    assert max(map(len, console.file.getvalue().splitlines())) <= 60
