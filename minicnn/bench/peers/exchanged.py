"""Networks as ONNX files, for libraries that read such."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from minicnn.errors import SettingError
from minicnn.exchange.onnx import write_onnx

if TYPE_CHECKING:
    from minicnn.network import Graph

PIECES = (100, 500)  # images a peer takes at once where there are more than that, and it comes out even


def imported(package: str, name: str) -> Any:
    """A peer's module; a SettingError if it is not installed."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise SettingError(f"bench: a comparison with {package} needs {name}, which is not installed\n  pip install {package}") from error


@contextmanager
def as_file(net: Graph) -> Iterator[str]:
    """Within the block, the network as a file."""
    with TemporaryDirectory(prefix="minicnn-bench-") as folder:
        path = Path(folder) / "network.onnx"
        write_onnx(net, path)
        yield str(path)


def pieces(images: int) -> tuple[int, ...]:
    """How many images at once: all, or fewer that stay in cache."""
    return (images, *(size for size in PIECES if size < images and images % size == 0))
