"""A user's weights with filters and channels in each other's place."""

from collections.abc import Sequence
from math import prod

import numpy as np

from minicnn.kernels.cpu.convolution.exchange import exchange_step
from minicnn.kernels.cpu.convolution.operands import Groups
from minicnn.kernels.cpu.program.call import Stage, call


def exchanged(weight: np.ndarray, groups: int, sets: Sequence[np.ndarray]) -> np.ndarray:
    """(K, C/G, *taps) as (G set C/G, K/G, *taps of the set): for each set of taps all channels, as filters over those of dy.

    weight : C-contiguous float32; between K and C/G there may be a tile of one filter
    sets : alike in shape, each tap by its number in the window
    """
    axes = sets[0].ndim
    filters, channels, window = len(weight) // groups, weight.shape[-1 - axes], prod(weight.shape[-axes:])
    places = np.array(sets, np.int64)
    result = np.empty((groups * len(sets) * channels, filters, *sets[0].shape), weight.dtype)

    whole = len(sets) == 1 and np.array_equal(places.ravel(), np.arange(window))

    def build(stage: Stage) -> None:
        stage.program.step(
            exchange_step,
            groups=Groups(groups, channels, filters),
            taps=window,
            sets=len(sets),
            some=sets[0].size,
            whole=whole,
        )
        stage.cut()

    call(
        ("exchange", groups, filters, channels, window, len(sets), sets[0].size, whole),
        build,
        1,
        [result, places],
        weight=weight,
        whole=True,
    )
    return result
