"""Networks as source for PyTorch: run it, load the weights written beside it, and the outputs are the same."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from minicnn import layers as L
from minicnn import zoo
from minicnn.errors import GraphError
from minicnn.exchange.torch_source import source, write_source
from minicnn.exchange.torch_source.source import class_name
from minicnn.network import Graph
from minicnn.preparation import Preparation
from minicnn.storage import load_arrays
from minicnn.trained_on import TrainedOn

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to run the source with")

TOLERANCE = 1e-5  # of the largest output

ZOO = {  # what else it is built with; each has something of its own
    "lenet": {},
    "lenet5-1998": {},
    "resnet20": {},
    "highway": {},
    "mnist1d-cnn": {},
    "alexnet": {"width": 1 / 16},
    "googlenet": {"width": 1 / 8, "input_shape": (3, 64, 64)},
    "densenet40": {"input_shape": (3, 8, 8)},
    "unet": {"width": 1 / 16, "input_shape": (1, 188, 188)},
    "yolov1": {"width": 1 / 32, "input_shape": (3, 448, 448)},
}


def module_of(net, folder, preparation=False):
    """The module that the file defines, with the weights beside it."""
    from safetensors.torch import load_file

    path, weights = write_source(net, folder / "net.py", preparation)
    spec = importlib.util.spec_from_file_location("net", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    module = getattr(loaded, class_name(net.name))()
    module.load_state_dict(load_file(weights), strict=True)
    return module.eval()


def randomized(net):
    random = np.random.default_rng(0)
    for name, values in net.arrays.items():
        if values.ndim == 1 and "rbf" not in name:
            values[...] = random.uniform(0.5, 1.5, values.shape) if name.endswith("var") else random.normal(0, 0.3, values.shape)
    return net


def difference(net, module):
    x = np.random.default_rng(1).standard_normal((2, *net.input_shape), dtype=np.float32)
    with torch.inference_mode():
        theirs = module(torch.from_numpy(x)).numpy()
    return float(np.abs(net.forward(x) - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize("name", list(ZOO))
def test_the_same_outputs(tmp_path, name):
    net = randomized(zoo.build(name, **ZOO[name]))
    assert difference(net, module_of(net, tmp_path)) < TOLERANCE


LAYERS = {
    "unshared": ((3, 9, 8), L.Conv2D(4, 3, sharing="unshared", padding=(1, 2), stride=2)),
    "tiled in groups": ((4, 9, 8), L.Conv2D(6, 3, sharing=(2, 3), groups=2, dilation=2)),
    "tiled and turned": ((2, 7, 7), L.Conv2D(3, (2, 3), sharing=2, flip=True, bias=False)),
    "same, an odd pixel after": ((2, 7, 8), L.Conv2D(3, 4, padding="same", stride=2)),
    "padded all round": ((2, 7, 8), L.Conv2D(3, 3, padding=1, padding_mode="circular")),
    "3D": ((2, 5, 6, 7), L.Sequential(L.Conv3D(3, 2, bias=False), L.BatchNorm3D(), L.MaxPool3D(2), L.GlobalMaxPool())),
    "pool over padding": ((2, 7, 8), L.MaxPool2D(3, stride=2, padding=((0, 1), (1, 0)))),
    "pool with much padding": ((2, 7, 8), L.MaxPool2D(3, padding=2)),
    "pool hangs over": (
        (2, 7, 8),
        L.Sequential(L.AvgPool2D(3, stride=2, padding=1, count_padding=False), L.MaxPool2D(3, stride=2, ceil_mode=True)),
    ),
    "adaptive": ((2, 7, 8), L.Sequential(L.AdaptiveAvgPool2D((3, 4)), L.AdaptiveMaxPool2D(2))),
    "larger": (
        (2, 3, 4),
        L.Sequential(L.ConvTranspose2D(3, 3, stride=2, padding=1, output_padding=1), L.Upsample(2, mode="linear"), L.Upsample(size=(5, 7))),
    ),
    "normalized": ((4, 5, 5), L.Sequential(L.GroupNorm(2), L.LayerNorm(), L.InstanceNorm())),
    "flat": ((5,), L.Sequential(L.Linear(6), L.BatchNorm1D(), L.Tanh(), L.Linear(3, bias=False), L.Softmax())),
    "product": ((2, 5, 5), L.Multiply(L.Conv2D(3, 3), L.Sequential(L.Conv2D(3, 3), L.Sigmoid()))),
    "cut": ((2, 9, 9), L.Sequential(L.Pad2D(1), L.Crop(6), L.LeakyReLU(0.2))),
    "by chance": ((2, 5, 5), L.Sequential(L.StochasticDepth(0.3), L.Dropout(0.5))),
    "names that Python has": ((1, 6, 6), L.Sequential(L.Conv2D(2, 3, name="class"), L.ReLU(), L.Conv2D(2, 3, name="3x3-forward"))),
}


@pytest.mark.parametrize("case", list(LAYERS))
def test_the_same_outputs_of_every_layer(tmp_path, case):
    shape, block = LAYERS[case]
    net = randomized(Graph(block, shape, name="net"))
    assert difference(net, module_of(net, tmp_path)) < TOLERANCE


def test_one_layer_in_two_places(tmp_path):
    twice = L.Conv2D(2, 3, padding=1)
    net = Graph(L.Sequential(twice, L.ReLU(), twice), (2, 5, 5), name="twice")
    module = module_of(net, tmp_path)
    assert len(module.state_dict()) == 2
    assert difference(net, module) < TOLERANCE


def test_blocks_alike_are_one_class():
    text = source(zoo.build("resnet20"))
    assert text.count("class ") - text.count("class for") == 5  # two kinds of block, two of stage, and the network
    assert "self.block1 = Block(16)" in text
    assert "def __init__(self, channels):" in text


def test_source_that_a_teacher_would_show():
    assert """class Lenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(x)
        x = F.max_pool2d(x, 2)
