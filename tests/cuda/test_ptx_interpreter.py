"""Does the interpreter compute what a device computes, and notice what a device would not forgive?  Small kernels, faults planted."""

import math
from fractions import Fraction

import numpy as np
import pytest
from numba import cuda, float32, types

from minicnn.kernels.cuda.compile import Kernel
from minicnn.kernels.cuda.vector import ALIGNMENT, copies_commit, copy4, load4, make_copies_wait, place

from .executed import ARCHITECTURES, Executed, put
from .ptx_interpreter import run_ptx
from .ptx_text import FaultError

THREADS = 64
WIDE = 4 * THREADS
copies_wait = make_copies_wait(0)


def run(python, *arguments, blocks=1, architecture=(9, 0), exact=False):
    Executed(architecture).launch(Kernel(python, threads=THREADS, exact=exact), blocks, *arguments)


def numbers(count, kind=np.float32):
    return put(np.arange(count).astype(kind))


def turned(y, x):
    shared = cuda.shared.array(THREADS, float32)
    t = cuda.threadIdx.x
    shared[t] = x[t]
    cuda.syncthreads()
    y[t] = shared[THREADS - 1 - t]


def turned_without_barrier(y, x):
    shared = cuda.shared.array(THREADS, float32)
    t = cuda.threadIdx.x
    shared[t] = x[t]
    y[t] = shared[THREADS - 1 - t]


def written_while_read(y, x):
    shared = cuda.shared.array(THREADS, float32)
    t = cuda.threadIdx.x
    shared[t] = x[t]
    cuda.syncthreads()
    y[t] = shared[THREADS - 1 - t]
    shared[t] = y[t]


def barrier_of_half(y, x):
    t = cuda.threadIdx.x
    if x[t] < 32:
        cuda.syncthreads()
    y[t] = x[t]


def barrier_of_those_who_are_left(y, x):
    t = cuda.threadIdx.x
    if x[t] < 32:
        return
    cuda.syncthreads()
    y[t] = x[t]


def two_at_one_place(y, x):
    t = cuda.grid(1)
    y[t // 2] = x[t]


def reads_of_another(y, x):
    t = cuda.grid(1)
    y[t] = x[t]
    x[t] = y[(t + 1) % y.size]


def reads_of_another_after_a_barrier(y, x):
    t = cuda.threadIdx.x
    y[t] = x[t]
    cuda.syncthreads()
    x[t] = y[(t + 1) % THREADS]


def writes_what_another_reads(y, x):
    t = cuda.grid(1)
    y[t] = x[(t + THREADS) % x.size]
    x[t] = y[t]


def past_the_end(y, x):
    t = cuda.grid(1)
    y[t + 1] = x[t]


def before_the_beginning(y, x):
    t = np.int64(cuda.grid(1))
    y[t] = x[np.uint64(t - 1)]


def not_aligned(y, x):
    t = cuda.threadIdx.x
    a, b, c, d = load4(x, t)
    y[t] = a + b + c + d


def copied(y, x):
    shared = cuda.shared.array(WIDE, float32, alignment=ALIGNMENT)
    t = cuda.threadIdx.x
    copy4(shared, 4 * t, place(x, 0), np.int32(4 * t), np.int32(1))
    copies_commit()
    copies_wait()
    cuda.syncthreads()
    y[t] = shared[WIDE - 1 - t]


def copied_without_wait(y, x):
    shared = cuda.shared.array(WIDE, float32, alignment=ALIGNMENT)
    t = cuda.threadIdx.x
    copy4(shared, 4 * t, place(x, 0), np.int32(4 * t), np.int32(1))
    copies_commit()
    cuda.syncthreads()
    y[t] = shared[WIDE - 1 - t]


def copied_without_commit(y, x):
    shared = cuda.shared.array(WIDE, float32, alignment=ALIGNMENT)
    t = cuda.threadIdx.x
    copy4(shared, 4 * t, place(x, 0), np.int32(4 * t), np.int32(1))
    copies_wait()
    cuda.syncthreads()
    y[t] = shared[WIDE - 1 - t]


def copied_without_barrier(y, x):
    shared = cuda.shared.array(WIDE, float32, alignment=ALIGNMENT)
    t = cuda.threadIdx.x
    copy4(shared, 4 * t, place(x, 0), np.int32(4 * t), np.int32(1))
    copies_commit()
    copies_wait()
    y[t] = shared[WIDE - 1 - t]


FAULTS = [
    (turned_without_barrier, 1, "race: reads what another thread wrote"),
    (written_while_read, 1, "race: writes what another thread reads"),
    (barrier_of_half, 1, "a barrier that not all threads reach"),
    (barrier_of_those_who_are_left, 1, "a barrier that not all threads reach"),
    (two_at_one_place, 1, "race: several threads write one place"),
    (reads_of_another, 1, "race"),
    (reads_of_another, 3, "race"),
    (writes_what_another_reads, 2, "race: writes what another thread reads"),
    (past_the_end, 2, "outside an array"),
    (before_the_beginning, 1, "outside an array|no array"),
    (not_aligned, 1, "not aligned to 16 bytes"),
    (copied_without_wait, 1, "reads what an asynchronous copy has yet to bring"),
    (copied_without_commit, 1, "reads what an asynchronous copy has yet to bring"),
    (copied_without_barrier, 1, "race: reads what another thread wrote"),
]


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids="sm_{0[0]}{0[1]}".format)
@pytest.mark.parametrize(("kernel", "blocks", "words"), FAULTS, ids=[f"{kernel.__name__}-{blocks}" for kernel, blocks, _ in FAULTS])
def test_a_planted_fault_is_found(kernel, blocks, words, architecture):
    with pytest.raises(FaultError, match=words):
        run(kernel, numbers(THREADS * blocks), numbers(WIDE), blocks=blocks, architecture=architecture)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids="sm_{0[0]}{0[1]}".format)
