"""The training loop: its records, what it refuses, how it stops and goes on."""

import numpy as np
import pytest

import minicnn
from minicnn import datasets
from minicnn.errors import CheckpointError, DataError, DeviceError, SettingError, ShapeError
from minicnn.optimizers import SGD, Adam
from minicnn.train import EpochRecord, ProgressRecord, StartRecord, Trainer


def test_the_learning_rate_may_come_first():
    assert (SGD(0.1), Adam(0.01)) == (SGD(learning_rate=0.1), Adam(learning_rate=0.01))
    with pytest.raises(SettingError, match=r"^Trainer: net is 'lenet', but must be a Graph\n"):
        Trainer("lenet")


def test_records_in_their_order(small_net, digits, test_digits):
    trainer = Trainer(small_net(), SGD(learning_rate=0.02), batch_size=64, threads=1)
    start, *rest = trainer.stream(digits, test_digits, until_epoch=2, schedule="cosine")
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
    (record,) = [each for each in Trainer(small_net()).stream(digits, until_epoch=1) if isinstance(each, EpochRecord)]
    assert (record.test_loss, record.test_accuracy) == (None, None)
    assert (record.loss, record.metrics) == (record.train_loss, {"accuracy": record.train_accuracy})


def test_it_learns(small_net, digits, test_digits):
    trainer = Trainer(small_net(), batch_size=32)
    trainer.fit(digits, test_digits, epochs=10)
    assert trainer.history[-1].train_loss < trainer.history[0].train_loss / 2
    assert trainer.history[-1].test_accuracy > 0.8


def test_stopping_and_going_on_in_one_process(small_net, digits):
    whole, broken = Trainer(small_net(), batch_size=32), Trainer(small_net(), batch_size=32)
    list(whole.stream(digits, until_epoch=3))
    for record in broken.stream(digits, until_epoch=3):
        if isinstance(record, ProgressRecord) and record.epoch == 2:
            broken.stop()
    assert (broken.epoch, len(broken.history)) == (2, 1)
    list(broken.stream(digits, until_epoch=3))
    assert broken.net.parameter_memory.tobytes() == whole.net.parameter_memory.tobytes()
    assert list(broken.stream(digits, until_epoch=3))[1:] == []


@pytest.mark.parametrize("optimizer", [SGD(), Adam()])
def test_a_checkpoint_says_everything(small_net, digits, optimizer):
    first = Trainer(small_net(), optimizer, batch_size=32)
    list(first.stream(digits, until_epoch=2))
    second = Trainer(small_net(seed=9), optimizer, batch_size=32)
    second.restore(*first.checkpoint())
    for trainer in (first, second):
        list(trainer.stream(digits, until_epoch=4))
    assert second.net.parameter_memory.tobytes() == first.net.parameter_memory.tobytes()
    assert second.optimizer_state().tobytes() == first.optimizer_state().tobytes()
    assert [record.train_loss for record in second.history] == [record.train_loss for record in first.history]


def test_a_checkpoint_of_another_optimizer(small_net):
    with pytest.raises(CheckpointError, match=r"^the checkpoint was made with adam, but the trainer uses sgd$"):
        Trainer(small_net(), SGD()).restore(*Trainer(small_net(), Adam()).checkpoint())


@pytest.mark.parametrize("missing", ["parameter.conv1.weight", "parameter.bn1.running_mean", "velocity.fc1.bias", "sums"])
def test_a_checkpoint_without_an_array(small_net, missing):
    arrays, numbers = Trainer(small_net(), SGD()).checkpoint()
    assert missing in arrays
    del arrays[missing]
    with pytest.raises(CheckpointError, match=r"^the checkpoint(: the parameter .* is missing| cannot be continued)"):
        Trainer(small_net(), SGD()).restore(arrays, numbers)


