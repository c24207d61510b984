"""Where boxes lie: every layer in one, below what feeds it, none on another."""

import pytest

from minicnn import zoo
from minicnn.graph import fold
from minicnn.graph.drawing import picture


@pytest.fixture(
    scope="module",
    params=[
        ("lenet", None),
        ("lenet5-1998", None),
        ("googlenet", None),
        ("unet", None),
        ("unet-same", None),
        ("resnet20", None),
        ("resnet50", None),
        ("densenet40", None),
        ("highway", None),
        ("yolov1", None),
        ("inception-3a", None),
        ("resnet110-stochastic", None),
        ("lenet", 1),
        ("googlenet", 0),
        ("googlenet", 1),
        ("googlenet", 9),
        ("unet", 1),
        ("unet", 2),
        ("unet", 3),
        ("resnet50", 1),
        ("resnet50", 2),
        ("densenet40", 1),
    ],
)
def drawn(request):
    name, depth = request.param
    topology = zoo.build(name).topology
    return topology, picture(topology, depth)


def test_every_layer_is_in_one_box(drawn):
    topology, found = drawn
    assert sorted(node.index for box in found.boxes for node in box.nodes) == list(range(len(topology.nodes)))


def test_lines_lead_down(drawn):
    _, found = drawn
    for line in found.lines:
        assert line.start is None or found.boxes[line.start].row < found.boxes[line.end].row


def test_no_box_lies_on_another(drawn):
    _, found = drawn
    for number, box in enumerate(found.boxes):
        for other in found.boxes[number + 1 :]:
            assert box.row != other.row or abs(box.column - other.column) >= 1


def test_every_value_that_is_computed_with_has_its_line(drawn):
    topology, found = drawn
    home = {node.index: number for number, box in enumerate(found.boxes) for node in box.nodes} | {-1: None}
    wanted = {(home[ref.node], home[node.index], ref) for node in topology.nodes for ref in node.inputs[: node.layer.value_inputs]}
    assert {(start, end, ref) for start, end, ref in wanted if start != end} == {(line.start, line.end, line.value) for line in found.lines}


def test_an_inception_block_has_four_columns_and_meets_in_the_middle():
    found = picture(zoo.build("googlenet").topology)
    block = [(box.nodes[0].name.rpartition(".")[2], box.column) for box in found.boxes if box.path == ("inception3a",)]
    assert block == [
        ("conv1", -1.5),
        ("conv2", -0.5),
        ("conv3", -0.5),
        ("conv4", 0.5),
        ("conv5", 0.5),
        ("pool1", 1.5),
        ("conv6", 1.5),
        ("concat1", 0.0),
    ]


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("name", ["googlenet", "resnet50", "unet", "densenet40", "lenet"])
def test_a_fold_shows_the_names_that_the_summary_shows(name, depth):
    net = zoo.build(name)
    shown = {
        ".".join(box.block) or net.name if box.block is not None else node.name
        for box in picture(net.topology, depth).boxes
        for node in box.nodes
    }
    assert shown == {row.name for row in fold(net.summary(), depth).layers}


def test_lines_lead_into_and_out_of_a_folded_block():
    found = picture(zoo.build("unet").topology, 2)
    (number,) = (number for number, box in enumerate(found.boxes) if box.block == ("level1", "level2"))
    into, out = ([line for line in found.lines if getattr(line, end) == number] for end in ("end", "start"))
    assert [[node.name for node in found.boxes[line.start].nodes] for line in into] == [["level1.pool1"]]
    assert [[node.name for node in found.boxes[line.end].nodes] for line in out] == [["level1.up1"]]
    assert found.boxes[number].path == ("level1",)
    assert len(found.boxes) == 10


def test_a_convolution_its_normalization_and_its_rectifier_share_a_box():
    boxes = picture(zoo.build("resnet20").topology).boxes
    assert [node.name for node in boxes[0].nodes] == ["conv1", "bn1", "relu1"]
    assert len(boxes) == 1 + 27 + 2 + 2  # convolution, three for a block, two shortcuts, pooling and classifier
