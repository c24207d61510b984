"""Layers and blocks to build networks from; each is its settings, knows its output shape, parameters and cost.

    from minicnn import layers as L
    L.Sequential(L.Conv2D(6, 5, padding=2), L.ReLU(), L.MaxPool2D(2), L.Flatten(), L.Linear(10))

What comes first is given by position, (filters, window) or (features), all other settings by name.  The channels of the input are
inferred: PyTorch's Conv2d(1, 6, 5, padding=2) is Conv2D(6, 5, padding=2).

One object, layer or block, in several places of a network has one set of parameters there, named after the first place, and one
gradient, summed over all.  A batch normalization in several places normalizes each with the statistics found there, and its running
statistics follow one place after the other.  Two equal objects are two layers.
"""

from minicnn.layers.avg_pool import AvgPool1D, AvgPool2D, AvgPool3D
from minicnn.layers.base import Block, Cost, Element, Layer, ParameterSpec, Shape
from minicnn.layers.batch_norm import BatchNorm1D, BatchNorm2D, BatchNorm3D
from minicnn.layers.branches import Add, Concat
from minicnn.layers.conv import Conv1D, Conv2D, Conv3D
from minicnn.layers.conv_transpose import ConvTranspose1D, ConvTranspose2D, ConvTranspose3D
from minicnn.layers.crop import Crop
from minicnn.layers.description import build, describe
from minicnn.layers.dropout import Dropout
from minicnn.layers.flatten import Flatten
from minicnn.layers.global_avg_pool import GlobalAvgPool
from minicnn.layers.highway import Highway
from minicnn.layers.join import AddInputs, ConcatChannels, GateInputs
from minicnn.layers.leaky_relu import LeakyReLU
from minicnn.layers.linear import Linear
from minicnn.layers.local_response_norm import LocalResponseNorm
from minicnn.layers.max_pool import MaxPool1D, MaxPool2D, MaxPool3D
from minicnn.layers.pad_shortcut import PadShortcut
from minicnn.layers.rbf import RBF
from minicnn.layers.registry import register
from minicnn.layers.relu import ReLU
from minicnn.layers.reshape import Reshape
from minicnn.layers.residual import Residual
from minicnn.layers.scaled_tanh import ScaledTanh
from minicnn.layers.sequential import Sequential
from minicnn.layers.sigmoid import Sigmoid
from minicnn.layers.skip import Skip
from minicnn.layers.stochastic_depth import StochasticDepth
from minicnn.layers.subsample import Subsample1D, Subsample2D, Subsample3D
from minicnn.layers.table_conv import TableConv2D
from minicnn.layers.tanh import Tanh
from minicnn.layers.upsample import Upsample
from minicnn.layers.variant import Variant

__all__ = [
    "RBF",
    "Add",
    "AddInputs",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNorm1D",
    "BatchNorm2D",
    "BatchNorm3D",
    "Block",
    "Concat",
    "ConcatChannels",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "ConvTranspose1D",
    "ConvTranspose2D",
    "ConvTranspose3D",
    "Cost",
    "Crop",
    "Dropout",
    "Element",
    "Flatten",
    "GateInputs",
    "GlobalAvgPool",
    "Highway",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "PadShortcut",
    "ParameterSpec",
    "ReLU",
    "Reshape",
    "Residual",
    "ScaledTanh",
    "Sequential",
    "Shape",
    "Sigmoid",
    "Skip",
    "StochasticDepth",
    "Subsample1D",
    "Subsample2D",
    "Subsample3D",
    "TableConv2D",
    "Tanh",
    "Upsample",
    "Variant",
    "build",
    "describe",
    "register",
]
