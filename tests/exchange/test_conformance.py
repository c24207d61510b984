"""ONNX's own test cases agree, but for those of MEANT_NOT_TO_HAVE; one of these that passes is an error as well.

python -m tests.exchange.test_conformance          prints the table
"""

import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from minicnn.errors import MinicnnError
from tests.exchange.conformance import NotAnImageError, conforms, converted_models, node_tests

MEANT_NOT_TO_HAVE = {  # why, and the cases as patterns: what the engine has no counterpart for, and shall have none
    "whole numbers: the engine computes in floats": (
        r"test_(add|sub|mul|max|min)_u?int(8|16|32|64)",
        r"test_clip_default_int8_(min|max|inbounds)",
        r"test_reduce_max_(bool_inputs|empty_set_bool)",
        r"test_maxpool_2d_u?int8",
        r"test_(edge|reflect|wrap)_pad",
        r"test_Embedding(_sparse)?",
        r"test_operator_non_float_params",
    ),
    "a batch is images side by side: nothing mixes, turns, takes, or multiplies them by a factor of their own": (
        r"test_flatten_(axis[023]|negative_axis[124])",
        r"test_gemm_(transposeA|all_attributes|default_matrix_bias)",
        r"test_matmul_(3d|4d|bcast|1d_3d|1d_1d)",
        r"test_operator_(addmm|index|view)",
        r"test_reduce_(l2|max|mean|sum)_default_axes_keepdims?_(example|random)",
    ),
    "an image has one to four axes, none of them empty": (
        r"test_unsqueeze_(three|unsorted)_axes",
        r"test_operator_permute2",
        r"test_(slice_start_out_of_bounds|reshape_allowzero_reordered|split_zero_size_splits_opset1[38])",
        r"test_reduce_(l2|max|sum)_empty_set(_non_reduced_axis_zero)?",
    ),
    "a file is read to be used: training is the engine's own": (
        r"test_batchnorm_(example|epsilon)_training_mode",
        r"test_training_dropout_(default|zero_ratio)(_mask)?",
        r"test_training_dropout(_mask)?",
    ),
    "the loss takes scores, not logarithms of probabilities": (r"test_nllloss_.*", r"test_PoissonNLLLLoss_no_reduce"),
    "winners are those of a max pooling in the network, not an input": (r"test_maxunpool_export_with(out)?_output_shape",),
    "sequences and optional values are no images": (r"test_identity_(sequence|opt)",),
    "resizing is to the nearest pixel or linear: cubic curves, filters against aliasing and boxes cut out are for preparing images": (
        r"test_resize_.*cubic.*",
        r"test_resize_.*antialias",
        r"test_resize_tf_crop_and_resize.*",
    ),
    "linear resizing reads as PyTorch's does, by the ratio of the sizes": (
        r"test_resize_downsample_scales_linear(_align_corners)?",
        r"test_resize_downsample_sizes_linear_pytorch_half_pixel",
        r"test_resize_(down|up)sample_scales_linear_half_pixel_symmetric",
    ),
    "activations and functions of a single number that the course has no use for": (
        r"test_(ELU|SELU|Softplus|Softsign)",
        r"test_operator_(exp|pow|selu|sqrt)",
    ),
    "copies laid side by side": (r"test_operator_repeat(_dim_overflow)?",),
}

CASES = [*node_tests(), *converted_models()]


def excused(name):
    """Why a case has no counterpart; None if it has to agree."""
    return next((why for why, patterns in MEANT_NOT_TO_HAVE.items() if any(re.fullmatch(each, name) for each in patterns)), None)


@pytest.mark.parametrize("case", [case for case in CASES if not excused(case.name)], ids=lambda case: case.name)
def test_a_case_agrees(case, tmp_path):
    conforms(case, tmp_path / "case.onnx")


@pytest.mark.parametrize("case", [case for case in CASES if excused(case.name)], ids=lambda case: case.name)
def test_a_case_without_counterpart_is_refused(case, tmp_path):
    with pytest.raises((MinicnnError, NotAnImageError)):
        conforms(case, tmp_path / "case.onnx")


def test_every_excuse_is_needed():
    names = [case.name for case in CASES]
    for patterns in MEANT_NOT_TO_HAVE.values():
        for pattern in patterns:
            assert any(re.fullmatch(pattern, name) for name in names), f"no case is called {pattern}"


def table():
    """(operator or folder, cases that agree, all cases), then (reason, cases that it excuses)."""
    agreed, every, reasons = Counter(), Counter(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        for kind, cases in (("", node_tests()), ("models converted from PyTorch", converted_models())):
            for case in cases:
                what = kind or case.operator
                every[what] += 1
                try:
                    conforms(case, Path(folder) / "case.onnx")
                    agreed[what] += 1
                except (MinicnnError, NotAnImageError):
                    reasons[excused(case.name)] += 1
    return [(what, agreed[what], count) for what, count in every.items()], list(reasons.items())


if __name__ == "__main__":
    rows, reasons = table()
    for what, agreed, count in sorted(rows):
        print(f"{what:<32} {agreed:>4} of {count:>4}")
    print(f"{'all':<32} {sum(agreed for _, agreed, _ in rows):>4} of {sum(count for _, _, count in rows):>4}\n")
    for why, count in reasons:
        print(f"{count:>4}  {why}")
