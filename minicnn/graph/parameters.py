"""A network's parameters by name, as its user sees them: a dict of views that always stay those of the network's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicnn.errors import GraphError, SettingError, ShapeError, suggestion
from minicnn.graph.names import shown

if TYPE_CHECKING:
    import numpy as np


class UnknownParameterError(GraphError, KeyError):
    """An unknown name; a KeyError too, as from a dict."""

    __str__ = Exception.__str__  # KeyError's quotes the message


class Parameters(dict[str, "np.ndarray"]):
    """Parameters by name.  Storing under a name copies into the network's memory instead of replacing the array."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            return self.__missing__(name)
        import numpy as np

        try:
            given = np.asarray(value)
            if given.shape != self[name].shape:
                raise ShapeError(f"{name} has the shape {self[name].shape}, but gets {given.shape}")
            self[name][...] = given
        except (TypeError, ValueError) as error:
            if isinstance(error, ShapeError):
                raise
            raise SettingError(f"{name} gets values that are not numbers: {error}") from error

    def __missing__(self, name: object) -> Any:
        names = list(self)
        raise UnknownParameterError(f"there is no parameter called {name!r}{suggestion(name, names)}\n  choose from {shown(names)}")

    def update(self, *others: Any, **named: Any) -> None:
        for name, value in dict(*others, **named).items():
            self[name] = value

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is an ordinary dict: `copy.copy` keeps the views, `copy.deepcopy` and pickle copy the values."""
        return dict, (dict(self),)

    def _keep(self, *arguments: Any, **named: Any) -> Any:
        raise GraphError("the parameters of a network cannot be removed or replaced\n  write to them: parameters[name] = values")

    __delitem__ = __ior__ = clear = pop = popitem = setdefault = _keep  # type: ignore[assignment]
