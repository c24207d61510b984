"""Networks trained by a page's executor, in node, have the bits of minicnn's engine on four lanes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minicnn
from minicnn import zoo
from minicnn.errors import GraphError
from minicnn.page.modules import path
from minicnn.page.plan import FOUR_LANES, four_lane_plans

ROOT = Path(__file__).parents[2]
SCRIPT = Path(minicnn.__file__).parent / "page" / "script"
NETWORKS = ("lenet", "lenet5-1998", "mnist1d-cnn", "resnet20", "unet-small")

F32X4_ADD, F32X4_SUB = b"\xfd\xe4\x01", b"\xfd\xe5\x01"

in_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: apt-get install nodejs")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What minicnn makes of each network in two batches, on four lanes."""
    folder = tmp_path_factory.mktemp("plans")
    environment = {**os.environ, **FOUR_LANES, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    code = f"from tests.page.native import main; main({str(folder)!r}, *{NETWORKS!r})"
    run = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert not run.returncode, run.stderr
    return folder


def run_in_node(folder, name, module):
    """The parameters after training, and the sums of losses and right answers."""
    command = ["node", Path(__file__).parent / "run_plan.mjs", SCRIPT, module, folder, name]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not run.returncode, run.stderr
    return np.fromfile(folder / f"{name}.page", np.float32), json.loads(run.stdout)


@in_node
@pytest.mark.parametrize("name", NETWORKS)
def test_training_gives_the_same_bits(trained, name):
    before, after = (np.fromfile(trained / f"{name}.{kind}", np.float32) for kind in ("before", "after"))
    assert (before != after).mean() > 0.5
    page, sums = run_in_node(trained, name, path("engine"))
    assert page.tobytes() == after.tobytes()
    # lenet5-1998's loss takes a logarithm of the caller's, in float64; the others' are the module's own
    np.testing.assert_allclose(sums, json.loads((trained / f"{name}.json").read_text())["sums"], rtol=1e-12)


@in_node
def test_a_spoilt_step_changes_parameters(trained, tmp_path):
    """One vector addition that becomes a subtraction is noticed: found by halving those of the module."""
    code, after = path("engine").read_bytes(), (trained / "lenet.after").read_bytes()
    places = [found.start() for found in re.finditer(re.escape(F32X4_ADD), code)]

    def noticed(spoilt):
        changed = bytearray(code)
        for place in spoilt:
            changed[place : place + 3] = F32X4_SUB
        (tmp_path / "spoilt.wasm").write_bytes(changed)
        return run_in_node(trained, "lenet", tmp_path / "spoilt.wasm")[0].tobytes() != after

    assert noticed(places)
    while len(places) > 1:
        first, second = places[: len(places) // 2], places[len(places) // 2 :]
        places = first if noticed(first) else second
    assert noticed(places)


def test_a_network_that_cannot_be_planned():
    net = zoo.build("lenet")
    with pytest.raises(GraphError, match="LeastSquares"):
        four_lane_plans({**net.architecture(), "network": {"type": "LeastSquares"}}, [{"batch": 4, "training": True}])
