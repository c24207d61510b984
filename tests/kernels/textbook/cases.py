"""One small call of every textbook kernel, for the tests that hold for all of them.

As a script, `python cases.py FILE` runs them all and writes what they computed: test_every_kernel.py does so under NUMBA_DISABLE_JIT=1.
"""

import sys
from typing import NamedTuple

import numpy as np

from minicnn.kernels import textbook
from minicnn.kernels.textbook.compile import kernel


@kernel
def some_map(k, o, p, q, c, t, r, s):
    """An index map with everything: it wraps around, leaves the input, skips taps and ties weights."""
    return (k + c) % 4, 0, p + r - 1, (q + s) % 5, (k * 3 + r) * 3 + s - 2


def objects(dtype):
    """Boxes on three images of 32 x 64 pixels: none, one, and three, of which two have their centre in the same cell."""
    none = [-1.0] * 5
    return np.array([[none] * 3, [[8, 3, 20, 12, 2], none, none], [[40, 20, 10, 8, 0], [1, 2, 9, 30, 1], [42, 22, 7, 6, 2]]], dtype)


class Sizes(NamedTuple):
    """One entry per axis each; outputs are of any size, for the loops look for themselves where an axis ends."""

    size: tuple = (5, 4, 5)
    taps: tuple = (2, 3, 3)
    out: tuple = (3, 2, 3)
    tile: tuple = (2, 1, 2)
    scale: tuple = (2, 3, 2)
    stride: tuple = (2, 2, 2)
    pad: tuple = (1, 1, 1)
    dilation: tuple = (1, 1, 1)


def drawn(seed):
    """Other sizes: padding may exceed the taps, tiles the output, and all taps may miss."""
    rng = np.random.default_rng(seed)
    most = Sizes((5, 5, 6), (3, 4, 4), (3, 4, 4), (3, 3, 4), (3, 3, 3), (3, 3, 3), (3, 4, 4), (2, 3, 3))
    return Sizes(*(tuple(int(n) for n in rng.integers(name != "pad", np.add(each, 1))) for name, each in most._asdict().items()))


USUAL = Sizes()


