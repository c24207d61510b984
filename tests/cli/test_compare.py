"""`minicnn compare RUN...`: what differs and what came of it, as a table, curves, a picture and JSON."""

import json
import shutil
import xml.etree.ElementTree as ElementTree

import pytest


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Two short runs and a set of two seeds.  Not to be written to."""
    import os

    from minicnn.cli.main import main

    folder, here = tmp_path_factory.mktemp("others"), os.getcwd()
    os.chdir(folder)
    try:
        for words in (
            "train lenet --epochs 2 --out adam --optimizer adam --quiet",
            "train lenet --epochs 2 --out held --validation 0.2 --label-smoothing 0.1 --quiet",
            "train lenet --epochs 2 --out set --repeat 2 --quiet",
        ):
            with pytest.raises(SystemExit) as stopped:
                main(words.split())
            assert not stopped.value.code
    finally:
        os.chdir(here)
    return folder


def test_settings_that_differ_and_results_stand_side_by_side(cli, trained, others, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    status, out, err = cli("compare", trained, others / "adam")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    rows = [line.split() for line in out.splitlines()]
    for row in (
        ["run", "adam"],
        ["epochs", "4", "2"],
        ["optimizer", "sgd", "adam"],
        ["momentum", "0.9", "-"],
        ["parameters", "61,706", "61,706"],
    ):
        assert row in rows
    headings = [line.split("  ")[0] for line in out.splitlines()]
    assert not {"network", "data", "seed", "beta1", "nesterov", "finished"} & set(headings)
    assert {"test accuracy", "test loss", "train loss", "training"} <= set(headings)
    assert "loss (training dashed)" in out
    assert "accuracy, %" in out


def test_a_set_is_one_side_with_its_spread_and_alone_seed_by_seed(cli, trained, others):
    _, out, _ = cli("compare", others / "set", trained)
    assert "\u00b1" in next(line for line in out.splitlines() if line.startswith("test accuracy"))
    assert next(line for line in out.splitlines() if line.startswith("seeds")).split() == ["seeds", "2", "1"]
    _, out, _ = cli("compare", others / "set")
    assert out.splitlines()[0].split() == ["seed-0", "seed-1"]
    assert next(line for line in out.splitlines() if line.startswith("seed ")).split() == ["seed", "0", "1"]


def test_the_result_of_a_finished_run_is_that_of_the_test_images(cli, trained, others):
    """Also where held-out images chose the epoch."""
    evaluated = json.loads(cli("evaluate", others / "held", "--format", "json")[1])
    found = json.loads(cli("compare", others / "held", trained, "--format", "json")[1])
    assert found["runs"][0]["metrics"]["accuracy"]["mean"] == pytest.approx(evaluated["accuracy"])
    assert found["differences"]["label_smoothing"] == [0.1, 0.0]
    assert [len(history) for history in found["runs"][0]["histories"]] == [2]
    assert found["runs"][1]["histories"][0][0]["train_loss"] > 0


def test_a_picture_has_the_curves(cli, trained, others, tmp_path):
    status, _, err = cli("compare", trained, others / "adam", "--out", "curves.svg", "--format", "json")
    assert (status, err) == (0, "")
    text = (tmp_path / "curves.svg").read_text()
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert "adam test" in text


def test_a_run_under_way_and_a_broken_history_are_shown_as_far_as_they_go(cli, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "broken")
    lines = (tmp_path / "broken" / "history.jsonl").read_text().splitlines()
    (tmp_path / "broken" / "history.jsonl").write_text("\n".join([*lines[:2], lines[2][:40]]))
    told = json.loads((tmp_path / "broken" / "run.json").read_text())
    del told["result"]
    (tmp_path / "broken" / "run.json").write_text(json.dumps(told))
    found = json.loads(cli("compare", "broken", trained, "--format", "json")[1])
    assert [len(run["histories"][0]) for run in found["runs"]] == [2, 4]
    assert [run["finished"] for run in found["runs"]] == [False, True]


def test_what_is_no_run_is_named(cli, tmp_path, trained):
    assert cli("compare", trained, "nothing")[2].startswith("Error: there is no run folder nothing")
    assert cli("compare")[0] == 2
