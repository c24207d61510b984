"""`minicnn summary` and `minicnn zoo`: readable at every width, never cut, quick, and plain where plain is asked for."""

import csv
import io
import json
import subprocess
import sys
from itertools import takewhile

import pytest

from minicnn.cli.main import main


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command in this process: (exit status, stdout, stderr)."""

    def runner(*arguments, columns=None):
        if columns is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", str(columns))
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        return stopped.value.code or 0, *capsys.readouterr()

    return runner


ROWS = [
    ("conv1", "Conv2D 11x11", "stride 4", "96x55x55", "34,944", "(11*11*3 + 1) * 96", "105,415,200", "11"),
    ("norm1", "LocalResponseNorm", "size 5", "96x27x27", "0", "-", "19"),
    ("conv2", "Conv2D 5x5", "padding 2", "256x27x27", "614,656", "(5*5*96 + 1) * 256", "447,897,600", "51"),
    ("fc6", "Linear", "4096 features", "4096", "37,752,832", "(9216 + 1) * 4096", "37,748,736"),
]


@pytest.mark.parametrize("columns", [20, 60, 80, 100, 160, None])
def test_nothing_is_cut_at_any_width(run, columns):
    status, out, err = run("summary", "alexnet", columns=columns)
    assert (status, err) == (0, "")
    assert "…" not in out
    for name, *words in ROWS:
        lines = out.splitlines()
        start = next(index for index, line in enumerate(lines) if line.startswith(name + " "))
        own = [lines[start], *takewhile(lambda line: line.startswith(" "), lines[start + 1 :])]
        for word in words:
            assert any(word in line for line in own), (name, word)
    for total in ("62,378,344", "1,135,256,096", "2,270,512,192", "3,747,200", "6.0 %", "58,631,144", "94.0 %", "238.0 MiB"):
        assert total in out


@pytest.mark.parametrize("columns", [80, 100, 120, 160])
@pytest.mark.parametrize("name", ["lenet", "alexnet", "googlenet", "resnet20", "unet", "yolov1", "densenet40", "lenet5-1998", "highway"])
def test_no_line_is_wider_than_the_terminal(run, columns, name):
    _, out, _ = run("summary", name, columns=columns)
    assert max(map(len, out.splitlines())) <= columns


def test_two_lines_a_layer_where_there_is_no_room_for_one(run):
    narrow, wide = run("summary", "alexnet", columns=80)[1], run("summary", "alexnet", columns=100)[1]
    assert "Formula" in wide
    assert "Formula" not in narrow
    assert len(narrow.splitlines()) > len(wide.splitlines())


def test_as_many_networks_beside_each_other_as_there_is_room_for(run):
    names = ["vgg16", "resnet50", "alexnet", "googlenet", "lenet"]
    status, out, err = run("summary", "--compare", *names, columns=80)
    heads = [line.split() for line in out.splitlines() if set(line.split()) & set(names)]
    assert (status, err, heads) == (0, "", [names[:4], names[4:]])
    assert max(map(len, out.splitlines())) <= 80
    assert run("summary", "--compare", *names)[1].splitlines()[0].split() == names


def test_words_below_names_where_there_is_no_room_for_two_columns(run):
    lines = [line.rstrip() for line in run("summary", "resnet20", columns=80)[1].splitlines()]
    start = next(index for index, line in enumerate(lines) if line.startswith("stage1.block2.add1 "))
    assert lines[start + 1] == "  Add, from bn2 and block1.relu2"
    assert not any("Operation" in line for line in lines)


def test_what_is_counted_is_said(run):
    _, out, _ = run("summary", "lenet")
    for word in ("Parameters", "MACs", "taps on padding included, biases not", "Field", "not counted, which is not 0"):
        assert word in out


def test_json(run):
    status, out, err = run("summary", "alexnet", "--format", "json")
    record = json.loads(out)
    assert (status, err) == (0, "")
    assert record["model"] == "alexnet"
    assert record["input_shape"] == [3, 227, 227]
    assert record["layers"][0]["connections"] == 105_705_600
    assert {key: record["totals"][key] for key in ("params", "trainable_params", "macs", "flops")} == {
        "params": 62_378_344,
        "trainable_params": 62_378_344,
        "macs": 1_135_256_096,
        "flops": 2_270_512_192,
    }


def test_csv(run):
    status, out, _ = run("summary", "lenet", "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(out)))
    assert status == 0
    assert len(lines) == 12
    assert (
        lines[0]
        | {
            "model": "lenet",
            "name": "conv1",
            "output_shape": "6x28x28",
            "kernel": "5x5",
            "padding_after": "2x2",
            "params": "156",
            "macs": "117600",
            "connections": "122304",
            "receptive_field": "5x5",
        }
        == lines[0]
    )
    assert (lines[1]["macs"], lines[1]["params"], lines[-1]["receptive_field"]) == ("", "0", "")


def test_markdown(run):
    status, out, _ = run("summary", "lenet", "--format", "markdown")
    tables = [line for line in out.splitlines() if line.startswith("|")]
    assert status == 0
    assert len({len(line) for line in tables[:15]}) == 1
    assert "`(5*5*1 + 1) * 6`" in out
    assert "**61,706**" in out


def test_latex(run):
    status, out, _ = run("summary", "lenet5-1998", "--format", "latex", "--columns", "params,macs,useful")
    lines = out.splitlines()
    assert status == 0
    assert lines[1] == r"\begin{tabular}{lrrr}"
    assert r"  C1 & 156 & 117,600 & 117,600 \\" in lines
    assert r"  total & 60,000 & 325,680 & 325,680 \\" in lines
    assert r"_" not in run("summary", "resnet20", "--format", "latex")[1].replace(r"\_", "")


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_chosen_columns_are_never_cut(run, columns):
    status, out, err = run("summary", "alexnet", "--columns", "all", "--batch", "128", columns=columns)
    assert (status, err) == (0, "")
    assert "…" not in out
    line = next(line for line in out.splitlines() if line.startswith("conv2 "))
    for word in (
        "Conv2D 5x5, padding 2",
        "96x27x27",
        "256x27x27",
        "614,656",
        "(5*5*96 + 1) * 256",
        "447,897,600",
        "408,969,216",
        "895,795,200",
        "448,084,224",
        "729.0 KiB",
        "91.1 MiB",
        "51",
        "8",
    ):
        assert word in line


def test_batch(run):
    record = json.loads(run("summary", "lenet", "--batch", "100", "--format", "json")[1])
    assert record["training"]["activation_bytes"] == 100 * (4 * 784 + record["totals"]["activation_bytes"])
    assert record["layers"][0]["training_bytes"] == 100 * record["layers"][0]["activation_bytes"]
    assert "100 images, all of:" in run("summary", "lenet", "--batch", "100")[1]


def test_depth(run):
    out = run("summary", "resnet50", "--depth", "1")[1]
    assert "174 layers, in 10 rows" in out
    assert next(line for line in out.splitlines() if line.startswith("stage3 ")).split()[1:6] == [
        "Block,",
        "62",
        "layers",
        "1024x14x14",
        "7,098,368",
    ]
    assert len(json.loads(run("summary", "resnet50", "--depth", "0", "--format", "json")[1])["layers"]) == 1
    assert len(run("summary", "resnet50", "--depth", "1", "--format", "csv")[1].splitlines()) == 11


def test_what_is_in_no_sum_is_named(run):
    assert "Not counted: 4 ReLU, 2 MaxPool2D, 1 Flatten" in run("summary", "lenet")[1]


def test_check(run):
    status, out, err = run("summary", "lenet5-1998", "--check")
    assert (status, err) == (0, "")
    line = next(line for line in out.splitlines() if line.startswith("connections "))
    assert line.split()[1:] == ["340,908", "340,908"]
    assert "all 61 numbers of 14 layers agree" in out
    record = json.loads(run("summary", "lenet", "--compare", "vgg11", "--check", "--format", "json")[1])["models"][1]["check"]
    assert (record["width"], record["differences"]) == (1 / 16, [])
    assert record["totals"]["macs"]["formula"] == record["totals"]["macs"]["counted"] == 35_043_328


def test_check_that_fails(run, monkeypatch):
    from minicnn.layers import Cost, Linear

    monkeypatch.setattr(Linear, "cost", lambda self, inputs, outputs: Cost(macs=1, connections=1))
    status, out, _ = run("summary", "lenet", "--check")
    assert status == 1
    assert "fc1: MACs" in out
    assert "numbers differ" in out
    assert run("summary", "lenet", "--check", "--format", "csv")[0] == 1


def test_input_and_classes(run):
    record = json.loads(run("summary", "lenet", "--input", "3x32x32", "--classes", "100", "--format", "json")[1])
    assert record["input_shape"] == [3, 32, 32]
    assert record["layers"][-1]["output_shape"] == [100]


def test_width(run):
    record = json.loads(run("summary", "vgg16", "--width", "0.125", "--format", "json")[1])
    assert [layer["output_shape"][0] for layer in record["layers"] if layer["type"] == "Conv2D"][:3] == [8, 8, 16]
    assert record["layers"][-1]["output_shape"] == [1000]


def test_buffers_are_shown_apart(run):
    _, out, _ = run("summary", "resnet20")
    assert "5.4 KiB buffers" in out
    assert "are buffers, not parameters" in out
    assert "KiB buffers" not in run("summary", "lenet")[1]
    record = json.loads(run("summary", "resnet20", "--format", "json")[1])
    assert (record["totals"]["params"], record["totals"]["buffers"]) == (269_722, 1_376)
    assert (record["layers"][1]["name"], record["layers"][1]["params"], record["layers"][1]["buffers"]) == ("bn1", 32, 32)
    lines = list(csv.DictReader(io.StringIO(run("summary", "resnet20", "--format", "csv")[1])))
    assert (lines[1]["params"], lines[1]["params_formula"], lines[1]["buffers"], lines[1]["macs"]) == ("32", "2 * 16", "32", "")


def test_a_network_that_does_not_fit_says_what_would(run):
    status, out, err = run("summary", "unet-same", "--input", "1x572x572")
    assert (status, out) == (1, "")
    assert "an input of 560 x 560 or 576 x 576" in err


def test_compare(run):
    status, out, _ = run("summary", "alexnet", "--compare", "lenet")
    assert status == 0
    assert out.splitlines()[0].split() == ["alexnet", "lenet"]
    assert next(line.split()[1:] for line in out.splitlines() if line.startswith("Parameters ")) == ["62,378,344", "61,706"]
    records = json.loads(run("summary", "alexnet", "--compare", "lenet", "--format", "json")[1])
    assert [record["model"] for record in records["models"]] == ["alexnet", "lenet"]


def test_compare_in_every_format(run):
    def compared(form):
        status, out, err = run("summary", "AlexNet", "LeNet", "--compare", "--format", form)
        assert (status, err) == (0, "")
        return out

    lines = compared("table").splitlines()
    table = {line[:18].strip(): line[18:].split() for line in lines[2 : lines.index("")]}
    assert table["Input"] == ["3x227x227", "1x28x28"]
    markdown = [[cell.strip() for cell in line.strip("|").split("|")] for line in compared("markdown").splitlines() if line[:1] == "|"]
    assert markdown[0] == ["", "alexnet", "lenet"]
    latex = [line[2:].removesuffix(r" \\").split(" & ") for line in compared("latex").splitlines() if " & " in line]
    assert latex[0] == ["", "alexnet", "lenet"]
    assert latex[1:] == markdown[2:]
    words = {name: [" ".join(line[: len(line) // 2]), " ".join(line[len(line) // 2 :])] for name, line in table.items()}  # "238.0 MiB"
    assert {name.removeprefix("- "): values for name, *values in latex[1:]} == words
    alexnet, lenet = csv.DictReader(io.StringIO(compared("csv")))
    assert (alexnet["model"], alexnet["params"], alexnet["params_of_convolution"]) == ("alexnet", "62378344", "3747200")
    assert (lenet["input"], lenet["layers"], lenet["parameter_bytes"], lenet["largest_field"]) == ("1x28x28", "12", "246824", "16x16")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("summary", "alexnett"), 1, "Error: there is no network called 'alexnett' in the zoo: did you mean alexnet"),
        (("summary", "lenet", "--input", "1x8x8"), 1, "Error: conv2 ('Conv2D', 5x5, padding 0) needs at least 5 rows, but gets 4"),
        (("summary", "lenet", "--input", "28"), 1, "Error: conv1 ('Conv2D', 5x5, padding 2) needs an input of channels x rows x columns"),
        (("summary", "lenet", "--input", "1x0x8"), 2, "'1x0x8' is not an input like 3x224x224"),
        (("summary", "lenet", "--input", "1x²x8"), 2, "is not an input like 3x224x224"),
        (("summary", "lenet", "--input", "x" * 99), 2, "is not an input like 3x224x224"),
        (("summary", "lenet", "--width", "0"), 2, "0 is not in the range x>0"),
        (("summary", "lenet5-1998", "--width", "2"), 1, "Error: lenet5-1998: width is 2.0, but it has one width only"),
        (("summary", "inception-3a", "--classes", "5"), 1, "Error: inception-3a: classes is 5, but a block has none"),
        (("summary", "lenet", "--classes", "0"), 2, "0 is not in the range x>=1"),
        (("summary", "lenet", "alexnet"), 2, "side by side: minicnn summary lenet --compare alexnet"),
        (("summary", "lenet", "alexnet", "--compare", "--columns", "macs"), 2, "a comparison has no columns"),
        (("summary",), 2, "Missing argument"),
        (("summary", "lenet", "--columns", "macs,size"), 1, "Error: there is no column called 'size'"),
        (("summary", "lenet", "--columns", "parms"), 1, "Error: there is no column called 'parms': did you mean params?"),
        (("summary", "lenet", "--batch", "0"), 2, "0 is not in the range x>=1"),
        (("summary", "lenet", "--format", "xml"), 2, "'xml' is not one of"),
    ],
)
def test_errors_are_words(run, arguments, status, words):
    code, out, err = run(*arguments)
    assert (code, out) == (status, "")
    assert words in err
    assert "Traceback" not in err


def test_the_zoo(run):
    status, out, _ = run("zoo", columns=80)
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    line = next(line for line in out.splitlines() if line.startswith("alexnet"))
    assert line.split()[1:6] == ["2012", "3x227x227", "1,000", "62,378,344", "1,135,256,096"]
    for columns in (None, 80, 100, 120):
        assert "ImageNet Classification with Deep Convolutional Neural" in run("zoo", columns=columns)[1]
    records = {record["name"]: record for record in json.loads(run("zoo", "--format", "json")[1])}
    assert (records["inception-3a"]["classes"], records["inception-3a"]["output_shape"]) == (None, [256, 28, 28])
    assert next(line.split()[3] for line in out.splitlines() if line.startswith("inception-3a ")) == "-"
    assert (records["lenet"]["params"], records["lenet"]["macs"], records["lenet"]["year"]) == (61_706, 416_520, 1998)


def command(*arguments, **environment):
    """Run the command in a process of its own, its output in a pipe: bytes."""
    done = subprocess.run(
        [sys.executable, "-c", "from minicnn.cli.main import main; main()", *arguments],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    assert done.stderr == b""
    return done.stdout


def test_a_stream_without_unicode_gets_ascii():
    out = command("summary", "alexnet", PYTHONIOENCODING="ascii")
    assert out.isascii()
    assert b"62,378,344" in out


def test_a_reader_that_has_enough_is_no_error():
    program = f"'{sys.executable}' -c 'from minicnn.cli.main import main; main()' summary alexnet; echo $? >&2"
    done = subprocess.run(["sh", "-c", f"({program}) | head -1"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("alexnet")
    assert done.stderr == "0\n"


def test_colour_only_where_it_is_wanted():
    assert b"\x1b" not in command("summary", "lenet")
    assert b"\x1b" not in command("summary", "lenet", NO_COLOR="1", TERM="xterm-256color")
    assert b"\x1b[" in command("summary", "lenet", FORCE_COLOR="1", TERM="xterm-256color")


@pytest.mark.parametrize("arguments", [("summary", "alexnet"), ("zoo",), ("summary", "lenet", "--format", "json")])
def test_nothing_heavy_is_imported(arguments):
    """A summary starts in the time that Python, click and Rich need: no compiler, and not even NumPy."""
    program = "import sys; from minicnn.cli.main import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "minicnn.zoo" in loaded
    assert not loaded & {"numba", "llvmlite", "numpy", "torch", "safetensors", "minicnn.kernels", "minicnn.engine", "minicnn.train"}
