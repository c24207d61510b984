"""The engine: fast plans against the textbook loops, textbook loops against numeric gradients and PyTorch."""

import numpy as np
import pytest

import minicnn
from minicnn import engine, zoo
from minicnn import layers as L
from minicnn.engine.plan import build_plan
from minicnn.kernels.cpu.convolution import maps
from minicnn.losses import SoftmaxCrossEntropy

# Rounding of float32 sums grows with the square root of their terms; the longest here has 9,216 terms.
TOLERANCE = 5e-6


def every_layer():
    """A small network with every layer of the engine, every dial turned."""
    body = L.Sequential(L.Conv2D(6, 3, padding=1), L.LeakyReLU(0.1), L.Conv2D(6, 3, padding="same"))
    return minicnn.Graph(
        L.Sequential(
            L.Conv2D(6, 3, padding=1),
            L.Tanh(),
            L.LocalResponseNorm(alpha=0.1),
            L.AvgPool2D(3, stride=2, padding=1),
            L.Dropout(0.3),
            L.Conv2D(6, 3, stride=2, dilation=2, padding=((1, 2), (3, 0)), groups=2, flip=True),
            L.Sigmoid(),
            L.Residual(body),
            L.MaxPool2D(3, stride=1, padding=1),
            L.Concat(L.Conv2D(3, 1), L.MaxPool2D(2, stride=1, padding=((1, 0), (1, 0)))),
            L.ReLU(),
            L.Conv2D(5, 2, sharing=2, padding="same"),
            L.LeakyReLU(0.2),
            L.Conv2D(4, 2, sharing="unshared"),
            L.ReLU(),
            L.MaxPool2D(2),
            L.Flatten(),
            L.Linear(7),
            L.ReLU(),
            L.Dropout(0.2),
            L.Linear(3),
        ),
        input_shape=(2, 13, 11),
        seed=4,
    )


def pictures(net, count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, *net.input_shape)).astype(np.float32), rng.integers(0, net.classes, count)


def relative_error(got, wanted):
    return np.abs(got - wanted).max() / max(np.abs(wanted).max(), 1e-3)


@pytest.mark.parametrize("make", [lambda: zoo.build("lenet"), every_layer], ids=["lenet", "every layer"])
@pytest.mark.parametrize("count", [1, 2, 7, 16, 17, 70, 140])
def test_fast_plan_agrees_with_textbook_loops(make, count):
    net = make()
    x, labels = pictures(net, count)
    assert relative_error(net.forward(x), net.forward(x.astype(np.float64))) < TOLERANCE
    loss, gradients = net.backward(x, labels)
    wanted_loss, wanted = net.backward(x.astype(np.float64), labels)
    assert loss == pytest.approx(wanted_loss, rel=1e-5)
    assert list(gradients) == list(net.parameters)
    for name in wanted:
        assert relative_error(gradients[name], wanted[name]) < TOLERANCE, name


@pytest.mark.parametrize("make", [lambda: zoo.build("lenet"), every_layer], ids=["lenet", "every layer"])
def test_textbook_gradients_agree_with_numeric_ones(make):
    """In float64, along random directions: a kink passed by a step of 1e-6 would show as a gross error, and none does."""
    net = make()
    x, labels = pictures(net, 3)
    x = x.astype(np.float64)
    key, entropy = engine.dropout_key(net.seed, 0), SoftmaxCrossEntropy()
    doubles = {name: value.astype(np.float64) for name, value in net.parameters.items()}

    def loss(parameters, images):
        return entropy.value(engine.Run(net.topology, parameters, images, training=True, key=key).output, labels)

    run = engine.Run(net.topology, doubles, x, training=True, key=key)
    dx, gradients = run.gradients(entropy.gradient(run.output, labels))
    rng = np.random.default_rng(1)
    step = 1e-6
    for name, value in doubles.items():
        direction = rng.standard_normal(value.shape)
        sides = [loss(doubles | {name: value + sign * step * direction}, x) for sign in (1, -1)]
        numeric = (sides[0] - sides[1]) / (2 * step)
        exact = float((gradients[name] * direction).sum())
        assert numeric == pytest.approx(exact, rel=1e-4, abs=1e-8), name
    direction = rng.standard_normal(x.shape)
    numeric = (loss(doubles, x + step * direction) - loss(doubles, x - step * direction)) / (2 * step)
    assert numeric == pytest.approx(float((dx * direction).sum()), rel=1e-4, abs=1e-8)


