"""Networks by name; each file reads like the paper it comes from."""

from minicnn.zoo import alexnet, lenet
from minicnn.zoo.registry import ENTRIES, ZooEntry, build, find, names

__all__ = ["ENTRIES", "ZooEntry", "alexnet", "build", "find", "lenet", "names"]
