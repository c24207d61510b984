"""NAME as a Python file and as a run: trained, resumed without running code, shown and drawn."""

import json

import numpy as np
import pytest

from minicnn.storage import load_arrays

BLOCK = "L.Sequential(L.Conv2D(4, 3), L.ReLU(), L.Dropout(0.2), L.MaxPool2D(2), L.Flatten(), L.Linear({}))"
HEAD = "import minicnn\nfrom minicnn import layers as L\n"
FUNCTION = f"{HEAD}def network(classes, input_shape, seed):\n    return {BLOCK.format('classes')}\n"
GRAPH = f"{HEAD}network = minicnn.Graph({BLOCK.format(10)}, (1, 8, 8))\n"
LAYER = f"{HEAD}network = {BLOCK.format(10)}\n"
OWN = f"""{HEAD}
class Doubled(L.Layer):
    def output_shape(self, shape):
        return shape

    def forward(y, x):
        N, F = x.shape
        for n in range(N):
            for f in range(F):
                y[n, f] = 2 * x[n, f]

    def backward(dx, dy):
        N, F = dy.shape
        for n in range(N):
            for f in range(F):
                dx[n, f] = 2 * dy[n, f]

network = L.Sequential(L.Flatten(), Doubled(), L.Linear(10))
"""


def arrays(folder, file="best"):
    return load_arrays(folder / f"{file}.safetensors")[0]


@pytest.mark.parametrize("text", [FUNCTION, GRAPH, LAYER], ids=["function", "graph", "layer"])
def test_what_a_file_defines_is_trained_and_resumed_without_the_file(cli, tmp_path, text):
    (tmp_path / "net.py").write_text(text)
    status, _, err = cli("train", "net.py", "--epochs", 3, "--out", "whole", "--seed", 3)
    assert status == 0, err
    assert cli("train", "net.py", "--epochs", 2, "--out", "parts", "--seed", 3, "--schedule", "constant", "--quiet")[0] == 0
    assert cli("train", "net.py", "--epochs", 3, "--out", "again", "--seed", 3, "--schedule", "constant", "--quiet")[0] == 0
    (tmp_path / "net.py").unlink()
    status, _, err = cli("train", "--resume", "parts", "--epochs", 3)
    assert status == 0, err
    for name, array in arrays(tmp_path / "again").items():
        np.testing.assert_array_equal(array, arrays(tmp_path / "parts")[name], err_msg=name)
    assert cli("evaluate", "parts")[0] == 0


def test_the_architecture_of_a_run_is_trained_anew_for_other_classes_too(cli, tmp_path):
    (tmp_path / "net.py").write_text(FUNCTION)
    assert cli("train", "net.py", "--epochs", 1, "--out", "first", "--quiet")[0] == 0
    assert cli("train", "first", "--epochs", 1, "--out", "same", "--quiet")[0] == 0
    for name, array in arrays(tmp_path / "first").items():
        np.testing.assert_array_equal(array, arrays(tmp_path / "same")[name], err_msg=name)
    pictures = np.random.default_rng(0).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "three.npz", x_train=pictures, y_train=np.arange(40) % 3, x_test=pictures[:9], y_test=np.arange(9) % 3)
    status, _, err = cli("train", "first", "--data", "three.npz", "--epochs", 1, "--out", "other", "--quiet")
    assert status == 0, err
    assert arrays(tmp_path / "other")["fc1.weight"].shape[0] == 3


def test_a_stopped_run_says_whether_it_needs_the_file_again(cli, tmp_path, monkeypatch):
    from minicnn.train import Run

    records = Run.records

    def stopping(self):
        self.trainer.stop()
        for record in records(self):
            self.trainer.stop()
            yield record

    monkeypatch.setattr(Run, "records", stopping)
    for text, file in ((OWN, "own.py "), (LAYER, "")):
        (tmp_path / "own.py").write_text(text)
        folder = f"run{len(file)}"
        status, _, err = cli("train", "own.py", "--epochs", 2, "--out", folder)
        assert (status, err.splitlines()[-1]) == (130, f"continue with: minicnn train {file}--resume {folder}")


