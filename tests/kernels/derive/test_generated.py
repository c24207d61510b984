"""A loop that was edited never runs as it was before: in one process, and through the kernels' cache on disk."""

import linecache
import os
import subprocess
import sys
import traceback
from types import ModuleType

import numpy as np
import pytest

from minicnn.errors import SettingError
from minicnn.kernels.derive import read
from minicnn.kernels.derive.cuda import cuda
from minicnn.kernels.derive.generated import load

LOOP = """
FACTOR = {factor}

def scale(value):
    return {inner}

def scaled(y, x):
    for n in range(len(x)):
        y[n] = {outer}
"""
FIRST = {"factor": "2.0", "inner": "FACTOR * value", "outer": "scale(x[n])"}
EDITS = {
    "loop": ({"outer": "scale(x[n]) + 1.0"}, 7.0),
    "function that it calls": ({"inner": "FACTOR + value"}, 5.0),
    "number around it": ({"factor": "5.0"}, 15.0),
}


def write_and_load(path, text):
    """As `import` does it, without the compiled file that it keeps beside: two edits of one second and one length are one to that."""
    path.write_text(text)
    module = ModuleType("own")
    exec(compile(text, path, "exec"), vars(module))
    return module


def derived(function):
    """The derived text without what makes a kernel of it, called with one thread."""
    text = cuda(read(function)).replace("@cuda.jit(device=True)\n", "").replace("@cuda.jit\n", "").replace("from numba import cuda\n", "")
    text = text.replace("range(cuda.grid(1), len(x), cuda.gridsize(1))", "range(len(x))")
    y = np.full(1, np.nan)
    load(text, "scaled")(y, np.full(1, 3.0))
    return y[0]


@pytest.mark.parametrize("part", EDITS)
def test_a_file_that_is_edited_and_loaded_again(tmp_path, part):
    change, wanted = EDITS[part]
    path = tmp_path / "own.py"
    assert derived(write_and_load(path, LOOP.format(**FIRST)).scaled) == 6.0
    assert derived(write_and_load(path, LOOP.format(**FIRST | change)).scaled) == wanted
    assert derived(write_and_load(path, LOOP.format(**FIRST)).scaled) == 6.0


def test_a_file_that_is_edited_and_not_loaded_again_is_refused(tmp_path):
    """The text on disk is not the loop that is in memory."""
    path = tmp_path / "own.py"
    module = write_and_load(path, LOOP.format(**FIRST))
    path.write_text(LOOP.format(**FIRST | {"outer": "scale(x[n]) + 1.0"}))
    with pytest.raises(SettingError, match=r"own\.py:7: scaled was edited after it was loaded\n  load it again"):
        read(module.scaled)
    path.write_text(LOOP.format(**FIRST | {"inner": "FACTOR + value"}))
    with pytest.raises(SettingError, match=r"own\.py:4: scale was edited after it was loaded"):
        read(module.scaled)
    path.write_text("def (")
    with pytest.raises(SettingError, match=r"own\.py:7: scaled was edited after it was loaded"):
        read(module.scaled)


def test_a_notebook_cell_that_is_run_again():
    """Cells have names of their own, and their text is kept under them."""
    got = []
    for number, text in enumerate((LOOP.format(**FIRST), LOOP.format(**FIRST | {"outer": "scale(x[n]) + 1.0"}))):
        cell = f"<cell {number}>"
        linecache.cache[cell] = (len(text), None, text.splitlines(keepends=True), cell)
        space = {}
        exec(compile(text, cell, "exec"), space)
        got.append(derived(space["scaled"]))
    assert got == [6.0, 7.0]


def test_one_text_is_one_function():
    text = "def nothing(y):\n    return y[3]\n"
    assert load(text, "nothing") is load(text, "nothing")
    assert load(text, "nothing") is not load(text + "\n", "nothing")


def test_a_traceback_shows_the_derived_text():
    with pytest.raises(IndexError) as caught:
        load("def nothing(y):\n    return y[3]\n", "nothing")([])
    assert "return y[3]" in "".join(traceback.format_tb(caught.tb))


COMPILED = """
import sys
import numpy as np
from minicnn.kernels.derive.generated import load
from minicnn.kernels.machine_code.compile import kernel

text = f"def scaled(y, x):\\n    for n in range(len(x)):\\n        y[n] = {sys.argv[1]}\\n"
y = np.full(1, np.nan)
kernel(load(text, "scaled"))(y, np.full(1, 3.0))
print(y[0])
"""


def test_machine_code_on_disk_is_that_of_the_text(tmp_path):
    """Same name, same line, same types: only the text differs, and what is kept for one is not taken for another."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    counts = []
    for value, wanted in (("2.0 * x[n]", "6.0"), ("5.0 * x[n]", "15.0"), ("2.0 * x[n]", "6.0")):
        command = [sys.executable, "-c", COMPILED, value]
        assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout.split() == [wanted]
        counts.append(sum(path.is_file() for path in tmp_path.rglob("scaled-*")))
    assert counts == [1, 2, 2]
