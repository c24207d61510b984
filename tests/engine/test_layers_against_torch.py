"""Layers over generated settings: float32 in the engine against the loops in float64, and both against PyTorch; any threads, the same bits."""

import numpy as np
import pytest

import minicnn
from minicnn import layers as L

torch = pytest.importorskip("torch", reason="PyTorch (the bench extra) is not installed")
F = torch.nn.functional

IMAGES = (1, 5, 16, 33)
SPACE = {1: (11,), 2: (8, 7), 3: (5, 4, 6)}


def in_torch(name, axes):
    return getattr(F, f"{name}{axes}d")


def pooled(rng, axes):
    window = tuple(int(n) for n in rng.integers(1, 4, axes))
    return window, tuple(int(n) for n in rng.integers(1, 4, axes))


def l2_pool(rng, axes):
    window, stride = pooled(rng, axes)
    layer = getattr(L, f"L2Pool{axes}D")(window, stride=stride)
    return layer, lambda x, _: (in_torch("avg_pool", axes)(x * x, window, stride) * float(np.prod(window))).sqrt()


def adaptive_max_pool(rng, axes):
    size = tuple(int(n) for n in rng.integers(1, 8, axes))
    return getattr(L, f"AdaptiveMaxPool{axes}D")(size), lambda x, _: in_torch("adaptive_max_pool", axes)(x, size)


def adaptive_avg_pool(rng, axes):
    size = tuple(int(n) for n in rng.integers(1, 8, axes))
    return getattr(L, f"AdaptiveAvgPool{axes}D")(size), lambda x, _: in_torch("adaptive_avg_pool", axes)(x, size)


def global_max_pool(rng, axes):
    return L.GlobalMaxPool(), lambda x, _: x.amax(tuple(range(2, axes + 2)))