EPOCH = EpochRecord(1, 0.5, 0.75, None, None, 2.0, 719.0, 0.05)._asdict()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": "x"}, "steps is 'x'"),
        ({"steps": 2**64}, "steps is 184"),
        ({"steps": 3, "batch": 4}, "steps is 3"),
        ({"epoch": None}, "epoch is None"),
        ({"epoch": 0}, "epoch is 0"),
        ({"epoch": True}, "epoch is True"),
        ({"batch": -(2**63)}, "batch is -922"),
        ({"batch": 1.0}, r"batch is 1\.0"),
        ({"seconds": float("nan")}, "seconds is nan"),
        ({"seconds": -1}, "seconds is -1"),
        ({"seconds": 10**400}, "seconds is 1000"),
        ({"history": 3}, "history is 3"),
        ({"history": [{"epoch": 1}]}, "an epoch of its .*history must be an object with epoch, "),
        ({"history": [{**EPOCH, "train_loss": "much"}], "epoch": 2}, "train_loss is 'much'"),
        ({"history": [{**EPOCH, "test_loss": float("inf")}], "epoch": 2}, "test_loss is inf"),
        ({"history": [{**EPOCH, "test_accuracy": 1.5}], "epoch": 2}, r"test_accuracy is 1\.5, .* at least 0 and at most 1"),
        ({"history": [{**EPOCH, "train_accuracy": "half"}], "epoch": 2}, "train_accuracy is 'half'"),
        ({"history": [{**EPOCH, "epoch": 2}], "epoch": 2}, "entry 1 of its history is of epoch 2"),
        ({"history": [EPOCH, EPOCH], "epoch": 3}, "entry 2 of its history is of epoch 1"),
        ({"epoch": 7}, "it is in epoch 7, but its history has 0 epochs"),
        ({"colour": "red"}, "must be an object with batch, epoch, "),
        ({"optimizer": "\x1b[31m"}, r"optimizer is '\\x1b\[31m'"),
    ],
)
def test_a_checkpoint_with_broken_numbers(small_net, change, words):
    arrays, numbers = Trainer(small_net()).checkpoint()
    trainer = Trainer(small_net())
    with pytest.raises(CheckpointError, match=f"^the checkpoint.*{words}"):
        trainer.restore(arrays, numbers | change)
    assert (trainer.steps, trainer.epoch, trainer.batch, trainer.history) == (0, 1, 0, [])


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        (
            "velocity.fc1.bias",
            np.zeros(1, np.float32),
            r": velocity.fc1.bias does not fit\n  file     \(1,\) float32\n  network  \(10,\) float32$",
        ),
        ("velocity.fc1.bias", np.zeros(10), "float64"),
        ("sums", np.zeros(3), ": sums does not fit"),
        ("sums", np.array([0.0, np.nan]), "sums of its"),
        ("sums", np.array([1.0, 5.0]), r": the sums of its epoch are \[1.0, 5.0\] after 0 batches"),
        ("velocity.fc9.bias", np.zeros(1, np.float32), "holds 'velocity.fc9.bias', which training does not use$"),
    ],
)
def test_a_checkpoint_with_a_foreign_array(small_net, name, array, words):
    arrays, numbers = Trainer(small_net(), SGD()).checkpoint()
    with pytest.raises(CheckpointError, match=f"(?s)^the checkpoint.*{words}"):
        Trainer(small_net(), SGD()).restore({**arrays, name: array}, numbers)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"device": "cuda:999"}, DeviceError, "device 'cuda:999'"),
        ({"device": "tpu"}, DeviceError, "device 'tpu' is not known"),
        ({"batch_size": 0}, SettingError, "batch_size"),
        ({"threads": 0}, SettingError, "threads"),
        ({"seed": -1}, SettingError, "seed"),
        ({"optimizer": "sgd"}, SettingError, "Trainer: optimizer is 'sgd', but must be one of minicnn.optimizers"),
    ],
)
def test_settings_are_checked(small_net, settings, error, words):
    with pytest.raises(error, match=words):
        Trainer(small_net(), **settings)


