"""`minicnn derive` as a user runs it."""

import pytest

from minicnn.cli.main import main
from minicnn.kernels import textbook
from minicnn.kernels.cuda.runtime import Found
from minicnn.kernels.derive import ptx, read, threads
from minicnn.kernels.derive.cuda import cuda
from minicnn.kernels.derive.javascript import javascript
from minicnn.kernels.derive.threads import marked

OWN = """import numpy as np

def swish(y, x):
    for i in range(x.size):
        y.flat[i] = x.flat[i] / (1.0 + np.exp(-x.flat[i]))  # smooth

def smooth(y, x):
    for n in range(len(x)):
        y[n] = 0.5 * (x[n] + y[n - 1])

def mean(x):
    return x.mean()

COUNT = 3
"""


@pytest.fixture
def run(capsys):
    """Run the command in this process: (exit status, stdout, stderr)."""

    def runner(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(["derive", *map(str, arguments)])
        return stopped.value.code or 0, *capsys.readouterr()

    return runner


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


@pytest.mark.parametrize("columns", [None, 20])
def test_what_is_printed_in_a_pipe_is_the_text(run, monkeypatch, columns):
    """No colours, no line cut or filled up: a kernel can be sent to a file and run."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", str(columns))
    definition = read(textbook.conv2d_forward)
    assert run("conv2d_forward", "--for", "cuda") == (0, cuda(definition), "")
    assert run("conv2d_forward", "--for", "javascript") == (0, javascript(definition), "")
    assert run("conv2d_forward", "--for", "threads") == run("conv2d_forward") == (0, marked(threads(definition)) + "\n", "")


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90", "sm_100"])
def test_the_ptx_of_a_kernel_needs_no_device(run, architecture):
    status, out, err = run("softmax_cross_entropy_forward", "--for", "cuda", "--ptx", "--architecture", architecture)
    assert (status, err) == (0, "")
    assert f".target {architecture}\n" in out
    assert ".visible .entry softmax_cross_entropy_forward(\n" in out
    assert "ld.u64" in out or "ld.global.u64" in out  # the labels are whole numbers, as the docstring says
    assert out.rstrip().endswith("}")


def test_the_ptx_of_ones_own_loop(run, own):
    assert ".visible .entry swish(\n" in run("own.py:swish", "--for", "cuda", "--ptx")[1]
    assert ".target sm_90\n" in run("own.py:swish", "--for", "cuda", "--ptx")[1]


def test_without_numba_cuda_one_line_says_what_to_install(run, monkeypatch):
    monkeypatch.setattr(ptx, "found", lambda: Found("0.68.1"))
    words = "Error: PTX is made by numba-cuda, which is not installed: pip install 'minicnn[cuda]'\n"
    assert run("relu_forward", "--for", "cuda", "--ptx") == (1, "", words)


def test_a_loop_of_ones_own(run, own):
    status, out, err = run("own.py:swish")
    assert (status, err) == (0, "")
    first, second = out.splitlines()
    assert first == "4  for i in range(x.size):  # threads"
    assert second == "5      y.flat[i] = x.flat[i] / (1.0 + np.exp(-x.flat[i]))  # smooth"
    assert "y.flat[i] = x.flat[i] / (1.0 + math.exp(-x.flat[i]))\n" in run("own.py:swish", "--for", "cuda")[1]


REFUSED = {
    "a loop that would race": (
        ["own.py:smooth"],
        1,
        "own.py:8: no loop of smooth may become threads: n is not by itself an index of y[n - 1] (line 9): a turn may read what another"
        " one writes",
    ),
    "no loop": (["own.py:mean"], 1, "own.py:12: a definition returns nothing: it stores into its outputs"),
    "no such function": (["own.py:swihs"], 1, "own.py has no function swihs: did you mean swish?\n  there are swish, smooth, mean"),
    "a file alone": (["own.py"], 1, "own.py is a file: say which function, as FILE.py:NAME\n  there are swish, smooth, mean"),
    "no such file": (["owm.py:swish"], 1, "there is no file owm.py"),
    "a file that fails": (["broken.py:swish"], 1, "broken.py raises ZeroDivisionError: division by zero"),
    "no such kernel": (["conv2d_fwd"], 2, "there is no kernel 'conv2d_fwd': did you mean conv2d_forward"),
    "no machine code of a loop that is handed a function": (
        ["variant_forward", "--for", "cuda", "--ptx"],
        1,
        "what index_map is decides about the machine code of variant_forward: there is none without it",
    ),
    "no types": (
        ["chosen.py:chosen", "--for", "cuda", "--ptx"],
        1,
        "Numba cannot compile chosen for y array(float32, 1d, C), x array(float32, 1d, C): ",
    ),
    "no such architecture": (
        ["relu_forward", "--for", "cuda", "--ptx", "--architecture", "sm_9"],
        1,
        "architecture 'sm_9' is not known: use sm_",
    ),
    "PTX of another machine": (["relu_forward", "--ptx"], 2, "--ptx is what the compiler makes of a CUDA kernel: add --for cuda"),
    "no such machine": (["conv2d_forward", "--for", "cudda"], 2, "'cudda' is not one of"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_derived(run, own, case):
    arguments, wanted, words = REFUSED[case]
    (own / "broken.py").write_text("1 / 0\n")
    (own / "chosen.py").write_text("def chosen(y, x):\n    for n in range(len(y)):\n        y[n] = x[x[n]]\n")
    status, out, err = run(*arguments)
    assert (status, out) == (wanted, "")
    assert words in err


def test_what_a_file_prints_is_no_part_of_the_text_and_its_exit_does_not_end_the_command(run, own):
    (own / "prints.py").write_text(OWN + "print('hello')\n")
    (own / "exits.py").write_text("import sys\nsys.exit(0)\n")
    assert run("prints.py:swish") == (0, run("own.py:swish")[1], "hello\n")
    status, printed, said = run("exits.py:swish")
    assert (bool(status), printed) == (True, "")
    assert "exits.py raises SystemExit" in said


def test_the_name_of_an_operation_suggests_its_forward(run):
    assert "did you mean conv2d_forward?" in run("conv2d")[2]
