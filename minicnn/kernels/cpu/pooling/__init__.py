"""Pooling, upsampling and other choices of pixels."""
