"""The large networks against PyTorch: the same network written there, the same weights, the same image, the same answer.

Each network here is written from its paper in PyTorch's own modules, in the order in which ours lists its layers, so that weights can be
handed over one layer after the other; every shape is compared on the way.  Running statistics are drawn as well: with the
ones of a new network, batch normalization would do nothing.
"""

import numpy as np
import pytest

from minicnn import zoo

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
nn = torch.nn

TOLERANCE = 1e-4  # of the largest output; float32 sums of up to 10^4 terms through up to 121 layers differ by about 1e-6


def alexnet():
    def conv(*settings, **named):
        return nn.Sequential(nn.Conv2d(*settings, **named), nn.ReLU())

    def norm():
        return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)  # PyTorch divides alpha by the size

    return nn.Sequential(
        conv(3, 96, 11, stride=4),
        nn.MaxPool2d(3, 2),
        norm(),
        conv(96, 256, 5, padding=2),
        nn.MaxPool2d(3, 2),
        norm(),
        conv(256, 384, 3, padding=1),
        conv(384, 384, 3, padding=1),
        conv(384, 256, 3, padding=1),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Linear(9216, 4096),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(4096, 1000),
    )


def vgg16():
    parts, channels = [], 3
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            parts += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU()]
            channels = filters
        parts.append(nn.MaxPool2d(2))
    return nn.Sequential(
        *parts,
        nn.Flatten(),
        nn.Linear(25088, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 1000),
    )


class Beside(nn.Module):
    """Branches side by side."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def googlenet():
    def conv(channels, filters, window, stride=1):
        return nn.Sequential(nn.Conv2d(channels, filters, window, stride, window // 2), nn.ReLU())

    def inception(channels, ones, less3, threes, less5, fives, behind):
        return Beside(
            conv(channels, ones, 1),
            nn.Sequential(conv(channels, less3, 1), conv(less3, threes, 3)),
            nn.Sequential(conv(channels, less5, 1), conv(less5, fives, 5)),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(channels, behind, 1)),
        )

    def pool():
        return nn.MaxPool2d(3, 2, ceil_mode=True)

    def norm():
        return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)

    return nn.Sequential(
        conv(3, 64, 7, 2),
        pool(),
        norm(),
        conv(64, 64, 1),
        conv(64, 192, 3),
        norm(),
        pool(),
        inception(192, 64, 96, 128, 16, 32, 32),
        inception(256, 128, 128, 192, 32, 96, 64),
        pool(),
        inception(480, 192, 96, 208, 16, 48, 64),
        inception(512, 160, 112, 224, 24, 64, 64),
        inception(512, 128, 128, 256, 24, 64, 64),
        inception(512, 112, 144, 288, 32, 64, 64),
        inception(528, 256, 160, 320, 32, 128, 128),
        pool(),
        inception(832, 256, 160, 320, 32, 128, 128),
        inception(832, 384, 192, 384, 48, 128, 128),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(1024, 1000),
    )


class Bottleneck(nn.Module):
    """Three convolutions, and a way around them that is listed first."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.around = (
            nn.Identity()
            if channels == 4 * filters
            else nn.Sequential(nn.Conv2d(channels, 4 * filters, 1, stride, bias=False), nn.BatchNorm2d(4 * filters))
        )
        self.body = nn.Sequential(
            nn.Conv2d(channels, filters, 1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 3, stride, 1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
            nn.Conv2d(filters, 4 * filters, 1, bias=False),
            nn.BatchNorm2d(4 * filters),
        )

    def forward(self, x):
        return torch.relu(self.body(x) + self.around(x))


def resnet50():
    parts, channels = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for filters, count in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for number in range(count):
            parts.append(Bottleneck(channels, filters, 2 if filters > 64 and number == 0 else 1))
            channels = 4 * filters
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def densenet121():
    def prepared(channels, filters, window):
        return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, filters, window, padding=window // 2, bias=False))

    parts, channels = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for stage, count in enumerate((6, 12, 24, 16)):
        if stage:
            parts += [prepared(channels, channels // 2, 1), nn.AvgPool2d(2)]
            channels //= 2
        for _ in range(count):
            parts.append(Beside(nn.Identity(), nn.Sequential(prepared(channels, 128, 1), prepared(128, 32, 3))))
            channels += 32
    return nn.Sequential(*parts, nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


class Level(nn.Module):
    """Two convolutions, what is below, two convolutions of both."""

    def __init__(self, channels, filters, *below):
        super().__init__()
        self.down = self.two(channels, filters)
        if below:
            self.below, self.up = Level(filters, *below), nn.ConvTranspose2d(below[0], filters, 2, stride=2)
            self.together = self.two(2 * filters, filters)

    @staticmethod
    def two(channels, filters):
        return nn.Sequential(nn.Conv2d(channels, filters, 3), nn.ReLU(), nn.Conv2d(filters, filters, 3), nn.ReLU())

    def forward(self, x):
        x = self.down(x)
        if not hasattr(self, "below"):
            return x
        risen = self.up(self.below(nn.functional.max_pool2d(x, 2)))
        rest = x.shape[2] - risen.shape[2]
        start, stop = rest // 2, rest // 2 + risen.shape[2]
        return self.together(torch.cat([x[:, :, start:stop, start:stop], risen], dim=1))


def unet(first=64):
    return nn.Sequential(Level(1, *(first * 2**level for level in range(5))), nn.Conv2d(first, 2, 1))


def hand_over(net, module):
    """Copy our parameters and running statistics into a PyTorch module, layer after layer."""
    ours = [node for node in net.nodes if node.slots]
    theirs = [part for part in module.modules() if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.BatchNorm2d))]
    assert len(ours) == len(theirs)
    with torch.no_grad():
        for node, part in zip(ours, theirs, strict=True):
            values = {slot.name.rpartition(".")[2]: net.arrays[slot.name] for slot in node.slots}
            targets = {name: tensor for name, tensor in part.state_dict().items() if name != "num_batches_tracked"}
            assert {name: tuple(tensor.shape) for name, tensor in targets.items()} == {name: array.shape for name, array in values.items()}
            for name, tensor in targets.items():
                tensor.copy_(torch.from_numpy(values[name]))
    return module.eval()


def relative_error(name, module, **settings):
    """Of the largest number that comes out of an image of noise."""
    net = zoo.build(name, **settings)
    random = np.random.default_rng(0)
    for buffer, values in net.buffers.items():
        values[...] = random.uniform(0.5, 1.5, values.shape) if buffer.endswith("var") else random.normal(0, 0.1, values.shape)
    for parameter, values in net.parameters.items():
        if parameter.endswith("bias"):
            values[...] = random.normal(0, 0.1, values.shape)  # new biases are 0, and would hide their place
    x = random.standard_normal((1, *net.input_shape), dtype=np.float32)
    with torch.inference_mode():
        theirs = hand_over(net, module)(torch.from_numpy(x)).numpy()
    ours = net.forward(x)
    assert ours.shape == theirs.shape
    assert np.isfinite(ours).all()
    assert np.abs(theirs).max() > 0
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max()), ours


@pytest.mark.parametrize("write", [alexnet, vgg16, googlenet, resnet50, densenet121], ids=lambda write: write.__name__)
def test_the_same_answer(write):
    error, output = relative_error(write.__name__, write())
    assert output.shape == (1, 1000)
    assert error < TOLERANCE


def test_the_same_map():
    """U-Net with a quarter of its filters; with all of them it takes 24 seconds, and the error was 4e-6."""
    error, output = relative_error("unet", unet(first=16), width=0.25)
    assert output.shape == (1, 2, 388, 388)
    assert error < TOLERANCE