def test_layers_of_ones_own_need_their_file_again(cli, tmp_path, monkeypatch):
    from minicnn.layers.registry import TYPES

    (tmp_path / "own.py").write_text(OWN)
    assert cli("train", "own.py", "--epochs", 1, "--out", "run", "--quiet")[0] == 0
    monkeypatch.delitem(TYPES, "Doubled")  # as in another process
    status, _, err = cli("train", "--resume", "run", "--epochs", 2)
    assert status == 1
    assert err.startswith("Error: the network own cannot be built from what its run recorded: there is no layer called 'Doubled'")
    assert "give their file again: minicnn train FILE.py --resume DIR" in err
    assert cli("train", "own.py", "--resume", "run", "--epochs", 2, "--quiet")[0] == 0
    (tmp_path / "own.py").write_text(OWN.replace("L.Linear(10)", "L.Linear(20), L.ReLU(), L.Linear(10)"))
    status, _, err = cli("train", "own.py", "--resume", "run", "--epochs", 3)
    assert (status, err.splitlines()[0]) == (1, "Error: own.py has changed: its network is not the one that the run was started with")


def test_summary_and_draw_take_files_and_runs(cli, tmp_path, trained):
    (tmp_path / "net.py").write_text(FUNCTION)
    shown = json.loads(cli("summary", "net.py", "--input", "1x8x8", "--classes", 7, "--format", "json")[1])
    assert (shown["model"], shown["layers"][-1]["output_shape"]) == ("net", [7])
    assert json.loads(cli("summary", trained, "--format", "json")[1])["totals"]["params"] == 61_706
    assert cli("draw", "net.py", "--input", "1x8x8", "--classes", 7)[:2] == (0, "net.svg: 6 layers\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("netwrok = 1", "net.py defines no network: did you mean netwrok?"),
        ("network = 1", "net.py: network is 1, but must be a Graph, a layer or a block, or a function (classes, input_shape, seed)"),
        ("def network(classes):\n    return 1", "net.py: network() returns 1, but must return a Graph, a layer or a block"),
        ("def network(width):\n    return 1", "net.py: network(width) needs width, which has no default"),
        ("def network():\n    return 1 / 0", "net.py: network() raises ZeroDivisionError: division by zero (line 2: return 1 / 0)\n"),
        ("1 / 0", "net.py raises ZeroDivisionError: division by zero (line 1: 1 / 0)\n"),
        (LAYER.replace("L.Linear(10)", "L.ReLU()").replace("4, 3", "4, 3, groups=5"), "net.py raises"),
    ],
)
def test_a_file_without_a_network_says_what_is_missing(cli, tmp_path, text, words):
    (tmp_path / "net.py").write_text(text)
    status, out, err = cli("train", "net.py", "--epochs", 1)
    assert (status, out) == (1, "")
    assert err.startswith(f"Error: {words}")


def test_a_name_that_is_nothing(cli, trained):
    assert "Error: there is no network called 'lenett' in the zoo: did you mean lenet?" in cli("train", "lenett")[2]
    assert cli("train", "none.py")[2] == "Error: there is no file none.py\n"
    assert cli("train", "runs/none")[2].startswith("Error: there is no run folder runs/none")


FIELDS = """{}
from dataclasses import dataclass
import numpy as np
from minicnn import layers as L
from minicnn.losses import Loss
from minicnn.optimizers import Optimizer
from minicnn.train import Schedule
from minicnn.train.augmentation import Change


@dataclass(frozen=True)
class Times(L.Layer):
    by: float = 2.0

    def forward(y, x, by):
        for i in range(x.size):
            y.flat[i] = by * x.flat[i]

    def backward(dx, dy, by):
        for i in range(dy.size):
            dx.flat[i] = by * dy.flat[i]


class Steps(Optimizer):
    def update(weight, gradient, learning_rate, weight_decay, share):
        for i in range(weight.size):
            weight[i] -= learning_rate * share * (gradient[i] + weight_decay * weight[i])

    learning_rate: float = 0.01
    share: float = 0.5


class Halves(Schedule):
    by: float = 2.0

    def factor(self, epoch, part, epochs, history):
        return 1.0 / self.by


class Dim(Change):
    share: float = 0.5

    def loop(y, x, share):
        for i in range(x.size):
            y.flat[i] = share * x.flat[i]


network = L.Sequential(L.Flatten(), {}L.Linear(10))
"""