def calls(dtype, axes=(1, 2, 3), sizes=USUAL):
    """Name of a kernel -> (outputs, inputs); outputs are poisoned, inputs arrays or numbers."""
    made = {}

    def real(*shape):
        return rng.uniform(-1.0, 1.0, shape).astype(dtype)

    def integers(limit, *shape):
        return rng.integers(0, limit, shape)

    def poison(*shape):
        return np.full(shape, np.nan, dtype)

    def poison_integers(*shape):
        return np.full(shape, -99, np.int64)

    def case(name, outputs, *inputs):
        made[name] = (outputs, inputs)

    for n in axes:
        rng = np.random.default_rng(n)  # the same numbers, rounded, for every dtype
        size, taps, out, tile, scale, stride, pad, dilation = (each[:n] for each in sizes)
        ints = (*stride, *pad, *dilation, 2)
        x_shape, y_shape, plane = (2, 4, *size), (2, 6, *out), int(np.prod(size))
        x, dy = real(*x_shape), real(*y_shape)
        for kind, inner, flip in [("conv", (), (True,)), ("tiled_conv", tile, ()), ("unshared_conv", out, ())]:
            weight, bias = real(6, *inner, 2, *taps), real(6, *inner)
            case(f"{kind}{n}d_forward", [poison(*y_shape)], x, weight, bias, *ints, *flip)
            case(f"{kind}{n}d_backward_input", [poison(*x_shape)], dy, weight, *ints, *flip)
            case(f"{kind}{n}d_backward_weight", [poison(*weight.shape)], dy, x, *ints, *flip)
            case(f"{kind}{n}d_backward_bias", [poison(*bias.shape)], dy)
        large = (2, 6, *(2 * s + t - 3 for s, t in zip(size, taps, strict=True)))
        weight, dlarge = real(4, 3, *taps), real(*large)
        case(f"conv_transpose{n}d_forward", [poison(*large)], x, weight, real(6), *ints)
        case(f"conv_transpose{n}d_backward_input", [poison(*x_shape)], dlarge, weight, *ints)
        case(f"conv_transpose{n}d_backward_weight", [poison(*weight.shape)], dlarge, x, *ints)
        case(f"conv_transpose{n}d_backward_bias", [poison(6)], dlarge)

        pooled = (2, 4, *out)
        dy, indices = real(*pooled), integers(plane, *pooled)
        case(f"max_pool{n}d_forward", [poison(*pooled), poison_integers(*pooled)], x, *taps, *stride, *pad, *dilation)
        case(f"max_pool{n}d_backward", [poison(*x_shape)], dy, indices)
        case(f"avg_pool{n}d_forward", [poison(*pooled)], x, *taps, *stride, *pad, *pad, *dilation, True)
        case(f"avg_pool{n}d_backward", [poison(*x_shape)], dy, *taps, *stride, *pad, *pad, *dilation, True)
        case(f"l2_pool{n}d_forward", [poison(*pooled)], x, *taps, *stride, *pad)
        case(f"l2_pool{n}d_backward", [poison(*x_shape)], dy, x, real(*pooled), *taps, *stride, *pad)
        case(f"lp_pool{n}d_forward", [poison(*pooled)], x, *taps, *stride, *pad, *dilation, 3.0)
        case(f"lp_pool{n}d_backward", [poison(*x_shape)], dy, x, 0.5 + abs(dy), *taps, *stride, *pad, *dilation, 3.0)
        case(f"gaussian_pool{n}d_forward", [poison(*pooled)], x, real(*taps), *stride, *pad)
        case(f"gaussian_pool{n}d_backward", [poison(*x_shape)], dy, real(*taps), *stride, *pad)
        case(f"adaptive_max_pool{n}d_forward", [poison(*pooled), poison_integers(*pooled)], x)
        case(f"adaptive_max_pool{n}d_backward", [poison(*x_shape)], dy, indices)
        case(f"adaptive_avg_pool{n}d_forward", [poison(*pooled)], x)
        case(f"adaptive_avg_pool{n}d_backward", [poison(*x_shape)], dy)
        case(f"max_unpool{n}d_forward", [poison(*x_shape)], dy, indices)
        case(f"max_unpool{n}d_backward", [poison(*pooled)], x, indices)
        windows = (*taps, *stride, *pad, *dilation)
        case(f"unpool_winners{n}d_forward", [poison(*x_shape)], dy, x, *windows)
        case(f"unpool_winners{n}d_backward", [poison(*pooled)], real(*x_shape), x, *windows)
        case(f"pad{n}d_forward", [poison(*pooled)], x, *pad, 1)
        case(f"pad{n}d_backward", [poison(*x_shape)], dy, *pad, 1)
        whole = (2, 4, *(a * b for a, b in zip(size, scale, strict=True)))
        for mode in ("nearest", "linear"):
            aligned = (True,) * (mode == "linear")
            case(f"upsample_{mode}{n}d_forward", [poison(*whole)], x, *aligned)
            case(f"upsample_{mode}{n}d_backward", [poison(*x_shape)], real(*whole), *aligned)

        inside = (2, 4, *((o - 1) * s + t for o, s, t in zip(out, stride, taps, strict=True)))  # every window, and every start before it
        x, weight, windows, starts = real(*inside), real(4), (*taps, *stride), (*(t - 1 for t in taps), *stride)
        case(f"subsample{n}d_forward", [poison(*pooled)], x, weight, real(4), *windows)
        case(f"subsample{n}d_backward_input", [poison(*inside)], dy, weight, *windows)
        case(f"subsample{n}d_backward_weight", [poison(4)], dy, x, *windows)
        case(f"slice{n}d_forward", [poison(*y_shape)], x, *starts)
        case(f"slice{n}d_backward", [poison(*inside)], real(*y_shape), *starts)

    stride, pad, dilation, taps, size, out = (
        each[1:] for each in (sizes.stride, sizes.pad, sizes.dilation, sizes.taps, sizes.size, sizes.out)
    )
    rng = np.random.default_rng(0)
    links, settings = (np.array([0, 0, 1, 2, 2]), np.array([1, 3, 0, 0, 1])), (*stride, *pad, *dilation)  # map 2 is linked to no filter
    x, weight, dy = real(2, 4, *size), real(5, *taps), real(2, 3, *out)
    case("table_conv2d_forward", [poison(2, 3, *out)], x, weight, real(3), *links, *settings)
    case("table_conv2d_backward_input", [poison(2, 4, *size)], dy, weight, *links, *settings)
    case("table_conv2d_backward_weight", [poison(5, *taps)], dy, x, *links, *settings)

    rng = np.random.default_rng(0)
    x, weight, dy, taps = real(2, 4, 1, 4, 5), real(16), real(2, 3, 1, 4, 5), (2, 1, 3, 3)
    case("variant_forward", [poison(2, 3, 1, 4, 5)], x, weight, real(3), some_map, taps)
    case("variant_backward_input", [poison(2, 4, 1, 4, 5)], dy, weight, some_map, taps)
    uses = (np.array(each) for each in ([5, 0, 5, 31, 59, 2], [0, 79, 3, 3, 40, 41], [0, 2, 2, 5, 6]))
    case("variant_backward_weight", [poison(4)], dy.reshape(2, 60), x.reshape(2, 80), *uses)

    rng = np.random.default_rng(0)
    x, weight, dy = real(3, 5), real(4, 5), real(3, 4)
    case("linear_forward", [poison(3, 4)], x, weight, real(4))
    case("linear_backward_input", [poison(3, 5)], dy, weight)
    case("linear_backward_weight", [poison(4, 5)], dy, x)
    case("linear_backward_bias", [poison(4)], dy)
    for name, kept, extra in [
        ("relu", x, ()),
        ("leaky_relu", x, (0.1,)),
        ("tanh", x, ()),
        ("scaled_tanh", x, (1.7, 0.7)),
        ("sigmoid", x, ()),
        ("softmax", x, ()),
        ("log_softmax", x, ()),
    ]:
        case(f"{name}_forward", [poison(3, 5)], x, *extra)
        case(f"{name}_backward", [poison(3, 5)], real(3, 5), kept, *extra)
    case("dropout_forward", [poison(3, 5)], x, 77, 4, 0.3)
    case("dropout_backward", [poison(3, 5)], real(3, 5), 77, 4, 0.3)
    for training in (False, True):
        case("stochastic_depth_forward", [poison(3, 5)], x, 77, 0.3, training)
        case("stochastic_depth_backward", [poison(3, 5)], real(3, 5), 77, 0.3, training)
    case("chance_forward", [poison(3, 5)], 77, 4)
    case("rbf_forward", [poison(3, 4)], x, weight)
    case("rbf_backward", [poison(3, 5)], dy, x, weight)
    case("add_forward", [poison(3, 5)], x, real(3, 5))
    case("add_backward", [poison(3, 5), poison(3, 5)], x)
    case("multiply_forward", [poison(3, 5)], x, real(3, 5))
    case("multiply_backward", [poison(3, 5), poison(3, 5)], real(3, 5), x, real(3, 5))
    case("unpool_winners_backward_map", [poison(3, 5)])
    case("gate_forward", [poison(3, 5)], x, real(3, 5), real(3, 5))
    case("gate_backward", [poison(3, 5), poison(3, 5), poison(3, 5)], real(3, 5), x, real(3, 5), real(3, 5))
    x1, x2 = real(3, 2, 3), real(3, 4, 3)
    case("concat_forward", [poison(3, 6, 3)], x1, x2)
    case("concat_backward_first", [poison(3, 2, 3)], real(3, 6, 3))
    case("concat_backward_second", [poison(3, 4, 3)], real(3, 6, 3))
    labels = integers(5, 3)
    case("softmax_cross_entropy_forward", [poison(3), poison(3, 5)], x, labels)
    case("softmax_cross_entropy_backward", [poison(3, 5)], real(3), real(3, 5), labels)

    rng = np.random.default_rng(0)
    y, targets, settings = real(3, 2 * 5 + 3, 2, 4), objects(dtype), (2, 32, 64, 5.0, 0.5)
    case("yolo_forward", [poison(3)], y, targets, *settings)
    case("yolo_backward", [poison(*y.shape)], real(3), y, targets, *settings)
    case("decode_boxes_forward", [poison(3, 2 * 4 * 2, 6)], y, 2, 32, 64)
    found = np.sort(rng.uniform(0.0, 9.0, (3, 6, 6)), axis=1)[:, ::-1].astype(dtype)
    found[:, :, 4] = integers(2, 3, 6)
    case("non_maximum_suppression_forward", [poison_integers(3, 6)], found, 0.3)
    case("box_overlap_forward", [poison(3, 6, 2)], found, found[:, 1:3, :4].copy())

    maps, labels, truth, weights = real(2, 3, 4), integers(3, 2, 4), real(2, 3, 4) ** 2, real(3) ** 2
    rows, numbers = maps.reshape(2, 12), truth.reshape(2, 12)
    for name, y, target, settings in [
        ("cross_entropy", maps, labels, (weights, 0.2, 1)),
        ("soft_cross_entropy", maps, truth, (weights, 0.2)),
        ("dice", maps, labels, (0.1,)),
        ("binary_cross_entropy", rows, numbers, (weights,)),
        ("mean_squared_error", rows, numbers, ()),
        ("mean_absolute_error", rows, numbers, ()),
        ("huber", rows, numbers, (0.5,)),
    ]:
        case(f"{name}_forward", [poison(2)], y, target, *settings)
        case(f"{name}_backward", [poison(*y.shape)], real(2), y, target, *settings)
    case("right_answers_forward", [poison(2)], maps, labels, 1)
    case("right_shares_forward", [poison(2)], maps, truth)
    case("right_decisions_forward", [poison(2)], rows, numbers)

    x, dy, constants = real(2, 6, 3), real(2, 6, 3), (5, 2.0, 0.5, 0.75)
    case("local_response_norm_forward", [poison(2, 6, 3)], x, *constants)
    case("local_response_norm_backward", [poison(2, 6, 3)], dy, x, *constants)
    mean, variance, gamma, beta = real(6), real(6) ** 2, real(6), real(6)
    case("batch_norm_training_forward", [poison(2, 6, 3), poison(6), poison(6)], x, gamma, beta, 1e-3)
    case("batch_norm_inference_forward", [poison(2, 6, 3)], x, mean, variance, gamma, beta, 1e-3)
    for phase in ("training", "inference"):
        case(f"batch_norm_{phase}_backward", [poison(2, 6, 3), poison(6), poison(6)], dy, x, mean, variance, gamma, 1e-3)
    case("channel_softmax_forward", [poison(2, 6, 3)], x)
    case("channel_softmax_backward", [poison(2, 6, 3)], dy, x)
    case("channel_log_softmax_forward", [poison(2, 6, 3)], x)
    case("channel_log_softmax_backward", [poison(2, 6, 3)], dy, -abs(x))
    places = np.array([4, 0, 4, 2, 17])  # one twice, most not at all
    case("take_forward", [poison(2, 5)], x.reshape(2, 18), places)
    case("take_backward", [poison(2, 18)], dy.reshape(2, 18)[:, :5].copy(), places)
    case("group_norm_forward", [poison(2, 6, 3), poison(2, 6, 3)], x, gamma, beta, 2, 1e-3)
    case("group_norm_backward_input", [poison(2, 6, 3)], dy, x, gamma, 2, 1e-3)
    case("group_norm_backward_weight", [poison(6)], dy, x)
    case("group_norm_backward_bias", [poison(6)], dy)
    case("global_max_pool_forward", [poison(2, 6), poison_integers(2, 6)], x)
    case("global_max_pool_backward", [poison(2, 6, 3)], real(2, 6), integers(3, 2, 6))
    case("global_avg_pool_forward", [poison(2, 6)], x)
    case("global_avg_pool_backward", [poison(2, 6, 3)], real(2, 6))
    changes_of_images(case, poison, real)
    dy = real(2, 3, 3)
    case("channel_max_pool_forward", [poison(2, 3, 3), poison_integers(2, 3, 3)], x, 2)
    case("channel_max_pool_backward", [poison(2, 6, 3)], dy, integers(6, 2, 3, 3), 2)
    case("channel_avg_pool_forward", [poison(2, 3, 3)], x, 2)
    case("channel_avg_pool_backward", [poison(2, 6, 3)], dy, 2)
    case("channel_l2_pool_forward", [poison(2, 3, 3)], x, 2)
    case("channel_l2_pool_backward", [poison(2, 6, 3)], dy, x, real(2, 3, 3), 2)
    return made


