"""Numba's CUDA: found when it is asked for."""

from __future__ import annotations

import os

SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") == "1"  # Numba decides by it when it is imported
