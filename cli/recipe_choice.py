"""Which recipe a run follows: its network's own, that of another network, or one with a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn import zoo
from minicnn.errors import SettingError

if TYPE_CHECKING:
    from minicnn.cli.network_choice import Network
    from minicnn.recipe import Recipe


def chosen_recipe(network: Network, name: str | None) -> Recipe | None:
    """The recipe of a network, or the one named by --recipe.

    Raises
    ------
    SettingError
        If there is no such recipe.
    """
    if name is None or name == network.name:
        return network.recipe
    borrowed = zoo.find(name).recipe
    if borrowed is None:
        raise SettingError(f"{name} has no recipe\n  'minicnn recipes' lists them all")
    return borrowed.borrowed()
