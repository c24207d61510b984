"""`minicnn predict RUN IMAGE...`: what a trained network says of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minicnn.cli.echo import echo, echo_error, json_text
from minicnn.cli.options import device_option, format_option, own_option, weights_path
from minicnn.errors import MinicnnError, SettingError

if TYPE_CHECKING:
    import numpy as np

    from minicnn.train import Answer, Guess, TrainedNetwork, View


@click.command()
@click.argument("run")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--raw", is_flag=True, help="Take images as they are: they are light on black, cut out and scaled already.")
@click.option("--resize", is_flag=True, help="Stretch images of other sizes to that of the training images.")
@click.option("--invert", is_flag=True, help="Swap light and dark: for dark ink on paper, where the training images are light on black.")
@click.option(
    "--score",
    type=click.FloatRange(0, 1),
    metavar="X",
    show_default="0.15, in JSON all",
    help="Show boxes with a score from X on.",
)
@click.option("--out", metavar="FILE.svg|FOLDER", help="Draw the answers over the images: into one file, or a file for each in a folder.")
@own_option
@device_option
@format_option
def predict(
    run: str,
    images: tuple[str, ...],
    raw: bool,
    resize: bool,
    invert: bool,
    score: float | None,
    out: str | None,
    device: str,
    form: str,
) -> None:
    """Say what the network of RUN sees in images: classes, the class of every pixel, boxes, or numbers, as it was trained.

    RUN is a run folder, a best.safetensors taken from one, or a network saved from Python after training.  IMAGE is a PNG,
    JPEG, PGM or .npy file, in the size of the training images or of the network's input; a network of convolutions alone that
    gives masks or boxes takes any size.  Images that cannot be used are reported, the others answered; the exit status is 1 then.

    A network that was trained on MNIST (from whatever file), QMNIST or EMNIST takes a picture of any sheet with one digit or letter, dark
    on light or light on dark: it is prepared like the training images, and shown as the network saw it.  With --raw it is not.  One that
    was trained on a folder scales and cuts pictures of other sizes as it did those.

    Boxes are given as x,y of the left upper corner and width x height, in pixels of the image.
    """
    from minicnn.engine import checked_device
    from minicnn.train import answer_kind, handwriting_kind, load_trained

    device = checked_device(device)
    if out is not None:
        check_out(out)
    trained = load_trained(weights_path(run))
    kind = answer_kind(trained.loss, trained.net.output_shape)
    prepares = not raw and kind == "class" and handwriting_kind(trained) is not None
    if prepares and (resize or invert):
        echo(f"Warning: images are prepared like those of {trained.data}: --resize and --invert are for --raw", err=True)
    views: dict[int, View] = {}  # by their position among the images
    originals: dict[int, np.ndarray] = {}
    faults: dict[int, MinicnnError] = {}
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import Waiting, each_of

    for place, name in enumerate(each_of(stderr_console(), images)):
        try:
            originals[place], views[place] = read(trained, name, kind, prepares, resize, invert)
        except MinicnnError as error:
            echo_error(str(error))
            faults[place] = error
    from minicnn.cli.render import prediction as render

    pixels = {place: each.pixels for place, each in views.items()}
    found: dict[int, Any] = {}
    if views:
        with Waiting(stderr_console(), f"{len(views):,} image{'s' * (len(views) > 1)}"):
            found = dict(zip(views, told(trained, kind, list(views.values()), device), strict=True))
    names = trained.class_names
    tiles = {place: render.tile(images[place], originals[place], answer, names, score) for place, answer in found.items()}
    if out is not None and tiles:
        for path in render.write_tiles(out, tiles, names):
            echo(f"wrote {path}", err=True)
    if form == "json":
        records = {place: render.as_json(answer, names, score) for place, answer in found.items()}
        if prepares:
            records = {place: record | {"seen": pixels[place][0].tolist()} for place, record in records.items()}
        lines = [{"image": name, **({"error": faults[n].headline} if n in faults else records[n])} for n, name in enumerate(images)]
        echo(json_text(lines))
    elif found:
        from minicnn.cli.render.console import stdout_console

        console, answered = stdout_console(), [images[place] for place in found]
        if kind == "class":
            render.print_predictions(console, answered, list(found.values()), [pixels[place] for place in found] if prepares else None)
        else:
            render.print_answers(console, list(tiles.values()), list(found.values()), names, score)
    if faults:
        click.get_current_context().exit(1)


def check_out(out: str) -> None:
    """A SettingError unless drawings can be written so: into FILE.svg, or a folder."""
    path = Path(out).expanduser()
    if path.suffix and path.suffix.lower() != ".svg" and not path.is_dir():
        raise SettingError(f"predict: {path} is neither a folder nor ends in .svg, as drawings do\n  use {path.with_suffix('.svg')}")


def told(trained: TrainedNetwork, kind: str, views: list[View], device: str) -> Sequence[Answer | list[Guess]]:
    """What the network says of each: its most probable classes, or another answer."""
    from minicnn.train import answers, guesses

    if kind == "class":
        return guesses(trained, [each.pixels for each in views], device=device)
    return answers(trained, views, device=device)


def read(trained: TrainedNetwork, name: str, kind: str, prepares: bool, resize: bool, invert: bool) -> tuple[np.ndarray, View]:
    """An image file as it is, and as the network gets it."""
    from minicnn.datasets.pictures import read_picture
    from minicnn.train import View, fit_picture, looks_inverted, prepare_picture, view

    picture = read_picture(name, contrasting=prepares)
    if prepares:
        return picture, View.whole(prepare_picture(trained, picture, name))
    if kind in ("mask", "boxes") or None in trained.net.input_shape:
        seen = view(trained, picture, name, resize, invert)
    else:
        seen = View.whole(fit_picture(trained, picture, name, resize, invert))
    if looks_inverted(trained, seen.pixels):
        fix = "leave out --invert" if invert else "use --invert"
        echo(f"Warning: {name} seems to be inverted compared with {trained.data}: {fix}", err=True)
    return picture, seen
