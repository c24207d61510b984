"""What each operator of an ONNX file becomes: a family of operators a file."""

from minicnn.exchange.onnx.operator import READERS
from minicnn.exchange.onnx.readers import convolution, joining, moving, normalization, pointwise, pooling

__all__ = ["READERS", "convolution", "joining", "moving", "normalization", "pointwise", "pooling"]
