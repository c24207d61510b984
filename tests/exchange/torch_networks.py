"""Networks of torchvision and timm, with random weights and random running statistics."""

import contextlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")


def _without_compiled_operators():
    """torchvision's operators for detection, which no network here uses, where its compiled ones do not fit this PyTorch."""
    found = importlib.util.find_spec("torchvision")
    if found is None:
        pytest.skip("torchvision is not installed: nothing to compare with", allow_module_level=True)
    for file in Path(found.origin).parent.glob("_C*"):
        with contextlib.suppress(OSError):
            torch.ops.load_library(str(file))
            return None
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


OPERATORS = _without_compiled_operators()  # kept alive
import torchvision  # noqa: E402


def build(library, name, **settings):
    if library == "timm":
        return pytest.importorskip("timm", reason="timm is not installed: nothing to compare with").create_model(name, **settings)
    return getattr(torchvision.models, name)(**({"init_weights": False} if name == "googlenet" else {}), **settings)


def shapes(library, name):
    """The names and shapes of its arrays; nothing is allocated."""
    with torch.device("meta"):
        return {key: tuple(value.shape) for key, value in build(library, name).state_dict().items() if not key.endswith("tracked")}


def randomized(module, seed=0):
    """All weights, biases and running statistics drawn, of a size that keeps the outputs near 1."""
    torch.manual_seed(seed)
    for key, value in module.state_dict().items():
        if key.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif value.is_floating_point() and value.ndim > 1:
            value.normal_(0, (2 / value[0].numel()) ** 0.5)
        elif value.is_floating_point() and key.endswith("weight"):
            value.uniform_(0.5, 1.0)
        elif value.is_floating_point():
            value.normal_(0, 0.1)
    return module.eval()


def difference(net, module, seed=0):
    """Of the outputs for one image of noise, relative to the largest."""
    x = np.random.default_rng(seed).standard_normal((1, *net.input_shape), dtype=np.float32)
    with torch.inference_mode():
        theirs = module(torch.from_numpy(x)).numpy()
    ours = net.forward(x)
    assert np.isfinite(theirs).all()
    assert np.abs(theirs).max() > 0
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())
