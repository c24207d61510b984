"""minicnn: convolutional networks as explicit loops, compiled with Numba.

Names are loaded when first used, so that `import minicnn` costs nothing and a summary never starts the compiler.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "CNNClassifier": "minicnn.estimators",
    "CNNRegressor": "minicnn.estimators",
    "Graph": "minicnn.network",
    "load": "minicnn.network_file",
    "Trainer": "minicnn.train",
    "set_threads": "minicnn.processors",
    "threads": "minicnn.processors",
    "trace": "minicnn.tracing",
}
_MODULES = (
    "bench",
    "datasets",
    "engine",
    "errors",
    "estimators",
    "geometry",
    "graph",
    "initializers",
    "kernels",
    "laws",
    "layers",
    "losses",
    "optimizers",
    "parallel",
    "tracing",
    "train",
    "views",
    "zoo",
)

_HERE = os.path.dirname(os.path.abspath(__file__))
if not os.path.isdir(os.path.join(_HERE, "datasets")) and os.path.isfile(os.path.join(_HERE, "..", "datasets", "catalog.py")):
    __path__.append(os.path.dirname(_HERE))  # in a checkout minicnn.cli and minicnn.datasets lie beside minicnn, not within

__all__ = ["CNNClassifier", "CNNRegressor", "Graph", "Trainer", "__version__", "load", "set_threads", "threads", "trace", *_MODULES]

if TYPE_CHECKING:  # the same names for type checkers and editors, which do not run __getattr__
    from minicnn import bench as bench
    from minicnn import datasets as datasets
    from minicnn import engine as engine
    from minicnn import errors as errors
    from minicnn import estimators as estimators
    from minicnn import geometry as geometry
    from minicnn import graph as graph
    from minicnn import initializers as initializers
    from minicnn import kernels as kernels
    from minicnn import laws as laws
    from minicnn import layers as layers
    from minicnn import losses as losses
    from minicnn import optimizers as optimizers
    from minicnn import parallel as parallel
    from minicnn import tracing as tracing
    from minicnn import train as train
    from minicnn import views as views
    from minicnn import zoo as zoo
    from minicnn.estimators import CNNClassifier as CNNClassifier
    from minicnn.estimators import CNNRegressor as CNNRegressor
    from minicnn.network import Graph as Graph
    from minicnn.network_file import load as load
    from minicnn.processors import set_threads as set_threads
    from minicnn.processors import threads as threads
    from minicnn.tracing import trace as trace
    from minicnn.train import Trainer as Trainer
else:

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        if name in _MODULES:
            return importlib.import_module(f"minicnn.{name}")
        raise AttributeError(f"module 'minicnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
