"""Networks by name; each file reads like the paper it comes from."""

from minicnn.zoo import (
    alexnet,
    cifar_resnet,
    cmu_exercise,
    densenet,
    googlenet,
    highway,
    lenet,
    mnist1d,
    preactivation,
    resnet,
    unet,
    vgg,
    wide_resnet,
    yolo,
    zfnet,
)
from minicnn.zoo.registry import Paper, ZooEntry, build, entries, find, names

__all__ = [
    "Paper",
    "ZooEntry",
    "alexnet",
    "build",
    "cifar_resnet",
    "cmu_exercise",
    "densenet",
    "entries",
    "find",
    "googlenet",
    "highway",
    "lenet",
    "mnist1d",
    "names",
    "preactivation",
    "resnet",
    "unet",
    "vgg",
    "wide_resnet",
    "yolo",
    "zfnet",
]
