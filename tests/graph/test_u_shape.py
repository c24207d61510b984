"""Which networks are a U, and what its levels are."""

import pytest

from minicnn import zoo
from minicnn.graph import Topology
from minicnn.graph.drawing import picture
from minicnn.graph.u_shape import u_shape, with_folded_arms
from minicnn.layers import Add, Conv2D, ConvTranspose2D, MaxPool2D, Residual, Sequential, Skip, Upsample


def names(drawn, numbers):
    return [drawn.boxes[number].nodes[0].name for number in numbers]


def test_the_levels_of_a_u_net():
    drawn = picture(zoo.build("unet-small").topology)
    shape = u_shape(drawn)
    outer, inner = shape.levels
    assert names(drawn, outer.down) == ["level1.conv1", "level1.conv2"]
    assert names(drawn, (*outer.bypass, *outer.before, outer.join)) == ["level1.crop1", "level1.up1", "level1.concat1"]
    assert names(drawn, outer.after) == ["level1.conv3", "level1.conv4", "classify"]
    assert names(drawn, inner.down) == ["level1.pool1", "level1.level2.conv1", "level1.level2.conv2"]
    assert names(drawn, inner.after) == ["level1.level2.conv3", "level1.level2.conv4"]
    assert names(drawn, shape.bottom) == ["level1.level2.pool1", "level1.level2.bottom.conv1", "level1.level2.bottom.conv2"]


def test_every_box_has_its_place_once():
    for name in ("unet", "unet-same", "unet-small"):
        drawn = picture(zoo.build(name).topology)
        shape = u_shape(drawn)
        placed = [*shape.bottom]
        for level in shape.levels:
            placed += [*level.down, *level.bypass, *level.before, level.join, *level.after]
        assert sorted(placed) == list(range(len(drawn.boxes)))


def test_which_networks_of_the_zoo_are_a_u():
    found = [name for name in zoo.names() if u_shape(picture(zoo.build(name).topology, 2 if "1" in name[-3:] else None))]
    assert found == ["unet", "unet-same", "unet-small"]


def test_a_folded_level_leaves_a_u_around_it():
    drawn = picture(zoo.build("unet").topology, 2)
    (level,) = u_shape(drawn).levels
    assert names(drawn, (level.join,)) == ["level1.concat1"]


@pytest.mark.parametrize(
    "body",
    [
        Sequential(MaxPool2D(2), Conv2D(4, 3, padding=1), Upsample(2)),
        Sequential(Conv2D(4, 2, stride=2), ConvTranspose2D(4, 2, stride=2), Conv2D(4, 3, padding=1)),
    ],
)
def test_other_ways_down_and_up(body):
    for net in (Skip(body, crop=False), Residual(body)):
        drawn = picture(Topology.build(Sequential(Conv2D(4, 3, padding=1), net, Conv2D(2, 1)), (4, 8, 8)))
        (level,) = u_shape(drawn).levels
        assert len(level.down) == 1
        assert len(level.after) == 1
        assert len(u_shape(drawn).bottom) + len(level.before) == len(body.parts)


@pytest.mark.parametrize(
    "net",
    [
        Sequential(Conv2D(4, 3), MaxPool2D(2), Conv2D(4, 3)),
        Sequential(Conv2D(4, 1), Residual(Sequential(Conv2D(4, 3, padding=1), Conv2D(4, 3, padding=1)))),
        Add(Conv2D(4, 1), Sequential(MaxPool2D(2), Upsample(2))),
        Sequential(Conv2D(4, 1), *(Skip(Sequential(MaxPool2D(2), Upsample(2)), crop=False) for _ in range(2))),
    ],
)
def test_what_is_no_u(net):
    assert u_shape(picture(Topology.build(net, (4, 8, 8)))) is None


def test_folded_halves_hold_every_layer_once():
    topology = zoo.build("unet").topology
    drawn = picture(topology)
    folded, shape = with_folded_arms(drawn, u_shape(drawn))
    assert sorted(node.index for box in folded.boxes for node in box.nodes) == list(range(len(topology.nodes)))
    assert [box.title for box in folded.boxes] == [
        *(f"level {depth}, down" for depth in (1, 2, 3, 4)),
        "bottom",
        *(f"level {depth}, up" for depth in (4, 3, 2, 1)),
        "",
    ]
    assert u_shape(folded) == shape
