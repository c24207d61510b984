"""A folder of pictures, or a file, where a data set's name may stand."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture
def pictures(tmp_path):
    """Two classes of 10 x 8 pixels in colour, train and test; one picture is broken."""
    chance = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in ("10", "2"):
            folder = tmp_path / "pictures" / split / name
            folder.mkdir(parents=True)
            for n in range(4):
                (folder / f"{n}.ppm").write_bytes(b"P6 8 10 255\n" + chance.bytes(240))
    (tmp_path / "pictures" / "train" / "2" / "broken.ppm").write_bytes(b"P6 8 10 255\n")
    return "pictures"


pytestmark = pytest.mark.filterwarnings("always::minicnn.errors.MinicnnWarning")  # as on the command line

BROKEN = "broken.ppm is cut short: 0 of 240 values are there"


def test_train_evaluate_and_resume_on_a_folder(cli, pictures, tmp_path, monkeypatch):
    status, _, err = cli("train", "lenet", "--data", pictures, "--epochs", 1)
    assert status == 0
    assert f"Warning: left out: {tmp_path}/pictures/train/2/{BROKEN}" in err.splitlines()
    assert "pictures/: 8 images 3x28x28 for training, 8 for testing; classes 2, 10" in err.splitlines()
    described = json.loads((tmp_path / "runs/lenet-pictures-1/run.json").read_text())
    assert described["settings"]["data"] == str(tmp_path / "pictures")
    assert described["data"]["classes"] == ["2", "10"]
    assert [len(described["preparation"][name]) for name in ("mean", "std")] == [3, 3]  # per channel
    monkeypatch.chdir(tmp_path / "runs")  # wherever it is called from
    status, out, _ = cli("evaluate", "lenet-pictures-1", "--format", "json")
    assert (status, json.loads(out)["images"]) == (0, 8)
    status, _, err = cli("train", "--resume", "lenet-pictures-1", "--data", "../pictures", "--epochs", 2, "--quiet")
    assert status == 0, err
    status, out, err = cli("predict", "lenet-pictures-1", "../pictures/test/2/0.ppm")  # scaled and cut as in training
    assert (status, err, out.splitlines()[2].split()[0]) == (0, "", "../pictures/test/2/0.ppm")
    status, _, err = cli("evaluate", "lenet-pictures-1/best.safetensors")
    assert (status, "--data PATH, a folder of pictures or a file" in err) == (1, True)
    assert cli("evaluate", "lenet-pictures-1/best.safetensors", "--data", "../pictures")[0] == 0


def test_train_on_a_file(cli, tmp_path):
    images, labels = np.zeros((20, 28, 28), np.uint8), np.arange(20) % 10
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    status, _, err = cli("train", "lenet", "--data", "mnist.npz", "--epochs", 1)
    assert (status, (tmp_path / "runs/lenet-mnist-1").is_dir()) == (0, True)
    assert "mnist.npz: 20 images 1x28x28 for training, 20 for testing; classes 0, 1, 2" in err
    status, out, _ = cli("evaluate", "runs/lenet-mnist-1", "--format", "json")
    assert (status, json.loads(out)["images"]) == (0, 20)


def test_show_a_folder(cli, pictures):
    status, out, err = cli("data", "show", pictures, "--format", "json")
    shown = json.loads(out)
    assert (status, shown["classes"], shown["class_counts"], shown["input_shape"]) == (0, ["2", "10"], [4, 4], [3, 10, 8])
    assert err.endswith(f"{BROKEN}\n")


def test_what_is_not_there(cli, tmp_path):
    for name, words in (("pictures/none", "there is no file or folder pictures/none"), ("x.npz", "there is no file or folder x.npz")):
        status, out, err = cli("train", "lenet", "--data", name)
        assert (status, out, err.splitlines()[0]) == (1, "", f"Error: {words}")
    assert not (tmp_path / "runs").exists()
