"""Pictures from single files: PGM and PPM, NumPy's .npy, and through Pillow whatever it reads (PNG, JPEG)."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from minicnn.datasets.scaling import interpolation_matrix
from minicnn.errors import DataError, one_line, quoted

Picture = npt.NDArray[Any]  # (C, *space), uint8 or float32
NETPBM = re.compile(rb"P([2356])(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
LUMA = (0.299, 0.587, 0.114)  # brightness of red, green and blue; ITU-R BT.601
LARGEST_BYTES = 1 << 28  # of a file; a picture for a network is far smaller
LARGEST_PIXELS = 1 << 26  # 8192 x 8192: a few bytes of a PNG can declare many more
FORMATS = ("PNG", "JPEG", "MPO", "GIF", "BMP", "TIFF", "WEBP", "PPM")  # readers that call no other program


def read_picture(path: str | Path, contrasting: bool = False) -> Picture:
    """One image from a file.

    Parameters
    ----------
    path : str or Path
        .npy: (rows, columns), (channels, rows, columns), (rows, columns, 1 or 3), or a signal; integers from 0 to 255, or floats,
        unchanged; of booleans, true is 255.  PGM, PPM: 8 or 16 bits, plain or raw.  PNG, JPEG and others: through Pillow; 32-bit
        integers are taken as 8 bits if they fit, else as 16.
    contrasting : bool
        What is transparent becomes white; or, if this is true, what lets the visible part stand out: white under dark ink, black
        under light ink, and its mean colour where most of the picture is visible.

    Returns
    -------
    (C, *space) uint8, or float32 from a file of floats

    Raises
    ------
    DataError
        If the file is missing, broken, not a picture, or needs Pillow and it is not installed.
    """
    source = Path(path)
    try:
        if source.stat().st_size > LARGEST_BYTES:
            raise DataError(f"{source} has {source.stat().st_size:,} bytes, more than a picture for a network: at most {LARGEST_BYTES:,}")
        if not source.is_file() and not source.is_dir():  # a pipe would block
            raise DataError(f"{source} is not a file")
        with source.open("rb") as stream:
            start = stream.read(8)
        if start.startswith(b"\x93NUMPY"):
            return _from_array(_mapped(source), source)
        if re.match(rb"P[2356]\s", start):
            return _read_netpbm(source.read_bytes(), source)
    except FileNotFoundError:
        raise DataError(f"there is no picture {source}") from None
    except IsADirectoryError:
        raise DataError(f"{source} is a folder, expected a picture") from None
    except OSError as error:
        raise DataError(f"cannot read {source}: {error.strerror or error}") from error
    except ValueError as error:  # a name with a zero byte
        raise DataError(f"cannot read {quoted(str(path))}: {error}") from error
    return _read_with_pillow(source, contrasting)


def _mapped(source: Path) -> npt.NDArray[Any]:
    """The array of a .npy file, mapped, so that a false header allocates nothing.  NumPy has Python parse its header, a dict."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.load(source, mmap_mode="r", allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # TokenError, SyntaxError, RecursionError, TypeError, ...: whatever a wrong dict raises
        raise DataError(f"{source} is not an array that can be read: {one_line(str(error))[:200]}") from error


def _from_array(array: npt.NDArray[Any], source: Path) -> Picture:
    """A user's array as (C, *space)."""
    if not 1 <= array.ndim <= 4 or not array.size:
        raise DataError(f"{source} has the shape {array.shape}, expected one image: (rows, columns) or (channels, rows, columns)")
    if array.dtype.kind == "b":
        array = array.astype(np.uint8) * 255
    elif array.dtype.kind in "iu" and array.min() >= 0 and array.max() <= 255:
        array = array.astype(np.uint8)
    elif array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # too large for float32: infinite, and reported
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise DataError(f"{source} holds values that are infinite or NaN")
    else:
        raise DataError(f"{source} holds {quoted(array.dtype.name)[1:-1]} {array.shape}, expected integers from 0 to 255 or floats")
    if array.ndim == 3 and array.shape[2] in (1, 3) and array.shape[0] != array.shape[2]:  # rows, columns, colours
        array = array.transpose(2, 0, 1)
    if array.ndim == 1 or (array.ndim == 2 and array.shape[0] != 1):
        array = array[None]
    if not 2 <= array.ndim <= 4 or not array.size:
        raise DataError(f"{source} has the shape {array.shape}, expected one image: (rows, columns) or (channels, rows, columns)")
    return np.ascontiguousarray(array)


