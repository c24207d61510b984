"""Data sets by name: read from files, embedded or generated; downloaded only when asked.

train = datasets.load("mnist")              # Dataset: images (60000, 1, 28, 28) uint8, labels (60000,) int64, classes
test = datasets.load("digits", "test")      # embedded: needs no download
own = datasets.load("pictures")             # a folder of pictures by class; or a file: .npz, .npy, .csv
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minicnn.datasets.arrays import as_images, from_arrays
from minicnn.datasets.catalog import names
from minicnn.datasets.dataset import Dataset, channel_statistics
from minicnn.datasets.files import from_file
from minicnn.datasets.folders import from_folder
from minicnn.datasets.handwriting import as_handwriting
from minicnn.datasets.loading import load
from minicnn.datasets.places import data_home
from minicnn.datasets.scaling import scale_to

if TYPE_CHECKING:
    from minicnn.datasets.store import fetch

__all__ = [
    "Dataset",
    "as_handwriting",
    "as_images",
    "channel_statistics",
    "data_home",
    "fetch",
    "from_arrays",
    "from_file",
    "from_folder",
    "load",
    "names",
    "scale_to",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "fetch":  # the only network code is imported when it is wanted
            from minicnn.datasets.store import fetch

            return fetch
        raise AttributeError(f"module 'minicnn.datasets' has no attribute {name!r}")
