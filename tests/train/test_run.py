"""A run keeps itself on disk, can be stopped and killed at any moment, and ends with the same bits."""

import json

import numpy as np
import pytest

import minicnn
from minicnn import datasets
from minicnn.errors import CheckpointError, DataError, SettingError
from minicnn.storage import load_arrays
from minicnn.train import EpochRecord, Preparation, ProgressRecord, StartRecord, history_line, load_trained
from minicnn.train import run as run_module


def finish(run):
    """Train to the end; the records without progress."""
    return [record for record in run.records() if not isinstance(record, ProgressRecord)]


def stop_within(run, epoch):
    """Train, and ask for a stop after the first batches of an epoch."""
    for record in run.records():
        if isinstance(record, ProgressRecord) and record.epoch == epoch:
            run.trainer.stop()


def history(folder):
    """The lines of history.jsonl without what the clock says."""
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in ("seconds", "images_per_second")} for line in lines]


def outcome(run):
    """Everything that must not depend on where a run was interrupted."""
    path = run.folder.path
    checkpoint, _ = load_arrays(path / "checkpoint.safetensors")
    best, _ = load_arrays(path / "best.safetensors")
    return {
        "best": {k: v.tobytes() for k, v in best.items()},
        "checkpoint": {k: v.tobytes() for k, v in checkpoint.items()},
        "history": history(path),
        "weights": run.trainer.net.parameter_memory.tobytes(),
    }


def test_the_folder_holds_four_files(make_run, tmp_path):
    run = make_run(tmp_path / "run")
    start, *epochs = finish(run)
    assert isinstance(start, StartRecord)
    assert [record.epoch for record in epochs] == [1, 2, 3]
    assert sorted(path.name for path in run.folder.path.iterdir()) == [
        "best.safetensors",
        "checkpoint.safetensors",
        "history.jsonl",
        "run.json",
    ]
    described = json.loads((run.folder.path / "run.json").read_text())
    assert described["settings"]["epochs"] == 3
    assert described["data"]["train_sha256"] == run.whole.digest
    assert Preparation.from_json(described["preparation"]) == run.preparation
    assert set(described["versions"]) == {"minicnn", "python", "numpy", "numba", "llvmlite"}
    lines = [json.loads(line) for line in (run.folder.path / "history.jsonl").read_text().splitlines()]
    assert lines == [json.loads(history_line(record)) for record in epochs]
    assert [line["metrics"] for line in lines] == [{"accuracy": record.test_accuracy} for record in epochs]


WAVERING = {"epochs": 6, "learning_rate": 0.2, "schedule": "constant"}  # the last epoch is not the best


@pytest.mark.parametrize(
    ("given", "best_is_kept"),
    [({}, False), ({"select_on_test": True}, True), ({"validation": 0.2}, True)],
    ids=["last", "test", "validation"],
)
def test_the_weights_kept_are_those_of_the_last_epoch_unless_images_are_to_choose(make_run, tmp_path, given, best_is_kept):
    run = make_run(tmp_path / "run", **WAVERING, **given)
    memories = {}
    for record in run.records():
        if isinstance(record, EpochRecord):
            memories[record.epoch] = run.trainer.net.parameter_memory.tobytes()
    best = max(run.trainer.history, key=lambda record: (record.test_accuracy, -record.test_loss))
    assert best.epoch != 6
    wanted = best.epoch if best_is_kept else 6
    kept = load_trained(run.folder.best_path)
    assert kept.epoch == wanted
    assert kept.net.parameter_memory.tobytes() == memories[wanted]
    assert (kept.classes, kept.image_shape, kept.data) == (run.whole.classes, (1, 8, 8), "digits")
    loaded = minicnn.load(run.folder.best_path)
    assert loaded.parameter_memory.tobytes() == memories[wanted]
    result = run.result()
    assert (loaded.predict(run.test_data.images).argmax(axis=1) == run.test_data.labels).mean() == result.test.accuracy
    assert (result.kept_epoch, result.best_epoch, result.best_metrics["accuracy"], result.epochs) == (
        wanted,
        best.epoch,
        best.test_accuracy,
        6,
    )
    if not run.settings.validation:
        assert result.test.accuracy == run.trainer.history[wanted - 1].test_accuracy
    again = make_run(tmp_path / "run", **WAVERING, **given)
    again.restore()
    assert again.result()._replace(test=None) == result._replace(test=None)
    assert again.result().test[:3] == result.test[:3]


def test_two_sets_cannot_choose_the_weights(make_run, tmp_path):
    with pytest.raises(SettingError, match=r"^the weights are chosen by held-out images or by the test images, not by both\n"):
        make_run(tmp_path / "run", validation=0.2, select_on_test=True)


