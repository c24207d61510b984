"""`minicnn draw`: a picture that is XML, with every layer and every shape in it."""

import re
import struct
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

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


def rectangles(root, kind):
    """(x, y, width, height) of those of a class."""
    boxes = [box for box in root.iter(f"{SVG}rect") if box.get("class") == kind]
    return [tuple(float(box.get(key)) for key in ("x", "y", "width", "height")) for box in boxes]


def ways(root):
    """Each line's class and points."""
    paths = [path for path in root.iter(f"{SVG}path") if path.get("class")]
    return [
        (path.get("class"), [tuple(map(float, point.split())) for point in re.findall(r"[-\d.]+ [-\d.]+", path.get("d"))]) for path in paths
    ]


def assert_all_inside(root):
    left, top, width, height = map(float, root.get("viewBox").split())
    for kind in ("box", "frame", "side"):
        for x, y, wide, high in rectangles(root, kind):
            assert left <= x <= x + wide <= left + width
            assert top <= y <= y + high <= top + height
    for _, points in ways(root):
        assert all(left <= x <= left + width and top <= y <= top + height for x, y in points)


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
            assert node.name.rpartition(".")[2] in {text.rpartition(".")[2] for text in texts}
    assert "x".join(map(str, net.input_shape)) in texts
    assert "x".join(map(str, net.output_shape)) in texts
    assert_all_inside(root)


@pytest.mark.parametrize("name", ["x.jpg", "x.pdf", "x.svg.gz", "x.txt"])
def test_no_picture_under_another_name(run, tmp_path, name):
    status, out, err = run("draw", "lenet", "--out", name)
    assert (status, out) == (1, "")
    assert err.startswith(f"Error: draw: {name} does not end in .svg or .png\n  use ")
    assert not [*tmp_path.iterdir()]


def test_names_of_pictures(run, tmp_path):
    assert run("draw", "LeNet")[1] == "lenet.svg: 12 layers\n"
    assert run("draw", "lenet", "--out", "X.SVG")[0] == 0
    assert run("draw", "lenet", "--out", "plain")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["X.SVG", "lenet.svg", "plain"]
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "lenet.svg").read_bytes()


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
    assert run("draw", name, "--depth", str(depth), "--shape", "plain")[0] == 0
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
    run("draw", "unet-same", "--shape", "plain", "--out", "net.svg")
    root = ElementTree.parse(tmp_path / "net.svg").getroot()
    boxes = rectangles(root, "box")
    skips = [points for kind, points in ways(root) if "skip" in kind]
    assert len(skips) == 4
    lanes = []
    for points in skips:
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


@pytest.mark.parametrize("name", ["lenet", "googlenet", "resnet20", "unet-small"])
def test_from_left_to_right(run, tmp_path, name):
    """The same boxes with the same words; every line that is no skip leads to the right."""
    run("draw", name, "--shape", "plain", "--out", "down.svg")
    assert run("draw", name, "--direction", "right", "--out", "right.svg")[0] == 0
    down, right = (ElementTree.parse(tmp_path / f"{way}.svg").getroot() for way in ("down", "right"))
    assert sorted(each.text for each in down.iter(f"{SVG}text")) == sorted(each.text for each in right.iter(f"{SVG}text"))
    assert_all_inside(right)
    assert all(points[0][0] < points[-1][0] for _, points in ways(right))
    places = rectangles(right, "box")
    for number, (x, y, wide, high) in enumerate(places):
        assert not any(x < left + w and left < x + wide and y < top + h and top < y + high for left, top, w, h in places[number + 1 :])


@pytest.mark.parametrize("name", ["unet", "unet-same", "unet-small"])
def test_a_u_net_is_drawn_as_a_u(run, tmp_path, name):
    assert run("draw", name)[0] == 0
    root = ElementTree.parse(tmp_path / f"{name}.svg").getroot()
    assert_all_inside(root)
    assert not rectangles(root, "frame")
    assert len({round(x + wide / 2) for x, _, wide, _ in rectangles(root, "box")}) == 3
    skips = [points for kind, points in ways(root) if "skip" in kind]
    levels = len([node for node in zoo.build(name).nodes if node.layer.kind() == "MaxPool2D"])
    assert len(skips) == levels * (1 if name == "unet-same" else 2)  # with a crop on the way
    assert all(start[1] == end[1] for start, end in skips)
    places = rectangles(root, "box")
    for _, points in ways(root):
        for (x, y), (to_x, to_y) in pairwise(points):
            middle = ((x + to_x) / 2, (y + to_y) / 2)
            assert not any(left < middle[0] < left + w and top < middle[1] < top + h for left, top, w, h in places)


