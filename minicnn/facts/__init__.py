"""What lectures and papers say in numbers, held against what this code computes; nothing computed is stored."""

from minicnn.facts.fact import Fact, Source
from minicnn.facts.registry import facts

__all__ = ["Fact", "Source", "facts"]
