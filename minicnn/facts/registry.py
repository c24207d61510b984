"""All facts in the order of the networks' years."""

from __future__ import annotations

from minicnn.facts import alexnet, arithmetic, networks, windows
from minicnn.facts.fact import Fact


def facts() -> list[Fact]:
    """Every claim with its computed value; takes a moment, because everything is computed now."""
    parts = (
        arithmetic.weights_facts,
        windows.step_facts,
        windows.sight_facts,
        arithmetic.edge_facts,
        arithmetic.exercise_facts,
        networks.lenet_facts,
        alexnet.alexnet_facts,
        alexnet.figure_facts,
        alexnet.table_facts,
        networks.vgg_facts,
        arithmetic.inception_facts,
        networks.googlenet_facts,
        networks.resnet_facts,
        windows.block_facts,
        networks.other_facts,
    )
    return [fact for part in parts for fact in part()]
