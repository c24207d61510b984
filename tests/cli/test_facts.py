"""`minicnn facts`: whole at every width, JSON for programs."""

import json

import pytest

from minicnn.cli.main import main


@pytest.fixture
def run(capsys, monkeypatch):
    def runner(*arguments, columns=None):
        monkeypatch.delenv("COLUMNS", raising=False)
        if columns:
            monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        return stopped.value.code or 0, *capsys.readouterr()

    return runner


@pytest.mark.parametrize("columns", [20, 60, 80, 120, 200, None])
def test_no_number_is_cut(run, columns):
    status, out, err = run("facts", columns=columns)
    assert (status, err) == (0, "")
    assert "…" not in out
    for number in (
        "62,369,152",
        "62,378,344",
        "9,192",
        "294,912",
        "73,728",
        "409,600",
        "340,908",
        "143,667,240",
        "13,285,956",
        "4,001,536,000",
    ):
        assert number in out
    assert max(map(len, out.splitlines())) <= max(30, columns or 200)


def test_table_and_list(run):
    wide, narrow = run("facts")[1], run("facts", columns=80)[1]
    assert wide.splitlines()[0].split() == ["Verdict", "Claim", "Source", "Computed", "Why"]
    assert "wrong    AlexNet: overall 62,369,152  (CNN slides)\n         62,378,344 parameters: 9,192 biases" in narrow
    assert "unclear  ordinary 1D convolution: dilation rate 0  (Scarano, notes)\n         0 zeros or 1 step: right if zeros" in narrow
    for out in (wide, narrow):
        assert " unclear, " in out
        assert "Unclear: right in one reading, wrong in another." in " ".join(out.split())
        assert "Jeong, lecture: Jeong, Convolutional Neural Networks, lecture of ITM528 Deep Learning" in " ".join(out.split())


def test_json(run):
    status, out, _ = run("facts", "--format", "json")
    record = next(each for each in json.loads(out) if each["claim"] == "AlexNet: overall 62,369,152")
    assert status == 0
    assert record["source"].startswith("Convolutional Neural Network (CNN)")
    assert (record["claimed"], record["computed"], record["verdict"]) == (62_369_152, 62_378_344, "wrong")
    record = next(each for each in json.loads(out) if each["claim"].startswith("ordinary 1D convolution"))
    assert (record["readings"], record["verdict"]) == ([0, 1], "unclear")
