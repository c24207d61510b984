"""`minicnn train`: what it writes where, in every form, and how it stops and goes on."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

import minicnn
from minicnn.cli import options
from minicnn.cli.following import continuation
from minicnn.cli.render import training as text
from minicnn.cli.render.live import COMPILING, LiveProgress
from minicnn.optimizers import OPTIMIZERS, USUAL
from minicnn.storage import load_arrays
from minicnn.train import SCHEDULES, EpochRecord, ProgressRecord, StartRecord, settings

PROGRAM = [sys.executable, "-c", "from minicnn.cli.main import main; main()"]
EPOCH_KEYS = [
    "event",
    "epoch",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "seconds",
    "images_per_second",
    "learning_rate",
    "metrics",
]
FILES = ["best.safetensors", "checkpoint.safetensors", "history.jsonl", "run.json"]


def events(out):
    return [json.loads(line) for line in out.splitlines()]


def tensors(path):
    return {name: array.tobytes() for name, array in load_arrays(path)[0].items()}


def test_in_a_pipe_a_line_an_epoch(cli):
    status, out, err = cli("train", "lenet", "--epochs", 2, "--threads", 1)
    first, second, last = out.splitlines()
    assert status == 0
    assert re.fullmatch(
        r"epoch 1/2  loss \d\.\d{4}  accuracy \d+\.\d\d %  test loss \d\.\d{4}  test accuracy \d+\.\d\d %"
        r"  \d+\.\d\d s  [\d,]+ images/s",
        first,
    )
    assert second.startswith("epoch 2/2")
    assert re.fullmatch(r"test accuracy \d+\.\d\d % after 2 epochs(, at best .* after 1)?; \d+\.\d s; runs/lenet-digits-1", last)
    heading = [line for line in err.splitlines() if line != COMPILING]
    assert heading[0] == "lenet on digits: 1,438 training images, 359 test images, 1x8x8, scaled to 1x28x28"
    assert heading[1].startswith("61,706 parameters; sgd, rate 0.05 (one-cycle), momentum 0.9")
    assert heading[1].endswith("seed 0; 1 thread")


def test_json_lines_and_nothing_else(cli, tmp_path):
    status, out, err = cli("train", "lenet", "--epochs", 2, "--format", "json", "--seed", 5, "--augment", "shift")
    start, *epochs, end = events(out)
    assert status == 0
    assert err in ("", f"{COMPILING}\n")
    assert (start["event"], start["network"], start["out"], start["first_epoch"]) == ("start", "lenet", "runs/lenet-digits-1", 1)
    assert start["compile_seconds"] > 0
    assert start["settings"] | {"epochs": 2, "seed": 5, "augment": "shift=2", "schedule": "one-cycle"} == start["settings"]
    assert start["data"] | {"name": "digits", "train_images": 1438, "test_images": 359, "image_shape": [1, 8, 8]} == start["data"]
    assert set(start["versions"]) == {"minicnn", "python", "numpy", "numba", "llvmlite"}
    assert [list(epoch) for epoch in epochs] == [EPOCH_KEYS] * 2
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert (end["event"], end["out"], end["test_accuracy"]) == ("end", "runs/lenet-digits-1", epochs[-1]["test_accuracy"])
    assert [each["metrics"] for each in (*epochs, end)] == [{"accuracy": each["test_accuracy"]} for each in (*epochs, end)]
    assert (end["kept_epoch"], start["settings"]["select_on_test"]) == (2, False)
    folder = tmp_path / "runs" / "lenet-digits-1"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert events((folder / "history.jsonl").read_text()) == epochs
    assert json.loads((folder / "run.json").read_text())["settings"] == start["settings"]


def test_quiet_leaves_the_last_line(cli):
    status, out, err = cli("train", "lenet", "--epochs", 3, "--quiet")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"test accuracy [^\n]*; runs/lenet-digits-1\n", out)
    status, out, err = cli("train", "lenet", "--epochs", 3, "--quiet", "--format", "json")
    assert (status, err) == (0, "")
    assert [event["event"] for event in events(out)] == ["end"]


def test_every_run_gets_a_folder_of_its_own(cli, tmp_path):
    for number in (1, 2):
        assert events(cli("train", "lenet", "--epochs", 1, "--quiet", "--format", "json")[1])[0]["out"] == f"runs/lenet-digits-{number}"
    assert cli("train", "lenet", "--epochs", 1, "--quiet", "--out", tmp_path / "deep" / "mine")[0] == 0
    assert sorted(path.name for path in (tmp_path / "deep" / "mine").iterdir()) == FILES


def test_the_digits_are_learnt(cli):
    """What README's first command promises, with its default settings."""
    status, out, _ = cli("train", "lenet", "--format", "json")
    epochs, end = events(out)[1:-1], events(out)[-1]
    assert (status, len(epochs)) == (0, settings.DEFAULT_EPOCHS_OF_FEW_IMAGES)
    assert end["test_accuracy"] >= 0.97


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(cli, tmp_path):
    for threads in (1, 2):
        assert cli("train", "lenet", "--epochs", 1, "--quiet", "--threads", threads, "--out", tmp_path / str(threads))[0] == 0
    assert tensors(tmp_path / "1" / "best.safetensors") == tensors(tmp_path / "2" / "best.safetensors")


