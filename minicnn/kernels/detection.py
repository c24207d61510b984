"""Boxes for users: what a grid of numbers says, which boxes are the same object, how far boxes overlap.  All by the textbook loops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from minicnn.errors import SettingError, ShapeError
from minicnn.geometry import whole_number
from minicnn.kernels import textbook
from minicnn.kernels.activation import real_number
from minicnn.kernels.checks.arrays import as_float_arrays, as_host_arrays, check_axes, contiguous, empty
from minicnn.kernels.dispatch import run

__all__ = ["box_overlap", "decode_boxes", "non_maximum_suppression"]

BOX, FOUND = 4, 6  # x, y, width, height; then class and score


def decode_boxes(y: ArrayLike, boxes: int = 2, *, image_size: Sequence[int]) -> np.ndarray:
    """The boxes that the outputs of a network like YOLO say, all of them.

    Parameters
    ----------
    y : (N, 5*boxes + K, P, Q) float32 or float64
        As the textbook's `yolo_forward` has them.
    boxes : int
        Of each cell.
    image_size : (rows, columns)
        Of the images, in pixels.

    Returns
    -------
    found : (N, P*Q*boxes, 6)
        x, y (left upper corner), width, height in pixels, class, score.

    Redmon et al., "You Only Look Once: Unified, Real-Time Object Detection", 2016, section 2.

    >>> y = np.zeros((1, 5 + 2, 1, 1))
    >>> y[0, :, 0, 0] = 0.5, 0.5, 0.5, 0.5, 0.8, 0.25, 0.75  # in the middle, a quarter of each side, class 1
    >>> decode_boxes(y, 1, image_size=(32, 64)).tolist()
    [[[24.0, 12.0, 16.0, 8.0, 1.0, 0.6000000000000001]]]
    """
    where = "decode_boxes"
    (y,) = as_float_arrays(where, y=y)
    check_axes(where, "y", y, "N 5*boxes+K P Q")
    boxes = whole_number(where, "boxes", boxes, least=1)
    height, width = _image_size(where, image_size)
    N, D, P, Q = y.shape
    if 5 * boxes >= D:
        raise ShapeError(
            f"{where}: y has {D} numbers a cell, but {boxes} boxes and a class need {5 * boxes + 1}\n  y  {y.shape}  N 5*boxes+K P Q"
        )
    found = empty(where, (N, P * Q * boxes, FOUND), y)
    if found.size:
        run(textbook.decode_boxes_forward, found, contiguous(y), boxes, height, width)
    return found


def non_maximum_suppression(found: ArrayLike, *, iou: float = 0.5) -> np.ndarray:
    """Which boxes stay: of those of one class that overlap, the one with the highest score, class by class and image by image.

    Parameters
    ----------
    found : (N, M, 6) float32 or float64
        x, y (left upper corner), width, height, class, score; in any order, of equal scores the first counts as higher.
    iou : float
        Intersection over union up to which two boxes are two objects.

    Returns
    -------
    kept : (N, M) int64
        1 for a box that stays, 0 for one that is suppressed.

    >>> non_maximum_suppression(np.array([[[0, 0, 9, 9, 1, 0.5], [1, 0, 9, 9, 1, 0.9], [1, 0, 9, 9, 0, 0.3]]]))
    array([[0, 1, 1]])
    """
    where = "non_maximum_suppression"
    (found,) = as_host_arrays(where, found=found)
    check_axes(where, "found", found, "N M 6")
    if found.shape[2] != FOUND:
        raise ShapeError(
            f"{where}: found has {found.shape[2]} numbers a box, but needs x, y, w, h, class, score\n  found  {found.shape}  N M 6"
        )
    iou = real_number(where, "iou", iou)
    order = np.argsort(-found[:, :, 5], axis=1, kind="stable")
    in_order = empty(where, found.shape[:2], found, np.int64)
    if found.size:
        run(textbook.non_maximum_suppression_forward, in_order, np.take_along_axis(found, order[:, :, None], axis=1), iou)
    kept = np.empty_like(in_order)
    np.put_along_axis(kept, order, in_order, axis=1)
    return kept


def box_overlap(found: ArrayLike, others: ArrayLike) -> np.ndarray:
    """Intersection over union of every box of an image with every other.

    Parameters
    ----------
    found : (N, M, 4 or more) float32 or float64
        x, y (left upper corner), width, height; what follows is not read.
    others : (N, J, 4 or more)

    Returns
    -------
    overlap : (N, M, J)
        From 0 to 1; 0 for boxes without area.

    >>> box_overlap(np.array([[[0.0, 0.0, 2.0, 2.0]]]), np.array([[[1.0, 0.0, 2.0, 2.0]]]))  # 2 of 6
    array([[[0.33333333]]])
    """
    where = "box_overlap"
    found, others = as_float_arrays(where, found=found, others=others)
    for name, array in (("found", found), ("others", others)):
        check_axes(where, name, array, "N M 4")
        if array.shape[2] < BOX:
            raise ShapeError(f"{where}: {name} has {array.shape[2]} numbers a box, but needs x, y, w, h\n  {name}  {array.shape}  N M 4")
    if len(found) != len(others):
        raise ShapeError(
            f"{where}: found has boxes of {len(found)} images, but others has some of {len(others)}\n  found   {found.shape}\n  others  {others.shape}"
        )
    overlap = empty(where, (len(found), found.shape[1], others.shape[1]), found)
    if overlap.size:
        run(textbook.box_overlap_forward, overlap, contiguous(found), contiguous(others))
    return overlap


def _image_size(where: str, size: object) -> tuple[int, int]:
    """Rows and columns."""
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise SettingError(f"{where}: image_size is {size!r}, but must be rows and columns\n  as in image_size=(96, 96)")
    height, width = (whole_number(where, "image_size", each, least=1) for each in size)
    return height, width
