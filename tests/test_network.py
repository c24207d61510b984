"""Graph: parameters on first use, checks before the engine is asked, files that come back the same or say why not."""

import copy
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn.errors import CheckpointError, DataError, GraphError, SettingError, ShapeError
from minicnn.network import Graph
from minicnn.network_file import from_arrays, load
from minicnn.preparation import Preparation
from minicnn.storage import load_arrays, save_arrays
from minicnn.trained_on import TrainedOn


def small(seed=0):
    return Graph(
        L.Sequential(
            L.Conv2D(4, 3, padding=1),
            L.ReLU(),
            L.MaxPool2D(2),
            L.Residual(L.Conv2D(4, 1), shortcut=L.Conv2D(4, 1)),
            L.Flatten(),
            L.Linear(5),
            name="small",
        ),
        input_shape=(2, 6, 6),
        seed=seed,
    )


@pytest.mark.parametrize("size", [20_000, 10**9], ids=["more than is free", "more than can be addressed"])
def test_parameters_that_find_no_room_are_refused_before_any_is_allocated(size, monkeypatch):
    monkeypatch.setattr("minicnn.kernels.memory.free_bytes", lambda: 1 << 30)
    net = minicnn.zoo.build("lenet", input_shape=(1, size, size))
    for use in (lambda: net.parameters, lambda: net.save("nowhere"), lambda: pickle.loads(pickle.dumps(net)).parameters):
        with pytest.raises(ShapeError, match=r"^lenet: an array of [\d,]+ parameters needs [\d.]+ GiB of memory, but"):
            use()


def test_public_names():
    assert minicnn.Graph is Graph
    assert minicnn.load is load


def test_parameters_are_drawn_on_first_use():
    net = small()
    net.summary()
    repr(net)
    assert net._memory is None
    assert net.parameters["conv1.weight"].std() > 0
    assert (net.parameters["conv1.bias"] == 0).all()


def test_parameters_are_views_of_one_array():
    net = small()
    memory = net.parameter_memory
    assert memory.dtype == np.float32
    assert memory.flags.c_contiguous
    assert memory.ctypes.data % 64 == 0
    for slot in net.slots:
        view = net.parameters[slot.name]
        assert view.shape == slot.shape
        assert np.shares_memory(view, memory)
        view[...] = slot.node + 0.5
        assert (memory[slot.offset : slot.offset + slot.size] == slot.node + 0.5).all()
    gaps = np.ones(len(memory), dtype=bool)
    for slot in net.slots:
        gaps[slot.offset : slot.offset + slot.size] = False
    assert (memory[gaps] == 0).all()


def test_equal_networks_are_saved_as_equal_files(tmp_path):
    for name in ("one", "two"):
        small(seed=3).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("name", ["\x1b[31m", "two\nlines", "\u202e", "x" * 201, 7, b"net"])
def test_a_name_is_a_word_that_can_be_printed(name):
    with pytest.raises(SettingError, match=r"^Graph: name is .*, but must be text of at most 200 printable characters$"):
        Graph(L.Flatten(), (1, 2, 2), name=name)


def test_a_new_layer_does_not_change_the_parameters_of_the_others():
    short = Graph(L.Sequential(L.Conv2D(4, 3), L.Flatten(), L.Linear(5)), (1, 8, 8), seed=3)
    long = Graph(L.Sequential(L.Conv2D(4, 3), L.ReLU(), L.Conv2D(4, 3, padding=1), L.Flatten(), L.Linear(5)), (1, 8, 8), seed=3)
    for name in short.parameters:
        assert np.array_equal(short.parameters[name], long.parameters[name])


def test_storing_under_a_name_writes_into_the_network():
    net = small()
    values = np.arange(4, dtype=np.float32)
    net.parameters["conv1.bias"] = values
    net.parameters.update({"fc1.bias": np.ones(5)})
    assert (net.parameter_memory[net.slots[1].offset :][:4] == values).all()
    assert (net.parameters["fc1.bias"] == 1).all()
    with pytest.raises(ShapeError, match=r"^conv1.bias has the shape \(4,\), but gets \(5,\)$"):
        net.parameters["conv1.bias"] = np.zeros(5)
    with pytest.raises(GraphError, match=r"^there is no parameter called 'conv9.bias': did you mean .*\n  choose from conv1.weight"):
        net.parameters["conv9.bias"] = values
    with pytest.raises(GraphError, match=r"^the parameters of a network cannot be removed or replaced"):
        del net.parameters["conv1.bias"]
    with pytest.raises(GraphError, match=r"cannot be removed"):
        net.parameters.pop("conv1.bias")


