"""Convolution of every kind, and the linear layer, on a device: two tiles, what adds up their parts, and one filter a channel."""
