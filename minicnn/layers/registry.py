"""Every kind of layer and block by name: a class is known as soon as it is defined.

A class defined again in the same module, as a notebook's cell that is run again does, replaces the first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from minicnn.errors import GraphError, SettingError, quoted

if TYPE_CHECKING:
    from minicnn.layers.base import Element

Kind = TypeVar("Kind", bound="Element")

TYPES: dict[str, type[Element]] = {}


def register(kind: type[Kind]) -> type[Kind]:
    """Make a layer or block known by its class name, so that networks with it can be loaded; done for every class when it is defined.

    Raises
    ------
    SettingError
        If there is one of that name from elsewhere.
    """
    hint = f"define it with registered=False and load its networks with custom_objects=[{kind.__name__}]"
    enter(TYPES, kind.__name__, kind, "a layer", hint)
    return kind


def enter(kinds: dict[str, type[Any]], name: str, kind: type[Any], what: str, hint: str = "") -> None:
    """Put a class among the known ones in place of one of its name from the same file; a SettingError if there is one from elsewhere."""
    known = kinds.get(name, kind)
    if _home(known) != _home(kind):
        raise SettingError(
            f"there is already {what} called {name}, from {_home(known)}"
            f"\n  this one is from {_home(kind)}\n  give it another name{hint and f', or {hint}'}"
        )
    kinds[name] = kind


def _home(kind: type[Any]) -> str:
    """The file a class is from, so that a script's classes are the same when the script is imported; the module where there is none."""
    return getattr(sys.modules.get(kind.__module__), "__file__", None) or kind.__module__


def with_own(custom_objects: Sequence[Any]) -> Mapping[str, Any]:
    """The known kinds by name, those given in place of others of their name; functions that layers have among their settings, too."""
    if not isinstance(custom_objects, Iterable):
        raise SettingError(f"custom_objects is {custom_objects!r}, but must be a list, as [MyLayer, my_map]")
    for each in custom_objects:
        of_losses = hasattr(each, "from_description")
        if (isinstance(each, type) and not (of_losses or hasattr(each, "from_settings"))) or not hasattr(each, "__name__"):
            raise SettingError(
                f"custom_objects holds {each!r}, but must list classes of layers, blocks and losses, and functions that they take"
            )
    return {**TYPES, **{each.__name__: each for each in custom_objects if not hasattr(each, "from_description")}}


def function_called(name: object, kinds: Mapping[str, Any]) -> Any:
    """The function of this name among one's own; a GraphError if there is none."""
    function = kinds.get(name) if isinstance(name, str) else None
    if function is None or isinstance(function, type):
        raise GraphError(
            f"the network has a function {quoted(name)}, whose code is in no file\n  give it: minicnn.load(path, custom_objects=[...])"
        )
    return function


def kind_called(name: str, kinds: Mapping[str, Any] = TYPES) -> type[Element]:
    """The layer or block of this name; a GraphError that lists them if there is none."""
    kind = kinds.get(name)
    if not isinstance(kind, type):
        raise GraphError(
            f"there is no layer called {quoted(name)}\n  known are {', '.join(kinds)}"
            f"\n  a layer of your own is known once its class is defined: import it, or give custom_objects=[...], or --own FILE.py"
        )
    return kind
