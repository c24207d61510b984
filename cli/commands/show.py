"""`minicnn show RUN`: look into a network: its filters, what it makes of a picture, which pixels an answer hangs on."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from minicnn.cli.echo import echo
from minicnn.cli.mistakes import Choice
from minicnn.cli.options import data_dir_option, own_option
from minicnn.errors import SettingError, suggestion

if TYPE_CHECKING:
    import numpy as np

    from minicnn.charts import Figure, Picture
    from minicnn.cli.picture_choice import Pictures
    from minicnn.cli.weights_choice import Weighted

WHAT = ("filters", "maps", "saliency", "occlusion", "patches", "deconvolution", "histogram")
MANY = {"patches": 2000, "histogram": 64}  # pictures of a data set that these look at
MOST_MACS = 20_000_000_000  # that all pictures together may take: some seconds
PASSES_MACS = 100_000_000_000  # of all positions of an occluding window, at least 4 along an axis
UNITS, PATCHES, DECONVOLUTIONS, HISTOGRAMS = 6, 6, 6, 5
MOST_PICTURES = 8
ENDINGS = (".svg", ".png")


class Asked(NamedTuple):
    """What is wanted of a view."""

    layer: str | None
    unit: int | None
    k: int | None


@click.command()
@click.argument("network", metavar="RUN|FILE|NETWORK")
@click.argument("images", nargs=-1, metavar="[IMAGE...]")
@click.option("--what", type=Choice(WHAT), show_default="filters and maps", help="What to show.")
@click.option("--layer", metavar="LAYER", help="Of which layer, as in 'minicnn summary'.")
@click.option("--unit", type=click.IntRange(min=0), metavar="K", help="One channel, or one filter, from 0.")
@click.option("--class", "class_", metavar="NAME|K", show_default="the most likely", help="Whose score saliency and occlusion watch.")
@click.option("--data", metavar="DATA|PATH", show_default="that of the training", help="Take test images of this data set.")
@data_dir_option
@click.option("--index", type=click.IntRange(min=0), metavar="N", help="Which test image, from 0.")
@click.option("--out", metavar="FILE.svg|png", help="Write the figure instead of showing it.")
@own_option
def show(
    network: str,
    images: tuple[str, ...],
    what: str | None,
    layer: str | None,
    unit: int | None,
    class_: str | None,
    data: str | None,
    data_dir: str | None,
    index: int | None,
    out: str | None,
) -> None:
    """Look into a network: its filters, what its layers make of a picture, which pixels an answer hangs on.

    \b
    filters        the weights of a layer as pictures
    maps           what layers make of a picture, by depth
    saliency       how a class's score changes with each pixel
    occlusion      what is lost while a grey window covers a part of the picture
    patches        what excites units of a layer most, among the test images
    deconvolution  what a unit answers to, led back to the pixels (ZFNet)
    histogram      how weights and activations are spread

    Pictures are files (PNG, JPEG, PGM or .npy), or test images of a data set.  A network of 'minicnn zoo' has weights drawn at random.
    """
    from minicnn.cli.weights_choice import with_weights

    if images and (data or index is not None or data_dir):
        raise click.UsageError("pictures are given as files, or by --data and --index, not both")
    if what == "patches" and images:
        raise click.UsageError("patches are sought among the test images of a data set: leave out the pictures")
    if view := next((each for each in images if each in WHAT and not Path(each).exists()), None):
        raise SettingError(f"show: there is no picture {view}\n  for the view: minicnn show {quote(network)} --what {view}")
    if len(images) > MOST_PICTURES:
        raise click.UsageError(f"at most {MOST_PICTURES} pictures at a time")
    if out is not None and Path(out).suffix.lower() not in ENDINGS:
        raise SettingError(f"show: {out} does not end in .svg or .png\n  use {Path(out).with_suffix('.svg')}")
    chosen = with_weights(network)
    asked = Asked(layer, unit, None if class_ is None else class_number(chosen, class_))
    from minicnn.cli.render.console import stderr_console
    from minicnn.cli.render.waiting import each_of

    figures = [
        figure
        for view in each_of(stderr_console(), [what] if what else usual_views(chosen, asked, bool(images) or index is not None))
        for figure in VIEWS[view](chosen, asked, lambda view=view: pictures(chosen, images, data, data_dir, index, view))
    ]
    if out is None:
        from minicnn.cli.render.chart import print_figure
        from minicnn.cli.render.console import stdout_console
        from minicnn.cli.render.show import for_terminal

        console = stdout_console()
        console.print(chosen.words, "", sep="\n", soft_wrap=not console.is_terminal)
        print_figure(console, for_terminal(figures))
        return
    from minicnn.charts import write

    write(out, figures)
    echo(f"{out}: {chosen.words}")


def usual_views(chosen: Weighted, asked: Asked, of_pictures: bool) -> list[str]:
    """What to show if it is not said: filters and maps, or one of them where a layer or a picture is given."""
    from minicnn.views import filter_layers

    if of_pictures:
        return ["maps"]
    if asked.layer is not None:
        return ["filters"] if asked.layer in filter_layers(chosen.net) else ["maps"]
    return ["filters", "maps"] if filter_layers(chosen.net) else ["maps"]


def class_number(chosen: Weighted, word: str) -> int:
    """A class by its name, or by its number."""
    names = chosen.net.class_names or ()
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdigit() and len(word) < 10:
        return int(word)
    raise SettingError(f"show: there is no class {word!r}{suggestion(word, names)}\n  use its number, from 0")


def pictures(chosen: Weighted, images: tuple[str, ...], data: str | None, folder: str | None, index: int | None, view: str) -> Pictures:
    """The pictures that a view looks at: files, one test image, or many."""
    from minicnn.cli.picture_choice import from_data, from_files

    if images:
        return from_files(chosen.net, images)
    many = MANY.get(view, 1) if index is None or view == "patches" else 1
    if many > 1:
        macs = chosen.net.summary().totals.macs or 1
        many = max(1, min(many, MOST_MACS // macs))
    return from_data(chosen, data, folder, index or 0, many)


def filters(chosen: Weighted, asked: Asked, _: Any) -> list[Figure]:
    from minicnn import views
    from minicnn.cli.render.show import filter_figures

    found = views.filters(chosen.net, asked.layer)
    if asked.unit is not None and asked.unit >= len(found.weight):
        raise SettingError(f"show: {found.layer} has {len(found.weight)} filters, but --unit is {asked.unit}")
    return filter_figures(chosen.title, found, asked.unit)


def maps(chosen: Weighted, asked: Asked, given: Any) -> list[Figure]:
    from minicnn import views
    from minicnn.cli.render.show import map_figures

    seen: Pictures = given()
    figures: list[Figure] = []
    for n in range(len(seen.x)):
        found = views.maps(chosen.net, seen.x[n], None if asked.layer is None else [asked.layer])
        if asked.unit is not None:
            short = next((each for each in found if len(each.values) <= asked.unit), None)
            if short is not None:
                raise SettingError(f"show: {short.layer} has {len(short.values)} channels, but --unit is {asked.unit}")
        figures += map_figures(chosen.title, found, captioned(seen, n), asked.unit)
    return figures


def saliency(chosen: Weighted, asked: Asked, given: Any) -> list[Figure]:
    from minicnn import views
    from minicnn.cli.render.show import saliency_figures

    seen: Pictures = given()
    figures: list[Figure] = []
    for n in range(len(seen.x)):
        found = views.saliency(chosen.net, seen.x[n], asked.k)
        figures += saliency_figures(chosen.title, found, captioned(seen, n), answer(chosen, seen.x[n], found.k))
    return figures


def occlusion(chosen: Weighted, asked: Asked, given: Any) -> list[Figure]:
    from minicnn import views
    from minicnn.cli.render.show import occlusion_figures

    seen: Pictures = given()
    macs = chosen.net.sized(seen.x.shape[1:]).summary().totals.macs or 1
    positions = min(12, max(4, round((PASSES_MACS / macs) ** (1 / (seen.x.ndim - 2)))))
    figures: list[Figure] = []
    for n in range(len(seen.x)):
        found = views.occlusion(chosen.net, seen.x[n], asked.k, positions=positions)
        words = answer(chosen, seen.x[n], found.k)
        figures += occlusion_figures(chosen.title, found, captioned(seen, n), words, chosen.net.class_names or ())
    return figures


def patches(chosen: Weighted, asked: Asked, given: Any) -> list[Figure]:
    from minicnn import views
    from minicnn.cli.render.show import patch_figures

    seen: Pictures = given()
    layer = asked.layer or views.detail_layer(chosen.net.sized(seen.x.shape[1:]))
    node = next((node for node in chosen.net.nodes if node.name == layer), None)
    units = [asked.unit] if asked.unit is not None else range(node.output_shapes[0][0] if node else 1)[:UNITS]
    return patch_figures(chosen.title, views.patches_of_units(chosen.net, seen.x, layer, units, PATCHES, seen.shown), seen.source)


def deconvolution(chosen: Weighted, asked: Asked, given: Any) -> list[Figure]:
    from minicnn import views
    from minicnn.cli.render.show import deconvolution_figures

    seen: Pictures = given()
    layer = asked.layer or views.detail_layer(chosen.net.sized(seen.x.shape[1:]))
    figures: list[Figure] = []
    for n in range(len(seen.x)):
        units = [asked.unit] if asked.unit is not None else strongest_units(chosen, seen.x[n], layer)
        found = [views.deconvolution(chosen.net, seen.x[n], layer, k) for k in units]
        figures += deconvolution_figures(chosen.title, found, seen.shown[n], captioned(seen, n))
    return figures


def histogram(chosen: Weighted, asked: Asked, given: Any) -> list[Figure]:
    from minicnn import views
    from minicnn.cli.render.show import histogram_figures

    seen: Pictures = given()
    source = f"{len(seen.x)} test images of {seen.source}" if len(seen.x) > 1 and seen.source else ", ".join(seen.names)
    if asked.layer is not None:
        layers, weighted = [asked.layer], [asked.layer]
    else:
        weighted = views.spread(views.filter_layers(chosen.net), HISTOGRAMS)
        layers = views.spread(views.activation_layers(chosen.net), HISTOGRAMS)
    weights = views.weight_histograms(chosen.net, weighted)
    return histogram_figures(chosen.title, weights, views.activation_histograms(chosen.net, seen.x, layers), source)


VIEWS = {
    "filters": filters,
    "maps": maps,
    "saliency": saliency,
    "occlusion": occlusion,
    "patches": patches,
    "deconvolution": deconvolution,
    "histogram": histogram,
}


def captioned(seen: Pictures, n: int) -> Picture:
    """A picture with its name."""
    from minicnn.charts import Picture
    from minicnn.cli.render.show import pixels_of

    return Picture(seen.names[n], pixels_of(seen.shown[n]))


def answer(chosen: Weighted, x: np.ndarray, k: int) -> str:
    """A class and how sure the network is of it: "7 (98.2 %)", or its score."""
    from minicnn.cli.render.show import number
    from minicnn.losses import SoftmaxCrossEntropy, probabilities

    names = chosen.net.class_names or ()
    name = names[k] if k < len(names) else f"class {k}"
    scores = chosen.net.forward(x[None])
    loss = None if chosen.net.trained_on is None else chosen.net.trained_on.loss
    if scores.ndim == 2 and (loss is None or isinstance(loss, SoftmaxCrossEntropy)):
        return f"{name} ({100 * float(probabilities(scores)[0, k]):.3g} %)"
    return f"{name} (score {number(float(scores[0, k].sum()))})"


def strongest_units(chosen: Weighted, x: np.ndarray, layer: str) -> list[int]:
    """The channels of a layer whose largest value is largest."""
    from minicnn import views

    (found,) = views.maps(chosen.net, x, [layer])
    largest = found.values.reshape(len(found.values), -1).max(axis=1)
    return [int(k) for k in (-largest).argsort(kind="stable")[:DECONVOLUTIONS]]
