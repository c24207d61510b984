"""Which tile a convolution gets, and in how many parts its sums: from the shapes alone."""

from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT, FORWARD
from minicnn.kernels.cuda.convolution.choice import FEWEST_STEPS, GATHER, PARTS, REDUCE, Work, choose, parts_to_fill
from minicnn.kernels.cuda.convolution.lowering import gather_choice, reduce_choice

from .convolving import UNSHARED, Case

VGG = Case("VGG's third", 64, 256, (56, 56), 256, 3, padding=1)
LENET = Case("LeNet's first", 128, 1, (28, 28), 6, 5, padding=2)
OWN = Case("filters of their own", 128, 64, (28, 28), 64, 3, padding=1, tile=UNSHARED)


def test_many_filters_get_the_largest_tile_and_few_the_narrowest():
    assert gather_choice(VGG.problem(FORWARD), VGG.row).sizes == GATHER[0].sizes
    assert reduce_choice(VGG.problem(BACKWARD_WEIGHT), VGG.images).sizes == REDUCE[0].sizes
    assert gather_choice(LENET.problem(FORWARD), LENET.row).sizes == GATHER[-1].sizes
    assert reduce_choice(LENET.problem(BACKWARD_WEIGHT), LENET.images).sizes == REDUCE[-1].sizes


def test_sums_are_cut_where_blocks_are_few():
    assert gather_choice(VGG.problem(FORWARD), VGG.row).splits == 1
    assert reduce_choice(LENET.problem(BACKWARD_WEIGHT), LENET.images).splits > 32
    assert reduce_choice(OWN.problem(BACKWARD_WEIGHT), OWN.images).splits == 1


def test_sums_of_filters_that_take_turns_are_whole_for_their_biases_differ():
    few = Case("tiled", 4, 512, (6, 6), 16, 3, padding=1, tile=(2, 2))
    assert all(gather_choice(few.problem(work), few.row).splits == 1 for work in (FORWARD, BACKWARD_INPUT))
    assert gather_choice(few._replace(tile=None).problem(FORWARD), few.row).splits > 1


def test_no_part_is_so_short_that_starting_it_takes_longest():
    for steps in (1, 5, 40, 100000):
        assert choose(REDUCE, [Work(1, steps, 100, True)] * len(REDUCE)).splits <= max(1, steps // FEWEST_STEPS)
        assert 1 <= parts_to_fill(1, steps) <= min(PARTS[-1], max(1, steps // FEWEST_STEPS))
    assert parts_to_fill(10000, 1000) == 1
