"""What each kernel means: plain nested loops, compiled, one operation's whole family per file.

Fast kernels are compared with these.  They decide nothing: no defaults, no checks, no allocation; outputs come first and every element
of them is written.  Call them from Python or from your own `@njit` code; under NUMBA_DISABLE_JIT=1 they are ordinary Python.
"""

from minicnn.kernels.textbook.convolution import (
    conv1d_backward_bias,
    conv1d_backward_input,
    conv1d_backward_weight,
    conv1d_forward,
    conv2d_backward_bias,
    conv2d_backward_input,
    conv2d_backward_weight,
    conv2d_forward,
    conv3d_backward_bias,
    conv3d_backward_input,
    conv3d_backward_weight,
    conv3d_forward,
)
from minicnn.kernels.textbook.pooling import (
    avg_pool1d_backward,
    avg_pool1d_forward,
    avg_pool2d_backward,
    avg_pool2d_forward,
    avg_pool3d_backward,
    avg_pool3d_forward,
    max_pool1d_backward,
    max_pool1d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
    max_pool3d_backward,
    max_pool3d_forward,
)

__all__ = [
    "avg_pool1d_backward",
    "avg_pool1d_forward",
    "avg_pool2d_backward",
    "avg_pool2d_forward",
    "avg_pool3d_backward",
    "avg_pool3d_forward",
    "conv1d_backward_bias",
    "conv1d_backward_input",
    "conv1d_backward_weight",
    "conv1d_forward",
    "conv2d_backward_bias",
    "conv2d_backward_input",
    "conv2d_backward_weight",
    "conv2d_forward",
    "conv3d_backward_bias",
    "conv3d_backward_input",
    "conv3d_backward_weight",
    "conv3d_forward",
    "max_pool1d_backward",
    "max_pool1d_forward",
    "max_pool2d_backward",
    "max_pool2d_forward",
    "max_pool3d_backward",
    "max_pool3d_forward",
]
