"""No data from Python reaches compiled code unchecked, or changes after the check."""

from __future__ import annotations

import dataclasses
import os
import warnings

import numpy as np
import pytest

from minicnn import datasets
from minicnn.errors import DataError, MinicnnError, SettingError, ShapeError
from minicnn.losses import SoftmaxCrossEntropy
from minicnn.optimizers import SGD
from minicnn.train import Preparation, ProgressRecord, Trainer, evaluate, hold_out, intake


def fresh(digits, **changes):
    """The digits in arrays of their own, attributes set past the frozen record's guard."""
    data = dataclasses.replace(digits, images=digits.images.copy())
    for name, value in changes.items():
        object.__setattr__(data, name, value)
    return data


class Shifting(datasets.Dataset):
    """A data set whose labels are others at every look."""

    looks = 0

    def __getattribute__(self, name):
        if name == "labels" and type(self).looks:
            return np.full(len(self), -(10**7))
        return super().__getattribute__(name)


LABELS = np.arange(300) % 10


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": np.full(300, -(10**7))}, "labels run from -10000000 to -10000000"),
        ({"labels": np.where(LABELS == 3, -3, LABELS)}, "labels run from -3 to 9"),
        ({"labels": LABELS[:7]}, "300 images, but 7 labels"),
        ({"labels": LABELS.astype(float)}, "labels are float32"),
        ({"labels": [0] * 300}, None),
        ({"labels": None}, "labels are object"),
        ({"labels": np.int64(3)}, r"labels are int64 \(\)"),
        ({"images": np.zeros((300, 1, 8, 8))}, "images are float64"),
        ({"images": np.zeros((300, 1, 8, 8), ">f4")}, "images are float32"),
        ({"images": np.zeros((5, 1, 8, 8), np.uint8)}, "5 images, but 300 labels"),
        ({"images": np.zeros((300, 0, 8, 8), np.uint8)}, "no pixels"),
        ({"images": np.zeros((300, 1, 8, 0), np.uint8)}, "no pixels"),
        ({"images": np.zeros((300, 8, 8), np.uint8)}, "deviations|images are 8"),
        ({"images": np.zeros(300, np.uint8)}, "images have shape"),
        ({"images": "x"}, "images are str"),
        ({"mean": ()}, None),
        ({"std": (0.1, 0.2)}, "deviations"),
        ({"classes": None}, "classes must be a list of names"),
        ({"mean": "x"}, "mean and std one number for each channel"),
        ({"labels": [[1], [1, 2]]}, "are not an array"),
        ({"mean": (float("nan"),)}, "must be finite"),
        ({"classes": tuple("ab")}, "labels run from"),
    ],
    ids=str,
)
@pytest.mark.parametrize("part", ["train", "test", "validation"])
def test_a_changed_data_set_is_looked_at_again(small_net, digits, test_digits, part, changes, words):
    parts = {"train": digits, "test": test_digits, "validation": None} | {part: fresh(digits, **changes)}
    trainer = Trainer(small_net(), batch_size=64)
    if words is None or (part != "train" and words == "must be finite"):  # no figures of theirs are used
        assert trainer.fit(**parts, epochs=1).best.epoch == 1
        return
    with pytest.raises(MinicnnError, match=words):
        trainer.fit(**parts, epochs=1)
    assert trainer.steps == 0


def test_labels_changed_between_two_records_do_not_reach_the_loop(small_net, digits, monkeypatch):
    monkeypatch.setattr("minicnn.train.course.REPORT_SECONDS", 0.0)
    untouched = Trainer(small_net(), batch_size=32)
    untouched.fit(fresh(digits), epochs=2)
    data, trainer = fresh(digits), Trainer(small_net(), batch_size=32)
    for record in trainer.stream(data, until_epoch=2):
        if isinstance(record, ProgressRecord):
            data.labels.setflags(write=True)
            data.labels[:] = -(10**7)
            data.images[:] = 255
            object.__setattr__(data, "labels", data.labels[:3])
    assert trainer.net.parameter_memory.tobytes() == untouched.net.parameter_memory.tobytes()


