"""The page of a run: everything is in it, nothing in it comes from a file as HTML, and it is the same every time."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import minicnn
from minicnn.cli.commands.report import repeating, unsaid
from minicnn.cli.main import main
from minicnn.datasets import load
from minicnn.report import gather, page
from minicnn.train import RunFolder, RunSettings

VOID = ("meta", "link", "img", "br")


class Outline(HTMLParser):
    """Tags that are open at the end, headings, and all text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.tags, self.text = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)
        self.text.append(data)


@pytest.fixture(scope="module")
def lenet_page(lenet_run):
    found = gather(RunFolder.open(lenet_run), load("digits", "test"))
    return found, page(found, ["minicnn train lenet"])


def test_every_part_is_there_with_the_figures_of_the_run(lenet_page):
    found, text = lenet_page
    outline = Outline(text)
    assert outline.open == []
    assert outline.headings == [
        "Curves",
        "Class by class",
        "The first test images",
        "Worst mistakes",
        "Looking inside",
        "Network",
        "Settings",
        "Environment",
        "How to repeat it",
    ]
    words = " ".join(outline.text)
    assert not {"freeze", "weights", "loss settings", "()", "{}"} & set(outline.text)
    last = json.loads((Path(found.run) / "history.jsonl").read_text().splitlines()[-1])
    assert f"recognises {100 * last['test_accuracy']:.2f} % of 359 test images after 2 epochs of training on 1,438 images" in words
    assert f"{last['test_loss']:.4f}" in words
    for expected in (
        found.description["data"]["train_sha256"],
        found.description["versions"]["numba"],
        "61,706",
        "(5*5*1 + 1) * 6",
        "Filters of conv1",
    ):
        assert expected in words
    cells = re.findall(r'<td class="[rwn]\w*">([\d,]+)</td>', text)
    assert sum(int(cell) for cell in cells) == 359
    assert len(cells) == 100


def test_the_same_run_gives_the_same_page(lenet_page):
    found, text = lenet_page
    assert page(found, ["minicnn train lenet"]) == text


def test_the_page_loads_nothing_and_runs_nothing(lenet_page):
    _, text = lenet_page
    assert {link.partition(":")[0] for link in re.findall(r'(?:src|href)="([^"#][^"]*)"', text)} == {"data"}
    assert "default-src 'none'" in text
    assert not {"script", "iframe", "object", "embed"} & set(Outline(text).tags)
    assert not re.search(r"@import|url\((?!#)", text)


def test_nothing_from_a_file_becomes_markup(made_run):
    text = page(gather(RunFolder.open(made_run[0].path), made_run[1]))
    outline = Outline(text)
    assert outline.open == []
    assert not {"script", "b", "i", "u"} & set(outline.tags)
    assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', text))
    assert not any(letter in text for letter in "\x1b\x00")


def test_each_kind_of_answer_has_its_own_figures(made_run):
    run, data = made_run
    found = gather(RunFolder.open(run.path), data)
    text = page(found)
    headings = Outline(text).headings
    said = {"class": "recognises", "mask": "mean IoU", "boxes": "Average precision", "numbers": "What was said"}
    assert said[data.target] in text
    assert ("Class by class" in headings) == (data.target != "numbers")
    assert text.count("<img") >= 10  # filters, maps, first images
    assert ("Left: what is right" in text) == (data.target in ("mask", "boxes"))


def test_a_run_on_other_images_says_so(lenet_run):
    other = load("digits", "test").subset(slice(40))
    text = page(gather(RunFolder.open(lenet_run), other))
    assert "These are not the test images of the run." in text
    assert other.digest in text


def test_a_damaged_history_leaves_gaps(lenet_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(lenet_run, folder)
    first, second = (folder / "history.jsonl").read_text().splitlines()
    broken = json.loads(second) | {"test_loss": float("nan"), "metrics": "none", "train_loss": "<b>"}
    (folder / "history.jsonl").write_text(f"{first}\n{{\n{json.dumps(broken)}\n[]\n{second[:30]}\n")
    found = gather(RunFolder.open(folder), load("digits", "test").subset(slice(40)))
    assert len(found.history) == 2
    assert Outline(page(found)).open == []
    (folder / "history.jsonl").write_text("")
    assert "holds no epoch" in page(gather(RunFolder.open(folder), load("digits", "test").subset(slice(40))))


def report(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["report", *map(str, arguments)])
    return stopped.value.code, *capsys.readouterr()


def test_the_command_writes_the_page_and_says_how_to_repeat_it(lenet_run, tmp_path, capsys):
    status, out, err = report(capsys, lenet_run, "--out", tmp_path / "page.html")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"\S*page.html: \d+ kB, open it in a browser\n", out)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    (train, again) = Outline(text[text.index("<pre>") : text.index("</pre>") + 6]).text[0].splitlines()
    assert again == "minicnn report again"
    assert train.startswith(
        "minicnn train lenet --data digits --epochs 2 --batch-size 128 --optimizer sgd --learning-rate 0.05 --momentum 0.9"
    )
    assert "--seed 0 --out again" in train
    assert "Not said by these options" not in text


def test_the_command_on_the_page_repeats_the_run_to_the_bit(lenet_run, tmp_path, capsys, monkeypatch):
    report(capsys, lenet_run, "--out", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    command = re.search(r"<code>minicnn (train .*)", text)[1].split()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main([*command, "--quiet"])
    assert (tmp_path / "again" / "best.safetensors").read_bytes() == (lenet_run / "best.safetensors").read_bytes()


def test_every_setting_that_an_option_says_is_in_the_command():
    said = {"augment": "shift=2,rotate=10", "validation": 0.25, "patience": 3, "warmup": 0.5, "clip_norm": 1.5, "ema": 0.99, "seed": 3}
    recipe = minicnn.zoo.find("lenet").recipe
    settings = RunSettings.completed({"network": "lenet", "data": "digits", "nesterov": True, **said}, 1000, recipe)
    command = repeating(settings, "cuda")
    for name, value in {**said, "device": "cuda"}.items():
        place = command.index(f"--{name.replace('_', '-')}")
        assert command[place + 1] == str(value)
    assert "--nesterov" in command
    assert unsaid(settings, command, 1000) == []
    more = {"freeze": ("conv*", "fc1"), "loss": "SoftmaxCrossEntropy", "label_smoothing": 0.1, "init": "glorot", "weights": "first"}
    settings = RunSettings.completed({"network": "lenet", "data": "digits", **more}, 1000, recipe)
    command = repeating(settings)
    assert [command[n + 1] for n, word in enumerate(command) if word == "--freeze"] == ["conv*", "fc1"]
    assert command[command.index("--label-smoothing") + 1] == "0.1"
    assert unsaid(replace(settings, weights_sha256="0" * 64), command, 1000) == []
    assert unsaid(replace(settings, size="9x9"), repeating(replace(settings, size="9x9")), 1000) == ["size"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--out", "page.txt"), "page.txt does not end in .html"), (("--data", "cells"), "cells"), (("--data", "no-such"), "no-such")],
)
def test_what_cannot_be_is_one_line(lenet_run, tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    status, out, err = report(capsys, lenet_run, *arguments)
    assert (status, out) == (1, "")
    assert words in err.splitlines()[0]
    assert not list(tmp_path.glob("*.html"))
