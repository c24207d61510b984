"""Networks of ours as PyTorch computes them: their forward passes, their training steps, and what comes out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from minicnn.bench.peers.place import Place
from minicnn.bench.peers.torch_operations import operation
from minicnn.bench.protocol import Contestant
from minicnn.graph import INPUT, Node
from minicnn.optimizers import SGD

if TYPE_CHECKING:
    from minicnn.network import Graph

BATCHES = (100, 500)  # images PyTorch takes at once where there are more than that


class Twin:
    """A network of ours as PyTorch computes it: the same layers in the same order, called one by one as an eager module does.

    Parameters
    ----------
    channels_last : bool
        Keep maps as (N, H, W, C) in memory, PyTorch's other layout.
    training : bool
        Own copies of parameters and buffers, the former collecting gradients; otherwise the network's own memory is read.
    drops : bool
        Dropout draws for itself in training, so that nothing can be compared.
    """

    def __init__(
        self, place: Place, net: Graph, channels_last: bool = False, training: bool = False, dtype: Any = None, drops: bool = False
    ) -> None:
        torch = self.torch = place.torch
        self.place = place
        self.dtype = dtype or torch.float32
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.parameters = {name: self._tensor(value, training, training) for name, value in net.parameters.items()}
        self.buffers = {name: self._tensor(value, training, False) for name, value in net.buffers.items()}
        (self._output,) = net.topology.outputs
        last = {ref: node.index for node in net.nodes for ref in node.inputs if ref != self._output}
        self._nodes = [
            (
                node.inputs,
                operation(torch, node, self._own(node), training, drops),
                [ref for ref in dict.fromkeys(node.inputs) if last.get(ref) == node.index],
            )
            for node in net.nodes
        ]

    def __call__(self, x: Any) -> Any:
        values = {INPUT: x}
        for index, (inputs, compute, done) in enumerate(self._nodes):
            values[INPUT._replace(node=index)] = compute(*(values[ref] for ref in inputs))
            for ref in done:  # as a module's own code lets go of them
                del values[ref]
        return values[self._output]

    def tensor(self, images: np.ndarray) -> Any:
        """Images in this twin's layout."""
        tensor = self.place.tensor(images).to(self.dtype)
        return tensor.contiguous(memory_format=self.layout) if tensor.ndim == 4 else tensor

    def optimizer(self, own: SGD, fused: bool = False) -> Any:
        """Our optimizer in PyTorch; `fused` is its update in one loop."""
        return self.torch.optim.SGD(list(self.parameters.values()), lr=own.learning_rate, momentum=own.momentum, fused=fused)

    def gradients(self) -> dict[str, np.ndarray]:
        """What the last backward pass left, by our names."""
        return {name: self.place.array(value.grad) for name, value in self.parameters.items()}

    def _tensor(self, value: np.ndarray, copy: bool, gradient: bool) -> Any:
        tensor = self.place.tensor(value).to(self.dtype)
        if tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=self.layout)
        return (tensor.clone() if copy else tensor).requires_grad_(gradient)

    def _own(self, node: Node) -> dict[str, Any]:
        """A node's arrays by their short names."""
        every = self.parameters | self.buffers
        return {slot.name.rpartition(".")[2]: every[slot.name] for slot in node.slots}


def forwards(place: Place, net: Graph, images: np.ndarray) -> list[Contestant]:
    """All images at once and in batches, in both layouts; images and answers are the host's, and on a device go there and back."""
    torch, contestants = place.torch, []
    for channels_last in (False, True):
        twin = Twin(place, net, channels_last)
        pictures = Twin(Place(torch), net, channels_last).tensor(images)
        for size in (len(images), *(size for size in BATCHES if size < len(images))):

            def call(twin: Twin = twin, pictures: Any = pictures, size: int = size) -> Any:
                with torch.inference_mode():
                    if size >= len(pictures):
                        return place.array(twin(pictures.to(place.device)))
                    return place.array(torch.cat([twin(some) for some in pictures.to(place.device).split(size)]))

            name = "torch" + " channels_last" * channels_last + f" by {size}" * (size < len(images))
            contestants.append(Contestant(name, call))
    return contestants


def steps(place: Place, net: Graph, images: np.ndarray, labels: np.ndarray, batch: int, units: int, own: SGD) -> list[Contestant]:
    """PyTorch's step in both layouts, with the plain and with the fused update; `units` steps in a call, which ends with the loss."""
    torch, contestants = place.torch, []
    for channels_last in (False, True):
        for fused in (False, True):
            twin = Twin(place, net, channels_last, training=True, drops=True)
            optimizer = twin.optimizer(own, fused)
            pictures, targets = twin.tensor(images), place.tensor(labels)
            batches = cycle([(pictures[n : n + batch], targets[n : n + batch]) for n in range(0, len(images), batch)])

            def call(twin: Twin = twin, optimizer: Any = optimizer, batches: Iterator[tuple[Any, Any]] = batches) -> None:
                for _ in range(units):
                    x, t = next(batches)
                    optimizer.zero_grad()
                    loss = torch.nn.functional.cross_entropy(twin(x), t)
                    loss.backward()
                    optimizer.step()
                loss.item()  # as ours tells it; on a device it waits for all that was queued

            name = "torch" + " channels_last" * channels_last + " fused" * fused
            contestants.append(Contestant(name, call, units))
    return contestants


def results(torch: Any, net: Graph, images: np.ndarray, labels: np.ndarray, own: SGD, dtype: Any) -> tuple[Any, ...]:
    """Loss, gradients, and all arrays after two updates."""
    twin = Twin(Place(torch), net, training=True, dtype=dtype)
    optimizer = twin.optimizer(own)
    found: list[Any] = []
    for _ in range(2):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(twin(twin.tensor(images)), torch.from_numpy(labels))
        loss.backward()
        if not found:
            found = [loss.item(), {name: gradient.copy() for name, gradient in twin.gradients().items()}]
        optimizer.step()
    return (*found, {name: value.detach().numpy() for name, value in (twin.parameters | twin.buffers).items()})
