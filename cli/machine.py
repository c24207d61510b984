"""What this machine offers to minicnn, item by item: what works, what is missing, and how to get it.

Every check returns a Finding and none raises, because this is for broken installations.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
import shlex
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import minicnn

OK, MISSING, WARN = "ok", "missing", "warn"
COMPILED = {"numba": "numba", "llvmlite": "llvmlite.binding"}  # packages that may be installed and still not load
VECTOR_FEATURES = ("avx512f", "avx2", "avx", "fma", "sse4.2", "neon")
EXTRAS = (
    ("pillow", "PNG and JPEG for 'minicnn predict'"),
    ("cairosvg", "figures as PNG"),
    ("onnx", "networks as ONNX files"),
    ("h5py", "weights from Keras"),
    ("torch", "'minicnn bench --against torch'"),
    ("onnxruntime", "'minicnn bench infer --against onnxruntime'"),
    ("openvino", "'minicnn bench infer --against openvino'"),
    ("scikit-learn", "CNNClassifier and CNNRegressor"),
    ("mpi4py", "training on several ranks, started by mpiexec"),
)


class Finding(NamedTuple):
    """One item: what was checked, its state ("ok", "missing", "warn"), what was found, the fix, and whether minicnn needs it."""

    what: str
    state: str
    detail: str
    fix: str = ""
    needed: bool = False


def findings() -> list[Finding]:
    """Every item, in the order of a reader's questions."""
    found: list[Finding] = []
    for check in (python, packages, cpu, vectors, threads, cache, cuda, data, extras):
        try:
            found.extend(check())
        except Exception as error:  # whatever it is, the other items are still worth knowing
            found.append(Finding(check.__name__, WARN, f"cannot be checked: {type(error).__name__}: {error}"))
    return found


