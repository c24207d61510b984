"""`--data-dir` without `--data`: what the folder holds is meant, never silently something else."""

import json

import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path):
    """A folder with small data sets of these names, 20 images each."""

    def make(*names):
        rng = np.random.default_rng(0)
        for name in names:
            (tmp_path / "data" / name).mkdir(parents=True)
            for split in ("train", "t10k"):
                images, labels = rng.integers(0, 256, (20, 28, 28), np.uint8), np.arange(20, dtype=np.uint8) % 10
                for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
                    sizes = np.array(array.shape, ">i4").tobytes()
                    (tmp_path / "data" / name / f"{split}-{kind}-ubyte").write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())
        return tmp_path / "data"

    return make


def test_what_a_folder_holds_is_trained_on(cli, folder):
    status, out, _ = cli("train", "lenet", "--epochs", 1, "--quiet", "--data-dir", folder("mnist"))
    assert status == 0
    assert out.rstrip().endswith("runs/lenet-mnist-1")


def test_a_folder_that_holds_nothing_of_the_kind(cli, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_bytes(b"")
    status, out, err = cli("train", "lenet", "--epochs", 1, "--data-dir", "photos")
    assert (status, out) == (1, "")
    assert err.splitlines()[0] == f"Error: {tmp_path / 'photos'} holds no known data set"
    assert "without --data-dir it is digits" in err
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_holds_several(cli, folder):
    status, out, err = cli("train", "lenet", "--data-dir", folder("mnist", "kmnist"))
    assert (status, out) == (1, "")
    assert err.splitlines()[0].endswith("holds mnist, kmnist: which one?")


def test_evaluate_and_resume(cli, trained, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for arguments in (("evaluate", trained), ("train", "--resume", trained, "--epochs", 9)):
        status, out, err = cli(*arguments, "--data-dir", "empty")
        assert (status, out) == (1, "")
        assert "empty holds no known data set" in err
    assert json.loads(cli("evaluate", trained, "--data-dir", folder("mnist"), "--format", "json")[1])["data"] == "mnist"
    status, _, err = cli("train", "--resume", trained, "--epochs", 9, "--data-dir", tmp_path / "data")
    assert (status, err.splitlines()[0]) == (1, "Error: a resumed run keeps its data: it was started with 'digits', but gets 'mnist'")
