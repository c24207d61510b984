"""What is missing of CUDA is one line with the next thing to do; whether this machine has a device or not."""

import importlib
import re
import subprocess
import sys
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from minicnn import kernels
from minicnn.errors import DeviceError
from minicnn.kernels.cuda import runtime


@pytest.fixture(autouse=True)
def forgotten():
    """No test finds the devices of another."""
    runtime._devices.cache_clear()
    yield
    runtime._devices.cache_clear()


def refused():
    with pytest.raises(DeviceError) as raised:
        runtime.device("cuda")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_this_machine_has_a_device_or_says_what_is_missing():
    found = runtime.found()
    assert found.numba == numba.__version__
    assert bool(found.devices) == (not found.missing) == (not found.fix)
    if found.devices:
        assert runtime.device("cuda") == found.devices[0]
    else:
        assert refused() == f"device 'cuda' is asked for, but {found.missing}: {found.fix}"


def versions(monkeypatch, **versions):
    monkeypatch.setattr(runtime, "_version", lambda package: versions.get(package.replace("-", "_")))


def test_without_the_package(monkeypatch):
    versions(monkeypatch)
    assert refused() == "device 'cuda' is asked for, but numba-cuda is not installed: pip install 'minicnn[cuda]'"
    assert runtime.found() == runtime.Found(numba.__version__, missing="numba-cuda is not installed", fix="pip install 'minicnn[cuda]'")


def test_a_pair_of_versions_that_cannot_be_imported(monkeypatch):
    def fail(name):
        raise AttributeError("module 'numba.cuda.types' has no\n attribute 'NPDatetime'")

    versions(monkeypatch, numba_cuda="0.30.3")
    monkeypatch.setattr(importlib, "import_module", fail)
    assert refused() == (
        f"device 'cuda' is asked for, but numba-cuda 0.30.3 and numba {numba.__version__} cannot be imported together: AttributeError: module"
        " 'numba.cuda.types' has no attribute 'NPDatetime': pip install --upgrade 'minicnn[cuda]'"
    )


def test_the_older_cuda_inside_numba_is_not_taken_for_the_package(monkeypatch):
    versions(monkeypatch, numba_cuda="0.30.4")
    monkeypatch.setattr(importlib, "import_module", lambda name: SimpleNamespace(__file__="/lib/site-packages/numba/cuda/__init__.py"))
    assert f"numba.cuda is the one inside numba {numba.__version__}, not numba-cuda 0.30.4: import minicnn before numba.cuda" in refused()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("Error at driver init: \n\nCUDA driver library cannot be found.\n", "there is no NVIDIA driver: install that of your GPU"),
        ("CUDA is disabled due to setting NUMBA_DISABLE_CUDA=1 in", "NUMBA_DISABLE_CUDA is set: unset NUMBA_DISABLE_CUDA"),
        ("Call to cuInit results in CUDA_ERROR_NO_DEVICE (100)", "the NVIDIA driver has no device for this process: look at nvidia-smi"),
        (
            "Call to cuInit results in\nCUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803)",
            "the NVIDIA driver does not start: Call to cuInit results in CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803): ask nvidia-smi",
        ),
    ],
)
def test_a_driver_that_fails(monkeypatch, words, line):
    def fail(state, cuda):
        raise ImportError(words)

    monkeypatch.setattr(runtime, "_with_devices", fail)
    assert refused().startswith(f"device 'cuda' is asked for, but {line}")


class Driver:
    """As far as it is asked here."""

    def __init__(self, version, count):
        self.version, self.count = version, count

    def get_version(self):
        return self.version

    def get_device_count(self):
        return self.count

    def cuDeviceTotalMem(self, number):
        return (8 + number) << 30