def test_equal_runs_in_two_processes_give_equal_files(tmp_path):
    for name in ("one", "two"):
        environment = {**os.environ, "PYTHONHASHSEED": {"one": "1", "two": "2"}[name]}
        subprocess.run([*PROGRAM, "train", "lenet", "--epochs", "2", "--quiet", "--out", name], cwd=tmp_path, env=environment, check=True)
    digests = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / name).iterdir()} for name in ("one", "two")
    ]
    assert sorted(digests[0]) == FILES
    assert {name for name in FILES if digests[0][name] != digests[1][name]} <= {"history.jsonl"}  # there the clock has its say


def test_a_second_process_on_a_run_is_told_and_readers_are_not_kept_away(cli, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    with subprocess.Popen(
        [*PROGRAM, "train", "--resume", "run", "--epochs", "100000", "--format", "json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout.readline().startswith(b'{"event": "start"')
            status, out, err = cli("train", "--resume", "run")
            assert (status, out) == (1, "")
            assert err.startswith("Error: run is in use by another run\n  wait for it to end")
            assert cli("evaluate", "run")[0] == 0
        finally:
            process.kill()


def test_held_out_images(cli):
    status, out, _ = cli("train", "lenet", "--epochs", 2, "--validation", 0.25, "--format", "json")
    start, first, second, end = events(out)
    assert status == 0
    assert (start["data"]["train_images"], start["data"]["validation_images"], start["data"]["test_images"]) == (1078, 360, 359)
    assert first["evaluated_on"] == second["evaluated_on"] == "validation"
    assert end["best_accuracy"] == max(first["test_accuracy"], second["test_accuracy"])
    assert (end["test_accuracy"] * 359) == pytest.approx(round(end["test_accuracy"] * 359))  # of the test images, looked at once
    _, out, err = cli("train", "lenet", "--epochs", 2, "--validation", 0.25)
    assert "validation accuracy" in out.splitlines()[0]
    assert re.match(r"test accuracy .* with the weights of epoch \d of 2, .* on held-out images; ", out.splitlines()[-1])
    assert "1,078 training images, 360 held out, 359 test images" in err


def test_the_test_images_choose_the_weights_only_when_asked(cli, tmp_path):
    arguments = ("train", "lenet", "--epochs", 6, "--learning-rate", 0.2, "--schedule", "constant", "--format", "json")
    kept = {}
    for option in ((), ("--select-on-test",)):
        start, *epochs, end = events(cli(*arguments, *option, "--out", "_".join(("run", *option)))[1])
        best = max(epochs, key=lambda epoch: (epoch["test_accuracy"], -epoch["test_loss"]))["epoch"]
        kept[option] = end["kept_epoch"]
        assert start["settings"]["select_on_test"] is bool(option)
        assert end["test_accuracy"] == epochs[end["kept_epoch"] - 1]["test_accuracy"]
        told = json.loads(cli("evaluate", "_".join(("run", *option)), "--format", "json")[1])
        assert (told["epoch"], told["accuracy"]) == (end["kept_epoch"], end["test_accuracy"])
    assert best != 6
    assert kept == {(): 6, ("--select-on-test",): best}
    out = cli(*arguments[:-2], "--select-on-test", "--out", "again")[1]
    assert f" with the weights of epoch {best} of 6, chosen by the test images; " in out
    status, _, err = cli("train", "lenet", "--select-on-test", "--validation", "0.1")
    assert (status, err.splitlines()[0]) == (1, "Error: the weights are chosen by held-out images or by the test images, not by both")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--optimizer", "adam", "--learning-rate", "0.002"),
        ("--schedule", "step"),
        ("--schedule", "plateau", "--augment", "shift=1,scale=0.1"),
        ("--momentum", "0", "--weight-decay", "0", "--batch-size", "50"),
    ],
)
def test_settings_reach_the_run(cli, arguments):
    status, out, _ = cli("train", "lenet", "--epochs", 1, "--format", "json", *arguments)
    recorded = events(out)[0]["settings"]
    assert status == 0
    for option, value in zip(arguments[::2], arguments[1::2], strict=True):
        wanted = value
        got = recorded[option.removeprefix("--").replace("-", "_")]
        assert got == type(got)(wanted)


def test_a_network_that_does_not_learn_is_warned_of(cli):
    status, out, err = cli("train", "lenet", "--epochs", 2, "--learning-rate", 1e-9, "--quiet", "--format", "json")
    line = (
        "lenet has not learnt: its training loss is 2.299 after 2 epochs, and that of a constant guess 2.302;"
        " try its recipe, sgd with a learning rate of 0.05 or a learning rate above 1e-09"
    )
    assert (status, err) == (0, f"Warning: {line}\n")
    assert events(out)[-1]["warning"] == line


def test_a_network_that_does_not_learn_is_warned_of_once_and_before_the_end(cli):
    status, out, err = cli("train", "mnist1d-cnn", "--epochs", 8, "--optimizer", "sgd", "--learning-rate", 1e-9, "--format", "json")
    assert status == 0
    assert err.count("Warning") == 1
    assert "mnist1d-cnn has not learnt: " in err
    assert " after 4 epochs, " in err  # 128 updates
    assert " after 8 epochs, " in events(out)[-1]["warning"]


def test_a_network_that_learns_is_not_warned_of(cli):
    _, out, err = cli("train", "lenet", "--epochs", 4, "--format", "json")
    assert (events(out)[-1]["warning"], err) == (None, "")


def test_going_on_in_the_same_folder(cli, tmp_path, trained):
    shutil.copytree(trained, tmp_path / "run")
    status, out, _ = cli("train", "--resume", "run", "--epochs", 6, "--format", "json")
    start, *epochs, end = events(out)
    assert (status, start["first_epoch"], [epoch["epoch"] for epoch in epochs], end["epochs"]) == (0, 5, [5, 6], 6)
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 6
    status, out, err = cli("train", "lenet", "--resume", "run", "--format", "json")
    assert (status, [event["event"] for event in events(out)]) == (0, ["start", "end"])
    assert "all 6 epochs are done; to continue, give a larger --epochs" in err


def test_ctrl_c_stops_and_resume_ends_with_the_same_bits(cli, tmp_path):
    arguments = ["lenet", "--epochs", "120", "--format", "json", "--augment", "shift"]
    process = subprocess.Popen(
        [*PROGRAM, "train", *arguments, "--out", "broken", "--threads", "2"],
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert any('"epoch": 2' in line for line in process.stdout), process.stderr.read()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert events(out)[-1] == {"event": "stopped", "epoch": events(out)[-1]["epoch"], "out": "broken"}
    assert "finishing the current batches" in err
    assert err.endswith("saved in broken\ncontinue with: minicnn train --resume broken\n")
    assert "Traceback" not in err
    assert "test_accuracy" not in events(out)[-1]

    assert cli("train", "--resume", "broken", "--quiet", "--threads", 1)[0] == 0
    assert cli("train", *arguments, "--quiet", "--out", "whole", "--threads", 1)[0] == 0
    for name in ("best.safetensors", "checkpoint.safetensors"):
        assert tensors(tmp_path / "broken" / name) == tensors(tmp_path / "whole" / name), name
    timeless = [
        [
            {key: value for key, value in line.items() if key not in ("seconds", "images_per_second")}
            for line in events((tmp_path / run / "history.jsonl").read_text())
        ]
        for run in ("broken", "whole")
    ]
    assert timeless[0] == timeless[1]


def test_ctrl_c_while_compiling_ends_at_once_and_leaves_nothing(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    process = subprocess.Popen(
        [*PROGRAM, "train", "lenet"], cwd=tmp_path, text=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr.readline() == f"{COMPILING}\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")
    assert not list((tmp_path / "runs").iterdir())


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    """In this process, by the functions the signal calls: a run that never ends its batches."""
    from minicnn.cli.interrupts import Interrupts

    called = []
    before = signal.getsignal(signal.SIGINT)
    with Interrupts(lambda: called.append("leave")) as interrupts:
        interrupts.ask_for(lambda: called.append("stop"))
        signal.raise_signal(signal.SIGINT)
        assert called == ["stop"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert called == ["stop"]
    assert signal.getsignal(signal.SIGINT) is before


RECORD = EpochRecord(12, 0.12345, 0.98765, 0.23456, 0.97531, 1.234, 48_627.3, 0.0375)


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (120, ["Epoch", "Train loss", "accuracy", "Test loss", "accuracy", "Rate", "Images/s", "Seconds"]),
        (74, ["Epoch", "Train loss", "accuracy", "Test loss", "accuracy", "Rate", "Images/s", "Seconds"]),
        (73, ["Epoch", "Train loss", "accuracy", "Test loss", "accuracy", "Images/s", "Seconds"]),
        (40, ["Epoch", "accuracy", "Test loss", "accuracy"]),
        (10, ["Epoch", "accuracy"]),
    ],
)
def test_the_table_drops_columns_where_there_is_no_room(width, headings):
    table = text.columns("Test", 40, width)
    assert [column.heading for column in table] == headings
    header, rule = text.header_row(table).plain.splitlines()
    row = text.epoch_row(table, RECORD).plain
    assert len(header) == len(rule) == len(row)
    assert len(row) <= max(width, 15)
    assert row.split()[0] == "12/40"
    assert "97.53 %" in row


def test_a_row_of_the_table():
    assert text.epoch_row(text.columns("Test", 40, 80), RECORD).plain.split() == [
        "12/40",
        "0.1235",
        "98.77",
        "%",
        "0.2346",
        "97.53",
        "%",
        "0.0375",
        "48,627",
        "1.23",
    ]
    best = text.epoch_row(text.columns("Test", 40, 80), RECORD, best=True)
    assert [best.plain[span.start : span.end] for span in best.spans] == ["97.53 %"]


def test_the_device_that_is_asked_for_computes(cli, monkeypatch):
    asked = []

    class AskedError(Exception):
        pass

    def trainer(*_, device, **settings):
        asked.append(device)
        raise AskedError

    monkeypatch.setattr(minicnn.engine, "checked_device", lambda name: f"{name}:0")
    monkeypatch.setattr(minicnn.train, "Trainer", trainer)
    with pytest.raises(AskedError):
        cli("train", "lenet", "--device", "cuda")
    assert asked == ["cuda:0"]


@pytest.mark.parametrize(
    ("device", "ranks", "where", "launch", "option"),
    [
        ("cpu", None, "2 threads", "", ""),
        ("cuda:1", None, "cuda:1", "", " --device cuda:1"),
        ("cpu", SimpleNamespace(size=4, kind="data"), "4 ranks of 2 threads", "mpiexec -n 4 ", ""),
        ("cpu", SimpleNamespace(size=2, kind="model"), "2 ranks of 2 threads", "mpiexec -n 2 ", " --parallel model"),
    ],
)
def test_a_run_says_where_it_is_computed(trained, device, ranks, where, launch, option):
    description = json.loads((trained / "run.json").read_text()) | {"device": device} | ({"ranks": ranks.size} if ranks else {})
    heading = text.heading(description, StartRecord(4, 1438, 359, 128, 2, 61_706, 0.1, 1)).plain
    assert heading.endswith(f"; seed 0; {where}")
    folder = SimpleNamespace(path=Path("a run"))
    run = SimpleNamespace(folder=folder, trainer=SimpleNamespace(device=device, ranks=ranks))
    assert continuation(run) == f"continue with: {launch}minicnn train --resume 'a run'{option}"


def test_the_table_of_held_out_images_fits_eighty_columns():
    assert [column.heading for column in text.columns("Validation", 99, 80)][-1] == "Seconds"


def test_absurd_losses_stay_short():
    assert [text.format_loss(loss) for loss in (None, 0.0, 2.30259, 999.9, 1e18)] == ["-", "0.0000", "2.3026", "999.9000", "1e+18"]
    assert [text.format_duration(seconds) for seconds in (0.04, 59.9, 61, 3725)] == ["0.0 s", "59.9 s", "1:01", "1:02:05"]


def drawn(view, width=80):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(view.picture())
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_live_view(width, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    view = LiveProgress(Console(file=io.StringIO(), width=width, force_terminal=True))
    assert drawn(view).split()[1:] == ["preparing"]
    now[0] += 3
    assert drawn(view).split()[1:] == [*COMPILING.split(), "3", "s"]
    view.start(StartRecord(4, 1000, 100, 100, 2, 61_706, 3.0, 1), "Test")
    assert drawn(view).strip() == ""
    view.move(ProgressRecord(1, 100, 1000, 2.3, 0.1, 0.5))
    now[0] += 2
    view.move(ProgressRecord(1, 500, 1000, 1.5, 0.625, 2.0))
    row, bar = drawn(view, width).splitlines()
    assert row.split()[0] == "1/4"
    assert "62.50 %" in row
    assert max(len(row), len(bar.rstrip())) <= width
    assert bar.split()[:2] == ["epoch", "1/4"]
    assert bar.split()[-4:] == ["50%", "14.0", "s", "left"]  # 500 images in 2 s, 3,500 to go
    view.stop()
    assert drawn(view, 100).startswith("finishing the current batches, then saving")


def test_a_warning_stands_above_what_moves():
    screen = io.StringIO()
    view = LiveProgress(Console(file=screen, width=80, force_terminal=True))
    with view:
        view.warn("net has not learnt")
    assert "Warning: net has not learnt" in screen.getvalue()


def on_a_terminal(arguments, folder, stdout=None, **environment):
    """Run the command with a pseudo-terminal of 80 columns: (exit status, what the screen got, what stdout got if it is a pipe)."""
    import pty

    here, there = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR", "LINES")}
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=kept | {"TERM": "xterm-256color", "COLUMNS": "80", **environment},
        stdin=there,
        stdout=there if stdout is None else stdout,
        stderr=there,
    )
    os.close(there)
    shown = b""
    try:
        while chunk := os.read(here, 65536):
            shown += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(here)
    piped = process.stdout.read().decode() if process.stdout else ""
    if process.stdout:
        process.stdout.close()
    return process.wait(timeout=60), shown.decode(environment.get("PYTHONIOENCODING", "utf-8")), piped


def screen_lines(screen):
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen))