def channel_pool(rng, axes):
    size, mode = int(rng.choice([2, 3, 6])), str(rng.choice(["max", "avg", "l2"]))
    reduced = {"max": lambda x: x.amax(2), "avg": lambda x: x.mean(2), "l2": lambda x: x.norm(dim=2)}[mode]
    return L.ChannelPool(size, mode=mode), lambda x, _: reduced(x.reshape(len(x), 6 // size, size, *x.shape[2:]))


def softmax(rng, axes):
    return L.Softmax(), lambda x, _: x.softmax(1)


def lp_pool(rng, axes):
    window, p = int(rng.integers(2, 4)), float(rng.uniform(2, 4))
    layer = getattr(L, f"LpPool{axes}D")(window, p=p, stride=2)
    return layer, lambda x, _: in_torch("lp_pool", axes)(x.abs(), p, window, 2)  # torch adds up x**p, which a negative x has not


def dilated_means(rng, axes):
    """Of a dilation of 2 the windows are those of every second pixel."""
    layer = getattr(L, f"AvgPool{axes}D")(2, stride=2, dilation=2)

    def wanted(x, _):
        for axis in range(2, 2 + axes):
            count = (x.shape[axis] - 3) // 2 + 1
            x = (x.index_select(axis, torch.arange(count) * 2) + x.index_select(axis, torch.arange(count) * 2 + 2)) / 2
        return x

    return layer, wanted


def log_softmax(rng, axes):
    return L.LogSoftmax(), lambda x, _: x.log_softmax(1)


def take(rng, axes):
    axis, taken = int(rng.integers(1, axes + 2)), tuple(int(n) for n in rng.integers(0, 4, 5))
    return L.Take(taken, axis=axis), lambda x, _: x.index_select(axis, torch.tensor(taken))


def permute(rng, axes):
    order = tuple(int(n) + 1 for n in rng.permutation(axes + 1))
    return L.Permute(order), lambda x, _: x.permute(0, *order)


def group_norm(rng, axes):
    groups, eps = int(rng.choice([1, 2, 3])), float(rng.choice([1e-5, 0.1]))
    return L.GroupNorm(groups, eps=eps, name="own"), lambda x, own: F.group_norm(x, groups, own["own.weight"], own["own.bias"], eps)


def instance_norm(rng, axes):
    return L.InstanceNorm(name="own"), lambda x, own: F.instance_norm(x, weight=own["own.weight"], bias=own["own.bias"])


def max_unpool(rng, axes):
    window, padding = int(rng.integers(2, 4)), int(rng.integers(0, 2))
    pool = getattr(L, f"MaxPool{axes}D")(window, padding=padding, name="pool1")
    layer = L.Sequential(pool, L.Tanh(), getattr(L, f"MaxUnpool{axes}D")("pool1"))

    def wanted(x, _):
        values, places = in_torch("max_pool", axes)(x, window, padding=padding, return_indices=True)
        flat = torch.zeros_like(x).flatten(2)
        return flat.scatter(2, places.flatten(2), values.tanh().flatten(2)).reshape(x.shape)

    return layer, wanted


def convolution(rng, axes):
    mode = str(rng.choice(["circular", "reflect", "replicate"]))
    taps, stride, dilation = (tuple(int(n) for n in rng.integers(1, most, axes)) for most in (4, 3, 3))
    pairs = tuple((int(a), int(b)) for a, b in rng.integers(0, 4, (axes, 2)))
    settings = {"stride": stride, "dilation": dilation, "groups": int(rng.choice([1, 2]))}
    layer = getattr(L, f"Conv{axes}D")(4, taps, padding=pairs, padding_mode=mode, name="own", **settings)

    def wanted(x, own):
        around = [n for pair in reversed(pairs) for n in pair]
        return in_torch("conv", axes)(F.pad(x, around, mode=mode), own["own.weight"], own["own.bias"], **settings)

    return layer, wanted


def cut(y, pairs):
    """What is left of each axis."""
    return y[(..., *(slice(before, size - after) for size, (before, after) in zip(y.shape[2:], pairs, strict=True)))]


def transposed(rng, axes):
    taps, stride = (tuple(int(n) for n in rng.integers(1, 4, axes)) for _ in range(2))
    settings = {"stride": stride, "groups": int(rng.choice([1, 2]))}
    spans = [tap - step for tap, step in zip(taps, stride, strict=True)]
    same = bool(rng.integers(2))
    pairs = tuple((max(0, span) // 2, max(0, span) - max(0, span) // 2) for span in spans)
    if not same:
        pairs = tuple((int(a), int(b)) for a, b in rng.integers(0, 3, (axes, 2)))
    added = [max(0, -span) * same for span in spans]  # "same" adds pixels where the window is smaller than the stride
    layer = getattr(L, f"ConvTranspose{axes}D")(4, taps, padding="same" if same else pairs, name="own", **settings)

    def wanted(x, own):
        around = [n for each in reversed(added) for n in (0, each)]
        whole = in_torch("conv_transpose", axes)(x, own["own.weight"], None, **settings)
        return cut(F.pad(whole, around), pairs) + own["own.bias"].reshape(-1, *[1] * axes)

    return layer, wanted


MAKERS = [
    transposed,
    l2_pool,
    adaptive_max_pool,
    adaptive_avg_pool,
    global_max_pool,
    channel_pool,
    softmax,
    lp_pool,
    dilated_means,
    log_softmax,
    take,
    permute,
    group_norm,
    instance_norm,
    max_unpool,
    convolution,
]


def network(layer, axes):
    """The layer between two convolutions, so that it is neither first nor last."""
    block = L.Sequential(getattr(L, f"Conv{axes}D")(6, 1, name="before"), layer, L.Flatten(), L.Linear(3, name="after"))
    net = minicnn.Graph(block, (2, *SPACE[axes]), seed=1)
    rng = np.random.default_rng(5)
    for name, values in net.parameters.items():
        if name.startswith("own"):
            values[...] = rng.uniform(0.3, 1.0, values.shape)
    return net


@pytest.fixture
def any_threads():
    yield minicnn.set_threads
    minicnn.set_threads(None)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("axes", SPACE)
@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_layers_agree_with_the_loops_and_with_torch(maker, axes, seed, any_threads):
    layer, wanted = maker(np.random.default_rng(10 * seed + axes), axes)
    net, rng = network(layer, axes), np.random.default_rng(seed)
    images = IMAGES[(seed + axes) % len(IMAGES)]
    x, labels = rng.standard_normal((images, *net.input_shape)), rng.integers(0, 3, images)
    own = {name: torch.tensor(np.asarray(values, np.float64), requires_grad=True) for name, values in net.parameters.items()}
    before = in_torch("conv", axes)(torch.tensor(x), own["before.weight"], own["before.bias"])
    logits = F.linear(wanted(before, own).flatten(1), own["after.weight"], own["after.bias"])
    F.cross_entropy(logits, torch.tensor(labels)).backward()

    np.testing.assert_allclose(net.forward(x), logits.detach(), rtol=1e-9, atol=1e-9)
    exact = net.backward(x, labels)[1]
    largest = max(np.abs(each).max() for each in exact.values())
    for name, gradient in exact.items():
        np.testing.assert_allclose(gradient, own[name].grad, rtol=1e-7, atol=1e-9 * largest, err_msg=name)

    single = x.astype(np.float32)
    np.testing.assert_allclose(net.forward(single), logits.detach(), rtol=1e-4, atol=1e-5 * max(1, np.abs(logits.detach().numpy()).max()))
    found = {}
    for threads in (1, 2, 3):
        any_threads(threads)
        found[threads] = net.forward(single), *net.backward(single, labels)
    y, loss, gradients = found[1]
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, exact[name], atol=3e-5 * largest, err_msg=name)
        assert all(np.array_equal(gradient, found[threads][2][name]) for threads in (2, 3)), name
    assert all(np.array_equal(y, found[threads][0]) and loss == found[threads][1] for threads in (2, 3))


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_numeric_gradients(maker):
    layer, _ = maker(np.random.default_rng(0), 2)
    differences = network(layer, 2).check_gradient()
    if maker is instance_norm:  # what comes before it has a bias without effect: a gradient of 0 has no relative error
        differences.pop("before.bias")
    assert max(differences.values()) < 1e-6


def test_a_highway_with_a_gate_for_each_way():
    carried = L.Sequential(L.Linear(4, name="carry"), L.Sigmoid())
    block = L.Add(
        L.Multiply(L.Linear(4, name="body"), L.Sequential(L.Linear(4, name="gate"), L.Sigmoid())), L.Multiply(L.Sequential(), carried)
    )
    net = minicnn.Graph(L.Sequential(block, L.Linear(2)), (4,))
    x = np.random.default_rng(0).standard_normal((3, 4))
    own = {name: np.asarray(values, np.float64) for name, values in net.parameters.items()}
    body, gate, carry = (x @ own[f"{name}.weight"].T + own[f"{name}.bias"] for name in ("body", "gate", "carry"))
    y = body / (1 + np.exp(-gate)) + x / (1 + np.exp(-carry))
    np.testing.assert_allclose(net.forward(x), y @ own["fc1.weight"].T + own["fc1.bias"], rtol=1e-9)
    assert max(net.check_gradient().values()) < 1e-6
