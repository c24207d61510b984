"""What follows from a definition: the loop of the lecture, read as text, becomes threads, steps of a plan, other languages, a trace."""

from minicnn.kernels.derive.definition import Definition
from minicnn.kernels.derive.flow import updated
from minicnn.kernels.derive.grammar import read
from minicnn.kernels.derive.threads import Threads, threads

__all__ = ["Definition", "Threads", "read", "threads", "updated"]
