"""LeNet in PyTorch as its users write it: programs of their own, whose source is sent to fresh processes (see `process.py`)."""

from __future__ import annotations

from typing import Any

from minicnn.bench.process import peak_bytes


def torch_lenet() -> Any:
    """The layers of our `lenet`."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def torch_training(path: str, mean: float, std: float, epochs: int, batch: int, threads: int) -> dict[str, Any]:
    """Train on the images of a file and look at its test images after every epoch.

    Images stay bytes until their batch is due: nothing takes more memory than it must.
    """
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    imports = peak_bytes()
    torch.manual_seed(0)
    with np.load(path) as data:
        images, labels, test_images, test_labels = (torch.from_numpy(data[name]) for name in data.files)
    net = torch_lenet()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=0.0005)
    correct = 0
    for _ in range(epochs):
        for chosen in torch.randperm(len(images)).split(batch):
            optimizer.zero_grad()
            x = (images[chosen].float() / 255 - mean) / std
            torch.nn.functional.cross_entropy(net(x), labels[chosen]).backward()
            optimizer.step()
        with torch.inference_mode():
            right = [
                net((x.float() / 255 - mean) / std).argmax(1) == t
                for x, t in zip(test_images.split(batch), test_labels.split(batch), strict=True)
            ]
        correct = int(torch.cat(right).sum())
    return {"imports": imports, "peak": peak_bytes(), "accuracy": correct / len(test_images)}


def torch_first_step(batch: int, threads: int) -> None:
    """One update from random images."""
    import torch

    torch.set_num_threads(threads)
    net = torch_lenet()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    torch.nn.functional.cross_entropy(net(torch.randn(batch, 1, 28, 28)), torch.randint(10, (batch,))).backward()
    optimizer.step()
