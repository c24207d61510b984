"""Every workload once, so that its machine code is in the cache before the campaigns begin."""

from __future__ import annotations

import numpy as np

from .campaign import Trials
from .threads import forward_calls, gradient_calls, kernel_calls
from .workloads import NETWORKS, WORKLOADS


def trials(seed: int) -> Trials:
    """One trial a workload, one a network with the kernels called beside it."""
    rng = np.random.default_rng(seed)
    for prepare in WORKLOADS.values():
        prepare(rng).result()
        yield None
    for build in NETWORKS:
        net = build()
        for call in (gradient_calls(net, rng) | forward_calls(net, rng) | kernel_calls(rng)).values():
            call()
        yield None
