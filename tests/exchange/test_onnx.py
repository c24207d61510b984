"""Networks written as ONNX compute in onnxruntime what they compute here."""

import numpy as np
import onnx
import onnxruntime
import pytest

import minicnn
from minicnn.exchange.onnx import write_onnx

SMALL = {  # of each architecture a small form: (input, width)
    "lenet": (None, None),
    "alexnet": (None, 1 / 16),
    "vgg16": ((3, 32, 32), 1 / 16),
    "resnet18": ((3, 64, 64), 1 / 16),
    "resnet20": (None, None),
    "mnist1d-cnn": (None, None),
}


def run(path, x):
    """What onnxruntime computes from a file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})


@pytest.mark.parametrize("name", SMALL)
def test_a_network_of_the_zoo_computes_the_same_in_onnxruntime(tmp_path, name):
    input_shape, width = SMALL[name]
    net = minicnn.zoo.build(name, input_shape=input_shape, width=width)
    write_onnx(net, tmp_path / "net.onnx")
    onnx.checker.check_model(str(tmp_path / "net.onnx"), full_check=True)
    for images in (1, 3):
        x = np.random.default_rng(images).normal(size=(images, *net.input_shape)).astype("float32")
        (y,) = run(tmp_path / "net.onnx", x)
        want = net.forward(x)
        assert abs(y - want).max() <= 1e-5 * abs(want).max()
