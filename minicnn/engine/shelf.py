"""Plans that are kept with their network and freed with it: the most recently used, within a bound on memory."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeAlias

from minicnn.engine.plan import Plan
from minicnn.locks import new_lock

if TYPE_CHECKING:
    from minicnn.engine.cuda.plan import DevicePlan
    from minicnn.network import Graph

    AnyPlan: TypeAlias = Plan | DevicePlan

KEPT_BYTES = 1 << 28  # memory of one network's plans; the latest is always kept

Shelf = OrderedDict[Hashable, Any]

_shelves: weakref.WeakKeyDictionary[Graph, Shelf] = weakref.WeakKeyDictionary()
_lock = new_lock()


def plan_of(net: Graph, key: Hashable, build: Callable[[], AnyPlan]) -> AnyPlan:
    """The plan of a network under `key`, built if missing; one that was made while other parameters were frozen is another.

    The sizes of a network with free axes share a shelf.
    """
    plan: AnyPlan = plan_on(shelf_of(net), (net.input_shape, net.topology.frozen, key), build)
    return plan


def shelf_of(net: Graph) -> Shelf:
    """The plans of a network, the latest last."""
    with _lock:
        return _shelves.setdefault(net.whole, OrderedDict())


def plan_on(shelf: Shelf, key: Hashable, build: Callable[[], Any]) -> Any:
    """The plan under `key`, built if missing."""
    with _lock:
        plan = shelf.get(key)
        if plan is None:
            plan = shelf[key] = build()
            while len(shelf) > 1 and _bytes(shelf) > KEPT_BYTES:
                shelf.popitem(last=False)
        shelf.move_to_end(key)
        return plan


def kept_bytes(net: Graph) -> int:
    """Memory of the plans that are kept with a network."""
    with _lock:
        return _bytes(_shelves.get(net.whole, OrderedDict()))


def _bytes(shelf: Shelf) -> int:
    return sum(plan.memory.nbytes for plan in shelf.values())


def training_class(images: int) -> int:
    """Batch of the plan that serves gradients of so many images: four sizes from one power of two to the next, two of up to 16."""
    largest = 1 << (images - 1).bit_length()
    step = max(1, largest // (4 if largest <= 16 else 8))
    return -(-images // step) * step
