"""Networks, numbers and places drawn by chance, for traces: every kind of layer with every dial, values and gradients."""

import numpy as np

import minicnn
from minicnn import layers as L
from minicnn.tracing.of_network import gradients, node_called, values

NUMBERS = {1: (12,), 2: (7, 6), 3: (5, 6, 5)}  # the largest input


def conv(draw, n):
    groups = draw(1, 2)
    sharing = [("shared",), ("shared",), ("unshared",), (draw(1, 3),)][draw(0, 3)][0]
    kind = getattr(L, f"Conv{n}D")
    padding = [0, 1, 2, "same", "full", tuple((draw(0, 2), draw(0, 2)) for _ in range(n))][draw(0, 5)]
    return kind(
        groups * draw(1, 3),
        tuple(draw(1, 3) for _ in range(n)),
        stride=draw(1, 2),
        padding=padding,
        dilation=draw(1, 2),
        groups=groups,
        flip=bool(draw(0, 1)),
        bias=bool(draw(0, 3)),
        sharing=sharing,
    )


def transposed(draw, n):
    groups, stride = draw(1, 2), draw(1, 3)
    more = draw(0, stride - 1)
    kind = getattr(L, f"ConvTranspose{n}D")
    return kind(groups * draw(1, 2), draw(2, 3), stride=stride, padding=draw(0, 1), output_padding=more, groups=groups)


def pool(draw, n):
    word = ["Max", "Avg", "L2", "Gaussian"][draw(0, 3)]
    more = {"ceil_mode": bool(draw(0, 1))} if word != "Gaussian" else {}
    more |= {"dilation": draw(1, 2)} if word == "Max" else {}
    more |= {"count_padding": bool(draw(0, 1))} if word == "Avg" else {}
    return getattr(L, f"{word}Pool{n}D")(draw(2, 3), stride=draw(1, 3), padding=draw(0, 1), **more)


def adaptive(draw, n):
    return getattr(L, f"Adaptive{['Max', 'Avg'][draw(0, 1)]}Pool{n}D")(tuple(draw(1, 3) for _ in range(n)))


def activation(draw, n):
    kinds = (L.ReLU, L.Tanh, L.Sigmoid, L.ScaledTanh, lambda: L.LeakyReLU(0.1), L.Softmax, lambda: L.Dropout(0.4))
    return kinds[draw(0, len(kinds) - 1)]()


def normalization(draw, n):
    kinds = (getattr(L, f"BatchNorm{n}D"), L.LocalResponseNorm, lambda: L.GroupNorm(2), L.LayerNorm, L.InstanceNorm)
    return kinds[draw(0, len(kinds) - 1)]()


def resizing(draw, n):
    kinds = (
        lambda: L.Upsample(draw(2, 3)),
        lambda: L.Upsample(2, mode="linear", align_corners=bool(draw(0, 1))),
        lambda: getattr(L, f"Pad{n}D")(draw(1, 2), mode=("zeros", "circular", "reflect", "replicate")[draw(0, 3)]),
        lambda: L.Crop(2),
        lambda: getattr(L, f"Subsample{n}D")(2),
        lambda: L.ChannelPool(2, mode=("max", "avg", "l2")[draw(0, 2)]),
        lambda: (L.GlobalAvgPool, L.GlobalMaxPool)[draw(0, 1)](),
        lambda: L.PadShortcut(6, stride=2),
        L.Flatten,
    )
    return kinds[draw(0, len(kinds) - 1)]()


def own_map(k, p, q, c, r, s):
    """Wraps around on one side, leaves the input on the other, ties weights."""
    return (k + c) % 4, p + r - 1, (q + s) % 6, (k * 2 + r) * 2 + s - 1


def joining(draw, n):
    body = getattr(L, f"Conv{n}D")(4, 3, padding=1)
    side = getattr(L, f"Conv{n}D")(4, 1)
    kinds = (
        lambda: L.Concat(body, side, getattr(L, f"MaxPool{n}D")(3, stride=1, padding=1)),
        lambda: L.Residual(body),
        lambda: L.Highway(L.Sequential(body, L.ReLU()), L.Sequential(side, L.Sigmoid())),
        lambda: L.Multiply(body, side),
    )
    return kinds[draw(0, len(kinds) - 1)]()


def others(draw, n):
    kinds = (
        lambda: L.Sequential(L.Flatten(), L.Linear(draw(2, 9))),
        lambda: L.Variant(own_map, output_shape=(3, 7, 6), taps=(4, 3, 2)) if n == 2 else L.Sequential(L.Flatten(), L.Linear(5)),
        lambda: L.TableConv2D(((0, 1), (3,), (0, 2, 3), (1, 2)), 3) if n == 2 else conv(draw, n),
        lambda: L.Sequential(
            getattr(L, f"MaxPool{n}D")(2, name="pool"), getattr(L, f"Conv{n}D")(4, 1), getattr(L, f"MaxUnpool{n}D")("pool")
        ),
    )
    return kinds[draw(0, len(kinds) - 1)]()


FAMILIES = (conv, conv, conv, transposed, pool, pool, adaptive, activation, normalization, resizing, joining, others)


def drawn(seed):
    """(what is traced, its table, the textbook's number) for one network, place and purpose."""
    rng = np.random.default_rng(seed)

    def draw(least, most):
        return int(rng.integers(least, most + 1))

    n = (1, 2, 2, 3)[draw(0, 3)]
    part = FAMILIES[draw(0, len(FAMILIES) - 1)](draw, n)
    net = minicnn.Graph(L.Sequential(part, L.Flatten(), L.Linear(3)), input_shape=(4, *NUMBERS[n]), seed=seed)
    for array in net.arrays.values():
        array[...] = rng.uniform(0.2, 1.0, array.shape) if (array == 1).all() else rng.standard_normal(array.shape) * 0.5
    images = draw(1, 2)
    x = rng.standard_normal((images, *net.input_shape)).astype(np.float32)
    among = net.nodes if draw(0, 9) == 0 else net.nodes[:-2]
    return net, x, node_called(net, among[draw(0, len(among) - 1)].name), rng


def traced(seed):
    """(table, the number that the textbook loops computed for the whole array, what was asked)."""
    net, x, node, rng = drawn(seed)
    backward = bool(rng.integers(2))
    labels = rng.integers(0, 3, len(x))
    layered = gradients(net, x, node, labels, None) if backward else values(net, x, node)
    names = [name for name, array in layered.results.items() if array.size]
    wanted = names[int(rng.integers(len(names)))]
    result = layered.results[wanted]
    place = tuple(int(rng.integers(size)) for size in result.shape)
    return layered.trace(wanted, place), result[place], f"seed {seed}: {node.layer!r} {wanted}{place} of {x.shape}"
