"""`minicnn evaluate`: the figures of a run, class by class, readable at eighty columns."""

from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pytest
from rich.console import Console

import minicnn
from minicnn.cli.render.evaluation import print_examination
from minicnn.datasets import load
from minicnn.train import Examination, examine, load_trained


@pytest.fixture(scope="module")
def found(trained):
    return examine(load_trained(trained / "best.safetensors"), load("digits", "test"))


def test_the_matrix(cli, trained, found):
    status, out, err = cli("evaluate", trained)
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0].startswith("lenet after epoch ")
    assert lines[0].endswith(" on digits: 359 test images")
    assert lines[1] == f"accuracy {100 * found.accuracy:.2f} %, loss {found.loss:.4f}"
    assert lines[3].split() == ["Class", *"0123456789", "Accuracy"]
    for k in range(10):
        cells = lines[5 + k].split()
        assert cells[0] == str(k)
        assert [0 if cell == "." else int(cell) for cell in cells[1:11]] == found.confusion[k].tolist()
        assert cells[11] == f"{100 * found.class_accuracy(k):.2f}"
    assert max(len(line) for line in lines) <= 80


def test_json(cli, trained, found):
    status, out, err = cli("evaluate", trained, "--format", "json")
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert (told["network"], told["data"], told["images"], told["accuracy"], told["loss"]) == (
        "lenet",
        "digits",
        359,
        found.accuracy,
        found.loss,
    )
    assert told["confusion_matrix"] == found.confusion.tolist()
    assert [each["class"] for each in told["classes"]] == list("0123456789")
    assert sum(each["correct"] for each in told["classes"]) == round(359 * found.accuracy)
    assert all(each["accuracy"] == each["correct"] / each["images"] for each in told["classes"])


def test_the_surest_mistakes_are_told_with_their_places_in_the_data(cli, trained, tmp_path):
    network, data = load_trained(trained / "best.safetensors"), load("digits", "test")
    shares = network.net.predict(data.images)
    wrong = np.flatnonzero(shares.argmax(axis=1) != data.labels)
    order = wrong[np.argsort(-shares[wrong].max(axis=1), kind="stable")].tolist()
    wanted = [
        {"index": n, "label": int(data.labels[n]), "predicted": int(shares[n].argmax()), "probability": float(shares[n].max())}
        for n in order
    ]
    assert len(wanted) > 2
    assert json.loads(cli("evaluate", trained, "--format", "json")[1])["mistakes"] == wanted[:5]
    assert json.loads(cli("evaluate", trained, "--format", "json", "--mistakes", 999)[1])["mistakes"] == wanted
    assert json.loads(cli("evaluate", trained, "--format", "json", "--mistakes", 0)[1])["mistakes"] == []
    assert "surest" not in cli("evaluate", trained)[1]  # a pipe
    status, out, err = cli("evaluate", trained, "--mistakes", 2, "--out", "worst.svg")
    assert (status, err) == (0, "wrote worst.svg\n")
    captions = [f"{each['label']} as {each['predicted']}, {100 * each['probability']:.1f} %" for each in wanted[:2]]
    assert all(caption in out for caption in captions)
    assert all(caption in (tmp_path / "worst.svg").read_text() for caption in captions)
    status, _, err = cli("evaluate", trained, "--out", "worst.png")
    assert (status, err) == (
        1,
        "Error: evaluate: worst.png does not end in .svg, but pictures are written as SVG\n  use worst.svg\n",
    )


def test_it_says_what_training_said(cli, trained):
    """The last epoch's line of the run, found again from its weights."""
    epochs = [json.loads(line) for line in (trained / "history.jsonl").read_text().splitlines()]
    told = json.loads(cli("evaluate", trained, "--format", "json")[1])
    assert told["epoch"] == len(epochs)
    assert (told["accuracy"], told["loss"]) == (epochs[-1]["test_accuracy"], epochs[-1]["test_loss"])


def test_a_network_saved_from_python_is_enough(cli, tmp_path):
    """What `fit` prepared and named stands in the file."""
    net = minicnn.zoo.build("lenet")
    trainer = minicnn.Trainer(net, threads=1)
    test = load("digits", "test")
    accuracy = trainer.fit(load("digits"), test, epochs=1).test.accuracy
    net.save(tmp_path / "mine.safetensors")
    told = json.loads(cli("evaluate", "mine.safetensors", "--format", "json")[1])
    assert (told["data"], told["epoch"], told["accuracy"], told["metrics"]) == ("digits", 1, accuracy, {"accuracy": accuracy})


def test_a_network_trained_on_arrays_is_asked_about_data_by_name(cli, tmp_path):
    net, data = minicnn.zoo.build("lenet"), load("digits")
    minicnn.Trainer(net, threads=1).fit((data.images, data.labels), epochs=1)
    net.save(tmp_path / "mine.safetensors")
    status, out, err = cli("evaluate", "mine.safetensors")
    assert (status, out) == (1, "")
    assert err == (
        "Error: mine.safetensors was trained on custom data ('custom'), which cannot be found by name\n"
        "  use --data NAME, one of 'minicnn data list', or --data PATH, a folder of pictures or a file\n"
    )
    assert cli("evaluate", "mine.safetensors", "--data", "digits")[0] == 0


