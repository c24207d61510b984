"""The random bits of `minicnn.kernels.random_bits`, compiled for the CPU."""

from minicnn.kernels import random_bits
from minicnn.kernels.machine_code.compile import kernel
from minicnn.kernels.random_bits import MASK

uniform_bits = kernel(random_bits.uniform_bits)
drop_threshold = kernel(random_bits.drop_threshold)

__all__ = ["MASK", "drop_threshold", "uniform_bits"]