@pytest.mark.parametrize("value", [["a"] * 4, [[1.0], [1.0, 2.0]], [{}] * 4, None, {}])
def test_what_is_no_array_of_numbers_is_no_parameter(value):
    net = small()
    before = net.parameter_memory.copy()
    with pytest.raises((SettingError, ShapeError), match=r"^conv1.bias (gets values that are not numbers|has the shape)"):
        net.parameters["conv1.bias"] = value
    np.testing.assert_array_equal(net.parameter_memory, before)


def test_a_mistyped_parameter():
    with pytest.raises(GraphError, match=r"^there is no parameter called 'conv1.wieght': did you mean conv1.weight"):
        small().parameters["conv1.wieght"]
    with pytest.raises(KeyError, match=r"^there is no parameter called 'kernel'\n  choose from conv1.weight, conv1.bias"):
        small().parameters["kernel"]
    with pytest.raises(KeyError, match=r"choose from conv1.weight, .*, \.\.\., .*, fc1.bias$"):
        minicnn.zoo.build("resnet20").parameters["kernel"]
    assert "kernel" not in small().parameters
    assert small().parameters.get("kernel") is None


def test_repr_is_the_table():
    assert repr(small()).splitlines()[0] == "small, input 2x6x6"
    assert repr(small().summary()) == repr(small())


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (np.zeros((3, 2, 6, 6), dtype=np.uint8), SettingError, r"x is uint8, but must be float32\n  use x.astype\('float32'\)"),
        (np.zeros((3, 2, 6, 6), dtype=np.float16), SettingError, r"x is float16, but must be float32"),
        (np.zeros((3, 2, 6, 6), dtype=bool), SettingError, r"x is bool, but must be float32"),
        (
            np.zeros((3, 2, 6, 6), dtype=complex),
            SettingError,
            r"x is complex128, but must be float32\n  use abs\(x\), or x.real and x.imag as",
        ),
        ([["a"]], SettingError, r"x is <U1, but must be float32"),
        (
            np.zeros((3, 2, 6, 7), dtype=np.float32),
            ShapeError,
            r"x has the shape \(3, 2, 6, 7\), but small takes images of 2 x 6 x 6\n  x       \(3, 2, 6, 7\)\n  wanted  \(N, 2, 6, 6\)  N C H W",
        ),
        (np.zeros((2, 6, 6), dtype=np.float32), ShapeError, r"x has the shape \(2, 6, 6\).*\n.*\n.*\n  use x\[None\] for a single image$"),
        (np.zeros((3, 72), dtype=np.float32), ShapeError, r"x has the shape \(3, 72\)"),
        (np.float32(1), ShapeError, r"x has the shape \(\)"),
        ([[1.0], [1.0, 2.0]], ShapeError, r"x is not an array: "),
    ],
)
def test_images_are_checked_before_anything_runs(x, error, words):
    net = small()
    with pytest.raises(error, match="^forward: " + words):
        net.forward(x)
    with pytest.raises(error, match="^backward: " + words):
        net.backward(x, [0, 1, 2])
    assert net._memory is None


@pytest.mark.parametrize(
    ("labels", "error", "words"),
    [
        (np.zeros(3), SettingError, r"^backward: labels are float64, but must be integers"),
        ([0, 1], ShapeError, r"^backward: labels have the shape \(2,\), but there are 3 images\n  wanted  \(3,\)  N$"),
        ([[0], [1], [2]], ShapeError, r"^backward: labels have the shape \(3, 1\)"),
        ([0, 1, 5], SettingError, r"^backward: labels run from 0 to 5, but small knows the classes 0 to 4$"),
        ([0, -1, 2], SettingError, r"^backward: labels run from -1 to 2"),
        ([True, False, True], SettingError, r"^backward: labels are bool, but must be integers"),
    ],
)
def test_labels_are_checked_before_anything_runs(labels, error, words):
    with pytest.raises(error, match=words):
        small().backward(np.zeros((3, 2, 6, 6), dtype=np.float32), labels)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.int32, np.uint64])
def test_labels_of_any_integer_type_are_taken(kind):
    assert small().check_labels("backward", np.array([0, 1, 4], kind), 3).tolist() == [0, 1, 4]
    assert small().check_labels("backward", np.array([0, 1, 4], kind), 3).dtype == np.int64


