"""Detection as in YOLO: the loss of a grid of predicted boxes, the boxes that its numbers say, and which of them are the same object.

Letters: N images, P Q rows and columns of the grid, B boxes a cell, K classes; M objects listed for an image, height and width of an image
in pixels.

    y (N, 5*B + K, P, Q)    target (N, M, 5)

The cell in row p and column q has for its box b the five numbers y[n,5*b+0..4,p,q], and then one for each class:

    0, 1   where the box's centre is in the cell: 0 at the left (upper) edge, 1 at the right (lower) one
    2, 3   roots of its width and height as shares of the image's: a square is never negative, so that no root is taken of what is
    4      confidence: how far it overlaps an object, 0 where there is none

An object is x, y (its left upper corner), width and height in pixels, and its class; -1 for class where a row lists none.  The cell that
holds its centre answers for it, for one object at most, the first that is listed; and in this cell the box that overlaps it most.

Outputs come first; every element of them is written.
Source: Redmon, Divvala, Girshick, Farhadi, "You Only Look Once: Unified, Real-Time Object Detection", 2016, section 2 and eq. 3.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def squared(a):
    return a * a


@kernel
def shared_length(start, length, other_start, other_length):
    """How much of a line two intervals share."""
    return max(min(start + length, other_start + other_length) - max(start, other_start), 0.0)


@kernel
def intersection_over_union(x, y, w, h, other_x, other_y, other_w, other_h):
    """Of two boxes by corner, width and height: 1 if they are the same, 0 if they share nothing."""
    shared = shared_length(x, w, other_x, other_w) * shared_length(y, h, other_y, other_h)
    union = w * h + other_w * other_h - shared
    return shared / union if union > 0.0 else 0.0


@kernel
def object_of_cell(target, n, p, q, P, Q, height, width):
    """The first object whose centre the cell holds; -1 if there is none."""
    found = -1
    for m in range(target.shape[1]):
        row = (target[n, m, 1] + np.float64(0.5) * target[n, m, 3]) * P / height
        column = (target[n, m, 0] + np.float64(0.5) * target[n, m, 2]) * Q / width
        if found < 0 and target[n, m, 4] >= 0.0 and p <= row < p + 1 and q <= column < q + 1:
            found = m
    return found


@kernel
def responsible_box(y, target, n, m, p, q, boxes, height, width):
    """The cell's box that overlaps object m most, and how far; of those that overlap it alike, the one whose numbers are nearest."""
    P, Q = y.shape[2], y.shape[3]
    found, most, nearest = -1, np.float64(0.0), np.float64(0.0)
    if m >= 0:
        w, h = target[n, m, 2] / np.float64(width), target[n, m, 3] / np.float64(height)
        left, top = target[n, m, 0] / np.float64(width), target[n, m, 1] / np.float64(height)
        for b in range(boxes):
            own_w, own_h = squared(np.float64(y[n, 5 * b + 2, p, q])), squared(np.float64(y[n, 5 * b + 3, p, q]))
            own_left = (q + np.float64(y[n, 5 * b, p, q])) / Q - 0.5 * own_w
            own_top = (p + np.float64(y[n, 5 * b + 1, p, q])) / P - 0.5 * own_h
            overlap = intersection_over_union(own_left, own_top, own_w, own_h, left, top, w, h)
            distance = squared(own_left - left) + squared(own_top - top) + squared(own_w - w) + squared(own_h - h)
            if found < 0 or overlap > most or (overlap == most and distance < nearest):
                found, most, nearest = b, overlap, distance
    return found, most


