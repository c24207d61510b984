"""A whole network at its real size, every launch of a step as blocks on a processor, against the textbook loops in float64."""

import numpy as np

from minicnn import engine, zoo
from minicnn.kernels.cuda.compile import Kernel

from .block_interpreter import BlockLaunches
from .executed import take_the_device
from .networks_simulated import near


def test_gradients_of_the_whole_resnet20(monkeypatch):
    """The CPU's own are further away: its Winograd rounds more, and its batch statistics are sums of float32."""
    take_the_device(monkeypatch)
    blocks = BlockLaunches()
    monkeypatch.setattr(
        Kernel,
        "launch",
        lambda kernel, grid, threads, stream, *arguments: blocks.launch(kernel, grid, *arguments, threads=threads),
    )
    net, labels = zoo.build("resnet20"), np.arange(6)
    x = np.random.default_rng(0).standard_normal((6, *net.input_shape)).astype(np.float32)
    loss, gradients = engine.backward(net, x, labels, device="cuda")
    wanted_loss, wanted = engine.backward(net, x.astype(np.float64), labels)
    near("loss", loss, wanted_loss)
    for name, gradient in gradients.items():
        near(name, gradient, wanted[name])