def test_backward_needs_images_and_classes():
    with pytest.raises(ShapeError, match=r"^backward: x holds no images"):
        small().backward(np.zeros((0, 2, 6, 6), dtype=np.float32), [])
    maps = Graph(L.Conv2D(3, 3), (1, 6, 6))
    with pytest.raises(
        ShapeError, match=r"^backward: labels have the shape \(1,\), but .* network gives 3 x 4 x 4 for each\n  wanted  \(1, 4, 4\)"
    ):
        maps.backward(np.zeros((1, 1, 6, 6), dtype=np.float32), [0])


def test_what_a_graph_is_made_of():
    with pytest.raises(GraphError, match=r"^a Graph is made from a layer or a block, but gets \[ReLU\(\)\]$"):
        Graph([L.ReLU()], (1, 2, 2))
    with pytest.raises(SettingError, match=r"^Graph: seed is -1, but must be at least 0$"):
        small(seed=-1)


def test_round_trip(tmp_path):
    net = small(seed=5)
    net.parameters["conv1.bias"] += 1
    net.save(tmp_path / "net.safetensors")
    back = load(tmp_path / "net.safetensors")
    assert np.array_equal(back.parameter_memory, net.parameter_memory)
    assert (back.name, back.seed, back.input_shape, back.block) == ("small", 5, (2, 6, 6), net.block)
    assert back.summary() == net.summary()
    assert os.listdir(tmp_path) == ["net.safetensors"]
    arrays, metadata = load_arrays(tmp_path / "net.safetensors")
    assert set(arrays) == set(net.parameters)
    assert (metadata["minicnn"], metadata["classes"], metadata["input_shape"]) == (minicnn.__version__, "5", "[2, 6, 6]")


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, 0.9, -1])
def test_a_file_cut_short(tmp_path, keep):
    path = tmp_path / "net.safetensors"
    small().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(CheckpointError, match=r"net.safetensors is (cut short: |empty$)"):
        load(path)


def rewritten(tmp_path, change):
    path = tmp_path / "net.safetensors"
    small().save(path)
    arrays, metadata = load_arrays(path)
    change(arrays, metadata)
    save_arrays(path, arrays, metadata)
    return path


def other_architecture(metadata, change):
    architecture = json.loads(metadata["architecture"])
    change(architecture)
    metadata["architecture"] = json.dumps(architecture)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays, metadata: metadata.clear(), r"holds arrays, but not a network of minicnn: its metadata do not name one$"),
        (lambda arrays, metadata: metadata.update(format="minicnn network 9", minicnn="9.0"), r"was written by minicnn 9.0 in the format"),
        (lambda arrays, metadata: metadata.pop("architecture"), r": its architecture cannot be read: its text is broken"),
        (lambda arrays, metadata: metadata.update(architecture="{"), r": its architecture cannot be read: "),
        (lambda arrays, metadata: metadata.update(architecture="[" * 100_000), r": its architecture cannot be read: "),
        (lambda arrays, metadata: metadata.update(architecture="[]"), r": its architecture cannot be read: a network is described by"),
        (lambda arrays, metadata: other_architecture(metadata, lambda a: a.update(input_shape=7)), r"input_shape 7 is not the shape"),
        (
            lambda arrays, metadata: other_architecture(metadata, lambda a: a.update(name=7)),
            r"name is 7, but must be text of at most 200 p",
        ),
        (
            lambda arrays, metadata: other_architecture(metadata, lambda a: a.update(name="\x1b[31m")),
            r"name is '\\x1b\[31m', but must be text",
        ),
        (lambda arrays, metadata: other_architecture(metadata, lambda a: a.update(seed=10**400)), r"cannot be read: Graph: seed is "),
        (lambda arrays, metadata: metadata.update(architecture='{"seed": NaN}'), r"its text is broken: 'NaN' is not a finite number$"),
        (lambda arrays, metadata: metadata.update(architecture='{"seed": 1e999}'), r"its text is broken: '1e999' is not a finite number$"),
        (
            lambda arrays, metadata: metadata.update(architecture="[" * 300 + "]" * 300),
            r"its text is broken: objects and lists are nested more than 250",
        ),
        (
            lambda arrays, metadata: metadata.update(architecture=" " * (1 << 23) + "{}"),
            r"its text is broken: 8,388,610 characters, more than",
        ),
        (
            lambda arrays, metadata: other_architecture(metadata, lambda a: a.update(input_shape=[2, 6])),
            r"needs an input of channels x rows",
        ),
        (lambda arrays, metadata: other_architecture(metadata, lambda a: a.update(seed="x")), r"seed is 'x'"),
        (
            lambda arrays, metadata: other_architecture(metadata, lambda a: a["network"]["items"][0].update(type="Magic")),
            r"there is no layer called 'Magic'",
        ),
        (
            lambda arrays, metadata: other_architecture(metadata, lambda a: a["network"]["items"][0].update(filters=2**30)),
            r": conv1.weight does not fit small\n  file     \(4, 2, 3, 3\) float32\n  network  \(1073741824, 2, 3, 3\) float32$",
        ),
        (lambda arrays, metadata: arrays.pop("fc1.bias"), r": the parameter fc1.bias is missing$"),
        (lambda arrays, metadata: arrays.update(extra=np.zeros(3)), r": small has no parameter called extra$"),
        (lambda arrays, metadata: arrays.update({"fc1.bias": np.zeros(5)}), r": fc1.bias does not fit small\n  file     \(5,\) float64"),
    ],
)
def test_files_that_do_not_fit(tmp_path, change, words):
    with pytest.raises(CheckpointError, match=r"net.safetensors.*" + words):
        load(rewritten(tmp_path, change))