def test_scores_that_are_no_numbers_are_said(cli, trained, tmp_path):
    from minicnn.storage import load_arrays, save_arrays

    arrays, metadata = load_arrays(trained / "best.safetensors")
    arrays["conv1.bias"] = arrays["conv1.bias"] * np.float32("nan")
    save_arrays(tmp_path / "broken.safetensors", arrays, metadata)
    status, out, err = cli("evaluate", "broken.safetensors")
    assert (status, out) == (1, "")
    assert err.startswith("Error: lenet on digits: the scores of 359 of 359 images are not numbers: the weights, or the images, hold NaN")


def test_a_file_of_weights_is_enough(cli, trained, tmp_path):
    shutil.copy(trained / "best.safetensors", tmp_path / "mine.safetensors")
    assert cli("evaluate", tmp_path / "mine.safetensors")[1] == cli("evaluate", trained)[1]


def test_the_folder_of_the_data_is_remembered(cli, trained, tmp_path):
    from minicnn.datasets.idx import write_idx

    digits = load("digits", "test")
    folder = tmp_path / "mine" / "mnist"
    folder.mkdir(parents=True)
    from minicnn.datasets import scale_to

    for part in ("train", "t10k"):
        write_idx(folder / f"{part}-images-idx3-ubyte", scale_to(digits.images, 28, 28)[:, 0])
        write_idx(folder / f"{part}-labels-idx1-ubyte", digits.labels.astype(np.uint8))
    assert cli("train", "lenet", "--data", "mnist", "--data-dir", "mine", "--epochs", 1, "--out", "run", "--quiet")[0] == 0
    assert json.loads(cli("evaluate", "run", "--format", "json")[1])["images"] == 359
    assert json.loads(cli("evaluate", trained, "--data", "mnist", "--data-dir", "mine", "--format", "json")[1])["data"] == "mnist"
    status, _, err = cli("evaluate", trained, "--data", "mnist")
    assert (status, err.splitlines()[0]) == (1, "Error: mnist (test) is not here: run 'minicnn data get mnist' to download 11.6 MB")


@pytest.mark.parametrize("broken", ["half", "empty", "words"])
def test_weights_cut_in_half(cli, trained, tmp_path, broken):
    shutil.copytree(trained, tmp_path / "run")
    path = tmp_path / "run" / "best.safetensors"
    content = path.read_bytes()
    path.write_bytes({"half": content[: len(content) // 2], "empty": b"", "words": b"these are no weights at all, only words"}[broken])
    status, out, err = cli("evaluate", "run")
    assert (status, out) == (1, "")
    assert err.startswith("Error: run/best.safetensors is ")
    assert "Traceback" not in err


def many_classes(names):
    rng = np.random.default_rng(3)
    matrix = rng.integers(0, 3, (len(names), len(names))) + np.diag(rng.integers(500, 1000, len(names)))
    return Examination(0.1, {"accuracy": 0.9}, tuple(names), matrix, int(matrix.sum()))


def printed(found, width, terminal=True):
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_examination(console, found, "net", "data")
    return console.file.getvalue()


ARTICLES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def test_long_names_stand_beside_their_rows_and_as_numbers_over_the_columns():
    lines = printed(many_classes(ARTICLES), 80).splitlines()
    assert lines[3].split() == ["Class", *"0123456789", "Accuracy"]
    assert [line.split(maxsplit=1)[0] for line in lines[5:15]] == list("0123456789")
    assert all(name in line for name, line in zip(ARTICLES, lines[5:15], strict=True))
    assert max(map(len, lines)) <= 80


def test_a_terminal_too_narrow_for_the_matrix_gets_a_line_a_class():
    letters = [chr(65 + k) for k in range(26)]
    found = many_classes(letters)
    narrow, wide, pipe = printed(found, 80), printed(found, 160), printed(found, 200, terminal=False)
    assert "Most often taken for" in narrow
    assert "the confusion matrix takes" in narrow
    assert max(map(len, narrow.splitlines())) <= 80
    for text in (wide, pipe):
        assert "Most often" not in text
        assert str(found.confusion[25, 25]) in text


def test_a_class_without_images():
    text = printed(Examination(0.0, {"accuracy": 1.0}, ("a", "b"), np.array([[3, 0], [0, 0]]), 3), 80)
    assert text.splitlines()[6].split() == ["b", ".", ".", "-"]


def test_the_device_that_is_asked_for_computes(cli, trained, found, monkeypatch):
    asked = []
    monkeypatch.setattr(minicnn.engine, "checked_device", lambda name: f"{name}:0")
    monkeypatch.setattr(minicnn.train, "examine", lambda *_, device: asked.append(device) or found)
    assert cli("evaluate", trained, "--device", "cuda")[0] == 0
    assert asked == ["cuda:0"]
