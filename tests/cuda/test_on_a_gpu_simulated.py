"""The script for a GPU: what of it the simulator can do runs on a few numbers, and a part that fails does not keep the others from running."""

import json
import os
import subprocess
import sys
from pathlib import Path

from . import in_turns, on_a_gpu

ROOT = Path(__file__).parents[2]


def test_every_tiny_part_runs_and_is_right(tmp_path):
    out = tmp_path / "found.json"
    command = [sys.executable, in_turns.__file__, "-m", "tests.cuda.on_a_gpu", "--tiny", "--out", out]
    told = subprocess.run(command, cwd=ROOT, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    found = json.loads(out.read_text())
    assert list(found) == list(on_a_gpu.TINY)
    assert not [name for name, each in found.items() if each.get("wrong") or "failed" in each or "left out" in each]
    assert all(found[name]["checked"] > 0 for name in ("tiles", "graph", "same bits", "functions"))
    assert all(row["timings"] for name in ("layers", "ladder") for row in found[name]["rows"])
    assert found["launches"]["kernels"] > 5


def test_what_a_tiny_run_leaves_out_needs_a_device_or_its_peers():
    assert set(on_a_gpu.PARTS) - set(on_a_gpu.TINY) == {"networks", "steps", "MNIST", "arrays of others", "layers with TF32"}


def test_a_part_that_fails_is_told_and_the_next_one_runs(tmp_path, capsys):
    def broken():
        raise RuntimeError("the device fell off the bus")

    parts = {"first": broken, "second": lambda: {"checked": 2, "wrong": ["a tile"]}, "third": lambda: {"checked": 1, "wrong": []}}
    assert on_a_gpu.run(parts, tmp_path / "found.json") == ["first", "second"]
    found = json.loads((tmp_path / "found.json").read_text())
    assert "the device fell off the bus" in found["first"]["failed"]
    assert found["third"]["checked"] == 1
    assert "second (0.0 s): WRONG a tile" in capsys.readouterr().out


def test_no_part_begins_after_its_time(tmp_path):
    assert on_a_gpu.run({"late": lambda: {"wrong": ["never run"]}}, tmp_path / "found.json", minutes=0) == []
    assert json.loads((tmp_path / "found.json").read_text())["late"]["left out"] == "0 minutes are over"
