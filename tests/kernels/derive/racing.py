"""Loops whose turns depend on each other, and text that is no definition.  "here" marks the line that the refusal names."""

import numpy as np

from minicnn.kernels.index import weight_tap

TABLE = np.arange(3)


def sum_of_everything(y, x):
    N, K = x.shape
    for n in range(N):  # here
        for k in range(K):
            y[k % 2] += x[n, k]


def histogram(counts, bins):
    counts[...] = 0.0
    for i in range(len(bins)):  # here
        counts[bins[i]] += 1.0


def running_sum(y, x):
    (N,) = x.shape
    total = 0.0
    for n in range(N):
        total += x[n]  # here
        y[n] = total


def carried_mean(y, x):
    N, _ = x.shape
    for n in range(N):  # here
        if n == 0:
            mean = x[0, 0]
        mean = 0.9 * mean + 0.1 * x[n, 0]
        y[n] = mean


def last_that_was_positive(y, x):
    (N,) = x.shape
    for n in range(N):  # here
        if x[n] > 0.0:
            kept = x[n]
        y[n] = kept


def neighbour(y, x):
    (N,) = y.shape
    for n in range(N):  # here
        y[n] = x[n] if n == 0 else y[n - 1] + x[n]


def smoothing_in_place(x):
    (N,) = x.shape
    for n in range(N - 1):  # here
        x[n] = 0.5 * (x[n] + x[n + 1])


def transposed_in_place(x):
    N, _ = x.shape
    for n in range(N):  # here
        for m in range(n):
            value = x[n, m]
            x[n, m] = x[m, n]
            x[m, n] = value


def both_triangles(y, x):
    N, _ = x.shape
    for n in range(N):  # here
        for m in range(N):
            y[n, m] = x[n, m]
            y[m, n] = x[n, m]


def cleared_and_read(dx, dy):
    N, K = dy.shape
    dx[...] = 0.0
    for n in range(N):  # here
        for k in range(K):
            dx[n, k] += dy[n, k] + dx[0, k]


def second_output(y, largest, x):
    N, K = x.shape
    for n in range(N):  # here
        for k in range(K):
            y[n, k] = x[n, k]
            largest[0] = max(largest[0], x[n, k])


def folded(y, x):
    (N,) = x.shape
    for n in range(N):  # here
        y[n // 2] = x[n]


def own_tap(y, x, flip):
    (N,) = x.shape
    for n in range(N):  # here
        y[half(n, flip)] = x[n]


def half(n, flip):
    return n // 2 if flip else n


def turned_too_far(y, x, flip):
    N, R = x.shape
    for r in range(R):  # here
        y[weight_tap(r, N, flip)] = x[0, r]


def read_beforehand(y, x):
    start = y[0]  # here
    for n in range(len(x)):
        y[n] = start + x[n]


def without_axes(total, x):
    for n in range(len(x)):
        total[()] += x[n]  # here


def from_one(y, x):
    (N,) = x.shape
    for n in range(1, N):  # here
        y[n] = x[n]


def as_far_as_the_data_says(y, lengths):
    for n in range(lengths[0]):  # here
        y[n] = 1.0


def nothing_but_an_end(y, x):
    for n in range(len(x)):
        if x[n] > 0.0:
            y[n] = 1.0
        else:
            break  # here


def while_it_lasts(y, x):
    n = 0
    while n < len(x):  # here
        y[n] = x[n]
        n += 1


def own_letter(y, x):
    for n in range(len(x)):
        n += 1  # here
        y[n] = x[n]


def letter_twice(y, x):
    N, K = x.shape
    for n in range(N):
        for n in range(K):  # here
            y[n] = x[n, n]


def growing(y, x):
    N = len(x)
    for n in range(N):
        N = N - 1  # here
        y[n] = x[n]


def two_loops(y, x):
    for n in range(len(x)):
        y[n] = x[n]
    for n in range(len(x)):  # here
        y[n] *= 2.0


def whole_rows(y, x):
    for n in range(len(x)):
        y[n, :] = x[n, :]  # here


def whole_arrays(y, x):
    for n in range(len(x)):
        y[n] = np.sum(x)  # here


def table_outside(y, x):
    for n in range(len(x)):
        y[n] = x[n] * TABLE[n]  # here


def handed_on(y, x):
    for n in range(len(x)):
        y[n] = x[n] + first(y)  # here


def first(x):
    return x[0]


def stored_elsewhere(y, x):
    for n in range(len(x)):
        y[n] = scribble(x, n)


def scribble(x, n):
    x[n] = 0.0  # here
    return 1.0


def argument_assigned(y, x, rate):
    for n in range(len(x)):
        rate = rate * 0.5  # here
        y[n] = x[n] * rate


def misspelt(y, x, slope):
    for n in range(len(x)):
        y[n] = x[n] * slop  # here  # noqa: F821


def from_the_end(y, x):
    for n in range(len(x)):
        y[n] = x[-1]  # here


def a_value(y, x):
    for n in range(len(x)):
        y[n] = x[n]
    return y  # here


def nothing_stored(y, x):  # here
    for n in range(len(x)):
        total = x[n]  # noqa: F841


def by_default(y, x, rate=0.5):  # here
    for n in range(len(x)):
        y[n] = x[n] * rate


def many_ranks(y, x):
    for n in range(len(x)):
        y[n] = x[n]
        y[n, 0] = x[n]  # here


def flat_and_cleared(y, x):
    y[...] = 0.0
    for i in range(x.size):  # here
        y.flat[i] += x.flat[i]


def only_cleared(y, dx, x):
    y[...] = 0.0
    for n in range(len(x)):  # here
        dx[n] = x[n]


def cleared_in_part(y, x):
    y[0] = 0.0  # here
    for n in range(len(x)):
        y[n] = x[n]


# What follows does not race.


def moving_place(y, x):
    N, K = x.shape
    for n in range(N):
        k = 0
        y[n, k] = 0.0
        for _ in range(K - 1):
            y[n, k] += x[n, k]
            k = k + 1


def mended_neighbour(y, x):
    (N,) = y.shape
    for n in range(N):
        y[n] = x[n]


def momentum(parameter, velocity, gradient, rate, kept):
    for i in range(parameter.size):
        velocity.flat[i] = kept * velocity.flat[i] + gradient.flat[i]
        parameter.flat[i] -= rate * velocity.flat[i]


def softmax_in_its_output(y, x):
    N, K = x.shape
    for n in range(N):
        total = np.float64(0.0)
        for k in range(K):
            y[n, k] = np.exp(x[n, k])
            total += y[n, k]
        for k in range(K):
            y[n, k] /= total
