"""`minicnn show`: pictures with the numbers behind them, in a terminal or as a file."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn import views
from minicnn.datasets import load

SVG = "{http://www.w3.org/2000/svg}"
DIGITS = load("digits", "test")


@pytest.fixture(scope="module")
def net(trained):
    return minicnn.load(trained / "best.safetensors")


@pytest.fixture(scope="module")
def x(net):
    return views.as_input(net, DIGITS.images)


@pytest.fixture
def figure(cli, tmp_path):
    """Run `show` with --out: the titles, captions and number of pictures of the file."""

    def call(*arguments):
        status, _, err = cli("show", *arguments, "--out", "figure.svg")
        assert (status, err) == (0, "")
        root = ElementTree.parse(tmp_path / "figure.svg").getroot()
        captions = [each.find(f"{SVG}title").text for each in root.iter(f"{SVG}image")]
        return root.find(f"{SVG}desc").text, captions

    return call


def test_filters_and_maps_of_a_test_picture_by_default(cli, trained, net, x):
    status, out, err = cli("show", trained)
    assert (status, err) == (0, "")
    first, _, second, *_ = out.splitlines()
    assert first == f"lenet of {trained}, trained on digits (10 classes, images 1 x 8 x 8), weights after epoch 4"
    weight = net.parameters["conv1.weight"]
    assert second == f"lenet: 6 filters 1x5x5 of conv1 (Conv2D), weights from {weight.min():.3g} to {weight.max():.3g}"
    assert f"lenet: what its layers make of digits #0, class {DIGITS.classes[DIGITS.labels[0]]}" in out
    for each in views.maps(net, x[0]):
        shape = "x".join(map(str, each.values.shape))
        assert f"{each.layer} ({each.kind}): {shape}, from {each.least:.3g} to {each.most:.3g}, {100 * each.zeros:.0f} % zeros" in out


def test_captions_of_filters_and_maps(figure, trained, net, x):
    _, captions = figure(trained)
    weight = net.parameters["conv1.weight"]
    (relu, *_) = views.maps(net, x[0])
    assert captions[:6] == [f"{k}: \u00b1{np.abs(weight[k]).max():.2g}" for k in range(6)]
    assert captions[7:13] == [f"{k}: {relu.values[k].max():.3g}" for k in range(6)]


def test_deep_filters_have_a_row_for_each_filter(figure, trained):
    words, captions = figure(trained, "--layer", "conv2")
    assert "16 filters 6x5x5 of conv2" in words
    assert "a row is a filter, a picture a channel (8 of 16, 6 of 6)" in words
    assert captions == [f"{k}, channel {c}" for k in range(8) for c in range(6)]
    assert figure(trained, "--layer", "conv2", "--unit", 15)[1] == [f"15, channel {c}" for c in range(6)]


def test_one_layers_maps(figure, trained):
    words, captions = figure(trained, "--layer", "pool2", "--unit", 3)
    assert "pool2 (MaxPool2D): 16x5x5" in words
    assert len(captions) == 2
    assert captions[1].startswith("3: ")


def test_saliency(figure, trained, net, x):
    words, captions = figure(trained, "--what", "saliency", "--index", 3)
    found = views.saliency(net, x[3])
    share = 100 * float(net.predict(DIGITS.images[3:4])[0, found.k])
    assert re.search(rf"the score of {net.class_names[found.k]} \(([\d.]+) %\)", words)[1] == f"{share:.3g}"
    assert f"the gradient is at most {found.map.max():.3g}" in words
    assert len(captions) == 3
    assert f"the score of {net.class_names[4]} (" in figure(trained, "--what", "saliency", "--class", 4)[0]


def test_occlusion(figure, trained, net, x):
    words, captions = figure(trained, "--what", "occlusion", "--index", 5)
    found = views.occlusion(net, x[5])
    assert (
        f"a grey window of 6x6 pixels covers a part: {100 * found.probabilities.min():.3g} to {100 * found.probabilities.max():.3g} %"
        in words
    )
    counts = [int(count) for count in re.findall(r" in (\d+)", words)]
    assert sum(counts) <= 144
    assert captions == [f"digits #5, class {DIGITS.classes[DIGITS.labels[5]]}", "probability", "lost per pixel"]


def test_patches(figure, trained, net, x):
    words, captions = figure(trained, "--what", "patches", "--layer", "relu2", "--unit", 2)
    found = views.patches(net, x, "relu2", 2, 6)
    assert f"among {len(DIGITS):,} test images of digits; each row is a unit, and sees 14x14 pixels" in words
    assert captions == [f"{'2: ' if not n else ''}{each.value:.3g} in #{each.image}" for n, each in enumerate(found.patches)]
    assert len(figure(trained, "--what", "patches")[1]) == 36


def test_deconvolution(figure, trained, net, x):
    words, captions = figure(trained, "--what", "deconvolution", "--layer", "relu2", "--unit", 2)
    found = views.deconvolution(net, x[0], "relu2", 2)
    assert "what units of relu2 answer to" in words
    row, column = found.place
    assert captions[1] == f"2: {found.value:.3g} at {row},{column}"
    strongest = views.maps(net, x[0], ["relu2"])[0].values.max(axis=(1, 2)).argsort()[::-1][:6]
    captions = figure(trained, "--what", "deconvolution", "--layer", "relu2")[1]
    assert [int(each.split(":")[0]) for each in captions[1::2]] == strongest.tolist()


def test_histogram(figure, trained, net):
    words, _ = figure(trained, "--what", "histogram")
    weight = net.parameters["conv2.weight"]
    assert f"conv2.weight, {weight.size:,} numbers, mean {weight.mean(dtype=np.float64):.3g}" in words
    assert "fc3 for 64 test images of digits, 640 numbers" in words
    assert "relu1 for 64 test images" in figure(trained, "--what", "histogram", "--layer", "relu1")[0]


def test_pictures_of_ones_own(figure, cli, trained, tmp_path, net):
    for n in (1, 2):
        (tmp_path / f"{n}.pgm").write_bytes(b"P5 8 8 255\n" + DIGITS.images[n, 0].tobytes())
    words, captions = figure(trained, "1.pgm", "2.pgm", "--what", "saliency")
    assert [caption for caption in captions if "pgm" in caption] == ["1.pgm", "2.pgm"]
    whole = [figure(trained, "--what", "saliency", "--index", n)[0].split("; ")[1].split(".")[:2] for n in (1, 2)]
    assert all(".".join(each).split(": 3 pictures")[0] in words for each in whole)
    np.save(tmp_path / "large.npy", np.zeros((40, 40), np.uint8))
    assert figure(trained, "large.npy")[1][0] == "large.npy"  # stretched


@pytest.mark.parametrize("name", ["lenet", "mnist1d-cnn", "highway"])
def test_a_network_of_the_zoo_is_said_to_be_untrained(cli, name):
    status, out, err = cli("show", name)
    assert (status, err) == (0, "")
    assert out.startswith(f"{name}, untrained: its weights are drawn at random, from seed 0\n")
    assert f"{name} (untrained): " in out


def test_networks_of_other_kinds(figure, tmp_path):
    body = L.Sequential(L.Conv2D(2, 3, sharing="unshared"), L.ReLU(), L.Conv2D(2, 1))
    minicnn.Graph(body, (3, 8, 8), name="own").save(tmp_path / "own.safetensors")
    assert "at place 3,3 of 6 x 6" in figure("own.safetensors", "--what", "filters")[0]
    assert len(figure("own.safetensors", "--what", "filters")[1]) == 2  # in colour: one for each filter
    assert "the score of class" in figure("own.safetensors", "--what", "saliency")[0]
    words, captions = figure("own.safetensors", "--what", "occlusion")
    assert captions[1:] == ["score", "lost per pixel"]
    assert "%" not in words
    (tmp_path / "net.py").write_text("from minicnn import Graph, layers as L\nnetwork = Graph(L.Conv3D(2, 3), (1, 4, 5, 6))\n")
    words, captions = figure("net.py", "--what", "filters")
    assert "net (untrained): 2 filters 1x3x3x3" in words
    assert len(captions) == 2


def test_the_same_bytes_every_time(cli, trained, tmp_path):
    for what in ("saliency", "deconvolution", "patches"):
        for name in ("one.svg", "other.svg"):
            assert cli("show", trained, "--what", what, "--out", name)[0] == 0
        assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_png(cli, trained, tmp_path):
    pytest.importorskip("cairosvg")
    status, out, err = cli("show", trained, "--what", "filters", "--out", "figure.png")
    assert (status, err) == (0, "")
    assert out.startswith("figure.png: lenet of ")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--layer", "conv9"), "there is no layer called 'conv9'"),
        (("--what", "filters", "--layer", "relu1"), "relu1 is a ReLU and has no filters"),
        (("--what", "filters", "--unit", 6), "conv1 has 6 filters, but --unit is 6"),
        (("--what", "maps", "--layer", "relu1", "--unit", 6), "relu1 has 6 channels, but --unit is 6"),
        (("--what", "patches", "--unit", 99), "so that the last is 15, but the unit is 99"),
        (("--what", "saliency", "--class", "cat"), "there is no class 'cat'"),
        (("--what", "saliency", "--class", 10), "has 10 classes, so that the last is 9"),
        (("--index", 99999), "--index is 99999, but the last test image of digits has index"),
        (("--out", "figure.jpg"), "figure.jpg does not end in .svg or .png"),
        (("nothing.png",), "there is no picture nothing.png"),
    ],
)
def test_mistakes(cli, trained, tmp_path, arguments, message):
    status, out, err = cli("show", trained, *arguments)
    assert (status, out) == (1, "")
    assert message in err.splitlines()[0]
    assert not (tmp_path / "figure.jpg").exists()


@pytest.mark.parametrize(
    "arguments",
    [("a.png", "--index", 1), ("a.png", "--data", "digits"), ("a.png", "--what", "patches"), tuple(f"{n}.png" for n in range(9))],
)
def test_what_does_not_go_together(cli, trained, arguments):
    assert cli("show", trained, *arguments)[0] == 2


def test_a_run_on_ones_own_pictures_finds_them_again(cli, tmp_path):
    """Its folder says which they are; a file alone takes what --data names."""
    np.savez(tmp_path / "own.npz", x_train=DIGITS.images[:40], y_train=DIGITS.labels[:40])
    assert cli("train", "lenet", "--data", "own.npz", "--epochs", 1, "--quiet", "--out", "run")[0] == 0
    assert "what its layers make of own #0, class " in cli("show", "run", "--what", "maps", "--layer", "pool2")[1]
    file = "run/best.safetensors"
    assert "was trained on custom data" in cli("show", file, "--what", "maps")[2]
    assert "what its layers make of digits #0, class 0" in cli("show", file, "--what", "maps", "--layer", "pool2", "--data", "digits")[1]
    assert "picture own #2, class " in cli("trace", "run", "--layer", "fc3", "--at", 3, "--index", 2)[1]


def test_pictures_that_there_are_not(cli):
    assert "takes 192 channels, which no picture has" in cli("show", "inception-3a", "--what", "maps")[2]
    assert cli("show", "nowhere/run")[0] == 1


def test_summary_says_what_a_run_was_trained_on(cli, trained):
    _, out, _ = cli("summary", trained)
    assert out.splitlines()[1:3] == [
        f"lenet: the network of {trained}",
        "trained on digits (10 classes, images 1 x 8 x 8), weights after epoch 4",
    ]
    found = json.loads(cli("summary", trained / "best.safetensors", "--format", "json")[1])["trained_on"]
    assert (found["data"], found["epoch"], found["image_shape"], len(found["classes"])) == ("digits", 4, [1, 8, 8], 10)
    assert found["loss"]["type"] == "SoftmaxCrossEntropy"
    assert "trained_on" not in json.loads(cli("summary", trained, "--classes", 3, "--format", "json")[1])
    assert "trained_on" not in json.loads(cli("summary", "lenet", "--format", "json")[1])


def test_a_run_is_drawn(cli, trained):
    assert cli("draw", trained, "--scale") == (0, "lenet.svg: 12 layers\n", "")


def test_large_pictures_are_reduced_for_a_terminal():
    from minicnn.charts import Picture, PictureGrid
    from minicnn.cli.render.show import for_terminal

    pixels = np.arange(61 * 61, dtype=np.float64).reshape(61, 61)
    pixels[:3, :3] = np.nan
    picture = Picture("", pixels)
    (grid,) = for_terminal([PictureGrid("", ((picture,), (picture,) * 2, (picture,) * 4))])
    assert [row[0].pixels.shape for row in grid.rows] == [(61, 61), (31, 31), (21, 21)]
    reduced = grid.rows[2][0].pixels
    assert np.isnan(reduced[0, 0])
    assert reduced[1, 2] == pixels[3:6, 6:9].mean()
    assert reduced[20, 20] == pixels[60, 60]  # the rest of a window


def test_no_line_is_wider_than_the_terminal(cli, trained, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for what in ("maps", "patches", "deconvolution", "saliency", "occlusion", "histogram"):
        lines = cli("show", trained, "--what", what)[1].splitlines()
        assert max(map(len, [line for line in lines[2:] if not line.startswith("lenet: ")])) <= 80


def test_numbers_are_written_for_readers():
    from minicnn.cli.render.show import number

    assert [number(each) for each in (0.0, 0.01714, -12.34, 999.4, 1083.2, -45678.9)] == ["0", "0.0171", "-12.3", "999", "1,083", "-45,679"]


def test_a_view_in_the_place_of_a_picture_is_led_to_its_option(cli):
    assert cli("show", "lenet", "filters") == (
        1,
        "",
        "Error: show: there is no picture filters\n  for the view: minicnn show lenet --what filters\n",
    )
