"""What derived kernels cost by the model, at sizes of real networks: each one that a plan launches is near the bandwidth, or known.

`pytest -s` prints the table.
"""

import numpy as np
import pytest

from minicnn.kernels import textbook
from minicnn.kernels.cuda.launches import Part, contiguous_strides
from minicnn.kernels.cuda.local_response import response_sums, response_terms
from minicnn.kernels.cuda.pooling import max_pool_backward

from .model import cost

NEAR = 0.7
N, C, H = 64, 64, 28
Q, L = H // 2, H * H
PLACES = iter(range(0, 1 << 62, 1 << 32))


def value(*shape, dtype=np.float32):
    """A value of a plan, images innermost."""
    inner = contiguous_strides((*shape[1:], shape[0]))
    return Part("arena", next(PLACES), shape, (inner[-1], *inner[:-1]), np.dtype(dtype))


def integers(*shape):
    return value(*shape, dtype=np.int32)


def numbers(*shape):
    """Parameters as users see them."""
    return Part("parameters", next(PLACES), shape, contiguous_strides(shape))


def window(taps, stride, pad, **more):
    return {f"{n}_{a}": v for a in "hw" for n, v in {"window": taps, "stride": stride, "pad": pad, **more}.items()}


X, Y, F, P = (N, C, H, H), (N, C, Q, Q), (N, C * L), (N, C, L)
AFFINE = {name: numbers(C) for name in ("mean", "variance", "gamma", "beta")}
RESPONSE = {"size": 5, "k": 2.0, "alpha": 1e-4, "beta": 0.75}
DEPTH = {"window_d": 1, "stride_d": 1, "pad_d": 0, "dilation_d": 1}
AVERAGE = {**window(2, 2, 0, pad_after=0, dilation=1), "count_padding": True}


def values(**shapes):
    return {name: value(*shape) for name, shape in shapes.items()}


WELL = {  # case -> (loop, arguments)
    "relu_forward": values(y=F, x=F),
    "relu_backward": values(dx=F, dy=F, y=F),
    "tanh_forward": values(y=F, x=F),
    "sigmoid_backward": values(dx=F, dy=F, y=F),
    "add_forward": values(y=F, x1=F, x2=F),
    "dropout_forward": values(y=(128, 4096), x=(128, 4096)) | {"key": 1, "first_image": 0, "rate": 0.5},
    "max_pool2d_forward 2x2": values(y=Y, x=X) | {"indices": integers(*Y), **window(2, 2, 0, dilation=1)},
    "max_pool2d_forward 3x3": values(y=Y, x=X) | {"indices": integers(*Y), **window(3, 2, 1, dilation=1)},
    "avg_pool2d_forward": values(y=Y, x=X) | AVERAGE,
    "avg_pool2d_backward": values(dx=X, dy=Y) | AVERAGE,
    "global_avg_pool_backward": values(dx=(N, 512, 49), dy=(N, 512)),
    "concat_backward_first": values(dx1=P, dy=(N, 2 * C, L)),
    "batch_norm_inference_forward": values(y=P, x=P) | {**AFFINE, "epsilon": 1e-5},
    "upsample_nearest2d_forward": values(y=(N, C, 2 * H, 2 * H), x=X),
    "upsample_nearest2d_backward": values(dx=X, dy=(N, C, 2 * H, 2 * H)),
}
OWN = {  # written for a device, as loops of the grammar
    "max_pool_backward": (max_pool_backward, values(dx=(N, C, 1, H, H), dy=(N, C, 1, Q, Q)) | {"indices": integers(N, C, 1, Q, Q)}),
    "response_terms": (response_terms, values(own=P, others=P, dy=P, x=P) | RESPONSE),
    "response_sums": (response_sums, values(dx=P, others=P, x=P) | {n: v for n, v in RESPONSE.items() if n != "k"}),
}
OWN["max_pool_backward"][1].update(DEPTH | window(3, 2, 1, dilation=1))
REPLACED = {  # by these, by batch statistics and row sums, or so small that nobody waits for them
    "max_pool2d_backward": values(dx=X, dy=Y) | {"indices": integers(*Y)},
    "batch_norm_training_forward": values(y=P, x=P) | {**AFFINE, "epsilon": 1e-5},
    "conv2d_backward_bias": values(dy=X) | {"dbias": numbers(C)},
    "local_response_norm_backward": values(dx=P, dy=P, x=P) | RESPONSE,
    "softmax_forward": values(y=(N, 1000), x=(N, 1000)),
    "global_avg_pool_forward": values(y=(N, 512), x=(N, 512, 49)),
}


def told(name, loop, arguments):
    own = cost(loop, arguments)
    print(
        f"\n{name:32}{own.must / 1e6:8.1f} MB{own.blocks / 1e6:8.1f}{own.warps / 1e6:8.1f}{own.threads:9}{own.serial:5}{own.share:6.2f}",
        end="",
    )
    return own


@pytest.mark.parametrize("name", WELL)
def test_derived_kernels_of_a_plan_are_near_the_bandwidth(name):
    assert told(name, getattr(textbook, name.split()[0]), WELL[name]).share >= NEAR


@pytest.mark.parametrize("name", OWN)
def test_loops_written_for_a_device_are_near_it(name):
    loop, arguments = OWN[name]
    assert told(name, loop, arguments).share >= NEAR


@pytest.mark.parametrize("name", REPLACED)
def test_those_that_are_replaced_are_far_from_it(name):
    assert told(name, getattr(textbook, name), REPLACED[name]).share < NEAR


def test_images_innermost_fetch_every_byte_once_and_other_layouts_do_not():
    """What the layout is for: threads of a warp that ask for numbers far apart fetch a sector each."""
    arguments = WELL["max_pool2d_forward 2x2"]
    own = cost(textbook.max_pool2d_forward, arguments)
    assert own.warps == own.blocks == own.must
    apart = cost(textbook.max_pool2d_forward, {**arguments, "x": numbers(*X)})
    assert apart.warps > 4 * own.warps
    assert apart.share < own.share