@kernel
def yolo_forward(loss_per_image, y, target, boxes, height, width, lambda_coord, lambda_noobj):
    """Squared errors of every cell: where the box is and how large, whether there is one, and of which class.

        loss_per_image[n] = sum over p,q of
              lambda_coord * sum over the first four numbers of the responsible box of (y - what they should be)^2
            + (its confidence - its overlap with the object)^2
            + lambda_noobj * sum over all other boxes of confidence^2
            + sum over k of (y[n,5*boxes+k,p,q] - (1 if k is the object's class else 0))^2

    Cells without an object have the third term only.  The overlap counts as a given number: nothing is learnt through it.

    Parameters
    ----------
    loss_per_image : (N,) float, written
    y : (N, 5*boxes + K, P, Q) float
    target : (N, M, 5) float
    boxes : int
    height, width : int
        Of the images, in pixels.
    lambda_coord, lambda_noobj : float
        5 and 0.5 in the paper.
    """
    N, D, P, Q = y.shape
    for n in range(N):
        total = np.float64(0.0)
        for p in range(P):
            for q in range(Q):
                m = object_of_cell(target, n, p, q, P, Q, height, width)
                best, overlap = responsible_box(y, target, n, m, p, q, boxes, height, width)
                for b in range(boxes):
                    confidence = np.float64(y[n, 5 * b + 4, p, q])
                    if b == best:
                        w, h = np.float64(target[n, m, 2]), np.float64(target[n, m, 3])
                        place = squared(y[n, 5 * b, p, q] - ((target[n, m, 0] + 0.5 * w) * Q / width - q))
                        place += squared(y[n, 5 * b + 1, p, q] - ((target[n, m, 1] + 0.5 * h) * P / height - p))
                        place += squared(y[n, 5 * b + 2, p, q] - np.sqrt(w / width))
                        place += squared(y[n, 5 * b + 3, p, q] - np.sqrt(h / height))
                        total += lambda_coord * place + squared(confidence - overlap)
                    else:
                        total += lambda_noobj * squared(confidence)
                if m >= 0:
                    for k in range(D - 5 * boxes):
                        total += squared(y[n, 5 * boxes + k, p, q] - np.float64(1.0 if k == target[n, m, 4] else 0.0))
        loss_per_image[n] = total


@kernel
def yolo_backward(dy, dloss_per_image, y, target, boxes, height, width, lambda_coord, lambda_noobj):
    """Gradient of `yolo_forward`: twice every error, times the weight of its square; 0 for all numbers that it does not ask for.

    Parameters
    ----------
    dy : (N, 5*boxes + K, P, Q) float, written
    dloss_per_image : (N,) float
    lambda_coord, lambda_noobj : float
    y, target, boxes, height, width : as for `yolo_forward`
    """
    N, D, P, Q = y.shape
    for n in range(N):
        for p in range(P):
            for q in range(Q):
                twice = np.float64(2.0) * dloss_per_image[n]
                m = object_of_cell(target, n, p, q, P, Q, height, width)
                best, overlap = responsible_box(y, target, n, m, p, q, boxes, height, width)
                for b in range(boxes):
                    confidence = np.float64(y[n, 5 * b + 4, p, q])
                    if b == best:
                        w, h = np.float64(target[n, m, 2]), np.float64(target[n, m, 3])
                        weight = twice * lambda_coord
                        dy[n, 5 * b, p, q] = weight * (y[n, 5 * b, p, q] - ((target[n, m, 0] + 0.5 * w) * Q / width - q))
                        dy[n, 5 * b + 1, p, q] = weight * (y[n, 5 * b + 1, p, q] - ((target[n, m, 1] + 0.5 * h) * P / height - p))
                        dy[n, 5 * b + 2, p, q] = weight * (y[n, 5 * b + 2, p, q] - np.sqrt(w / width))
                        dy[n, 5 * b + 3, p, q] = weight * (y[n, 5 * b + 3, p, q] - np.sqrt(h / height))
                        dy[n, 5 * b + 4, p, q] = twice * (confidence - overlap)
                    else:
                        for j in range(4):
                            dy[n, 5 * b + j, p, q] = 0.0
                        dy[n, 5 * b + 4, p, q] = twice * lambda_noobj * confidence
                for k in range(D - 5 * boxes):
                    error = np.float64(0.0)
                    if m >= 0:
                        error = y[n, 5 * boxes + k, p, q] - np.float64(1.0 if k == target[n, m, 4] else 0.0)
                    dy[n, 5 * boxes + k, p, q] = twice * error


