"""Folders of runs: made without overwriting anything, read without trusting anything."""

import errno
import json
import subprocess
import sys

import numpy as np
import pytest

from minicnn.errors import CheckpointError
from minicnn.train import EpochRecord, RunFolder

RECORD = EpochRecord(1, 0.5, 0.75, 0.25, 0.875, 2.0, 719.0, 0.05)


@pytest.fixture
def folder(tmp_path):
    made = RunFolder.create(tmp_path / "deep" / "run")
    made.write_description({"seed": 7})
    return made


def test_numbers_go_on_after_the_highest(tmp_path):
    for name in ("net-data-1", "net-data-7", "net-data-x", "other-9"):
        (tmp_path / name).mkdir()
    assert RunFolder.create_next(tmp_path, "net-data").path.name == "net-data-8"
    assert RunFolder.create_next(tmp_path / "new", "net-data").path == tmp_path / "new" / "net-data-1"


def test_a_folder_with_a_run_is_not_written_into(folder):
    with pytest.raises(
        CheckpointError,
        match=r"run already holds a run: run.json\n"
        r"  continue it: minicnn train --resume .*run\n  or choose another",
    ):
        RunFolder.create(folder.path)


@pytest.mark.parametrize("place", ["file/run", "file"])
def test_a_folder_that_cannot_be_made(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match=r"^cannot make the run folder .*: (Not a directory|File exists)$"):
        RunFolder.create(tmp_path / place)
    with pytest.raises(CheckpointError, match=r"^cannot make a run folder in .*\n  choose another one with --out$"):
        RunFolder.create_next(tmp_path / place, "net")


def test_what_is_no_run_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match=r"^there is no run folder .*/none$"):
        RunFolder.open(tmp_path / "none")
    with pytest.raises(CheckpointError, match=r"is not the folder of a run: it holds no run.json\n"):
        RunFolder.open(tmp_path)
    with pytest.raises(CheckpointError, match=r"file is not the folder of a run: it is not a folder\n"):
        RunFolder.open(tmp_path / "file")


def test_the_description_comes_back(folder):
    assert RunFolder.open(folder.path).read_description() == {"format": "minicnn run 1", "seed": 7}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is broken: "),
        ('{"format": "minicnn ru', "is broken: "),
        ("[1, 2]", "does not describe a run"),
        ("\udcff", "is broken: "),
        ('{"format": "minicnn run 99"}', "does not describe a run in a format that minicnn"),
        ("[" * 100_000, "is broken: "),
    ],
)
def test_a_broken_description(folder, content, words):
    (folder.path / "run.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(CheckpointError, match=f"run.json {words}"):
        folder.read_description()


def test_the_history_grows_by_lines(folder):
    folder.append_history(RECORD)
    folder.append_history(RECORD._replace(epoch=2), evaluated_on="validation")
    first, second = map(json.loads, (folder.path / "history.jsonl").read_text().splitlines())
    told = {name: value for name, value in RECORD._asdict().items() if name != "figures"}
    assert first == {"event": "epoch", **told, "metrics": RECORD.metrics}
    assert (second["epoch"], second["evaluated_on"]) == (2, "validation")
    folder.write_history([RECORD])
    assert (folder.path / "history.jsonl").read_text().count("\n") == 1


def test_the_checkpoint_comes_back(folder):
    assert folder.read_checkpoint() is None
    arrays = {"parameter.w": np.arange(3, dtype=np.float32), "sums": np.array([1e-300, np.pi])}
    second = RECORD._replace(epoch=2, seconds=3.5)
    numbers = {"steps": 3, "epoch": 3, "batch": 4, "seconds": 0.1 + 0.2, "history": [RECORD._asdict(), second._asdict()]}
    folder.write_history([RECORD, second])
    folder.write_description({"under_way": {"epoch": 3, "batch": 4, "seconds": 0.1 + 0.2}})
    folder.write_checkpoint(arrays, numbers)
    read, again = folder.read_checkpoint()
    assert {name: array.tobytes() for name, array in read.items()} == {name: array.tobytes() for name, array in arrays.items()}
    assert again == numbers


def test_what_the_clock_said_is_not_in_the_checkpoint(folder):
    for seconds in (1.0, 2.0):
        record = RECORD._replace(seconds=seconds, images_per_second=100 / seconds)
        folder.write_checkpoint({"sums": np.zeros(2)}, {"epoch": 2, "batch": 1, "seconds": seconds, "history": [record._asdict()]})
        if seconds == 1.0:
            first = folder.checkpoint_path.read_bytes()
    assert folder.checkpoint_path.read_bytes() == first


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["nothing", "[]", "{}"],
        ['{"epoch": 1, "seconds": "x", "images_per_second": 3}'],
        ['{"epoch": 1, "seconds": 1e999, "images_per_second": 3}', '{"epoch": 1, "seco'],
    ],
)
def test_a_history_without_times_leaves_zeros(folder, lines):
    (folder.path / "history.jsonl").write_text("\n".join(lines))
    folder.write_checkpoint({"sums": np.zeros(2)}, {"epoch": 2, "batch": 1, "seconds": 5.0, "history": [RECORD._asdict()]})
    _, numbers = folder.read_checkpoint()
    assert (numbers["seconds"], numbers["history"]) == (0.0, [{**RECORD._asdict(), "seconds": 0.0, "images_per_second": 0.0}])


