"""Numba's CUDA, found when it is asked for, and the devices it sees: what is missing is one line, with the next thing to do."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numba

from minicnn.errors import DeviceError, one_line, quoted
from minicnn.kernels.system_memory import memory_bytes

with suppress(ImportError):  # what a .pth file of numba-cuda does, which not every way to set a path reads
    importlib.import_module("_numba_cuda_redirector")

SIMULATED = bool(numba.config.ENABLE_CUDASIM)  # NUMBA_ENABLE_CUDASIM=1: a thread of a device is a thread of Python
INSTALL = "pip install 'minicnn[cuda]'"
NO_DRIVER = "there is no NVIDIA driver"
NAME = re.compile(r"cuda(?::(\d{1,9}))?")


class Device(NamedTuple):
    """A device that launches can go to.

    number : as in "cuda:1"
    memory_bytes : all that it has, free or not
    """

    number: int
    name: str
    compute_capability: tuple[int, int]
    memory_bytes: int

    def __str__(self) -> str:
        return f"cuda:{self.number}"


class Found(NamedTuple):
    """What there is of CUDA.

    numba_cuda, driver : versions, None without one; a driver's is the CUDA version that it supports
    missing, fix : what keeps launches from running, and the next thing to do; both "" if they can
    """

    numba: str
    numba_cuda: str | None = None
    driver: str | None = None
    devices: tuple[Device, ...] = ()
    missing: str = ""
    fix: str = ""


def found() -> Found:
    """Look for the package, the driver and devices, in this order; raises nothing."""
    state = Found(numba.__version__, _version("numba-cuda"))
    if state.numba_cuda is None:
        return state._replace(missing="numba-cuda is not installed", fix=INSTALL)
    both = f"numba-cuda {state.numba_cuda} and numba {state.numba}"
    try:
        cuda = importlib.import_module("numba.cuda")
    except Exception as error:  # an AttributeError with some pairs of versions
        reason = f"{both} cannot be imported together: {type(error).__name__}: {_words(error)}"
        return state._replace(missing=reason, fix="pip install --upgrade 'minicnn[cuda]'")
    if "numba_cuda" not in Path(str(cuda.__file__)).parts:
        reason = f"numba.cuda is the one inside numba {state.numba}, not numba-cuda {state.numba_cuda}"
        return state._replace(missing=reason, fix="import minicnn before numba.cuda, or install both into one site-packages")
    try:
        return _with_devices(state, cuda)
    except Exception as error:  # CudaSupportError without a driver, CudaAPIError of one that fails
        missing, fix = _without_driver(_words(error))
        return state._replace(missing=missing, fix=fix)


def _with_devices(state: Found, cuda: Any) -> Found:
    if SIMULATED:
        return state._replace(driver="simulator", devices=(Device(0, "simulator", (5, 2), memory_bytes()),))
    driver = importlib.import_module("numba.cuda.cudadrv.driver").driver
    major, minor = driver.get_version()
    state = state._replace(driver=f"{major}.{minor}")
    built_for = int((_version("cuda-bindings") or f"{major}").partition(".")[0])
    if major < built_for:
        fix = "update the NVIDIA driver" + (f", or {INSTALL}, which is for CUDA 12" if built_for > 12 <= major else "")
        return state._replace(
            missing=f"the NVIDIA driver supports CUDA {major}.{minor} only, and numba-cuda is installed for CUDA {built_for}", fix=fix
        )
    devices = [cuda.gpus[number] for number in range(driver.get_device_count())]
    if not devices:
        raise DeviceError("CUDA_ERROR_NO_DEVICE")
    listed = tuple(
        Device(each.id, str(each.name), tuple(each.compute_capability), int(driver.cuDeviceTotalMem(each.id))) for each in devices
    )
    return state._replace(devices=listed)


def _without_driver(words: str) -> tuple[str, str]:
    """What is missing, and the fix, from the words of an error."""
    if "cannot be found" in words:
        return NO_DRIVER, "install that of your GPU; nvidia-smi then lists it"
    if "NUMBA_DISABLE_CUDA" in words:
        return "NUMBA_DISABLE_CUDA is set", "unset NUMBA_DISABLE_CUDA"
    if "NO_DEVICE" in words:
        return "the NVIDIA driver has no device for this process", "look at nvidia-smi and CUDA_VISIBLE_DEVICES"
    return f"the NVIDIA driver does not start: {words}", "ask nvidia-smi; restarting, or updating the driver, may help"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _words(error: BaseException) -> str:
    return one_line(" ".join(str(error).split()))


def require(asked_by: str) -> tuple[Device, ...]:
    """All devices, at least one.

    asked_by : what the message begins with: "device 'cuda'", "conv2d: x lies on a CUDA device"

    A DeviceError says what is missing, in one line, and the next thing to do.
    """
    try:
        return _devices()
    except DeviceError as error:
        raise DeviceError(f"{asked_by}, but {error}") from None


@lru_cache(1)  # an error is not kept
def _devices() -> tuple[Device, ...]:
    state = found()
    if state.missing:
        raise DeviceError(f"{state.missing}: {state.fix}")
    return state.devices


def device(name: str) -> Device:
    """The device of that name: "cuda" is the first, "cuda:1" the second; a DeviceError if there is none."""
    match = NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise DeviceError(f"device {quoted(name)} is not known: use 'cpu', 'cuda', or 'cuda:1' for the second device")
    here = require(f"device {name!r} is asked for")
    number = int(match[1] or 0)
    if number >= len(here):
        known = ", ".join(f"{each} ({each.name})" for each in here)
        raise DeviceError(f"device {name!r} does not exist: use {known}")
    return here[number]


@contextmanager
def on(number: int) -> Iterator[None]:
    """Inside, launches and new arrays of this thread go to the device of that number."""
    from numba import cuda

    with cuda.gpus[number]:
        yield


def wait() -> None:
    """Until the current device has done everything."""
    from numba import cuda

    cuda.synchronize()
