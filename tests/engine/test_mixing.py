"""Images mixed with each other, and their losses: a plan against the textbook in float64, for every loss."""

import numpy as np
import pytest

import minicnn
from minicnn import engine
from minicnn import layers as L
from minicnn.engine.objective import Objective
from minicnn.engine.textbook import Run
from minicnn.engine.textbook.changes import Value, changed
from minicnn.errors import SettingError
from minicnn.kernels.cpu.pointwise.lowering import Loading
from minicnn.losses import SoftmaxCrossEntropy
from minicnn.train.augmentation import Mixup, augmentation

from .test_changes import Bright
from .test_losses import CASES, IMAGES, X

KEY = 0x1234_5678_9ABC_DEF0
SHAPES = {"features": (7,), "signal": (2, 17), "picture": (1, 9, 12), "volume": (2, 4, 5, 6)}


def loading(words, channels=1):
    return Loading(False, (1.0,) * channels, (0.0,) * channels, changes=augmentation(words).changes)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("batch", [40, 33, 17, 5, 1])
def test_a_plan_mixes_images_as_the_loops_say(shape, batch):
    """Products are rounded in float32 on both sides; a power may differ by one rounding."""
    images = np.random.default_rng(0).random((batch, *shape)).astype(np.float32)
    net = minicnn.Graph(L.Sequential(L.Flatten()) if len(shape) > 1 else L.Sequential(L.Reshape(shape)), shape)
    changes = augmentation("mixup=1").checked(shape).changes
    plan = engine.new_plan("cpu", net, batch, 2, training=False, changes=changes)
    output = np.empty((batch, *net.output_shape), np.float32)
    plan.run(net.parameter_memory, images, np.arange(batch), batch, keys=np.array([KEY]), output=output)
    want = changed(images, loading("mixup=1", shape[0]), KEY, plan.layout.shard).image.array
    np.testing.assert_allclose(output.reshape(images.shape), want, atol=5e-7)
    assert (np.abs(output.reshape(images.shape) - images).max() > 0.1) == (batch > 1)


def mixed(net, loss, labels, words, threads=2):
    """(loss, right answers, gradients) of a plan that mixes X, and its shard."""
    targets = net.check_labels("backward", labels, IMAGES, loss)
    objective, scale = Objective.of(loss, targets), loss.scale(float(loss.weights(targets).sum()))
    plan = engine.new_plan("cpu", net, IMAGES, threads, training=True, objective=objective, changes=augmentation(words).changes)
    order, scales = np.arange(IMAGES), np.array([scale])
    total, right = plan.run(net.parameter_memory, X, order, IMAGES, labels=targets, keys=np.array([KEY]), scales=scales)[0]
    return total * scale, right, net.gradients(plan.gradient(IMAGES)), plan.layout.shard


@pytest.mark.parametrize("words", ["mixup=1", "shift=1,flip,brightness,mixup=0.3"])
@pytest.mark.parametrize("name", CASES)
def test_gradients_of_mixed_images_are_those_of_the_textbook_in_float64(name, words):
    net, loss, labels = CASES[name]
    value, right, gradients, shard = mixed(net, loss, labels, words)
    targets = net.check_labels("backward", labels, IMAGES, loss)
    twin = changed(X, loading(words), KEY, shard)
    share = twin.share.array[:, 0].astype(np.float64)
    partner = twin.partner(Value(np.arange(IMAGES, dtype=np.float32)[:, None]), (1,)).array[:, 0].astype(int)
    if targets.dtype == np.int32 and len(net.output_shape) > 1:  # masks move along before they are mixed
        targets = twin.moved_target(Value(targets.astype(np.float32)), targets.shape[1:], "mask", loss.ignored).array.astype(np.int64)
    others = targets[partner]
    parameters = {each: array.astype(np.float64) for each, array in net.parameters.items()}
    run = Run(net.topology, parameters, twin.image.array.astype(np.float64), training=True)
    y, scale = run.output, loss.scale(float(loss.weights(net.check_labels("backward", labels, IMAGES, loss)).sum()))
    wanted = (share * loss.per_image(y, targets) + (1 - share) * loss.per_image(y, others)).sum() * scale

    def gradient(some, part):
        own = loss.gradient(y, some) * (scale / loss.scale(float(loss.weights(some).sum())))
        return own * part.reshape(-1, *(1,) * (y.ndim - 1))

    exact = run.gradients(gradient(targets, share) + gradient(others, 1 - share))[1]
    assert value == pytest.approx(wanted, rel=1e-5)
    assert right == (loss.right(y, targets) or 0)
    for each, found in gradients.items():
        np.testing.assert_allclose(found, exact[each], rtol=0, atol=1e-5 * max(1, np.abs(exact[each]).max()), err_msg=each)
    assert abs(value - net.backward(X, labels, loss=loss)[0]) > 1e-4 * abs(value)


@pytest.mark.parametrize("name", ["classes, smoothed and weighted", "masks, weighted, some ignored", "dice", "huber"])
def test_any_number_of_threads_gives_the_same_bits(name):
    one, *others = (mixed(*CASES[name], "mixup", threads) for threads in (1, 2, 3))
    for each in others:
        assert each[:2] == one[:2]
        assert all(np.array_equal(each[2][key], one[2][key]) for key in one[2])


def test_plain_cross_entropy_is_mixed_as_its_loops_say():
    """It has a kernel of its own where nothing is mixed."""
    net = CASES["masks"][0]
    assert not SoftmaxCrossEntropy().is_plain("mask", net.output_shape)
    net = CASES["shares"][0]
    labels = CASES["classes, smoothed and weighted"][2]
    classes, shares = (mixed(net, SoftmaxCrossEntropy(), each, "mixup=1") for each in (labels, np.eye(3, dtype=np.float32)[labels]))
    assert classes[:2] == pytest.approx(shares[:2], rel=1e-6)
    for key, gradient in classes[2].items():
        np.testing.assert_allclose(gradient, shares[2][key], atol=1e-7)


def test_boxes_are_not_mixed():
    net = minicnn.Graph(L.Sequential(L.Conv2D(1, 1)), input_shape=(1, 6, 6))
    images, boxes = np.zeros((2, 1, 6, 6), np.float32), np.zeros((2, 1, 5), np.float32)
    with pytest.raises(SettingError, match=r"^augment mixup: the targets are boxes, .*\n  leave mixup out$"):
        minicnn.Trainer(net, loss=Bright()).stream((images, boxes), until_epoch=1, augment=Mixup())
    with pytest.raises(SettingError, match=r"^augment: images with boxes are not mixed: "):
        engine.new_plan("cpu", net, 2, 1, training=True, objective=Objective.of(Bright(), boxes), changes=(Mixup(),))