def _read_netpbm(content: bytes, source: Path) -> Picture:
    """A portable grey or pixel map: 'P5 columns rows maximum', then the values row by row."""
    header = NETPBM.match(content)
    if header is None:
        raise DataError(f"{source} begins like a PGM file, but has no columns, rows and largest value")
    kind, columns, rows, most = (int(each) for each in header.groups())
    channels, plain = 3 if kind in (3, 6) else 1, kind in (2, 3)
    count = rows * columns * channels
    if not count or not 1 <= most <= 65535:
        raise DataError(f"{source} says {columns} x {rows} pixels up to {most}, expected at least one pixel, up to 1 to 65535")
    body = content[header.end() :]
    width = 1 if most < 256 else 2
    if plain:
        words = body.split()
        held = len(words)
    else:
        held = len(body) // width
    if held < count:
        raise DataError(f"{source} is cut short: {held:,} of {count:,} values are there")
    if plain:
        try:
            values = np.array(words[:count]).astype(np.int64)
        except (ValueError, OverflowError):
            raise DataError(f"{source} holds words that are not numbers") from None
    else:
        values = np.frombuffer(body, "u1" if width == 1 else ">u2", count).astype(np.int64)
    if values.min() < 0 or values.max() > most:
        raise DataError(f"{source} holds values outside 0 to {most}")
    pixels = ((values * 255 + most // 2) // most).astype(np.uint8)
    return np.ascontiguousarray(pixels.reshape(rows, columns, channels).transpose(2, 0, 1))


def _read_with_pillow(source: Path, contrasting: bool) -> Picture:
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise DataError(
            f"{source} can be read only with Pillow, which is not installed\n  run: pip install pillow\n  or use a PGM or .npy file"
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about a slightly wrong picture that is read nevertheless
            Image.init()
            with Image.open(source, formats=[each for each in FORMATS if each in Image.OPEN]) as opened:
                if opened.width * opened.height > LARGEST_PIXELS:
                    raise DataError(
                        f"{source} has {opened.width:,} x {opened.height:,} pixels, more than a picture for a network:"
                        f" at most {LARGEST_PIXELS:,}"
                    )
                image = ImageOps.exif_transpose(opened)
                if image.mode.startswith("I") or image.mode == "F":  # 16 bits a pixel, or more
                    return _from_depth(np.asarray(image).astype(np.float64), image.mode, opened.format == "PNG", source)
                if "A" in image.getbands() or "transparency" in image.info:
                    layered = image.convert("RGBA")
                    ground = _ground_under(np.asarray(layered)) if contrasting else "white"
                    image = Image.alpha_composite(Image.new("RGBA", layered.size, ground), layered).convert("RGB")
                pixels = np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    except UnidentifiedImageError:
        raise DataError(f"{source} is not a picture that can be read: PNG, JPEG, PGM or .npy") from None
    except DataError:
        raise
    except Exception as error:  # its readers raise many kinds of errors for a broken file
        raise DataError(f"{source} cannot be read as a picture: {one_line(str(error)) or type(error).__name__}") from error
    return np.ascontiguousarray(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))


def _from_depth(values: npt.NDArray[np.float64], mode: str, png: bool, source: Path) -> Picture:
    """Pixels of more than 8 bits, in Pillow's modes I;16, I (32 bits; some versions give a PNG of 16 bits so) and F, as bytes."""
    if not np.isfinite(values).all():
        raise DataError(f"{source} holds values that are infinite or NaN")
    least, most = float(values.min()), float(values.max())
    if mode == "F":
        full = max(1.0, most)
    elif mode == "I" and not png:
        if least < 0 or most > 65535:
            raise DataError(f"{source} holds integers from {least:.0f} to {most:.0f}, expected 0 to 255, or 0 to 65535")
        full = 255.0 if most <= 255 else 65535.0
    else:
        full = 65535.0
    return np.rint(np.clip(values, 0, full) * (255 / full)).astype(np.uint8)[None]


def _ground_under(layered: npt.NDArray[np.uint8]) -> tuple[int, int, int]:
    """What to put under a picture (rows, columns, red green blue alpha) so that what is visible stands out."""
    share = layered[..., 3] / 255.0
    seen = (layered[..., :3] * share[..., None]).sum(axis=(0, 1)) / max(float(share.sum()), 1e-9)
    if share.mean() > 0.5:  # a sheet with transparent margins
        red, green, blue = (round(float(value)) for value in seen)
        return red, green, blue
    return (0, 0, 0) if float(seen @ LUMA) > 127 else (255, 255, 255)


def to_channels(picture: Picture, channels: int) -> Picture:
    """Colour as grey (by brightness), grey as three equal colours; unchanged if the channels already fit or cannot be made to."""
    if len(picture) == 3 and channels == 1:
        grey = np.tensordot(np.array(LUMA), picture.astype(np.float64), axes=1)[None]
        return np.rint(grey).astype(np.uint8) if picture.dtype == np.uint8 else grey.astype(np.float32)
    if len(picture) == 1 and channels == 3:
        return np.repeat(picture, 3, axis=0)
    return picture


def resize(picture: Picture, rows: int, columns: int) -> Picture:
    """A picture (C, H, W) stretched to another size: where it shrinks, each pixel is the mean of the area it covers."""
    _, H, W = picture.shape
    y = _axis_matrix(H, rows) @ picture.astype(np.float64) @ _axis_matrix(W, columns).T  # (C, rows, columns)
    return np.rint(y).astype(np.uint8) if picture.dtype == np.uint8 else y.astype(np.float32)


def _axis_matrix(size: int, out: int) -> npt.NDArray[np.float64]:
    """The matrix (out, size) for one axis: shares of area if it shrinks, else interpolation."""
    if out >= size:
        return interpolation_matrix(size, out)
    edges = np.arange(out + 1) * (size / out)
    h = np.arange(size)
    covered = np.minimum(edges[1:, None], h + 1) - np.maximum(edges[:-1, None], h)
    return np.maximum(covered, 0) * (out / size)