def test_a_checkpoint_cut_in_half(folder):
    folder.write_checkpoint({"w": np.zeros(1000, np.float32)}, {})
    content = folder.checkpoint_path.read_bytes()
    folder.checkpoint_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match=r"checkpoint.safetensors is cut short: [\d,]+ of [\d,]+ bytes are there$"):
        folder.read_checkpoint()


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"format": "minicnn checkpoint 1"},
        {"format": "minicnn checkpoint 1", "numbers": "{"},
        {"format": "minicnn checkpoint 1", "numbers": "3"},
        {"format": "minicnn checkpoint 2", "numbers": "{}"},
    ],
)
def test_what_is_no_checkpoint(folder, metadata):
    from minicnn.storage import save_arrays

    save_arrays(folder.checkpoint_path, {"w": np.zeros(1, np.float32)}, metadata)
    with pytest.raises(CheckpointError, match=r"checkpoint.safetensors is not a checkpoint of a run: "):
        folder.read_checkpoint()


def test_two_on_one_folder_are_told_apart(folder):
    first, second = RunFolder.open(folder.path), RunFolder.open(folder.path)
    first.claim()
    first.claim()  # its own already
    with pytest.raises(CheckpointError, match=r"run is in use by another run\n  wait for it to end"):
        second.claim()
    assert second.read_description() == {"format": "minicnn run 1", "seed": 7}  # who only reads does not ask
    first.release()
    second.claim()
    assert (folder.path / ".lock").exists()
    del second
    assert not (folder.path / ".lock").exists()


def test_a_run_that_another_began_meanwhile_is_not_overwritten(tmp_path):
    first, second = RunFolder.create(tmp_path / "run"), RunFolder.create(tmp_path / "run")
    first.claim()
    first.write_description({})
    first.release()
    with pytest.raises(CheckpointError, match=r"run already holds a run: run.json\n"):
        second.claim()


TRAINING = """
import sys
from minicnn.train import RunFolder
folder = RunFolder.open(sys.argv[1])
folder.claim()
open(folder.path / ".checkpoint.safetensors.0123abcd.part", "wb").write(b"half")
print("writing", flush=True)
sys.stdin.read()
"""


def test_what_a_killed_process_left_is_removed_but_not_what_a_living_one_writes(folder):
    part = folder.path / ".checkpoint.safetensors.0123abcd.part"
    with subprocess.Popen([sys.executable, "-c", TRAINING, folder.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"writing\n"
        with pytest.raises(CheckpointError, match="is in use"):
            RunFolder.open(folder.path).claim()
        RunFolder.create_next(folder.path.parent, "run")
        assert part.exists()
        process.kill()
    assert part.exists()
    resumed = RunFolder.open(folder.path)
    resumed.claim()
    assert not part.exists()
    resumed.release()
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


def test_the_next_run_removes_what_a_killed_one_left(tmp_path):
    RunFolder.create_next(tmp_path, "net-data").write_description({})
    (tmp_path / "net-data-1" / ".best.safetensors.0123abcd.part").write_bytes(b"half")
    (tmp_path / "net-data-1" / ".mine.part").write_bytes(b"")
    RunFolder.create_next(tmp_path, "net-data")
    assert sorted(path.name for path in (tmp_path / "net-data-1").iterdir()) == [".mine.part", "run.json"]


def test_a_file_system_without_locks_is_trained_on_all_the_same(folder, monkeypatch):
    def lockless(*_):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", lockless)
    folder.claim()
    folder.release()
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("name", ["~nobody-is-called-so/run", "x" * 300])
def test_a_path_that_cannot_be(name):
    for make in (RunFolder.open, RunFolder.create):
        with pytest.raises(CheckpointError, match="run folder"):
            make(name)


def test_a_folder_is_discarded_only_while_nothing_is_kept(tmp_path):
    begun = RunFolder.create(tmp_path / "begun")
    begun.write_description({})
    RunFolder.open(begun.path).discard()  # not made by this one
    assert begun.path.exists()
    begun.discard()
    assert not begun.path.exists()
    kept = RunFolder.create(tmp_path / "kept")
    kept.write_checkpoint({"w": np.zeros(1, np.float32)}, {})
    kept.discard()
    assert kept.checkpoint_path.exists()


def test_no_temporary_file_is_left(folder):
    folder.write_checkpoint({"w": np.zeros(1, np.float32)}, {})
    folder.write_history([RECORD])
    assert sorted(path.name for path in folder.path.iterdir()) == ["checkpoint.safetensors", "history.jsonl", "run.json"]


def test_a_checkpoint_of_very_many_epochs_comes_back(folder):
    """A history longer than any network's description."""
    records = [RECORD._replace(epoch=n + 1, train_loss=1 / 3, test_loss=1 / 7) for n in range(60_000)]
    folder.write_history(records)
    numbers = {"epoch": 60_001, "batch": 0, "seconds": 0.0, "history": [record._asdict() for record in records]}
    folder.write_checkpoint({"sums": np.zeros(2)}, numbers)
    assert folder.read_checkpoint()[1] == numbers