""" in source(zoo.build("lenet"))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (L.L2Pool2D(2), r"pool1 \('L2Pool2D'\) cannot be written for PyTorch: there is no module for it"),
        (L.Conv2D(2, 3, flip=True), r"conv1 \('Conv2D'\) cannot be written for PyTorch: flip turns its filters round"),
        (
            L.Conv1D(2, 3, sharing=2),
            r"conv1 \('Conv1D'\) cannot be written for PyTorch: unshared and tiled convolutions are written for two axes",
        ),
    ],
)
def test_what_is_not_written_is_said(tmp_path, block, message):
    net = Graph(block, (2, 6, 6) if not isinstance(block, L.Conv1D) else (2, 6))
    with pytest.raises(GraphError, match=message):
        write_source(net, tmp_path / "net.py")
    assert not list(tmp_path.iterdir())


def test_images_prepared_by_the_module(tmp_path):
    net = zoo.build("lenet")
    net.trained_on = TrainedOn(Preparation((1, 28, 28), (0.3,), (0.4,), 255.0), (), (1, 28, 28), "mnist", 1)
    images = np.random.default_rng(0).integers(0, 256, (2, 1, 28, 28), dtype=np.uint8)
    with torch.inference_mode():
        theirs = torch.softmax(module_of(net, tmp_path, preparation=True)(torch.from_numpy(images)), dim=1).numpy()
    np.testing.assert_allclose(theirs, net.predict(images), rtol=1e-4)


def test_names_are_those_of_the_network(tmp_path):
    net = zoo.build("resnet20")
    write_source(net, tmp_path / "net.py")
    arrays, _ = load_arrays(tmp_path / "net.safetensors")
    assert set(arrays) == set(net.arrays)


def test_the_file_runs_alone(tmp_path):
    write_source(zoo.build("lenet"), tmp_path / "lenet.py")
    told = subprocess.run([sys.executable, "lenet.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("Lenet(\n  (conv1): Conv2d(1, 6")
    assert told.stdout.endswith("(1, 10)\n")
