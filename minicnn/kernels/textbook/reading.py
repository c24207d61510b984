"""Images, masks and boxes whose pixels have moved: each pixel of the result is read at its position in the image.

    place (N, A, L): the position along each of A axes, in pixels, see `places.py`; L pixels, rows and columns in one

Outside of the image there is background, 0.  A position that is whole is copied, its neighbours are not even looked at.
"""

import numpy as np

from minicnn.kernels.textbook.compile import kernel


@kernel
def read_linear2d_forward(y, x, place, rows, columns):
    """y[n,c,l] = x[n,c] at (place[n,0,l], place[n,1,l]): its four neighbours, each by how near it is

        sum over i, j in 0, 1 of  near(i, place[n,0,l]) * near(j, place[n,1,l]) * x[n,c, floor(place[n,0,l]) + i, floor(place[n,1,l]) + j]
        near(0, p) = 1 - (p - floor(p)),   near(1, p) = p - floor(p)

    Parameters
    ----------
    y, x : (N, C, L) float; the first is written
    place : (N, 2, L) float
    rows, columns : int
    """
    N, C, L = x.shape
    one = np.float64(1.0)
    for n in range(N):
        for c in range(C):
            for l in range(L):
                top, left = np.floor(one * place[n, 0, l]), np.floor(one * place[n, 1, l])
                down, right = one * place[n, 0, l] - top, one * place[n, 1, l] - left
                value = np.float64(0.0)
                for i in range(2):
                    for j in range(2):
                        weight = (down if i == 1 else one - down) * (right if j == 1 else one - right)
                        if weight > 0.0 and 0.0 <= top + i < rows and 0.0 <= left + j < columns:
                            value += weight * x[n, c, int(top + i) * columns + int(left + j)]
                y[n, c, l] = value


@kernel
def read_linear3d_forward(y, x, place, layers, rows, columns):
    """The same in a volume: y[n,c,l] = x[n,c] at (place[n,0,l], place[n,1,l], place[n,2,l]), its eight neighbours

    Parameters
    ----------
    y, x : (N, C, L) float; the first is written
    place : (N, 3, L) float
    layers, rows, columns : int
    """
    N, C, L = x.shape
    one = np.float64(1.0)
    for n in range(N):
        for c in range(C):
            for l in range(L):
                front, top, left = np.floor(one * place[n, 0, l]), np.floor(one * place[n, 1, l]), np.floor(one * place[n, 2, l])
                deep, down, right = one * place[n, 0, l] - front, one * place[n, 1, l] - top, one * place[n, 2, l] - left
                value = np.float64(0.0)
                for h in range(2):
                    for i in range(2):
                        for j in range(2):
                            weight = (
                                (deep if h == 1 else one - deep) * (down if i == 1 else one - down) * (right if j == 1 else one - right)
                            )
                            inside = 0.0 <= front + h < layers and 0.0 <= top + i < rows and 0.0 <= left + j < columns
                            if weight > 0.0 and inside:
                                value += weight * x[n, c, (int(front + h) * rows + int(top + i)) * columns + int(left + j)]
                y[n, c, l] = value


@kernel
def read_nearest_forward(y, x, place, sizes, steps, outside):
    """y[n,c,l] = x[n,c] at the pixel nearest to place[n,:,l], `outside` where there is none: for masks, whose classes do not mix

    Parameters
    ----------
    y, x : (N, C, L) float or int; the first is written
    place : (N, A, L) float
    sizes, steps : (A,) int
        Pixels along each axis, and how far apart neighbours along it are among the L.
    outside : int
    """
    N, C, L = x.shape
    for n in range(N):
        for c in range(C):
            for l in range(L):
                at = 0
                for a in range(sizes.shape[0]):
                    near = np.floor(place[n, a, l] + 0.5)
                    if at >= 0 and 0.0 <= near < sizes[a]:
                        at += int(near) * steps[a]
                    else:
                        at = -1
                y[n, c, l] = x[n, c, at] if at >= 0 else outside


@kernel
def move_boxes_forward(moved, boxes, place, rows, columns, least):
    """Boxes around objects of an image whose pixels are read at `place`: corners are mapped, the box around them is cut off at the edges.

    The corners of pixel (h, w) are (h, w) and (h+1, w+1), its own position is between them.  A corner's new position is the one whose
    place it is: places are taken for an affine map, and where that leaves a rest, as an elastic one does, it is taken off three times.
    A box of which less than the share `least` is left is dropped, and those behind it move up.

    Parameters
    ----------
    moved : (N, M, 5) float, written
        x, y, width, height, class; rows beyond the objects are -1.
    boxes : (N, M, 5) float
    place : (N, 2, L) float
    rows, columns : int
        Each at least 2.
    least : float
    """
    N, M, _ = boxes.shape
    one = np.float64(1.0)
    for n in range(N):
        for m in range(M):
            for k in range(5):
                moved[n, m, k] = -1.0
        last_row = (rows - 1) * columns
        origin_h, origin_w = one * place[n, 0, 0], one * place[n, 1, 0]
        hh, wh = (place[n, 0, last_row] - origin_h) / (rows - 1), (place[n, 1, last_row] - origin_w) / (rows - 1)
        hw, ww = (place[n, 0, columns - 1] - origin_h) / (columns - 1), (place[n, 1, columns - 1] - origin_w) / (columns - 1)
        area = hh * ww - hw * wh
        kept = 0
        for m in range(M):
            if boxes[n, m, 4] >= 0.0 and area != 0.0:
                top, left, bottom, right = np.inf, np.inf, -np.inf, -np.inf
                for i in range(2):
                    for j in range(2):
                        down = one * boxes[n, m, 1] + one * boxes[n, m, 3] * i - 0.5 - origin_h
                        beside = one * boxes[n, m, 0] + one * boxes[n, m, 2] * j - 0.5 - origin_w
                        h, w = (ww * down - hw * beside) / area, (hh * beside - wh * down) / area
                        for _turn in range(3):
                            near_h, near_w = min(max(np.floor(h + 0.5), 0.0), rows - 1.0), min(max(np.floor(w + 0.5), 0.0), columns - 1.0)
                            at = int(near_h) * columns + int(near_w)
                            rest_h = place[n, 0, at] - origin_h - hh * near_h - hw * near_w
                            rest_w = place[n, 1, at] - origin_w - wh * near_h - ww * near_w
                            h = (ww * (down - rest_h) - hw * (beside - rest_w)) / area
                            w = (hh * (beside - rest_w) - wh * (down - rest_h)) / area
                        top, left, bottom, right = min(top, h), min(left, w), max(bottom, h), max(right, w)
                whole = (bottom - top) * (right - left)
                top, left = max(top + 0.5, 0.0), max(left + 0.5, 0.0)
                bottom, right = min(bottom + 0.5, rows + 0.0), min(right + 0.5, columns + 0.0)
                if bottom > top and right > left and (bottom - top) * (right - left) >= least * whole:
                    moved[n, kept, 0] = left
                    moved[n, kept, 1] = top
                    moved[n, kept, 2] = right - left
                    moved[n, kept, 3] = bottom - top
                    moved[n, kept, 4] = boxes[n, m, 4]
                    kept += 1
