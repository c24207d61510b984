"""`minicnn bench memory` and `starts`: their tables, their JSON, and a real run of each.  No figure is ever asserted."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from minicnn import bench
from minicnn.bench import Footprint, Launch, Machine, Memory, Start
from minicnn.cli.commands import bench as command

MEGABYTE = 1 << 20
MACHINE = Machine("AMD EPYC of a long name", 2, 2, 16, 5.6e11, 2.8e11, 4.5e10, 0.3, {"minicnn": "0.1.0"})
MEMORY = Memory(
    "memory",
    "lenet",
    "training, 3 epochs",
    128,
    (
        Footprint("minicnn", 250 * MEGABYTE, (100 * MEGABYTE,) * 3, (150 * MEGABYTE, 151 * MEGABYTE, 149 * MEGABYTE), 0.912),
        Footprint("torch", 340 * MEGABYTE, (218 * MEGABYTE,) * 3, (330 * MEGABYTE,) * 3, 0.685),
    ),
)
STARTS = (
    Start("starts", "minicnn summary alexnet", (Launch("minicnn", 0.14, (0.12, 0.13, 0.11), 0),)),
    Start(
        "starts",
        "first step of lenet",
        (Launch("minicnn", 7.93, (0.95, 1.05, 0.9), 3 * MEGABYTE // 2), Launch("torch", None, (3.04, 3.1, 3.0), 0)),
        128,
    ),
)


@pytest.fixture
def drawn(monkeypatch):
    """The command with these records instead of measurements."""

    def setup(*records):
        monkeypatch.setattr(command, "_measured", lambda suites, options, found: (found.extend(records), (MACHINE, True))[1])

    return setup


def cells(out, beginning):
    return next(line for line in out.splitlines() if line.startswith(beginning)).split()


@pytest.mark.parametrize("columns", [60, 80, 100, None])
def test_nothing_is_cut(cli, drawn, monkeypatch, columns):
    if columns is not None:
        monkeypatch.setenv("COLUMNS", str(columns))
    drawn(MEMORY, *STARTS)
    status, out, err = cli("bench", "memory", "starts")
    assert (status, err) == (0, "")
    assert "…" not in out
    assert "lenet training, 3 epochs, batch 128" in out
    assert "first step of lenet, batch 128" in out
    if columns == 100:
        assert max(map(len, out.splitlines())) <= columns


def test_the_table_of_memory(cli, drawn):
    drawn(MEMORY)
    _, out, _ = cli("bench", "memory")
    assert cells(out, "  minicnn") == ["minicnn", "150", "100", "50.0", "250", "91.2", "%"]
    assert cells(out, "  torch") == ["torch", "330", "218", "112", "340", "68.5", "%", "2.20x"]
    assert "every one fresh" in " ".join(out.split())


def test_the_table_of_starts(cli, drawn):
    drawn(*STARTS)
    _, out, _ = cli("bench", "starts")
    assert cells(out, "minicnn summary")[3:] == ["140", "ms", "120", "ms", "110", "ms", "130", "ms", "-"]
    assert cells(out, "first step")[6:] == ["7.93", "s", "950", "ms", "900", "ms", "1.05", "s", "1.50", "MiB"]
    assert cells(out, "  torch") == ["torch", "-", "3.04", "s", "3.00", "s", "3.10", "s", "-"]
    assert "we want at most 15 s" in out
    assert "?" not in out


def test_a_disturbed_start_is_marked(cli, drawn):
    drawn(replace(STARTS[1], rest=0.4))
    _, out, _ = cli("bench", "starts")
    assert cells(out, "first step")[6:10] == ["7.93", "s?", "950", "ms?"]
    assert "In 1 of 1 rows something else used this machine, up to 60 % of it" in out


@pytest.mark.parametrize(
    ("record", "colours"),
    [
        (MEMORY, {"2.20x": "32"}),
        (replace(MEMORY, footprints=(MEMORY.footprints[0], replace(MEMORY.footprints[1], peak_bytes=(240 * MEGABYTE,)))), {"1.60x": "31"}),
        (replace(STARTS[0], launches=(Launch("minicnn", 16.0, (1.75,), 0),)), {"16.0 s": "31", "1.75 s": "31"}),
    ],
)
def test_what_misses_its_bar_is_red(cli, drawn, monkeypatch, record, colours):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    drawn(record)
    _, out, _ = cli("bench", record.suite)
    for words, colour in colours.items():
        assert re.search(rf"\x1b\[{colour}m *{words}", out)


def test_json(cli, drawn):
    drawn(MEMORY, *STARTS)
    status, out, err = cli("bench", "memory", "starts", "--format", "json")
    records = json.loads(out)["records"]
    assert (status, err) == (0, "")
    assert [record["kind"] for record in records] == ["memory", "start", "start"]
    assert records[0]["footprints"][1]["ratio"] == pytest.approx(2.2)
    assert records[2]["launches"][0]["median_seconds"] == 0.95


def test_progress_tells_rows_in_words(cli, monkeypatch):
    monkeypatch.setattr(bench, "measure_machine", lambda *_: MACHINE)
    monkeypatch.setattr(bench, "run", lambda suite, options: iter((MEMORY, replace(STARTS[1], rest=0.4))))
    _, _, err = cli("bench", "memory")
    assert err.splitlines() == [
        "lenet training, 3 epochs, batch 128: 150 MiB, torch 2.20x as much",
        "first step of lenet, batch 128: cold 7.93 s, cached 950 ms, torch 3.04 s (only 40 % of the machine was free)",
    ]


def test_a_real_run_of_memory(cli):
    status, out, err = cli("bench", "memory", "--quick", "--threads", "1", "--format", "json")
    assert status == 0
    assert err.startswith("lenet training, 1 epoch, batch 128: ")
    (ours,) = json.loads(out)["records"][0]["footprints"]
    imports, peak = ours["imports_bytes"][0], ours["peak_bytes"][0]
    assert 20 * MEGABYTE < imports < peak <= ours["first_bytes"] + 32 * MEGABYTE
    assert ours["accuracy"] > 0.3


def test_a_real_run_of_starts(cli):
    status, out, _ = cli("bench", "starts", "--quick", "--format", "json")
    assert status == 0
    records = json.loads(out)["records"]
    assert [record["name"] for record in records] == ["minicnn --help", "minicnn summary alexnet"]
    for record in records:
        (launch,) = record["launches"]
        assert launch["cold_seconds"] > 0
        assert launch["cache_bytes"] == 0, "neither compiles anything"


def test_the_help_names_every_suite(cli):
    _, out, _ = cli("bench", "--help")
    lines = [line.split() for line in out.splitlines()]
    for suite in bench.SUITES:
        assert any(words[:1] == [suite] and len(words) > 3 for words in lines)
