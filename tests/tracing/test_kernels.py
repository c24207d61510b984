"""A bare kernel is traced by the layer whose loop it is, with small whole numbers or one's own."""

import numpy as np
import pytest

from minicnn import layers
from minicnn.errors import SettingError, ShapeError
from minicnn.kernels import textbook
from minicnn.tracing.of_kernel import kernel, trace_kernel

OF_LAYERS = (
    *(
        f"{kind}2d_{part}"
        for kind in ("conv", "tiled_conv", "unshared_conv", "conv_transpose", "table_conv")
        for part in ("forward", "backward_input")
    ),
    *(f"{kind}2d_backward_{of}" for kind in ("conv", "tiled_conv", "unshared_conv", "conv_transpose") for of in ("weight", "bias")),
    *(f"{kind}_pool2d_{part}" for kind in ("max", "avg", "l2", "gaussian", "adaptive_avg") for part in ("forward", "backward")),
    *(
        f"{kind}_{part}"
        for kind in ("relu", "leaky_relu", "tanh", "sigmoid", "channel_max_pool", "channel_l2_pool")
        for part in ("forward", "backward")
    ),
    *("batch_norm_inference_forward", "batch_norm_training_backward", "group_norm_forward", "group_norm_backward_input"),
    *("local_response_norm_forward", "local_response_norm_backward", "linear_forward", "linear_backward_weight", "rbf_forward"),
    *("add_forward", "multiply_backward", "gate_forward", "concat_forward", "concat_backward_second", "global_avg_pool_forward"),
    *("upsample_nearest2d_forward", "upsample_linear2d_backward", "pad2d_forward", "slice2d_forward", "subsample2d_backward_weight"),
    *("conv1d_forward", "conv3d_backward_weight", "stochastic_depth_forward", "dropout_backward"),
)


@pytest.mark.parametrize("name", OF_LAYERS)
def test_kernels_of_layers(name):
    found = kernel(name)
    result = found.layered.results[found.wanted]
    place = tuple(size // 2 for size in result.shape)
    table = found.layered.trace(found.wanted, place)
    assert table.walks[-1].function == getattr(textbook, name).__name__
    assert result.dtype.type(table.value).tobytes() == result[place].tobytes()
    assert table.holds


def test_the_same_loop_called_by_hand():
    dy, x = np.arange(4.0).reshape(1, 1, 2, 2), np.arange(16.0).reshape(1, 1, 4, 4)
    table = trace_kernel("conv2d_backward_weight", (0, 0, 2, 1), window=3, arrays={"x": x, "dy": dy})
    dweight = np.empty((1, 1, 3, 3))
    textbook.conv2d_backward_weight(dweight, dy, x, 1, 1, 0, 0, 1, 1, 1, False)
    assert table.value == dweight[0, 0, 2, 1]
    assert table.dtype == "float64"
    assert table.name == "dweight[k=0, c=0, r=2, s=1]"
    assert [row.reads[1].place for row in table.rows if row.kind == "add"] == [(0, 0, 2 + p, 1 + q) for p in range(2) for q in range(2)]


def test_numbers_are_drawn_from_the_seed_and_whole():
    first, again, other = (kernel("conv2d", seed=seed).layered for seed in (0, 0, 1))
    assert np.array_equal(first.inputs[0], again.inputs[0])
    assert not np.array_equal(first.inputs[0], other.inputs[0])
    assert set(np.unique(first.inputs[0])) <= {0, 1, 2, 3}
    assert np.array_equal(first.results["y"], np.rint(first.results["y"]))


def test_taps_that_no_output_reads():
    """An input pixel of a strided convolution asks which outputs read it; between them there is none."""
    table = trace_kernel("conv2d_backward_input", (0, 1, 0), stride=2, input_shape=(5, 5))
    rows = [row for row in table.rows if row.tap]
    assert {row.note for row in rows} == {"none", ""}
    assert [row.note for row in rows if row.tap["r"] != 1] == ["none"] * 6
    assert table.holds


@pytest.mark.parametrize(
    ("error", "words", "name", "settings"),
    [
        (SettingError, "there is no kernel 'conv2dd': did you mean conv2d", "conv2dd", {}),
        (SettingError, "conv2d_forward: Conv2D has no windw: did you mean window", "conv2d", {"windw": 3}),
        (ShapeError, "needs at least 7 rows, but gets 5", "conv2d", {"window": 7}),
        (SettingError, "mean_squared_error_forward is a loop of no layer", "mean_squared_error", {}),
        (SettingError, "conv2d_forward has no array 'dy'", "conv2d", {"arrays": {"dy": np.ones((1, 1, 3, 3))}}),
        (ShapeError, "conv2d_forward: bias has the shape 2, but needs 1", "conv2d", {"arrays": {"bias": np.ones(2)}}),
    ],
)
def test_refusals(error, words, name, settings):
    with pytest.raises(error, match=words):
        kernel(name, **settings)


def test_layers_of_a_user_without_loops_are_no_candidates():
    class Unfinished(layers.Layer):
        stem = "unfinished"

        def output_shapes(self, where, input_shapes):
            return input_shapes

    with pytest.raises(SettingError, match="mean_squared_error_forward is a loop of no layer"):
        kernel("mean_squared_error")
