"""What each kernel means: plain nested loops, compiled, one operation's whole family per file.

Fast kernels are compared with these.  They decide nothing: no defaults, no checks, no allocation; outputs come first and every element
of them is written.  Call them from Python or from your own `@njit` code; under NUMBA_DISABLE_JIT=1 they are ordinary Python.
"""

from minicnn.kernels.textbook.activation import (
    leaky_relu_backward,
    leaky_relu_forward,
    log_softmax_backward,
    log_softmax_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    softmax_backward,
    softmax_forward,
    tanh_backward,
    tanh_forward,
)
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
from minicnn.kernels.textbook.dropout import (
    dropout_backward,
    dropout_forward,
)
from minicnn.kernels.textbook.linear import (
    linear_backward_bias,
    linear_backward_input,
    linear_backward_weight,
    linear_forward,
)
from minicnn.kernels.textbook.local_response_normalization import (
    local_response_norm_backward,
    local_response_norm_forward,
)
from minicnn.kernels.textbook.loss import (
    softmax_cross_entropy_backward,
    softmax_cross_entropy_forward,
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
    "dropout_backward",
    "dropout_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "linear_backward_bias",
    "linear_backward_input",
    "linear_backward_weight",
    "linear_forward",
    "local_response_norm_backward",
    "local_response_norm_forward",
    "log_softmax_backward",
    "log_softmax_forward",
    "max_pool1d_backward",
    "max_pool1d_forward",
    "max_pool2d_backward",
    "max_pool2d_forward",
    "max_pool3d_backward",
    "max_pool3d_forward",
    "relu_backward",
    "relu_forward",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax_backward",
    "softmax_cross_entropy_backward",
    "softmax_cross_entropy_forward",
    "softmax_forward",
    "tanh_backward",
    "tanh_forward",
]
