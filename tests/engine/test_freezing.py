"""Frozen parameters: no bit of them changes, they have no gradient, and no work is done for it."""

import copy
import pickle

import numpy as np
import pytest

import minicnn
from minicnn import layers as L
from minicnn import zoo
from minicnn.engine.counting import check
from minicnn.engine.plan import build_plan
from minicnn.errors import CheckpointError, GraphError
from minicnn.optimizers import OPTIMIZERS
from tests.engine.test_engine import TOLERANCE, every_layer, pictures, relative_error


def normalized():
    stage = L.Sequential(L.Conv2D(6, 3, bias=False), L.BatchNorm2D(), L.ReLU(), L.Conv2D(4, 3), L.BatchNorm2D(), name="stage")
    return minicnn.Graph(L.Sequential(stage, L.ReLU(), L.Flatten(), L.Linear(5), L.BatchNorm1D(), L.Linear(3)), (2, 8, 7), seed=1)


def other_layers():
    return minicnn.Graph(
        L.Sequential(
            L.TableConv2D(((0, 1), (1,), (0,)), 2),
            L.Subsample2D(2),
            L.ConvTranspose2D(4, 3, stride=2),
            L.ReLU(),
            L.ConvTranspose2D(3, 2),
            L.Flatten(),
            L.Linear(6),
            L.RBF(3),
        ),
        (2, 7, 7),
    )


def tied():
    tower = L.Sequential(L.Conv2D(2, 3, padding=1), L.ReLU(), name="tower")
    return minicnn.Graph(L.Sequential(tower, tower, L.Flatten(), L.Linear(3)), (2, 5, 5))


@pytest.mark.parametrize("make", [every_layer, normalized, other_layers, tied], ids=lambda make: make.__name__)
@pytest.mark.parametrize("seed", range(6))
def test_gradients_of_what_learns_are_those_without_freezing_and_others_are_left_out(make, seed):
    net, whole = make(), make()
    rng = np.random.default_rng(seed)
    x, labels = pictures(net, 9, seed)
    net.freeze([name for name in net.parameters if rng.random() < 0.5 and "bn" not in name])
    _, wanted = whole.backward(x, labels)
    for images in (x, x.astype(np.float64)):
        loss, gradients = net.backward(images, labels)
        assert list(gradients) == [name for name in net.parameters if name not in net.topology.frozen]
        for name, gradient in gradients.items():
            assert relative_error(gradient, wanted[name]) < TOLERANCE * 20, name
        assert loss == pytest.approx(whole.backward(images, labels)[0], rel=1e-6)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("pattern", ["stage.conv1", "stage", ["*.bias", "fc1"], "*"])
def test_no_optimizer_changes_a_bit_of_what_is_frozen(kind, pattern):
    net = normalized()
    frozen = net.freeze(pattern)
    before = copy.deepcopy(dict(net.arrays))
    settings = {"weight_decay": 0.1} | ({"momentum": 0.9} if kind == "sgd" else {})
    trainer = minicnn.Trainer(net, OPTIMIZERS[kind](learning_rate=0.05, **settings), batch_size=8)
    x, labels = pictures(net, 8)
    for _ in range(3):
        trainer.step(x, labels)
    for name, values in net.parameters.items():
        assert np.array_equal(values, before[name]) == (name in frozen), name
    for name, values in net.buffers.items():
        norm = [f"{name.rpartition('.')[0]}.{part}" for part in ("weight", "bias")]
        assert np.array_equal(values, before[name]) == set(frozen).issuperset(norm), name


def test_frozen_normalization_is_the_one_in_use():
    net = normalized()
    for name, values in net.buffers.items():
        values[...] = np.random.default_rng(len(name)).uniform(0.5, 2, values.shape)
    net.freeze(["*.bn1", "bn1", "*.bn2"])
    x, labels = pictures(net, 16)
    logits = net.forward(x.astype(np.float64))
    right = logits[np.arange(16), labels]
    wanted = (np.log(np.exp(logits).sum(1)) - right).mean()
    for images in (x, x.astype(np.float64)):
        assert net.backward(images, labels)[0] == pytest.approx(wanted, rel=1e-5)
    quick, exact = (net.backward(images, labels)[1] for images in (x, x.astype(np.float64)))
    assert all(relative_error(quick[name], exact[name]) < 1e-4 for name in exact)
    assert max(net.check_gradient().values()) < 1e-5  # a kink may lie near


def steps_of(net, batch=16):
    return build_plan(net.topology, net.topology.memory_size, batch, 1, training=True).program.names


