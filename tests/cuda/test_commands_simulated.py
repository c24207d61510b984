"""The command line on a device, in Numba's simulator: what it prints is what it prints on the CPU."""

import os
import subprocess
import sys

import pytest

import minicnn
from minicnn import datasets
from minicnn import layers as L


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network of one layer, trained on digits, and a picture of one."""
    folder = tmp_path_factory.mktemp("trained")
    digits = datasets.load("digits")
    net = minicnn.Graph(L.Sequential(L.Flatten(), L.Linear(10)), input_shape=digits.input_shape)
    minicnn.Trainer(net).fit(digits, epochs=2)
    net.save(folder / "net.safetensors")
    pixels = digits.images[0, 0]
    (folder / "digit.pgm").write_bytes(b"P5 8 8 255\n" + pixels.tobytes())
    return folder


def run(folder, *arguments, simulated=False):
    command = [sys.executable, "-c", "from minicnn.cli.main import main; main()", *arguments]
    more = {"NUMBA_ENABLE_CUDASIM": "1"} if simulated else {}
    told = subprocess.run(command, cwd=folder, env=os.environ | more, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return told.stdout


@pytest.mark.parametrize("arguments", [("predict", "net.safetensors", "digit.pgm"), ("evaluate", "net.safetensors")], ids=" ".join)
def test_answers_on_a_device_are_those_of_the_cpu(trained, arguments):
    assert run(trained, *arguments, "--device", "cuda:0", simulated=True) == run(trained, *arguments)


def test_the_doctor_tells_of_the_simulator(trained):
    assert "Numba's simulator" in run(trained, "doctor", simulated=True)