@pytest.mark.filterwarnings("ignore:augment flip")
@pytest.mark.parametrize(("first", "second", "whole"), [(1, 1, 1), (1, 2, 1), (2, 1, 2)])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"optimizer": "adam", "schedule": "plateau"},
        {"augment": "shift=1,flip", "schedule": "step", "validation": 0.2},
        {"augment": "rotate=10,elastic,brightness,cutout=3,mixup"},
    ],
    ids=["sgd", "adam", "shifted", "augmented"],
)
def test_a_stopped_run_ends_with_the_bits_of_an_unbroken_one(make_run, tmp_path, given, first, second, whole):
    unbroken = make_run(tmp_path / "unbroken", threads=whole, **given)
    finish(unbroken)
    stop_within(make_run(tmp_path / "broken", threads=first, **given), epoch=2)
    numbers = json.loads(load_arrays(tmp_path / "broken" / "checkpoint.safetensors")[1]["numbers"])
    assert (numbers["epoch"], 0 < numbers["batch"] < 10) == (2, True)  # in the middle of an epoch
    resumed = make_run(tmp_path / "broken", threads=second, **given)
    assert resumed.restore() == []
    finish(resumed)
    assert outcome(resumed) == outcome(unbroken)
    assert resumed.result()._replace(test=None) == unbroken.result()._replace(test=None)
    assert resumed.result().test[:3] == unbroken.result().test[:3]


