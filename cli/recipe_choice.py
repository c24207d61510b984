"""Which recipe a run follows: its network's own, that of another network, or one with a name of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicnn import zoo
from minicnn.errors import SettingError, quoted, suggestion

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
    if name in zoo.RECIPES:
        return zoo.RECIPES[name].of(network.name)
    if name is None or name == network.name:
        return network.recipe
    if name.lower() not in zoo.names():
        known = [*zoo.RECIPES, *(entry.name for entry in zoo.entries() if entry.recipe)]
        raise SettingError(f"there is no recipe called {quoted(name)}{suggestion(name, known)}\n  'minicnn recipes' lists them all")
    borrowed = zoo.find(name).recipe
    if borrowed is None:
        raise SettingError(f"{name} has no recipe\n  'minicnn recipes' lists them all")
    return borrowed.borrowed()
