"""A network as a module of PyTorch to read: one file of source, and its weights beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import minicnn
from minicnn.errors import CheckpointError, SettingError
from minicnn.exchange.torch_source.scopes import array_name
from minicnn.exchange.torch_source.source import class_name, classes
from minicnn.storage import atomic_write, load_arrays, save_arrays

if TYPE_CHECKING:
    from minicnn.network import Graph

HEAD = '''"""{name}: input {shape}, {parameters:,} parameters.  Written by minicnn {version}.

    net = {title}()
    net.load_state_dict(load_file("{weights}"))          # from safetensors.torch
    net.eval()
"""

import torch
import torch.nn.functional as F
from torch import nn

'''
FOOT = """
if __name__ == "__main__":
    from pathlib import Path

    from safetensors.torch import load_file

    net = {title}()
    net.load_state_dict(load_file(Path(__file__).with_suffix(".safetensors")))
    net.eval()
    print(net)
    with torch.inference_mode():
        print(tuple(net(torch.zeros({sizes})).shape))
"""


def source(net: Graph, weights: str = "weights.safetensors", preparation: bool = False) -> str:
    """The text of a file with the network as a class.

    preparation : whether it prepares images itself, as in training

    Raises
    ------
    GraphError
        If a layer has no counterpart.
    """
    title = class_name(net.name)
    start: list[str] = []
    prepared: list[str] = []
    if preparation and net.preparation is not None:
        shape = ", ".join("1" for _ in net.input_shape[1:])
        for word in ("scale", "shift"):
            values = getattr(net.preparation, word)
            start.append(f'self.register_buffer("{word}_of_images", torch.tensor({values!r}).reshape(-1, {shape}), persistent=False)')
        prepared.append("x = x.float() * self.scale_of_images + self.shift_of_images")
    needs, texts = classes(net.topology, net.name, start, prepared)
    sizes = [8 if size is None else size for size in net.input_shape]
    shape_words = " x ".join("?" if size is None else str(size) for size in net.input_shape)
    head = HEAD.format(
        name=net.name, shape=shape_words, parameters=net.topology.parameter_count, version=minicnn.__version__, title=title, weights=weights
    )
    return "\n\n".join((head.rstrip("\n") + "\n", *needs, *texts)) + "\n" + FOOT.format(title=title, sizes=", ".join(map(str, (1, *sizes))))


def write_source(net: Graph, path: str | Path, preparation: bool = False) -> tuple[Path, Path]:
    """Write FILE.py, and FILE.safetensors with the arrays under the names of its `state_dict`; returns both.

    Raises
    ------
    GraphError
        If a layer has no counterpart.
    SettingError
        If FILE.safetensors holds a network of minicnn, of which the arrays alone would be left.
    """
    target = Path(path)
    beside = target.with_suffix(".safetensors")
    if holds_network(beside):
        raise SettingError(
            f"{beside} holds a network, which the weights beside {target.name} would replace"
            f"\n  choose another name than {target.name}, or move the network away"
        )
    text = source(net, beside.name, preparation)
    names = {slot.name: array_name(net.nodes[slot.node], slot.name.rpartition(".")[2]) for slot in net.slots}
    save_arrays(beside, {names[name]: array for name, array in net.arrays.items()}, {"minicnn": minicnn.__version__, "for": target.name})
    with atomic_write(target, "w") as file:
        file.write(text)
    return target, beside


def holds_network(path: Path) -> bool:
    """Whether a file is a network of minicnn rather than weights alone, broken, or none."""
    try:
        return path.is_file() and "architecture" in load_arrays(path)[1]
    except CheckpointError:
        return False
