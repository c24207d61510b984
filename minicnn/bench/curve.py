"""The time an image over the batch, from one image on, with its cliffs: where one image more makes every image slower.

All batches are timed one after the other, from the smallest to the largest, and that three times: a look.  One batch and the next lie
close together in time, so that whatever slows the machine down for a while slows both, and the middle of the three ratios decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

from minicnn.bench.options import Options
from minicnn.bench.protocol import Contestant
from minicnn.bench.records import AT_REST

LOOKS, QUICK_LOOKS = 3, 1
MOST_RISE = 1.1  # from one batch to the next


class Cliff(NamedTuple):
    """`rise` is the time an image over that of the batch before."""

    before: int
    batch: int
    rise: float


class Looks(NamedTuple):
    """One contestant's seconds for one image: for each look, one number a batch."""

    name: str
    seconds: tuple[tuple[float, ...], ...]

    def image_seconds(self) -> list[float]:
        """The middle of the looks, for each batch."""
        return [median(each) for each in zip(*self.seconds, strict=True)]


@dataclass(frozen=True)
class Curve:
    """suite, name, work : "infer", "lenet", "forward"
    batches : ascending
    looks : ours first
    rest : how much of the machine was free right after, from 0 to 1
    """

    suite: str
    name: str
    work: str
    batches: tuple[int, ...]
    looks: tuple[Looks, ...]
    rest: float = 1.0

    @property
    def disturbed(self) -> bool:
        """Whether something else used the machine meanwhile."""
        return self.rest < AT_REST

    def rises(self) -> list[float | None]:
        """For each batch, our time an image over that of one image less; None if that was not measured."""
        found: list[float | None] = []
        for n, batch in enumerate(self.batches):
            neighbours = n > 0 and self.batches[n - 1] == batch - 1
            found.append(median(look[n] / look[n - 1] for look in self.looks[0].seconds) if neighbours else None)
        return found

    def steepest(self) -> Cliff | None:
        """The largest rise, be it a cliff or not."""
        pairs = zip(self.batches, self.rises(), strict=True)
        return max((Cliff(batch - 1, batch, rise) for batch, rise in pairs if rise is not None), key=lambda each: each.rise, default=None)

    def cliffs(self) -> list[Cliff]:
        """Where it rises by more than a tenth."""
        pairs = zip(self.batches, self.rises(), strict=True)
        return [Cliff(batch - 1, batch, rise) for batch, rise in pairs if rise is not None and rise > MOST_RISE]

    def best_peer_seconds(self) -> list[float | None]:
        """The fastest peer's time an image, for each batch."""
        peers = [each.image_seconds() for each in self.looks[1:]]
        return [min(each) for each in zip(*peers, strict=True)] if peers else [None] * len(self.batches)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, with what follows from them."""
        return {
            "kind": "curve",
            "suite": self.suite,
            "name": self.name,
            "work": self.work,
            "batches": list(self.batches),
            "looks": [{"name": name, "seconds": [list(look) for look in seconds]} for name, seconds in self.looks],
            "image_seconds": self.looks[0].image_seconds(),
            "best_peer_image_seconds": self.best_peer_seconds(),
            "rises": self.rises(),
            "most_rise_wanted": MOST_RISE,
            "cliffs": [each._asdict() for each in self.cliffs()],
            "rest": self.rest,
            "disturbed": self.disturbed,
        }


def follow(
    suite: str, name: str, work: str, batches: Iterable[int], contestants_of: Callable[[int], Iterable[Contestant]], options: Options
) -> Curve:
    """Measure a curve.

    contestants_of : for a number of images, what does one batch of them, ours first; made anew for every look, so that only one
        batch's memory is held
    """
    ordered = sorted(set(batches))
    looks = QUICK_LOOKS if options.quick else LOOKS
    seconds: dict[str, list[list[float]]] = {}
    for look in range(looks):
        for batch in ordered:
            for contestant in contestants_of(batch):
                own = seconds.setdefault(contestant.name, [[] for _ in range(looks)])
                own[look].append(options.protocol.turn(contestant) / batch)
    return Curve(suite, name, work, tuple(ordered), tuple(Looks(each, tuple(map(tuple, own))) for each, own in seconds.items()))
