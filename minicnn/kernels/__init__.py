"""The kernels: convolution in every variant, pooling, and what else networks are made of, as functions of arrays.

    from minicnn import kernels
    y = kernels.conv2d(x, weight, bias, stride=2, padding="same")

Arrays of a CUDA device, PyTorch's, CuPy's or Numba's, are computed there, and the results are Numba's device arrays, which any of them
takes without a copy: `torch.as_tensor(y, device="cuda")`.

Names are loaded when first used.  `kernels.textbook` holds the same operations as plain loops to read and to call from compiled code.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from minicnn.errors import DeviceError

_PASSES = ("", "_backward_input", "_backward_weight", "_backward_bias")
_HOMES = {
    f"{kind}{n}d{part}": f"minicnn.kernels.{home}"
    for kind, home in {
        "conv": "convolution",
        "conv_transpose": "transposed",
        "tiled_conv": "tiled",
        "unshared_conv": "unshared",
    }.items()
    for n in (1, 2, 3)
    for part in _PASSES
}
_HOMES |= {
    name: f"minicnn.kernels.{home}"
    for home, names in {
        "algorithms.separable": ("separable", "separable_conv2d", "separable_conv3d"),
        "algorithms.conv_matrix": ("conv_matrix",),
        "algorithms.circulant": ("circulant", "circulant_eigenvalues", "fourier_basis"),
        "image_filters": ("image_kernels",),
        "detection": ("box_overlap", "decode_boxes", "non_maximum_suppression"),
    }.items()
    for name in names
}
_HOMES |= {"Variant": "minicnn.kernels.variants", "variant": "minicnn.kernels.variants"}

_BOTH = ("", "_backward")
_POOLINGS = {
    f"{kind}{n}d{part}": home
    for kind, home in {
        "max_pool": "pooling",
        "avg_pool": "pooling",
        "l2_pool": "l2_pooling",
        "lp_pool": "lp_pooling",
        "gaussian_pool": "gaussian_pooling",
        "adaptive_max_pool": "adaptive_pooling",
        "adaptive_avg_pool": "adaptive_pooling",
        "max_unpool": "unpooling",
        "upsample": "upsampling",
    }.items()
    for n in (1, 2, 3)
    for part in _BOTH
}
_OTHERS = {
    f"{name}{part}": home
    for home, names in {
        "activation": ("relu", "leaky_relu", "tanh", "sigmoid", "softmax", "log_softmax"),
        "batch_normalization": ("batch_norm", "batch_norm_training"),
        "channel_pooling": ("channel_pool",),
        "element_loss": ("binary_cross_entropy", "mean_squared_error", "mean_absolute_error", "huber"),
        "global_pooling": ("global_max_pool", "global_avg_pool"),
        "local_response_normalization": ("local_response_norm",),
        "loss": ("softmax_cross_entropy",),
        "overlap_loss": ("dice",),
        "regularization": ("dropout",),
    }.items()
    for name in names
    for part in _BOTH
}
_LINEAR = {f"linear{part}": "fully_connected" for part in ("", "_backward_input", "_backward_weight", "_backward_bias")}
_HOMES |= {name: f"minicnn.kernels.{home}" for name, home in (_POOLINGS | _OTHERS | _LINEAR).items()}

if TYPE_CHECKING:  # the same names for type checkers and editors, which do not run what follows
    from minicnn.kernels import textbook as textbook
    from minicnn.kernels.activation import *
    from minicnn.kernels.adaptive_pooling import *
    from minicnn.kernels.algorithms.circulant import *
    from minicnn.kernels.algorithms.conv_matrix import *
    from minicnn.kernels.algorithms.separable import *
    from minicnn.kernels.batch_normalization import *
    from minicnn.kernels.channel_pooling import *
    from minicnn.kernels.convolution import *
    from minicnn.kernels.detection import *
    from minicnn.kernels.element_loss import *
    from minicnn.kernels.fully_connected import *
    from minicnn.kernels.gaussian_pooling import *
    from minicnn.kernels.global_pooling import *
    from minicnn.kernels.image_filters import *
    from minicnn.kernels.l2_pooling import *
    from minicnn.kernels.local_response_normalization import *
    from minicnn.kernels.loss import *
    from minicnn.kernels.lp_pooling import *
    from minicnn.kernels.overlap_loss import *
    from minicnn.kernels.pooling import *
    from minicnn.kernels.regularization import *
    from minicnn.kernels.tiled import *
    from minicnn.kernels.transposed import *
    from minicnn.kernels.unpooling import *
    from minicnn.kernels.unshared import *
    from minicnn.kernels.upsampling import *
    from minicnn.kernels.variants import *
else:
    __all__ = ["textbook", *_HOMES]

    def __getattr__(name: str) -> Any:
        if name == "textbook":
            return importlib.import_module("minicnn.kernels.textbook")
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        raise AttributeError(f"module 'minicnn.kernels' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(["textbook", *_HOMES])


def _in_main_interpreter() -> bool:
    for name in ("_interpreters", "_xxsubinterpreters"):  # since Python 3.13, and before
        try:
            interpreters = importlib.import_module(name)
        except ImportError:
            continue
        return bool(interpreters.get_current() == interpreters.get_main())
    return True


if not _in_main_interpreter():
    raise DeviceError(
        "minicnn computes only in the main interpreter of a process: Numba and NumPy support no other"
        "\n  use another process (multiprocessing, concurrent.futures.ProcessPoolExecutor) in place of a subinterpreter"
    )
