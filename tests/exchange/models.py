"""Networks to write and read: every layer with settings that differ from the usual ones, and every network of the zoo in a small form."""

import numpy as np
import onnx
import onnxruntime

from minicnn import Graph, zoo
from minicnn import layers as L

LARGE = 3e8  # multiplications: a larger network is built with a sixteenth of its filters, for smaller images where they fit
SMALLER_INPUT = {"unet": (1, 188, 188), "alexnet": (3, 67, 67), "alexnet-2012": (3, 67, 67), "alexnet-d2l": (1, 71, 71)}


def roll(k, p, q, c, r, s):
    """A convolution that reads round the edges, and skips a tap."""
    return (c, (p + r) % 5, (q + s) % 6, -1 if r == s == 1 else (k * 2 + r) * 2 + s)


LAYERS = {
    "valid convolution": ((3, 9, 8), L.Conv2D(4, (3, 2), stride=(2, 1))),
    "same convolution with a stride": ((3, 9, 8), L.Conv2D(4, 3, stride=2, padding="same", bias=False)),
    "full, dilated": ((2, 9, 8), L.Conv2D(4, 3, padding="full", dilation=(1, 2))),
    "groups, uneven padding": ((4, 9, 8), L.Conv2D(6, 3, groups=2, padding=((0, 2), (1, 0)))),
    "flipped": ((3, 9, 8), L.Conv2D(4, 3, flip=True)),
    "convolution of a sequence": ((3, 11), L.Conv1D(4, 3, padding=1)),
    "convolution of a volume": ((2, 5, 6, 7), L.Conv3D(3, (1, 2, 3))),
    "unshared": ((3, 6, 7), L.Conv2D(4, 3, sharing="unshared", padding=1)),
    "unshared in groups, flipped": ((4, 7, 6), L.Conv2D(6, (3, 2), sharing="unshared", groups=2, flip=True, stride=2)),
    "tiled": ((3, 9, 8), L.Conv2D(4, 3, sharing=(2, 3), padding="same", dilation=2)),
    "tiled sequence": ((2, 9), L.Conv1D(4, 3, sharing=2, bias=False)),
    "tiled volume": ((2, 4, 5, 4), L.Conv3D(2, 2, sharing=(1, 2, 3))),
    "circular": ((3, 6, 7), L.Conv2D(4, 3, padding=((1, 2), (0, 1)), padding_mode="circular")),
    "reflect": ((3, 6, 7), L.Conv2D(4, 3, padding=2, padding_mode="reflect")),
    "replicate": ((3, 6, 7), L.Conv2D(4, 3, padding="same", padding_mode="replicate")),
    "transposed": ((3, 5, 4), L.ConvTranspose2D(4, 3, stride=2, padding=1, output_padding=(1, 0))),
    "transposed in groups, uneven": ((4, 5, 4), L.ConvTranspose2D(6, 3, stride=2, padding=((0, 1), (2, 0)), groups=2, bias=False)),
    "transposed, same": ((3, 5, 4), L.ConvTranspose2D(4, 1, stride=2, padding="same")),
    "transposed, dilated volume": ((2, 3, 4, 3), L.ConvTranspose3D(2, 2, stride=(1, 2, 1), dilation=2)),
    "transposed sequence": ((2, 6), L.ConvTranspose1D(3, 4, stride=3)),
    "table": ((3, 8, 7), L.TableConv2D(((0,), (1, 2), (0, 1, 2), (2, 0)), 3, padding=1)),
    "own index map": ((2, 5, 6), L.Variant(roll, (3, 5, 6), (2, 2, 2))),
    "subsample": ((3, 9, 8), L.Subsample2D((2, 3), stride=2)),
    "rectified, then dropped": ((3, 5, 4), L.Sequential(L.ReLU(), L.Dropout(0.4))),
    "dropout alone": ((3, 5, 4), L.Dropout(0.4)),
    "linear, without bias": ((7,), L.Linear(5, bias=False)),
    "distances": ((7,), L.RBF(4)),
    "max pooling": ((3, 9, 8), L.MaxPool2D(3, stride=2, padding=1, ceil_mode=True)),
    "max pooling, dilated beyond its window": ((3, 9, 8), L.MaxPool2D(2, stride=1, padding=2, dilation=3)),
    "max pooling, same": ((3, 9, 8), L.MaxPool2D(2, padding="same")),
    "max pooling of a volume": ((2, 5, 6, 4), L.MaxPool3D(2, ceil_mode=True)),
    "average pooling": ((3, 9, 8), L.AvgPool2D(3, stride=2, padding=1)),
    "average pooling, ceil": ((3, 10, 9), L.AvgPool2D(3, stride=4, padding=1, ceil_mode=True)),
    "average pooling, ceil, padding not counted": ((3, 10, 9), L.AvgPool2D(3, stride=4, padding=1, ceil_mode=True, count_padding=False)),
    "average pooling of a sequence": ((3, 10), L.AvgPool1D(3, count_padding=False, padding=(1,))),
    "l2 pooling": ((3, 10, 9), L.L2Pool2D(3, stride=2, padding=1, ceil_mode=True)),
    "gaussian pooling": ((3, 10, 9), L.GaussianPool2D(3, stride=2, padding=1, sigma=0.8)),
    "adaptive average": ((3, 7, 9), L.AdaptiveAvgPool2D((3, 4))),
    "adaptive average, equal regions": ((3, 6, 8), L.AdaptiveAvgPool2D((3, 4))),
    "adaptive average of a volume": ((2, 3, 5, 4), L.AdaptiveAvgPool3D((2, 2, 3))),
    "adaptive average to one": ((3, 7, 9), L.AdaptiveAvgPool2D(1)),
    "adaptive max": ((3, 7, 9), L.AdaptiveMaxPool2D((3, 4))),
    "adaptive max to one": ((3, 7), L.AdaptiveMaxPool1D(1)),
    "global average": ((3, 7, 9), L.GlobalAvgPool()),
    "global max": ((3, 7), L.GlobalMaxPool()),
    "maxout": ((6, 5, 4), L.ChannelPool(3)),
    "channels averaged": ((6,), L.ChannelPool(2, mode="avg")),
    "length of channels": ((6, 5), L.ChannelPool(2, mode="l2")),
    "unpooled": (
        (3, 9, 8),
        L.Sequential(L.MaxPool2D(3, stride=2, padding=1, ceil_mode=True, name="p"), L.Conv2D(3, 3, padding=1), L.MaxUnpool2D("p")),
    ),
    "nearest": ((3, 4, 5), L.Upsample((2, 3))),
    "nearest to a size": ((3, 7, 5), L.Upsample(size=(11, 3))),
    "linear": ((3, 4, 5), L.Upsample(2, mode="linear")),
    "linear to a size": ((3, 4, 5), L.Upsample(size=(7, 6), mode="linear")),
    "linear, corners": ((3, 4, 5), L.Upsample(size=(7, 9), mode="linear", align_corners=True)),
    "linear volume": ((2, 2, 3, 4), L.Upsample(2, mode="linear")),
    "padded with zeros": ((3, 4, 5), L.Pad2D(((1, 2), (0, 3)))),
    "padded around": ((3, 5), L.Pad1D(2, mode="circular")),
    "padded by reflection": ((2, 4, 5, 6), L.Pad3D(2, mode="reflect")),
    "cropped": ((3, 8, 7), L.Crop((4, 4))),
    "shortcut of zeros": ((3, 7, 8), L.PadShortcut(5, stride=2)),
    "skip": ((2, 12, 12), L.Skip(L.Sequential(L.MaxPool2D(2), L.Conv2D(3, 3), L.ConvTranspose2D(2, 2, stride=2)))),
    "reshaped": ((6, 4), L.Sequential(L.Flatten(), L.Reshape((2, 3, 4)))),
    "batch norm": ((3, 5, 4), L.BatchNorm2D(eps=0.01)),
    "batch norm of features": ((7,), L.BatchNorm1D()),
    "batch norm of volumes": ((2, 3, 4, 5), L.BatchNorm3D()),
    "group norm": ((6, 5, 4), L.GroupNorm(3, eps=0.01)),
    "instance norm": ((3, 9), L.InstanceNorm()),
    "layer norm of features": ((8,), L.LayerNorm()),
    "layer norm of maps": ((3, 5, 4), L.LayerNorm()),
    "response norm": ((7, 5, 4), L.LocalResponseNorm(3, alpha=0.3)),
    "response norm of even size": ((7, 5, 4), L.LocalResponseNorm(4, alpha=0.3)),
    "leaky": ((3, 5, 4), L.LeakyReLU(0.2)),
    "sigmoid": ((3, 5), L.Sigmoid()),
    "tanh": ((7,), L.Tanh()),
    "scaled tanh": ((7,), L.ScaledTanh()),
    "softmax": ((5, 3, 4), L.Softmax()),
    "stochastic depth": ((3, 5, 4), L.Residual(L.Sequential(L.Conv2D(3, 3, padding=1), L.StochasticDepth(0.7)))),
    "highway": ((6,), L.Highway(L.Linear(6), L.Sequential(L.Linear(6, bias_start=-1.0), L.Sigmoid()))),
    "joined": ((3, 5, 4), L.Concat(L.Conv2D(2, 1), L.Sequential(), L.Add(L.Conv2D(2, 1), L.Conv2D(2, 1), L.Conv2D(2, 1)))),
    "multiplied": ((3, 5, 4), L.Multiply(L.Conv2D(2, 1), L.Sequential(L.Conv2D(2, 1), L.Sigmoid()))),
    "one layer in two places": ((4,), L.Sequential(*[L.Linear(4, name="twice")] * 2)),
}


