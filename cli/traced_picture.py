"""The network and the picture that `minicnn trace` looks at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from minicnn import zoo
from minicnn.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from minicnn.network import Graph

DEFAULT_DATA = "digits"


def network(word: str, input_shape: tuple[int, ...] | None, seed: int) -> Graph:
    """A network of the zoo with its first weights, or that of a run with the best ones."""
    if word.lower() in zoo.names() or not (os.path.exists(os.path.expanduser(word)) or os.sep in word):
        return zoo.find(word).build(None, input_shape, seed)
    from minicnn.cli.options import weights_path
    from minicnn.network_file import load

    return load(weights_path(word))


def picture(net: Graph, given: dict[str, Any]) -> tuple[np.ndarray, Any, str]:
    """(x (1, C, *space) as the network takes it, its label if known, where it is from)."""
    import numpy as np

    from minicnn.preparation import BYTES, Preparation

    if given["image"] is not None:
        from minicnn.datasets.pictures import read_picture, to_channels

        own = to_channels(read_picture(given["image"]), net.input_shape[0])
        plain = Preparation(
            net.input_shape, (0.0,) * net.input_shape[0], (1.0,) * net.input_shape[0], BYTES if own.dtype == np.uint8 else 1.0
        )
        return prepared(own, net.preparation or plain), None, f"picture {given['image']}"
    name = given["data"] or (net.trained_on.data if net.trained_on else None)
    if name is None and given["data_dir"] is None:
        if len(net.input_shape) != 3 or net.input_shape[0] != 1:
            from minicnn.random import generator

            shape = (1, *net.input_shape)
            return generator(given["seed"], "trace", "x").standard_normal(shape, np.float32), None, f"x is drawn from seed {given['seed']}"
        name = DEFAULT_DATA
    from minicnn.cli.data_choice import data_name
    from minicnn.datasets import load

    name = data_name(name, given["data_dir"], DEFAULT_DATA)
    test = load(name, "test", given["data_dir"])  # type: ignore[arg-type]
    if given["index"] >= len(test):
        raise DataError(f"{name} has {len(test):,} test images, 0 to {len(test) - 1}, but --index is {given['index']}")
    preparation = net.preparation or Preparation.of(load(name, "train", given["data_dir"]), net.input_shape)  # type: ignore[arg-type]
    label = test.labels[given["index"]]
    what = f", {test.classes[int(label)]}" if np.ndim(label) == 0 and test.classes else ""
    return prepared(test.images[given["index"]], preparation), label, f"test image {given['index']} of {name}{what}"


def prepared(image: np.ndarray, preparation: Any) -> np.ndarray:
    """One picture as the network's input."""
    import numpy as np

    images = preparation.images(image[None])
    space = (-1, *(1,) * (images.ndim - 2))
    scale, shift = (np.float32(each).reshape(space) for each in (preparation.scale, preparation.shift))
    return np.ascontiguousarray(images.astype(np.float32) * scale + shift, np.float32)
