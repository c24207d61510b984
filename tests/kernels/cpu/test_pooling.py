"""Functions and networks pool by the same loops: equal bits, by tables whose reads are evenly spaced."""

import numpy as np
import pytest

from minicnn import kernels
from minicnn import layers as L
from minicnn.engine.plan import build_plan
from minicnn.errors import ShapeError
from minicnn.geometry import resolve_axes
from minicnn.graph import Topology
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.pooling import lowering
from minicnn.kernels.cpu.pooling.reads import backward, of_copies, of_neighbours, of_regions, of_windows
from minicnn.kernels.cpu.pooling.separable import resample_step
from minicnn.kernels.cpu.program.activation import new_activation
from minicnn.kernels.cpu.program.program import Program

WINDOWS = {
    "side by side": {"window": 2},
    "side by side, with a rest": {"window": 2, "shape": (3, 7, 9)},
    "overlapping": {"window": 3, "stride": 2},
    "padded": {"window": 3, "stride": 1, "padding": 1},
    "over the end": {"window": 3, "stride": 2, "padding": 1, "ceil_mode": True, "shape": (3, 8, 8)},
    "long rows": {"window": 3, "stride": 2, "padding": 1, "shape": (2, 7, 43)},
    "long rows, one by one": {"window": 3, "stride": 1, "padding": 1, "shape": (2, 5, 40)},
    "wide apart": {"window": (1, 2), "stride": 3},
}


def through(layer, x, threads):
    """(y, dx) of one layer in a network, dx for the gradient that the network puts out: softmax minus the label, over the batch."""
    inference = Topology.build(layer, x.shape[1:])
    y = np.full((len(x), *inference.output_shapes[0]), np.nan, np.float32)
    order, parameters = np.arange(len(x)), np.zeros(64, np.float32)
    build_plan(inference, 0, len(x), threads, training=False).run(parameters, x, order, len(x), output=y)
    topology = Topology.build(L.Sequential(layer, L.Flatten()), x.shape[1:])
    plan, dx = build_plan(topology, 0, len(x), threads, training=True, input_gradient=True), np.full_like(x, np.nan)
    plan.run(parameters, x, order, len(x), labels=np.zeros(len(x), np.int64), keys=np.zeros(1, np.int64), input_gradient=dx)
    return y, dx


def images(count, shape=(3, 9, 8)):
    """With ties and zeros."""
    return np.random.default_rng(count).integers(-3, 4, (count, *shape)).astype(np.float32)


@pytest.mark.parametrize("case", WINDOWS)
@pytest.mark.parametrize(("count", "threads"), [(1, 2), (5, 1), (40, 2)])
def test_a_layer_has_the_bits_of_the_function(case, count, threads):
    settings = dict(WINDOWS[case])
    x = images(count, settings.pop("shape", (3, 9, 8)))
    y, dx = through(L.MaxPool2D(**settings), x, threads)
    window = settings.pop("window")
    wanted, indices = kernels.max_pool2d(x, window, return_indices=True, **settings)
    assert np.array_equal(y, wanted)
    # the gradient of every output that won is not 0: dx says where winners lie, and how many share one
    won = kernels.max_pool2d_backward(np.ones_like(wanted), indices, x.shape)
    assert np.array_equal(dx != 0, won != 0)


def test_windows_of_two_by_two_need_no_tables_but_agree_with_them(monkeypatch):
    x = images(17, (3, 7, 9))
    special = through(L.MaxPool2D(2), x, 1)
    monkeypatch.setattr(lowering, "_is_two_by_two", lambda axes: False)
    assert all(np.array_equal(one, other) for one, other in zip(special, through(L.MaxPool2D(2), x, 1), strict=True))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize(("count", "threads"), [(1, 2), (40, 2)])
def test_an_upsampling_layer_has_the_bits_of_the_function(mode, count, threads):
    x = images(count)
    y, _ = through(L.Upsample(2, mode=mode), x, threads)
    assert np.array_equal(y, kernels.upsample2d(x, 2, mode=mode))


def every_reads():
    rng = np.random.default_rng(0)
    for _ in range(300):
        size, window, stride, dilation, padding = (int(rng.integers(1, most)) for most in (20, 6, 5, 4, 4))
        try:
            (axis,) = resolve_axes("test", (size,), window, stride, padding, dilation, bool(size % 2))
        except ShapeError:  # does not fit
            continue
        if axis.out > 0:
            yield of_windows("test", axis)
        yield of_regions("test", size, window)
        yield of_copies("test", size, size * stride)
        yield of_neighbours("test", size, size * stride)
        yield of_neighbours("test", size, size + stride, align_corners=True)


def test_the_reads_of_a_target_are_evenly_spaced():
    """Tables hold the first of them and a step for all: both ways, sources of targets and targets of sources."""
    several = 0
    for own in every_reads():
        for reads in (own, backward(own)):
            for target in range(reads.targets):
                sources = reads.sources[reads.bounds[target] : reads.bounds[target + 1]]
                assert np.array_equal(sources, reads.firsts[target] + reads.step * np.arange(len(sources)))
                several += len(sources) > 2
    assert several > 1000


def test_even_targets_read_alike():
    """Lanes run over them: each reads what the one before does, a stride further on; around the middle, and no target more would do."""
    several = 0
    for reads in every_reads():
        first, stop, stride = reads.even
        sources, weights = (np.split(each, reads.bounds[1:-1]) for each in (reads.sources, reads.weights))

        def follows(target, own=sources, weight=weights, step=stride):
            before = own[target - 1] + step
            return np.array_equal(own[target], before) and np.array_equal(weight[target], weight[target - 1])

        assert all(follows(target) for target in range(first + 1, stop))
        if stop > first:
            assert first <= reads.targets // 2 < stop
            assert first == 0 or not follows(first)
            assert stop == reads.targets or not follows(stop)
        several += stop - first > 4
    assert several > 100


@pytest.mark.parametrize(("count", "threads"), [(1, 2), (3, 1), (16, 2)])
def test_relu_before_pooling_without_winners(count, threads):
    """In use the relu is taken of the largest number; infinite and NaN pixels count."""
    x = images(count, (2, 7, 21))
    x[0, 0, 3, 4], x[0, 1, 0, 0], x[0, 1, 6, 20] = np.nan, np.inf, -np.inf
    topology = Topology.build(L.Sequential(L.ReLU(), L.MaxPool2D(3, stride=2)), x.shape[1:])
    plan, y = build_plan(topology, 0, count, threads, training=False), np.full((count, 2, 3, 10), np.nan, np.float32)
    assert "largest_value_step" in plan.program.names
    plan.run(np.zeros(64, np.float32), x, np.arange(count), count, output=y)
    assert np.array_equal(y, kernels.max_pool2d(np.where(x < 0, np.float32(0), x), 3, stride=2), equal_nan=True)


@pytest.mark.parametrize(("shard", "width"), [(1, 8), (1, 1), (5, 3), (16, 7)])
def test_rows_that_parts_write_by_whole_vectors_do_not_reach_into_each_other(shard, width):
    """Two threads spoilt each other's rows in one of 300 runs of one image."""
    program, parts = Program(), 8
    x, y = (new_activation(program, (1, rows, columns), shard) for rows, columns in ((4, width), (8, 2 * width)))
    program.step_parts = parts
    lowering.append_upsample_forward(program, y, x, "linear", align_corners=False)
    given = dict(zip(resample_step.fields, program.rows[0], strict=False))
    assert given["scratch_size"] >= width * shard + LANES - 1
    assert given["scratch"].buffer.size == parts * given["scratch_size"]
