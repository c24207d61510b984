"""Files of weights in our networks: names, precisions, and one message that says all that does not fit."""

import numpy as np
import pytest

from minicnn import layers as L
from minicnn import zoo
from minicnn.errors import CheckpointError
from minicnn.exchange.weights import under_their_names, write_torch
from minicnn.network import Graph
from minicnn.storage import load_arrays, save_arrays
from tests.exchange.torch_networks import difference, randomized, torch

TOLERANCE = 1e-5  # of the largest output


def small_net(classes=3):
    return Graph(L.Sequential(L.Conv2D(2, 3), L.BatchNorm2D(), L.ReLU(), L.Flatten(), L.Linear(classes)), (1, 5, 5), name="small")


def small_module(classes=3):
    nn = torch.nn
    return randomized(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(18, classes)))


def own_names(module):
    """The arrays of `small_module` under our names."""
    places = {"0": "conv1", "1": "bn1", "4": "fc1"}
    return {f"{places[name[0]]}{name[1:]}": value for name, value in module.state_dict().items() if not name.endswith("tracked")}


def test_a_sequential_by_places(tmp_path):
    module, net = small_module(), small_net()
    torch.save(module.state_dict(), tmp_path / "x.pth")
    loaded = net.load_weights(tmp_path / "x.pth")
    assert loaded.text() == "8 arrays under the names of torch.nn.Sequential"
    assert difference(net, module) < TOLERANCE


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.module."])
def test_prefixes_of_wrappers(tmp_path, prefix):
    module, net = small_module(), small_net()
    torch.save({"state_dict": {f"{prefix}{name}": value for name, value in module.state_dict().items()}}, tmp_path / "x.pth")
    assert net.load_weights(tmp_path / "x.pth").notes == (f"{prefix!r} before every name was left out",)
    assert difference(net, module) < TOLERANCE


@pytest.mark.parametrize(
    ("kind", "words"), [("half", "float16 became float32, without loss"), ("double", "float64 became float32, rounded")]
)
def test_other_precisions_are_said(tmp_path, kind, words):
    module, net = small_module(), small_net()
    torch.save({name: getattr(value, kind)() for name, value in module.state_dict().items()}, tmp_path / "x.pth")
    assert net.load_weights(tmp_path / "x.pth").notes == (f"8 arrays of {words}",)
    expected = getattr(module[0].weight.detach(), kind)().float().numpy()
    np.testing.assert_array_equal(net.parameters["conv1.weight"], expected)


def test_bfloat16_of_safetensors(tmp_path):
    from safetensors.torch import save_file

    module, net = small_module(), small_net()
    save_file({name: value.to(torch.bfloat16) for name, value in own_names(module).items()}, tmp_path / "x.safetensors")
    net.load_weights(tmp_path / "x.safetensors")
    np.testing.assert_array_equal(net.parameters["fc1.weight"], module[4].weight.detach().to(torch.bfloat16).float().numpy())


def test_whole_numbers_are_refused(tmp_path):
    torch.save({name: value.to(torch.int8) for name, value in own_names(small_module()).items()}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match=r"x\.pth: conv1\.weight holds int8, not floating-point numbers"):
        small_net().load_weights(tmp_path / "x.pth")


def test_all_that_does_not_fit_in_one_message(tmp_path):
    arrays = {name: value.numpy() for name, value in own_names(small_module()).items()}
    arrays["conv1.weights"] = arrays.pop("conv1.weight")
    arrays["fc1.weight"] = arrays["fc1.weight"][:, :17]
    save_arrays(tmp_path / "x.safetensors", arrays, {})
    net = small_net()
    before = net.parameter_memory.copy()
    with pytest.raises(CheckpointError) as raised:
        net.load_weights(tmp_path / "x.safetensors")
    assert str(raised.value).replace(str(tmp_path), "") == (
        "/x.safetensors does not fit small: of 8 arrays 1 missing, 1 unknown, 1 of another shape"
        "\n  missing  conv1.weight: did you mean conv1.weights?"
        "\n  unknown  conv1.weights"
        "\n  shape    fc1.weight: (3, 17) there, (3, 18) here"
        "\n  compared under the names of minicnn"
    )
    np.testing.assert_array_equal(net.parameter_memory, before)