def test_no_pickle_is_read(tmp_path):
    (tmp_path / "net.safetensors").write_bytes(pickle.dumps({"a": [1, 2, 3]}))
    with pytest.raises(CheckpointError, match=r"is not a safetensors file$"):
        load(tmp_path / "net.safetensors")


def test_a_network_without_parameters(tmp_path):
    net = Graph(L.Sequential(L.Flatten()), (1, 2, 2))
    net.save(tmp_path / "net")
    assert load(tmp_path / "net").parameters == {}


def images(net, count, dtype=np.float32):
    return np.random.default_rng(0).normal(size=(count, *net.input_shape)).astype(dtype)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_forward_gives_a_row_of_logits_for_each_image(count):
    net = small()
    logits = net.forward(images(net, count))
    assert (logits.shape, logits.dtype) == ((count, 5), np.float32)
    assert np.isfinite(logits).all()


def test_forward_takes_any_view_and_any_array_like():
    net = small()
    x = images(net, 6)
    turned = np.asfortranarray(x)
    assert np.array_equal(net.forward(turned[::2]), net.forward(x[::2].copy()))
    assert np.array_equal(net.forward(memoryview(x)), net.forward(x))


def test_backward_names_its_gradients_as_the_parameters():
    net = small()
    loss, gradients = net.backward(images(net, 3), [0, 4, 2])
    assert loss > 0
    assert {name: array.shape for name, array in gradients.items()} == {name: array.shape for name, array in net.parameters.items()}


def test_gradients_stay_when_backward_is_called_again():
    net = small()
    _, first = net.backward(images(net, 3), [0, 4, 2])
    kept = {name: array.copy() for name, array in first.items()}
    net.backward(-images(net, 3), [1, 1, 1])
    assert all(np.array_equal(first[name], kept[name]) for name in kept)


def test_writing_a_parameter_changes_what_comes_out():
    net = small()
    x = images(net, 2)
    before = net.forward(x)
    net.parameters["fc1.bias"] += 1
    np.testing.assert_allclose(net.forward(x), before + 1, rtol=1e-6, atol=1e-6)


def test_a_step_against_the_gradient_lowers_the_loss():
    net = small()
    x, labels = images(net, 8), [0, 1, 2, 3, 4, 0, 1, 2]
    loss, gradients = net.backward(x, labels)
    for name, gradient in gradients.items():
        net.parameters[name] -= 0.01 * gradient
    assert net.backward(x, labels)[0] < loss


def test_float64_images_are_computed_in_float64():
    net = small()
    x = images(net, 2, np.float64)
    assert net.forward(x).dtype == np.float64
    np.testing.assert_allclose(net.forward(x.astype(np.float32)), net.forward(x), rtol=1e-4, atol=1e-5)


def test_a_loaded_network_computes_the_same_bits(tmp_path):
    net = small(seed=2)
    net.save(tmp_path / "net")
    x = images(net, 4)
    assert np.array_equal(load(tmp_path / "net").forward(x), net.forward(x))


def grey(count=3, dtype=np.uint8):
    return (np.random.default_rng(1).random((count, 1, 6, 6)) * 255).astype(dtype)


