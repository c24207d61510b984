"""The time an image over the batch, on made-up figures: which rises are cliffs, what the table and the JSON say."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from minicnn import bench
from minicnn.bench import Curve, Looks, Options, infer, networks, train
from minicnn.bench.curve import follow
from minicnn.bench.protocol import Contestant
from minicnn.errors import SettingError


def curve(*looks, batches=(1, 2, 3, 5, 6), peers=()):
    return Curve("infer", "lenet", "forward", batches, (Looks("minicnn", looks), *peers))


def test_a_rise_of_more_than_a_tenth_is_a_cliff():
    found = curve((1.0, 0.5, 0.56, 0.9, 0.98))
    assert found.rises() == [None, 0.5, pytest.approx(1.12), None, pytest.approx(0.98 / 0.9)]
    assert [(each.before, each.batch) for each in found.cliffs()] == [(2, 3)]
    assert found.steepest() == found.cliffs()[0]


def test_batches_that_are_not_neighbours_are_not_compared():
    found = curve((1.0, 3.0, 9.0), batches=(1, 3, 5))
    assert found.rises() == [None] * 3
    assert (found.cliffs(), found.steepest()) == ([], None)


def test_the_middle_of_the_looks_decides():
    """One look that something disturbed makes no cliff, and hides none."""
    quiet, disturbed = (1.0, 0.8), (1.0, 2.0)
    assert not curve(quiet, disturbed, quiet, batches=(1, 2)).cliffs()
    assert curve(disturbed, quiet, disturbed, batches=(1, 2)).cliffs()


def test_a_machine_that_becomes_slower_makes_no_cliff():
    """Neighbours are compared within a look."""
    looks = [tuple(slow * each for each in (1.0, 0.9, 0.8)) for slow in (1, 2, 3)]
    assert not curve(*looks, batches=(1, 2, 3)).cliffs()


def test_the_best_peer_counts_at_every_batch():
    peers = (Looks("torch", ((4.0, 1.0),)), Looks("onnxruntime", ((2.0, 3.0),)))
    found = curve((1.0, 1.0), batches=(1, 2), peers=peers)
    assert found.best_peer_seconds() == [2.0, 1.0]
    assert curve((1.0, 1.0), batches=(1, 2)).best_peer_seconds() == [None, None]


def test_json():
    found = json.loads(json.dumps(replace(curve((1.0, 0.5, 0.56, 0.9, 0.98)), rest=0.3).to_dict(), allow_nan=False))
    assert (found["kind"], found["batches"], found["disturbed"]) == ("curve", [1, 2, 3, 5, 6], True)
    assert found["cliffs"] == [{"before": 2, "batch": 3, "rise": pytest.approx(1.12)}]
    assert found["looks"] == [{"name": "minicnn", "seconds": [[1.0, 0.5, 0.56, 0.9, 0.98]]}]


def test_batches_are_looked_at_in_turns(hasty):
    """From the smallest to the largest, and that three times; times are those of one image."""
    asked, now = [], [0.0]
    protocol = replace(hasty, clock=lambda: now[0], sleep=lambda _: None)

    def contestants(batch):
        asked.append(batch)

        def call():
            now[0] += 6.0

        yield Contestant("minicnn", call)

    found = follow("infer", "lenet", "forward", (3, 1, 2, 1), contestants, Options(1, protocol=protocol))
    assert asked == [1, 2, 3] * 3
    assert found.batches == (1, 2, 3)
    assert found.looks == (Looks("minicnn", ((6.0, 3.0, 2.0),) * 3),)


@pytest.mark.parametrize("suite", [infer, train])
def test_a_real_curve(torch, hasty, suite):
    (found,) = suite.rows(Options(1, ("torch",), hasty, layers="lenet", batches=(1, 2), quick=True, curve=True))
    assert (found.name, found.batches, len(found.looks)) == ("lenet", (1, 2), 5 if suite is train else 3)
    assert all(seconds > 0 for each in found.looks for look in each.seconds for seconds in look)


def test_curves_begin_at_one_image():
    """Every network from one image on, without a gap, to two images beyond the vectors of any machine."""
    for work, most in ((infer.CURVES, 65), (train.CURVES, 33)):
        assert all(networks.is_known(name) for name, _ in work)
        assert {batches for name, batches in work if name != "vgg16"} == {tuple(range(1, most + 1))}


@pytest.mark.parametrize("name", networks.SHARING)
def test_networks_of_the_bench(name):
    net = networks.build(name)
    assert net.name == name
    assert net.topology.output_shapes == ((10,),)
    assert "sharing" in repr(net.block) or net.summary().layers[3].settings


def test_any_network_is_a_row_by_its_name():
    options = Options(1, layers="cmu-exercise")
    assert "cmu-exercise" in infer.names(options)
    assert [name for name, _ in networks.chosen(infer.WORK, options, (7,))] == ["cmu-exercise"]
    assert [name for name, _ in networks.chosen(infer.WORK, Options(1, layers="resnet*"), (7,))] == ["resnet18", "resnet20"]


@pytest.mark.parametrize(
    ("suite", "settings", "words"),
    [
        ("kernels", {"curve": True}, "kernels has no curve over the batch\n  leave out --curve, or choose from train, infer"),
        ("train", {"against": ("onnxruntime", "openvino")}, "train is not what onnxruntime and openvino does: it runs networks forward"),
        ("infer", {"against": ("openvino",), "device": "cuda"}, "openvino is measured on the CPU"),
        ("infer", {"against": ("torch", "torch-tf32"), "device": "cuda"}, "one PyTorch in two settings"),
    ],
)
def test_what_a_suite_does_not_do(suite, settings, words):
    with pytest.raises(SettingError, match=words.replace("(", "\\(")):
        next(bench.run(suite, Options(1, **settings)))
