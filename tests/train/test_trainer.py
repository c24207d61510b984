"""The training loop: its records, what it refuses, how it stops and goes on."""

import numpy as np
import pytest

import minicnn
from minicnn import datasets
from minicnn.errors import CheckpointError, DataError, DeviceError, SettingError, ShapeError
from minicnn.optimizers import SGD, Adam
from minicnn.train import EpochRecord, ProgressRecord, StartRecord, Trainer


def test_records_in_their_order(small_net, digits, test_digits):
    trainer = Trainer(small_net(), SGD(learning_rate=0.02), batch_size=64, threads=1)
    start, *rest = trainer.fit(digits, test_digits, epochs=2, schedule="cosine")
    assert isinstance(start, StartRecord)
    assert start[:6] == (2, 300, 100, 64, 1, trainer.net.topology.parameter_count)
    for epoch in (1, 2):
        mine = [record for record in rest if record.epoch == epoch]
        *progress, end = mine
        assert isinstance(end, EpochRecord)
        assert all(isinstance(record, ProgressRecord) for record in progress)
        assert [record.images for record in progress] == sorted({record.images for record in progress})
        assert progress[0].images == 64
        assert progress[-1][1:3] == (300, 300)
        assert (progress[-1].loss, progress[-1].accuracy, progress[-1].seconds) == (end.train_loss, end.train_accuracy, end.seconds)
        assert end.images_per_second == pytest.approx(300 / end.seconds)
    assert [record.learning_rate for record in trainer.history] == pytest.approx([0.02, 0.01])


def test_without_test_images(small_net, digits):
    (record,) = [each for each in Trainer(small_net()).fit(digits, epochs=1) if isinstance(each, EpochRecord)]
    assert (record.test_loss, record.test_accuracy) == (None, None)


def test_it_learns(small_net, digits, test_digits):
    trainer = Trainer(small_net(), batch_size=32)
    for _ in trainer.fit(digits, test_digits, epochs=10):
        pass
    assert trainer.history[-1].train_loss < trainer.history[0].train_loss / 2
    assert trainer.history[-1].test_accuracy > 0.8


def test_stopping_and_going_on_in_one_process(small_net, digits):
    whole, broken = Trainer(small_net(), batch_size=32), Trainer(small_net(), batch_size=32)
    list(whole.fit(digits, epochs=3))
    for record in broken.fit(digits, epochs=3):
        if isinstance(record, ProgressRecord) and record.epoch == 2:
            broken.stop()
    assert (broken.epoch, len(broken.history)) == (2, 1)
    list(broken.fit(digits, epochs=3))
    assert broken.net.parameter_memory.tobytes() == whole.net.parameter_memory.tobytes()
    assert list(broken.fit(digits, epochs=3))[1:] == []


@pytest.mark.parametrize("optimizer", [SGD(), Adam()])
def test_a_checkpoint_says_everything(small_net, digits, optimizer):
    first = Trainer(small_net(), optimizer, batch_size=32)
    list(first.fit(digits, epochs=2))
    second = Trainer(small_net(seed=9), optimizer, batch_size=32)
    second.restore(*first.checkpoint())
    for trainer in (first, second):
        list(trainer.fit(digits, epochs=4))
    assert second.net.parameter_memory.tobytes() == first.net.parameter_memory.tobytes()
    assert second.optimizer_state().tobytes() == first.optimizer_state().tobytes()
    assert [record.train_loss for record in second.history] == [record.train_loss for record in first.history]


def test_a_checkpoint_of_another_optimizer(small_net):
    with pytest.raises(CheckpointError, match=r"^the checkpoint was made with adam, but the trainer uses sgd$"):
        Trainer(small_net()).restore(*Trainer(small_net(), Adam()).checkpoint())


@pytest.mark.parametrize("missing", ["parameter.conv1.weight", "parameter.bn1.running_mean", "velocity.fc1.bias", "sums"])
def test_a_checkpoint_without_an_array(small_net, missing):
    arrays, numbers = Trainer(small_net()).checkpoint()
    assert missing in arrays
    del arrays[missing]
    with pytest.raises(CheckpointError, match=r"^the checkpoint(: the parameter .* is missing| does not hold what training needs)"):
        Trainer(small_net()).restore(arrays, numbers)


@pytest.mark.parametrize("change", [{"steps": "x"}, {"epoch": None}, {"history": [{"epoch": 1}]}, {"history": 3}])
def test_a_checkpoint_with_broken_numbers(small_net, change):
    arrays, numbers = Trainer(small_net()).checkpoint()
    with pytest.raises(CheckpointError, match=r"^the checkpoint does not hold what training needs to go on: "):
        Trainer(small_net()).restore(arrays, numbers | change)


@pytest.mark.parametrize(("settings", "error", "words"), [
    ({"device": "cuda"}, DeviceError, "device 'cuda'"), ({"device": "tpu"}, DeviceError, "device 'tpu' is not known"),
    ({"batch_size": 0}, SettingError, "batch_size"), ({"threads": 0}, SettingError, "threads"), ({"seed": -1}, SettingError, "seed"),
    ({"optimizer": "sgd"}, SettingError, "Trainer: optimizer is 'sgd', but must be one of minicnn.optimizers")])
def test_settings_are_checked(small_net, settings, error, words):
    with pytest.raises(error, match=words):
        Trainer(small_net(), **settings)


def test_a_step_checks_what_it_gets(small_net):
    trainer = Trainer(small_net())
    x = np.zeros((3, 1, 12, 12), np.float32)
    for images, labels, error, words in (
            (x[:0], [], DataError, "step: x holds no images"), (x.astype(float), [0, 1, 2], SettingError, "step: x is float64"),
            (x[:, :, 1:], [0, 1, 2], ShapeError, "step: x has the shape"), (x, [0, 1], ShapeError, "step: labels have the shape"),
            (x, [0, 1, 10], SettingError, "step: labels run from 0 to 10")):
        with pytest.raises(error, match=words):
            trainer.step(images, labels)
    assert trainer.step(x, [0, 1, 2]).images == 3


def test_data_with_more_classes_than_the_network(small_net, digits):
    letters = datasets.Dataset(digits.images, digits.labels + 10, tuple("abcdefghijklmnopqrst"), "letters")
    with pytest.raises(DataError, match=r"^letters has 20 classes, but small tells 10 apart\n  build it with classes=20$"):
        next(Trainer(small_net()).fit(letters))


def test_a_network_that_is_no_classifier():
    from minicnn import layers

    with pytest.raises(minicnn.errors.GraphError, match="not one for each class"):
        Trainer(minicnn.Graph(layers.Conv2D(3, 3), input_shape=(1, 8, 8)))
