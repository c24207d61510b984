"""What strangers get: packages, archives and metadata say what the folders say."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import minicnn

from .packaging import ROOT, build, copied

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOOLS = (
    "onnx",
    "onnxruntime",
    "torchvision",
    "timm",
    "keras",
    "h5py",
    "ruff",
    "mypy",
    "setuptools",
    "nvidia-cuda-nvdisasm",
    "playwright",
    "axe-playwright-python",
    "nbmake",
    "ipykernel",
    "mpi4py",
    "mpich",
)  # what no test of `lowest` needs
FOLDERS = {"minicnn": "minicnn", "cli": "minicnn.cli", "datasets": "minicnn.datasets"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of this project's files without anything made from them."""
    return copied(ROOT, tmp_path_factory.mktemp("checkout") / "minicnn")


@pytest.fixture(scope="module")
def unpacked(checkout, tmp_path_factory):
    """The source archive, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(checkout, "sdist", folder)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.12 warns without one, 3.11.3 has none
        archive.extractall(folder)
    return folder / f"minicnn-{minicnn.__version__}"


def files(folder: Path, pattern: str = "*") -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob(pattern) if path.is_file() and "__pycache__" not in path.parts}


def packages_on_disk():
    for folder, package in FOLDERS.items():
        for path in [ROOT / folder, *(ROOT / folder).rglob("*")]:
            if path.is_dir() and not path.is_symlink() and any(path.glob("*.py")):
                yield ".".join([package, *path.relative_to(ROOT / folder).parts])


def test_every_package_is_listed():
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(packages_on_disk())


def test_every_package_has_its_front_door():
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), path.parent


def test_the_command_lies_within_minicnn():
    assert PROJECT["project"]["scripts"] == {"minicnn": "minicnn.cli.main:main"}


def test_the_version_is_written_twice_and_is_the_same():
    assert PROJECT["project"]["version"] == minicnn.__version__


def test_the_pythons_in_the_metadata_begin_with_the_oldest_that_may_install():
    named = re.findall(r"Python :: 3\.(\d+)", " ".join(PROJECT["project"]["classifiers"]))
    oldest = int(PROJECT["project"]["requires-python"].removeprefix(">=3."))
    assert [int(minor) for minor in named] == [*range(oldest, oldest + len(named))]
    assert len(named) > 1


def test_the_lowest_versions_are_the_ones_ci_installs():
    extras = PROJECT["project"]["optional-dependencies"]
    allowed = dict(
        re.fullmatch(r"([\w-]+)>=([\d.]+)(?:;.*)?", wanted).groups()
        for wanted in [*PROJECT["project"]["dependencies"], *extras["images"], *extras["test"]]
    )
    lines = (ROOT / ".ci" / "lowest.txt").read_text(encoding="utf-8").splitlines()
    installed = dict(re.fullmatch(r"([\w-]+)==([\d.]+)\.\*", line).groups() for line in lines if not line.startswith("#"))
    assert installed == {name: version for name, version in allowed.items() if name not in TOOLS}


def test_the_extras_are_those_that_something_uses():
    from minicnn.cli import machine

    extras = PROJECT["project"]["optional-dependencies"]
    used = {name for name, _ in machine.EXTRAS}
    assert {wanted.partition(">=")[0] for extra in set(extras) - {"cuda", "cuda13", "docs", "test"} for wanted in extras[extra]} == used


def test_cuda_is_installed_as_pages_and_messages_say():
    from minicnn.kernels.cuda.runtime import INSTALL

    extras = PROJECT["project"]["optional-dependencies"]
    lowest = "0.30.4"  # older ones do not import beside today's Numba
    assert {name: wanted for name, wanted in extras.items() if "cuda" in name} == {
        "cuda": [f"numba-cuda[cu12]>={lowest}"],
        "cuda13": [f"numba-cuda[cu13]>={lowest}"],
    }
    told = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", ROOT / "docs" / "cuda.md")}
    assert f"numba-cuda ({lowest} or newer)" in told["cuda.md"]
    for text in (INSTALL, *told.values()):
        named = {each for listed in re.findall(r"(?:minicnn|\.)\[([\w,]+)\]", text) for each in listed.split(",")}
        assert "cuda" in named
        assert named <= set(extras)


def package_data():
    """What pyproject.toml says of the files that are no Python."""
    found = set()
    for package, patterns in PROJECT["tool"]["setuptools"]["package-data"].items():
        folder = (
            next(each for each, name in FOLDERS.items() if name == package) if package in FOLDERS.values() else package.replace(".", "/")
        )
        found |= {
            f"{package.replace('.', '/')}/{each.relative_to(ROOT / folder)}" for every in patterns for each in (ROOT / folder).glob(every)
        }
    assert len(found) > 20
    return found


@pytest.mark.parametrize("source", ["checkout", "unpacked", "a checkout without links"])
def test_the_wheel_holds_every_package_and_nothing_else(source, checkout, unpacked, tmp_path):
    folder = copied(unpacked if source == "unpacked" else checkout, tmp_path / "source")
    if source == "a checkout without links":  # as Git writes them where the system has none: files that hold the target
        for name in ("cli", "datasets"):
            link = folder / "minicnn" / name
            link.unlink()
            link.write_text(f"../{name}")
    with zipfile.ZipFile(build(folder, "wheel", tmp_path)) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {f"{package.replace('.', '/')}/{name}" for directory, package in FOLDERS.items() for name in files(ROOT / directory, "*.py")}
    assert held == wanted | package_data()


def test_the_source_archive_holds_all_tests_and_pages(unpacked):
    held = files(unpacked)
    assert {f"tests/{name}" for name in files(ROOT / "tests", "*.py")} <= held
    assert {f"docs/{name}" for name in files(ROOT / "docs")} <= held
    assert {"CHANGELOG.md", "README.md", "LICENSE", ".ci/run", ".ci/lowest.txt", "pyproject.toml", "setup.py"} <= held
    assert not [name for name in held if name.startswith(("minicnn/cli/", "minicnn/datasets/"))]  # they are in cli and datasets


def test_tests_run_from_the_source_archive(unpacked):
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_geometry.py"],
        cwd=unpacked,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
