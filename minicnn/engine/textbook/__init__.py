"""A graph run by the textbook loops, one node after the other, in the data type of its input: slow, and right.

Nothing is fused, shared or split, so this is what the fast plan is compared with, and in float64 what numeric gradients are taken of.
"""

from minicnn.engine.textbook import formulas  # noqa: F401 layers that are more than one loop say so there
from minicnn.engine.textbook.operation import Pass, operation_of
from minicnn.engine.textbook.run import Run

__all__ = ["Pass", "Run", "operation_of"]