no_pty = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")


@no_pty
@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"PYTHONIOENCODING": "ascii"}], ids=["plain", "no colour", "ascii"])
def test_on_a_terminal_a_table_grows(tmp_path, environment):
    status, screen, _ = on_a_terminal(["train", "lenet", "--epochs", "3"], tmp_path, **environment)
    assert status == 0
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h") == 1  # the cursor is given back
    assert ("\x1b[1;32m" in screen) is ("NO_COLOR" not in environment)
    lines = screen_lines(screen)
    assert any(" ".join(line.split()) == "Epoch Train loss accuracy Test loss accuracy Rate Images/s Seconds" for line in lines)
    for epoch in (1, 2, 3):
        assert sum(line.strip().startswith(f"{epoch}/3") and " - " not in line for line in lines) == 1, epoch
    assert any(line.startswith("test accuracy ") for line in lines)
    assert any(line == "see its mistakes: minicnn evaluate runs/lenet-digits-1" for line in lines)


@no_pty
def test_with_stdout_in_a_pipe_the_bar_stays_on_the_terminal(tmp_path):
    status, screen, piped = on_a_terminal(["train", "lenet", "--epochs", "3"], tmp_path, subprocess.PIPE)
    assert status == 0
    assert [line.split("  ")[0] for line in piped.splitlines()[:3]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert "\x1b" not in piped
    assert any(line.startswith("lenet on digits: 1,438 training images") for line in screen_lines(screen))
    assert "test accuracy" not in screen


@no_pty
def test_json_on_a_terminal_is_json_alone(tmp_path):
    status, screen, _ = on_a_terminal(["train", "lenet", "--epochs", "2", "--format", "json"], tmp_path)
    lines = [line for line in screen.splitlines() if line != COMPILING]
    assert (status, [json.loads(line)["event"] for line in lines]) == (0, ["start", "epoch", "epoch", "end"])


def test_help_tells_the_defaults_that_are_used(cli):
    _, out, _ = cli("train", "--help")
    words = " ".join(out.split())
    for default in (
        settings.DEFAULT_DATA,
        f"{settings.DEFAULT_EPOCHS_OF_FEW_IMAGES} for few images, {settings.DEFAULT_EPOCHS} for many",
        str(settings.DEFAULT_BATCH_SIZE),
        USUAL.kind,
        settings.DEFAULT_SCHEDULE,
        f"{settings.DEFAULT_OPTIMIZERS['sgd'].momentum:g}",
        ", ".join(f"{each.learning_rate:g} for {name}" for name, each in settings.DEFAULT_OPTIMIZERS.items()),
        ", ".join(f"{each.weight_decay:g} for {name}" for name, each in settings.DEFAULT_OPTIMIZERS.items()),
    ):
        assert f"[default: (recipe, else {default})" in words, default


def test_the_choices_are_those_there_are():
    assert set(ours(OPTIMIZERS)) == set(options.OPTIMIZERS)
    assert tuple(ours(SCHEDULES)) == options.SCHEDULES


def ours(kinds):
    """Names without those that other tests have registered."""
    return [name for name, kind in kinds.items() if kind.__module__.startswith("minicnn.")]


def test_help_starts_no_compiler():
    program = "import sys; from minicnn.cli.main import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    for verb in ("train", "evaluate", "predict", "doctor"):
        done = subprocess.run([sys.executable, "-c", program, verb, "--help"], capture_output=True, text=True, check=True)
        assert not set(done.stderr.split()) & {"numba", "llvmlite", "numpy", "rich"}, verb


def test_weights_start_as_said_and_a_resumed_run_starts_from_the_same(cli, tmp_path):
    out = tmp_path / "run"
    assert cli("train", "lenet", "--init", "glorot", "--epochs", 1, "--out", out, "--quiet")[0] == 0
    assert json.loads((out / "run.json").read_text())["settings"]["init"] == "glorot-uniform"
    assert cli("train", "--resume", out, "--epochs", 2, "--quiet")[0] == 0
    status, _, err = cli("train", "lenet", "--init", "glorto", "--epochs", 1)
    assert status == 1
    assert err.startswith("Error: train: init 'glorto' is not known: did you mean glorot")
