"""A network with other widths: every layer gets the same share of its filters, so that a large network becomes a small one to try.

What goes in and what comes out stays: the channels of the input, and the classes.
"""

from __future__ import annotations

from math import gcd
from typing import Any

from minicnn.layers import Element, build, describe

COUNTS = ("filters", "features", "channels")  # settings that say how many channels come out


def with_width(element: Element, width: float, keep_last: bool) -> Element:
    """The same network with `width` times the channels of every layer, rounded, at least one.

    keep_last : the last layer that has a number of its own gives the classes and keeps it

    Groups become fewer where the channels no longer divide into them.
    """
    description = describe(element)
    layers = [part for part in parts_of(description) if any(count in part for count in COUNTS)]
    for part in layers[:-1] if keep_last else layers:
        for count in COUNTS:
            if count in part:
                part[count] = max(1, round(part[count] * width))
                part |= {"groups": gcd(part["groups"], part[count])} if "groups" in part else {}
        if "in_features" in part:
            part["in_features"] = None
    return build(description)


def parts_of(description: object) -> list[dict[str, Any]]:
    """All layers in a description, in their order."""
    if isinstance(description, list):
        return [part for each in description for part in parts_of(each)]
    if not isinstance(description, dict):
        return []
    return [description, *(part for value in description.values() for part in parts_of(value))]
