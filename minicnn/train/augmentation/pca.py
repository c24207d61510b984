"""Colours altered along the principal components of the training set."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

import numpy as np

from minicnn.kernels import textbook
from minicnn.train.augmentation.change import Change

if TYPE_CHECKING:
    from minicnn.engine.changes import Changing

BYTES_OF_SUM = 1 << 26  # pixels that are multiplied at a time


class PCA(Change):
    """To every pixel the same colour is added: the sum of the principal components, each times its eigenvalue and a random number.

    Components are the eigenvectors of the covariance of the training images' channels on the scale from 0 to 1; the random numbers, one a
    component, are normally distributed with this deviation.  Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep
    convolutional neural networks", 2012, section 4.1, with the deviation 0.1.

    components : (component, channel) what is added for a random number of 1; computed from the training images
    """

    deviation: float = 0.1
    components: tuple[tuple[float, ...], ...] = field(default=(), repr=False)

    draw = textbook.normal_draw_forward

    def fitted(self, images: np.ndarray) -> PCA:
        return replace(self, components=principal_components(images))

    def counts(self, own: Changing) -> tuple[int, int]:
        return 2 * own.channels, own.channels

    def append(self, own: Changing) -> None:
        numbers, image = self.numbers(own), own.image
        y = own.new(own.shape)
        for c in range(own.channels):
            channel = {"y": y.channels(c, 1), "x": image.channels(c, 1)}
            for component, row in enumerate(self.components):
                own.loop(textbook.add_component_forward, **channel, numbers=numbers, component=component, weight=row[c])
                channel["x"] = channel["y"]
        own.image = y


def principal_components(images: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """Eigenvectors of the covariance of channels, each times its eigenvalue, largest first; the entry of largest size is positive.

    images : (N, C, *space) uint8, which is counted from 0 to 1, or float32
    """
    channels, unit = images.shape[1], 255.0 if images.dtype == np.uint8 else 1.0
    count, total, products = 0, np.zeros(channels), np.zeros((channels, channels))
    together = max(1, BYTES_OF_SUM // (8 * images[0].size))
    for first in range(0, len(images), together):
        some = images[first : first + together].astype(np.float64) / unit
        pixels = np.moveaxis(some, 1, 0).reshape(channels, -1)
        count += pixels.shape[1]
        total += pixels.sum(axis=1)
        products += np.einsum("ip,jp->ij", pixels, pixels)  # no BLAS, whose sums depend on its threads
    mean = total / count
    values, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
    rows = [value * vector * np.sign(vector[np.abs(vector).argmax()]) for value, vector in zip(values, vectors.T, strict=True)]
    return tuple(tuple(map(float, row)) for row in reversed(rows))
