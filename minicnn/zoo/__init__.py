"""Networks by name; each file reads like the paper it comes from."""

from minicnn.zoo import alexnet, cifar_resnet, lenet
from minicnn.zoo.registry import Paper, ZooEntry, build, entries, find, names

__all__ = ["Paper", "ZooEntry", "alexnet", "build", "cifar_resnet", "entries", "find", "lenet", "names"]
