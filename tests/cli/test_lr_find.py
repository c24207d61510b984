"""`minicnn lr-find`: a curve, a suggestion, and both as JSON."""

import json
import re


def test_the_curve_and_a_rate_to_try(cli, tmp_path):
    status, out, _ = cli("lr-find", "lenet", "--updates", 60)
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == "lenet on digits, sgd, batches of 128"
    assert all("⠀" <= mark <= "⣿" for line in lines[1:13] for mark in line.partition("│")[2])
    assert any(mark != "⠀" for line in lines[1:13] for mark in line.partition("│")[2])
    assert lines[14].split()[0] == "1e-6"
    assert re.match(r"falls fastest at \S+, lowest at \S+; the loss ", lines[15])
    assert lines[16].startswith("try --learning-rate ")
    assert not (tmp_path / "runs").exists()


def test_as_json_with_the_same_numbers_for_any_number_of_threads(cli):
    one, two = (json.loads(cli("lr-find", "lenet", "--updates", 20, "--threads", n, "--format", "json")[1]) for n in (1, 2))
    assert one == two
    assert len(one["rates"]) == len(one["losses"]) <= 20
    assert one["suggestion"] == one["lowest"] / 10


def test_a_mistyped_network_is_one_line(cli):
    status, out, err = cli("lr-find", "lent")
    assert (status, out) == (1, "")
    assert "did you mean lenet" in err