def test_without_a_fault_the_numbers_are_right(architecture):
    x, y = numbers(THREADS), numbers(THREADS)
    run(turned, y, x, architecture=architecture)
    assert (y == x[::-1]).all()
    run(reads_of_another_after_a_barrier, y, x, architecture=architecture)
    assert (x == np.roll(np.arange(THREADS), -1)).all()
    wide = numbers(WIDE)
    run(copied, y, wide, architecture=architecture)
    assert (y == wide[::-1][:THREADS]).all()


def test_shared_memory_is_full_of_nan_before_it_is_written():
    def unwritten(y):
        shared = cuda.shared.array(THREADS, float32)
        y[cuda.threadIdx.x] = shared[cuda.threadIdx.x]

    y = numbers(THREADS)
    run(unwritten, y)
    assert np.isnan(y).all()


def test_an_unknown_instruction_is_named():
    text = Kernel(turned).ptx((types.float32[::1],) * 2).replace("bar.sync", "elect.sync")
    with pytest.raises(FaultError, match=r"not known here: elect\.sync 0"):
        run_ptx(text, 1, THREADS, (numbers(THREADS), numbers(THREADS)))


def test_views_lie_in_the_memory_of_their_owners():
    def doubled(y, x):
        t = cuda.grid(1)
        if t < y.size:
            y[t % y.shape[0], t // y.shape[0]] = 2 * x[t % x.shape[0], t // x.shape[0]]

    whole, x = put(np.zeros((8, 10))), put(np.arange(24.0).reshape(6, 4))
    run(doubled, whole[1::2, 9:2:-2], x.T[:, ::-1][:, :4])
    wanted = np.zeros((8, 10))
    wanted[1::2, 9:2:-2] = 2 * x.T[:, ::-1][:, :4]
    assert (whole == wanted).all()


def integers(y, a, b):
    t = cuda.grid(1)
    if t < a.size:
        p, q = a[t], b[t]
        y[0, t] = p // q
        y[1, t] = p % q
        y[2, t] = p * q
        y[3, t] = p << (q & 31)
        y[4, t] = p >> (q & 31)
        y[5, t] = min(p, q) + max(p, q) * 3
        y[6, t] = (p ^ q) & ~p | abs(q)
        y[7, t] = p // 7 + p % 1000
        y[8, t] = cuda.popc(p) + cuda.clz(q)
        y[9, t] = p if p < q else -q


@pytest.mark.parametrize("kind", ["int32", "int64", "uint32", "uint64"])
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids="sm_{0[0]}{0[1]}".format)
def test_integers_are_those_of_the_simulator(kind, architecture):
    rng, information = np.random.default_rng(0), np.iinfo(kind)
    a = np.concatenate([rng.integers(0, 100, 24), rng.integers(information.min // 2, information.max // 2, 40, information.dtype)]).astype(
        kind
    )
    b = np.concatenate([rng.integers(1, 9, 20), rng.integers(1, information.max, 44, information.dtype)]).astype(kind)
    bits = 8 * np.dtype(kind).itemsize
    y = put(np.zeros((10, len(a)), kind))
    run(integers, y, put(a), put(b), architecture=architecture)
    wanted = []
    for p, q in zip(a.tolist(), b.tolist(), strict=True):
        row = [p // q, p % q, p * q, p << (q & 31), p >> (q & 31), min(p, q) + max(p, q) * 3, (p ^ q) & ~p | abs(q), p // 7 + p % 1000]
        row += [(p & (1 << bits) - 1).bit_count() + bits - q.bit_length(), p if p < q else -q]
        wanted.append([each & (1 << bits) - 1 for each in row])
    np.testing.assert_array_equal(y.astype(f"u{bits // 8}"), np.array(wanted, f"u{bits // 8}").T)


def reals(y, whole, a, b):
    t = cuda.grid(1)
    if t < a.size:
        p, q = a[t], b[t]
        y[0, t] = p + q
        y[1, t] = p * q - p
        y[2, t] = p / q
        y[3, t] = math.sqrt(abs(p))
        y[4, t] = -p if p < q else q
        y[5, t] = q if p != q else p
        y[6, t] = max(p, q)
        y[7, t] = min(p, q)
        whole[0, t] = np.int64(p) if abs(p) < 1e9 else 0
        whole[1, t] = p <= q
        whole[2, t] = not p > q


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_reals_are_rounded_as_on_a_processor(kind):
    rng = np.random.default_rng(0)
    strange = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-310, 1e-45, 3.4e38, -1.5]
    a = np.concatenate([np.repeat(strange, len(strange)), rng.standard_normal(40) * 10.0 ** rng.integers(-30, 30, 40)]).astype(kind)
    b = np.concatenate([np.tile(strange, len(strange)), rng.standard_normal(40)]).astype(kind)
    y, whole = put(np.zeros((8, len(a)), kind)), put(np.zeros((3, len(a)), np.int64))
    run(reals, y, whole, put(a), put(b), blocks=2, exact=True)
    with np.errstate(all="ignore"):
        wanted = [a + b, a * b - a, a / b, np.sqrt(np.abs(a)), np.where(a < b, -a, b), np.where(a != b, b, a), np.fmax(a, b), np.fmin(a, b)]
        counted = [np.where(np.abs(a) < 1e9, np.nan_to_num(a, posinf=0, neginf=0), 0).astype(np.int64), a <= b, ~(a > b)]
    np.testing.assert_array_equal(y, np.stack(wanted).astype(kind))
    np.testing.assert_array_equal(whole, np.stack(counted).astype(np.int64))


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_fused_product_is_rounded_once(kind):
    """Half ways among them, which two roundings get wrong."""

    def fused(y, a, b, c):
        t = cuda.grid(1)
        if t < y.size:
            y[t] = cuda.fma(a[t], b[t], c[t])

    rng = np.random.default_rng(0)
    eps = np.finfo(kind).eps
    a, b = (1 + rng.integers(-99, 99, (2, 500)) * eps).astype(kind)
    c = (rng.integers(-3, 4, 500) * 2.0 ** rng.integers(-70, 2, 500)).astype(kind)
    a[:3], b[:3], c[:3] = (1 + eps, 1, 1), (1 + eps, 1, 1), (2.0**-60, eps / 2, -eps / 4)
    y = put(np.zeros(500, kind))
    run(fused, y, put(a), put(b), put(c), blocks=8)
    exact = [Fraction(float(p)) * Fraction(float(q)) + Fraction(float(r)) for p, q, r in zip(a, b, c, strict=True)]
    for got, right in zip(y, exact, strict=True):
        near = [np.nextafter(got, kind_of_infinity) for kind_of_infinity in (np.dtype(kind).type(-np.inf), np.dtype(kind).type(np.inf))]
        assert all(abs(Fraction(float(got)) - right) <= abs(Fraction(float(each)) - right) for each in near)
