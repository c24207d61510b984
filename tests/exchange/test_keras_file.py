"""Files of Keras: LeNet, ResNet-20 and sequential networks give the same outputs here; what cannot be told apart is refused."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="Keras is not installed: nothing writes such files")
pytest.importorskip("h5py", reason="h5py is not installed: nothing reads such files")

from minicnn import layers as L  # noqa: E402
from minicnn import zoo  # noqa: E402
from minicnn.errors import CheckpointError, SettingError  # noqa: E402
from minicnn.network import Graph  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)  # of Keras with torch

K = keras.layers
TOLERANCE = 1e-5  # of the largest output: float32 sums of hundreds of terms
FORMATS = ["x.weights.h5", "x.keras"]


def lenet():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            K.Conv2D(6, 5, padding="same", activation="relu"),
            K.MaxPooling2D(2),
            K.Conv2D(16, 5, activation="relu"),
            K.MaxPooling2D(2),
            K.Flatten(),
            K.Dense(120, activation="relu"),
            K.Dense(84, activation="relu"),
            K.Dense(10),
        ]
    )


def resnet20(epsilon=1e-5):
    def conv(x, filters, stride=1):
        if stride == 2:  # PyTorch pads one pixel on every side, Keras' "same" one less before
            x = K.ZeroPadding2D(1)(x)
        x = K.Conv2D(filters, 3, strides=stride, padding="valid" if stride == 2 else "same", use_bias=False)(x)
        return K.BatchNormalization(epsilon=epsilon)(x)

    image = keras.Input((32, 32, 3))
    x = K.Activation("relu")(conv(image, 16))
    for filters in (16, 32, 64):
        for block in range(3):
            stride = 2 if filters > 16 and block == 0 else 1
            around = x
            y = conv(K.Activation("relu")(conv(x, filters, stride)), filters)
            if stride == 2:  # every second pixel, and zeros for the channels that are missing
                around = K.AveragePooling2D(1, 2)(x)
                around = K.Concatenate()([around, K.Rescaling(0.0)(around)])
            x = K.Activation("relu")(K.Add()([y, around]))
    return keras.Model(image, K.Dense(10)(K.GlobalAveragePooling2D()(x)))


def sequence():
    """One axis; a normalization of flat features behind the Flatten."""
    return keras.Sequential(
        [
            keras.Input((12, 2)),
            K.Conv1D(5, 3, activation="relu"),
            K.BatchNormalization(epsilon=1e-5),
            K.Flatten(),
            K.BatchNormalization(epsilon=1e-5),
            K.Dense(4),
        ]
    )


def ours_sequence():
    return Graph(L.Sequential(L.Conv1D(5, 3), L.ReLU(), L.BatchNorm1D(), L.Flatten(), L.BatchNorm1D(), L.Linear(4)), (2, 12))


NETWORKS = {
    "lenet": (lenet, lambda: zoo.build("lenet")),
    "resnet20": (resnet20, lambda: zoo.build("resnet20")),
    "sequence": (sequence, ours_sequence),
}


def randomized(model):
    random = np.random.default_rng(0)
    for each in model.weights:
        values = random.normal(0, (2 / max(1, np.prod(each.shape[:-1]))) ** 0.5, each.shape)
        if len(each.shape) == 1:
            values = (
                random.uniform(0.5, 1.5, each.shape) if each.name in ("gamma", "moving_variance") else random.normal(0, 0.1, each.shape)
            )
        each.assign(values.astype("float32"))
    return model


def saved(model, path):
    model.save_weights(path) if path.name.endswith(".h5") else model.save(path)
    return path


def difference(net, model):
    x = np.random.default_rng(1).standard_normal((2, *net.input_shape), dtype=np.float32)
    theirs = np.asarray(keras.ops.convert_to_numpy(model(np.moveaxis(x, 1, -1), training=False)))
    return float(np.abs(net.forward(x) - theirs).max() / np.abs(theirs).max())


@pytest.mark.parametrize("file", FORMATS)
@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_same_outputs(tmp_path, name, file):
    theirs, ours = NETWORKS[name]
    model, net = randomized(theirs()), ours()
    loaded = net.load_weights(saved(model, tmp_path / file))
    assert loaded.library == "Keras"
    assert loaded.arrays == len(net.arrays)
    assert difference(net, model) < TOLERANCE


def test_another_epsilon_is_taken_from_a_keras_file(tmp_path):
    model, net = randomized(resnet20(epsilon=1e-3)), zoo.build("resnet20")
    loaded = net.load_weights(saved(model, tmp_path / "x.keras"))
    assert loaded.notes == ("running variances take in the other epsilon, 0.001 for 1e-05",)
    assert difference(net, model) < TOLERANCE


def test_weights_alone_do_not_say_their_epsilon(tmp_path):
    (note,) = zoo.build("resnet20").load_weights(saved(resnet20(), tmp_path / "x.weights.h5")).notes
    assert note.startswith("the file does not say the epsilon of its batch normalizations")


def test_another_size_is_named(tmp_path):
    path = saved(lenet(), tmp_path / "x.weights.h5")
    with pytest.raises(
        CheckpointError, match=r"of 10 arrays 1 of another shape\n  shape    dense/kernel or gamma: \(120, 400\) there, \(120, 576\) here"
    ):
        zoo.build("lenet", input_shape=(1, 32, 32)).load_weights(path)
    with pytest.raises(CheckpointError, match=r"x\.weights\.h5 was made for 10 classes, but lenet is built for 26"):
        zoo.build("lenet", classes=26).load_weights(path)


def test_a_layer_too_few_and_one_too_many(tmp_path):
    path = saved(lenet(), tmp_path / "x.weights.h5")
    shorter = Graph(L.Sequential(L.Conv2D(6, 5, padding=2), L.Flatten(), L.Linear(10)), (1, 28, 28), name="short")
    with pytest.raises(CheckpointError, match=r"unknown  conv2d_1/kernel"):
        shorter.load_weights(path)
    with pytest.raises(CheckpointError, match=r"missing  conv2d_2/kernel"):
        Graph(L.Sequential(L.Conv2D(6, 5), L.Conv2D(16, 5), L.Conv2D(3, 5)), (1, 28, 28)).load_weights(path)


def test_weights_side_by_side_are_refused(tmp_path):
    path = saved(lenet(), tmp_path / "x.weights.h5")
    with pytest.raises(
        CheckpointError, match=r"resnet18 has weights side by side \(stage2\.block1\.projection\.bn1, stage2\.block1\.conv1\)"
    ):
        zoo.build("resnet18").load_weights(path)


def test_layers_that_are_not_read_are_named(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 2)), K.DepthwiseConv2D(3), K.Flatten(), K.Dense(3)])
    net = Graph(L.Sequential(L.Conv2D(2, 3, groups=2), L.Flatten(), L.Linear(3)), (2, 8, 8))
    with pytest.raises(CheckpointError, match=r"has layers of a kind that is not read: depthwise_conv2d"):
        net.load_weights(saved(model, tmp_path / "x.keras"))


def test_without_h5py(tmp_path, monkeypatch):
    import sys

    path = saved(lenet(), tmp_path / "x.weights.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(SettingError, match=r"x\.weights\.h5: files of Keras need h5py, which cannot be imported"):
        zoo.build("lenet").load_weights(path)


@pytest.mark.parametrize("file", FORMATS)
def test_cut_files(tmp_path, file):
    content = saved(lenet(), tmp_path / file).read_bytes()
    for stop in range(len(content) // 7, len(content), len(content) // 7):
        (tmp_path / file).write_bytes(content[:stop])
        with pytest.raises(CheckpointError):
            zoo.build("lenet").load_weights(tmp_path / file)


def test_other_functions_between_the_weights_are_told(tmp_path):
    path = tmp_path / "x.keras"
    other = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            K.Conv2D(6, 5, padding="same", activation="tanh"),
            K.AveragePooling2D(2),
            K.Conv2D(16, 5, activation="relu"),
            K.MaxPooling2D(2),
            K.Flatten(),
            K.Dense(120, activation="relu"),
            K.Dense(84),
            K.Dense(10, activation="softmax"),
        ]
    )
    other.save(path)
    (note,) = zoo.build("lenet").load_weights(path).notes
    assert note.startswith("the model in the file has 1 x tanh, 1 x AveragePooling where lenet has 2 x relu, 1 x MaxPooling:")
    for model, name in ((lenet(), "lenet"), (resnet20(), "resnet20")):
        model.save(path)
        assert zoo.build(name, classes=10).load_weights(path).notes == ()
