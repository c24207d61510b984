"""What a model of Keras computes besides its weights, beside what a network of ours does: its activations and poolings, counted.

Weights fit a network by their shapes, and would give other outputs in one with other functions between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicnn.graph import Topology

OURS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "ELU": "elu",
    "SiLU": "silu",
    "GELU": "gelu",
    "Tanh": "tanh",
    "ScaledTanh": "scaled tanh",
    "Sigmoid": "sigmoid",
    "MaxPool": "MaxPooling",
    "AvgPool": "AveragePooling",
}
LAYERS_OF_KERAS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu"}
NOTHING = ("linear", "softmax", None)  # logits become probabilities outside of a network of ours
POOLINGS = ("MaxPooling", "AveragePooling")


def difference(layers: Iterable[Mapping[str, Any]], topology: Topology, name: str) -> str | None:
    """A line that says which functions only one of both has; None if none."""
    theirs, ours = Counter(_of_keras(layers)), Counter(_of_ours(topology))
    if theirs == ours:
        return None
    return f"the model in the file has {_text(theirs - ours)} where {name} has {_text(ours - theirs)}: its outputs are others with the same weights"


def _of_keras(layers: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for layer in layers:
        kind, config = str(layer["class_name"]), layer["config"]
        pooling = kind[:-2] if kind[-2:] in ("1D", "2D", "3D") else kind
        if pooling in POOLINGS and any(size != 1 for size in _sizes(config.get("pool_size"))):
            yield pooling
        function = config.get("activation")
        word = LAYERS_OF_KERAS.get(kind, function if isinstance(function, str) else None)
        if word not in NOTHING:
            yield str(word)


def _of_ours(topology: Topology) -> Iterable[str]:
    for node in topology.nodes:
        kind = node.layer.kind()
        word = OURS.get(kind[:-2] if kind[-2:] in ("1D", "2D", "3D") else kind)
        if word is not None:
            yield word


def _sizes(size: Any) -> tuple[Any, ...]:
    return tuple(size) if isinstance(size, (list, tuple)) else (size,)


def _text(functions: Counter[str]) -> str:
    return ", ".join(f"{count} x {word}" for word, count in functions.items()) or "nothing of the kind"
