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
    resnet,
    small,
    unet,
    vgg,
    wide_resnet,
    yolo,
    zfnet,
)
from minicnn.zoo.named_recipes import RECIPES, NamedRecipe, find_recipe
from minicnn.zoo.registry import Paper, ZooEntry, build, entries, find, names

__all__ = [
    "RECIPES",
    "NamedRecipe",
    "Paper",
    "ZooEntry",
    "alexnet",
    "build",
    "cifar_resnet",
    "cmu_exercise",
    "densenet",
    "entries",
    "find",
    "find_recipe",
    "googlenet",
    "highway",
    "lenet",
    "mnist1d",
    "names",
    "resnet",
    "small",
    "unet",
    "vgg",
    "wide_resnet",
    "yolo",
    "zfnet",
]
