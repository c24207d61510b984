"""Between the user's arrays, one image after the other, and the engine's, images side by side in lanes."""

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.lanes.random import MASK, uniform_bits
from minicnn.kernels.cpu.lanes.shuffle import prepared_pixels, turn_images
from minicnn.kernels.cpu.lanes.vector import LANES, store
from minicnn.kernels.cpu.program.atomics import as_double, bytes_at, floats_at, integers_at, whole_array
from minicnn.kernels.cpu.program.operands import share
from minicnn.kernels.machine_code.compile import kernel, step
from minicnn.kernels.machine_code.records import field_of, values

ZERO = np.float32(0)


class Box(NamedTuple):
    """An activation's pixels: elements from channel to channel and from pixel to pixel along each axis; how many; images of a shard."""

    plane: int
    step_d: int
    step_h: int
    step_w: int
    depth: int
    height: int
    width: int
    channels: int
    shard: int


@kernel
def load_images(y, y_at, box, images, table, normal, frame):
    """y[c, h, w, n] = images[order[first + n], c, h, w] * scale[c] + shift[c] for a part of the rows; lanes without an image become 0.

    images : pointer to float32 or uint8, C-contiguous images
    normal : where the table holds (scale, shift) per channel, as the bits of float64
    """
    rows, width, shard, count, order = box.depth * box.height, box.width, box.shard, frame.count, integers_at(frame.order)
    size, whole = box.channels * rows * width, whole_array(images)
    starts = np.empty(shard, np.int64)
    for n in range(count):
        starts[n] = order[frame.first + n] * size
    first_row, stop_row = share(box.channels * rows, frame)
    for number in range(first_row, stop_row):
        c, row = number // rows, number % rows
        scale, shift = np.float32(as_double(table[normal + 2 * c])), np.float32(as_double(table[normal + 2 * c + 1]))
        at = y_at + c * box.plane + row // box.height * box.step_d + row % box.height * box.step_h
        load_row(y, at, box, whole, starts, count, number * width, scale, shift)


@kernel
def load_row(y, y_at, box, images, starts, count, pixel, scale, shift):
    """A row of the images that begin at `starts`, from number `pixel` of each; a single image is not turned, LANES are in registers.

    One thread, 128 images of 28x28: 8 microseconds, and 33 number by number; an image of 96x55x55: 57 and 183.
    """
    step, shard, width = box.step_w, box.shard, box.width
    if shard == 1 and width >= LANES:
        for w in range(0, width, LANES):
            w = min(w, width - LANES)  # the last of them again
            store(y, y_at + w, prepared_pixels(images, starts[0] + pixel + w, scale, shift))
        return
    for n in range(0, shard, LANES):
        stop = min(shard, n + LANES)
        if width >= LANES and count - n >= LANES:
            for w in range(0, width, LANES):
                w = min(w, width - LANES)
                turn_images(y, y_at + w * step + n, step, images, starts, n, pixel + w, scale, shift)
            continue
        for w in range(width):
            at = y_at + w * step
            for lane in range(n, min(stop, count)):
                y[at + lane] = np.float32(images[starts[lane] + pixel + w]) * scale + shift
            for lane in range(max(n, count), stop):
                y[at + lane] = ZERO


@kernel
def load_changed_images(y, y_at, box, images, table, normal, moves, mirrors, frame):
    """The same, each image moved by up to `moves` pixels per axis (0 fills the gap) and, with `mirrors`, every other one mirrored.

    What happens to an image depends on the batch's key and on its place in the batch alone.
    """
    height, width, key, first, count, order = box.height, box.width, frame.key, frame.first, frame.count, integers_at(frame.order)
    pixels = box.depth * height * width
    for n in range(box.shard):
        start = order[first + n] * box.channels * pixels if n < count else 0
        chance = uniform_bits(key & MASK, key >> 32, first + n)
        span = 2 * moves + 1
        down = chance % span - moves if height > 1 else 0
        right = chance // span % span - moves
        mirrored = mirrors and chance >> 31 == 1
        for c in range(box.channels):
            scale = np.float32(as_double(table[normal + 2 * c]))
            shift = np.float32(as_double(table[normal + 2 * c + 1]))
            for d in range(box.depth):
                for h in range(height):
                    for w in range(width):
                        row = h - down
                        column = (width - 1 - w if mirrored else w) - right
                        value = ZERO
                        if n < count:
                            if 0 <= row < height and 0 <= column < width:
                                value = np.float32(images[start + c * pixels + (d * height + row) * width + column]) * scale
                            value += shift
                        y[y_at + c * box.plane + d * box.step_d + h * box.step_h + w * box.step_w + n] = value


@kernel
def store_images(images, x, x_at, box, frame):
    """images[first + n, c, h, w] = x[c, h, w, n] for a part of the channels and the lanes that are images."""
    pixels = box.depth * box.height * box.width
    first_c, stop_c = share(box.channels, frame)
    for n in range(frame.count):
        start = (frame.first + n) * box.channels * pixels
        for c in range(first_c, stop_c):
            for d in range(box.depth):
                for h in range(box.height):
                    at = x_at + c * box.plane + d * box.step_d + h * box.step_h + n
                    pixel = start + c * pixels + (d * box.height + h) * box.width
                    for w in range(box.width):
                        images[pixel + w] = x[at + w * box.step_w]


# Steps.  `place` is in the arena, `field` the frame's with the array's address.


@step("place field normal", box=Box, splits=True)
def load_float32(memory, parameters, table, a, frame):
    images = floats_at(field_of(frame, a.field))
    load_images(whole_array(memory), frame.arena + a.place, values(Box, a.box), images, whole_array(table), a.normal, frame)


@step("place field normal", box=Box, splits=True)
def load_uint8(memory, parameters, table, a, frame):
    images = bytes_at(field_of(frame, a.field))
    load_images(whole_array(memory), frame.arena + a.place, values(Box, a.box), images, whole_array(table), a.normal, frame)


@step("place field normal moves mirrors", box=Box)
def load_float32_augmented(memory, parameters, table, a, frame):
    images, m, t, at = floats_at(field_of(frame, a.field)), whole_array(memory), whole_array(table), frame.arena + a.place
    load_changed_images(m, at, values(Box, a.box), images, t, a.normal, a.moves, a.mirrors != 0, frame)


@step("place field normal moves mirrors", box=Box)
def load_uint8_augmented(memory, parameters, table, a, frame):
    images, m, t, at = bytes_at(field_of(frame, a.field)), whole_array(memory), whole_array(table), frame.arena + a.place
    load_changed_images(m, at, values(Box, a.box), images, t, a.normal, a.moves, a.mirrors != 0, frame)


@step("place field", box=Box, splits=True)
def store_float32(memory, parameters, table, a, frame):
    store_images(floats_at(field_of(frame, a.field)), whole_array(memory), frame.arena + a.place, values(Box, a.box), frame)
