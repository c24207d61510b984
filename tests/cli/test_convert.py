"""`minicnn convert`: from everything that holds weights to everything that is written, and what is said where it does not fit."""

import numpy as np
import pytest

import minicnn
from minicnn import zoo
from minicnn.cli.commands.convert import networks_with
from minicnn.errors import SettingError
from minicnn.exchange.torch_source import write_source
from minicnn.exchange.weights import names_of, naming_for, write_torch
from minicnn.storage import load_arrays, save_arrays


def small(name="resnet18", **settings):
    return zoo.build(name, width=1 / 16, input_shape=(3, 32, 32), classes=4, seed=3, **settings)


SMALL = ("--network", "resnet18", "--width", 1 / 16, "--input", "3x32x32", "--classes", 4)


@pytest.fixture
def theirs(tmp_path):
    """A file of weights alone under torchvision's names."""
    from minicnn.exchange.weights import under_their_names

    net = small()
    write_torch(tmp_path / "small.pth", under_their_names(net.topology, net.name, net.arrays, "torchvision"))
    return net


def test_there_and_back_the_arrays_are_the_same_bits(cli, theirs, tmp_path):
    status, out, err = cli("convert", "small.pth", "run", *SMALL, "--mean", "0.5,0.5,0.5", "--std", "0.2,0.2,0.2")
    assert (status, err) == (0, "small.pth: 102 arrays under the names of torchvision\n")
    assert out == f"wrote run/best.safetensors: resnet18, {theirs.topology.parameter_count:,} parameters; a folder to use as a run\n"
    assert cli("convert", "run", "small.safetensors")[0] == 0
    arrays, metadata = load_arrays(tmp_path / "small.safetensors")
    assert metadata["names"] == "torchvision"
    assert "layer2.0.downsample.1.running_var" in arrays
    assert cli("convert", "small.safetensors", "again.pth")[0] == 0
    assert (tmp_path / "again.pth").read_bytes() == (tmp_path / "small.pth").read_bytes()
    back = minicnn.load("small.safetensors")
    assert back.preparation.mean == (0.5, 0.5, 0.5)
    np.testing.assert_array_equal(back.parameter_memory, theirs.parameter_memory)


