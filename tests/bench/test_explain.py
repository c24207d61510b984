"""What `bench --explain` says is what the kernels do."""

import json
from collections import OrderedDict

import numpy as np
import pytest
from click.testing import CliRunner

from minicnn.bench.explain import explanations
from minicnn.bench.options import Options
from minicnn.cli.main import group
from minicnn.geometry import Axis
from minicnn.kernels import conv2d
from minicnn.kernels.cpu.convolution import ways
from minicnn.kernels.cpu.convolution.choice import VARIABLE
from minicnn.kernels.cpu.convolution.problem import FORWARD, Images, Problem
from minicnn.kernels.cpu.program import call


@pytest.fixture(autouse=True)
def free_choice(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def explained(pattern, *batches, passes=("forward", "input", "weight")):
    return list(explanations(Options(1, layers=pattern, batches=batches or None, passes=passes)))


def test_every_convolution_of_the_set_and_of_a_network():
    assert {each.work for each in explained("alexnet-conv3", 64)} == {"forward", "input gradient", "weight gradient"}
    found = explained("resnet20:*", passes=("forward",))
    assert len(found) == 19
    assert found[0].way == "lane an image"
    assert all(each.cycles.get(each.way, each.cycles["direct"]) == min(each.cycles.values()) for each in found)


@pytest.mark.parametrize(
    ("name", "batch", "way"),
    [
        ("resnet50-3x3", 64, "winograd4"),
        ("resnet50-3x3", 8, "winograd4"),
        ("alexnet-conv2", 64, "winograd2"),
        ("alexnet-conv2", 1, "winograd2"),
        ("lenet-conv2", 128, "lane an image"),
        ("alexnet-conv3", 1, "lane a column"),
        ("resnet50-1x1", 64, "image by image"),
        ("mobilenet-3x3dw", 64, "depthwise"),
        ("alexnet-unshared", 1, "position by position"),
        ("alexnet-tiled", 64, "lane an image"),
    ],
)
def test_forward(name, batch, way):
    (found,) = explained(name, batch, passes=("forward",))
    assert found.way == way


@pytest.mark.parametrize(("images", "channels"), [(1, 64), (8, 64), (8, 16), (16, 32), (16, 16)])
def test_calls_go_that_way(images, channels, monkeypatch):
    gone = []

    def telling(way):
        return way._replace(how=way.how._replace(append=lambda *arguments: (gone.append(way.name), way.how.append(*arguments))))

    ways.chosen.cache_clear()
    monkeypatch.setattr(ways, "WAYS", [telling(way) if isinstance(way.how, ways.Steps) else way for way in ways.WAYS])
    monkeypatch.setattr(call, "_programs", OrderedDict())
    conv2d(np.zeros((images, channels, 56, 56), np.float32), np.zeros((32, channels, 3, 3), np.float32), padding=1)
    problem = Problem(FORWARD, (Axis(56, 3, 1, 1, 1, 1, 56),) * 2, 1, (1, 1), False, channels, 32)
    assert gone == [ways.choose(problem, Images(images)).name]
    ways.chosen.cache_clear()
    assert gone[0].startswith("winograd") == (channels >= 32)


def test_taken_away(monkeypatch):
    monkeypatch.setenv(VARIABLE, "winograd2")
    (found,) = explained("resnet50-3x3", 64, passes=("forward",))
    assert (found.way, found.reason) == ("winograd2", f"{VARIABLE} says so")


def test_command():
    run = CliRunner().invoke(group, ["bench", "--explain", "--layers", "alexnet-conv3", "--batch", "64"])
    assert run.exit_code == 0
    assert "winograd4" in run.output
    run = CliRunner().invoke(group, ["bench", "--explain", "--layers", "alexnet-conv3", "--format", "json"])
    assert len(json.loads(run.output)) == 9


def test_unknown_layer():
    run = CliRunner().invoke(group, ["bench", "--explain", "--layers", "nothing"])
    assert "no convolution is called" in str(run.exception)
