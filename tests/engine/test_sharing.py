"""Layers in several places: gradients summed over all, by the fast plan as by the textbook loops, and training with them."""

import numpy as np
import pytest

import minicnn
from minicnn import engine
from minicnn import layers as L
from minicnn.engine.counting import check
from minicnn.errors import CheckpointError
from minicnn.losses import SoftmaxCrossEntropy
from minicnn.optimizers import SGD

TOLERANCE = 5e-6  # of float32 sums, as in test_engine


def recurrent():
    """The same convolution three times at one depth, twice inside a residual block, and a linear layer twice."""
    conv, dense = L.Conv2D(5, 3, padding=1), L.Linear(7)
    return minicnn.Graph(
        L.Sequential(
            L.Conv2D(5, 1),
            conv,
            L.ReLU(),
            conv,
            L.Tanh(),
            L.MaxPool2D(2),
            conv,
            L.ReLU(),
            L.Residual(L.Sequential(conv, L.ReLU(), conv)),
            L.Flatten(),
            L.Linear(7),
            L.ReLU(),
            dense,
            L.ReLU(),
            dense,
            L.Linear(3),
        ),
        input_shape=(2, 6, 5),
        seed=1,
    )


def siamese():
    """A block in two ways, batch normalization in it, and the same normalization once more behind."""
    norm = L.BatchNorm2D()
    tower = L.Sequential(L.Conv2D(4, 3, padding=1, bias=False), norm, L.ReLU(), name="tower")
    return minicnn.Graph(
        L.Sequential(L.Add(tower, L.Sequential(L.MaxPool2D(3, stride=1, padding=1), tower)), norm, L.Flatten(), L.Linear(3)),
        input_shape=(2, 6, 5),
        seed=2,
    )


def many_kinds():
    """Every other layer with parameters, each in two places."""
    up, table, pool = L.ConvTranspose2D(4, 3, padding=1), L.TableConv2D(((0, 1), (2,), (1, 3), (0,)), 3, padding=1), L.Subsample2D(1)
    unshared, tiled = (L.Conv2D(4, 3, padding=1, sharing=sharing) for sharing in ("unshared", 2))
    return minicnn.Graph(
        L.Sequential(
            L.Conv2D(4, 1),
            up,
            L.Tanh(),
            unshared,
            tiled,
            L.Tanh(),
            table,
            pool,
            L.Tanh(),
            pool,
            up,
            unshared,
            L.Tanh(),
            table,
            tiled,
            L.Flatten(),
            L.Linear(3),
        ),
        input_shape=(2, 5, 5),
        seed=3,
    )


def small_maps():
    """At its second place the filter sees one pixel and padding: eight of its taps get no gradient there."""
    conv = L.Conv2D(4, 3, padding=1)
    return minicnn.Graph(L.Sequential(L.Conv2D(4, 1), conv, L.MaxPool2D(4), conv, L.Flatten(), L.Linear(3)), input_shape=(2, 4, 4), seed=4)


NETWORKS = pytest.mark.parametrize("make", [recurrent, siamese, many_kinds, small_maps])


def pictures(net, count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, *net.input_shape)).astype(np.float32), rng.integers(0, net.classes, count)


def relative_error(got, wanted):
    return np.abs(got - wanted).max() / max(np.abs(wanted).max(), 1e-3)


@NETWORKS
@pytest.mark.parametrize("count", [1, 7, 70, 200])
def test_fast_plan_agrees_with_textbook_loops(make, count):
    """Twice, with other images before: nothing is left of an earlier batch."""
    net = make()
    net.backward(*pictures(net, count, seed=5))
    x, labels = pictures(net, count)
    loss, gradients = net.backward(x, labels)
    wanted_loss, wanted = net.backward(x.astype(np.float64), labels)
    assert loss == pytest.approx(wanted_loss, rel=1e-5)
    for name in wanted:
        assert relative_error(gradients[name], wanted[name]) < TOLERANCE, name


@NETWORKS
def test_textbook_gradients_agree_with_numeric_ones(make):
    net = make()
    x, labels = pictures(net, 3)
    doubles = {name: value.astype(np.float64) for name, value in net.arrays.items()}
    run, entropy = engine.Run(net.topology, doubles, x.astype(np.float64), training=True), SoftmaxCrossEntropy()
    _, gradients = run.gradients(entropy.gradient(run.output, labels))
    rng = np.random.default_rng(1)
    step = 1e-6
    for name in net.parameters:
        direction = rng.standard_normal(doubles[name].shape)
        sides = [
            entropy.value(
                engine.Run(net.topology, doubles | {name: doubles[name] + sign * step * direction}, x.astype(np.float64), True).output,
                labels,
            )
            for sign in (1, -1)
        ]
        assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(float((gradients[name] * direction).sum()), rel=1e-4, abs=1e-8), name


