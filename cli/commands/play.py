"""`minicnn play [NETWORK|RUN]`: the loops of a network in one page that a browser opens, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minicnn.cli.echo import echo
from minicnn.cli.options import data_dir_option
from minicnn.errors import SettingError

if TYPE_CHECKING:
    from minicnn.datasets import Dataset
    from minicnn.network import Graph
    from minicnn.trained_on import TrainedOn


@click.command()
@click.argument("network", metavar="[NETWORK|RUN]", default="lenet")
@click.option(
    "--data", metavar="DATA|PATH", show_default="that of the run or recipe, else digits", help="What it is trained on in the page."
)
@data_dir_option
@click.option("--variant", metavar="FILE.py:NAME", help="A convolution of your own, made by kernels.variant, for the first room.")
@click.option("--out", metavar="FILE", show_default="minicnn-NAME.html", help="Where the page is written.")
@click.option("--no-open", is_flag=True, help="Write it, and do not open a browser.")
def play(network: str, data: str | None, data_dir: str | None, variant: str | None, out: str | None, no_open: bool) -> None:
    """Write a page where NETWORK runs and trains in the browser, and open it; lenet if none is named.

    NETWORK is one of the zoo, or a run (a folder, or its best.safetensors), whose weights are in the page then.  The page is one file: it
    loads nothing, sends nothing, and works from a disk.
    """
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting
    from minicnn.page.tasks import image_task, point_task, signal_task
    from minicnn.page.write import page
    from minicnn.storage import atomic_write

    net, known, train, test = chosen(network, data, data_dir)
    path = Path(out or f"minicnn-{net.name}.html").expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise SettingError(f"play: {path} does not end in .html, but the page is HTML\n  use {path.with_suffix('.html')}")
    own = own_variant(variant) if variant else None
    with Waiting(stderr_console(), "images, loops, page"):
        tasks = {net.name: image_task(net, train, test, known)}
        if net.name != "mnist1d-cnn":
            tasks["signals"] = signal_task()
        tasks["points"] = point_task()
        text = page(f"minicnn: {net.name}", tasks, own)
    with atomic_write(path, "w") as file:
        file.write(text)
    echo(f"{path}: {len(text.encode()) / 1e3:,.0f} kB, {'open it in a browser' if no_open else 'opened in the browser'}")
    if not no_open:
        click.launch(path.absolute().as_uri())


def chosen(word: str, data: str | None, data_dir: str | None) -> tuple[Graph, TrainedOn | None, Dataset, Dataset]:
    """A network, what it was trained on, and images for it."""
    from minicnn.cli.data_choice import data_name, load_both, of_training
    from minicnn.cli.network_choice import find
    from minicnn.cli.weights_choice import is_saved, saved
    from minicnn.train.settings import DEFAULT_DATA, default_data

    if is_saved(word):
        net = saved(word)
        known = net.trained_on
        where = of_training(word, known.data, data, data_dir) if known else (data_name(data, data_dir, DEFAULT_DATA), data_dir)
        return net, known, *load_both(*where, net.input_shape)
    entry = find(word)
    train, test = load_both(data_name(data, data_dir, default_data(entry.recipe)), data_dir, entry.input_shape)
    shape = (train.input_shape[0], *entry.input_shape[1:]) if entry.input_shape else train.input_shape
    return entry.build(len(train.classes), shape), None, train, test


def own_variant(word: str) -> dict[str, Any]:
    """What FILE.py:NAME says, compiled: a `kernels.Variant`."""
    from minicnn.cli.python_file import own_value
    from minicnn.kernels import Variant
    from minicnn.page.build.variant import variant_assets

    found = own_value(word, Variant, "a convolution made by kernels.variant")
    file = Path(word.rpartition(":")[0])
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting

    with Waiting(stderr_console(), f"compiling {word}"):
        return variant_assets(found, file.read_text(encoding="utf-8"))