def test_every_attribute_is_looked_at_once(small_net, digits):
    data = Shifting(digits.images, digits.labels, digits.classes)
    Shifting.looks = 1
    try:
        with pytest.raises(DataError, match="labels run from -10000000"):
            Trainer(small_net()).fit(data, epochs=1)
    finally:
        Shifting.looks = 0


@pytest.fixture
def nothing_is_copied(monkeypatch):
    """Images stay where they lie, as large ones do; a record comes after every batch."""
    monkeypatch.setattr(intake, "COPY_BYTES", 0)
    monkeypatch.setattr("minicnn.train.course.REPORT_SECONDS", 0.0)


def floats(count=40):
    return np.random.default_rng(1).normal(size=(count, 1, 12, 12)).astype(np.float32)


def stream(small_net, images):
    """A training of images in the network's size, one batch a record."""
    data = datasets.from_arrays(images, np.arange(len(images)) % 10)
    return Trainer(small_net(), batch_size=8).stream(data, until_epoch=3)


@pytest.mark.usefixtures("nothing_is_copied")
def test_large_images_are_held_so_that_they_cannot_be_resized(small_net):
    images = floats()
    records = stream(small_net, images)
    next(records)
    with pytest.raises(ValueError, match="cannot resize"):
        images.resize((1, 1, 12, 12), refcheck=False)
    assert len(list(records)) == 3 * (5 + 1)  # every batch and epoch


@pytest.mark.usefixtures("nothing_is_copied")
def test_large_images_given_other_memory_are_noticed(small_net):
    images = floats()
    records = stream(small_net, images)
    next(records)
    images.__setstate__((1, (1, 1, 12, 12), np.dtype(np.float32), False, bytes(4 * 144)))  # frees the memory it had
    with pytest.raises(DataError, match=r"^custom: the array of images was given other memory while in use$"):
        list(records)


@pytest.mark.usefixtures("nothing_is_copied")
def test_a_changed_shape_or_type_of_large_images_does_not_reach_the_loop(small_net):
    images = floats()
    records = stream(small_net, images)
    next(records)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer versions of NumPy advise against it
        images.dtype = np.uint8
    assert len(list(records)) == 3 * (5 + 1)


@pytest.mark.usefixtures("nothing_is_copied")
@pytest.mark.parametrize("offset", [0, 5000])
def test_a_mapped_file_that_has_shrunk_is_noticed_before_it_ends_the_process(small_net, tmp_path, offset):
    path = tmp_path / "images"
    path.write_bytes(bytes(offset) + floats().tobytes())
    images = np.memmap(path, np.float32, "r", offset, (40, 1, 12, 12))
    records = stream(small_net, images)
    next(records)
    os.truncate(path, offset + 1000)
    with pytest.raises(DataError, match=r"the file behind the array was cut short: [\d,]+ of [\d,]+ bytes are left$"):
        list(records)
    with pytest.raises(DataError, match="the file behind the array was cut short"):
        Trainer(small_net()).fit((images, np.arange(40) % 10), epochs=1)


@pytest.mark.usefixtures("nothing_is_copied")
def test_memory_that_is_not_numpys_is_copied(small_net):
    raw = bytearray(floats().tobytes())
    images = np.frombuffer(raw, np.float32).reshape(40, 1, 12, 12)
    data = datasets.from_arrays(images, np.arange(40) % 10)
    held = intake.Held(data, Preparation.of(data, (1, 12, 12)), SoftmaxCrossEntropy())
    assert not np.shares_memory(held.images, images)
    assert np.array_equal(held.images, images)


def test_small_images_are_copied_and_scaled_ones_are_ours_already(small_net, digits):
    whole = datasets.from_arrays(floats(), np.arange(40) % 10)
    for data in (whole, digits):
        held = intake.Held(data, Preparation.of(data, (1, 12, 12)), SoftmaxCrossEntropy())
        assert not np.shares_memory(held.images, data.images)
        assert held.images.flags.c_contiguous


