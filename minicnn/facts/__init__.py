"""Numbers from lectures and papers, compared with what this code computes; nothing computed is stored."""

from minicnn.facts.fact import Fact, Source
from minicnn.facts.registry import facts

__all__ = ["Fact", "Source", "facts"]
