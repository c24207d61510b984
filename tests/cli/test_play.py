"""`minicnn play`: what it writes, and what it refuses. tests/page opens what it writes."""

import json

import pytest

from minicnn import zoo
from minicnn.cli.main import run
from minicnn.train import Preparation, TrainedNetwork


def assets(path):
    return json.loads(path.read_text().partition('id="assets">')[2].partition("</script>")[0].replace("<\\/", "</"))


def test_a_trained_network_brings_its_weights(tmp_path, capsys):
    net = zoo.build("mnist1d-cnn", seed=5)
    trained = TrainedNetwork(net, Preparation((1, 40), (0.1,), (0.7,), 1.0), tuple("0123456789"), (1, 40), "mnist1d", 3)
    trained.save(tmp_path / "net.safetensors")
    assert run(["play", str(tmp_path / "net.safetensors"), "--no-open", "--out", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'page.html'}: ")
    network = assets(tmp_path / "page.html")["tasks"]["mnist1d-cnn"]["network"]
    assert network["parameters"]
    assert json.loads(network["metadata"]["epoch"]) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["alexnet"], "alexnet has 58,299,088 parameters, more than the 2,000,000 that a page takes"),
        (["yolo-digits", "--data", "cells"], "yolo-digits is trained by YOLO, for 12 x 12 x 12 outputs, but cells asks for mask"),
        (["lenet", "--data", "cells"], "for 2 outputs, but cells asks for mask"),
        (["lenet", "--out", "page.txt"], "play: page.txt does not end in .html"),
        (["lenet", "--variant", "nothing.py:mine"], "there is no file nothing.py"),
        (["nonet"], "nonet"),
    ],
)
def test_what_cannot_be_a_page(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["play", *arguments, "--no-open"]) == 1
    assert words in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
