"""Networks by name; each file reads like the paper it comes from."""

from minicnn.zoo import alexnet, lenet
from minicnn.zoo.registry import ZooEntry, build, entries, find, names

__all__ = ["ZooEntry", "alexnet", "build", "entries", "find", "lenet", "names"]
