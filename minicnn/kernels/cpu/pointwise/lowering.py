"""Activations, dropout, response normalization, loss and transfers as steps."""

from __future__ import annotations

from typing import Any, NamedTuple

from minicnn.kernels.cpu.lanes import transfer
from minicnn.kernels.cpu.lanes.plane_transfer import Turn, load_planes_step, store_planes_step
from minicnn.kernels.cpu.lanes.vector import LANES
from minicnn.kernels.cpu.normalization import local_response as local_response_normalization
from minicnn.kernels.cpu.pointwise import activation, chance, dropout, loss, partner, reading
from minicnn.kernels.cpu.program.activation import Activation
from minicnn.kernels.cpu.program.program import INPUT, LABELS, OUTPUT, Place, Program
from minicnn.kernels.derive.lanes.lowering import append_derived
from minicnn.kernels.machine_code.compile import StepKernel
from minicnn.kernels.machine_code.records import bits
from minicnn.kernels.textbook.reading import read_linear2d_forward, read_linear3d_forward

MOST_PIXELS = 1 << 24  # that float32 counts


def whole_vectors(value: Activation) -> int:
    """Elements of a value, rounded up to whole vectors: what lies behind a value is filler, or is written after it."""
    return -(-value.size // LANES) * LANES


def append_relu_forward(program: Program, y: Activation, x: Activation, slope: float = 0.0) -> None:
    """y = x where x > 0, else slope * x."""
    program.step(activation.relu_step_forward, y=y.place, x=x.place, size=whole_vectors(x), slope=slope)


def append_relu_backward(program: Program, dx: Activation, dy: Activation, y: Activation, slope: float = 0.0) -> None:
    """dx = dy where y > 0, else slope * dy; dx may be dy."""
    program.step(activation.relu_step_backward, dx=dx.place, dy=dy.place, y=y.place, size=whole_vectors(y), slope=slope)


def append_tanh_forward(program: Program, y: Activation, x: Activation) -> None:
    """y = tanh(x)."""
    program.step(activation.tanh_step_forward, y=y.place, x=x.place, size=whole_vectors(x))


def append_tanh_backward(program: Program, dx: Activation, dy: Activation, y: Activation) -> None:
    """dx = dy * (1 - y^2); dx may be dy."""
    program.step(activation.tanh_step_backward, dx=dx.place, dy=dy.place, y=y.place, size=whole_vectors(y))


def append_scaled_tanh_forward(program: Program, y: Activation, x: Activation, amplitude: float, slope: float) -> None:
    """y = amplitude * tanh(slope * x)."""
    program.step(activation.scaled_tanh_step_forward, y=y.place, x=x.place, size=whole_vectors(x), amplitude=amplitude, slope=slope)


def append_scaled_tanh_backward(program: Program, dx: Activation, dy: Activation, y: Activation, amplitude: float, slope: float) -> None:
    """dx from the output y; dx may be dy."""
    program.step(
        activation.scaled_tanh_step_backward, dx=dx.place, dy=dy.place, y=y.place, size=whole_vectors(y), amplitude=amplitude, slope=slope
    )


def append_sigmoid_forward(program: Program, y: Activation, x: Activation) -> None:
    """y = 1 / (1 + exp(-x))."""
    program.step(activation.sigmoid_step_forward, y=y.place, x=x.place, size=whole_vectors(x))


def append_sigmoid_backward(program: Program, dx: Activation, dy: Activation, y: Activation) -> None:
    """dx = dy * y * (1 - y); dx may be dy."""
    program.step(activation.sigmoid_step_backward, dx=dx.place, dy=dy.place, y=y.place, size=whole_vectors(y))


def append_copy(program: Program, y: Activation, x: Activation) -> None:
    """y = x."""
    program.step(activation.copy_step, y=y.place, x=x.place, size=whole_vectors(x))


def append_add(program: Program, y: Activation, x: Activation) -> None:
    """y += x."""
    program.step(activation.add_step, y=y.place, x=x.place, size=whole_vectors(x))


def append_sum(program: Program, y: Activation, a: Activation, b: Activation, rectify: bool) -> None:
    """y = a + b, and then relu if `rectify`; y may be a."""
    program.step(activation.add_two_step, y=y.place, a=a.place, b=b.place, size=whole_vectors(y), rectify=rectify)


def append_dropout(program: Program, y: Activation, x: Activation, layer: int, rate: float) -> None:
    """y = x / (1 - rate) where kept, else 0: forward of x, or backward of dy.  `layer` tells one dropout of a network from another."""
    program.step(dropout.dropout_step, y=y.place, x=x.place, elements=x.size // x.map.shard, shard=x.map.shard, layer=layer, rate=rate)


def append_chance(program: Program, y: Activation, number: int) -> None:
    """Numbers from 0 to below 1, drawn for each image.  `number` tells one use of chance from another."""
    program.step(chance.chance_step, y=y.place, elements=y.size // y.map.shard, shard=y.map.shard, number=number)


def append_partner(program: Program, y: Activation, x: Activation, number: int) -> None:
    """y[n] = x of another image of the shard: the same other one for whoever asks with this number."""
    program.step(partner.partner_step, y=y.place, x=x.place, elements=x.size // x.map.shard, shard=x.map.shard, number=number)


def append_read(program: Program, y: Activation, x: Activation, place: Activation, sizes: tuple[int, ...]) -> None:
    """y[c, l] = x[c] at place[:, l], between pixels; `sizes` are layers if there are any, rows and columns."""
    if len(sizes) == 2 and x.map.shard % LANES == 0 and x.map.pixels < MOST_PIXELS:
        how = reading.Reading(x.map.channels, *sizes, x.map.shard)
        program.step(reading.read_linear_step, y=y.place, x=x.place, place=place.place, how=how)
    else:
        names = ("layers", "rows", "columns")[-len(sizes) :]
        loop = read_linear2d_forward if len(sizes) == 2 else read_linear3d_forward
        append_derived(program, loop, y=y, x=x, place=place, **dict(zip(names, sizes, strict=True)))


def append_survive(program: Program, y: Activation, x: Activation, layer: int, survival: float, training: bool) -> None:
    """Stochastic depth, forward of x or backward of dy: y = x with probability `survival`, else 0; survival * x outside of training."""
    program.step(dropout.survive_step, y=y.place, x=x.place, size=whole_vectors(x), layer=layer, survival=survival, training=training)


def append_local_response_norm_forward(
    program: Program, y: Activation, x: Activation, size: int, k: float, alpha: float, beta: float
) -> None:
    """y = x / (k + alpha * sum of squares)^beta."""
    program.step(
        local_response_normalization.local_response_norm_step_forward,
        y=y.place,
        x=x.place,
        how=local_response_normalization.Response(x.map.channels, x.map.plane, size, k, alpha, beta),
    )


def append_local_response_norm_backward(
    program: Program, dx: Activation, dy: Activation, x: Activation, size: int, k: float, alpha: float, beta: float
) -> None:
    """dx; needs the input x again, and scratch for each part."""
    scratch = program.buffer(program.parts * x.map.channels * 2 * local_response_normalization.BLOCK)
    program.step(
        local_response_normalization.local_response_norm_step_backward,
        dx=dx.place,
        dy=dy.place,
        x=x.place,
        scratch=Place(scratch),
        how=local_response_normalization.Response(x.map.channels, x.map.plane, size, k, alpha, beta),
    )


def append_loss(program: Program, dlogits: Activation, logits: Activation) -> None:
    """Gradient of the mean softmax cross-entropy; loss and right answers go to the batch's statistics."""
    totals = program.buffer(logits.map.shard)
    program.step(
        loss.softmax_cross_entropy_step,
        dlogits=dlogits.place,
        logits=logits.place,
        totals=Place(totals),
        classes=logits.map.channels,
        shard=logits.map.shard,
    )


def append_load_target(program: Program, x: Activation, narrow: bool | None) -> None:
    """Fetch the shard's targets: numbers, or whole numbers as int32, from int32 where `narrow`, else from int64; None for numbers."""
    if narrow is None:
        append_load(program, x, Loading(False, (1.0,) * x.map.channels, (0.0,) * x.map.channels), LABELS)
        return
    elements = x.size // x.map.shard
    program.step(loss.load_whole_numbers_step, place=x.place, field=LABELS, elements=elements, shard=x.map.shard, narrow=narrow)


def append_shares(program: Program, share: Activation) -> None:
    """What the loss of each image counts in that of the batch: share (N,)."""
    program.step(loss.share_step, place=share.place, shard=share.map.shard)


def append_total(program: Program, dy: Activation, losses: Activation, rights: Activation | None) -> None:
    """The batch's statistics from losses (N,) and right answers (N,); dy of lanes that are no images becomes 0."""
    program.step(
        loss.total_step,
        dy=dy.place,
        elements=dy.size // dy.map.shard,
        shard=dy.map.shard,
        losses=losses.place,
        rights=(rights or losses).place,
        rights_there=rights is not None,
    )


def _append_transfer(program: Program, kernel: StepKernel, x: Activation, field: int, **how: int) -> None:
    sizes = (1,) * (3 - len(x.map.sizes)) + x.map.sizes
    box = transfer.Box(*(*x.map.three_strides, *sizes, x.map.channels, x.map.shard))
    program.step(kernel, place=Place(x.buffer, x.offset + x.map.interior), field=field, box=box, **how)


class Loading(NamedTuple):
    """How images come in: their type, pixel * scale[c] + shift[c], and changes drawn at random for training."""

    uint8: bool
    scale: tuple[float, ...]
    shift: tuple[float, ...]
    moves: int = 0  # translations by up to so many pixels
    mirrors: bool = False  # every other image left to right
    changes: tuple[Any, ...] = ()  # others, see `minicnn.engine.changes`


def append_load(program: Program, x: Activation, loading: Loading, address: int = INPUT) -> None:
    """Fetch the shard's images from the array whose address is in the frame's field `address`."""
    pairs = zip(loading.scale, loading.shift, strict=True)
    normal = program.constant([bits(number) for pair in pairs for number in pair])
    if loading.moves or loading.mirrors:
        kernel = transfer.load_uint8_augmented if loading.uint8 else transfer.load_float32_augmented
        _append_transfer(program, kernel, x, address, normal=normal, moves=loading.moves, mirrors=loading.mirrors)
    else:
        _append_transfer(program, transfer.load_uint8 if loading.uint8 else transfer.load_float32, x, address, normal=normal)


def append_load_plain(program: Program, x: Activation, address: int) -> None:
    """Fetch float32 images as they are, in the order in which they lie."""
    if _in_one_piece(x):
        append_in_one_piece(program, load_planes_step, x, address)
    else:
        append_load(program, x, Loading(False, (1.0,) * x.map.channels, (0.0,) * x.map.channels), address)


def append_store(program: Program, x: Activation, address: int = OUTPUT) -> None:
    """Write a value, one image after the other, to the array whose address is in the frame's field `address`."""
    if _in_one_piece(x):
        append_in_one_piece(program, store_planes_step, x, address)
    else:
        _append_transfer(program, transfer.store_float32, x, address)


def _in_one_piece(x: Activation) -> bool:
    """Whether the pixels of all channels lie side by side, as in the image."""
    return x.size == x.map.channels * x.map.pixels * x.map.shard


def append_in_one_piece(program: Program, kernel: StepKernel, x: Activation, address: int) -> None:
    """Turn images into lanes or back as one row of pixels, in registers: a softmax of 128 x 1000 takes 94 instead of 605 microseconds."""
    pixels = x.map.channels * x.map.pixels
    program.step(kernel, place=x.place, shard=x.map.shard, offset=0, field=address, turn=Turn(1, pixels, pixels, pixels))
