"""Modules that PyTorch has no counterpart of, as source: written into the file where a network needs them."""

from __future__ import annotations

SUBSAMPLE = '''\
class Subsample(nn.Module):
    """The sum of every window times a weight of the map, and a bias: the pooling of LeNet-5."""

    def __init__(self, channels, window, stride):
        super().__init__()
        self.window, self.stride = window, stride
        self.weight = nn.Parameter(torch.full((channels,), 1 / (window[0] * window[1])))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        total = F.avg_pool2d(x, self.window, self.stride, divisor_override=1)
        return total * self.weight[:, None, None] + self.bias[:, None, None]
'''

TABLE_CONV = '''\
class TableConv2d(nn.Module):
    """A convolution in which a filter sees the maps that a table names; the weights are those of the links, filter by filter."""

    def __init__(self, table, window, stride, padding, dilation, bias):
        super().__init__()
        self.settings = stride, padding, dilation
        self.filters = [k for k, maps in enumerate(table) for _ in maps]
        self.maps = [c for maps in table for c in maps]
        self.weight = nn.Parameter(torch.empty(len(self.maps), *window).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(len(table))) if bias else None

    def forward(self, x):
        stride, padding, dilation = self.settings
        weight = x.new_zeros(max(self.filters) + 1, x.shape[1], *self.weight.shape[1:])
        weight = weight.index_put((torch.tensor(self.filters), torch.tensor(self.maps)), self.weight)
        return F.conv2d(x, weight, self.bias, stride, padding, dilation)
'''

RBF = '''\
class RBF(nn.Module):
    """Minus the squared distance to a fixed centre of every class."""

    def __init__(self, features, classes):
        super().__init__()
        self.register_buffer("weight", torch.ones(classes, features))

    def forward(self, x):
        return -((x[:, None, :] - self.weight) ** 2).sum(dim=2)
'''

STOCHASTIC_DEPTH = '''\
class StochasticDepth(nn.Module):
    """In training all of x or nothing, in use its mean."""

    def __init__(self, survival):
        super().__init__()
        self.survival = survival

    def forward(self, x):
        return x * (torch.rand(()) < self.survival) if self.training else x * self.survival
'''

TILED_CONV = '''\
class TiledConv2d(nn.Module):
    """A convolution with filters of its own for every position of a tile: output (p, q) uses filter (p mod U, q mod V)."""

    def __init__(self, channels, filters, window, tile, bias=True, stride=1, dilation=1, groups=1, turned=False):
        super().__init__()
        self.stride, self.dilation, self.groups, self.turned = stride, dilation, groups, turned
        self.weight = nn.Parameter(torch.empty(filters, *tile, channels // groups, *window).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(filters, *tile)) if bias else None

    def forward(self, x):
        filters, u, v, channels, r, s = self.weight.shape
        height, width = ((size - gap * (taps - 1) - 1) // step + 1 for size, taps, step, gap in zip(x.shape[2:], (r, s), self.stride, self.dilation))
        patches = F.unfold(x, (r, s), self.dilation, 0, self.stride)
        patches = patches.reshape(len(x), self.groups, channels * r * s, height, width)
        p, q = torch.arange(height) % u, torch.arange(width) % v
        weight = self.weight.flip(-2, -1) if self.turned else self.weight
        weight = weight[:, p][:, :, q].reshape(self.groups, filters // self.groups, height, width, channels * r * s)
        y = torch.einsum("ngcpq,gkpqc->ngkpq", patches, weight).reshape(len(x), filters, height, width)
        return y if self.bias is None else y + self.bias[:, p][:, :, q]
'''

MIDDLE = '''\
def middle(x, size):
    """The middle of a map."""
    for axis, wanted in enumerate(size, start=2):
        x = x.narrow(axis, (x.shape[axis] - wanted) // 2, wanted)
    return x
'''
