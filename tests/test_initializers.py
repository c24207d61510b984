"""What weights start from: by layer, for a network, on the command line."""

import copy
import hashlib

import numpy as np
import pytest

import minicnn
from minicnn import initializers, zoo
from minicnn import layers as L
from minicnn.errors import CheckpointError, SettingError
from minicnn.initializers import Constant, Gaussian, Orthogonal, checked
from minicnn.train.settings import RunSettings


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("he", "he-uniform"),
        ("glorot-normal", "glorot-normal"),
        ("gaussian", "gaussian=0.01"),
        (Gaussian(), "gaussian=0.01"),
        (Gaussian(0.02), "gaussian=0.02"),
        ("orthogonal", "orthogonal=1.0"),
        (Orthogonal(1.4), "orthogonal=1.4"),
        (Constant(-2), "constant=-2.0"),
        ("zeros", "zeros"),
    ],
)
def test_normal_forms(given, normal):
    assert checked("here", given) == checked("here", normal) == normal


@pytest.mark.parametrize(
    "given", ["", "xavier", "gaussian=", "he=2", "gaussian=0", "gaussian=nan", "orthogonal=-1", "constant", 3, None, "zeros=1"]
)
def test_others_are_refused(given):
    if given == "gaussian=":
        assert checked("here", given) == "gaussian=0.01"
        return
    with pytest.raises(SettingError, match=r"^here: init "):
        checked("here", given)
    if given is not None:
        with pytest.raises(SettingError, match=r"^Conv2D: init "):
            L.Conv2D(3, 3, init=given)
    with pytest.raises(SettingError):
        Gaussian(-1)


def network(**first):
    return L.Sequential(
        L.Conv2D(16, 5, groups=2, **first), L.ReLU(), L.ConvTranspose2D(8, 2), L.MaxPool2D(2), L.BatchNorm2D(), L.Flatten(), L.Linear(30)
    )


def variances(net):
    return {name.rpartition(".")[0]: float(values.var()) for name, values in net.parameters.items() if values.ndim > 1}


def test_a_layer_says_its_own_and_the_network_the_rest():
    shape = (8, 12, 12)
    usual, glorot = minicnn.Graph(network(), shape), minicnn.Graph(network(init=Gaussian(0.3)), shape, init="glorot")
    found = variances(glorot)
    assert found["conv1"] == pytest.approx(0.09, rel=0.1)
    assert found["up1"] == pytest.approx(2 / (16 * 4 + 8 * 4), rel=0.2)
    assert found["fc1"] == pytest.approx(2 / (8 * 4 * 4 + 30), rel=0.1)  # not a tenth: somebody asked for it
    assert variances(usual)["fc1"] == pytest.approx(2 / (8 * 4 * 4) / 100, rel=0.1)
    groups = variances(minicnn.Graph(network(init="glorot-normal"), shape))["conv1"]
    assert groups == pytest.approx(2 / (4 * 25 + 8 * 25), rel=0.1)
    assert (glorot.parameters["bn1.weight"] == 1).all()
    assert not glorot.parameters["conv1.bias"].any()


@pytest.mark.parametrize("name", ["lenet", "lenet5-1998", "resnet20"])
def test_left_alone_networks_start_as_ever(name):
    digests = {
        "lenet": "78acbf3dbd3b586e",
        "lenet5-1998": "5f328e27f48a0fd1",
        "resnet20": "970ff34e5456c281",
    }
    assert hashlib.sha256(zoo.build(name).parameter_memory.tobytes()).hexdigest()[:16] == digests[name]


def test_every_layer_with_weights_has_the_setting():
    def taps(k, p, q, c, r, s):
        return c, p + r, q + s, r * 2 + s

    for layer in (
        L.TableConv2D(((0, 1), (1,)), 3, init="orthogonal"),
        L.ConvTranspose2D(3, 2, init="orthogonal"),
        L.Conv2D(3, 2, sharing="unshared", init="orthogonal"),
        L.Conv2D(3, 2, sharing="unshared", init="lecun"),
        L.Variant(taps, (2, 5, 5), (2, 2, 2), init="gaussian=0.5"),
    ):
        net = minicnn.Graph(layer, (2, 6, 6))
        assert np.isfinite(net.parameter_memory).all()
        assert layer.init in repr(layer)


def test_files_and_copies_keep_it(tmp_path):
    net = minicnn.Graph(network(init=Orthogonal()), (8, 12, 12), init="lecun-normal")
    net.save(tmp_path / "net.safetensors")
    again = minicnn.load(tmp_path / "net.safetensors")
    assert again.architecture() == net.architecture() == copy.deepcopy(net).architecture()
    drawn = minicnn.Graph.from_architecture(net.architecture())
    assert drawn.parameter_memory.tobytes() == net.parameter_memory.tobytes()
    assert "init" not in minicnn.Graph(network(), (8, 12, 12)).architecture()


def test_zoo_and_runs_take_it():
    net = zoo.build("lenet", init="gaussian")
    assert net.parameters["fc1.weight"].std() == pytest.approx(0.01, rel=0.05)
    settings = RunSettings.completed({"network": "lenet", "init": "glorot"}, 1000)
    assert settings.init == "glorot-uniform"
    assert settings.continued({"init": "glorot"}) == settings == RunSettings.from_json(settings.to_json(), "run")
    with pytest.raises(SettingError, match="a resumed run keeps its init"):
        settings.continued({"init": "he"})
    with pytest.raises(SettingError, match=r"init 'glorto' is not known: did you mean glorot"):
        RunSettings.completed({"network": "lenet", "init": "glorto"}, 1000)
    with pytest.raises(CheckpointError):
        RunSettings.from_json({**settings.to_json(), "init": 3}, "run")
    older = {name: value for name, value in settings.to_json().items() if name != "init"}
    assert RunSettings.from_json(older, "run").init is None


def test_the_package_has_it():
    assert minicnn.initializers is initializers
