"""The index map: which input pixel a tap reads.  The only place where this arithmetic is written.

    i = p*stride + r*dilation - pad        (outside 0 <= i < size: the tap is skipped)

`i` input position, `p` output position, `r` tap, `pad` the padding before the axis.  Plain Python on plain integers: the
textbook loops and the device kernels compile these functions, the table builders and the messages call them as they are.
The map can be read both ways: from (p, r) to `i`, from (i, r) to `p`, to all taps of `p`, to all `p` of a tap.
"""


def input_position(p, r, stride, dilation, pad):
    """Input position that tap `r` of output position `p` reads; may lie outside the axis."""
    return p * stride + r * dilation - pad


def output_position(i, r, out, stride, dilation, pad):
    """Output position whose tap `r` reads input position `i`, or -1 when none of the `out` positions does."""
    reach = i - r * dilation + pad
    if reach < 0 or reach % stride != 0 or reach // stride >= out:
        return -1
    return reach // stride


def tap_range(p, size, taps, stride, dilation, pad):
    """Taps (first, stop) of output position `p` that read inside an axis of `size` pixels."""
    start = p * stride - pad
    first = 0
    if start < 0:
        first = (-start + dilation - 1) // dilation
    stop = taps
    if start + (taps - 1) * dilation >= size:
        stop = (size - start + dilation - 1) // dilation
    return min(first, taps), max(stop, min(first, taps))


def output_range(r, size, out, stride, dilation, pad):
    """Output positions (first, stop) whose tap `r` reads inside an axis of `size` pixels: `tap_range` seen from the tap."""
    start = r * dilation - pad
    first = 0
    if start < 0:
        first = (-start + stride - 1) // stride
    stop = 0
    if start < size:
        stop = (size - start + stride - 1) // stride
    first = min(first, out)
    return first, max(first, min(stop, out))


def weight_tap(r, taps, flip):
    """The index of the weight of tap `r`: `r`, or counted from the other end if the filter is flipped."""
    if flip:
        return taps - 1 - r
    return r


def counted_taps(p, size, taps, stride, dilation, pad, pad_after, count_padding):
    """Taps of window `p` that an average divides by: those inside the padded axis, or only those inside the axis itself.

    A last window may extend beyond the padding (`ceil_mode`); the overhang is never counted.
    """
    start = p * stride - pad
    if count_padding:
        return min(taps, (size + pad_after - start + dilation - 1) // dilation)
    return max(0, min(taps, (size - start + dilation - 1) // dilation) - max(0, -(start // dilation)))


def tile_position(p, tile):
    """Which of the `tile` filters that take turns along an axis serves output position `p`."""
    return p % tile


def adaptive_range(p, size, out):
    """Input positions (first, stop) of region `p` when `size` pixels are shared among `out` regions of nearly equal size.

    Regions may overlap by one pixel.  With the roles exchanged, `adaptive_range(i, out, size)` gives the regions that hold pixel `i`.
    """
    return p * size // out, ((p + 1) * size + out - 1) // out


def padded_source(p, size, pad, mode):
    """Input position that position `p` of a padded axis repeats, or -1 for none.  mode: 0 zeros, 1 circular, 2 reflect, 3 replicate.

    Circular padding is at most `size` on either side, reflected padding less than that.
    """
    i = p - pad
    if mode == 1:
        i = i % size
    elif mode == 2:
        i = abs(i)
        i = size - 1 - abs(size - 1 - i)
    elif mode == 3:
        i = min(max(i, 0), size - 1)
    elif i >= size:
        i = -1
    return max(i, -1)