def network(name):
    """The network of one entry of LAYERS, its parameters and buffers drawn so that none is 0 or 1."""
    input_shape, block = LAYERS[name]
    net = Graph(block, input_shape, name="case")
    rng = np.random.default_rng(0)
    for array in net.arrays.values():
        array[...] = rng.uniform(0.5, 1.5, array.shape) * rng.choice([-1, 1], array.shape) if array.min() != 1 else rng.uniform(0.5, 1.5)
    return net


def of_the_zoo(name, whole=False):
    """A network of the zoo: as it is if it is small, or wanted whole."""
    entry = zoo.find(name)
    input_shape = SMALLER_INPUT.get(name)
    if whole or not entry.widths or entry.summary().totals.macs < LARGE:
        return entry.build()
    square = (entry.input_shape[0], *[64] * (len(entry.input_shape) - 1))
    return entry.build(input_shape=input_shape or square, width=1 / 16)


def images(net, count=2, seed=0):
    return np.random.default_rng(seed).normal(size=(count, *net.input_shape)).astype("float32")


def run(path, x):
    """What onnxruntime computes from a file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})


def save(path, nodes, shape=("N", 2, 6, 5), opset=17, outputs=("y",), **arrays):
    """A file of these nodes, which read x and give y; `arrays` are its initializers."""
    graph = onnx.helper.make_graph(
        nodes,
        "case",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs],
        [onnx.numpy_helper.from_array(np.asarray(array), name.replace("__", ".")) for name, array in arrays.items()],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8), path)
