"""Type checkers see the package from outside its checkout: real types for what users call, and an error for a name that does not exist."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import minicnn
from minicnn import kernels

from .packaging import ROOT, build, copied

ARRAY = "numpy.ndarray["
REVEALED = {
    "kernels.conv2d(x, x)": ARRAY,
    "kernels.conv2d": "algorithm: str",
    "kernels.conv3d_backward_weight(x, x, (1, 1, 1, 1, 1))": ARRAY,
    "kernels.tiled_conv1d": "bias",
    "kernels.max_pool2d(x, 2)": ARRAY,
    "kernels.max_pool2d(x, 2, return_indices=True)": f"tuple[{ARRAY}",
    "kernels.image_kernels": f"dict[str, {ARRAY}",
    "kernels.variant": "minicnn.kernels.variants.Variant",
    "minicnn.Graph": "minicnn.network.Graph",
    "minicnn.Trainer": "minicnn.train.trainer.Trainer",
    "minicnn.load('net')": "minicnn.network.Graph",
    "minicnn.zoo.build('lenet').forward(x)": ARRAY,
    "minicnn.optimizers.Adam": "minicnn.optimizers.adam.Adam",
    "minicnn.datasets.load": "minicnn.datasets.dataset.Dataset",
    "datasets.load('digits').images": ARRAY,
    "L.Conv2D": "minicnn.layers.conv.Conv2D",
    "L.Sequential(L.ReLU())": "minicnn.layers.sequential.Sequential",
}
ABSENT = ("minicnn.Trainr", "kernels.conv2", "datasets.lod", "L.Conv2d")
HEAD = "import numpy as np\nimport minicnn\nfrom minicnn import datasets, kernels, layers as L\nx = np.ones((1, 1, 4, 4), np.float32)\n"


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


def checked(python: Path, folder: Path, source: str) -> list[str]:
    """What mypy says of a program that lies in a folder of its own, a line each."""
    (folder / "program.py").write_text(source)
    told = subprocess.run([sys.executable, "-m", "mypy", "--python-executable", python, "--no-incremental", "--config-file=", "program.py"],
                          cwd=folder, capture_output=True, text=True, check=False)
    return [line.partition(": ")[2] for line in told.stdout.splitlines() if line.startswith("program.py:")]


def test_what_users_call_has_its_type_and_what_is_not_there_is_an_error(python, tmp_path):
    told = checked(python, tmp_path, HEAD + "".join(f"reveal_type({expression})\n" for expression in REVEALED) + "\n".join(ABSENT))
    assert len(told) == len(REVEALED) + len(ABSENT), told
    for (expression, part), line in zip(REVEALED.items(), told, strict=False):
        assert line.startswith("note: Revealed type is"), expression
        assert part in line, expression
    for name, line in zip(ABSENT, told[len(REVEALED):], strict=True):
        assert "has no attribute" in line, name


def test_type_checkers_are_told_the_names_that_are_there():
    homes: dict[str, set[str]] = {}
    for name, home in kernels._HOMES.items():
        homes.setdefault(home, set()).add(name)
    stars = {line.split()[1] for line in Path(kernels.__file__).read_text(encoding="utf-8").splitlines() if line.endswith("import *")}
    assert stars == set(homes)
    for home, names in homes.items():
        assert set(__import__(home, fromlist=["*"]).__all__) == names, home
    assert set(minicnn.__all__) == {*minicnn._HOMES, *minicnn._MODULES, "__version__"}
