"""Vectors of float32 as a type of Numba, and how numbers come into lanes and out of them."""
