"""Every network of the zoo, narrow and on small images: the fast plan against the textbook loops, forward and back."""

import numpy as np
import pytest

from minicnn import zoo

# the smallest images that the larger networks take, or nearly
IMAGES = {
    "googlenet": (3, 64, 64),
    "googlenet-torchvision": (3, 64, 64),
    "unet": (1, 188, 188),
    "unet-same": (1, 32, 32),
    "yolov1": (3, 64, 64),
    "alexnet": (3, 67, 67),
    "alexnet-2012": (3, 67, 67),
    "alexnet-torchvision": (3, 64, 64),
    "alexnet-d2l": (1, 96, 96),
    "zfnet": (3, 64, 64),
    "zfnet-lecture": (3, 64, 64),
    "cmu-exercise": (3, 24, 24),
    "inception-3a": (192, 7, 7),
    "inception-3a-naive": (192, 7, 7),
    "preact-bottleneck": (256, 7, 7),
}
FIXED_WIDTH = {"lenet5-1998", "preact-bottleneck"}
# Where a batch is normalized to its own few numbers over and over, rounding grows through a hundred layers: only the loss is compared.
DEEP = {
    "resnet101",
    "resnet152",
    "resnet200",
    "resnet200-preact",
    "plain56",
    "resnet110-stochastic",
    "wide-resnet50-2",
    "densenet121",
    "resnet50",
    "resnet50-v1",
    "resnext50-32x4d",
    "wrn-28-10",
}


def small(name):
    shape = IMAGES.get(name) or zoo.find(name).input_shape
    if shape[-1] == 224:
        shape = (shape[0], 33, 33)
    elif shape == (3, 32, 32):
        shape = (3, 12, 12)
    return zoo.build(name, input_shape=shape, width=None if name in FIXED_WIDTH else 0.1)


@pytest.mark.parametrize("name", zoo.names())
def test_fast_plan_agrees_with_textbook_loops(name):
    net = small(name)
    rng = np.random.default_rng(1)
    x = rng.standard_normal((6, *net.input_shape)).astype(np.float32)
    x = x[:2] if name == "unet" else x
    logits, wanted = net.forward(x), net.forward(x.astype(np.float64))
    assert np.abs(logits - wanted).max() < (1e-4 if name in DEEP else 1e-5) * np.abs(wanted).max()
    if logits.ndim > 2:
        return
    labels = rng.integers(0, net.classes, len(x))
    loss, gradients = net.backward(x, labels)
    wanted_loss, wanted_gradients = net.backward(x.astype(np.float64), labels)
    assert loss == pytest.approx(wanted_loss, rel=1e-3 if name in DEEP else 1e-5)
    if name in DEEP:
        return
    largest = max(np.abs(each).max() for each in wanted_gradients.values())
    for parameter, gradient in gradients.items():
        # a bias before batch normalization has the gradient 0, which no relative bound can meet
        bound = max(1e-3 * np.abs(wanted_gradients[parameter]).max(), 1e-5 * largest)
        assert np.abs(gradient - wanted_gradients[parameter]).max() <= bound, parameter
