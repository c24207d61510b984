"""Training one of two towers: a plan for a half of the network, with the whole network's parameters and state around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.errors import SettingError
from minicnn.optimizers.update import Update
from minicnn.parallel.towers import bring_back, bring_half, tower
from minicnn.train.updates import Updates

if TYPE_CHECKING:
    from minicnn.engine import AnyPlan
    from minicnn.engine.two_passes import TwoPasses
    from minicnn.network import Graph
    from minicnn.parallel import MPIRanks


class TowerUpdates(Updates):
    """The updates of a network whose other tower another rank trains."""

    def __init__(self, net: Graph, ranks: MPIRanks) -> None:
        super().__init__(net)
        self.ranks = ranks

    def built(self, update: Update, *how: Any) -> Any:
        if update.clip_norm is not None:
            raise SettingError("clip_norm needs the gradient of all parameters, but each tower has a half\n  use parallel='data'")
        own = tower(self.net, self.ranks.rank)
        return TowerPlan(self.net, own, self.plan_for(own, update, *how), self.ranks)


class TowerPlan:
    """The plan of a tower as that of the whole network, see `Plan`, whose methods it has.

    After each run every rank has the parameters, the running statistics and the state of both towers.
    """

    def __init__(self, net: Graph, own: Graph, inner: AnyPlan | TwoPasses, ranks: MPIRanks) -> None:
        self.net, self.own, self.inner, self.ranks = net, own, inner, ranks
        self.arrays, self.lock = inner.arrays, inner.lock
        self._state = np.zeros((len(inner.state()), net.topology.memory_size), np.float32)

    def state(self) -> np.ndarray:
        """The optimizer's state of the whole network."""
        return self._state

    def set_state(self, state: np.ndarray) -> None:
        """Continue with such a state."""
        self._state[...] = state
        half = np.zeros((len(state), self.own.topology.memory_size), np.float32)
        for mine, whole in zip(half, state, strict=True):
            bring_half(self.net, whole, self.own, mine, self.ranks.rank)
        self.inner.set_state(half)

    def hold(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.inner.hold(images, labels)

    def warm(self, parameters: np.ndarray) -> None:
        self.inner.warm(self.own.parameter_memory)

    def run(self, parameters: np.ndarray, *arguments: Any, **named: Any) -> np.ndarray:
        """Run batches of all images on both towers."""
        memory = self.own.parameter_memory
        bring_half(self.net, parameters, self.own, memory, self.ranks.rank)
        result = self.inner.run(memory, *arguments, **named)
        state = self.inner.state()
        for mine, whole in [(memory, parameters), *zip(state, self._state, strict=True)]:
            theirs = mine.copy()
            self.ranks.swap(theirs)
            bring_back(self.net, whole, self.own, np.ascontiguousarray(mine), self.ranks.rank)
            bring_back(self.net, whole, self.own, theirs, 1 - self.ranks.rank)
        return result

    def done(self) -> np.ndarray:
        """As for `Plan.done`."""
        return self.inner.done()
