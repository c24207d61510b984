"""The table of ways: every row serves somebody, functions and networks alike where the row appends steps."""

import pytest

from minicnn.bench.layer_set import LAYER_SET
from minicnn.geometry import Axis
from minicnn.kernels.cpu.convolution.choice import VARIABLE
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD, Images, Problem
from minicnn.kernels.cpu.convolution.ways import WAYS, Steps, choose, choose_steps

WORKS = (FORWARD, BACKWARD_INPUT, BACKWARD_WEIGHT)
LONG = Axis(70000, 9, 1, 1, 4, 4, 70000)
WIDE = (Axis(28, 3, 1, 1, 1, 1, 28),) * 2


@pytest.fixture(autouse=True)
def free_choice(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def problems():
    """(problem, images) of all passes: the layers of the benchmark, and a few that it lacks."""
    for work in WORKS:
        for case in LAYER_SET:
            if case.weight_shape is not None:
                tile = case.layer.tile((case.input_shape,))
                for images in (1, *case.batches):
                    yield Problem(work, case.axes, case.layer.groups, tile, False, case.input_shape[0], case.output_shape[0]), images
        yield Problem(work, (LONG,), 1, (1,), False, 2, 3), 2
        yield Problem(work, WIDE, 1, (2, 2), False, 32, 24), 4
        yield Problem(work, WIDE, 1, (1, 1), False, 12, 12), 64
        yield Problem(work, (Axis(6, 3, 1, 1, 1, 1, 6),) * 2, 1, (1, 1), False, 64, 64), 20


def test_every_row_serves_somebody():
    """A way that nothing takes would be dead, as the weight gradient of unshared layers once was in networks."""
    taken = [choose(problem, Images(images)) for problem, images in problems()]
    shards = [(own, Images(batch, 16)) for own, _ in problems() for batch in (16, 64)]
    shards += [(own, Images(images, images)) for own, images in problems() if images < 16 and own.work != BACKWARD_WEIGHT]
    side_by_side = [choose(*each) for each in shards]
    assert [way for way in WAYS if way not in taken and way not in side_by_side] == []
    only_calls = [way.name for way in WAYS if isinstance(way.how, Steps) and way not in side_by_side]
    assert set(only_calls) == {"image by image"}  # which reads single images of an array where they lie


@pytest.mark.parametrize("work", WORKS)
def test_networks_pass_over_what_needs_arrays(work):
    depthwise = Problem(work, WIDE, 32, (1, 1), False, 32, 32)
    assert choose(depthwise, Images(64)).name == "depthwise"
    assert choose_steps(depthwise, Images(64, 16)).append is not None


@pytest.mark.parametrize(("work", "tile"), [(BACKWARD_INPUT, (13, 13)), (BACKWARD_INPUT, (7, 7)), (BACKWARD_WEIGHT, (13, 13))])
def test_weights_that_serve_few_positions(work, tile):
    own = Problem(work, (Axis(13, 3, 1, 1, 1, 1, 13),) * 2, 1, tile, False, 64, 96)
    assert {choose(own, Images(64, shard)).name for shard in (0, 16)} == {"position by position"}
    assert choose(own._replace(flip=True), Images(64, 16)).name != "position by position"
    small = choose(own._replace(channels=2), Images(64, 16)).name
    assert small == ("lane an image" if work == BACKWARD_INPUT else "position by position")  # the cache keeps the weights


@pytest.mark.parametrize(
    ("images", "tile", "name"),
    [
        (Images(1, 16), 2, "position by position"),
        (Images(64, 16), 2, "lane an image"),  # as long as it takes to copy what 25 positions read
        (Images(64, 16), 10, "position by position"),
        (Images(64), 10, "position by position"),
        (Images(64), 2, "lane an image"),
    ],
)
def test_the_weight_gradient_copies_patches_where_that_pays(images, tile, name):
    own = Problem(BACKWARD_WEIGHT, (Axis(14, 5, 1, 1, 0, 0, 10),) * 2, 1, (tile, tile), False, 6, 16)
    assert choose(own, images).name == name
