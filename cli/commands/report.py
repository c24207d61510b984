"""`minicnn report RUN --out report.html`: a run as one page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minicnn.cli.echo import echo
from minicnn.cli.options import data_dir_option, device_option, own_option

if TYPE_CHECKING:
    from minicnn.train import RunSettings


@click.command()
@click.argument("run")
@click.option("--out", metavar="FILE.html", show_default="report.html in the folder of RUN", help="Where to write the page.")
@click.option("--data", metavar="DATA|PATH", help="Other test images with the same classes, as for 'minicnn evaluate'.")
@data_dir_option
@own_option
@device_option
def report(run: str, out: str | None, data: str | None, data_dir: str | None, device: str) -> None:
    """Write a page about RUN: curves, confusion matrix, filters, feature maps, worst mistakes, settings, and how to repeat it.

    RUN is a run folder.  The page is one file that loads nothing from elsewhere: it can be read offline, sent, and printed.
    """
    from minicnn.cli.data_choice import data_name
    from minicnn.datasets import load
    from minicnn.engine import checked_device
    from minicnn.errors import SettingError
    from minicnn.report import gather, page
    from minicnn.storage import atomic_write
    from minicnn.train import RunFolder, RunSettings, load_trained

    device = checked_device(device)
    folder = RunFolder.open(run)
    path = Path(out).expanduser() if out else folder.path / "report.html"
    if path.suffix.lower() not in (".html", ".htm"):
        raise SettingError(f"report: {path} does not end in .html, but the page is HTML\n  use {path.with_suffix('.html')}")
    settings = RunSettings.from_json(folder.read_description().get("settings"), str(folder.path), to_train=False)
    shape = load_trained(folder.best_path).image_shape
    name = data_name(data, data_dir, settings.data)
    where = data_dir or (settings.data_dir if name == settings.data else None)
    images = load(name, "test", where, shape[1:] if len(shape) == 3 else None)  # type: ignore[arg-type]
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting

    with Waiting(stderr_console(), "answers, mistakes, filters"):
        found = gather(folder, images, device)
    train_images = found.part("data").get("train_images")
    again = repeating(settings, found.description.get("device"))
    differing = unsaid(settings, again, train_images if isinstance(train_images, int) else 1)
    given = [*(["--data", data] if data else []), *(["--data-dir", data_dir] if data_dir else [])]
    commands = [["minicnn", *again, "--out", "again"], ["minicnn", "report", "again", *given]]
    text = page(found, [shlex.join(each) for each in commands], differing)
    with atomic_write(path, "w") as file:
        file.write(text)
    echo(f"{path}: {len(text.encode()) / 1e3:,.0f} kB, open it in a browser")


def repeating(settings: RunSettings, device: object = "cpu") -> list[str]:
    """The command that trains with these settings, every one of them said."""
    from minicnn.cli.commands.train import train

    loss = settings.loss
    own = {"loss": loss.get("type"), "label_smoothing": loss.get("label_smoothing") or None}
    said: dict[str, Any] = {**settings.to_json(), **settings.optimizer_settings, **own}
    words = ["train", settings.network]
    for option in train.params:
        value = said.get(option.name or "")
        if not isinstance(option, click.Option) or nothing(option.name, value):
            continue
        for each in value if isinstance(value, tuple | list) else (value,):
            words += [option.opts[-1]] if option.is_flag else [option.opts[-1], repr(each) if isinstance(each, float) else str(each)]
    return [*words, "--device", device] if isinstance(device, str) and device != "cpu" else words


def nothing(name: str | None, value: object) -> bool:
    """Whether a setting is left out: it was not given, or is what an option cannot say."""
    return value is None or value is False or value in ("", (), []) or (value == 0 and name in ("validation", "warmup"))


def unsaid(settings: RunSettings, command: list[str], train_images: int) -> list[str]:
    """Settings that the command does not repeat, because no option says them: from the recipe of another network, as a rule."""
    from minicnn.cli.commands.train import train
    from minicnn.cli.network_choice import find
    from minicnn.cli.recipe_choice import chosen_recipe
    from minicnn.errors import MinicnnError
    from minicnn.train import RunSettings

    try:
        given = dict(train.make_context("train", command[1:]).params)
        recipe = chosen_recipe(find(given["network"]), given.pop("recipe"))
        given["freeze"] = given["freeze"] or None
        for name in ("out", "resume", "device", "threads", "form", "quiet", "repeat"):
            given.pop(name, None)
        repeated = RunSettings.completed(given, train_images, recipe).to_json()
        repeated["weights_sha256"] = settings.weights_sha256  # found again with the weights
    except (MinicnnError, click.ClickException):
        return ["network"]
    return [name for name, value in settings.to_json().items() if repeated.get(name) != value]
