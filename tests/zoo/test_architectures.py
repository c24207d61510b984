"""What makes each family what it is: ways, strides, groups, growth, skips."""

import pytest

from minicnn import zoo


def rows(name, **settings):
    return {row.name: row for row in zoo.build(name, **settings).summary().layers}


def test_alexnet_of_2012_has_two_towers():
    layers = rows("alexnet-2012")
    assert [layers[f"conv{number}"].groups for number in range(1, 6)] == [1, 2, 1, 2, 2]
    assert layers["norm1"].inputs == ("relu1",)
    assert layers["pool1"].inputs == ("norm1",)
    assert rows("alexnet")["pool1"].inputs == ("relu1",)


def test_alexnet_of_the_textbook_keeps_fewer_pixels():
    assert rows("alexnet-d2l")["conv1"].output_shape == (96, 54, 54)
    assert rows("alexnet-d2l")["flatten1"].output_shape == (6400,)
    assert rows("alexnet-torchvision")["flatten1"].output_shape == (9216,)


def test_sizes_of_zfnet():
    sizes = [row.output_shape[1] for row in rows("zfnet").values() if row.kernel]
    assert sizes == [110, 55, 26, 13, 13, 13, 13, 6]
    assert [row.output_shape[0] for row in rows("zfnet-lecture").values() if row.type == "Conv2D"] == [96, 256, 512, 1024, 512]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("vgg11", 11),
        ("vgg13", 13),
        ("vgg16", 16),
        ("vgg19", 19),
        ("vgg19-bn", 19),
        ("resnet18", 21),
        ("resnet34", 37),
        ("resnet50", 54),
        ("resnet152", 156),
        ("resnet200", 204),
        ("plain34", 34),
        ("densenet121", 121),
        ("densenet40", 40),
        ("wrn-28-10", 29),
        ("googlenet", 58),
        ("unet", 23),
        ("yolov1", 26),
    ],
)
def test_layers_with_weights(name, count):
    """The number in a name counts layers with weights; projections come on top, and all six convolutions of an inception block."""
    assert sum(row.macs is not None for row in rows(name).values()) == count


def test_convolutions_before_batch_normalization():
    assert rows("vgg16-bn")["block1.conv1"].params_formula == "(3*3*3 + 1) * 64"
    assert rows("resnet18")["conv1"].params_formula == "7*7*3 * 64"
    assert rows("googlenet-torchvision")["conv1"].params_formula == "7*7*3 * 64"


def test_inception_blocks():
    widths = {name: row.output_shape for name, row in rows("googlenet").items() if name.endswith("concat1")}
    assert list(widths.values()) == [
        (256, 28, 28),
        (480, 28, 28),
        (512, 14, 14),
        (512, 14, 14),
        (512, 14, 14),
        (528, 14, 14),
        (832, 14, 14),
        (832, 7, 7),
        (1024, 7, 7),
    ]
    ours, theirs = rows("googlenet"), rows("googlenet-torchvision")
    assert ours["inception3a.conv5"].kernel == (5, 5)
    assert theirs["inception3a.conv5"].kernel == (3, 3)
    assert [ours["pool4"].kernel, theirs["pool4"].kernel] == [(3, 3), (2, 2)]


def test_where_the_stride_of_a_bottleneck_is():
    for name, strides in [("resnet50", [1, 2, 1]), ("resnet50-v1", [2, 1, 1])]:
        layers = rows(name)
        assert [layers[f"stage2.block1.conv{number}"].stride[0] for number in (1, 2, 3)] == strides


def test_shortcuts_of_resnet50():
    layers = rows("resnet50")
    assert layers["stage1.block1.projection.conv1"].params_formula == "1*1*64 * 256"
    assert layers["stage2.block1.projection.conv1"].stride == (2, 2)
    assert layers["stage1.block2.add1"].inputs == ("stage1.block2.bn3", "stage1.block1.relu3")
    assert "stage1.block1.projection.conv1" not in rows("resnet34")
    assert not any(row.type == "Add" for row in rows("plain18").values())


def test_wider_bodies():
    assert rows("wide-resnet50-2")["stage1.block1.conv2"].output_shape == (128, 56, 56)
    grouped = [rows("resnext50-32x4d")[f"stage{stage}.block1.conv2"] for stage in (1, 4)]
    assert [(row.groups, row.output_shape[0]) for row in grouped] == [(32, 128), (32, 1024)]


