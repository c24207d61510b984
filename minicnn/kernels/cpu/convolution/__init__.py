"""Convolution in every variant, and the linear layer: tables, register tiles, and the ways to take through them."""
