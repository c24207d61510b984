"""PyTorch as a peer: asked for by name, held to the same number of threads, given the same networks and the same numbers."""

from __future__ import annotations

import importlib
from typing import Any

from minicnn.errors import SettingError


def import_torch(threads: int) -> Any:
    """The module, using so many threads.

    Raises
    ------
    SettingError
        If it is not installed.
    """
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise SettingError("bench: a comparison with torch needs PyTorch, which is not installed\n  pip install torch") from error
    torch.set_num_threads(threads)
    return torch