def test_another_number_of_classes(tmp_path):
    save_arrays(tmp_path / "x.safetensors", {name: value.numpy() for name, value in own_names(small_module(classes=7)).items()}, {})
    with pytest.raises(
        CheckpointError, match=r"x\.safetensors was made for 7 classes, but small is built for 3\n  load it with --classes 7"
    ):
        small_net().load_weights(tmp_path / "x.safetensors")


def test_arrays_of_something_else(tmp_path):
    save_arrays(tmp_path / "x.safetensors", {"encoder.weight": np.ones((2, 2), np.float32)}, {})
    with pytest.raises(CheckpointError, match=r"none of its 1 arrays belongs to small\n  there  encoder\.weight\n  here   conv1\.weight"):
        small_net().load_weights(tmp_path / "x.safetensors")


def test_no_such_file(tmp_path):
    for name in ("x.pth", "x.safetensors", "x.keras"):
        with pytest.raises(CheckpointError, match="there is no such file"):
            small_net().load_weights(tmp_path / name)


def test_fully_connected_layers_that_are_convolutions_there(tmp_path):
    module, net = small_module(), small_net()
    arrays = own_names(module)
    arrays["fc1.weight"] = arrays["fc1.weight"].reshape(3, 2, 3, 3)
    torch.save(arrays, tmp_path / "x.pth")
    net.load_weights(tmp_path / "x.pth")
    assert difference(net, module) < TOLERANCE


def test_the_way_back(tmp_path):
    module, net = small_module(), small_net()
    torch.save(module.state_dict(), tmp_path / "x.pth")
    net.load_weights(tmp_path / "x.pth")
    net.save(tmp_path / "y.safetensors")
    for name, value in own_names(module).items():
        np.testing.assert_array_equal(load_arrays(tmp_path / "y.safetensors")[0][name], value.numpy())


def test_weights_of_a_network_that_strides_elsewhere_are_refused(tmp_path):
    """torchvision's resnet50 has the names and shapes of resnet50-v1, and would answer otherwise there."""
    small = {"width": 1 / 16, "input_shape": (3, 32, 32), "classes": 4}
    known, other = zoo.build("resnet50", **small), zoo.build("resnet50-v1", **small)
    path = tmp_path / "resnet50.safetensors"
    save_arrays(path, under_their_names(known.topology, known.name, known.arrays, "torchvision"), {})
    with pytest.raises(
        CheckpointError, match=r"has names of torchvision, which has no resnet50-v1\n.*resnet50, which strides.*\n  use resnet50$"
    ):
        other.load_weights(path)
    known.load_weights(path)


def test_a_network_of_another_name_is_said(tmp_path):
    path = tmp_path / "net.safetensors"
    net = zoo.build("lenet")
    net.save(path)
    assert zoo.build("lenet-d2l").load_weights(path).notes == (
        "they were those of 'lenet', which may compute with them otherwise than lenet-d2l",
    )
    assert net.load_weights(path).notes == ()


@pytest.mark.parametrize("end", ["pth", "keras"])
def test_an_archive_that_is_cut_short_is_said_to_be(tmp_path, end):
    path = tmp_path / f"x.{end}"
    write_torch(path, zoo.build("lenet").arrays)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=rf"x.{end} is cut short"):
        zoo.build("lenet").load_weights(path)


@pytest.mark.parametrize("name", ["x.pth", "x.pt", "x.keras", "x.weights.h5"])
def test_a_file_of_no_known_kind_is_not_called_one_of_safetensors(tmp_path, name):
    """Whoever has a .pth has not heard of safetensors."""
    path = tmp_path / name
    path.write_bytes(b"\x00" * 3000)
    with pytest.raises(CheckpointError, match=rf"{name} holds no weights that are known: it is a file neither of PyTorch nor of Keras"):
        zoo.build("lenet").load_weights(path)


@pytest.mark.parametrize("name", ["x.pth", "x.safetensors", "x.keras"])
def test_an_empty_file_is_said_to_be_empty(tmp_path, name):
    path = tmp_path / name
    path.touch()
    with pytest.raises(CheckpointError, match=rf"{name} is empty$"):
        zoo.build("lenet").load_weights(path)
