"""PyTorch as a peer: with the same number of threads, the same networks and the same numbers."""

from __future__ import annotations

import importlib
from typing import Any

from minicnn.errors import SettingError


def import_torch(threads: int, device: str = "cpu", tf32: bool = False) -> Any:
    """The module, using so many threads, or a CUDA device.

    On a device cuDNN tries its algorithms and keeps the fastest; `tf32` lets it round factors to 10 bits, which is PyTorch's own default
    for convolutions.

    Raises
    ------
    SettingError
        If it is not installed, or does not know the device.
    """
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise SettingError("bench: a comparison with torch needs PyTorch, which is not installed\n  pip install torch") from error
    torch.set_num_threads(threads)
    if device != "cpu":
        if not torch.cuda.is_available():
            raise SettingError(f"bench: PyTorch {torch.__version__} computes on no CUDA device\n  install a PyTorch that is built for CUDA")
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
    return torch
