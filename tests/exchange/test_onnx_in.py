"""Networks read from ONNX files: ours come back as they were, others layer by layer; what has no counterpart is named, in one error."""

import numpy as np
import onnx
import pytest
from onnx.helper import make_node

from minicnn import Graph, datasets, zoo
from minicnn import layers as L
from minicnn.errors import CheckpointError, GraphError, MinicnnError, SettingError
from minicnn.exchange.onnx import read_onnx, write_onnx
from minicnn.preparation import Preparation
from minicnn.trained_on import TrainedOn
from tests.exchange.models import LAYERS, images, network, of_the_zoo, roll, run, save

IN_PIECES = "has nodes without a counterpart here"  # what such layers became is not put together again without the metadata
PIECES = {
    *("unshared", "unshared in groups, flipped", "tiled", "tiled sequence", "tiled volume", "own index map", "circular", "padded around"),
    *("distances", "adaptive average", "adaptive average of a volume", "adaptive max", "maxout", "channels averaged", "length of channels"),
    *("nearest to a size", "response norm of even size"),
}


def without_metadata(path):
    """The same file as a stranger would write it."""
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)


@pytest.mark.parametrize("name", LAYERS)
def test_what_was_written_comes_back_with_the_same_bits(tmp_path, name):
    net = network(name)
    write_onnx(net, tmp_path / "net.onnx")
    back = read_onnx(tmp_path / "net.onnx", custom_objects=[roll])
    assert back.architecture() == net.architecture()
    assert np.array_equal(back.forward(images(net)), net.forward(images(net)))


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_read_from_its_nodes_alone(tmp_path, name):
    net = network(name)
    write_onnx(net, tmp_path / "net.onnx")
    without_metadata(tmp_path / "net.onnx")
    if name in PIECES:
        with pytest.raises(GraphError, match=IN_PIECES):
            read_onnx(tmp_path / "net.onnx")
        return
    y, want = read_onnx(tmp_path / "net.onnx").forward(images(net)), net.forward(images(net))
    assert abs(y - want).max() <= 1e-6 * abs(want).max()


@pytest.mark.parametrize("name", [name for name in zoo.names() if name != "lenet5-1998"])  # its last layer is "distances"
def test_a_network_of_the_zoo_is_read_from_its_nodes_alone(tmp_path, name):
    net = of_the_zoo(name)
    write_onnx(net, tmp_path / "net.onnx")
    without_metadata(tmp_path / "net.onnx")
    back = read_onnx(tmp_path / "net.onnx")
    y, want = back.forward(images(net, 1)), net.forward(images(net, 1))
    assert np.array_equal(y, want) or (name == "highway" and abs(y - want).max() < 1e-6 * abs(want).max())
    assert back.topology.parameter_count == net.topology.parameter_count or name in ("highway", "resnet110-stochastic")


def test_a_trained_network_comes_back_with_all_that_it_knows(tmp_path):
    net, data = zoo.build("lenet"), datasets.load("digits")
    net.trained_on = TrainedOn(Preparation.of(data, net.input_shape), data.classes, data.images.shape[1:], data.name, epoch=1)
    net.freeze("conv*")
    for prepared in (False, True):
        write_onnx(net, tmp_path / "net.onnx", preparation=prepared)
        back = read_onnx(tmp_path / "net.onnx")
        assert back.metadata() == net.metadata()
        assert np.array_equal(back.predict(data.images[:3]), net.predict(data.images[:3]))


def test_metadata_are_not_believed_where_the_graph_was_changed(tmp_path):
    net = Graph(L.Sequential(L.Conv2D(3, 3), L.LeakyReLU(0.2)), (2, 6, 5))
    write_onnx(net, tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    model.graph.node[1].attribute[0].f = 0.5
    onnx.save(model, tmp_path / "net.onnx")
    (y,) = run(tmp_path / "net.onnx", images(net))
    assert np.allclose(read_onnx(tmp_path / "net.onnx").forward(images(net)), y, atol=1e-6)


def test_the_same_weights_in_two_places_are_one_layer(tmp_path):
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(2, 2, 3, 3)).astype("f"), rng.normal(size=2).astype("f")
    nodes = [make_node("Conv", [start, "tower.w", "tower.b"], [end], pads=[1] * 4) for start, end in (("x", "z"), ("z", "y"))]
    save(tmp_path / "net.onnx", nodes, tower__w=weight, tower__b=bias)
    net = read_onnx(tmp_path / "net.onnx")
    assert list(net.parameters) == ["tower.weight", "tower.bias"]
    assert np.allclose(net.forward(images(net)), run(tmp_path / "net.onnx", images(net))[0], atol=1e-5)


