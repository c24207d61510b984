"""`minicnn bench`: readable at every width, JSON for programs, and one line where something is wrong.  No time is ever asserted."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace

import pytest

from minicnn import bench
from minicnn.bench import Agreement, Machine, Note, Row, Timing
from minicnn.bench.layer_set import LAYER_SET
from minicnn.cli.commands import bench as command
from minicnn.cli.main import main
from minicnn.cli.render.bench import machine_lines

MACHINE = Machine("AMD EPYC of a long name", 2, 2, 16, 5.6e11, 2.8e11, 4.5e10, 0.3, {"minicnn": "0.1.0", "torch": "2.13.0+cpu"})
SMALL = ("kernels", "--quick", "--layers", "lenet-conv2", "--passes", "forward", "--batch", "4", "--seconds", "0.001")


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command in this process: (exit status, stdout, stderr)."""

    def runner(*arguments, columns=None):
        for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
            monkeypatch.delenv(name, raising=False)
        if columns is not None:
            monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        return stopped.value.code or 0, *capsys.readouterr()

    return runner


def timing(name, seconds):
    return Timing(name, 5.25, (seconds, 1.01 * seconds, 0.99 * seconds))


def rows_of(suite):
    """Rows as wide as they get."""
    if suite == "kernels":
        for case in LAYER_SET:
            for part in ("forward", "input gradient", "weight gradient"):
                flops = case.flops(64)
                usual = flops / 3e11 if flops else case.moved_bytes(64) / 3e10
                contestants = (
                    timing("minicnn", 2 * usual),
                    timing("minicnn step", 1.5 * usual),
                    timing("torch", 4 * usual),
                    timing("torch channels_last", 3 * usual),
                )
                yield Row(
                    "kernels",
                    case.name,
                    part,
                    64,
                    contestants,
                    flops,
                    None if flops else case.moved_bytes(64),
                    Agreement(1.5e-6, 1e-5),
                    family=case.family,
                )
        yield Note("kernels", "lenet-tiled", "there is no kernels.tiled_conv2d yet; the engine's step stands alone")
    elif suite == "ladder":
        for name in ("textbook loop, plain Python", "textbook loop, compiled", "PyTorch (channels_last)"):
            peer = name.startswith("PyTorch")
            yield Row(
                "ladder",
                "lenet-conv2",
                name,
                128,
                (timing("torch" if peer else f"minicnn {name}", 0.1),),
                10**9,
                agreement=Agreement(0, 1e-5),
                remark="" if peer else "24 sums at once, every number loaded serves 4 or 6 of them",
            )
    else:
        names = ("minicnn", "torch", "torch fused", "torch channels_last", "torch channels_last fused", "torch channels_last by 100")
        for work in ("step", "epoch"):
            yield Row(
                suite,
                "resnet20",
                work,
                10000,
                tuple(timing(name, 0.1 * n) for n, name in enumerate(names, 1)),
                10**9,
                agreement=Agreement(1e-7, 1e-5),
            )
        yield Note(suite, "resnet56", "not in the zoo yet")


@pytest.fixture
def drawn(monkeypatch):
    """The command with made-up measurements, changed by a function of a row."""

    def setup(change=lambda row: row):
        def measured(suites, options, found):
            found += [change(each) if isinstance(each, Row) else each for suite in suites for each in rows_of(suite)]
            return MACHINE, True

        monkeypatch.setattr(command, "_measured", measured)

    return setup


@pytest.mark.parametrize("columns", [60, 80, 100, 160, None])
@pytest.mark.parametrize("suite", ["kernels", "train", "infer", "ladder"])
def test_nothing_is_cut(run, drawn, suite, columns):
    drawn(lambda row: replace(row, rest=0.42))
    status, out, err = run("bench", suite, columns=columns)
    assert (status, err) == (0, "")
    assert "…" not in out
    assert "peak 560 GFLOP/s on 2 threads (280 on one), copy 45.0 GB/s" in out or "copy 45 GB/s" in out
    for row in rows_of(suite):
        assert row.name in out
    if columns is not None and columns >= 100:
        assert max(map(len, out.splitlines())) <= columns


def test_the_table_of_training(run, drawn):
    drawn()
    _, out, _ = run("bench", "train", columns=100)
    lines = {line.split("  ")[0].strip() or line.split("  ")[1]: line for line in out.splitlines() if line}
    assert "resnet20 step, batch 10000" in lines
    cells = next(line for line in out.splitlines() if line.startswith("  torch fused")).split()
    assert cells == ["torch", "fused", "300", "ms", "297", "ms", "303", "ms", "3.33", "1", "%", "3.00x", "5.25", "s"]
    assert "left out: resnet56: not in the zoo yet" in out
    assert "above 1 we are faster" in out


def test_the_table_of_kernels(run, drawn):
    drawn()
    _, out, _ = run("bench", "kernels", columns=100)
    cells = next(line for line in out.splitlines() if line.startswith("alexnet-conv3")).split()
    assert cells[:2] + cells[8:10] == ["alexnet-conv3", "64", "1.50x", "2.00x"]
    assert "in GB/s" in out
    assert "Mean ratio" in out
    assert "left out: lenet-tiled: there is no kernels.tiled_conv2d yet" in out