@pytest.fixture
def own_settings():
    """Forgets them: other tests walk over all that are known."""
    from minicnn.layers.registry import TYPES
    from minicnn.optimizers import OPTIMIZERS
    from minicnn.train.augmentation import CHANGES
    from minicnn.train.schedule import SCHEDULES

    def forget():
        for kinds, name in ((TYPES, "Times"), (OPTIMIZERS, "steps"), (SCHEDULES, "halves"), (CHANGES, "dim")):
            kinds.pop(name, None)

    yield forget
    forget()


@pytest.mark.parametrize("head", ["", "from __future__ import annotations"], ids=["annotations", "annotations as text"])
def test_classes_with_fields_are_defined_in_a_file(cli, tmp_path, own_settings, head):
    (tmp_path / "own.py").write_text(FIELDS.format(head, "Times(3.0), "))
    status, _, err = cli("train", "own.py", "--epochs", 1, "--quiet", "--out", "run")
    assert status == 0, err


def test_a_run_with_layers_of_a_file_is_used_with_it(cli, tmp_path, own_settings):
    (tmp_path / "own.py").write_text(FIELDS.format("", "Times(3.0), "))
    assert cli("train", "own.py", "--epochs", 1, "--quiet", "--out", "run")[0] == 0
    np.save(tmp_path / "one.npy", np.zeros((8, 8), np.uint8))
    for words in (("evaluate", "run"), ("predict", "run", "one.npy"), ("report", "run"), ("show", "run", "--what", "maps")):
        own_settings()
        err = cli(*words)[2]
        assert "there is no layer called 'Times'" in err, words
        assert "--own FILE.py" in err, words
        status, _, err = cli(*words, "--own", "own.py")
        assert status == 0, (words, err)
    assert cli("evaluate", "run", "--own", "none.py")[2] == "Error: there is no file none.py\n"


def test_an_optimizer_a_schedule_and_a_change_of_a_file_are_options_of_its_runs(cli, tmp_path, own_settings):
    (tmp_path / "own.py").write_text(FIELDS.format("", ""))
    said = ("--optimizer", "steps", "--schedule", "halves", "--augment", "dim")
    status, _, err = cli("train", *said, "own.py", "--epochs", 1, "--quiet", "--out", "run")
    assert status == 0, err
    assert cli("lr-find", "own.py", "--optimizer", "steps", "--updates", 10)[0] == 0
    assert "Error: optimizer 'stesp' is not one of " in cli("train", "own.py", "--optimizer", "stesp")[2]
    assert "Invalid value for '--optimizer'" in cli("train", "lenet", "--optimizer", "steps")[2]
    own_settings()
    for words in (("compare", "run"), ("evaluate", "run"), ("report", "run", "--out", "page.html")):
        status, _, err = cli(*words)
        assert status == 0, (words, err)
    status, _, err = cli("train", "--resume", "run", "--epochs", 2)
    assert (status, err.splitlines()[0]) == (1, "Error: run: there is no optimizer 'steps'")
    assert "give its file again: minicnn train FILE.py --resume DIR" in err
    assert cli("train", "own.py", "--resume", "run", "--epochs", 2, "--quiet")[0] == 0


@pytest.mark.parametrize(
    ("option", "word", "needed"),
    [("optimizer", "steps", "own.py"), ("schedule", "halves", "own.py"), ("augment", "dim", "own.py"), ("optimizer", "adam", "")],
)
def test_what_continues_a_run_names_the_file_that_it_needs(tmp_path, own_settings, monkeypatch, option, word, needed):
    from minicnn.cli import run_making
    from minicnn.train import RunFolder

    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(FIELDS.format("", ""))
    given = dict.fromkeys(("data_dir", "data", "freeze", "weights", "recipe"), None) | {"epochs": 1, option: word}
    run = run_making.begun(run_making.chosen("own.py", given), RunFolder.create("run"), "cpu", 1)
    assert run_making.own_file(run.trainer, "own.py", run.settings) == needed
