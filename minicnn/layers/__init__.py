"""Layers and blocks to build networks from; each is its settings, knows its output shape, parameters and cost.

    from minicnn import layers as L
    L.Sequential(L.Conv2D(6, 5, padding=2), L.ReLU(), L.MaxPool2D(2), L.Flatten(), L.Linear(10))

What comes first is given by position, (filters, window) or (features), all other settings by name.  The channels of the input are
inferred: PyTorch's Conv2d(1, 6, 5, padding=2) is Conv2D(6, 5, padding=2).

One object, layer or block, in several places of a network has one set of parameters there, named after the first place, and one
gradient, summed over all.  A batch normalization in several places normalizes each with the statistics found there, and its running
statistics follow one place after the other.  Two equal objects are two layers.
"""

from minicnn.layers.adaptive_avg_pool import AdaptiveAvgPool1D as AdaptiveAvgPool1D
from minicnn.layers.adaptive_avg_pool import AdaptiveAvgPool2D as AdaptiveAvgPool2D
from minicnn.layers.adaptive_avg_pool import AdaptiveAvgPool3D as AdaptiveAvgPool3D
from minicnn.layers.adaptive_max_pool import AdaptiveMaxPool1D as AdaptiveMaxPool1D
from minicnn.layers.adaptive_max_pool import AdaptiveMaxPool2D as AdaptiveMaxPool2D
from minicnn.layers.adaptive_max_pool import AdaptiveMaxPool3D as AdaptiveMaxPool3D
from minicnn.layers.avg_pool import AvgPool1D as AvgPool1D
from minicnn.layers.avg_pool import AvgPool2D as AvgPool2D
from minicnn.layers.avg_pool import AvgPool3D as AvgPool3D
from minicnn.layers.base import Block as Block
from minicnn.layers.base import Cost as Cost
from minicnn.layers.base import Element as Element
from minicnn.layers.base import Layer as Layer
from minicnn.layers.base import ParameterSpec as ParameterSpec
from minicnn.layers.base import Shape as Shape
from minicnn.layers.batch_norm import BatchNorm1D as BatchNorm1D
from minicnn.layers.batch_norm import BatchNorm2D as BatchNorm2D
from minicnn.layers.batch_norm import BatchNorm3D as BatchNorm3D
from minicnn.layers.branches import Add as Add
from minicnn.layers.branches import Concat as Concat
from minicnn.layers.branches import Multiply as Multiply
from minicnn.layers.channel_pool import ChannelPool as ChannelPool
from minicnn.layers.conv import Conv1D as Conv1D
from minicnn.layers.conv import Conv2D as Conv2D
from minicnn.layers.conv import Conv3D as Conv3D
from minicnn.layers.conv_transpose import ConvTranspose1D as ConvTranspose1D
from minicnn.layers.conv_transpose import ConvTranspose2D as ConvTranspose2D
from minicnn.layers.conv_transpose import ConvTranspose3D as ConvTranspose3D
from minicnn.layers.crop import Crop as Crop
from minicnn.layers.description import build as build
from minicnn.layers.description import describe as describe
from minicnn.layers.dropout import Dropout as Dropout
from minicnn.layers.flatten import Flatten as Flatten
from minicnn.layers.gaussian_pool import GaussianPool1D as GaussianPool1D
from minicnn.layers.gaussian_pool import GaussianPool2D as GaussianPool2D
from minicnn.layers.gaussian_pool import GaussianPool3D as GaussianPool3D
from minicnn.layers.global_avg_pool import GlobalAvgPool as GlobalAvgPool
from minicnn.layers.global_max_pool import GlobalMaxPool as GlobalMaxPool
from minicnn.layers.group_norm import GroupNorm as GroupNorm
from minicnn.layers.highway import Highway as Highway
from minicnn.layers.instance_norm import InstanceNorm as InstanceNorm
from minicnn.layers.join import AddInputs as AddInputs
from minicnn.layers.join import ConcatChannels as ConcatChannels
from minicnn.layers.join import GateInputs as GateInputs
from minicnn.layers.join import MultiplyInputs as MultiplyInputs
from minicnn.layers.l2_pool import L2Pool1D as L2Pool1D
from minicnn.layers.l2_pool import L2Pool2D as L2Pool2D
from minicnn.layers.l2_pool import L2Pool3D as L2Pool3D
from minicnn.layers.layer_norm import LayerNorm as LayerNorm
from minicnn.layers.leaky_relu import LeakyReLU as LeakyReLU
from minicnn.layers.linear import Linear as Linear
from minicnn.layers.local_response_norm import LocalResponseNorm as LocalResponseNorm
from minicnn.layers.max_pool import MaxPool1D as MaxPool1D
from minicnn.layers.max_pool import MaxPool2D as MaxPool2D
from minicnn.layers.max_pool import MaxPool3D as MaxPool3D
from minicnn.layers.max_unpool import MaxUnpool1D as MaxUnpool1D
from minicnn.layers.max_unpool import MaxUnpool2D as MaxUnpool2D
from minicnn.layers.max_unpool import MaxUnpool3D as MaxUnpool3D
from minicnn.layers.pad import Pad1D as Pad1D
from minicnn.layers.pad import Pad2D as Pad2D
from minicnn.layers.pad import Pad3D as Pad3D
from minicnn.layers.pad_shortcut import PadShortcut as PadShortcut
from minicnn.layers.rbf import RBF as RBF
from minicnn.layers.registry import register as register
from minicnn.layers.relu import ReLU as ReLU
from minicnn.layers.reshape import Reshape as Reshape
from minicnn.layers.residual import Residual as Residual
from minicnn.layers.scaled_tanh import ScaledTanh as ScaledTanh
from minicnn.layers.sequential import Sequential as Sequential
from minicnn.layers.sigmoid import Sigmoid as Sigmoid
from minicnn.layers.skip import Skip as Skip
from minicnn.layers.softmax import Softmax as Softmax
from minicnn.layers.stochastic_depth import StochasticDepth as StochasticDepth
from minicnn.layers.subsample import Subsample1D as Subsample1D
from minicnn.layers.subsample import Subsample2D as Subsample2D
from minicnn.layers.subsample import Subsample3D as Subsample3D
from minicnn.layers.table_conv import TableConv2D as TableConv2D
from minicnn.layers.tanh import Tanh as Tanh
from minicnn.layers.upsample import Upsample as Upsample
from minicnn.layers.variant import Variant as Variant
from minicnn.layers.wired import Wired as Wired