def test_frozen_layers_at_the_front_make_no_step_back():
    net = zoo.build("lenet")
    forward = build_plan(net.topology, net.topology.memory_size, 16, 1, training=True, outputs=True).program.names
    net.freeze(["conv*", "fc1", "fc2"])
    names = steps_of(net)
    behind_loss = names[names.index("softmax_cross_entropy_step") + 1 :]
    assert sorted(behind_loss) == ["convolution_backward_bias", "linear_step_backward_weight", "transpose_step"]  # of the last layer
    assert len(names) <= len(forward) + 2 + len(behind_loss)


def test_frozen_layers_in_the_middle_pass_the_gradient_on():
    net = zoo.build("lenet")
    assert steps_of(net).count("linear_step_backward_weight") == 3
    net.freeze("fc*")
    names = steps_of(net)
    assert "linear_step_backward_weight" not in names
    assert "convolution_backward_weight" in " ".join(names)
    x, labels = pictures(net, 8)
    assert set(net.backward(x, labels)[1]) == {"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"}


def test_plan_made_before_notices():
    net = zoo.build("lenet")
    x, labels = pictures(net, 8)
    trainer = minicnn.Trainer(net, batch_size=8)
    trainer.step(x, labels)
    assert len(net.backward(x, labels)[1]) == len(net.parameters)
    frozen = net.freeze("conv1")
    kept = net.parameters["conv1.weight"].copy()
    trainer.step(x, labels)
    assert np.array_equal(net.parameters["conv1.weight"], kept)
    assert not set(frozen) & set(net.backward(x, labels)[1])
    assert net.unfreeze("conv1") == frozen == ["conv1.weight", "conv1.bias"]
    trainer.step(x, labels)
    assert not np.array_equal(net.parameters["conv1.weight"], kept)
    assert set(frozen) <= set(net.backward(x, labels)[1])


def test_summary_counts_what_learns():
    net = zoo.build("lenet")
    before = net.summary()
    net.freeze("conv1")
    after = net.summary()
    assert after.totals.params == before.totals.params
    assert after.totals.trainable_params == before.totals.params - before.layers[0].params
    assert after.layers[0].backward_macs == 0
    conv2 = next(row for row in after.layers if row.name == "conv2")
    assert conv2.backward_macs == conv2.macs  # of the weight; nobody needs the gradient of its input
    assert check(net).differences == ()


def test_names_of_blocks_layers_and_parameters_are_patterns():
    net = normalized()
    inside = [name for name in net.parameters if name.startswith("stage.")]
    assert net.freeze("stage") == net.unfreeze("stage") == net.freeze("stage.*") == inside
    assert net.freeze(None) == []
    assert not net.topology.frozen
    assert net.freeze(["fc2", "stage.conv1.weight"]) == ["stage.conv1.weight", "fc2.weight", "fc2.bias"]
    assert net.unfreeze() == list(net.parameters)
    assert not net.topology.frozen
    assert tied().freeze("tower2.conv1") == ["tower.conv1.weight", "tower.conv1.bias"]
    with pytest.raises(GraphError, match=r"^freeze: there is no parameter, layer or block with parameters called 'stag'.*did you mean"):
        net.freeze("stag")
    with pytest.raises(GraphError, match=r"called 'relu1'"):
        net.freeze("relu1")


def test_files_and_copies_keep_it(tmp_path):
    net = normalized()
    frozen = set(net.freeze("stage"))
    net.save(tmp_path / "net.safetensors")
    for other in (minicnn.load(tmp_path / "net.safetensors"), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.topology.frozen == frozen
    with pytest.raises(GraphError, match=r"^'frozen' is \['fc9.weight'\], but must list"):
        minicnn.Graph.from_architecture({**net.architecture(), "frozen": ["fc9.weight"]})
    assert "frozen" not in normalized().architecture()


def test_resumed_training_has_the_same_bits():
    def trainer():
        return minicnn.Trainer(normalized(), OPTIMIZERS["adam"](learning_rate=0.01), batch_size=8)

    first, x = trainer(), pictures(normalized(), 24)
    first.net.freeze("stage")
    first.step(x[0][:8], x[1][:8])
    arrays, numbers = copy.deepcopy(first.checkpoint())
    second = trainer()
    second.restore(arrays, numbers)
    for each in (first, second):
        for begin in (8, 16):
            each.step(x[0][begin : begin + 8], x[1][begin : begin + 8])
    assert second.net.topology.frozen == first.net.topology.frozen
    assert first.net.parameter_memory.tobytes() == second.net.parameter_memory.tobytes()
    with pytest.raises(CheckpointError, match="freezes"):
        second.restore(arrays, {**numbers, "frozen": ["fc7.weight"]})
