"""`minicnn bench --curve` and several peers: tables on made-up figures, JSON, and arguments.  No time is ever asserted."""

from __future__ import annotations

import json

import pytest

from minicnn import bench
from minicnn.bench import Curve, Looks, Machine, Row, Timing
from minicnn.cli.commands import bench as command

MACHINE = Machine("AMD EPYC of a long name", 2, 2, 16, 5.6e11, 2.8e11, 4.5e10, 0.3, {"minicnn": "0.1.0"})
OURS = Looks("minicnn", ((9e-5, 5e-5, 6e-5, 2e-5),) * 3)
PEER = Looks("onnxruntime", ((3e-5, 4e-5, 3e-5, 4e-5),) * 3)
STEEP = Curve("infer", "lenet", "forward", (1, 2, 3, 65), (OURS, PEER))
FLAT = Curve("infer", "alexnet-torchvision", "forward", (1, 2), (Looks("minicnn", ((1.0, 1.02),)),))


@pytest.fixture
def drawn(monkeypatch):
    """The command with these records instead of measurements; what it was asked for."""
    asked = []

    def setup(*records):
        def measured(suites, options, found):
            asked.append((suites, options))
            found.extend(records)
            return MACHINE, True

        monkeypatch.setattr(command, "_measured", measured)
        return asked

    return setup


@pytest.mark.parametrize("columns", [60, 80, 100, None])
def test_nothing_is_cut(cli, drawn, monkeypatch, columns):
    if columns is not None:
        monkeypatch.setenv("COLUMNS", str(columns))
    drawn(STEEP, FLAT)
    status, out, err = cli("bench", "infer", "--curve")
    assert (status, err) == (0, "")
    assert "lenet forward: 1 cliff: 2 to 3 +20 %" in out
    assert "alexnet-torchvision forward: no cliff: at most +2 %, from 1 to 2" in out
    assert "a cliff above 10 %" in " ".join(out.split())
    assert "…" not in out
    if columns is not None and columns >= 80:
        assert max(map(len, out.splitlines())) <= columns


def test_the_table(cli, drawn):
    drawn(STEEP)
    _, out, _ = cli("bench", "infer", "--curve")
    lines = [line.split() for line in out.splitlines()]
    assert ["1", "image", "90.0", "us", "90.0", "us", "30.0", "us", "0.33x"] in lines
    assert ["3", "images", "180", "us", "60.0", "us", "+20", "%", "cliff", "30.0", "us", "0.50x"] in lines
    assert ["65", "images", "1.30", "ms", "20.0", "us", "40.0", "us", "2.00x"] in lines


def test_json(cli, drawn):
    drawn(STEEP, FLAT)
    status, out, err = cli("bench", "infer", "--curve", "--format", "json")
    assert (status, err) == (0, "")
    first, second = json.loads(out)["records"]
    assert first["kind"] == "curve"
    assert first["cliffs"] == [{"before": 2, "batch": 3, "rise": pytest.approx(1.2)}]
    assert second["best_peer_image_seconds"] == [None, None]


def test_progress_tells_cliffs(cli, monkeypatch):
    monkeypatch.setattr(bench, "measure_machine", lambda *_: MACHINE)
    monkeypatch.setattr(bench, "run", lambda suite, options: iter((STEEP,)))
    assert cli("bench", "infer", "--curve")[2] == "lenet forward: 1 cliff: 2 to 3 +20 %\n"


def test_batches_and_peers_as_lists(cli, drawn):
    asked = drawn(FLAT)
    cli("bench", "infer", "--batch", "1-3,8", "--batch", "2-4", "--against", "torch,onnxruntime", "--against", "openvino", "--curve")
    ((suites, options),) = asked
    assert suites == ("infer",)
    assert options.batches == (1, 2, 3, 8, 4)
    assert options.against == ("torch", "onnxruntime", "openvino")
    assert options.curve


def test_a_peer_that_runs_networks_forward_leaves_training_out(cli, drawn):
    asked = drawn(FLAT)
    cli("bench", "--against", "openvino")
    cli("bench", "--against", "openvino,torch")
    assert [suites for suites, _ in asked] == [("infer",), ("train", "infer")]


def test_rows_at_a_glance(cli, drawn):
    """The fastest of the peers, and its time over ours."""
    timings = (Timing("minicnn", 1.0, (0.1,)), Timing("torch", 1.0, (0.3,)), Timing("openvino", 1.0, (0.09,)))
    drawn(Row("infer", "vgg16", "forward", 4, timings, 10**9))
    _, out, _ = cli("bench", "infer")
    assert ["vgg16", "forward", "4", "100", "ms", "openvino", "90.0", "ms", "0.90x"] in [line.split() for line in out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--batch", "0"), 2, "'0' counts no images: from 1 on"),
        (("--batch", "5-2"), 2, "'5-2' counts no images"),
        (("--batch", "1-x"), 2, "'1-x' is not a number of images, nor several as in 1-17,32"),
        (("--against", "torch,onnx"), 2, "'onnx' is not one of 'torch', 'torch-tf32', 'onnxruntime', 'openvino'"),
        (("kernels", "--curve"), 1, "kernels has no curve over the batch"),
        (("train", "--against", "onnxruntime"), 1, "train is not what onnxruntime does: it runs networks forward"),
    ],
)
def test_errors_are_words(cli, arguments, status, words):
    code, out, err = cli("bench", *arguments)
    assert (code, out) == (status, "")
    assert words in err
