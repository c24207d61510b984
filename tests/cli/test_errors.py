"""Mistakes of a user: one clear `Error:` line, exit status 1 or 2, nothing on stdout, and never a traceback."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from minicnn import zoo
from minicnn.cli.main import main


def refused(cli, *arguments, status):
    got, out, err = cli(*arguments)
    assert (got, out) == (status, "")
    assert "Traceback" not in err
    (line,) = [line for line in err.splitlines() if line.startswith("Error: ")]
    return line.removeprefix("Error: "), err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--data", "nowhere"), "no data set is called 'nowhere'"),
        (("--data-dir", "nowhere"), "there is no folder HERE/nowhere"),
        (("--data", "mnist", "--data-dir", "nowhere"), "there is no folder HERE/nowhere"),
        (("--data", "mnist"), "mnist (train) is not here: run 'minicnn data get mnist' to download 11.6 MB"),
        (("--data", "mnist1d"), "mnist1d: images are 1 x 40, but the network takes 1 x 28 x 28"),
        (("--device", "cuda:999"), "device 'cuda:999'"),
        (("--device", "cuda:999", "--data", "nowhere"), "device 'cuda:999'"),  # first: nothing was loaded in vain
        (("--augment", "rotato"), "augment 'rotato' is not known"),
        (("--optimizer", "adam", "--momentum", "0.5"), "momentum is a setting of sgd and rmsprop, but the optimizer is adam"),
        (("--learning-rate", "nan"), "SGD: learning_rate is nan, but must be a number, at least 0 and finite"),
        (("--learning-rate", "1e30"), "the loss is no longer a number in epoch 1: the steps are too large"),
        (("--resume", "nowhere"), "there is no run folder nowhere"),
        (("--resume", "."), ". is not the folder of a run: it holds no run.json"),
        (("--out", "/dev/null/run"), "cannot make the run folder /dev/null/run: Not a directory"),
    ],
)
def test_train_refuses_with_1(cli, tmp_path, arguments, words):
    line, _ = refused(cli, "train", "lenet", *arguments, status=1)
    assert line.startswith(words.replace("HERE", str(tmp_path)))
    assert not [*tmp_path.rglob("run.json")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lenet", "--epochs", "-1"), "Invalid value for '--epochs': -1 is not in the range x>=1"),
        (("lenet", "--epochs", "0"), "Invalid value for '--epochs'"),
        (("lenet", "--epochs", "many"), "Invalid value for '--epochs'"),
        (("lenet", "--batch-size", "0"), "Invalid value for '--batch-size'"),
        (("lenet", "--threads", "0"), "Invalid value for '--threads'"),
        (("lenet", "--momentum", "1"), "Invalid value for '--momentum'"),
        (("lenet", "--learning-rate", "-1"), "Invalid value for '--lea"),
        (("lenet", "--validation", "1"), "Invalid value for '--validation'"),
        (("lenet", "--validation", "0"), "Invalid value for '--val"),
        (("lenet", "--optimizer", "lion"), "Invalid value for '--optimizer'"),
        (
            ("lenet", "--device", "tpu"),
            "Invalid value for '--device': 'tpu' is not a device: use 'cpu', 'cuda', or 'cuda:1' for the second GPU",
        ),
        (("lenet", "--device", "cuda:"), "Invalid value for '--device'"),
        (("lenet", "--seed", "-1"), "Invalid value for '--seed'"),
        (("lenet", "--format", "xml"), "Invalid value for '--format'"),
        (("lenet", "alexnet"), "Got unexpected extra argument"),
        ((), "which network? As in: minicnn train lenet"),
        (("--resume", "x", "--out", "y"), "a resumed run stays in its folder: leave out --out"),
    ],
)
def test_train_refuses_with_2(cli, arguments, words):
    line, _ = refused(cli, "train", *arguments, status=2)
    assert line.startswith(words)


def test_an_unknown_network(cli):
    line, _ = refused(cli, "train", "lennet", status=1)
    assert line.startswith("there is no network called 'lennet' in the zoo: did you mean lenet")


def test_a_folder_that_holds_a_run_is_not_overwritten(cli, trained):
    before = {path.name: path.read_bytes() for path in trained.iterdir()}
    line, err = refused(cli, "train", "lenet", "--out", trained, status=1)
    assert line.startswith(f"{trained} already holds a run: ")
    assert f"continue it: minicnn train --resume {trained}" in err
    assert {path.name: path.read_bytes() for path in trained.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("alexnet",), "a resumed run keeps its network: it was started with 'lenet', but gets 'alexnet'"),
        (("--data", "mnist"), "a resumed run keeps its data: it was started with 'digits', but gets 'mnist'"),
        (("--seed", "1"), "a resumed run keeps its seed: it was started with 0, but gets 1"),
        (("--batch-size", "64"), "a resumed run keeps its batch size: it was started with 128, but gets 64"),
        (("--epochs", "2"), "a resumed run can only have its epochs raised: it was started for 4, but gets 2"),
    ],
)
def test_settings_that_contradict_the_run(cli, trained, arguments, words):
    line, _ = refused(cli, "train", *arguments, "--resume", trained, status=1)
    assert line == words


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "run.json"])
def test_a_checkpoint_cut_in_half(cli, trained, tmp_path, name):
    shutil.copytree(trained, tmp_path / "run")
    content = (tmp_path / "run" / name).read_bytes()
    (tmp_path / "run" / name).write_bytes(content[: len(content) // 2])
    line, _ = refused(cli, "train", "--resume", "run", "--epochs", "9", status=1)
    assert re.match(rf"run/{name} is (cut short|broken): ", line)
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 4


def test_a_folder_that_cannot_be_written(cli, trained, tmp_path, monkeypatch):
    import os

    from minicnn import storage

    def full(*_):
        raise OSError(28, "No space left on device")

    shutil.copytree(trained, tmp_path / "run")
    monkeypatch.setattr(storage.os, "replace", full)
    line, _ = refused(cli, "train", "--resume", "run", "--epochs", "9", status=1)
    assert line == "cannot write run/history.jsonl: No space left on device"
    assert sorted(os.listdir(tmp_path / "run")) == ["best.safetensors", "checkpoint.safetensors", "history.jsonl", "run.json"]


def test_a_file_of_few_words_for_very_many_layers(cli, trained, tmp_path):
    """Parts that stand in each other twice: 2**22 layers, which evaluate once set out to build."""
    from minicnn.storage import load_arrays, save_arrays

    part = {"type": "ReLU", "name": None, "shared part": 0}
    for number in range(1, 23):
        part = {"type": "Sequential", "items": [part, {"shared part": number - 1}], "name": None, "shared part": number}
    _, metadata = load_arrays(trained / "best.safetensors")
    architecture = {**json.loads(metadata["architecture"]), "network": part}
    save_arrays(tmp_path / "bomb.safetensors", {}, metadata | {"architecture": json.dumps(architecture)})
    assert (tmp_path / "bomb.safetensors").stat().st_size < 5000
    line, _ = refused(cli, "evaluate", "bomb.safetensors", status=1)
    assert line.startswith("bomb.safetensors: its architecture cannot be read: a network has at most 8,192 layers and blocks")


def test_a_network_whose_values_are_larger_than_any_memory(cli, trained, tmp_path):
    from minicnn.storage import load_arrays, save_arrays

    arrays, metadata = load_arrays(trained / "best.safetensors")
    architecture = json.loads(metadata["architecture"])
    architecture["network"]["items"][:0] = [{"type": "Upsample", "scale": 5000}, {"type": "AvgPool2D", "window": 5000}]
    save_arrays(tmp_path / "large.safetensors", arrays, metadata | {"architecture": json.dumps(architecture)})
    line, _ = refused(cli, "evaluate", "large.safetensors", status=1)
    assert line == "large.safetensors: up1 makes 19,600,000,000 numbers per image, more than the limit of 268,435,456"


@pytest.mark.parametrize("verb", [("evaluate",), ("predict", "x.pgm")])
@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("nowhere", "there is no run folder nowhere"),
        (".", ". is not the folder of a run: it holds no run.json"),
        ("unfinished", "unfinished/best.safetensors: there is no such file"),
        ("file", "file is not a safetensors file"),
    ],
)
def test_what_is_no_run(cli, tmp_path, trained, verb, run, words):
    (tmp_path / "file").write_text("only words")
    (tmp_path / "unfinished").mkdir()
    shutil.copy(trained / "run.json", tmp_path / "unfinished" / "run.json")
    line, _ = refused(cli, verb[0], run, *verb[1:], status=1)
    assert line.startswith(words)


@pytest.mark.parametrize("verb", [("evaluate", "nowhere"), ("predict", "nowhere", "x.pgm"), ("train", "--resume", "nowhere"), ("bench",)])
def test_a_device_that_there_is_not_is_one_line_before_anything_else(cli, verb):
    """On a machine with GPUs as on one without."""
    line, err = refused(cli, *verb, "--device", "CUDA:999", status=1)
    assert line.startswith("device 'cuda:999' ")
    assert len(err.splitlines()) == 1


def test_other_classes(cli, trained):
    line, _ = refused(cli, "evaluate", trained, "--data", "mnist1d", status=1)
    assert line.startswith("mnist1d: images are 1 x 40, but the network takes 1 x 28 x 28")


def test_not_enough_memory(capsys, monkeypatch):
    def greedy(name):
        raise MemoryError("Unable to allocate 3.00 GiB")

    monkeypatch.setattr(zoo, "find", greedy)
    with pytest.raises(SystemExit) as stopped:
        main(["summary", "lenet"])
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "Error: not enough memory: Unable to allocate 3.00 GiB\n"


@pytest.mark.parametrize(
    ("network", "words", "advice"),
    [
        (
            "unet",
            "unet gives 10 x 388 x 388 numbers for an image, but digits asks for one class of each",
            "'minicnn summary unet' shows it",
        ),
        ("yolov1", "yolov1 gives 20 x 7 x 7 numbers for an image, but digits asks", "'minicnn zoo' has others that can be trained"),
        ("inception-3a", "inception-3a is part of a network and has no classes to train", "'minicnn summary inception-3a' shows it"),
    ],
)
def test_a_network_that_is_no_classifier_gets_advice_that_can_be_followed(cli, network, words, advice):
    line, err = refused(cli, "train", network, status=1)
    assert line.startswith(words)
    assert advice in err
    assert "end it with" not in err  # nobody can, on the command line