def test_a_u_is_folded_by_the_halves_of_its_levels(run, tmp_path):
    assert run("draw", "unet", "--depth", "1")[0] == 0
    texts = [each.text for each in ElementTree.parse(tmp_path / "unet.svg").getroot().iter(f"{SVG}text")]
    assert [text for text in texts if "level" in text or text in ("bottom", "classify")] == [
        *(f"level {depth}, down" for depth in (1, 2, 3, 4)),
        "bottom",
        *(f"level {depth}, up" for depth in (4, 3, 2, 1)),
        "classify",
    ]
    counts = [int(text.split()[0].replace(",", "")) for text in texts if text.endswith(" parameters")]
    assert sum(counts) == zoo.build("unet").topology.parameter_count


def test_what_is_no_u(run, tmp_path):
    status, out, err = run("draw", "resnet20", "--shape", "u")
    assert (status, out) == (1, "")
    assert err.startswith("Error: draw: resnet20 is not a U")
    assert run("draw", "unet", "--shape", "u", "--direction", "down")[0] == 2
    assert run("draw", "lenet", "--scale", "--direction", "down")[0] == 2
    assert not [*tmp_path.iterdir()]


def test_to_scale(run, tmp_path):
    """Heights are as rows, widths as channels; features stand upright."""
    assert run("draw", "lenet", "--scale", "--out", "net.svg")[0] == 0
    root = ElementTree.parse(tmp_path / "net.svg").getroot()
    assert_all_inside(root)
    fronts = rectangles(root, "side")
    rows, channels = (28, 28, 14, 10, 5), (1, 6, 6, 16, 16)
    assert [high for _, _, _, high in fronts[:5]] == pytest.approx([150 * each / 28 for each in rows], abs=0.06)
    assert [wide for _, _, wide, _ in fronts[:5]] == pytest.approx([84 * each / 16 for each in channels], abs=0.06)
    assert [(wide, high) for _, _, wide, high in fronts[5:]] == [(7, 120), (7, 84), (7, 10)]
    middles = [y + high / 2 for _, y, _, high in fronts[5:]]
    assert middles == pytest.approx([middles[0]] * 3, abs=0.1)


@pytest.mark.parametrize("name", ["unet", "unet-small"])
def test_a_u_to_scale_has_a_row_for_each_level(run, tmp_path, name):
    assert run("draw", name, "--scale", "--out", "net.svg")[0] == 0
    root = ElementTree.parse(tmp_path / "net.svg").getroot()
    assert_all_inside(root)
    skips = [points for kind, points in ways(root) if "skip" in kind]
    levels = len([node for node in zoo.build(name).nodes if node.layer.kind() == "MaxPool2D"])
    assert len({points[1][1] for points in skips}) == len(skips) == levels
    steps = [points for kind, points in ways(root) if "skip" not in kind]
    assert all(len(points) == 2 for points in steps)  # no bend: each step is straight on, down or up
    assert sum(points[0][1] < points[1][1] - 1 for points in steps) == levels
    assert sum(points[0][1] > points[1][1] + 1 for points in steps) == levels


def test_png(run, tmp_path):
    pytest.importorskip("cairosvg")
    assert run("draw", "lenet", "--out", "net.png")[1] == "net.png: 12 layers\n"
    content = (tmp_path / "net.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    run("draw", "lenet", "--out", "net.svg")
    width, height = (int(ElementTree.parse(tmp_path / "net.svg").getroot().get(key)) for key in ("width", "height"))
    assert struct.unpack(">II", content[16:24]) == (2 * width, 2 * height)


def test_the_same_network_has_the_same_picture(run, tmp_path):
    for look in ([], ["--direction", "right"], ["--scale"], ["--shape", "u"]):
        for name in ("one.svg", "other.svg"):
            assert run("draw", "unet-small", *look, "--out", name)[0] == 0
        assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_free_sizes(run, tmp_path):
    assert run("draw", "unet-small", "--input", "1x?x?", "--out", "net.svg")[0] == 0
    text = (tmp_path / "net.svg").read_text()
    assert ">1x?x?<" in text
    assert text.count("line skip") == 4
    status, _, err = run("draw", "unet-small", "--input", "1x?x?", "--scale")
    assert status == 1
    assert err.startswith("Error: draw: sizes of unet-small are free")


def test_runs_and_files_are_drawn_as_well(run, tmp_path):
    zoo.build("unet-small", seed=3).save("own.safetensors")
    assert run("draw", "own.safetensors") == (0, "unet-small.svg: 39 layers\n", "")
    assert "own.safetensors" in (tmp_path / "unet-small.svg").read_text()
