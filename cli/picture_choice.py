"""Which pictures a verb looks at: files, or test images of a data set, prepared as the network's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from minicnn.errors import DataError, SettingError
from minicnn.geometry import shape_text

if TYPE_CHECKING:
    import numpy as np

    from minicnn.cli.weights_choice import Weighted
    from minicnn.datasets import Dataset
    from minicnn.network import Graph
    from minicnn.trained_on import TrainedOn

USUAL = {3: "digits", 2: "mnist1d"}  # by the length of the input's shape: data that are always there


class Pictures(NamedTuple):
    """Pictures to look at.

    x : (N, C, *space) float32, what the network takes
    shown : (N, C, *space), the same before their values were prepared
    names : what captions call them
    labels : what is right, a class, a mask, boxes or numbers; None where it is not known
    source : where they are from
    """

    x: np.ndarray
    shown: np.ndarray
    names: tuple[str, ...]
    labels: tuple[Any, ...]
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
            pixels = _as_in_training(net, net.trained_on, path)
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


def _as_in_training(net: Graph, known: TrainedOn, path: str) -> np.ndarray:
    from minicnn.datasets.pictures import read_picture
    from minicnn.train import TrainedNetwork, fit_picture, handwriting_kind, prepare_picture

    trained = TrainedNetwork(net, known.preparation, known.classes, known.image_shape, known.data, known.epoch, known.loss)
    handwritten = handwriting_kind(trained) is not None
    picture = read_picture(path, contrasting=handwritten)
    return prepare_picture(trained, picture, path) if handwritten else fit_picture(trained, picture, path, resize=True)


def from_data(chosen: Weighted, name: str | None, folder: str | None, first: int, count: int) -> Pictures:
    """Test images of a data set, from the image `first`: those the network was trained on, of its recipe, or such as are always there.

    Raises
    ------
    DataError, SettingError
        If they cannot be found, or there is no such image.
    """
    from minicnn.cli.data_choice import data_name, of_training
    from minicnn.datasets import load

    net = chosen.net
    if net.trained_on is not None:
        known, folder = of_training(str(chosen.run), net.trained_on.data, name, folder)
    else:
        usual = usual_data(net)
        if usual is None and not (name or folder):
            C = net.input_shape[0]
            which = (
                f"{C} channels, which no picture has"
                if C not in (1, 3)
                else f"{shape_text(net.input_shape)}, and no data set here has such"
            )
            raise SettingError(f"{net.name} takes {which}\n  use --data NAME, give pictures, or look at its filters")
        known = data_name(name, folder, usual or USUAL[3])
    size = net.input_shape[1:] if len(net.input_shape) == 3 and None not in net.input_shape else None
    data = load(known, "test", folder, size)  # type: ignore[arg-type]
    if first >= len(data):
        raise SettingError(f"--index is {first}, but the last test image of {known} has index {len(data) - 1}")
    rows = range(first, min(first + count, len(data)))
    x, shown = _prepared(net, data, rows)
    labels = [data.labels[n] for n in rows]
    words = [
        f"#{n}" + (f", class {data.classes[int(label)]}" if data.target == "class" else "") for n, label in zip(rows, labels, strict=True)
    ]
    short = Path(known).stem or known
    return Pictures(x, shown, tuple(f"{short} {word}" for word in words), tuple(labels), short)


def usual_data(net: Graph) -> str | None:
    """What pictures there are for a network that was not trained: of its recipe, or such as are always there; None if none fit."""
    if net.input_shape[0] not in (1, 3):
        return None
    return net.recipe.outcomes[0].data if net.recipe is not None else USUAL.get(len(net.input_shape))


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