def classifier(trained=True, unit=255.0):
    net = Graph(L.Sequential(L.Conv2D(4, 3), L.Flatten(), L.Linear(3), name="grey"), input_shape=(1, 6, 6))
    if trained:
        net.trained_on = TrainedOn(Preparation((1, 6, 6), (0.25,), (0.5,), unit), ("a", "b", "c"), (1, 6, 6), "pictures", 4)
    return net


def softmax(scores):
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def test_predict_prepares_images_as_training_did():
    net, x = classifier(), grey()
    shares = net.predict(x)
    np.testing.assert_allclose(shares, softmax(net.forward((x / np.float32(255) - np.float32(0.25)) / np.float32(0.5))), rtol=1e-4)
    assert (shares.shape, shares.dtype) == ((3, 3), np.float32)
    for other in (x.astype(int), x.tolist(), x[:, 0], np.asfortranarray(x), memoryview(x)):
        np.testing.assert_array_equal(net.predict(other), shares)
    for floats in (x / np.float32(255), x / 255, x[:, 0] / 255):
        np.testing.assert_allclose(net.predict(floats), shares, rtol=1e-4)
    assert net.predict(x[:0]).shape == (0, 3)
    larger = x.repeat(2, axis=2).repeat(2, axis=3)
    assert net.predict(larger).shape == (3, 3)  # of another size: scaled


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((2, 6, 6), np.float32), r"\(2, 6, 6\), but the network takes \(N, 2, 6, 6\)\n  use images\[None\] for a single image$"),
        (np.zeros((6, 6), np.float32), r"\(6, 6\), but the network takes \(N, 2, 6, 6\)\n  use images\[None\]\[None\] for a single image$"),
        (np.float32(0), r"\(\), but the network takes \(N, 2, 6, 6\)$"),
        (minicnn.datasets.from_arrays(np.zeros((2, 2, 6, 6), np.uint8), [0, 1]), r"images must be .*, but are Dataset\n  use its images$"),
        (None, r"images must be an array \(N, C, \*space\), but are NoneType$"),
    ],
)
def test_predict_says_what_a_single_picture_or_a_data_set_lacks(picture, words):
    with pytest.raises((ShapeError, DataError), match=words):
        small().predict(picture)


def test_predict_without_training_takes_numbers_as_they_are():
    net, x = classifier(trained=False), grey().astype(np.float32) / 255
    np.testing.assert_allclose(net.predict(x), softmax(net.forward(x)), rtol=1e-5)
    assert (net.preparation, net.class_names) == (None, None)
    with pytest.raises(DataError, match=r"^predict: grey was not trained by 'fit', so the scale of integer images is unknown\n"):
        net.predict(grey())


@pytest.mark.parametrize(
    ("images", "unit", "error", "words"),
    [
        (grey(dtype=np.float32), 255.0, DataError, r"^predict: the array holds floats from [\d.]+ to 2\d\d[.\d]*, expected 0 to 1, or"),
        (grey(), 1.0, DataError, r"^predict: the array holds uint8, but grey was trained on pictures, whose values are floats of"),
        (grey().astype(int) * 3, 255.0, DataError, r"^predict: images are integers from \d+ to \d+, expected 0 to 255"),
        (grey() > 3, 255.0, DataError, r"^predict: images are bool"),
        (np.full((1, 1, 6, 6), np.nan), 1.0, DataError, r"^predict: the array holds values that are infinite or NaN$"),
        (grey()[0, 0], 255.0, ShapeError, r"^predict: images have the shape \(6, 6\), but the network takes \(N, 1, 6, 6\)"),
        (np.zeros((2, 3, 6, 6), np.uint8), 255.0, ShapeError, r"^predict: images are 3 x 6 x 6, but the network takes 1 x 6 x 6"),
        (np.zeros((2, 6, 6, 1), np.uint8), 255.0, ShapeError, r"\n  channels come first: use images.transpose\(0, 3, 1, 2\)$"),
    ],
    ids=["0 to 255", "bytes", "large integers", "bool", "nan", "one picture", "colour", "channels last"],
)
def test_images_on_another_scale_are_refused(images, unit, error, words):
    with pytest.raises(error, match=words):
        classifier(unit=unit).predict(images)


