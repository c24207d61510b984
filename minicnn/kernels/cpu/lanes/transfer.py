"""Between the user's arrays, one image after the other, and the engine's, images side by side in lanes."""

import numpy as np

from minicnn.kernels.cpu.lanes.random import MASK, uniform_bits
from minicnn.kernels.cpu.program.atomics import as_double, bytes_at, floats_at, integers_at, whole_array
from minicnn.kernels.cpu.program.program import ARENA, COUNT, FIRST, KEY, ORDER, PART, PARTS
from minicnn.kernels.machine_code.compile import kernel, step

ZERO = np.float32(0)


@kernel
def load_images(y, y_at, plane, strides, sizes, channels, shard, images, order, first, count, table, normal, part, parts):
    """y[c, h, w, n] = images[order[first + n], c, h, w] * scale[c] + shift[c]; lanes without an image become 0.

    images : pointer to float32 or uint8, C-contiguous images
    order : pointer to int64
    normal : where the table holds (scale, shift) per channel, as the bits of float64
    part, parts : which share of the channels to load
    """
    depth, height, width = sizes
    pixels = depth * height * width
    size = channels * pixels
    starts = np.empty(shard, np.int64)
    for n in range(count):
        starts[n] = order[first + n] * size
    for c in range(channels * part // parts, channels * (part + 1) // parts):
        scale = np.float32(as_double(table[normal + 2 * c]))
        shift = np.float32(as_double(table[normal + 2 * c + 1]))
        for d in range(depth):
            for h in range(height):
                for w in range(width):
                    at = y_at + c * plane + d * strides[0] + h * strides[1] + w * strides[2]
                    pixel = c * pixels + (d * height + h) * width + w
                    for n in range(count):
                        y[at + n] = np.float32(images[starts[n] + pixel]) * scale + shift
                    for n in range(count, shard):
                        y[at + n] = ZERO


@kernel
def load_changed_images(y, y_at, plane, strides, sizes, channels, shard, images, order, first, count, table, normal, moves, mirrors, key):
    """The same, each image moved by up to `moves` pixels per axis (0 fills the gap) and, with `mirrors`, every other one mirrored.

    What happens to an image depends on the batch's key and on its place in the batch alone.
    """
    depth, height, width = sizes
    pixels = depth * height * width
    for n in range(shard):
        start = order[first + n] * channels * pixels if n < count else 0
        chance = uniform_bits(key & MASK, key >> 32, first + n)
        span = 2 * moves + 1
        down = chance % span - moves if height > 1 else 0
        right = chance // span % span - moves
        mirrored = mirrors and chance >> 31 == 1
        for c in range(channels):
            scale = np.float32(as_double(table[normal + 2 * c]))
            shift = np.float32(as_double(table[normal + 2 * c + 1]))
            for d in range(depth):
                for h in range(height):
                    for w in range(width):
                        row = h - down
                        column = (width - 1 - w if mirrored else w) - right
                        value = ZERO
                        if n < count:
                            if 0 <= row < height and 0 <= column < width:
                                value = np.float32(images[start + c * pixels + (d * height + row) * width + column]) * scale
                            value += shift
                        y[y_at + c * plane + d * strides[0] + h * strides[1] + w * strides[2] + n] = value


@kernel
def store_images(images, first, count, x, x_at, plane, strides, sizes, channels, part, parts):
    """images[first + n, c, h, w] = x[c, h, w, n] for the lanes that are images."""
    depth, height, width = sizes
    pixels = depth * height * width
    for n in range(count):
        start = (first + n) * channels * pixels
        for c in range(channels * part // parts, channels * (part + 1) // parts):
            for d in range(depth):
                for h in range(height):
                    at = x_at + c * plane + d * strides[0] + h * strides[1] + n
                    pixel = start + c * pixels + (d * height + h) * width
                    for w in range(width):
                        images[pixel + w] = x[at + w * strides[2]]


# Steps.  Arguments: place, plane, three strides, three sizes, channels, shard, the frame's field with the array's address; then, for
# loading, the normalization, and what to change.


@step(splits=True)
def load_float32(memory, parameters, table, a, frame):
    load_images(
        whole_array(memory),
        frame[ARENA] + a[0],
        a[1],
        (a[2], a[3], a[4]),
        (a[5], a[6], a[7]),
        a[8],
        a[9],
        floats_at(frame[a[10]]),
        integers_at(frame[ORDER]),
        frame[FIRST],
        frame[COUNT],
        whole_array(table),
        a[11],
        frame[PART],
        frame[PARTS],
    )


@step(splits=True)
def load_uint8(memory, parameters, table, a, frame):
    load_images(
        whole_array(memory),
        frame[ARENA] + a[0],
        a[1],
        (a[2], a[3], a[4]),
        (a[5], a[6], a[7]),
        a[8],
        a[9],
        bytes_at(frame[a[10]]),
        integers_at(frame[ORDER]),
        frame[FIRST],
        frame[COUNT],
        whole_array(table),
        a[11],
        frame[PART],
        frame[PARTS],
    )


@step
def load_float32_augmented(memory, parameters, table, a, frame):
    load_changed_images(
        whole_array(memory),
        frame[ARENA] + a[0],
        a[1],
        (a[2], a[3], a[4]),
        (a[5], a[6], a[7]),
        a[8],
        a[9],
        floats_at(frame[a[10]]),
        integers_at(frame[ORDER]),
        frame[FIRST],
        frame[COUNT],
        whole_array(table),
        a[11],
        a[12],
        a[13] != 0,
        frame[KEY],
    )


@step
def load_uint8_augmented(memory, parameters, table, a, frame):
    load_changed_images(
        whole_array(memory),
        frame[ARENA] + a[0],
        a[1],
        (a[2], a[3], a[4]),
        (a[5], a[6], a[7]),
        a[8],
        a[9],
        bytes_at(frame[a[10]]),
        integers_at(frame[ORDER]),
        frame[FIRST],
        frame[COUNT],
        whole_array(table),
        a[11],
        a[12],
        a[13] != 0,
        frame[KEY],
    )


@step(splits=True)
def store_float32(memory, parameters, table, a, frame):
    store_images(
        floats_at(frame[a[10]]),
        frame[FIRST],
        frame[COUNT],
        whole_array(memory),
        frame[ARENA] + a[0],
        a[1],
        (a[2], a[3], a[4]),
        (a[5], a[6], a[7]),
        a[8],
        frame[PART],
        frame[PARTS],
    )