@NETWORKS
def test_gradients_have_the_same_bits_on_any_number_of_threads(make):
    net = make()
    x, labels = pictures(net, 150)
    runs = [engine.backward(net, x, labels, threads=threads) for threads in (1, 2, 3, 8)]
    for loss, gradients in runs[1:]:
        assert loss == runs[0][0]
        for name, gradient in gradients.items():
            np.testing.assert_array_equal(gradient, runs[0][1][name])


def test_a_shared_gradient_is_the_sum_over_places_of_their_own():
    """The same numbers in layers of their own: their gradients add up to that of the shared one."""

    def dense(first, second):
        return minicnn.Graph(L.Sequential(first, L.Tanh(), second, L.Tanh(), L.Linear(3)), (6,))

    one = L.Linear(6)
    shared, apart = dense(one, one), dense(L.Linear(6), L.Linear(6))
    for ours, theirs in (("fc1", "fc1"), ("fc1", "fc2"), ("fc3", "fc3")):
        for what in ("weight", "bias"):
            apart.parameters[f"{theirs}.{what}"] = shared.parameters[f"{ours}.{what}"]
    x, labels = pictures(shared, 40)
    loss, gradients = shared.backward(x, labels)
    other_loss, parts = apart.backward(x, labels)
    assert loss == other_loss
    np.testing.assert_allclose(gradients["fc1.weight"], parts["fc1.weight"] + parts["fc2.weight"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(gradients["fc3.bias"], parts["fc3.bias"], rtol=1e-6)


def test_gradients_and_running_statistics_agree_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch (the bench extra) is not installed")
    nn = torch.nn
    net = siamese()
    conv, norm, last = nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.Linear(120, 3)
    names = {
        "tower.conv1.weight": conv.weight,
        "tower.bn1.weight": norm.weight,
        "tower.bn1.bias": norm.bias,
        "fc1.weight": last.weight,
        "fc1.bias": last.bias,
    }
    assert list(names) == list(net.parameters)
    rng = np.random.default_rng(3)
    with torch.no_grad():
        for name, own in names.items():
            net.parameters[name] = rng.standard_normal(own.shape)
            own.copy_(torch.from_numpy(net.parameters[name].copy()))

    def tower(x):
        return nn.functional.relu(norm(conv(x)))

    x, labels = pictures(net, 80)
    images = torch.from_numpy(x)
    logits = last(norm(tower(images) + tower(nn.functional.max_pool2d(images, 3, 1, 1))).flatten(1))
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(labels))
    loss.backward()
    got_loss, gradients = net.backward(x, labels)
    assert got_loss == pytest.approx(loss.item(), rel=1e-5)
    for name, own in names.items():
        assert relative_error(gradients[name], own.grad.numpy()) < TOLERANCE, name
    minicnn.Trainer(net, SGD(learning_rate=0.0), batch_size=80).step(x, labels)
    # three places, one after the other: each replaces a tenth of what is there
    np.testing.assert_allclose(net.buffers["tower.bn1.running_mean"], norm.running_mean.numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net.buffers["tower.bn1.running_var"], norm.running_var.numpy(), rtol=1e-4)


@pytest.mark.parametrize("make", [recurrent, siamese])
def test_it_learns(make):
    net = make()
    x, labels = pictures(net, 48)
    x[np.arange(48), 0, labels, 0] += 4
    trainer = minicnn.Trainer(net, SGD(learning_rate=0.05, momentum=0.9), batch_size=48)
    losses = [trainer.step(x, labels).loss for _ in range(60)]
    assert losses[-1] < losses[0] / 5
    assert np.isfinite(net.parameter_memory).all()


def test_a_file_keeps_what_is_shared(tmp_path):
    net = recurrent()
    net.save(tmp_path / "net")
    again = minicnn.load(tmp_path / "net")
    assert list(again.parameters) == list(net.parameters)
    assert again.summary() == net.summary()
    x, labels = pictures(net, 20)
    assert np.array_equal(again.forward(x), net.forward(x))
    np.testing.assert_equal(again.backward(x, labels), net.backward(x, labels))


def test_a_file_of_layers_of_their_own_is_not_one_of_a_shared_layer(tmp_path):
    one = L.Linear(6)
    shared, apart = (minicnn.Graph(L.Sequential(one, second), (6,)) for second in (one, L.Linear(6)))
    with pytest.raises(CheckpointError, match=r"has no parameter called fc2.weight$"):
        shared.adopt(dict(apart.parameters), "file")


@NETWORKS
def test_counted_once(make):
    counted = check(make())
    assert counted.differences == ()
    totals = {each.quantity: each.counted for each in counted.totals()}
    assert totals["params"] == sum(value.size for value in make().parameters.values())
