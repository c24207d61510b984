"""Networks with fewer or more filters: the same picture, other numbers."""

import pytest

from minicnn import zoo
from minicnn.errors import SettingError
from minicnn.graph import Topology
from minicnn.layers import Conv2D, Flatten, Linear, PadShortcut, Residual, Sequential
from minicnn.zoo.widths import with_width


@pytest.mark.parametrize("name", sorted(name for name in zoo.names() if zoo.find(name).widths))
@pytest.mark.parametrize("width", [1 / 16, 1.5])
def test_every_network_has_other_widths(name, width):
    entry = zoo.find(name)
    full, other = entry.build(), entry.build(width=width)
    assert other.output_shape[1:] == full.output_shape[1:]
    assert other.input_shape == full.input_shape
    assert [node.name for node in other.nodes] == [node.name for node in full.nodes]
    assert (other.topology.parameter_count < full.topology.parameter_count) is (width < 1)
    if entry.classes is not None:
        assert other.output_shape == full.output_shape


def test_two_networks_have_one_width():
    """The first has a table of connections, the other adds its input to what its filters give."""
    assert [name for name in zoo.names() if not zoo.find(name).widths] == ["lenet5-1998", "preact-bottleneck"]


def test_a_width_of_one_changes_nothing():
    for name in zoo.names():
        if zoo.find(name).widths:
            assert zoo.build(name, width=1).block == zoo.build(name).block


def test_counts_are_rounded_and_at_least_one():
    net = Sequential(Conv2D(6, 3), Conv2D(20, 3), Flatten(), Linear(7, in_features=99), Linear(10))
    narrow = with_width(net, 1 / 12, keep_last=True)
    assert [layer.filters for layer in narrow.items[:2]] == [1, 2]
    assert (narrow.items[3].features, narrow.items[3].in_features, narrow.items[4].features) == (1, None, 10)
    assert with_width(net, 2, keep_last=False).items[4].features == 20


def test_groups_that_no_longer_divide():
    assert with_width(Conv2D(64, 3, groups=32), 0.25, keep_last=False) == Conv2D(16, 3, groups=16)
    assert with_width(Conv2D(64, 3, groups=32), 0.75, keep_last=False) == Conv2D(48, 3, groups=16)


def test_shortcuts_keep_step():
    block = Residual(Conv2D(12, 3, padding=1, stride=2), PadShortcut(12, stride=2))
    Topology.build(with_width(block, 0.5, keep_last=False), (4, 8, 8))


@pytest.mark.parametrize(
    ("width", "words"),
    [(0, r"^lenet: width is 0, but must be a number above 0$"), (-1, r"^lenet: width is -1"), ("wide", r"^lenet: width is 'wide'")],
)
def test_widths_that_are_none(width, words):
    with pytest.raises(SettingError, match=words):
        zoo.build("lenet", width=width)


def test_blocks_have_no_classes():
    with pytest.raises(SettingError, match=r"^inception-3a: classes is 10, but a block has none$"):
        zoo.build("inception-3a", classes=10)