FOLDED = {
    "flatten by its sizes": (
        [
            make_node("Shape", ["x"], ["s"]),
            make_node("Gather", ["s", "zero"], ["n"], axis=0),
            make_node("Unsqueeze", ["n", "axes"], ["m"]),
            make_node("Concat", ["m", "rest"], ["t"], axis=0),
            make_node("Reshape", ["x", "t"], ["y"]),
        ],
        {"zero": np.int64(0), "axes": np.int64([0]), "rest": np.int64([-1])},
        "Sequential(Flatten())",
    ),
    "weights made by nodes": (
        [make_node("Transpose", ["w"], ["v"], perm=[1, 0, 2, 3]), make_node("Conv", ["x", "v"], ["y"])],
        {"w": np.ones((2, 4, 1, 1), "f")},
        "Sequential(Conv2D(4, 1, bias=False))",
    ),
    "padding before a convolution": (
        [make_node("Pad", ["x", "p"], ["z"]), make_node("Conv", ["z", "w"], ["y"], pads=[1, 0, 0, 0])],
        {"p": np.int64([0, 0, 1, 1, 0, 0, 2, 1]), "w": np.ones((3, 2, 3, 3), "f")},
        "Sequential(Conv2D(3, 3, padding=(2, 1), bias=False))",
    ),
    "padding before a max pooling": (
        [make_node("Pad", ["x", "p", "v"], ["z"]), make_node("MaxPool", ["z"], ["y"], kernel_shape=[3, 3])],
        {"p": np.int64([0, 0, 1, 1, 0, 0, 1, 1]), "v": np.float32(-np.inf)},
        "Sequential(MaxPool2D(3, stride=1, padding=1))",
    ),
    "a sum behind weights": (
        [make_node("Conv", ["x", "w"], ["z"]), make_node("Add", ["z", "b"], ["y"])],
        {"w": np.ones((3, 2, 2, 2), "f"), "b": np.ones((3, 1, 1), "f")},
        "Sequential(Conv2D(3, 2))",
    ),
    "product and sum of rows": (
        [make_node("Flatten", ["x"], ["f"]), make_node("MatMul", ["f", "w"], ["z"]), make_node("Add", ["z", "b"], ["y"])],
        {"w": np.ones((60, 3), "f"), "b": np.ones(3, "f")},
        "Sequential(Flatten(), Linear(3))",
    ),
    "mean over pixels": (
        [make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=0)],
        {},
        "Sequential(GlobalAvgPool())",
    ),
    "nothing in use": (
        [make_node("Identity", ["x"], ["a"]), make_node("Dropout", ["a"], ["b"]), make_node("Relu", ["b"], ["y"])],
        {},
        "Sequential(ReLU())",
    ),
    "half up to the nearest": (
        [make_node("Resize", ["x", "", "s"], ["y"], mode="nearest")],
        {"s": np.float32([1, 1, 2, 3])},
        "Sequential(Upsample(scale=(2, 3)))",
    ),
}


@pytest.mark.parametrize("name", FOLDED)
def test_several_nodes_are_one_layer(tmp_path, name):
    nodes, arrays, text = FOLDED[name]
    save(tmp_path / "net.onnx", nodes, **arrays)
    net = read_onnx(tmp_path / "net.onnx")
    assert repr(net.block) == text
    assert np.allclose(net.forward(images(net)), run(tmp_path / "net.onnx", images(net))[0], atol=1e-5)


def test_one_error_names_all_that_has_no_counterpart_and_where(tmp_path):
    nodes = [
        make_node("Erf", ["x"], ["a"], name="gelu/erf"),
        make_node("Relu", ["a"], ["b"]),
        make_node("LSTM", ["b", "w", "w"], ["c"], name="rnn"),
        make_node("Transpose", ["x"], ["d"], perm=[0, 2, 3, 1], name="to_last"),
        make_node("Erf", ["d"], ["y"], name="again"),
    ]
    save(tmp_path / "net.onnx", nodes, w=np.ones((1, 1, 1), "f"))
    with pytest.raises(GraphError) as caught:
        read_onnx(tmp_path / "net.onnx")
    assert str(caught.value).splitlines() == [
        f"{tmp_path / 'net.onnx'}: it has nodes without a counterpart here: Erf, LSTM, Transpose",
        "  Erf                  at gelu/erf, again",
        "  LSTM                 at rnn",
        "  Transpose            at to_last: it turns axes of an image",
    ]