def test_pytorch_takes_what_is_written(cli, theirs, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to load with")
    from safetensors.torch import load_file

    assert cli("convert", "small.pth", "small.safetensors", *SMALL)[0] == 0
    read = torch.load(tmp_path / "small.pth", weights_only=True)
    for name, tensor in load_file(tmp_path / "small.safetensors").items():
        assert torch.equal(tensor, read[name])
    assert len(read) == len(theirs.arrays)


def test_a_run_that_was_converted_is_used_like_one(cli, theirs, tmp_path):
    cli("convert", "small.pth", "run", *SMALL, "--mean", "0.5,0.5,0.5", "--std", "0.2,0.2,0.2")
    np.save(tmp_path / "x.npy", np.zeros((3, 32, 32), np.uint8))
    status, out, _ = cli("predict", "run", "x.npy")
    assert status == 0
    assert out.startswith("Image")
    status, _, err = cli("train", "--resume", "run")
    assert status == 1
    assert err.startswith("Error: run has weights, but no settings of a training: it was converted\n")
    status, _, err = cli("evaluate", "run")
    assert status == 1
    assert err.startswith("Error: run was converted from small.pth, which does not say what it was trained on\n")


def test_weights_of_others_start_a_training(cli, theirs):
    net = zoo.build("lenet", seed=7)
    write_torch("lenet.pth", net.arrays)
    status, _, err = cli("train", "lenet", "--weights", "lenet.pth", "--epochs", 1, "--quiet", "--out", "run")
    assert status == 0
    assert "lenet.pth: conv1, conv2, fc1, fc2, fc3 taken" in err


def test_a_trained_run_becomes_onnx_and_comes_back(cli, trained, tmp_path):
    pytest.importorskip("onnx", reason="onnx is not installed: nothing writes such files")
    status, out, _ = cli("convert", trained, "lenet.onnx", "--preparation")
    assert status == 0
    assert out.endswith("opset 17, takes images as the data set holds them\n")
    assert cli("convert", trained, "plain.onnx")[0] == 0
    assert cli("convert", "plain.onnx", "back.safetensors")[0] == 0
    np.testing.assert_array_equal(
        minicnn.load("back.safetensors").parameter_memory, minicnn.load(trained / "best.safetensors").parameter_memory
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("small.pth", "x.onnx"), r"convert: small.pth holds weights alone: say of which network, as in --network resnet18"),
        (("small.pth", "x.h5", *SMALL), "convert: x.h5 ends in '.h5', which is not written"),
        (("small.pth", "x.onx", *SMALL), "convert: x.onx ends in '.onx', which is not written: did you mean .onnx?"),
        (("small.pth", "x.pth", *SMALL[:-1], 5), "small.pth was made for 4 classes, but resnet18 is built for 5"),
        (("small.pth", "x.onnx", *SMALL, "--names", "timm"), "convert: names are chosen for .safetensors and .pth only"),
        (("small.pth", "x.pth", *SMALL, "--preparation"), "convert: images are prepared within .onnx and .py only"),
        (
            ("small.pth", "x.onnx", *SMALL, "--preparation"),
            "convert: resnet18 was not trained here, so how images are prepared is not known",
        ),
        (("small.pth", "x.pth", *SMALL, "--mean", "0.5,0.5,0.5"), "convert: --mean and --std belong together"),
        (("lenet", "x.onnx"), "convert: lenet is a network of the zoo, without weights"),
        (("own.safetensors", "x.pth", "--names", "torchvision"), "lenet has no names of torchvision"),
        (("own.safetensors", "x.pth", "--classes", 3), "convert: --classes is for the network that --network names"),
        (("nothing.pth", "x.onnx", "--network", "lenet"), "nothing.pth: there is no such file"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_written(cli, theirs, tmp_path, arguments, message):
    zoo.build("lenet").save(tmp_path / "own.safetensors")
    before = sorted(tmp_path.iterdir())
    status, out, err = cli("convert", *arguments)
    assert (status, out) == (1, "")
    assert err.splitlines()[-1 if not err.startswith("Error") else 0].startswith(f"Error: {message}")
    assert [each for each in sorted(tmp_path.iterdir()) if each.name != "data-home"] == before


def test_a_run_is_not_written_over(cli, theirs):
    assert cli("convert", "small.pth", "run", *SMALL)[0] == 0
    status, _, err = cli("convert", "small.pth", "run", *SMALL)
    assert status == 1
    assert err.splitlines() == ["Error: run already holds a run: run.json, best.safetensors", "  choose another folder for a new one"]


def test_networks_whose_names_a_file_has(cli, theirs):
    err = cli("convert", "small.pth", "x.onnx")[2]
    assert err.splitlines()[1] == "  its names are those of resnet18"


def test_of_networks_with_the_same_names_those_of_the_same_shapes_are_named(cli, tmp_path):
    """resnet50's names are those of wide-resnet50-2, resnext50-32x4d and resnet50-v1 as well."""
    net = zoo.build("lenet-d2l")
    shapes = {slot.name: slot.shape for slot in net.slots}
    assert networks_with(shapes) == ["lenet", "lenet-d2l"]
    topology = zoo.build("resnext50-32x4d", classes=7).topology
    theirs = names_of(topology, naming_for("resnext50-32x4d", topology, "torchvision"))
    assert networks_with({theirs[slot.name]: slot.shape for slot in topology.slots}) == ["resnext50-32x4d"]


def test_the_weights_beside_a_module_do_not_replace_a_network(tmp_path):
    net = zoo.build("lenet")
    net.save(tmp_path / "net.safetensors")
    before = (tmp_path / "net.safetensors").read_bytes()
    with pytest.raises(SettingError, match=r"net\.safetensors holds a network, which the weights beside net\.py would replace"):
        write_source(net, tmp_path / "net.py")
    assert (tmp_path / "net.safetensors").read_bytes() == before
    for _ in range(2):  # weights alone are replaced
        write_source(net, tmp_path / "module.py")


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("net.onnx", "minicnn convert net.onnx FOLDER"),
        ("my net.pth", "minicnn convert 'my net.pth' FOLDER --network NETWORK"),
    ],
)
def test_files_of_others_are_led_to_convert(cli, tmp_path, file, line):
    write_torch(tmp_path / file, zoo.build("lenet").arrays)
    if file.endswith("onnx"):
        (tmp_path / file).write_bytes(b"\x08\x08 as ONNX files begin")
    for verb in ("summary", "evaluate"):
        status, _, err = cli(verb, f"./{file}")
        assert status == 1
        assert err.splitlines()[1].endswith(f"to use it like a run: {line}")