def test_labels_in_a_file_that_has_shrunk(small_net, tmp_path):
    np.arange(40).astype(np.int64).tofile(tmp_path / "labels")
    labels = np.memmap(tmp_path / "labels", np.int64, "r") % 10
    mapped = np.memmap(tmp_path / "labels", np.int64, "r")
    os.truncate(tmp_path / "labels", 8)
    data = fresh(datasets.from_arrays(floats(), labels), labels=mapped)
    for train in ((floats(), mapped), data):
        with pytest.raises(DataError, match="the file behind the array was cut short"):
            Trainer(small_net()).fit(train, epochs=1)


def test_an_epoch_broken_off_does_not_go_on_with_other_data(small_net, digits):
    trainer = Trainer(small_net(), batch_size=10)
    for record in trainer.stream(digits, until_epoch=1):
        if isinstance(record, ProgressRecord) and record.images > 200:
            trainer.stop()
    assert trainer.batch > 20
    few = digits.subset(slice(0, 10 * (trainer.batch - 1)))  # a batch less
    with pytest.raises(DataError, match=r"^epoch 1 was interrupted after \d+ batches, more than digits makes\n"):
        trainer.stream(few, until_epoch=1)
    few = digits.subset(slice(0, 40))
    with pytest.raises(DataError, match=r"^epoch 1 was interrupted after \d+ batches, more than digits makes\n"):
        trainer.stream(few, until_epoch=1)
    (record,) = trainer.fit(few, epochs=1).records
    assert record.images_per_second == pytest.approx(40 / record.seconds)
    assert (record.epoch, 0 <= record.train_accuracy <= 1) == (1, True)


def test_a_preparation_changed_after_its_check_is_checked_again(small_net, test_digits):
    net = small_net()
    preparation = Preparation.of(test_digits, net.input_shape)
    images = preparation.images(test_digits.images)
    object.__setattr__(preparation, "mean", ())
    with pytest.raises(SettingError, match=r"^Preparation: 0 means"):
        evaluate(net, images, test_digits.labels, preparation)


@pytest.mark.parametrize(
    ("augment", "words"),
    [
        ("shift=12", r"^augment shift=12 moves the images out of sight: they have 12 pixels$"),
        ("rotate,shift=30", r"^augment shift=30 moves the images out of sight: they have 12 pixels$"),
        ([3], "augment '3' is not known"),
    ],
)
def test_augmentations_stay_within_the_image(small_net, digits, augment, words):
    with pytest.raises(SettingError, match=words):
        Trainer(small_net()).fit(digits, epochs=1, augment=augment)


@pytest.mark.parametrize(
    ("validation", "words"),
    [
        (0, "validation is 0"),
        (1.5, "validation is 1.5"),
        (True, "validation is True"),
        (float("nan"), "validation is nan"),
        ("x", "validation is 'x'"),
    ],
)
def test_shares_that_are_none(small_net, digits, validation, words):
    for call in (lambda: hold_out(digits, validation, 0), lambda: Trainer(small_net()).fit(digits, epochs=1, validation=validation)):
        with pytest.raises(SettingError, match=words):
            call()


@pytest.mark.parametrize("data", [None, 3, "digits", (1, 2, 3), [], {"images": 1}], ids=str)
def test_what_is_no_data_at_all(small_net, data):
    with pytest.raises(DataError, match=r"^train is \w+, but must be a Dataset, or a pair of images and labels"):
        Trainer(small_net()).fit(data)


@pytest.mark.parametrize(
    ("images", "labels", "error", "words"),
    [
        (np.zeros((3, 1, 12, 12)), [0, 1, 2], DataError, "images are float64"),
        (np.zeros((3, 1, 8, 8), np.uint8), [0, 1, 2], ShapeError, "takes images of 1 x 12 x 12"),
        (np.zeros((3, 1, 12, 12), np.uint8), [0, 1], ShapeError, "labels have the shape"),
        (np.zeros((3, 1, 12, 12), np.uint8), [0, -3, 1], SettingError, "labels run from -3"),
        (np.zeros((3, 1, 12, 12), np.uint8), [0, 10, 1], SettingError, "labels run from 0 to 10"),
        (np.zeros((0, 1, 12, 12), np.uint8), [], DataError, "no images"),
    ],
    ids=str,
)
def test_evaluate_checks_what_it_gets(small_net, images, labels, error, words):
    with pytest.raises(error, match=words):
        evaluate(small_net(), images, np.array(labels, int), Preparation((1, 12, 12), (0.5,), (0.25,), 255.0))


