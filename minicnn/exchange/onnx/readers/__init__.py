"""What each operator of an ONNX file becomes: a family of operators a file."""

from minicnn.exchange.onnx.operators import READERS
from minicnn.exchange.onnx.readers import convolution, joining, moving, normalization, padding, pointwise, pooling, resizing

__all__ = ["READERS", "convolution", "joining", "moving", "normalization", "padding", "pointwise", "pooling", "resizing"]
