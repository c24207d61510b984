"""`minicnn draw`: a picture that is XML, with every layer and every shape in it."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from minicnn import zoo
from minicnn.cli.main import main
from minicnn.cli.render.draw import svg
from minicnn.graph import Topology
from minicnn.layers import Add, Conv2D, Sequential

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def runner(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        return stopped.value.code or 0, *capsys.readouterr()

    return runner


@pytest.mark.parametrize("name", ["lenet", "googlenet", "unet", "resnet20", "densenet40", "mnist1d-cnn"])
def test_pictures(run, tmp_path, name):
    status, out, err = run("draw", name)
    assert (status, err) == (0, "")
    assert out.startswith(f"{name}.svg: ")
    root = ElementTree.parse(tmp_path / f"{name}.svg").getroot()
    texts = [each.text for each in root.iter(f"{SVG}text")]
    net = zoo.build(name)
    for node in net.nodes:
        if node.slots and node.layer.kind() != "BatchNorm2D":
            assert node.name.rpartition(".")[2] in texts
    assert "x".join(map(str, net.input_shape)) in texts
    assert "x".join(map(str, net.output_shape)) in texts
    left, top, width, height = map(float, root.get("viewBox").split())
    for box in list(root.iter(f"{SVG}rect"))[1:]:
        x, y, wide, high = (float(box.get(key)) for key in ("x", "y", "width", "height"))
        assert left <= x <= x + wide <= left + width
        assert top <= y <= y + high <= top + height
    for path in root.iter(f"{SVG}path"):
        if path.get("class"):
            points = [tuple(map(float, point.split())) for point in re.findall(r"[-\d.]+ [-\d.]+", path.get("d"))]
            assert all(left <= x <= left + width and 0 <= y <= height for x, y in points)


@pytest.mark.parametrize("name", ["x.png", "x.pdf", "x.svg.gz", "x.txt"])
def test_no_svg_under_another_name(run, tmp_path, name):
    status, out, err = run("draw", "lenet", "--out", name)
    assert (status, out) == (1, "")
    assert err.startswith(f"Error: draw: {name} does not end in .svg, but pictures are written as SVG\n  use x.")
    assert not [*tmp_path.iterdir()]


def test_names_of_pictures(run, tmp_path):
    assert run("draw", "LeNet")[1] == "lenet.svg: 12 layers\n"
    assert run("draw", "lenet", "--out", "X.SVG")[0] == 0
    assert run("draw", "lenet", "--out", "plain")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["X.SVG", "lenet.svg", "plain"]


@pytest.mark.parametrize(
    ("name", "depth", "shown", "hidden"),
    [
        ("googlenet", 1, ["inception3a", "14 layers", "163,696 parameters", "480x28x28", "conv3"], "concat1"),
        ("resnet50", 2, ["stage1", "block6", "10 layers", "1,117,184 parameters", "fc1"], "add1"),
        ("unet", 2, ["level2", "41 layers", "30,849,408 parameters", "up1", "128x196x196"], "bottom"),
        ("lenet", 0, ["12 layers", "61,706 parameters", "1x28x28", "10"], "conv1"),
    ],
)
def test_folded_blocks(run, tmp_path, name, depth, shown, hidden):
    assert run("draw", name, "--depth", str(depth))[0] == 0
    texts = [each.text for each in ElementTree.parse(tmp_path / f"{name}.svg").getroot().iter(f"{SVG}text")]
    assert set(shown) <= set(texts)
    assert hidden not in texts


def test_shared_layers_say_so():
    conv, tower = Conv2D(2, 3, padding=1), Sequential(Conv2D(2, 1), name="tower")
    topology = Topology.build(Sequential(conv, conv, Add(tower, tower)), (2, 4, 4))
    open_, folded = (svg(topology, "net", "", depth) for depth in (None, 1))
    assert open_.count("shared with conv1<") == folded.count("shared with conv1<") == 1
    assert open_.count("shared with tower.conv1<") == folded.count("shared with tower<") == 1
    assert open_.count("38 parameters") == 1


def test_lines_run_past_boxes(run, tmp_path):
    """No upright line of a skip runs through a box."""
    run("draw", "unet-same", "--out", "net.svg")
    root = ElementTree.parse(tmp_path / "net.svg").getroot()
    boxes = [
        tuple(float(box.get(key)) for key in ("x", "y", "width", "height")) for box in root.iter(f"{SVG}rect") if box.get("class") == "box"
    ]
    skips = [path for path in root.iter(f"{SVG}path") if "skip" in (path.get("class") or "")]
    assert len(skips) == 4
    lanes = []
    for path in skips:
        points = [tuple(map(float, point.split())) for point in re.findall(r"[-\d.]+ [-\d.]+", path.get("d"))]
        (x, high), (_, low) = points[2:4]
        lanes.append(x)
        assert not any(left < x < left + width and y < low and y + height > high for left, y, width, height in boxes)
    assert len(set(lanes)) == 4


def test_settings_and_errors(run, tmp_path):
    assert run("draw", "lenet", "--input", "3x32x32", "--classes", "7", "--width", "2", "--out", "a.svg")[0] == 0
    text = (tmp_path / "a.svg").read_text()
    assert ">3x32x32<" in text
    assert ">12x32x32<" in text
    status, out, err = run("draw", "lenet", "--out", "nowhere/a.svg")
    assert (status, out) == (1, "")
    assert err.startswith("Error: cannot write nowhere/a.svg")
    assert run("draw", "lenett")[0] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg"]
