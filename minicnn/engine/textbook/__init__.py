"""A graph run by the textbook loops, one node after the other, in the data type of its input: slow, and right.

Nothing is fused, shared or split, so this is what the fast plan is compared with, and in float64 what numeric gradients are taken of.
"""

from minicnn.engine.textbook.run import OPERATIONS, Run

__all__ = ["OPERATIONS", "Run"]