def test_probabilities_of_every_pixel():
    net = Graph(L.Conv2D(3, 3, padding=1), input_shape=(1, 6, 6))
    shares = net.predict(grey().astype(np.float32))
    assert shares.shape == (3, 3, 6, 6)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_a_file_keeps_preparation_and_class_names(tmp_path):
    net = classifier()
    net.save(tmp_path / "net")
    back = load(tmp_path / "net")
    assert back.trained_on == net.trained_on
    np.testing.assert_array_equal(back.predict(grey()), net.predict(grey()))


COPIES = {"deepcopy": copy.deepcopy, "copy": copy.copy, "pickle": lambda value: pickle.loads(pickle.dumps(value))}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
def test_a_copy_of_a_network_shares_no_memory(duplicate, used):
    net = classifier()
    if used:
        net.predict(grey())  # so that it has plans
        net.parameters["conv1.bias"][...] = 3  # and other numbers than its seed gives
    twin = duplicate(net)
    assert (twin.summary(), twin.name, twin.seed, twin.trained_on) == (net.summary(), net.name, net.seed, net.trained_on)
    np.testing.assert_array_equal(twin.parameter_memory, net.parameter_memory)
    assert twin.parameter_memory.ctypes.data % 64 == 0
    before = net.predict(grey())
    np.testing.assert_array_equal(twin.predict(grey()), before)
    twin.parameters["fc1.weight"][...] = 7
    assert not np.shares_memory(twin.parameter_memory, net.parameter_memory)
    np.testing.assert_array_equal(net.predict(grey()), before)
    assert (twin.parameter_memory == 7).sum() == net.parameters["fc1.weight"].size


def test_a_copy_keeps_what_is_shared_within_the_network_and_what_a_subclass_adds():
    class Own(Graph):
        pass

    layer = L.Conv2D(1, 3, padding=1)
    net = Own(L.Sequential(layer, L.ReLU(), layer, L.Flatten(), L.Linear(2)), input_shape=(1, 6, 6))
    net.note = ["mine"]
    twin = copy.deepcopy(net)
    assert (type(twin), twin.note, twin.note is net.note) == (Own, ["mine"], False)
    assert list(twin.parameters) == list(net.parameters)
    assert len(net.parameters) == 4


def test_a_network_reaches_another_process():
    net = classifier()
    program = "import pickle, sys; net, x = pickle.load(sys.stdin.buffer); sys.stdout.buffer.write(pickle.dumps(net.predict(x)))"
    told = subprocess.run([sys.executable, "-c", program], input=pickle.dumps((net, grey())), capture_output=True, check=True)
    np.testing.assert_array_equal(pickle.loads(told.stdout), net.predict(grey()))


def test_copies_of_the_parameters():
    net = classifier()
    shallow = copy.copy(net.parameters)
    assert type(shallow) is dict
    assert all(shallow[name] is net.parameters[name] for name in net.parameters)
    for duplicate in (copy.deepcopy, COPIES["pickle"]):
        deep = duplicate(net.parameters)
        assert list(deep) == list(net.parameters)
        for name, value in net.parameters.items():
            np.testing.assert_array_equal(deep[name], value)
            assert not np.shares_memory(deep[name], value)
    net.parameters.update(deep)  # as a snapshot is put back


def test_backward_keeps_labels_of_its_own():
    labels = np.array([0, 1, 2], np.int64)
    own = classifier().check_labels("x", labels, 3)
    assert not np.shares_memory(own, labels)
    for dtype in ("int8", "uint8", ">i4", "uint64"):
        assert classifier().check_labels("x", labels.astype(dtype), 3).dtype == np.int64


JUNK = [
    None,
    True,
    0,
    -1,
    1.5,
    2**31 - 1,
    2**70,
    "x",
    "",
    "valid",
    [],
    [1, 2],
    [[1, 2], [3, 4]],
    {},
    {"type": "ReLU", "name": None},
    {"type": []},
    {"type": "Sequential", "items": 3},
    float("nan"),
]


def places(value, path=()):
    """The path to everything within a description."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(value[key], (*path, key))


@pytest.mark.parametrize("place", list(places(small().architecture())), ids=str)
def test_a_description_with_junk_in_one_place(place):
    """Whatever stands in a file: a network, or one clear error."""
    net = small()
    for junk in JUNK:
        architecture = net.architecture()
        target = architecture
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = junk
        try:
            from_arrays(net.parameters, net.metadata() | {"architecture": json.dumps(architecture)}, "file")
        except CheckpointError as error:
            words = str(error)
        else:
            words = "file: a network"
        assert words.startswith("file: ")
