"""Options of `minicnn train` around the optimizer's step: recorded, resumed with the same bits, and when training ends early."""

import json

import numpy as np
import pytest

from minicnn.storage import load_arrays

AROUND = ("--nesterov", "--decay", "weights", "--warmup", 0.5, "--clip-norm", 1, "--accumulate", 3, "--ema", 0.9, "--patience", 9)
RUN = ("lenet", "--batch-size", 64, "--validation", 0.2, "--optimizer", "sgd", "--schedule", "one-cycle")


def arrays(folder):
    return {
        f"{name}: {key}": array for name in ("best", "checkpoint") for key, array in load_arrays(folder / f"{name}.safetensors")[0].items()
    }


@pytest.mark.parametrize("given", [AROUND, ("--ema", 0.99), ("--accumulate", 4)], ids=["all", "averaged", "accumulated"])
def test_a_run_with_them_records_them_and_resumes_with_the_same_bits(cli, tmp_path, given):
    assert cli("train", *RUN, *given, "--epochs", 3, "--out", "whole", "--threads", 1)[0] == 0
    assert cli("train", *RUN, *given, "--epochs", 3, "--out", "parts", "--threads", 2, "--quiet")[0] == 0
    settings = json.loads((tmp_path / "whole" / "run.json").read_text())["settings"]
    if given is AROUND:
        kept = {"decay": "weights", "warmup": 0.5, "clip_norm": 1.0, "accumulate": 3, "ema": 0.9, "patience": 9}
        assert {name: settings[name] for name in kept} == kept
        assert settings["optimizer_settings"] == {"nesterov": True}
    for folder in ("whole", "parts"):
        assert cli("train", "--resume", folder, "--epochs", 5, *given)[0] == 0
    for name, array in arrays(tmp_path / "whole").items():
        np.testing.assert_array_equal(array, arrays(tmp_path / "parts")[name], err_msg=name)


def test_the_heading_says_what_differs_from_other_runs(cli):
    _, _, err = cli("train", *RUN, *AROUND, "--epochs", 1)
    words = "nesterov, decay of weights, warm-up 0.5, clipped to 1, 3 batches an update, averaged by 0.9, patience 9; batch 64"
    assert words in " ".join(err.split())


def test_training_ends_when_validation_has_not_improved_and_keeps_the_best(cli, tmp_path):
    """At a rate of 0 no epoch is better than the first."""
    common = ("lenet", "--validation", 0.2, "--learning-rate", 0, "--patience", 2, "--out", "run")
    status, out, err = cli("train", *common, "--epochs", 9, "--format", "json")
    events = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [event["event"] for event in events] == ["start", "epoch", "epoch", "epoch", "end"]
    assert "validation has not improved for 2 epochs: training ended after epoch 3" in err
    assert events[-1]["kept_epoch"] == 1
    history = (tmp_path / "run" / "history.jsonl").read_text()
    status, _, err = cli("train", "--resume", "run", "--epochs", 20)
    assert status == 0
    assert "validation has not improved for 2 epochs: training ended after epoch 3; a new run may have more" in err
    assert (tmp_path / "run" / "history.jsonl").read_text() == history


def test_patience_without_validation_is_a_mistake(cli):
    status, out, err = cli("train", "lenet", "--patience", 3)
    assert (status, out) == (1, "")
    assert "patience needs images that are not trained on" in err
