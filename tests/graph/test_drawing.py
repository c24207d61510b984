"""Where boxes lie: every layer in one, below what feeds it, none on another."""

import pytest

from minicnn import zoo
from minicnn.graph.drawing import picture


@pytest.fixture(scope="module", params=["lenet", "lenet5-1998", "googlenet", "unet", "unet-same", "resnet20", "resnet50", "densenet40",
                                        "highway", "yolov1", "inception-3a", "resnet110-stochastic"])
def drawn(request):
    topology = zoo.build(request.param).topology
    return topology, picture(topology)


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
        for other in found.boxes[number + 1:]:
            assert box.row != other.row or abs(box.column - other.column) >= 1


def test_every_value_that_is_computed_with_has_its_line(drawn):
    topology, found = drawn
    inside = {(node.index, source) for box in found.boxes for before, node in zip(box.nodes, box.nodes[1:], strict=False)
              for source in node.inputs if source.node == before.index}
    drawn_lines = {(found.boxes[line.end].nodes[0].index, line.value) for line in found.lines}
    wanted = {(node.index, ref) for node in topology.nodes for ref in node.inputs[:node.layer.value_inputs]}
    assert wanted == inside | drawn_lines


def test_an_inception_block_has_four_columns_and_meets_in_the_middle():
    found = picture(zoo.build("googlenet").topology)
    block = [(box.nodes[0].name.rpartition(".")[2], box.column) for box in found.boxes if box.path == ("inception3a",)]
    assert block == [("conv1", -1.5), ("conv2", -0.5), ("conv3", -0.5), ("conv4", 0.5), ("conv5", 0.5), ("pool1", 1.5), ("conv6", 1.5),
                     ("concat1", 0.0)]


def test_a_convolution_its_normalization_and_its_rectifier_share_a_box():
    boxes = picture(zoo.build("resnet20").topology).boxes
    assert [node.name for node in boxes[0].nodes] == ["conv1", "bn1", "relu1"]
    assert len(boxes) == 1 + 27 + 2 + 2   # convolution, three for a block, two shortcuts, pooling and classifier