def test_an_onnx_file_starts_a_training_by_way_of_convert(cli, tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08 as ONNX files begin")
    status, _, err = cli("train", "lenet", "--weights", "net.onnx")
    assert status == 1
    assert err.splitlines()[1].endswith("net.onnx FOLDER, and --weights FOLDER")


def test_a_file_that_is_not_there_is_not_called_a_folder(cli):
    assert cli("convert", "nothing.pth", "x.pth")[2] == "Error: nothing.pth: there is no such file\n"
    assert cli("train", "lenet", "--weights", "nothing.pth")[2].startswith("Error: nothing.pth: there is no such file\n")


def test_weights_without_a_preparation_are_led_to_one(cli, theirs, tmp_path):
    cli("convert", "small.pth", "run", *SMALL)
    np.save(tmp_path / "x.npy", np.zeros((3, 32, 32), np.uint8))
    assert "minicnn convert FILE FOLDER --network NETWORK --mean X,X,X --std X,X,X" in cli("predict", "run", "x.npy")[2]


def test_a_folder_for_other_weights_says_that_predict_needs_a_preparation(cli, tmp_path):
    write_torch(tmp_path / "lenet.pth", zoo.build("lenet").arrays)
    _, _, err = cli("convert", "lenet.pth", "run", "--network", "lenet")
    assert err.endswith("how its images are prepared is not in the file; 'minicnn predict' needs it: --mean and --std\n")
    _, _, err = cli("convert", "lenet.pth", "lenet.safetensors", "--network", "lenet")
    assert "prepared" not in err


def test_weights_of_imagenet_are_told_how_torchvision_prepares_images(cli, theirs):
    err = cli("convert", "small.pth", "x.safetensors", *SMALL)[2]
    assert "weights of torchvision want --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225" in err


def test_names_of_timm_have_its_shapes(cli, tmp_path):
    net = zoo.build("vgg11", width=1 / 16, input_shape=(3, 32, 32), classes=4)
    net.save(tmp_path / "vgg.safetensors")
    assert cli("convert", "vgg.safetensors", "timm.safetensors", "--names", "timm")[0] == 0
    arrays, _ = load_arrays(tmp_path / "timm.safetensors")
    assert arrays["pre_logits.fc1.weight"].shape == (256, 32, 1, 1)
    np.testing.assert_array_equal(minicnn.load("timm.safetensors").parameter_memory, net.parameter_memory)


def test_a_file_that_says_names_it_does_not_have(cli, tmp_path):
    net = zoo.build("lenet")
    save_arrays(tmp_path / "x.safetensors", net.arrays, {**net.metadata(), "names": "nobody"})
    status, _, err = cli("summary", "x.safetensors")
    assert status == 1
    assert err.startswith("Error: x.safetensors: its arrays have names of 'nobody', which are not known for its network")


@pytest.mark.parametrize(
    ("target", "there"), [("x.safetensors", "x.safetensors"), ("x.pth", "x.pth"), ("x.py", "x.py"), ("x.py", "x.safetensors")]
)
def test_a_file_that_exists_is_not_written_over(cli, theirs, tmp_path, target, there):
    (tmp_path / there).write_text("somebody's work")
    status, out, err = cli("convert", "small.pth", target, *SMALL)
    assert (status, out) == (1, "")
    assert err == f"Error: convert: {there} exists already, and may hold somebody's work\n  use another name, or remove it\n"
    assert (tmp_path / there).read_text() == "somebody's work"
