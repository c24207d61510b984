"""Training as people type it: one call that trains, returns what came of it, and leaves a network ready for use."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

import minicnn
from minicnn import datasets
from minicnn.errors import DataError, SettingError, ShapeError
from minicnn.optimizers import SGD
from minicnn.train import EpochRecord, EvaluationRecord, History, ProgressRecord, StartRecord, Trainer, evaluate, load_trained
from minicnn.train.history import is_better


def test_fit_trains_and_says_what_came_of_it(small_net, digits, test_digits):
    trainer = Trainer(small_net(), batch_size=32)
    history = trainer.fit(digits, test_digits, epochs=5)
    assert [record.epoch for record in history.records] == [1, 2, 3, 4, 5]
    assert list(history.records) == trainer.history
    assert history.records[-1].train_loss < history.records[0].train_loss / 2
    assert history.best == max(history.records, key=lambda record: (record.test_accuracy, -record.test_loss))
    assert (history.test.accuracy, history.test.images) == (history.records[-1].test_accuracy, 100)
    for record in history.records:
        assert (record.loss, record.metrics) == (record.test_loss, {"accuracy": record.test_accuracy})


def test_called_again_it_trains_that_many_more(small_net, digits):
    twice, once = Trainer(small_net(), batch_size=32), Trainer(small_net(), batch_size=32)
    twice.fit(digits, epochs=2)
    again = twice.fit(digits, epochs=3)
    once.fit(digits, epochs=5)
    assert [record.epoch for record in again.records] == [3, 4, 5]
    assert twice.net.parameter_memory.tobytes() == once.net.parameter_memory.tobytes()


def test_the_schedule_spans_the_epochs_of_the_call(small_net, digits):
    trainer = Trainer(small_net(), SGD(learning_rate=0.02))
    for _ in range(2):
        history = trainer.fit(digits, epochs=2, schedule="cosine")
        assert [record.learning_rate for record in history.records] == pytest.approx([0.02, 0.01])


def test_the_rate_rises_within_the_warm_up_of_fit_and_of_stream(small_net, digits):
    def rates(**given):
        trainer = Trainer(small_net(), SGD(learning_rate=0.02))
        history = trainer.fit(digits, epochs=4, schedule="cosine", **given)
        other = Trainer(small_net(), SGD(learning_rate=0.02))
        stream = other.stream(digits, until_epoch=4, schedule="cosine", **given)
        assert [record.learning_rate for record in stream if isinstance(record, EpochRecord)] == [
            record.learning_rate for record in history.records
        ]
        return [record.learning_rate for record in history.records]

    plain = rates()
    assert rates(warmup=2) == pytest.approx([0.01 * plain[0], 0.505 * plain[1], *plain[2:]])
    with pytest.raises(SettingError, match=r"^WarmedUp: over is -1, but must be a number, at least 0$"):
        rates(warmup=-1)


def test_the_last_epoch_counts_unless_images_are_held_out(small_net, digits, test_digits):
    """The test images choose nothing: a training with them ends with the bits of one without."""
    with_test, without = (Trainer(small_net(), SGD(learning_rate=0.2), batch_size=32) for _ in range(2))
    history = with_test.fit(digits, test_digits, epochs=6)
    without.fit(digits, epochs=6)
    assert history.best.epoch != 6
    assert with_test.net.parameter_memory.tobytes() == without.net.parameter_memory.tobytes()


@pytest.mark.parametrize("share", [True, False], ids=["share", "data set"])
def test_held_out_images_choose_the_epoch(small_net, digits, test_digits, share):
    trainer, memories = Trainer(small_net(), SGD(learning_rate=0.2), batch_size=32), {}

    def remember(record):
        if isinstance(record, EpochRecord):
            memories[record.epoch] = trainer.net.parameter_memory.tobytes()

    validation = 0.25 if share else (digits.images[:75], digits.labels[:75])
    history = trainer.fit(digits, test_digits, epochs=6, validation=validation, progress=remember)
    assert history.watched == "validation"
    assert history.best.epoch != 6
    assert trainer.net.parameter_memory.tobytes() == memories[history.best.epoch]
    assert trainer.net.trained_on.epoch == history.best.epoch
    preparation = trainer.net.preparation
    found = evaluate(trainer.net, preparation.images(test_digits.images), test_digits.labels, preparation)
    assert history.test[:3] == found[:3]  # of the weights that stay


def test_patience_ends_it(small_net, digits):
    trainer = Trainer(small_net(), batch_size=32)
    history = trainer.fit(digits, epochs=60, validation=0.25, patience=3)
    assert len(history.records) < 60
    assert history.records[-1].epoch == history.best.epoch + 3
    with pytest.raises(SettingError, match=r"^patience needs images that are not trained on\n  use validation=0.1"):
        trainer.fit(digits, digits, patience=3)
    with pytest.raises(SettingError, match=r"^fit: patience is 0"):
        trainer.fit(digits, validation=0.1, patience=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda data: (data.images, data.labels),
        lambda data: [data.images.tolist(), data.labels.tolist()],
        lambda data: (data.images[:, 0], data.labels.astype(np.uint8)),
        lambda data: (data.images.astype(np.int64), data.labels[:, None]),
        lambda data: (np.asfortranarray(data.images), data.labels.astype(">i2")),
        lambda data: (memoryview(data.images), data.labels.astype("u8")),
    ],
    ids=["arrays", "lists", "no channel axis", "columns", "other orders", "memoryview"],
)
def test_a_pair_is_as_good_as_a_data_set(small_net, digits, test_digits, make):
    plain, paired = Trainer(small_net(), batch_size=64), Trainer(small_net(), batch_size=64)
    first, second = plain.fit(digits, test_digits, epochs=1), paired.fit(make(digits), make(test_digits), epochs=1)
    assert second.records[0][:3] == pytest.approx(first.records[0][:3], rel=1e-3)  # the digits have figures of all their images
    assert second.test.images == 100
    assert paired.net.class_names == tuple("0123456789")
    assert paired.predict(make(test_digits)[0]).shape == (100, 10)


def test_a_pair_of_tensors(small_net, digits):
    torch = pytest.importorskip("torch", reason="PyTorch, of the extra 'bench', is not installed")
    trainer = Trainer(small_net(), batch_size=64)
    pair = torch.from_numpy(digits.images / np.float32(255)), torch.tensor(digits.labels.tolist())
    assert trainer.fit(pair, epochs=1).records[0].train_accuracy > 0.1
    assert trainer.predict(pair[0]).shape == (300, 10)


@pytest.mark.parametrize(
    ("images", "error", "words"),
    [
        (np.zeros((4, 8, 8, 3), np.uint8), ShapeError, r"images are 8 x 8 x 3, but the network takes 3 x 12 x 12\n  channels come first"),
        (np.zeros((4, 2, 8, 8), np.uint8), ShapeError, r"but the network takes 3 x 12 x 12\n  build the network for 2 channels"),
        (np.zeros((4, 8, 8), np.uint8), ShapeError, r"but the network takes 3 x 12 x 12\n  only images with rows"),
        (np.zeros((4, 3, 8, 8), bool), DataError, r"^train: images are bool"),
    ],
    ids=["channels last", "two channels", "no channels", "bool"],
)
def test_images_that_do_not_fit_are_refused_with_what_to_do(small_net, images, error, words):
    with pytest.raises(error, match=words):
        Trainer(small_net(channels=3)).fit((images, [0, 1, 2, 3]))


def test_classes_that_the_network_lacks(small_net, digits):
    with pytest.raises(DataError, match=r"^train has 13 classes, but small has 10 outputs\n  build it with classes=13$"):
        Trainer(small_net()).fit((digits.images, digits.labels + 3))
    trainer = Trainer(small_net())
    trainer.fit((digits.images, digits.labels // 5), epochs=1)  # fewer are no fault
    assert trainer.net.class_names == tuple("0123456789")


def test_numbers_without_space(digits):
    from minicnn import layers

    net = minicnn.Graph(layers.Sequential(layers.Linear(20), layers.ReLU(), layers.Linear(10)), input_shape=(64,))
    flat = digits.images.reshape(300, 64) / 255
    trainer = Trainer(net, batch_size=32)
    assert trainer.fit((flat, digits.labels), epochs=20).records[-1].train_accuracy > 0.9
    assert trainer.evaluate((flat, digits.labels)).accuracy > 0.9


def test_evaluate_gives_loss_metrics_and_confusion(small_net, digits, test_digits):
    trainer = Trainer(small_net(), batch_size=32)
    history = trainer.fit(digits, test_digits, epochs=3)
    found = trainer.evaluate(test_digits)
    assert (found.loss, found.metrics) == (history.test.loss, {"accuracy": history.test.accuracy})
    assert (found.confusion.shape, found.confusion.sum(), found.images) == ((10, 10), 100, 100)
    assert np.trace(found.confusion) == round(100 * found.accuracy)
    shares = trainer.predict(test_digits.images)
    assert (shares.argmax(axis=1) == test_digits.labels).mean() == found.accuracy


def test_what_is_trained_is_what_is_saved_and_asked(small_net, digits, test_digits, tmp_path):
    """Inference after training is right by itself, in this process and from the file."""
    net = small_net()
    trainer = Trainer(net, batch_size=32)
    accuracy = trainer.fit(digits, test_digits, epochs=5).test.accuracy
    net.save(tmp_path / "net.safetensors")
    loaded = minicnn.load(tmp_path / "net.safetensors")
    for each in (net, loaded):
        assert (each.predict(test_digits.images).argmax(axis=1) == test_digits.labels).mean() == accuracy
        assert (each.preparation, each.class_names) == (net.preparation, test_digits.classes)
    np.testing.assert_array_equal(loaded.predict(test_digits.images), net.predict(test_digits.images))
    kept = load_trained(tmp_path / "net.safetensors")
    assert (kept.image_shape, kept.data, kept.epoch, kept.classes) == ((1, 8, 8), "digits", 5, digits.classes)


def test_whatever_the_data_are_called_the_file_can_be_read(small_net, digits, tmp_path):
    named = datasets.Dataset(digits.images, digits.labels, tuple(range(10)), "two\nlines")  # type: ignore[arg-type]
    net = small_net()
    Trainer(net, batch_size=64).fit(named, epochs=1, validation=np.float32(0.1))
    net.save(tmp_path / "net.safetensors")
    kept = load_trained(tmp_path / "net.safetensors")
    assert (kept.data, kept.classes) == ("custom", tuple("0123456789"))


def test_a_network_keeps_its_preparation_when_it_is_trained_on(small_net, digits):
    net = small_net()
    Trainer(net, batch_size=64).fit(digits, epochs=1)
    first = net.preparation
    dark = (digits.images // 2, digits.labels)
    Trainer(net, batch_size=64).fit(dark, epochs=1)
    assert net.preparation == first
    Trainer(net, batch_size=64).fit((digits.images / 7, digits.labels), epochs=1)  # floats on a scale of their own
    assert net.preparation.unit == 1.0


def test_test_images_of_another_type_are_brought_to_the_scale(small_net, digits, test_digits):
    trainer = Trainer(small_net(), batch_size=32)
    floats = (test_digits.images / 255, test_digits.labels)
    history = trainer.fit(digits, floats, epochs=3)
    assert history.test.accuracy == pytest.approx(trainer.evaluate(test_digits).accuracy, abs=0.03)
    with pytest.raises(DataError, match=r"test: the array of images holds floats from 0 to 510, expected 0 to 1"):
        trainer.fit(digits, (test_digits.images * 2.0, test_digits.labels))


def record(epoch, accuracy, loss=1.0, watched=True):
    return EpochRecord(epoch, loss, accuracy, loss if watched else None, accuracy if watched else None, 1.25, 100.0, 0.05)


def test_better_is_more_right_answers_then_less_loss():
    assert is_better(record(1, 0.5, 9.0), None)
    assert is_better(record(1, 0.6, 9.0), record(1, 0.5, 1.0))
    assert is_better(record(1, 0.5, 0.9), record(1, 0.5, 1.0))
    assert not is_better(record(1, 0.5, 1.0), record(1, 0.5, 1.0))
    assert not is_better(record(1, 0.4, 0.1), record(1, 0.5, 1.0))
    assert is_better(record(1, 0.6, watched=False), record(1, 0.5, watched=False))


def test_a_history_is_printed_as_a_table():
    history = History((record(1, 0.5), record(2, 0.75), record(3, 0.25)), "validation", EvaluationRecord(0.5, {"accuracy": 0.625}, 8, 0.0))
    assert repr(history).splitlines() == [
        "Epoch  Train loss  accuracy  Validation loss  accuracy  Seconds",
        "---------------------------------------------------------------",
        "    1      1.0000   50.00 %           1.0000   50.00 %     1.25",
        "   2*      1.0000   75.00 %           1.0000   75.00 %     1.25",
        "    3      1.0000   25.00 %           1.0000   25.00 %     1.25",
        "test accuracy 62.50 %, loss 0.5000",
    ]
    html = history._repr_html_()
    assert html.count("<tr>") == 4
    assert "<th>Validation loss</th>" in html
    assert html.endswith("<p>test accuracy 62.50 %, loss 0.5000</p>")
    assert repr(History((record(1, 0.5, watched=False),), "train")).splitlines()[0] == "Epoch  Train loss  accuracy  Seconds"
    assert repr(History((), "train")) == "no epoch was trained to its end"
    assert "no epoch" in History((), "train")._repr_html_()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(stream):
    """What stands on the screen in the end, line by line."""
    return [line.split("\r")[-1].rstrip() for line in stream.getvalue().split("\n")]


def test_a_bar_on_a_terminal_and_silence_in_a_pipe(small_net, digits, test_digits, monkeypatch):
    for stream, progress, drawn in (
        (Terminal(), None, True),
        (io.StringIO(), None, False),
        (Terminal(), False, False),
        (io.StringIO(), True, True),
    ):
        monkeypatch.setattr(sys, "stderr", stream)
        Trainer(small_net(), batch_size=64).fit(digits, test_digits, epochs=2, progress=progress)
        assert bool(stream.getvalue()) is drawn
        if drawn:
            first, second, rest = shown(stream)
            assert first.startswith("epoch 1/2  loss ")
            assert second.startswith("epoch 2/2  loss ")
            assert "  test loss " in first
            assert first.endswith(" s")
            assert rest == ""
            assert "epoch 1/2 [" in stream.getvalue()


def test_a_notebook_gets_the_bar(small_net, digits, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", io)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    Trainer(small_net(), batch_size=64).fit(digits, epochs=1)
    assert shown(sys.stderr)[0].startswith("epoch 1/1")


class Full(Terminal):
    def write(self, text):
        raise OSError(28, "No space left on device")


def test_a_stream_that_cannot_be_written_does_not_stop_the_training(small_net, digits, monkeypatch):
    closed = Terminal()
    closed.close()
    for stream in (Full(), closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        assert len(Trainer(small_net(), batch_size=64).fit(digits, epochs=2).records) == 2


def test_the_line_is_finished_when_training_fails(small_net, digits, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("minicnn.train.course.REPORT_SECONDS", 0.0)
    with pytest.raises(SettingError, match="no longer a number"):
        Trainer(small_net(), SGD(learning_rate=1e30), batch_size=32).fit(digits, epochs=1)
    assert sys.stderr.getvalue().endswith("\n")


def test_a_function_hears_every_record(small_net, digits):
    heard = []
    Trainer(small_net(), batch_size=64).fit(digits, epochs=2, progress=heard.append)
    assert isinstance(heard[0], StartRecord)
    assert isinstance(heard[-1], EpochRecord)
    assert any(isinstance(each, ProgressRecord) for each in heard)
    with pytest.raises(SettingError, match=r"^progress is 'bar', but must be a function that takes a record"):
        Trainer(small_net()).fit(digits, progress="bar")


def test_what_a_stream_checks_it_checks_at_once(small_net, digits):
    trainer = Trainer(small_net())
    for settings in ({"until_epoch": 0}, {"until_epoch": 1, "schedule": "x"}, {"until_epoch": 1, "augment": "x"}):
        with pytest.raises(SettingError):
            trainer.stream(digits, **settings)
    with pytest.raises(SettingError, match="epochs is 0"):
        trainer.fit(digits, epochs=0)
