"""`minicnn filter IMAGE --kernel FILTER`: apply one of the classical filters to a picture.

What happens at each pixel, worked by hand in the lectures.  Lecture 004 filters a 4x4 image with a 2x2 kernel, -1 + 2 + 0 + 6 = 7 first:

>>> import numpy as np
>>> from minicnn import kernels
>>> image = np.arange(1.0, 17.0).reshape(4, 4)
>>> kernel = np.array([[-1.0, 1.0], [0.0, 1.0]])
>>> kernels.conv2d(image[None, None], kernel[None, None])[0, 0]
array([[ 7.,  8.,  9.],
       [11., 12., 13.],
       [15., 16., 17.]])

Lecture 000 slides a 3x3 filter over a 5x5 input, nine times:

>>> x = np.array([[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]], dtype=float)
>>> weight = np.array([[0, 1, 2], [2, 2, 0], [0, 1, 2]], dtype=float)
>>> kernels.conv2d(x[None, None], weight[None, None])[0, 0]
array([[12., 12., 17.],
       [10., 17., 19.],
       [ 9.,  6., 14.]])
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from minicnn.errors import DataError, ShapeError, suggestion

Picture = npt.NDArray[np.uint8]  # (C, H, W), grey or red, green, blue

NETPBM = {".pgm": (1, b"P5"), ".ppm": (3, b"P6")}


@click.command("filter")
@click.argument("image", required=False)
@click.option("--kernel", "name", metavar="FILTER", help="Filter to use; 'minicnn filter' alone lists them.")
@click.option("--out", metavar="FILE", help="Where to write the result: PGM, PPM, or with Pillow PNG and JPEG.")
def filter_(image: str | None, name: str | None, out: str | None) -> None:
    """Filter IMAGE, and show it before and after; without IMAGE, list the filters.

    IMAGE is a PNG, JPEG, PGM, PPM or .npy file, grey or in colour.  Colours are filtered separately, border pixels are repeated
    outwards, and results are clipped to 0 (black) and 255 (white).
    """
    from minicnn.cli.render import filter as render
    from minicnn.cli.render.console import stderr_console, stdout_console
    from minicnn.cli.render.waiting import Waiting
    from minicnn.kernels import image_kernels

    if image is None:
        if name or out:
            raise click.UsageError("which picture? minicnn filter IMAGE --kernel FILTER")
        render.print_kernels(stdout_console(), image_kernels)
        return
    if name is None or name.lower() not in image_kernels:
        problem = "which filter? --kernel FILTER" if name is None else f"no filter is called {name!r}{suggestion(name, image_kernels)}"
        raise click.UsageError(f"{problem}\n  there are {', '.join(image_kernels)}")
    name = name.lower()
    picture = read(image)
    with Waiting(stderr_console(), name):
        after = filtered(picture, image_kernels[name])
    if out is not None:
        write(after, out)
        click.echo(f"wrote {out}", err=True)
    render.print_pictures(stdout_console(), {Path(image).name: picture, name: after})


def read(source: str) -> Picture:
    """A picture of whole numbers from 0 to 255, grey or in colour."""
    from minicnn.datasets.pictures import read_picture

    picture = read_picture(source)
    if picture.dtype != np.uint8:
        raise DataError(f"{source} holds {picture.dtype} numbers, expected whole numbers from 0 to 255")
    if picture.ndim != 3 or len(picture) not in (1, 3):
        raise ShapeError(
            f"{source} has the shape {picture.shape}, expected a picture, (1, rows, columns) in grey or (3, rows, columns) in colour"
        )
    return picture


def filtered(picture: Picture, kernel: npt.NDArray[Any]) -> Picture:
    """Every colour of a picture through a filter, at the same size."""
    from minicnn.kernels import conv2d

    R, S = kernel.shape
    wider = np.pad(picture, ((0, 0), ((R - 1) // 2, R // 2), ((S - 1) // 2, S // 2)), mode="edge").astype(np.float32)
    y = conv2d(wider[:, None], kernel[None, None].astype(np.float32))  # (colour, 1, H, W): colours in place of images
    return np.rint(np.clip(y[:, 0], 0, 255)).astype(np.uint8)


def write(picture: Picture, target: str) -> None:
    """Write a picture in the format of the file's name; a DataError if that is impossible."""
    path = Path(target)
    channels, magic = NETPBM.get(path.suffix.lower(), (0, b""))
    if channels == 1 and len(picture) == 3:
        raise DataError(f"{target}: a PGM file has no colours\n  use {path.with_suffix('.ppm')}")
    try:
        if channels:
            _, H, W = picture.shape
            pixels = np.broadcast_to(picture, (channels, H, W)).transpose(1, 2, 0)
            path.write_bytes(b"%s\n%d %d\n255\n" % (magic, W, H) + pixels.tobytes())
            return
        try:
            from PIL import Image
        except ImportError:
            raise DataError(
                f"{target}: only PGM and PPM can be written without Pillow\n  pip install pillow, or use {path.with_suffix('.ppm')}"
            ) from None
        Image.fromarray(picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)).save(path)
    except (OSError, ValueError, KeyError) as error:  # Pillow raises a ValueError for an unknown format
        raise DataError(f"cannot write {target}: {getattr(error, 'strerror', None) or error}") from error