def test_equal_runs_give_equal_files(make_run, tmp_path, monkeypatch):
    for name, save_seconds in (("one", 1000.0), ("two", -1.0)):
        monkeypatch.setattr(run_module, "SAVE_SECONDS", save_seconds)
        finish(make_run(tmp_path / name))
    for name in ("best.safetensors", "checkpoint.safetensors", "run.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert history(tmp_path / "one") == history(tmp_path / "two")


def test_a_resumed_run_knows_how_long_its_epochs_took(make_run, tmp_path):
    stopped = make_run(tmp_path / "run")
    stop_within(stopped, epoch=2)
    kept = json.loads((tmp_path / "run" / "run.json").read_text())["under_way"]
    assert kept == {"epoch": 2, "batch": stopped.trainer.batch, "seconds": stopped.trainer.seconds}
    first = stopped.trainer.history[0]
    resumed = make_run(tmp_path / "run")
    assert resumed.restore() == []
    assert resumed.trainer.history == [first]
    assert resumed.trainer.seconds == kept["seconds"] > 0
    finish(resumed)
    assert resumed.trainer.history[1].seconds > kept["seconds"]
    assert "under_way" not in json.loads((tmp_path / "run" / "run.json").read_text())


def test_lost_times_are_told(make_run, tmp_path):
    finish(make_run(tmp_path / "run"))
    lines = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    (tmp_path / "run" / "history.jsonl").write_text("\n".join([lines[0], "{", lines[2]]))
    resumed = make_run(tmp_path / "run")
    assert resumed.restore() == ["history.jsonl does not say how long epoch 2 took: it is counted as 0 seconds"]
    assert history(tmp_path / "run") == [
        {key: value for key, value in json.loads(line).items() if key not in ("seconds", "images_per_second")} for line in lines
    ]


@pytest.mark.parametrize("change", [{"batch": 11, "steps": 11}, {"steps": 7}, {"batch": 5}])
def test_a_checkpoint_that_does_not_count_these_batches(make_run, tmp_path, change):
    run = make_run(tmp_path / "run")
    run.folder.write_description(run.description())
    arrays, numbers = run.trainer.checkpoint()
    run.folder.write_checkpoint(arrays | {"sums": np.array([1.0, 1.0])}, numbers | {"batch": 1, "steps": 1} | change)
    with pytest.raises(
        CheckpointError,
        match=r"(does not fit its data: it stands after \d+ updates, in epoch 1 after \d+ of 10 batches"
        r"|steps is 1, but)",
    ):
        make_run(tmp_path / "run").restore()


def test_a_run_killed_before_its_first_checkpoint_begins_anew(make_run, tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "SAVE_SECONDS", 1000.0)
    finish(make_run(tmp_path / "unbroken"))
    killed = make_run(tmp_path / "killed")
    killed.folder.write_description(killed.description())
    killed.folder.append_history(EpochRecord(1, 1.0, 0.1, 1.0, 0.1, 1.0, 1.0, 1.0))  # this much had reached the disk
    resumed = make_run(tmp_path / "killed")
    resumed.restore()
    finish(resumed)
    assert history(tmp_path / "killed") == history(tmp_path / "unbroken")


def test_a_history_ahead_of_the_checkpoint_is_cut_back(make_run, tmp_path):
    finish(make_run(tmp_path / "unbroken", epochs=4))
    stop_within(make_run(tmp_path / "killed", epochs=4), epoch=3)
    with (tmp_path / "killed" / "history.jsonl").open("a") as file:
        file.write('{"event": "epoch", "epoch": 3, "train_lo')  # killed while it wrote
    resumed = make_run(tmp_path / "killed", epochs=4)
    resumed.restore()
    finish(resumed)
    assert history(tmp_path / "killed") == history(tmp_path / "unbroken")


def test_a_finished_run_may_get_more_epochs(make_run, tmp_path):
    finish(make_run(tmp_path / "run", schedule="constant"))
    longer = make_run(tmp_path / "run", schedule="constant", epochs=5)
    longer.restore()
    assert [record.epoch for record in finish(longer)[1:]] == [4, 5]
    whole = make_run(tmp_path / "whole", schedule="constant", epochs=5)
    finish(whole)
    assert outcome(longer) == outcome(whole)


def test_a_finished_run_that_goes_on_does_nothing(make_run, tmp_path):
    first = make_run(tmp_path / "run")
    finish(first)
    again = make_run(tmp_path / "run")
    again.restore()
    assert len(finish(again)) == 1
    assert again.result() == first.result()


def test_checkpoints_are_not_written_more_often_than_every_few_seconds(make_run, tmp_path, monkeypatch):
    saves = []
    monkeypatch.setattr(run_module.Run, "save", lambda self: saves.append(self.trainer.epoch))
    run = make_run(tmp_path / "quick")
    run.best = EpochRecord(0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0)
    finish(run)
    assert saves == [4]  # at the end alone
    saves.clear()
    monkeypatch.setattr(run_module, "SAVE_SECONDS", -1.0)
    finish(make_run(tmp_path / "slow"))
    assert saves == [2, 3, 4, 4]


def test_a_run_that_fails_before_it_has_anything_to_keep_leaves_no_folder(make_run, tmp_path):
    run = make_run(tmp_path / "run", learning_rate=1e30)
    with pytest.raises(
        SettingError,
        match=r"^the loss is no longer a number in epoch 1: the steps are too large\n"
        r"  use a learning rate below 1e\+30$",
    ):
        finish(run)
    assert not (tmp_path / "run").exists()


def test_a_consumer_that_breaks_off_leaves_no_folder_either(make_run, tmp_path):
    records = make_run(tmp_path / "run").records()
    next(records)
    records.close()
    assert not (tmp_path / "run").exists()


def test_a_folder_of_the_users_is_never_removed(make_run, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(SettingError):
        finish(make_run(tmp_path / "run", learning_rate=1e30))
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_other_data_are_refused(make_run, tmp_path):
    finish(make_run(tmp_path / "run"))
    other = make_run(tmp_path / "run")
    other.whole = datasets.load("digits").subset(slice(1, 301))
    with pytest.raises(
        DataError,
        match=r"^the train images of digits are not those the run was started with\n"
        r"  sha256 then  [0-9a-f]{64}\n         now   [0-9a-f]{64}$",
    ):
        other.restore()


def test_other_versions_are_told(make_run, tmp_path):
    run = make_run(tmp_path / "run")
    finish(run)
    described = run.folder.read_description()
    described["versions"]["numba"] = "0.1"
    run.folder.write_description(described)
    (warning,) = make_run(tmp_path / "run").restore()
    assert warning.startswith("numba was 0.1, and is ")


def test_another_network_is_refused(make_run, tmp_path):
    run = make_run(tmp_path / "run")
    finish(run)
    path = run.folder.checkpoint_path
    arrays, metadata = load_arrays(path)
    arrays["parameter.conv1.weight"] = np.zeros((4, 1, 5, 5), np.float32)
    run.folder.write_checkpoint(arrays, json.loads(metadata["numbers"]))
    with pytest.raises(CheckpointError, match=r"^the checkpoint: conv1.weight does not fit small"):
        make_run(tmp_path / "run").restore()


def test_held_out_images_take_the_place_of_the_test_images(make_run, tmp_path):
    run = make_run(tmp_path / "run", validation=0.25)
    start, *epochs = finish(run)
    assert (start.images, start.test_images) == (225, 75)
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert all(line["evaluated_on"] == "validation" for line in lines)
    result = run.result()
    assert result.test.images == 100
    assert result.best_metrics["accuracy"] == max(record.test_accuracy for record in epochs)
    kept = load_trained(run.folder.best_path)
    prepared = kept.preparation.images(run.test_data.images)
    assert minicnn.train.evaluate(kept.net, prepared, run.test_data.labels, kept.preparation)[:3] == result.test[:3]
