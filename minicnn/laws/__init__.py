"""Laws: identities between the variants of convolution, as theorems that run.

    from minicnn import laws
    for law in laws.LAWS:
        result = laws.check(law, dtype="float32", examples=20)
        print(result.law, result.worst_error, result.bound, result.holds)

Every law is a small function: its docstring has the formula and where it comes from, its body draws a setting and computes both sides.
Some laws also state where they do not hold; there the sides must differ.
"""

from minicnn.laws import filters, gradients, matrices, positions, sharing
from minicnn.laws.law import DTYPES, TIERS, Law, Result, Sides, check

LAWS = (
    Law("input adjoint", "<dy, conv(x)> = <backward_input(dy), x>", gradients.adjoint),
    Law("weight adjoint", "<dy, conv(x)> = <backward_weight(dy), w>", gradients.adjoint_weight),
    Law("input gradient", "dx = full conv of dy with flipped w", gradients.input_gradient),
    Law("weight gradient", "dw = x correlated with dy", gradients.weight_gradient),
    Law("transposed", "conv_transpose(x) = backward_input(x)", gradients.transposed),
    Law("matrix", "conv(x) = conv_matrix(w) @ x", matrices.matrix),
    Law("1x1", "conv(x, 1x1) = w @ x", matrices.pointwise),
    Law("circulants", "C(u) C(w) = C(w) C(u)", matrices.circulants),
    Law("convolution theorem", "C(w) x = F^-1 (F w * F x)", matrices.convolution_theorem),
    Law("flip", "conv(x, w, flip) = conv(x, reversed w)", filters.flip),
    Law("commutativity", "x * w = w * x, full; correlation: false", filters.commutativity),
    Law("association", "conv(conv(x, u), v) = conv(x, u * v)", filters.association),
    Law("separable", "conv(x, u v^T) = two passes", filters.separable),
    Law("dilation", "conv(x, w, d) = conv(x, zero-stuffed w)", filters.dilation),
    Law("stride", "conv(x, w, s)[p] = conv(x, w)[p*s]", positions.stride),
    Law("groups", "conv(x, w, G) = conv(x, block-diagonal w)", sharing.groups),
    Law("depthwise", "conv(x, w, C) = every channel alone", sharing.depthwise),
    Law("tile 1", "tiled_conv(x, tile 1) = conv(x)", sharing.tile_one),
    Law("tile >= out", "tiled_conv(x, tile >= out) = unshared", sharing.tile_all),
    Law("average pooling", "avg_pool(x) = depthwise conv(x, 1/window)", sharing.average),
    Law("translation", "conv(T x) = T conv(x), no padding", positions.translation),
    Law("translation same", "the same inside; at the borders false", positions.translation_same),
    Law("translation stride", "the same by multiples of s; else false", positions.translation_stride),
)

__all__ = ["DTYPES", "LAWS", "TIERS", "Law", "Result", "Sides", "check"]
