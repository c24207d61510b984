"""`minicnn doctor`: every point with its state, and the fix where something is missing."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import tempfile
import warnings

import pytest
from numba.core import config
from rich.console import Console

from minicnn.cli import machine
from minicnn.cli.machine import MISSING, OK, WARN, Finding
from minicnn.cli.render.doctor import print_findings
from minicnn.errors import CacheWarning
from minicnn.kernels.cuda import runtime
from minicnn.kernels.cuda.runtime import INSTALL, NO_DRIVER, Device, Found
from minicnn.kernels.machine_code import files as machine_code
from minicnn.kernels.machine_code.compile import current_generation
from minicnn.kernels.machine_code.trust import check_folder


def points(cli, *arguments):
    status, out, err = cli("doctor", "--format", "json", *arguments)
    assert status == 0
    return {each["what"]: each for each in json.loads(out)}, err


def test_json(cli):
    found, err = points(cli)
    assert err == ""
    cuda = [name for name in found if name == "CUDA" or name.startswith("cuda:")]
    assert cuda[0] == "CUDA"
    assert list(found) == [
        "minicnn",
        "Python",
        "numpy",
        "numba",
        "llvmlite",
        "safetensors",
        "rich",
        "click",
        "CPU",
        "SIMD",
        "threads",
        "kernel cache",
        *cuda,
        "data folder",
        "data sets",
        "pillow",
        "cairosvg",
        "onnx",
        "h5py",
        "torch",
        "onnxruntime",
        "openvino",
        "scikit-learn",
        "mpi4py",
    ]
    for point in found.values():
        assert set(point) == {"what", "state", "detail", "fix", "needed"}
        assert point["state"] in (OK, MISSING, WARN)
        assert point["detail"]
        assert point["fix"] or point["state"] == OK
    assert found["Python"]["detail"].startswith(sys.version.split()[0])
    assert "float32 lanes" in found["SIMD"]["detail"]


def test_the_table(cli):
    status, out, err = cli("doctor")
    assert (status, err) == (0, "")
    assert out.splitlines()[0].split() == ["Point", "State", "Detail"]
    assert out.splitlines()[-1].startswith("minicnn can train on this machine")
    assert "digits (embedded), mnist1d (generated), cells (generated), digit-scenes (generated); missing: mnist" in out
    assert "minicnn data get mnist" in out


def test_packages_that_are_missing(cli, monkeypatch):
    from importlib import metadata

    version = metadata.version

    def without(name):
        if name in ("pillow", "torch", "scikit-learn", "numba-cuda"):
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without)
    found, _ = points(cli)
    assert (found["pillow"]["state"], found["pillow"]["fix"]) == (MISSING, "pip install pillow")
    assert (found["torch"]["state"], found["torch"]["fix"]) == (MISSING, "pip install torch")
    assert (found["scikit-learn"]["state"], found["scikit-learn"]["fix"]) == (MISSING, "pip install scikit-learn")
    assert (found["CUDA"]["state"], found["CUDA"]["fix"]) == (MISSING, "pip install 'minicnn[cuda]'")
    assert not found["torch"]["needed"]


def test_what_a_package_is_for_is_said_once():
    for point in machine.extras():
        assert point.detail.count("for ") <= 1 + point.detail.count(" JPEG for "), point


def test_a_compiler_that_does_not_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    (point,) = [point for point in machine.packages() if point.what == "llvmlite"]
    assert (point.state, point.needed, point.fix) == (WARN, True, "pip install --upgrade llvmlite")
    assert "cannot be imported" in point.detail


def test_a_check_that_fails_does_not_hide_the_others(monkeypatch):
    def data():
        raise OSError("the disk is on fire")
        yield

    monkeypatch.setattr(machine, "data", data)
    found = {point.what: point for point in machine.findings()}
    assert found["data"] == Finding("data", WARN, "cannot be checked: OSError: the disk is on fire")
    assert "torch" in found


class TestTheCacheOfKernels:
    """What the doctor says of a cache with one kernel in it."""

    @pytest.fixture(autouse=True)
    def folder(self, monkeypatch, tmp_path):
        monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
        self.folder = tmp_path / "minicnn"
        self.generation = self.folder / current_generation()
        machine_code.write(self.generation / "kernel.nbc", bytes(1_500_000))

    def point(self):
        check_folder.cache_clear()
        (point,) = machine.cache()
        return point

    def test_in_order(self):
        assert self.point() == Finding("kernel cache", OK, f"{self.folder}: 1 kernel, 1.4 MiB")

    def test_empty(self):
        (self.generation / "kernel.nbc").unlink()
        assert self.point() == Finding("kernel cache", OK, f"{self.folder}: 0 kernels, 0.0 MiB", "minicnn doctor --warm")

    def test_files_of_another_version(self):
        machine_code.write(self.folder / "0123456789abcdef" / "kernel.nbc", bytes(1 << 20))
        point = self.point()
        assert (point.state, point.detail) == (OK, f"{self.folder}: 1 kernel, 1.4 MiB; 1 file from other versions or machines, 1.0 MiB")

    def test_a_damaged_file(self):
        (self.generation / "other.nbc").touch()
        point = self.point()
        assert (point.state, point.fix) == (WARN, f"rm -r {self.generation}")
        assert point.detail.endswith("; 1 damaged: recompiled and replaced when needed")

    def test_a_file_that_others_may_write_to(self):
        (self.generation / "kernel.nbc").chmod(0o666)
        point = self.point()
        assert (point.state, point.fix) == (WARN, f"rm -r {self.generation}")
        assert point.detail == f"{self.folder}: 0 kernels, 0.0 MiB; 1 owned or writable by others: not used"

    def test_a_folder_that_others_may_write_to(self):
        self.folder.chmod(0o777)
        point = self.point()
        assert (point.state, point.fix) == (WARN, f"chmod -R go-w {self.folder}")
        assert point.detail.endswith(f"every start compiles what is missing: others may write to {self.folder}")

    def test_a_full_disk(self, monkeypatch):
        def full(**settings):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(tempfile, "TemporaryFile", full)
        point = self.point()
        assert (point.state, point.fix) == (WARN, "set NUMBA_CACHE_DIR to a folder of your own with free space")
        assert point.detail.endswith(f"{self.generation}: No space left on device")

    def test_no_folder_at_all(self, monkeypatch):
        monkeypatch.setattr(config, "CACHE_DIR", str(self.generation / "kernel.nbc"))
        point = self.point()
        assert point.state == WARN
        assert point.detail.endswith(f"{self.generation.name}: Not a directory")


def test_a_warning_is_one_line_on_stderr(cli, monkeypatch):
    def warning_machine():
        warnings.warn("kernels are compiled again: because", CacheWarning, stacklevel=2)
        warnings.warn("of Python's own", RuntimeWarning, stacklevel=2)
        return []

    monkeypatch.setattr(machine, "findings", warning_machine)
    warnings.simplefilter("always")
    _, err = points(cli)
    first, second, *_ = err.splitlines()
    assert first == "Warning: kernels are compiled again: because"
    assert second.endswith("RuntimeWarning: of Python's own")


NUMBA, PACKAGE = "0.68.1", "0.30.4"
BOTH = f"numba-cuda {PACKAGE} with numba {NUMBA}"
CPU_ONLY = "without CUDA everything runs on the CPU"
GPUS = (Device(0, "NVIDIA H200", (9, 0), 150 << 30), Device(1, "NVIDIA A100", (8, 0), 40 << 30))


@pytest.mark.parametrize(
    ("state", "points"),
    [
        (
            Found(NUMBA, missing="numba-cuda is not installed", fix=INSTALL),
            [Finding("CUDA", MISSING, f"numba-cuda is not installed; {CPU_ONLY}", INSTALL)],
        ),
        (
            Found(NUMBA, "0.30.0", missing=f"numba-cuda 0.30.0 and numba {NUMBA} cannot be imported together: it broke", fix="upgrade"),
            [Finding("CUDA", WARN, f"numba-cuda 0.30.0 and numba {NUMBA} cannot be imported together: it broke; {CPU_ONLY}", "upgrade")],
        ),
        (
            Found(NUMBA, PACKAGE, missing=NO_DRIVER, fix="get it"),
            [Finding("CUDA", MISSING, f"{BOTH}; there is no NVIDIA driver; {CPU_ONLY}", "get it")],
        ),
        (
            Found(NUMBA, PACKAGE, "11.8", missing="the NVIDIA driver supports CUDA 11.8", fix="update the NVIDIA driver"),
            [Finding("CUDA", WARN, f"{BOTH}; the NVIDIA driver supports CUDA 11.8; {CPU_ONLY}", "update the NVIDIA driver")],
        ),
        (
            Found(NUMBA, PACKAGE, "13.0", GPUS),
            [
                Finding("CUDA", OK, f"{BOTH}; the driver supports CUDA 13.0"),
                Finding("cuda:0", OK, "NVIDIA H200, compute capability 9.0, 150.0 GiB of memory"),
                Finding("cuda:1", OK, "NVIDIA A100, compute capability 8.0, 40.0 GiB of memory"),
            ],
        ),
    ],
)
def test_cuda(monkeypatch, state, points):
    monkeypatch.setattr(runtime, "found", lambda: state)
    assert list(machine.cuda()) == points


def test_the_simulator_is_no_device_to_train_on(monkeypatch):
    monkeypatch.setattr(runtime, "found", lambda: Found(NUMBA, PACKAGE, "simulator", (Device(0, "simulator", (5, 2), 1 << 30),)))
    monkeypatch.setattr(runtime, "SIMULATED", True)
    (point,) = machine.cuda()
    assert (point.state, point.fix) == (WARN, "unset NUMBA_ENABLE_CUDASIM")
    assert "simulator" in point.detail


@pytest.mark.parametrize(
    ("points", "verdict"),
    [
        ([Finding("a", OK, "fine"), Finding("b", MISSING, "gone", "get it")], "minicnn can train on this machine"),
        ([Finding("a", WARN, "slow"), Finding("b", OK, "fine")], "minicnn can train on this machine; worth a look: a"),
        ([Finding("a", MISSING, "gone", "get it", needed=True), Finding("b", WARN, "slow")], "minicnn cannot work without a"),
    ],
)
def test_the_verdict(points, verdict):
    console = Console(file=io.StringIO(), width=80)
    print_findings(console, points)
    assert console.file.getvalue().splitlines()[-1] == verdict


@pytest.mark.parametrize(("width", "terminal"), [(80, True), (120, True), (80, False), (30, True)])
def test_nothing_is_cut_at_any_width(width, terminal):
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    detail = "/a/very/long/path/that/goes/on" * 6
    print_findings(console, [Finding("cache", WARN, detail, "a fix [in brackets]")])
    text = console.file.getvalue()
    assert detail in "".join(line[13:].strip() for line in text.splitlines()) or detail in text
    assert "a fix [in brackets]" in text
    if terminal and width >= 80:
        assert max(map(len, text.splitlines())) <= width


def test_warming_compiles_every_kernel(cli):
    """The kernels' addresses are there afterwards, the machine code from the cache where it was."""
    _, err = points(cli, "--warm")
    first, second = err.splitlines()
    assert first == "compiling all kernels for this machine"
    assert int(second.split()[0]) > 20
    assert "kernels are ready after" in second
