"""A setting that has one number for each channel of a network's output."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from minicnn.errors import SettingError, quoted
from minicnn.layers import Shape

if TYPE_CHECKING:
    from minicnn.losses.base import Loss


def checked_weights(loss: Loss, name: str) -> None:
    """Keep a setting as a tuple of floats, None where it is None; a SettingError unless all are finite and at least 0."""
    value = getattr(loss, name)
    if value is None:
        return
    given = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else ()
    if not given or not all(map(_is_weight, given)):
        raise SettingError(
            f"{loss.kind()}: {name} is {quoted(value)}, but must be numbers of at least 0, one for each channel of the output, such as (1, 2.5)"
        )
    object.__setattr__(loss, name, tuple(map(float, given)))


def check_count(loss: Loss, name: str, network: str, output_shape: Shape) -> None:
    """A GraphError unless there is one for each channel."""
    value = getattr(loss, name)
    if value is not None and len(value) != output_shape[0]:
        raise loss.refuse(network, output_shape, f"has {name} for {len(value)} channels: {value}")


def _is_weight(value: object) -> bool:
    return (
        isinstance(value, int | float | np.integer | np.floating)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and bool(value >= 0)
    )
