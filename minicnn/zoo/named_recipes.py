"""Recipes with names of their own, for any network: those of papers, and those found here.

minicnn train resnet20 --recipe resnet-cifar --data cifar10
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from minicnn.errors import SettingError, suggestion
from minicnn.optimizers import SGD
from minicnn.recipe import Outcome, Recipe

DISTORTED = "shift,rotate=10,scale"


@dataclass(frozen=True)
class Tried:
    """What a recipe reached with one network."""

    network: str
    outcome: Outcome


@dataclass(frozen=True)
class NamedRecipe:
    """A recipe, the network it is meant for, where it is from, and what it reached.

    tried : three seeds each; the first has the network and data it is meant for, where they are here
    notes : what is not as in the source, and what the source does not say
    adapted : settings of the recipe that are others for some networks
    """

    name: str
    network: str
    source: str
    recipe: Recipe
    tried: tuple[Tried, ...]
    notes: tuple[str, ...] = ()
    adapted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, network: str) -> Recipe:
        """For a network: with what it reached there, else with the epochs that were enough for others."""
        own = tuple(each.outcome for each in self.tried if each.network == network)
        known = {each.outcome.data for each in self.tried if each.network == network}
        other = {each.outcome.data: replace(each.outcome, size=None) for each in reversed(self.tried) if each.outcome.data not in known}
        return replace(self.recipe, outcomes=(*own, *reversed(other.values())), **self.adapted.get(network, {}))


HE = SGD(learning_rate=0.1, momentum=0.9, weight_decay=1e-4)
DEEP = {"warmup": 1.0}  # epochs
RECIPES: dict[str, NamedRecipe] = {
    each.name: each
    for each in (
        NamedRecipe(
            "alexnet-2012",
            "alexnet-2012",
            'Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 5',
            Recipe(
                SGD(learning_rate=0.01, momentum=0.9, weight_decay=5e-4),
                (),
                schedule="plateau",
                batch_size=128,
                init="gaussian=0.01",
                epochs=90,
            ),
            (Tried("lenet", Outcome("mnist", 10, (0.1135, 0.1135))),),
            (
                "The paper starts the biases of conv2, conv4, conv5 and of the hidden fully connected layers at 1; here all start at 0.",
                "Its augmentation is left out: --augment flip,pca is part of it, crops of 224 from 256 pixels are not.",
                "The rate was lowered by hand, three times, when the validation error stopped improving; here after two such epochs.",
                "Not tried on ImageNet, which is not among the data sets.  LeNet does not leave 11.35 %, the share of the most frequent digit:"
                " weights of 0.01 suit layers with thousands of inputs, as AlexNet's, not with 25 to 400; with --init he it reaches 98.82 to 99.16 %.",
            ),
        ),
        NamedRecipe(
            "resnet-cifar",
            "resnet20",
            'He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2016, section 4.2',
            Recipe(HE, (), schedule="milestones", batch_size=128, augment="crop=4,flip", epochs=164),
            (Tried("resnet20", Outcome("digits", 40, (0.849, 0.883), size=(8, 8))),),
            (
                "For colour pictures of things: digits of 8x8 pixels are other digits when mirrored, and half gone when cropped by 4.",
                "164 epochs of CIFAR-10 are the 64,000 updates of the paper, whose ResNet-20 makes 8.75 % errors there; not tried here.",
                "The paper trains ResNet-110 at a rate of 0.01 for about 400 updates first; here the rate rises within its first epoch.",
                "Batch normalization and its weights decay like all others, as in the paper; He's initial weights are uniform here.",
            ),
            dict.fromkeys(("resnet110", "resnet110-stochastic"), DEEP),
        ),
        NamedRecipe(
            "mnist-99.4",
            "small-cnn",
            "found here, by a twelfth of the training images, held out",
            Recipe(
                SGD(learning_rate=0.1, momentum=0.9, weight_decay=5e-4),
                (),
                schedule="one-cycle",
                batch_size=128,
                ema=0.999,
                augment=DISTORTED,
            ),
            (Tried("small-cnn", Outcome("mnist", 15, (0.9950, 0.9957))),),
            ("99.50, 99.52 and 99.57 % for the seeds 0, 1 and 2: a mean of 99.53 %.",),
        ),
        NamedRecipe(
            "fashion-92",
            "small-cnn-32",
            "found here",
            Recipe(
                SGD(learning_rate=0.1, momentum=0.9, weight_decay=5e-4), (), schedule="one-cycle", batch_size=128, ema=0.999, augment="flip"
            ),
            (Tried("small-cnn-32", Outcome("fashion-mnist", 10, (0.9278, 0.9299))),),
            (
                "92.99, 92.88 and 92.78 % for the seeds 0, 1 and 2: a mean of 92.88 %.",
                "With half the filters, small-cnn, 15 epochs with shift and flip gave 91.47 % of the test images: then the network was widened.",
            ),
        ),
        NamedRecipe(
            "mnist1d-book",
            "mnist1d-cnn",
            'Prince, "Understanding Deep Learning", 2023, section 10.2.7 and notebook 10.2',
            Recipe(SGD(learning_rate=0.05, momentum=0.9), (), schedule="halving", batch_size=100),
            (Tried("mnist1d-cnn", Outcome("mnist1d", 100, (0.898, 0.912))), Tried("mnist1d-mlp", Outcome("mnist1d", 100, (0.662, 0.697)))),
            (
                "Five seeds: 90.3 % for the convolutions with a standard deviation of 0.6, 67.7 % with 1.3 for the fully connected network.",
                "As the notebook has it; the book's text says SGD at 0.01 without momentum for 100,000 updates, and reports about 83 % for the"
                " network of figure 10.7 and about 60 % for the fully connected one, of one run each.",
                "The notebook gives fully connected layers He's uniform weights and leaves convolutions to PyTorch; here all are He's, and those"
                " of the last layer a tenth of that.",
            ),
        ),
    )
}


def find_recipe(name: str) -> NamedRecipe:
    """A recipe by name, or a SettingError with the names that come close."""
    if name not in RECIPES:
        raise SettingError(f"there is no recipe called {name!r}{suggestion(name, RECIPES)}\n  'minicnn recipes' lists them all")
    return RECIPES[name]