def test_a_size_that_the_file_leaves_open_stays_open(tmp_path):
    nodes = [make_node("Conv", ["x", "w"], ["z"], strides=[2, 2], auto_pad="SAME_UPPER"), make_node("Relu", ["z"], ["y"])]
    save(tmp_path / "net.onnx", nodes, ("N", 2, "H", "W"), w=np.ones((3, 2, 3, 3), "f"))
    net = read_onnx(tmp_path / "net.onnx")
    assert net.input_shape == (2, None, None)
    x = np.random.default_rng(0).normal(size=(2, 2, 9, 6)).astype("f")
    assert np.allclose(net.forward(x), run(tmp_path / "net.onnx", x)[0], atol=1e-5)
    assert read_onnx(tmp_path / "net.onnx", input_shape=(2, 9, 6)).input_shape == (2, 9, 6)


def test_what_depends_on_an_open_size_asks_for_it(tmp_path):
    save(
        tmp_path / "net.onnx",
        [make_node("Conv", ["x", "w"], ["y"], strides=[2, 2], auto_pad="SAME_LOWER")],
        ("N", 2, "H", "W"),
        w=np.ones((3, 2, 2, 3), "f"),
    )
    net = read_onnx(tmp_path / "net.onnx", input_shape=(2, 9, 6))
    x = images(net)
    assert np.allclose(net.forward(x), run(tmp_path / "net.onnx", x)[0], atol=1e-5)


def test_arrays_beside_the_file_are_read_from_its_folder_alone(tmp_path):
    net = Graph(L.Linear(3), (40,))
    write_onnx(net, tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    onnx.save(model, tmp_path / "net.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert np.array_equal(read_onnx(tmp_path / "net.onnx").forward(images(net)), net.forward(images(net)))
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link").symlink_to(tmp_path / "weights.bin")
    for location in ("../weights.bin", str(tmp_path / "weights.bin"), "link", "", "absent"):
        model = onnx.load(tmp_path / "net.onnx", load_external_data=False)
        for tensor in model.graph.initializer:
            tensor.external_data[0].value = location
        (inner / "net.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(CheckpointError, match="is not a file in its folder"):
            read_onnx(inner / "net.onnx")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"", "it has no graph"),
        (b"\x89PNG\r\n", "is not an ONNX file"),
        (b"\x3a\xff\xff\xff\x7f", "cut short"),
    ],
)
def test_a_file_of_another_kind_says_so(tmp_path, content, message):
    if content is not None:
        (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read_onnx(tmp_path / "net.onnx")
    with pytest.raises(CheckpointError, match="is a folder"):
        read_onnx(tmp_path)


def test_a_constant_larger_than_a_file_may_make_is_refused_before_it_is_made(tmp_path):
    save(
        tmp_path / "net.onnx",
        [make_node("Expand", ["one", "s"], ["w"]), make_node("Conv", ["x", "w"], ["y"])],
        one=np.float32(1),
        s=np.int64([1 << 20, 2, 1 << 10, 1 << 10]),
    )
    with pytest.raises(GraphError, match=r"it would make an array of 1048576 x 2 x 1024 x 1024"):
        read_onnx(tmp_path / "net.onnx")


def test_a_damaged_file_is_refused_or_read_but_never_a_traceback(tmp_path):
    net = Graph(L.Sequential(L.Conv2D(2, 3, padding=1), L.MaxPool2D(2), L.Flatten(), L.Linear(3)), (1, 4, 4))
    write_onnx(net, tmp_path / "net.onnx")
    without_metadata(tmp_path / "net.onnx")
    content = (tmp_path / "net.onnx").read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for _ in range(400):
        damaged = bytearray(content)
        for place in rng.integers(len(content), size=rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        (tmp_path / "damaged.onnx").write_bytes(
            damaged[: rng.integers(len(damaged) // 2, len(damaged) + 1)] if rng.random() < 0.2 else damaged
        )
        try:
            read_onnx(tmp_path / "damaged.onnx")
        except MinicnnError:
            refused += 1
    assert 100 < refused < 400


def test_several_inputs_are_refused_by_name(tmp_path):
    x, z, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (1, 3)) for name in "xzy")
    graph = onnx.helper.make_graph([make_node("Add", ["x", "z"], ["y"])], "sum", [x, z], [y])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "net.onnx")
    with pytest.raises(GraphError, match=r"its graph has 2 inputs \(x, z\), but a network has one: the images"):
        read_onnx(tmp_path / "net.onnx")


def test_without_the_package_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(SettingError, match=r"^read_onnx: ONNX files need the package onnx, .* pip install 'minicnn\[onnx\]'"):
        read_onnx(tmp_path / "net.onnx")
