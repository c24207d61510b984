"""A network's parameters by name, as its user sees them: a dict of views that cannot come loose from the network's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicnn.errors import GraphError, ShapeError

if TYPE_CHECKING:
    import numpy as np


class Parameters(dict[str, "np.ndarray"]):
    """Parameters by name.  Storing under a name copies into the network's memory instead of replacing the array."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            raise GraphError(f"there is no parameter called {name!r}\n  known are {', '.join(self)}")
        import numpy as np

        if np.shape(value) != self[name].shape:
            raise ShapeError(f"{name} has the shape {self[name].shape}, but gets {np.shape(value)}")
        self[name][...] = value

    def update(self, *others: Any, **named: Any) -> None:
        for name, value in dict(*others, **named).items():
            self[name] = value

    def _keep(self, *arguments: Any, **named: Any) -> Any:
        raise GraphError("the parameters of a network cannot be removed or replaced\n  write to them: parameters[name] = values")

    __delitem__ = __ior__ = clear = pop = popitem = setdefault = _keep   # type: ignore[assignment]
