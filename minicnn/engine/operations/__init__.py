"""What each kind of layer does on the CPU: the steps of its forward and of its backward pass, by the name of its kernel."""

from minicnn.engine.operations import activation, convolution, joining, normalization, pooling
from minicnn.engine.operations.operation import Operation

OPERATIONS = {
    "conv": Operation(convolution.conv_forward, convolution.conv_backward, convolution.conv_prepare),
    "linear": Operation(convolution.linear_forward, convolution.linear_backward),
    "max_pool": Operation(pooling.max_pool_forward, pooling.max_pool_backward),
    "avg_pool": Operation(pooling.average_pool_forward, pooling.average_pool_backward),
    "global_avg_pool": Operation(pooling.global_average_forward, pooling.global_average_backward),
    "relu": Operation(activation.relu_forward, activation.relu_backward),
    "leaky_relu": Operation(activation.relu_forward, activation.relu_backward),
    "tanh": Operation(activation.tanh_forward, activation.tanh_backward),
    "sigmoid": Operation(activation.sigmoid_forward, activation.sigmoid_backward),
    "dropout": Operation(activation.dropout_forward, activation.dropout_backward),
    "local_response_norm": Operation(normalization.local_response_norm_forward, normalization.local_response_norm_backward),
    "flatten": Operation(joining.flatten_forward, joining.flatten_backward),
    "conv_transpose": Operation(convolution.conv_forward, convolution.conv_backward, convolution.conv_prepare),
    "pad_shortcut": Operation(joining.pad_shortcut_forward, joining.pad_shortcut_backward),
    "crop": Operation(joining.crop_forward, joining.crop_backward),
    "stochastic_depth": Operation(activation.stochastic_depth_forward, activation.stochastic_depth_backward),
    "reshape": Operation(joining.reshape_forward, joining.reshape_backward),
    "scaled_tanh": Operation(activation.scaled_tanh_forward, activation.scaled_tanh_backward),
    "subsample": Operation(pooling.subsample_forward, pooling.subsample_backward),
    "table_conv": Operation(convolution.table_conv_forward, convolution.table_conv_backward),
    "gate": Operation(joining.gate_forward, joining.gate_backward),
    "rbf": Operation(activation.rbf_forward, activation.rbf_backward),
    "upsample": Operation(pooling.upsample_forward, pooling.upsample_backward),
    "batch_norm": Operation(normalization.batch_norm_forward, normalization.batch_norm_backward),
    "add": Operation(joining.add_forward, joining.add_backward),
    "concat": Operation(joining.concat_forward, joining.concat_backward),
}

__all__ = ["OPERATIONS", "Operation"]
