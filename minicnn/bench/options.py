"""What can be chosen for a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from minicnn.bench.protocol import Protocol
from minicnn.errors import SettingError

PEERS = ("torch",)
PASSES = ("forward", "input", "weight")
QUICK = Protocol(seconds=0.3, least_turns=3, most_turns=9, turn_seconds=0.005)


@dataclass(frozen=True)
class Options:
    """threads : processors for us and for the peer alike
    against : None, or a peer to compare with
    protocol : how long and how often to time
    layers : a pattern such as "alexnet-*"; rows whose name does not match are left out
    batches : images at once; None for those of each row
    passes : "forward", "input" (gradient), "weight" (gradient)
    quick : the smallest rows alone
    """

    threads: int
    against: str | None = None
    protocol: Protocol = field(default_factory=Protocol)
    layers: str = "*"
    batches: tuple[int, ...] | None = None
    passes: tuple[str, ...] = PASSES
    quick: bool = False

    def __post_init__(self) -> None:
        if self.against is not None and self.against not in PEERS:
            raise SettingError(f"bench: there is no peer called {self.against!r}: known are {', '.join(PEERS)}")
        unknown = [each for each in self.passes if each not in PASSES]
        if unknown or not self.passes:
            raise SettingError(f"bench: passes {','.join(unknown) or '(none)'} are not among {', '.join(PASSES)}")
        if not self.protocol.seconds > 0:
            raise SettingError(f"bench: {self.protocol.seconds:g} seconds a row are not above 0")

    def peer(self) -> Any:
        """The library to compare with, held to the same threads; None without `against`, a SettingError if it is not installed."""
        if self.against is None:
            return None
        from minicnn.bench.peers.pytorch import import_torch

        return import_torch(self.threads)

    def wants(self, name: str) -> bool:
        """Whether a row of this name is asked for."""
        return fnmatch(name, self.layers)
