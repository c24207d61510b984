"""What each layer becomes: a family of layers a file."""

from minicnn.exchange.onnx.written import convolution, joining, moving, normalization, pointwise, pooling
from minicnn.exchange.onnx.written.layer import written

__all__ = ["convolution", "joining", "moving", "normalization", "pointwise", "pooling", "written"]