def changes_of_images(case, poison, real):
    """Images of 4x5 and volumes of 2x2x5: where their pixels come from, reading there, and changes of values."""
    sizes, steps = np.array([4, 5]), np.array([5, 1])
    place = 4.5 * real(2, 2, 20) + 2.0
    case("places_forward", [poison(2, 2, 20)], sizes, steps)
    case("shift_draw_forward", [poison(2, 2)], abs(real(2, 2)), sizes, 2)
    case("shift_places_forward", [poison(2, 2, 20)], place, real(2, 2))
    case("flip_draw_forward", [poison(2, 1)], abs(real(2, 1)))
    case("flip_places_forward", [poison(2, 2, 20)], place, real(2, 1), 5)
    case("rotate_draw_forward", [poison(2, 2)], abs(real(2, 1)), 30.0)
    case("rotate_places_forward", [poison(2, 2, 20)], place, real(2, 2), 4, 5)
    case("scale_draw_forward", [poison(2, 1)], abs(real(2, 1)), 0.25)
    case("scale_places_forward", [poison(2, 2, 20)], place, real(2, 1), sizes)
    case("smooth_down_forward", [poison(2, 2, 4, 5)], real(2, 2, 4, 5), 1.5, 3)
    case("smooth_across_forward", [poison(2, 2, 4, 5)], real(2, 2, 4, 5), 1.5, 3)
    case("noise_forward", [poison(2, 2, 20)], abs(real(2, 2, 20)))
    case("elastic_places_forward", [poison(2, 2, 20)], place, real(2, 2, 20), sizes, 3.0)
    case("read_linear2d_forward", [poison(2, 3, 20)], real(2, 3, 20), place, 4, 5)
    case("read_linear3d_forward", [poison(2, 3, 20)], real(2, 3, 20), 2.5 * real(2, 3, 20) + 1.0, 2, 2, 5)
    case("read_nearest_forward", [poison(2, 3, 20)], real(2, 3, 20), place, sizes, steps, 7)
    boxes = np.array([[[1.0, 1.0, 2.0, 2.0, 3.0], [-2.0, 0.0, 4.0, 3.0, 1.0], [-1.0] * 5]] * 2)
    near = np.indices((4, 5)).reshape(1, 2, 20) + 0.3 * real(2, 2, 20)
    case("move_boxes_forward", [poison(2, 3, 5)], boxes.astype(place.dtype), near, 4, 5, 0.25)
    case("around_zero_draw_forward", [poison(2, 1)], abs(real(2, 1)), 0.2)
    case("brightness_forward", [poison(2, 3, 20)], real(2, 3, 20), real(2, 1))
    case("contrast_forward", [poison(2, 3, 20)], real(2, 3, 20), real(2, 1))
    case("normal_draw_forward", [poison(2, 3)], abs(real(2, 6)), 0.1)
    case("add_component_forward", [poison(2, 3, 20)], real(2, 3, 20), real(2, 3), 1, 0.4)
    case("cutout_draw_forward", [poison(2, 2)], abs(real(2, 2)), sizes)
    case("cutout_forward", [poison(2, 3, 20)], real(2, 3, 20), 4.0 * abs(real(2, 2)), sizes, steps, 3)
    case("mixup_draw_forward", [poison(5, 1)], abs(real(5, 2)), 0.4)
    case("partner_forward", [poison(8, 3)], real(8, 3), 77, 5)
    case("mix_forward", [poison(2, 3, 20)], real(2, 3, 20), real(2, 3, 20), abs(real(2, 1)))
    case("mix_backward", [poison(3), poison(3)], real(3), abs(real(3, 1)))
    case("normalize_forward", [poison(2, 3, 20)], real(2, 3, 20), 2.0, -0.5)


AXES = {"float64": (1, 2, 3), "float32": (2,)}  # compiling takes its time; float32 on one axis and on three is the same loop


def run_all():
    """Everything that every kernel computes: "name dtype position" -> array."""
    computed = {}
    for dtype, axes in AXES.items():
        for name, (outputs, inputs) in calls(dtype, axes).items():
            getattr(textbook, name)(*outputs, *inputs)
            for position, output in enumerate(outputs):
                computed[f"{name} {dtype} {position}"] = output
    return computed


if __name__ == "__main__":
    np.savez(sys.argv[1], **run_all())
