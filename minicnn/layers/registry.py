"""Every kind of layer and block by name."""

from __future__ import annotations

from minicnn.errors import GraphError, SettingError, quoted
from minicnn.layers.avg_pool import AvgPool1D, AvgPool2D, AvgPool3D
from minicnn.layers.base import Element
from minicnn.layers.batch_norm import BatchNorm1D, BatchNorm2D, BatchNorm3D
from minicnn.layers.branches import Add, Concat
from minicnn.layers.conv import Conv1D, Conv2D, Conv3D
from minicnn.layers.conv_transpose import ConvTranspose1D, ConvTranspose2D, ConvTranspose3D
from minicnn.layers.crop import Crop
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

TYPES: dict[str, type[Element]] = {
    each.__name__: each
    for each in (
        Conv1D,
        Conv2D,
        Conv3D,
        ConvTranspose1D,
        ConvTranspose2D,
        ConvTranspose3D,
        TableConv2D,
        MaxPool1D,
        MaxPool2D,
        MaxPool3D,
        AvgPool1D,
        AvgPool2D,
        AvgPool3D,
        GlobalAvgPool,
        Subsample1D,
        Subsample2D,
        Subsample3D,
        Upsample,
        Linear,
        RBF,
        BatchNorm1D,
        BatchNorm2D,
        BatchNorm3D,
        LocalResponseNorm,
        ReLU,
        LeakyReLU,
        Tanh,
        ScaledTanh,
        Sigmoid,
        Dropout,
        StochasticDepth,
        Flatten,
        Reshape,
        Crop,
        PadShortcut,
        AddInputs,
        ConcatChannels,
        GateInputs,
        Sequential,
        Residual,
        Highway,
        Skip,
        Concat,
        Add,
    )
}


def register(kind: type[Element]) -> type[Element]:
    """Make a layer or block of your own known by its class name, so that networks with it can be loaded; a class decorator."""
    if TYPES.setdefault(kind.__name__, kind) is not kind:
        raise SettingError(f"register: there is already a layer called {kind.__name__}")
    return kind


def kind_called(name: str) -> type[Element]:
    """The layer or block of this name; a GraphError that lists them if there is none."""
    kind = TYPES.get(name)
    if kind is None:
        raise GraphError(
            f"there is no layer called {quoted(name)}\n  known are {', '.join(TYPES)}"
            f"\n  a layer of your own is made known with minicnn.layers.register"
        )
    return kind
