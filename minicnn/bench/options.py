"""The options of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from minicnn.bench.equality import tolerance
from minicnn.bench.protocol import Protocol
from minicnn.errors import SettingError

PEERS = ("torch", "torch-tf32", "onnxruntime", "openvino")
TORCH = ("torch", "torch-tf32")  # the others run networks forward, and nothing else
PASSES = ("forward", "input", "weight")
TF32_TOLERANCE = 5e-3  # factors of 10 bits, rounded by up to 5e-4
QUICK = Protocol(seconds=0.3, least_turns=3, most_turns=9, turn_seconds=0.005)


@dataclass(frozen=True)
class Options:
    """threads : processors, for us and for the peer
    against : peers to compare with; "torch-tf32" rounds factors to 10 bits, as PyTorch does by itself on a device
    protocol : how long and how often to time
    layers : a pattern such as "alexnet-*"; rows whose names do not match are left out
    batches : images at once; None for those of each row
    passes : "forward", "input" (gradient), "weight" (gradient)
    quick : the smallest rows alone
    curve : the time an image over the batch, in place of rows
    device : "cpu", or the name of a CUDA device, for us and for the peer
    """

    threads: int
    against: tuple[str, ...] = ()
    protocol: Protocol = field(default_factory=Protocol)
    layers: str = "*"
    batches: tuple[int, ...] | None = None
    passes: tuple[str, ...] = PASSES
    quick: bool = False
    device: str = "cpu"
    curve: bool = False

    def __post_init__(self) -> None:
        for each in self.against:
            if each not in PEERS:
                raise SettingError(f"bench: there is no peer called {each!r}: choose from {', '.join(PEERS)}")
            if self.device != "cpu" and each not in TORCH:
                raise SettingError(f"bench: {each} is measured on the CPU\n  leave out --device, or use --against torch")
        if set(TORCH) <= set(self.against):
            raise SettingError("bench: torch and torch-tf32 are one PyTorch in two settings\n  compare with one of them at a time")
        if "torch-tf32" in self.against and self.device == "cpu":
            raise SettingError("bench: torch-tf32 computes on a GPU: use --device cuda, or --against torch")
        unknown = [each for each in self.passes if each not in PASSES]
        if unknown or not self.passes:
            raise SettingError(f"bench: passes {','.join(unknown) or '(none)'} are not among {', '.join(PASSES)}")
        if not self.protocol.seconds > 0:
            raise SettingError(f"bench: {self.protocol.seconds:g} seconds per row are not above 0")

    def torch(self) -> Any:
        """PyTorch, set up like us; None if it is no peer, a SettingError if it is not installed."""
        if not set(TORCH) & set(self.against):
            return None
        from minicnn.bench.peers.pytorch import import_torch

        return import_torch(self.threads, self.device, "torch-tf32" in self.against)

    def tolerance(self, terms: int) -> float:
        """How much results may differ, relative to the largest: sums of so many terms."""
        return max(tolerance(terms), TF32_TOLERANCE if "torch-tf32" in self.against else 0)

    def wants(self, name: str) -> bool:
        """Whether a row of this name is selected."""
        return fnmatch(name, self.layers)
