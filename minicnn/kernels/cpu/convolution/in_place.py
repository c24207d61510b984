"""Ways that read and write a user's arrays where they lie, image by image: networks, whose images lie side by side, cannot go them.

Depthwise convolution of two axes goes plane by plane.  Where each filter serves few positions, the weights outweigh the images and are read
or written once.  Nothing is left to compute.
"""

from __future__ import annotations

from collections.abc import Iterable

from minicnn.kernels.cpu.convolution.depthwise import PlaneSizes, depthwise_backward_weight_step, depthwise_forward_step
from minicnn.kernels.cpu.convolution.pieces import Piece
from minicnn.kernels.cpu.convolution.problem import BACKWARD_INPUT, BACKWARD_WEIGHT
from minicnn.kernels.cpu.pointwise.activation_call import ARRAY_PARTS
from minicnn.kernels.cpu.program.call import WHOLE, WHOLE_SHARD, Stage, call
from minicnn.kernels.cpu.program.program import EXTRA
from minicnn.kernels.cpu.unshared.lowering import append_call_backward_input, append_call_backward_weight, append_call_forward


def depthwise(piece: Piece) -> Iterable[Piece]:
    """y or dx from the same sum, with the filter turned for the latter; dweight channel by channel."""
    backward = piece.problem.work == BACKWARD_WEIGHT
    problem = piece.problem.as_forward()
    (rows, columns), channels, images = problem.axes, problem.channels, len(piece.source)
    sizes = PlaneSizes(rows.out, columns.out, rows.size, columns.size, rows.before, columns.before)
    fields = {"planes": channels if backward else images * channels, "channels": channels, "flip": problem.flip}
    fields |= {"images": images} if backward else {"with_bias": piece.bias is not None}
    kernel = depthwise_backward_weight_step if backward else depthwise_forward_step

    def build(stage: Stage) -> None:
        stage.program.step(kernel, sizes=sizes, **fields)
        stage.cut(min(ARRAY_PARTS, max(1, fields["planes"])))

    arrays, weight = [piece.result, piece.source], piece.other
    call(
        (kernel.name, sizes, *fields.values()),
        build,
        min(fields["planes"], 1),
        [*arrays, weight] if backward else arrays,
        weight=None if backward else weight,
        bias=piece.bias,
    )
    return ()


def unshared(piece: Piece) -> Iterable[Piece]:
    """y or dx of few images: the time is that of reading the weights."""
    problem = piece.problem
    images, biases = len(piece.source), 0 if piece.bias is None else piece.bias.size // len(piece.other)

    def build(stage: Stage) -> None:
        stage.multiply_adds = problem.products
        if problem.work == BACKWARD_INPUT:
            append_call_backward_input(stage.program, EXTRA, EXTRA + 1, problem, images)
        else:
            append_call_forward(stage.program, EXTRA, EXTRA + 1, problem, images, biases)
            stage.cut()

    key = ("unshared", problem, biases, images)
    call(key, build, images, [piece.result, piece.source], weight=piece.other, bias=piece.bias, shards=WHOLE)
    return ()


def unshared_weight(piece: Piece) -> Iterable[Piece]:
    """dweight, written once for every WHOLE_SHARD images, straight to where it belongs."""
    problem, dweight, dy, x, _ = piece
    for n in range(0, len(dy), WHOLE_SHARD):

        def build(stage: Stage, add: bool = n > 0) -> None:
            stage.multiply_adds = problem.products
            gradient = stage.load(1, dy.shape[1:])
            stage.cut()
            append_call_backward_weight(stage.program, EXTRA, gradient, EXTRA + 2, problem, add)
            stage.cut()

        some = slice(n, n + WHOLE_SHARD)
        call(("unshared", problem, n > 0), build, len(dy[some]), [dweight, dy[some], x[some]], shards=WHOLE)
    return ()
