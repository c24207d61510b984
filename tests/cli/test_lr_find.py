"""`minicnn lr-find`: a curve, a suggestion, and both as JSON."""

import json
import re


def test_the_curve_and_a_rate_to_try(cli, tmp_path):
    status, out, _ = cli("lr-find", "lenet", "--updates", 60)
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == "lenet on digits, sgd, batches of 128"
    assert lines[1] == "loss"
    plot = [re.split("[┤│]", line)[1] for line in lines[2:14]]
    assert all("⠀" <= mark <= "⣿" for line in plot for mark in line)
    assert any(mark != "⠀" for line in plot for mark in line)
    assert lines[15].split()[0] == "1e-6"
    assert lines[16].strip() == "learning rate"
    assert re.match(r"falls fastest at \S+, lowest at \S+; the loss ", lines[17])
    assert lines[18].startswith("try --learning-rate ")
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
