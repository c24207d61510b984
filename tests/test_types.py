"""Type checkers see the package from outside its checkout: real types for what users call, and an error for a name that does not exist."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import minicnn
from minicnn import kernels

from .packaging import ROOT, build, copied

CHECKERS = ("mypy", "pyright") if find_spec("pyright") else ("mypy",)  # pyright brings a JavaScript engine: CI has it, the test extra not
REVEALED = {  # an expression, and what a checker must say of its type
    "kernels.conv2d(x, x)": "ndarray[",
    "kernels.conv2d": "algorithm: str",
    "kernels.conv3d_backward_weight(x, x, (1, 1, 1, 1, 1))": "ndarray[",
    "kernels.tiled_conv1d": "bias",
    "kernels.max_pool2d(x, 2)": "ndarray[",
    "kernels.max_pool2d(x, 2, return_indices=True)": "tuple[",
    "kernels.image_kernels": "dict[str, ",
    "kernels.variant": "Variant",
    "minicnn.Graph": "Graph",
    "minicnn.Trainer": "Trainer",
    "minicnn.load('net')": "Graph",
    "minicnn.zoo.build('lenet').forward(x)": "ndarray[",
    "minicnn.optimizers.Adam": "Adam",
    "minicnn.datasets.load": "Dataset",
    "datasets.load('digits').images": "ndarray[",
    "L.Conv2D": "Conv2D",
    "L.Sequential(L.ReLU())": "Sequential",
}
ABSENT = ("minicnn.Trainr", "kernels.conv2", "datasets.lod", "L.Conv2d")
ERROR = re.compile("has no attribute|is not a known attribute of module")
PROGRAM = "\n".join(
    (
        "import numpy as np",
        "import minicnn",
        "from minicnn import datasets, kernels, layers as L",
        "x = np.ones((1, 1, 4, 4), np.float32)",
        *(f"reveal_type({expression})" for expression in REVEALED),
        *ABSENT,
        "",
    )
)


@pytest.fixture(scope="module", params=["wheel", "editable"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the package as `pip install .` or `pip install -e .` leave it, and NumPy."""
    folder = tmp_path_factory.mktemp(request.param)
    venv.create(folder / "venv", with_pip=False, symlinks=sys.platform != "win32")
    paths = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = Path(sysconfig.get_path("purelib", "venv" if "venv" in sysconfig.get_scheme_names() else None, vars=paths))
    with zipfile.ZipFile(build(copied(ROOT, folder / "source"), request.param, folder)) as archive:
        archive.extractall(site)
    import numpy

    (site / "numpy.pth").write_text(str(Path(numpy.__file__).parents[1]))
    return folder / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def checked(checker: str, python: Path, folder: Path) -> list[str]:
    """What a checker says of the program, alone in a folder, in the order of its lines."""
    (folder / "program.py").write_text(PROGRAM)
    options = {"mypy": ("--no-incremental", "--config-file=", "--python-executable"), "pyright": ("--pythonpath",)}[checker]
    told = subprocess.run(
        [sys.executable, "-m", checker, *options, str(python), "program.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    return re.findall(r"program\.py:[\d:]+ *-? (.*)", told.stdout)


@pytest.mark.parametrize("checker", CHECKERS)
def test_what_users_call_has_its_type_and_what_is_not_there_is_an_error(checker, python, tmp_path):
    told = checked(checker, python, tmp_path)
    types = [line.rpartition(' is "')[2] for line in told if ' is "' in line]
    assert len(types) == len(REVEALED), told
    for (expression, part), revealed in zip(REVEALED.items(), types, strict=True):
        assert part in revealed, expression
    assert len([line for line in told if ERROR.search(line)]) == len(ABSENT), told


def test_type_checkers_are_told_the_names_that_are_there():
    homes: dict[str, set[str]] = {}
    for name, home in kernels._HOMES.items():
        homes.setdefault(home, set()).add(name)
    stars = {line.split()[1] for line in Path(kernels.__file__).read_text(encoding="utf-8").splitlines() if line.endswith("import *")}
    assert stars == set(homes)
    for home, names in homes.items():
        assert set(__import__(home, fromlist=["*"]).__all__) == names, home
    names = re.findall(r"^    from (\S+) import (\w+) as \2$", Path(minicnn.__file__).read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: home for home, name in names} == minicnn._HOMES | dict.fromkeys(minicnn._MODULES, "minicnn")


def test_every_kernel_function_is_found_by_a_search_for_its_name():
    for name, home in kernels._HOMES.items():
        offered = getattr(kernels, name)
        if inspect.isfunction(offered):
            assert f"\ndef {name}(" in inspect.getsource(sys.modules[home]), name
            assert (offered.__module__, offered.__qualname__) == (home, name)
            assert inspect.getdoc(offered), name
            assert inspect.signature(offered).return_annotation not in ("Any", inspect.Signature.empty), name