def test_lenet_agrees_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch (the bench extra) is not installed")
    nn = torch.nn
    net = zoo.build("lenet")
    x, labels = pictures(net, 50)
    twin = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
    with torch.no_grad():
        for own, value in zip(twin.parameters(), net.parameters.values(), strict=True):
            own.copy_(torch.from_numpy(value.copy()))
    logits = twin(torch.from_numpy(x))
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(labels))
    loss.backward()
    assert relative_error(net.forward(x), logits.detach().numpy()) < TOLERANCE
    got_loss, gradients = net.backward(x, labels)
    assert got_loss == pytest.approx(loss.item(), rel=1e-5)
    for (name, gradient), own in zip(gradients.items(), twin.parameters(), strict=True):
        assert relative_error(gradient, own.grad.numpy()) < TOLERANCE, name


def test_gradients_have_the_same_bits_on_any_number_of_threads():
    net = every_layer()
    x, labels = pictures(net, 150)
    runs = [engine.backward(net, x, labels, threads=threads) for threads in (1, 2, 3, 8)]
    for loss, gradients in runs[1:]:
        assert loss == runs[0][0]
        for name, gradient in gradients.items():
            np.testing.assert_array_equal(gradient, runs[0][1][name])


@pytest.mark.parametrize("count", [5, 40])
def test_an_image_does_not_depend_on_its_neighbours(count):
    """An image is a lane, or a few, of its own: in whatever company and place of a batch of one size, the same bits."""
    net = zoo.build("lenet")
    x, _ = pictures(net, count)
    order = np.random.default_rng(1).permutation(count)
    np.testing.assert_array_equal(net.forward(x[order]), net.forward(x)[order])


def test_batch_size_changes_only_the_rounding():
    net = zoo.build("lenet")
    x, _ = pictures(net, 70)
    together = net.forward(x)
    for size in (1, 2, 3, 8, 16, 33):
        assert relative_error(net.forward(x[:size]), together[:size]) < TOLERANCE


def test_nan_in_one_image_stays_there():
    net = zoo.build("lenet")
    x, _ = pictures(net, 20)
    clean = net.forward(x)
    x[7, 0, 14, 14] = np.nan
    spoiled = net.forward(x)
    assert np.isnan(spoiled[7]).all()
    others = [n for n in range(20) if n != 7]
    np.testing.assert_array_equal(spoiled[others], clean[others])


def test_empty_batch():
    net = zoo.build("lenet")
    assert net.forward(np.empty((0, 1, 28, 28), np.float32)).shape == (0, 10)


def test_alexnet_runs():
    """The whole network at its real size, one image: every layer's memory and tables."""
    net = zoo.build("alexnet", classes=7)
    logits = net.forward(pictures(net, 1)[0])
    assert logits.shape == (1, 7)
    assert np.isfinite(logits).all()


def test_writing_to_a_parameter_changes_the_network():
    net = zoo.build("lenet")
    x, _ = pictures(net, 4)
    net.parameters["fc3.weight"][...] = 0
    net.parameters["fc3.bias"][...] = np.arange(10)
    np.testing.assert_array_equal(net.forward(x), np.tile(np.arange(10, dtype=np.float32), (4, 1)))


def test_plans_do_not_keep_a_network_alive():
    import gc
    import weakref

    net = zoo.build("lenet")
    net.forward(pictures(net, 2)[0])
    ghost = weakref.ref(net)
    del net
    gc.collect()
    assert ghost() is None


def test_making_a_plan_looks_at_the_columns_once_not_once_a_row(monkeypatch):
    calls = []
    plain = maps._progressions
    monkeypatch.setattr(maps, "_progressions", lambda *given: calls.append(given) or plain(*given))
    counts = []
    for size in (16, 64):  # 8,000 rows of 8,000 columns took minutes before they were found too large
        net = minicnn.Graph(L.Sequential(L.Conv2D(2, 3, padding=1), L.GlobalAvgPool(), L.Linear(3)), (1, size, size))
        build_plan(net.topology, net.topology.memory_size, 16, 2, training=True)
        counts.append(len(calls))
        calls.clear()
    assert counts[0] == counts[1] > 0