def python() -> Iterator[Finding]:
    yield Finding("minicnn", OK, f"{minicnn.__version__} in {Path(minicnn.__file__).parent}")
    yield Finding("Python", OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def packages() -> Iterator[Finding]:
    for name in ("numpy", "numba", "llvmlite", "safetensors", "rich", "click"):
        version = installed(name)
        if version is None:
            yield Finding(name, MISSING, "not installed", f"pip install {name}", needed=True)
        elif fault := import_fault(COMPILED.get(name, "")):
            yield Finding(name, WARN, f"{version} cannot be imported: {fault}", f"pip install --upgrade {name}", needed=True)
        else:
            yield Finding(name, OK, version)


def cpu() -> Iterator[Finding]:
    from minicnn.processors import cpu_name

    yield Finding("CPU", OK, cpu_name())


def vectors() -> Iterator[Finding]:
    from minicnn.kernels.cpu.lanes.vector import FEATURES, LANES

    known = [feature for feature in VECTOR_FEATURES if feature in FEATURES]
    detail = f"{LANES} float32 lanes ({32 * LANES} bits): {', '.join(known) or 'no vector instructions known'}"
    if LANES > 4 or platform.machine().lower() in ("arm64", "aarch64"):
        yield Finding("SIMD", OK, detail)
    else:
        yield Finding("SIMD", WARN, detail, "a CPU with AVX2 is two to four times as fast")


def threads() -> Iterator[Finding]:
    from minicnn.processors import usable_processors

    usable, all_of_them = usable_processors(), os.cpu_count() or 1
    note = "" if usable == all_of_them else f" of {all_of_them}: this process may not use the others"
    yield Finding("threads", OK, f"{usable}{note}")


def cache() -> Iterator[Finding]:
    from minicnn.kernels.machine_code.compile import current_generation
    from minicnn.kernels.machine_code.survey import survey

    generation = current_generation()
    found = survey(generation)
    detail = f"{found.folder}: {found.kernels} kernel{'s' * (found.kernels != 1)}, {found.kernel_bytes / 2**20:.1f} MiB"
    if found.stale:
        detail += f"; {found.stale} file{'s' * (found.stale != 1)} from other versions or machines, {found.stale_bytes / 2**20:.1f} MiB"
    if found.damaged:
        detail += f"; {found.damaged} damaged: recompiled and replaced when needed"
    if found.distrusted:
        detail += f"; {found.distrusted} owned or writable by others: not used"
    if found.obstacle:
        yield Finding("kernel cache", WARN, f"{detail}; every start compiles what is missing: {found.obstacle}", found.fix)
    elif found.damaged or found.distrusted:
        yield Finding("kernel cache", WARN, detail, f"rm -r {shlex.quote(str(found.folder / generation))}")
    else:
        yield Finding("kernel cache", OK, detail, "" if found.kernels else "minicnn doctor --warm")


def cuda() -> Iterator[Finding]:
    """What keeps launches from running, and the next thing to do; or the devices."""
    from minicnn.kernels.cuda.runtime import NO_DRIVER, SIMULATED, found

    state = found()
    package = "" if state.numba_cuda is None else f"numba-cuda {state.numba_cuda} with numba {state.numba}; "
    if state.missing:
        absent = state.numba_cuda is None or state.missing == NO_DRIVER
        detail = state.missing if state.missing.startswith("numba") else f"{package}{state.missing}"
        yield Finding("CUDA", MISSING if absent else WARN, f"{detail}; without CUDA everything runs on the CPU", state.fix)
    elif SIMULATED:
        detail = f"{package}Numba's simulator, whose threads are Python's: for tests of a few numbers"
        yield Finding("CUDA", WARN, detail, "unset NUMBA_ENABLE_CUDASIM")
    else:
        yield Finding("CUDA", OK, f"{package}the driver supports CUDA {state.driver}")
        for device in state.devices:
            major, minor = device.compute_capability
            yield Finding(
                str(device), OK, f"{device.name}, compute capability {major}.{minor}, {device.memory_bytes / 2**30:.1f} GiB of memory"
            )


def data() -> Iterator[Finding]:
    from minicnn.datasets import catalog, data_home, places

    folder = data_home()
    here = [(name, places.whereabouts(record)) for name, record in catalog.RECORDS.items()]
    state = "" if folder.is_dir() else ", not created yet"
    yield Finding("data folder", OK, f"{folder}{state}")
    ready = [f"{name} ({where})" if where in ("embedded", "generated") else name for name, where in here if where]
    absent = [name for name, where in here if not where]
    yield Finding(
        "data sets",
        OK,
        f"here: {', '.join(ready)}" + (f"; missing: {', '.join(absent)}" if absent else ""),
        f"minicnn data get {absent[0]}" if absent else "",
    )


def extras() -> Iterator[Finding]:
    for name, purpose in EXTRAS:
        version = installed(name)
        if version is None:
            yield Finding(name, MISSING, f"not installed; for {purpose}", f"pip install {name}")
        else:
            yield Finding(name, OK, f"{version}, for {purpose}")


def installed(package: str) -> str | None:
    """The version of an installed package, without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def import_fault(name: str) -> str:
    """Why a module cannot be imported, in one line; "" if it can, or if it is not installed."""
    try:
        if name:
            importlib.import_module(name)
    except Exception as error:
        return f"{error}".partition("\n")[0] or type(error).__name__
    return ""


def warm() -> int:
    """Compile every kernel of the CPU engine, so that no later run waits; returns their number.

    The kernels that plans call by address are compiled one by one; a training step compiles what runs them.
    """
    import numpy as np

    import minicnn.kernels.cpu as kernels
    from minicnn import Trainer, zoo
    from minicnn.kernels.machine_code.compile import StepKernel

    modules = [importlib.import_module(module.name) for module in pkgutil.walk_packages(kernels.__path__, f"{kernels.__name__}.")]
    steps = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, StepKernel)}
    for step in steps.values():
        step.address  # noqa: B018 reading it compiles
    net = zoo.build("lenet")
    images = np.zeros((1, *net.input_shape), np.float32)
    Trainer(net, batch_size=1).step(images, np.zeros(1, np.int64))
    net.forward(images)
    return len(steps)
