"""`minicnn data`: list the data sets, download one, view its images."""

from __future__ import annotations

from typing import Any

import click

from minicnn.cli.echo import echo, json_text
from minicnn.cli.mistakes import Choice, Group
from minicnn.cli.options import format_option
from minicnn.cli.render import data as render
from minicnn.cli.render.console import stderr_console, stdout_console
from minicnn.datasets import Dataset, catalog, loading, places
from minicnn.errors import SettingError

folder_option = click.option("--data-dir", "folder", metavar="DIR", help="Look in this folder first.")


@click.group(cls=Group, subcommand_metavar="VERB ...")
def data() -> None:
    """List, download and view data sets."""


@data.command("list")
@folder_option
@format_option
def list_(folder: str | None, form: str) -> None:
    """List every data set with its size, licence and location."""
    if folder is not None:
        places.check_folder(folder)
    rows = [(record, places.whereabouts(record, folder)) for record in catalog.RECORDS.values()]
    if form == "table":
        render.print_catalog(stdout_console(), rows)
        return
    echo(
        json_text(
            [
                {
                    "name": record.name,
                    "title": record.title,
                    "train_images": record.train_count,
                    "test_images": record.test_count,
                    "input_shape": record.input_shape,
                    "classes": record.classes,
                    "download_bytes": record.download_bytes,
                    "where": where or None,
                    "licence": record.licence,
                    "citation": record.citation,
                }
                for record, where in rows
            ]
        )
    )


@data.command()
@click.argument("name", metavar="DATA")
def get(name: str) -> None:
    """Download a data set; print the folder that holds it."""
    record = catalog.record(name)
    if not record.files:
        echo(f"{name} is {record.origin}: there is nothing to download", err=True)
        return
    from minicnn.datasets import store

    with render.DownloadView(stderr_console()) as view:
        folder = store.fetch(name, view)
    echo(str(folder))


@data.command()
@click.argument("name", metavar="DATA|PATH")
@click.option("--split", type=Choice(["train", "test"]), default="train", show_default=True, help="Which images.")
@click.option("--index", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="First image to show.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", default=10, show_default=True, help="Number of images to show.")
@click.option("--augment", metavar="LIST", help="Draw them as training might see them, too: shift, rotate=10, elastic, ..., with commas.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Seed of what --augment draws.")
@folder_option
@format_option
def show(name: str, split: catalog.Split, index: int, count: int, augment: str | None, seed: int, folder: str | None, form: str) -> None:
    """Draw a few images of a data set and count its classes.

    DATA is one of 'minicnn data list', a folder of pictures by class, or a file .npz, .npy or .csv.
    """
    dataset = loading.load(name, split, folder)
    if index >= len(dataset):
        raise SettingError(f"data show: --index is {index}, but the last image of {name} ({split}) has index {len(dataset) - 1}")
    indices = range(index, min(index + count, len(dataset)))
    if form == "json":
        echo(
            json_text(
                {
                    "name": name,
                    "split": split,
                    "origin": dataset.origin,
                    "images": len(dataset),
                    "input_shape": dataset.input_shape,
                    "dtype": dataset.images.dtype.name,
                    "classes": dataset.classes,
                    "class_counts": dataset.class_counts.tolist(),
                    "mean": dataset.mean,
                    "std": dataset.std,
                    "sha256": dataset.digest,
                    "samples": [{"index": n, **label_as_json(dataset, n)} for n in indices],
                }
            )
        )
        return
    console = stdout_console()
    shape = render.format_shape(dataset.input_shape)
    console.print(f"{name} ({split}): {len(dataset):,} images {shape} {dataset.images.dtype.name}, {dataset.origin}")
    console.print()
    if dataset.target in ("mask", "boxes"):
        from minicnn.charts.samples import to_pictures
        from minicnn.cli.render import overlay

        for n, picture in zip(indices, to_pictures(dataset.images[list(indices)]), strict=True):
            console.print(overlay.answer(console, f"#{n}", picture, dataset.labels[n], dataset.classes))
    else:
        console.print(render.samples(dataset, indices, console))
    if augment:
        from minicnn.train.augmentation import augmentation, augmented

        console.print(f"augmented by {augmentation(augment).words.replace(',', ', ')}:")
        console.print()
        images = augmented(dataset, augment, indices, seed)
        if dataset.target in ("mask", "boxes"):
            for n, picture in zip(indices, to_pictures(images), strict=True):
                small, _ = overlay.within(picture, None, overlay.room(console))  # no wider than the terminal
                console.print(f"#{n}")
                console.print(overlay.marked(console, small, None))
        else:
            console.print(render.samples(dataset, indices, console, images))
    console.print(render.class_table(dataset))


def label_as_json(dataset: Dataset, n: int) -> dict[str, Any]:
    """What image n shows: its class, the share of the pixels of each class, or boxes x, y, width, height, class."""
    label = dataset.labels[n]
    if dataset.target == "boxes":
        return {"boxes": label[label[:, 4] >= 0].tolist()}
    if dataset.target == "mask":
        return {"shares": {name: float((label == k).mean()) for k, name in enumerate(dataset.classes)}}
    return {"label": int(label)}
