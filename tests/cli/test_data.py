"""`minicnn data` as a user runs it: what lands on stdout, what on stderr, and the exit status."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from minicnn.charts import samples
from minicnn.cli.main import main
from minicnn.cli.render import data as render
from minicnn.datasets import catalog, load, names, store
from minicnn.datasets.catalog import RemoteFile
from minicnn.datasets.idx import write_idx
from minicnn.datasets.store import Progress


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINICNN_DATA_HOME", str(tmp_path / "home"))
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(["data", *arguments])
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return call


def write_pair(folder: Path, count: int = 3) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_idx(folder / "train-images-idx3-ubyte", np.full((count, 28, 28), 128, np.uint8))
    write_idx(folder / "train-labels-idx1-ubyte", np.arange(count, dtype=np.uint8))


def test_list_has_every_data_set_on_one_line(run):
    status, out, err = run("list")
    assert (status, err) == (0, "")
    for name in names():
        (line,) = [line for line in out.splitlines() if line.split()[:1] == [name]]
        assert catalog.record(name).licence in line
        assert ("minicnn data get " + name if catalog.record(name).files else catalog.record(name).origin) in line


def test_list_as_json(run):
    status, out, err = run("list", "--format", "json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert (status, err, tuple(rows)) == (0, "", names())
    assert rows["mnist"]["input_shape"] == [1, 28, 28]
    assert rows["mnist"]["download_bytes"] == 11_594_722
    assert rows["mnist"]["where"] is None
    assert rows["digits"]["where"] == "embedded"


def test_list_of_a_folder_that_is_not_there(run, tmp_path):
    status, out, err = run("list", "--data-dir", str(tmp_path / "absent"))
    assert (status, out, err) == (1, "", f"Error: there is no folder {tmp_path / 'absent'}\n")


def test_show_draws_and_counts(run):
    status, out, err = run("show", "digits", "--count", "3")
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0] == "digits (train): 1,438 images 1x8x8 uint8, embedded"
    assert lines[2].split("  ")[:1] == ["0 (#0)"]
    assert [line[:8] for line in lines[3:7]] == ["  +%+=. ", " :%. ++ ", " -+  *= ", " .*+*-  "]
    assert any(line.split() == ["9", "9", "144"] for line in lines)


def test_show_of_a_folder(run, tmp_path):
    write_pair(tmp_path / "mnist")
    status, out, _ = run("show", "mnist", "--data-dir", str(tmp_path), "--index", "1", "--count", "9", "--format", "json")
    shown = json.loads(out)
    assert status == 0
    assert (shown["images"], shown["class_counts"][:4], shown["origin"]) == (3, [1, 1, 1, 0], str(tmp_path / "mnist"))
    assert shown["samples"] == [{"index": 1, "label": 1}, {"index": 2, "label": 2}]
    assert shown["sha256"] == load("mnist", folder=tmp_path).digest


def test_show_past_the_end(run):
    status, out, err = run("show", "digits", "--split", "test", "--index", "359")
    assert (status, out) == (1, "")
    assert err == "Error: data show: --index is 359, but the last image of digits (test) has index 358\n"


def test_show_of_what_is_not_here(run):
    status, out, err = run("show", "mnist")
    assert (status, out) == (1, "")
    assert err.startswith("Error: mnist (train) is not here: run 'minicnn data get mnist'")


@pytest.mark.parametrize("verb", ["show", "get"])
def test_an_unknown_name(verb, run):
    status, out, err = run(verb, "mnst")
    assert (status, out) == (1, "")
    assert err.startswith("Error: no data set is called 'mnst': did you mean mnist?\n")


def test_get_of_what_needs_no_download(run):
    assert run("get", "digits") == (0, "", "digits is embedded: there is nothing to download\n")


def test_get_prints_the_folder_and_tells_progress_on_stderr(run, home, monkeypatch):
    content = bytes(200_000)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    files = (RemoteFile("file.gz", len(content), hashlib.sha256(content).hexdigest(), (url,)),)
    monkeypatch.setitem(catalog.RECORDS, "kmnist", dataclasses.replace(catalog.record("kmnist"), files=files))
    monkeypatch.setenv("no_proxy", "*")
    try:
        status, out, err = run("get", "kmnist")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert (status, out) == (0, f"{home / 'kmnist'}\n")
    assert err == "file.gz: receiving 0.2 MB\nfile.gz: whole, SHA-256 as published\n"
    assert (home / "kmnist" / "file.gz").read_bytes() == content


def test_an_interrupted_get_exits_with_130(run, monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "fetch_file", interrupt)
    assert run("get", "mnist")[0] == 130


def terminal(**settings: object) -> Console:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    return Console(file=stream, force_terminal=True, width=80, highlight=False, markup=False, **settings)


def printed(console: Console) -> str:
    console.file.flush()
    return console.file.buffer.getvalue().decode()  # type: ignore[attr-defined]


def test_half_blocks_carry_two_pixels_each():
    picture = np.array([[[1, 2, 3]], [[4, 5, 6]], [[7, 8, 9]]], np.uint8)
    console = terminal(color_system="truecolor")
    assert render.can_draw_blocks(console)
    console.print(render.draw_blocks(picture))
    text = printed(console)
    assert text.count("▀") == 2
    assert "38;2;1;2;3;48;2;4;5;6" in text
    assert "38;2;7;8;9;48;2;0;0;0" in text  # an odd row is followed by black


@pytest.mark.parametrize("settings", [{"no_color": True, "color_system": "truecolor"}, {"color_system": None}])
def test_without_colour_there_is_ascii(settings):
    console = terminal(**settings)
    assert not render.can_draw_blocks(console)
    console.print(render.samples(load("digits"), range(2), console))
    assert printed(console).isascii()


def test_ascii_goes_from_space_to_at():
    ramp = np.repeat(np.linspace(0, 255, 10).round().astype(np.uint8), 3).reshape(1, 10, 3).repeat(3, axis=0)
    first, second = str(render.draw_ascii(ramp)).splitlines()
    assert first == render.RAMP
    assert second[-1] == "="  # half of full ink: the other half is beyond the last row


def test_a_signal_becomes_a_curve():
    pictures = samples.to_pictures(np.array([[[-1.0, 0.0, 1.0]]], np.float32))
    assert pictures.shape == (1, samples.SIGNAL_ROWS, 3, 3)
    assert np.argmax(pictures[0, :, :, 0], axis=0).tolist() == [15, 7, 0]
    assert (pictures[0, :, :, 0] > 0).sum(axis=0).tolist() == [1, 1, 1]


def test_a_colour_image_keeps_its_channels():
    image = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(1, 3, 4, 5)
    np.testing.assert_array_equal(samples.to_pictures(image)[0, 2, 3], image[0, :, 2, 3])


def test_the_grid_is_as_wide_as_the_terminal():
    console = terminal(color_system="truecolor")
    console.print(render.samples(load("digits"), range(20), console))
    plain = [line for line in printed(console).splitlines() if "#" in line]
    assert [line.count("(#") for line in plain] == [8, 8, 4]  # 8 pixels and 2 of gap: 8 in 80 columns


def test_bars_on_a_terminal_end_full():
    console = terminal(color_system="truecolor")
    with render.DownloadView(console) as view:
        view(Progress("file.gz", 0, 1000))
        view(Progress("file.gz", 500, 1000, "trying [again]"))
        view(Progress("file.gz", 1000, 1000))
    assert "trying [again]" in printed(console)
    assert "1.0/1.0 kB" in printed(console)


@pytest.mark.parametrize("width", [80, 200])
def test_the_table_shows_every_name_and_figure_whole(width):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    render.print_catalog(console, [(record, "") for record in catalog.RECORDS.values()])
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in text
    assert all(name in text for name in names())
    assert "240,000+40,000" in text
    assert "Apache-2.0" in text
    assert max(map(len, text.splitlines())) <= width
    assert ("minicnn data get DATA" in text) == (width == 80)


@pytest.mark.parametrize(("width", "on_terminal"), [(80, True), (40, True), (80, False)])
def test_a_long_path_is_folded_on_a_terminal_and_never_cut(width, on_terminal):
    console = Console(file=io.StringIO(), width=width, force_terminal=on_terminal, color_system=None)
    path = "/somewhere/" + "deep/" * 20
    render.print_catalog(console, [(catalog.record("mnist1d"), path)])
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in text
    assert text.count("/") == path.count("/")
    assert "4,000+1,000" in text
    assert (path in text) == (width == 40 or not on_terminal)


def test_show_draws_images_before_and_after_augmentation(cli):
    status, out, err = cli("data", "show", "digits", "--count", 3, "--augment", "elastic,rotate=10")
    assert (status, err) == (0, "")
    before, after = out.split("augmented by rotate=10, elastic=34:4:")
    captions = [line for line in before.splitlines() if "(#0)" in line]
    assert captions == [line for line in after.splitlines() if "(#0)" in line]
    assert before.splitlines()[3:15] != after.splitlines()[3:15]
    assert cli("data", "show", "digits", "--augment", "elastics")[0] != 0


@pytest.mark.parametrize(("name", "heading", "key"), [("cells", "Pixels", "shares"), ("digit-scenes", "Objects", "boxes")])
def test_masks_and_boxes_are_shown_over_their_images(cli, monkeypatch, name, heading, key):
    monkeypatch.setenv("COLUMNS", "60")
    status, out, err = cli("data", "show", name, "--split", "test", "--count", 1, "--augment", "scale")
    assert status == 0, err
    assert heading in out
    assert "\u2026" not in out  # nothing is cut
    assert out.count("#0") == 2  # as it is, and augmented
    status, out, err = cli("data", "show", name, "--split", "test", "--count", 1, "--format", "json")
    assert status == 0, err
    (sample,) = json.loads(out)["samples"]
    assert sample["index"] == 0
    assert sample[key]