def test_a_step_checks_what_it_gets(small_net):
    trainer = Trainer(small_net())
    x = np.zeros((3, 1, 12, 12), np.float32)
    for images, labels, error, words in (
        (x[:0], [], DataError, "step: x holds no images"),
        (x.astype(float), [0, 1, 2], SettingError, "step: x is float64"),
        (x[:, :, 1:], [0, 1, 2], ShapeError, "step: x has the shape"),
        (x, [0, 1], ShapeError, "step: labels have the shape"),
        (x, [0, 1, 10], SettingError, "step: labels run from 0 to 10"),
    ):
        with pytest.raises(error, match=words):
            trainer.step(images, labels)
    assert trainer.step(x, [0, 1, 2]).images == 3


def test_a_step_of_a_kind_it_has_seen_checks_the_same(small_net):
    trainer = Trainer(small_net())
    x, labels = np.zeros((3, 1, 12, 12), np.float32), np.arange(3)
    trainer.step(x, labels)
    for wrong, words in (([0, 1, 10], "from 0 to 10"), ([0, -1, 2], "from -1 to 2"), ([0, 1 << 62, 2], f"from 0 to {1 << 62}")):
        with pytest.raises(SettingError, match=f"step: labels run {words}, but small knows the classes 0 to 9"):
            trainer.step(x, np.array(wrong))
    for images, given, error, words in (
        (x[:0], labels[:0], DataError, "step: x holds no images"),
        (x.astype(float), labels, SettingError, "step: x is float64"),
        (x[:, :, 1:], labels, ShapeError, "step: x has the shape"),
        (x, labels.astype(float), SettingError, "step: labels are float64"),
        (x * np.nan, labels, SettingError, "the loss is no longer a number in step 2: an image holds NaN"),
    ):
        with pytest.raises(error, match=words):
            trainer.step(images, given)
    assert trainer.steps == 2  # the one whose loss was lost is made


def test_steps_of_a_kind_it_has_seen_have_the_bits_of_others(small_net, digits):
    ready, checked = (Trainer(small_net(), Adam(0.01), batch_size=8, ema=0.9) for _ in range(2))
    x, labels = np.random.default_rng(0).standard_normal((20, 1, 12, 12), np.float32), digits.labels[:20].copy()
    for step in range(12):
        if step == 4:
            for trainer in (ready, checked):
                trainer.optimizer = Adam(0.002, beta1=0.8)
        if step == 7:
            kept = ready.checkpoint()
            for trainer in (ready, checked):
                trainer.net.freeze("conv*")
        if step == 10:
            for trainer in (ready, checked):
                trainer.restore(*kept)
        own = slice(step, step + (5 if step % 3 == 2 else 8))
        chosen = x[own].copy("F" if step % 2 else "C")  # whatever their order in memory
        theirs = checked.step(chosen, labels[own].tolist())
        assert ready.step(chosen, labels[own])[:3] == theirs[:3]
        assert ready.net.parameter_memory.tobytes() == checked.net.parameter_memory.tobytes(), step
    assert ready.steps == checked.steps == 9  # of which two are made again


def test_every_step_that_draws_is_known_to(small_net):
    net = minicnn.zoo.build("lenet")
    for body, draws in ((net, False), (small_net(), True)):
        trainer = Trainer(body)
        trainer.step(np.zeros((2, *body.input_shape), np.float32), np.arange(2))
        assert trainer._updates.current.draws is draws


def test_data_with_more_classes_than_the_network(small_net, digits):
    letters = datasets.Dataset(digits.images, digits.labels + 10, tuple("abcdefghijklmnopqrst"), "letters")
    with pytest.raises(DataError, match=r"^letters has 20 classes, but small has 10 outputs\n  build it with classes=20$"):
        Trainer(small_net()).fit(letters)


def test_a_network_that_is_no_classifier():
    from minicnn import layers

    net = minicnn.Graph(layers.Sequential(layers.Flatten(), layers.Linear(1)), input_shape=(1, 8, 8))
    with pytest.raises(minicnn.errors.GraphError, match="one score for an image, but softmax cross-entropy needs one for each class"):
        Trainer(net)
