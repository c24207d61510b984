"""Imports point down; what is heavy or foreign stays in its place.  Imports inside functions count as well."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import minicnn

ROOT = Path(__file__).parents[1]
ORDER = (
    "errors",
    "initializers",
    "locks",
    "geometry",
    "schema",
    "tables",
    "launch",
    "control_groups",
    "processors",
    "random",
    "storage",
    "markup",
    "charts",
    "kernels",
    "laws",
    "layers",
    "optimizers",
    "graph",
    "losses",
    "metrics",
    "preparation",
    "trained_on",
    "engine",
    "network_input",
    "exchange.weights",
    "network",
    "network_file",
    "tracing",
    "views",
    "recipe",
    "parallel",
    "train",
    "zoo",
    "exchange",
    "report",
    "page",
    "estimators",
    "facts",
    "exercises",
    "labs",
    "bench",
    "cli",
    "__main__",
)
FOLDERS = {"minicnn": "minicnn", "cli": "minicnn.cli", "datasets": "minicnn.datasets"}
DATASETS_ARE_FOR = ("preparation", "network_input", "train", "report", "page", "labs", "bench", "cli")

DOWNLOAD = ("datasets/store.py", "datasets/deadline.py")

AT_HOME = {  # foreign packages, and where they may be imported
    "numba": ("minicnn/kernels/", "minicnn/engine/", "minicnn/page/build/"),
    "llvmlite": ("minicnn/kernels/", "minicnn/engine/", "minicnn/page/build/"),
    "click": ("cli/",),
    "rich": ("cli/",),
    "urllib": DOWNLOAD,
    "socket": DOWNLOAD,
    "http": DOWNLOAD,
    "ssl": DOWNLOAD,
    "requests": (),
    "pickle": (),
    "marshal": (),
    "shelve": (),
    "torch": ("minicnn/bench/",),
    "onnxruntime": ("minicnn/bench/",),
    "openvino": ("minicnn/bench/",),
    "jax": ("minicnn/bench/",),
    "mpi4py": ("minicnn/parallel/mpi.py",),
    "sklearn": ("minicnn/estimators/",),
    "onnx": ("minicnn/exchange/onnx/",),
    "cairosvg": ("minicnn/charts/files.py",),
    "safetensors": ("minicnn/storage.py",),
    "h5py": ("minicnn/exchange/weights/keras_file.py",),
}


def sources():
    """(path from the root, module name) of every file of the product."""
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            inner = path.relative_to(ROOT / folder).with_suffix("").parts
            yield path.relative_to(ROOT).as_posix(), ".".join([package, *(part for part in inner if part != "__init__")])


MODULES = {module: ROOT / path for path, module in sources()}


def imported(source):
    """Dotted names that a file imports, "minicnn.x" for `from minicnn import x`; what stands there for annotations alone is not."""
    tree = ast.parse(source)
    for block in [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]:
        block.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they point to"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            if node.module == "minicnn":
                names = [minicnn._HOMES.get(alias.name, f"minicnn.{alias.name}") for alias in node.names]
            yield from (name if name in MODULES else node.module for name in names)


def part(module):
    """The part of the house a module of ours lies in: "minicnn.graph.node" -> "graph"."""
    names = module.split(".")[1:3]
    return ".".join(names) if ".".join(names) in ORDER else [*names, ""][0]


@pytest.mark.parametrize(("path", "module"), list(sources()))
def test_imports_point_down(path, module):
    here = part(module)
    for name in imported((ROOT / path).read_text(encoding="utf-8")):
        target = part(name)
        if name.partition(".")[0] != "minicnn" or target in ("", "__version__", here):
            continue
        if here == "datasets":
            assert target in ("errors", "markup", "charts"), f"datasets stand alone, but {path} imports {name}"
        elif target == "datasets":
            assert here in DATASETS_ARE_FOR, f"{path} imports {name}"
        elif here:
            assert ORDER.index(target) < ORDER.index(here), f"{path} imports {name}"


def test_no_module_imports_itself_through_others():
    imports = {
        module: {name for name in imported(path.read_text(encoding="utf-8")) if name not in ("minicnn", module)}
        for module, path in MODULES.items()
    }
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@pytest.mark.parametrize(("path", "module"), list(sources()))
def test_foreign_packages_stay_at_home(path, module):
    for name in imported((ROOT / path).read_text(encoding="utf-8")):
        homes = AT_HOME.get(name.partition(".")[0])
        assert homes is None or path.startswith(homes), f"{path} imports {name}"


def loaded_by(statement):
    program = f"{statement}\nimport sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(told.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import minicnn",
        "import minicnn.errors, minicnn.geometry",
        "import minicnn.layers",
        "import minicnn.graph",
        "import minicnn.network",
        "import minicnn.zoo",
        "import minicnn; minicnn.zoo.build('alexnet').summary()",
        "import minicnn.storage",
    ],
)
def test_networks_are_described_without_numpy_and_numba(statement):
    assert not loaded_by(statement) & {
        "numba",
        "llvmlite",
        "numpy",
        "click",
        "rich",
        "torch",
        "sklearn",
        "safetensors",
        "minicnn.kernels",
    }


def test_peers_of_the_benchmark_are_imported_by_against_only():
    rooms = [module for module in MODULES if module.startswith("minicnn.bench.") and not module.startswith("minicnn.bench.peers")]
    run = "; ".join(f"list(minicnn.bench.run('{name}', Options(1, layers='none')))" for name in minicnn.bench.SUITES)
    loaded = loaded_by(f"import {', '.join(rooms)}; from minicnn.bench import Options; {run}")
    assert not {name for name in loaded if name.startswith(("torch", "minicnn.bench.peers"))}


def test_parameters_and_files_need_no_compiler():
    loaded = loaded_by("import minicnn; minicnn.zoo.build('lenet').parameters")
    assert "numpy" in loaded
    assert not loaded & {"numba", "llvmlite", "click", "rich", "torch"}


def test_every_public_name_is_listed():
    assert set(minicnn._HOMES) | set(minicnn._MODULES) < set(dir(minicnn))