@pytest.mark.parametrize(
    "figures",
    [
        ((1, 12, 12), (), (), 255.0),
        ((1, 12, 12), (0.5, 0.5), (0.25, 0.25), 255.0),
        ((), (), (), 1.0),
        ((1, 12, 12), (float("inf"),), (0.25,), 255.0),
        ((1, 12, 12), (0.5,), (-1.0,), 255.0),
        ((1, 12, 12), (0.5,), (0.25,), 0.0),
    ],
    ids=str,
)
def test_a_preparation_has_one_finite_figure_for_each_channel(figures):
    with pytest.raises(SettingError, match=r"^Preparation: "):
        Preparation(*figures)


def test_the_optimizer_may_be_exchanged_between_two_trainings(small_net, digits):
    from minicnn.optimizers import Adam

    trainer = Trainer(small_net(), batch_size=64)
    trainer.fit(digits, epochs=1)
    trainer.optimizer = Adam()
    trainer.fit(digits, epochs=1)
    assert trainer.optimizer_state().shape[0] == 2


def test_a_larger_batch_in_the_middle_of_a_stream_waits_for_the_next(small_net, digits):
    trainer = Trainer(small_net(), batch_size=32)
    for _ in trainer.stream(digits, until_epoch=2):
        trainer.batch_size = 300
    assert trainer.steps == 20


def test_steps_between_the_records_of_a_stream_share_the_optimizers_state(small_net, digits):
    trainer = Trainer(small_net(), batch_size=32)
    for record in trainer.stream(digits, until_epoch=2):
        if isinstance(record, ProgressRecord):
            trainer.step(floats(8), LABELS[:8])
    assert np.isfinite(trainer.optimizer_state()).all()


@pytest.mark.parametrize("name", ["velocity.fc1.bias", "velocity.conv1.weight", "sums", "parameter.conv1.weight"])
@pytest.mark.parametrize(
    "change",
    [lambda array: array[:1], lambda array: array.astype(np.float16), lambda array: array.ravel()[0], lambda array: array[:0]],
    ids=["shorter", "float16", "one number", "empty"],
)
def test_a_state_of_another_shape_or_type_is_refused_whole(small_net, digits, name, change):
    from minicnn.errors import CheckpointError

    first, second = Trainer(small_net(), SGD(), batch_size=64), Trainer(small_net(seed=1), SGD(), batch_size=64)
    first.fit(digits, epochs=1)
    arrays, numbers = first.checkpoint()
    before = second.net.parameter_memory.tobytes()
    with pytest.raises(CheckpointError):
        second.restore({**arrays, name: change(arrays[name])}, numbers)
    assert (second.net.parameter_memory.tobytes(), second.steps, second.optimizer_state().any()) == (before, 0, False)


@pytest.mark.parametrize(
    "change",
    [
        {"batch": -(2**63)},
        {"batch": 2**63},
        {"epoch": 0},
        {"steps": -1},
        {"batch": 1.5},
        {"history": []},
        {"history": "x"},
        {"seconds": None},
    ],
    ids=str,
)
def test_numbers_out_of_range_are_refused(small_net, digits, change):
    from minicnn.errors import CheckpointError

    first = Trainer(small_net(), batch_size=64)
    first.fit(digits, epochs=1)
    arrays, numbers = first.checkpoint()
    with pytest.raises(CheckpointError, match=r"^the checkpoint: "):
        Trainer(small_net()).restore(arrays, numbers | change)


def test_the_parameters_stay_where_they_are(small_net):
    net = small_net()
    x = floats(4)
    before = net.forward(x)
    memory = net.parameter_memory
    for root in (memory, memory.base):
        with pytest.raises(ValueError, match="cannot resize"):
            root.resize(1, refcheck=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        memory.shape = (-1, 1)
        net.parameter_memory.dtype = np.uint8
    assert np.array_equal(net.forward(x), before)