def test_preactivation():
    layers = rows("wrn-28-10")
    assert layers["stage1.block1.projection"].inputs == layers["stage1.block1.conv1"].inputs == ("stage1.block1.relu1",)
    assert layers["stage1.block2.add1"].inputs == ("stage1.block2.conv2", "stage1.block1.add1")
    assert [layers[f"stage{stage}.block4.add1"].output_shape for stage in (1, 2, 3)] == [(160, 32, 32), (320, 16, 16), (640, 8, 8)]


def test_growth_of_densenet():
    layers = rows("densenet121")
    assert [layers[f"block1.layer{number}.concat1"].output_shape[0] for number in range(1, 7)] == [96, 128, 160, 192, 224, 256]
    assert [layers[f"transition{number}.conv1"].output_shape[0] for number in (1, 2, 3)] == [128, 256, 512]
    assert layers["block1.layer2.concat1"].inputs == ("block1.layer1.concat1", "block1.layer2.conv2")
    assert layers["block4.layer16.concat1"].output_shape == (1024, 7, 7)
    assert [rows("densenet40")[f"transition{number}.conv1"].output_shape[0] for number in (1, 2)] == [160, 304]


def test_the_path_of_unet():
    layers = rows("unet")
    sizes = [row.output_shape[1] for name, row in layers.items() if "conv" in name or "up" in name]
    assert sizes == [570, 568, 282, 280, 138, 136, 66, 64, 30, 28, 56, 54, 52, 104, 102, 100, 200, 198, 196, 392, 390, 388]
    assert layers["classify"].output_shape == (2, 388, 388)
    crops = [(row.input_shapes[0][1], row.output_shape[1]) for row in layers.values() if row.type == "Crop"]
    assert crops == [(64, 56), (136, 104), (280, 200), (568, 392)]
    assert layers["level1.concat1"].inputs == ("level1.crop1", "level1.up1")
    assert layers["level1.up1"].params_formula == "(2*2*128 + 1) * 64"
    assert not any(row.type == "Crop" for row in rows("unet-same").values())


def test_fields_of_unet_go_on_through_transposed_convolution():
    layers = rows("unet")
    bottom = layers["level1.level2.level3.level4.bottom.conv2"]
    assert (bottom.receptive_field, bottom.jump) == ((140, 140), (16, 16))
    assert layers["level1.crop1"].receptive_field == (5, 5)
    assert (layers["level1.up1"].receptive_field, layers["level1.up1"].jump) == ((204, 204), (1, 1))
    assert layers["classify"].receptive_field == (204, 204)


def test_highway():
    net = zoo.build("highway")
    gates = [node for node in net.nodes if node.layer.kind() == "Gate"]
    assert len(gates) == 9
    assert [net.nodes[ref.node].name for ref in gates[1].inputs] == ["highway2.relu1", "highway2.sigmoid1", "highway1.gate1"]
    assert set(net.parameters["highway1.fc2.bias"]) == {-2}
    assert set(net.parameters["highway1.fc1.bias"]) == {0}
    assert sum(slot.size for slot in net.slots if slot.name.startswith("highway1.")) == 5_100


def test_the_small_unet_keeps_the_size_and_sees_the_largest_cell():
    layers = rows("unet-small")
    assert [row.output_shape[1] for name, row in layers.items() if "conv" in name or "up" in name] == [
        64,
        64,
        32,
        32,
        16,
        16,
        32,
        32,
        32,
        64,
        64,
        64,
    ]
    assert layers["classify"].output_shape == (2, 64, 64)


def test_yolo_for_digits_has_a_cell_for_eight_pixels_and_sees_more_than_a_digit():
    boxes = rows("yolo-digits")["boxes"]
    assert (boxes.output_shape, boxes.receptive_field, boxes.jump) == ((20, 12, 12), (62, 62), (8, 8))
    assert zoo.build("yolo-digits", classes=3).output_shape == (13, 12, 12)


def test_yolo_gives_a_cell_ten_numbers_for_boxes_and_one_for_each_class():
    assert zoo.build("yolov1", classes=3).output_shape == (13, 7, 7)
    assert rows("yolov1")["fc2"].output_shape == (1470,)
    assert rows("yolov1")["relu1"].settings == ("slope 0.1",)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("resnet18", (1, 28, 28)),
        ("wrn-28-10", (1, 28, 28)),
        ("densenet40", (1, 28, 28)),
        ("highway", (3, 8, 8)),
        ("googlenet", (3, 64, 64)),
        ("densenet121", (3, 64, 64)),
        ("unet-same", (3, 32, 48)),
        ("vgg11", (1, 32, 32)),
    ],
)
def test_small_inputs(name, shape):
    net = zoo.build(name, input_shape=shape, classes=5)
    assert net.output_shape[0] == 5
