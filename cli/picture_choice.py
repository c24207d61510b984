"""Which pictures a verb looks at: files, or test images of a data set, prepared as the network's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from minicnn.errors import DataError, SettingError

if TYPE_CHECKING:
    import numpy as np

    from minicnn.datasets import Dataset
    from minicnn.network import Graph

USUAL = {3: "digits", 2: "mnist1d"}  # by the length of the input's shape: data that are always there


class Pictures(NamedTuple):
    """Pictures to look at.

    x : (N, C, *space) float32, what the network takes
    shown : (N, C, *space), the same before their values were prepared
    names : what captions call them
    labels : their classes, None where there is none
    source : where they are from
    """

    x: np.ndarray
    shown: np.ndarray
    names: tuple[str, ...]
    labels: tuple[int | None, ...]
    source: str


def from_files(net: Graph, paths: Sequence[str]) -> Pictures:
    """Pictures of files, stretched where they have another size.

    A network that was trained on handwriting gets them as `minicnn predict` would give them; one that was not trained gets each with mean
    0 and deviation 1.
    """
    import numpy as np

    from minicnn.datasets import channel_statistics
    from minicnn.datasets.pictures import read_picture, resize, to_channels
    from minicnn.preparation import BYTES, FLOATS, Preparation
    from minicnn.views.pictures import normalised

    found: list[np.ndarray] = []
    x: list[np.ndarray] = []
    for path in paths:
        if net.trained_on is not None:
            pixels = _as_in_training(net, path)
            own = replace(net.trained_on.preparation, input_shape=pixels.shape)
        else:
            pixels = to_channels(read_picture(path), net.input_shape[0])
            if pixels.ndim == 3 and len(net.input_shape) == 3 and None not in net.input_shape:
                pixels = resize(pixels, *net.input_shape[1:])
            own = Preparation(pixels.shape, *channel_statistics(pixels[None]), BYTES if pixels.dtype == np.uint8 else FLOATS)
        found.append(pixels)
        x.append(normalised(pixels[None], own)[0])
    if len({pixels.shape for pixels in found}) > 1:
        raise DataError(f"{net.name} takes pictures of any size, but all at once must have one: {', '.join(paths)}")
    return Pictures(np.stack(x), np.stack(found), tuple(Path(path).name for path in paths), (None,) * len(paths), "")


def _as_in_training(net: Graph, path: str) -> np.ndarray:
    from minicnn.datasets.pictures import read_picture
    from minicnn.train import TrainedNetwork, fit_picture, handwriting_kind, prepare_picture

    known = net.trained_on
    assert known is not None
    trained = TrainedNetwork(net, known.preparation, known.classes, known.image_shape, known.data, known.epoch, known.loss)
    handwritten = handwriting_kind(trained) is not None
    picture = read_picture(path, contrasting=handwritten)
    return prepare_picture(trained, picture, path) if handwritten else fit_picture(trained, picture, path, resize=True)


def from_data(net: Graph, name: str | None, folder: str | None, first: int, count: int) -> Pictures:
    """Test images of a data set, from the image `first`: those the network was trained on, of its recipe, or such as are always there.

    Raises
    ------
    DataError, SettingError
        If they cannot be found, or there is no such image.
    """
    from minicnn.cli.data_choice import data_name
    from minicnn.datasets import load

    known = data_name(name, folder, _usual(net))
    size = net.input_shape[1:] if len(net.input_shape) == 3 and None not in net.input_shape else None
    data = load(known, "test", folder, size)  # type: ignore[arg-type]
    if first >= len(data):
        raise SettingError(f"show: --index is {first}, but the last test image of {known} has index {len(data) - 1}")
    rows = range(first, min(first + count, len(data)))
    x, shown = _prepared(net, data, rows)
    one_class = data.target == "class"
    labels = [int(data.labels[n]) if one_class else None for n in rows]
    words = [f"#{n}" + ("" if label is None else f", class {data.classes[label]}") for n, label in zip(rows, labels, strict=True)]
    short = Path(known).stem or known
    return Pictures(x, shown, tuple(f"{short} {word}" for word in words), tuple(labels), short)


def _usual(net: Graph) -> str:
    from minicnn.datasets import names

    if net.trained_on is not None and net.trained_on.data in names():
        return net.trained_on.data
    if net.trained_on is not None:
        raise DataError(
            f"{net.name} was trained on custom data ({net.trained_on.data!r}), which cannot be found by name"
            f"\n  use --data NAME, one of 'minicnn data list', --data PATH, or give pictures"
        )
    if net.input_shape[0] not in (1, 3):
        raise SettingError(f"show: {net.name} takes {net.input_shape[0]} channels, which no picture has\n  use --what filters")
    if net.recipe is not None:
        return net.recipe.outcomes[0].data
    if len(net.input_shape) not in USUAL:
        raise SettingError(f"show: there are no pictures for {net.name}\n  use --data NAME, or give pictures")
    return USUAL[len(net.input_shape)]


def _prepared(net: Graph, data: Dataset, rows: range) -> tuple[np.ndarray, np.ndarray]:
    """Images of a data set as the network's input, and as they are seen."""
    import numpy as np

    from minicnn.datasets import channel_statistics
    from minicnn.datasets.pictures import to_channels
    from minicnn.preparation import BYTES, FLOATS, Preparation
    from minicnn.views.pictures import normalised

    images = data.images[rows.start : rows.stop]
    if net.trained_on is not None:
        shown, preparation = net.prepared("show", images)
        return normalised(shown, preparation), shown
    mean, std = data.mean, data.std
    if images.ndim == 4 and images.shape[1] != net.input_shape[0]:
        images = np.stack([to_channels(image, net.input_shape[0]) for image in images])
        mean, std = channel_statistics(images)
    shape = images.shape[1:] if None in net.input_shape else net.input_shape
    preparation = Preparation(shape, mean, std, BYTES if images.dtype == np.uint8 else FLOATS)
    shown = preparation.images(images, data.name)
    return normalised(shown, preparation), shown