def machine(monkeypatch, version=(12, 8), count=2, bindings="12.9.10"):
    """numba-cuda with another driver below it."""
    cards = [SimpleNamespace(id=n, name=f"Card {n}", compute_capability=(9, n)) for n in range(count)]
    modules = {
        "numba.cuda": SimpleNamespace(__file__="/lib/numba_cuda/numba/cuda/__init__.py", gpus=cards),
        "numba.cuda.cudadrv.driver": SimpleNamespace(driver=Driver(version, count)),
    }
    versions(monkeypatch, numba_cuda="0.30.4", cuda_bindings=bindings)
    monkeypatch.setattr(importlib, "import_module", modules.__getitem__)


def test_devices_by_name(monkeypatch):
    machine(monkeypatch)
    found = runtime.found()
    assert (found.driver, found.numba_cuda, found.missing) == ("12.8", "0.30.4", "")
    assert runtime.device("cuda") == runtime.device("cuda:0") == runtime.Device(0, "Card 0", (9, 0), 8 << 30)
    assert runtime.device("cuda:1") == found.devices[1] == runtime.Device(1, "Card 1", (9, 1), 9 << 30)
    assert str(runtime.device("cuda:1")) == "cuda:1"
    with pytest.raises(DeviceError, match=re.escape("device 'cuda:2' does not exist: use cuda:0 (Card 0), cuda:1 (Card 1)")):
        runtime.device("cuda:2")


def test_a_driver_without_devices(monkeypatch):
    machine(monkeypatch, count=0)
    assert "the NVIDIA driver has no device for this process" in refused()


@pytest.mark.parametrize(
    ("version", "bindings", "fix"),
    [
        ((11, 8), "12.9.10", "update the NVIDIA driver"),
        ((12, 4), "13.1.0", "update the NVIDIA driver, or pip install 'minicnn[cuda]', which is for CUDA 12"),
    ],
)
def test_a_driver_older_than_the_package(monkeypatch, version, bindings, fix):
    machine(monkeypatch, version, bindings=bindings)
    supported, built_for = ".".join(map(str, version)), bindings[:2]
    assert refused() == (
        f"device 'cuda' is asked for, but the NVIDIA driver supports CUDA {supported} only, and numba-cuda is installed for CUDA {built_for}: {fix}"
    )


@pytest.mark.parametrize("name", ["gpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda: 1", "cuda:1 ", "", 0, None, "cuda:" + "9" * 99])
def test_names_that_are_none(name):
    with pytest.raises(DeviceError, match=r"^device .* is not known: use 'cpu', 'cuda', or 'cuda:1' for the second device$"):
        runtime.device(name)


class OnDevice:
    __cuda_array_interface__ = {}  # noqa: RUF012


@pytest.mark.parametrize("call", ["relu", "global_max_pool", "softmax"])
def test_an_array_on_a_device_that_cannot_be_used(monkeypatch, call):
    monkeypatch.setattr(runtime, "found", lambda: runtime.Found("", missing="there is none", fix="get one"))
    with pytest.raises(DeviceError, match=f"^{call}: x lies on a CUDA device, but there is none: get one$"):
        getattr(kernels, call)(OnDevice())
    assert type(kernels.relu(np.zeros(3))) is np.ndarray


def test_the_host_imports_nothing_of_cuda():
    program = (
        "import sys, numpy as np, minicnn; from minicnn import kernels\n"
        "x, w = np.ones((1, 1, 4, 4), np.float32), np.ones((1, 1, 3, 3), np.float32)\n"
        "y, i = kernels.max_pool2d(kernels.relu(kernels.conv2d(x, w)), 2, return_indices=True)\n"
        "kernels.linear(kernels.softmax(y[0, 0]), y[0, 0]); kernels.variant(lambda k, q, c, s: (c, q, s), input_shape=(1, 2), output_shape=(1, 2), taps=(1, 1))\n"
        "print(*[name for name in sys.modules if name.startswith(('numba.cuda', 'numba_cuda', 'cuda.', 'minicnn.kernels.cuda', 'minicnn.engine.cuda'))])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""