@kernel
def decode_boxes_forward(found, y, boxes, height, width):
    """What a grid of numbers says: every box in pixels, the most probable class of its cell, and a score.

        score = confidence of the box * number of the class, of which each counts as 0 where it is negative

    Parameters
    ----------
    found : (N, P*Q*boxes, 6) float, written
        x, y (left upper corner), width, height, class, score; a cell's boxes beside each other, cells row by row.
    y : (N, 5*boxes + K, P, Q) float
    boxes : int
    height, width : int
        Of the images, in pixels.
    """
    N, D, P, Q = y.shape
    for n in range(N):
        for p in range(P):
            for q in range(Q):
                best = 0
                largest = np.float64(y[n, 5 * boxes, p, q])
                for k in range(D - 5 * boxes):
                    if y[n, 5 * boxes + k, p, q] > largest:
                        best = k
                        largest = np.float64(y[n, 5 * boxes + k, p, q])
                for b in range(boxes):
                    w, h = width * squared(np.float64(y[n, 5 * b + 2, p, q])), height * squared(np.float64(y[n, 5 * b + 3, p, q]))
                    j = (p * Q + q) * boxes + b
                    found[n, j, 0] = (q + np.float64(y[n, 5 * b, p, q])) * width / Q - 0.5 * w
                    found[n, j, 1] = (p + np.float64(y[n, 5 * b + 1, p, q])) * height / P - 0.5 * h
                    found[n, j, 2] = w
                    found[n, j, 3] = h
                    found[n, j, 4] = best
                    found[n, j, 5] = max(np.float64(y[n, 5 * b + 4, p, q]), 0.0) * max(largest, 0.0)


@kernel
def non_maximum_suppression_forward(kept, found, iou):
    """Of boxes of one class that overlap, the one with the highest score stays: it is the same object.

        kept[n,m] = 0 if there is a j before m with kept[n,j], the class of m, and an overlap with m above iou; else 1

    Parameters
    ----------
    kept : (N, M) int, written
    found : (N, M, 6) float
        x, y (left upper corner), width, height, class, score: in the order of falling scores.
    iou : float
        Intersection over union up to which two boxes are two objects.
    """
    N, M, _ = found.shape
    for n in range(N):
        for m in range(M):
            kept[n, m] = 1
        for m in range(M):
            if kept[n, m] == 1:
                x, y, w, h = np.float64(found[n, m, 0]), np.float64(found[n, m, 1]), np.float64(found[n, m, 2]), np.float64(found[n, m, 3])
                for j in range(m + 1, M):
                    same = found[n, j, 4] == found[n, m, 4]
                    if same and intersection_over_union(x, y, w, h, found[n, j, 0], found[n, j, 1], found[n, j, 2], found[n, j, 3]) > iou:
                        kept[n, j] = 0


@kernel
def box_overlap_forward(overlap, found, others):
    """Intersection over union of every box with every other.

    Parameters
    ----------
    overlap : (N, M, J) float, written
    found : (N, M, 4 or more) float
        x, y (left upper corner), width, height.
    others : (N, J, 4 or more) float
    """
    N, M, J = overlap.shape
    for n in range(N):
        for m in range(M):
            for j in range(J):
                x, y, w, h = np.float64(found[n, m, 0]), np.float64(found[n, m, 1]), np.float64(found[n, m, 2]), np.float64(found[n, m, 3])
                overlap[n, m, j] = intersection_over_union(x, y, w, h, others[n, j, 0], others[n, j, 1], others[n, j, 2], others[n, j, 3])