def test_doubtful_ratios_are_marked(run, drawn):
    drawn(lambda row: replace(row, rest=0.42))
    assert "1.50x?" in run("bench", "kernels")[1]
    assert "3.00x?" in run("bench", "train")[1]
    assert "something else used this machine, up to 58 % of it" in run("bench", "train", columns=160)[1]
    drawn()
    assert "x?" not in run("bench", "kernels", "train")[1]


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_wrong_result_is_reported(run, drawn, form):
    drawn(lambda row: replace(row, agreement=Agreement(0.03, 1e-5), timings=tuple(each._replace(turns=()) for each in row.timings)))
    status, out, err = run("bench", "train", "--format", form)
    assert status == 1
    assert err.splitlines() == [
        "Error: bench: 2 of 3 rows have a result that differs from the peer's",
        "  resnet20 step, batch 10000: error 3.0e-02, at most 1.0e-05",
        "  resnet20 epoch, batch 10000: error 3.0e-02, at most 1.0e-05",
    ]
    if form == "json":
        assert [record.get("wrong") for record in json.loads(out)["records"]] == [True, True, None]
    else:
        assert "3e-02 !" in out


def test_json(run, drawn):
    drawn()
    status, out, err = run("bench", "kernels", "ladder", "--format", "json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert set(found) == {"machine", "records", "means"}
    assert found["machine"]["peak_flops"] == 5.6e11
    assert found["machine"]["versions"]["torch"] == "2.13.0+cpu"
    rows = [record for record in found["records"] if record["kind"] == "row"]
    assert {row["suite"] for row in rows} == {"kernels", "ladder"}
    assert rows[0]["timings"][0]["ratio"] == pytest.approx(1.5)
    assert found["means"][0]["call"] == pytest.approx(1.5)


def test_an_interrupted_run_shows_what_is_there(run, monkeypatch):
    def interrupted(suite, options):
        yield next(rows_of(suite))
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "measure_machine", lambda *_: MACHINE)
    monkeypatch.setattr(bench, "run", interrupted)
    status, out, err = run("bench", "train", columns=100)
    assert status == 130
    assert "resnet20 step, batch 10000" in out
    assert "epoch, batch" not in out
    assert err.startswith("resnet20 step, batch 10000: 100 ms, 2.00 times as fast")


def test_a_real_run(run):
    status, out, err = run("bench", *SMALL, "--threads", "1", columns=100)
    assert status == 0
    assert next(line for line in out.splitlines() if line.startswith("lenet-conv2")).split()[1] == "4"
    assert "1 of " in out.splitlines()[0]
    assert err.startswith("lenet-conv2 forward, batch 4: ")


def test_a_real_run_against_torch(run):
    pytest.importorskip("torch", reason="PyTorch is the peer: pip install torch")
    status, out, err = run("bench", *SMALL, "--against", "torch", "--format", "json")
    assert status == 0
    assert "times as fast" in err
    (row,) = json.loads(out)["records"]
    assert [each["name"] for each in row["timings"]] == ["minicnn", "minicnn step", "torch", "torch channels_last"]
    assert 0 < row["error"] <= row["tolerance"]
    assert "torch" in json.loads(out)["machine"]["versions"]


def test_without_torch(run, monkeypatch):
    real = importlib.import_module

    def without_torch(name, *rest):
        if name == "torch":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without_torch)
    monkeypatch.setattr(bench, "measure_machine", lambda *_: MACHINE)
    status, out, err = run("bench", "train", "--against", "torch")
    assert (status, out) == (1, "")
    assert err.splitlines() == ["Error: bench: a comparison with torch needs PyTorch, which is not installed", "  pip install torch"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("cooking",), 2, "'cooking' is not one of 'train', 'infer', 'kernels', 'ladder', 'memory', 'starts'"),
        (("train", "--against", "jax"), 2, "'jax' is not one of 'torch', 'torch-tf32'"),
        (("train", "--threads", "0"), 2, "0 is not in the range x>=1"),
        (("train", "--threads", "100000"), 1, "100000 threads were requested, but this process may use"),
        (("train", "--seconds", "0"), 2, "0.0 is not in the range x>0"),
        (("kernels", "--batch", "-1"), 2, "'-1' is not a number of images, nor several as in 1-17,32"),
        (("kernels", "--passes", "sideways"), 1, "passes sideways are not among forward, input, weight"),
        (("kernels", "--layers", "nothing-*"), 1, "no row is called 'nothing-*'"),
    ],
)
def test_errors_are_words(run, arguments, status, words):
    code, out, err = run("bench", *arguments)
    assert (code, out) == (status, "")
    assert words in err
    assert "Traceback" not in err


def test_a_device_stands_in_place_of_the_processors():
    on_cpu, on_device = (machine_lines(each) for each in (MACHINE, replace(MACHINE, device="NVIDIA H200 (cuda:0)")))
    assert [line.plain for line in on_cpu[:2]] == [
        "AMD EPYC of a long name  2 of 2 processors, 16 lanes, load 0.3",
        "peak 560 GFLOP/s on 2 threads (280 on one), copy 45 GB/s",
    ]
    assert [line.plain for line in on_device[:3]] == [
        "NVIDIA H200 (cuda:0)",
        "AMD EPYC of a long name  2 of 2 processors, 16 lanes, load 0.3",
        "peak 560 GFLOP/s, copy 45 GB/s",
    ]
