"""Images on their way into lanes: prepared as the formula says, with the same bits whether they are turned in registers or not."""

import numpy as np
import pytest

from minicnn import engine
from minicnn import layers as L
from minicnn.network import Graph

SCALE, SHIFT = np.float32([1 / 255, 0.5]), np.float32([-0.25, 3])


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 2, 16), (2, 3, 29), (2, 31), (2, 2, 3, 17)], ids=str)
@pytest.mark.parametrize("images", [1, 3, 16, 19, 40, 65])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_every_pixel_is_prepared(shape, images, dtype):
    x = np.random.default_rng(0).integers(0, 256, (images, *shape)).astype(dtype)
    net = Graph(L.Sequential(L.Flatten()), shape)
    found = engine.predict(net, x, SCALE.tolist(), SHIFT.tolist())
    column = (2, *(1,) * (len(shape) - 1))
    formula = x * SCALE.astype(float).reshape(column) + SHIFT.astype(float).reshape(column)
    assert np.allclose(found.reshape(x.shape), formula, rtol=3e-7, atol=3e-8)
    one_by_one = [engine.predict(net, each[None], SCALE.tolist(), SHIFT.tolist()) for each in x[-3:]]
    assert np.array_equal(found[-3:], np.concatenate(one_by_one))


@pytest.mark.parametrize("images", [8, 24, 70])
def test_images_in_any_order(images):
    """An epoch's order reaches each image, in vectors that are full and in one that is not: the same batches by hand give the same bits."""
    shape, stream = (2, 4, 18), np.random.default_rng(1)
    x, labels = stream.standard_normal((images, *shape), np.float32), stream.integers(3, size=images)
    order = stream.permutation(images)
    net = Graph(L.Sequential(L.Flatten(), L.Linear(3)), shape)
    plan = engine.new_plan("cpu", net, images, 1, training=True)
    shuffled = plan.run(net.parameter_memory, x, order, images, labels=labels), plan.gradient(images)
    sorted_by_hand = (
        plan.run(net.parameter_memory, x[order].copy(), np.arange(images), images, labels=labels[order].copy()),
        plan.gradient(images),
    )
    for found, expected in zip(shuffled, sorted_by_hand, strict=True):
        assert np.array_equal(found, expected)
