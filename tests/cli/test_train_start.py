"""What a run starts with and what it minimizes: other weights, frozen layers, the loss; recorded, and the same after a resume."""

import json

import numpy as np
import pytest

from minicnn.storage import load_arrays

GIVEN = ("--freeze", "conv*", "--freeze", "fc1", "--label-smoothing", 0.1)


def arrays(folder, file="best"):
    return load_arrays(folder / f"{file}.safetensors")[0]


def test_weights_of_a_run_frozen_and_with_smoothed_labels_resumed_with_the_same_bits(cli, tmp_path, trained):
    begin = ("lenet", "--weights", trained, *GIVEN, "--schedule", "constant")
    status, _, err = cli("train", *begin, "--epochs", 2, "--out", "whole")
    assert status == 0, err
    assert f"weights of {trained / 'best.safetensors'}: conv1, conv2, fc1, fc2, fc3 taken\n" in err
    assert "frozen conv* fc1, label smoothing 0.1" in " ".join(err.split())
    assert cli("train", *begin, "--epochs", 1, "--out", "parts", "--quiet")[0] == 0
    assert cli("train", "--resume", "parts", "--epochs", 2, *GIVEN, "--weights", trained)[0] == 0
    there, whole, parts = arrays(trained), arrays(tmp_path / "whole"), arrays(tmp_path / "parts")
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name], err_msg=name)
        assert np.array_equal(whole[name], there[name]) is name.startswith(("conv", "fc1")), name
    settings = json.loads((tmp_path / "parts" / "run.json").read_text())["settings"]
    assert (settings["freeze"], settings["loss"]["label_smoothing"]) == (["conv*", "fc1"], 0.1)
    for option, value in (("--label-smoothing", 0.2), ("--loss", "dice"), ("--freeze", "fc3"), ("--weights", tmp_path / "parts")):
        status, _, err = cli("train", "--resume", "parts", "--epochs", 3, option, value)
        assert (status, err.partition(":")[2].partition(":")[0]) == (
            1,
            f" a resumed run keeps its {option[2:].split('-')[0].replace('label', 'loss')}",
        )


def test_a_run_killed_before_its_first_checkpoint_starts_from_the_same_weights(cli, tmp_path, trained):
    (tmp_path / "weights.safetensors").write_bytes((trained / "best.safetensors").read_bytes())
    given = ("--weights", "weights.safetensors", "--epochs", 1)
    assert cli("train", "lenet", *given, "--out", "run", "--quiet")[0] == 0
    kept = arrays(tmp_path / "run")
    (tmp_path / "run" / "checkpoint.safetensors").unlink()
    (tmp_path / "run" / "best.safetensors").unlink()
    status, _, err = cli("train", "--resume", "run", "--quiet")
    assert status == 0, err
    for name, array in arrays(tmp_path / "run").items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)
    (tmp_path / "run" / "checkpoint.safetensors").unlink()
    (tmp_path / "weights.safetensors").write_bytes((tmp_path / "run" / "best.safetensors").read_bytes())
    status, _, err = cli("train", "--resume", "run")
    assert status == 1
    assert "weights.safetensors does not have the weights that the run was started with" in err


def test_a_loss_by_name_in_any_spelling(cli, tmp_path):
    assert cli("train", "unet-small", "--data", "cells", "--loss", "dices", "--epochs", 1)[2].startswith(
        "Error: there is no loss called 'dices': did you mean Dice?"
    )
    status, _, err = cli("train", "lenet", "--loss", "binary-cross-entropy", "--label-smoothing", 0.1)
    assert (status, err.splitlines()[0]) == (
        1,
        "Error: label smoothing is a setting of SoftmaxCrossEntropy, but the loss is BinaryCrossEntropy",
    )
    assert cli("train", "lenet", "--loss", "softmax-cross-entropy", "--epochs", 1, "--out", "run", "--quiet")[0] == 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["settings"]["loss"]["type"] == "SoftmaxCrossEntropy"


@pytest.mark.parametrize("given", [("--freeze", "convolution9"), ("--weights", "runs/none"), ("--weights", "text.txt")])
def test_what_is_not_there_is_named_and_leaves_no_folder(cli, tmp_path, given):
    (tmp_path / "text.txt").write_text("no weights")
    status, out, err = cli("train", "lenet", "--epochs", 1, "--out", "run", *given)
    assert (status, out) == (1, "")
    assert str(given[1]) in err.splitlines()[0]
    assert not (tmp_path / "run").exists()


def test_a_loss_that_needs_a_function_is_no_name_of_one(cli):
    status, _, err = cli("train", "lenet", "--loss", "FunctionLoss")
    assert (status, err.splitlines()[0]) == (1, "Error: there is no loss called 'FunctionLoss'")
    assert "FunctionLoss" not in err.splitlines()[1]


def test_a_resumed_run_says_which_loss_it_keeps(cli, tmp_path):
    assert cli("train", "lenet", "--epochs", 1, "--quiet", "--out", "run", "--label-smoothing", 0.1)[0] == 0
    status, _, err = cli("train", "--resume", "run", "--label-smoothing", 0.2)
    assert (status, err.splitlines()[0]) == (
        1,
        "Error: a resumed run keeps its loss: it was started with SoftmaxCrossEntropy(label_smoothing=0.1),"
        " but gets SoftmaxCrossEntropy(label_smoothing=0.2)",
    )


def test_a_loss_of_yes_and_no_says_that_it_cannot_tell_ten_classes(cli):
    status, _, err = cli("train", "lenet", "--loss", "BinaryCrossEntropy")
    assert (status, err.splitlines()[0]) == (1, "Error: digits has 10 classes, but BinaryCrossEntropy compares with 2: labels 0 to 1")
