"""The same seed gives the same bits: on any number of threads, in any stretches, stopped and resumed or not."""

import numpy as np
import pytest

import minicnn
from minicnn import datasets, zoo
from minicnn.optimizers import SGD, Adam
from minicnn.train import ProgressRecord


def weights_after(threads, optimizer, epochs=2, **settings):
    net = zoo.build("lenet", seed=3)
    trainer = minicnn.Trainer(net, optimizer, batch_size=100, threads=threads, seed=5)
    stream = trainer.stream(datasets.load("digits"), until_epoch=epochs, **settings)
    records = [each for each in stream if not isinstance(each, ProgressRecord)]
    losses = [each.train_loss for each in records[1:]]
    return net.parameter_memory.copy(), losses


@pytest.mark.filterwarnings("ignore:augment flip")
@pytest.mark.parametrize("optimizer", [SGD(learning_rate=0.03, weight_decay=1e-3), Adam()], ids=["sgd", "adam"])
def test_threads_do_not_change_the_weights(optimizer):
    one, one_losses = weights_after(1, optimizer, schedule="cosine", augment="shift,flip")
    for threads in (2, 5):
        many, losses = weights_after(threads, optimizer, schedule="cosine", augment="shift,flip")
        np.testing.assert_array_equal(many, one)
        assert losses == one_losses


def test_stretches_do_not_change_the_weights(monkeypatch):
    whole, _ = weights_after(2, SGD())
    monkeypatch.setattr("minicnn.train.course.REPORT_SECONDS", 0.0)  # a record after every batch
    pieces, _ = weights_after(2, SGD())
    np.testing.assert_array_equal(pieces, whole)


def test_step_is_one_batch_of_fit():
    """Trainer.step on prepared images does what fit does inside, up to the rounding of the preparation."""
    data = datasets.load("digits")
    net, twin = zoo.build("lenet", seed=3), zoo.build("lenet", seed=3)
    images = datasets.scale_to(data.images[:64], 28, 28)
    record = minicnn.Trainer(net, SGD()).step((images / np.float32(255)).astype(np.float32), data.labels[:64])
    loss, gradients = twin.backward((images / np.float32(255)).astype(np.float32), data.labels[:64])
    assert record.loss == pytest.approx(loss, rel=1e-6)
    for name, value in twin.parameters.items():
        np.testing.assert_allclose(net.parameters[name], value - 0.05 * gradients[name], rtol=0, atol=1e-6)
