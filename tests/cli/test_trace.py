"""`minicnn trace` as a user runs it."""

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

LECTURE = ("--x", "3 3 2 1 0; 0 0 1 3 1; 3 1 2 2 3; 2 0 0 2 2; 2 0 0 0 1", "--weight", "0 1 2; 2 2 0; 0 1 2")


def test_a_number_of_a_network(cli):
    status, out, err = cli("trace", "lenet", "--layer", "conv2", "--at", "3,4,5", "--data", "digits", "--index", "7")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("lenet, conv2 (Conv2D, 5x5, padding 0): y[k=3, p=4, q=5] = ")
    assert lines[1:3] == ["untrained: parameters are drawn from seed 0", "picture digits #7, class 7"]
    assert "  h = 4*1 + r*1 - 0,   w = 5*1 + s*1 - 0" in lines
    assert any("133 more" in line for line in lines)
    assert [line.split()[0] for line in lines[-3:]] == ["textbook", "fast", "difference"]
    assert "at most" in lines[-1]
    whole = cli("trace", "lenet", "--layer", "conv2", "--at", "3,4,5", "--data", "digits", "--index", "7", "--all")[1].splitlines()
    assert len(whole) == len(lines) + 133 - 1


def test_the_table_fits_a_terminal_of_80_columns(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = cli("trace", "lenet", "--layer", "conv2", "--at", "3,4,5")[1]
    table = [line for line in out.splitlines() if "   " in line and "=" not in line and "loop" not in line and "engine" not in line]
    assert max(map(len, table)) <= 80


def test_every_step_as_json(cli):
    status, out, err = cli("trace", "lenet", "--layer", "conv1", "--at", "3,0,1,2", "--gradient", "weight", "--format", "json")
    assert (status, err) == (0, "")
    record = json.loads(out)
    assert (record["output"], record["axes"], record["place"]) == ("dweight", ["k", "c", "r", "s"], [3, 0, 1, 2])
    assert record["holds"] is True
    assert abs(record["difference"]) <= record["bound"]
    (loop,) = record["loops"]
    rows = loop["parts"][0]["rows"]
    assert len(rows) == 1 + 28 * 28
    assert {row["note"] for row in rows} == {"", "padding"}
    assert rows[-1]["partial"] == pytest.approx(record["value"], rel=1e-6)
    assert any(note.startswith("label ") for note in record["notes"])


@pytest.mark.parametrize(
    ("form", "begin", "row"), [("markdown", "## lenet, pool1", "|   0 |   0 |"), ("latex", "% lenet, pool1", "  0 & 0 & ")]
)
def test_for_notes_and_papers(cli, form, begin, row):
    status, out, _ = cli("trace", "lenet", "--layer", "pool1", "--at", "1,2,3", "--format", form)
    assert status == 0
    assert out.startswith(begin)
    assert row in out
    assert out.count(r"\begin{tabular}") == out.count(r"\end{tabular}")


def test_the_lectures_example_and_its_nine_frames(cli, tmp_path):
    status, out, _ = cli("trace", "--kernel", "conv2d", *LECTURE, "--frames", "nine.svg")
    assert status == 0
    assert out.startswith("nine.svg: 9 steps\n")
    assert out.endswith("y  1 x 1 x 3 x 3\n12  12  17\n10  17  19\n 9   6  14\n")
    ElementTree.parse(tmp_path / "nine.svg")
    out = cli("trace", "--kernel", "conv2d", *LECTURE, "--at", "0,1,2")[1]
    assert "= 19\n" in out.splitlines(keepends=True)[0]


def test_a_bare_kernel_with_its_settings(cli):
    status, out, _ = cli(
        *("trace", "--kernel", "conv2d_backward_weight", "--input", "4x4", "--window", "3x3", "--padding", "1", "--stride", "2"),
        *("--at", "0,0,1,1", "--format", "json"),
    )
    assert status == 0
    record = json.loads(out)
    assert record["settings"] == ["3x3", "stride 2", "padding 1"]
    assert record["loops"][0]["loop"] == "conv2d_backward_weight"
    assert record["loops"][0]["worked"] == ["h = p*2 + 1*1 - 1", "w = q*2 + 1*1 - 1"]
    assert cli("trace", "--kernel", "tiled_conv2d", "--set", "sharing=(2, 1)", "--set", "flip=True")[0] == 0


def test_arrays_from_files(cli, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(16.0).reshape(4, 4))
    status, out, _ = cli("trace", "--kernel", "conv2d", "--x", "x.npy", "--weight", "1 0; 0 -1", "--at", "0,1,1", "--format", "json")
    assert status == 0
    record = json.loads(out)
    assert (record["value"], record["dtype"]) == (-5.0, "float64")


def test_a_trained_network_and_a_picture(cli, trained, tmp_path):
    status, out, _ = cli("trace", trained, "--layer", "fc3", "--at", "3")
    assert status == 0
    assert "untrained" not in out
    assert "picture digits #0, class" in out
    np.save(tmp_path / "picture.npy", np.zeros((28, 28), np.uint8))
    assert "picture picture.npy" in cli("trace", trained, "--layer", "fc3", "--at", "3", "--image", "picture.npy")[1]


def test_a_network_of_ones_own_with_the_pictures_that_show_would_take(cli, tmp_path):
    (tmp_path / "net.py").write_text("from minicnn import Graph, layers as L\nnetwork = Graph(L.Conv2D(2, 3), (1, 8, 8))\n")
    status, out, _ = cli("trace", "net.py", "--layer", "conv1", "--at", "1,2,3")
    assert (status, out.splitlines()[2]) == (0, "picture digits #0, class 0")


def test_a_run_refuses_another_input(cli, trained):
    status, _, err = cli("trace", trained, "--layer", "conv1", "--at", "1,2,3", "--input", "1x32x32")
    assert (status, err) == (1, f"Error: {trained} was made for 1 x 28 x 28, but --input is 1 x 32 x 32\n")


def test_a_tap_between_the_positions_of_a_stride_has_no_position(cli):
    out = cli("trace", "--kernel", "conv_transpose2d", "--stride", 2, "--at", "0,0,1,1")[1]
    assert [line.split()[3:5] for line in out.splitlines() if " none 0 " in line][:2] == [["-,-", "none"], ["-,0", "none"]]


def test_an_array_of_words_is_no_array_of_numbers(cli, tmp_path):
    np.save(tmp_path / "words.npy", np.array(["a", "b"]))
    status, _, err = cli("trace", "--kernel", "conv2d", "--x", "words.npy", "--at", "0,0,0")
    assert (status, err) == (1, "Error: words.npy holds <U1, but a trace needs numbers\n")


@pytest.mark.parametrize("place", ["3,4", "99,4,5"])
def test_a_place_that_there_is_not_leaves_no_frames(cli, tmp_path, place):
    status, out, err = cli("trace", "lenet", "--layer", "conv2", "--at", place, "--frames", "z.svg")
    assert (status, out, err.startswith("Error: conv2: ")) == (1, "", True)
    assert not list(tmp_path.glob("*.svg"))


def test_frames_leave_the_output_to_json(cli):
    assert cli("trace", "lenet", "--layer", "conv1", "--frames", "z.svg", "--format", "json")[1] == ""


def test_json_has_no_words_that_json_lacks(cli):
    """A maximum begins at minus infinity."""

    def refuse(word):
        raise AssertionError(word)

    out = cli("trace", "lenet", "--layer", "pool1", "--at", "3,4,5", "--format", "json")[1]
    (first, *_) = json.loads(out, parse_constant=refuse)["loops"][0]["parts"][0]["rows"]
    assert first["partial"] is None


def test_frames_of_a_layer_beside_a_number(cli, tmp_path):
    status, out, err = cli("trace", "lenet", "--layer", "conv1", "--at", "2,4,5", "--frames", "steps.svg")
    assert (status, err) == (0, "steps.svg: 12 of 784 steps\n")
    assert out.startswith("lenet, conv1")
    assert "filter 2 of 6" in (tmp_path / "steps.svg").read_text()
    assert cli("trace", "lenet", "--layer", "pool1", "--frames", "pool.svg")[1] == "pool.svg: 12 of 196 steps\n"


@pytest.mark.parametrize(
    ("status", "words", "arguments"),
    [
        (2, "trace what? minicnn trace NETWORK --layer LAYER --at k,p,q", ()),
        (2, "which layer? --layer LAYER; 'minicnn summary lenet' lists them", ("lenet", "--at", "1,2,3")),
        (2, "which number? --at k,p,q, or --frames FILE.svg", ("lenet", "--layer", "conv1")),
        (2, "'1;2' is not a place, whole numbers with ',' between them", ("lenet", "--layer", "conv1", "--at", "1;2")),
        (2, "--gradient is for a network", ("--kernel", "conv2d", "--gradient", "weight", "--at", "0,0,0")),
        (2, "minicnn trace --kernel conv2d ... --frames a.svg", ("--kernel", "conv2d_backward_bias", "--frames", "a.svg")),
        (2, "--stride is for --kernel", ("lenet", "--layer", "conv1", "--at", "1,2,3", "--stride", "2")),
        (2, "is not numbers in rows of one length", ("--kernel", "conv2d", "--x", "1 2; 3", "--at", "0,0,0")),
        (1, "lenet has no layer 'conv7': did you mean conv1 or conv2?", ("lenet", "--layer", "conv7", "--at", "1,2,3")),
        (1, "conv2d_forward: q=9 lies outside y: q runs from 0 to 2", ("--kernel", "conv2d", "--at", "0,0,9")),
        (
            1,
            "--index is 400, but the last test image of digits has index 358",
            ("lenet", "--layer", "conv1", "--at", "1,2,3", "--index", "400"),
        ),
        (1, "max_pool2d, linear, ...: minicnn.kernels.textbook.__all__ lists all", ("--kernel", "nope", "--at", "0,0,0")),
        (
            1,
            "conv2d_forward is not the loop of Conv2D(1, 3, sharing='unshared')\n  that is tiled_conv2d_forward",
            ("--kernel", "conv2d", "--set", "sharing=unshared", "--at", "0,0,0"),
        ),
        (2, "--label is for --gradient", ("lenet", "--layer", "conv1", "--at", "1,2,3", "--label", 3)),
        (2, "leave out --gradient", ("lenet", "--layer", "conv1", "--gradient", "weight", "--frames", "a.svg")),
        (1, "nothing.npy cannot be read: No such file", ("--kernel", "conv2d", "--x", "nothing.npy", "--at", "0,0,0")),
        (1, "steps.gif: figures are written as .svg or .png", ("lenet", "--layer", "conv1", "--frames", "steps.gif")),
        (1, "there is no network called 'lenett' in the zoo", ("lenett", "--layer", "conv1", "--at", "1,2,3")),
    ],
)
def test_what_is_wrong_is_said(cli, status, words, arguments):
    got, out, err = cli("trace", *arguments)
    assert (got, out) == (status, "")
    assert words in err
