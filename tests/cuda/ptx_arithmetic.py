"""What PTX's instructions compute: NumPy functions of arrays over threads, every one rounded as a device rounds.

`FUNCTIONS[name](words, kind)` is a function of the operands' arrays that returns the result, `kind` being the type that the instruction
ends with.  Approximations (`rcp.approx`, `ex2.approx`) are the right result rounded once: a device's own may differ in the last bits.
"""

import ctypes
import ctypes.util
import operator

import numpy as np

from .ptx_text import FaultError

LIBRARY = ctypes.CDLL(ctypes.util.find_library("m"))
FMA = {np.float32: LIBRARY.fmaf, np.float64: LIBRARY.fma}  # rounded once, as C promises
for kind, c_kind in ((np.float32, ctypes.c_float), (np.float64, ctypes.c_double)):
    FMA[kind].argtypes, FMA[kind].restype = [c_kind] * 3, c_kind
TINY = float(np.finfo(np.float32).tiny)  # below, float32 has fewer bits


def fma(words, kind):
    if "rm" in words:
        return downward_fma32
    return fma32 if kind is np.float32 else fma64


def towards_zero_add32(a, b):
    """Rounded towards 0: the sum is exact in float64 but for what is far below a float32's last bit, which the difference finds."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    total = a + b
    back = total - a
    lost = (a - (total - back)) + (b - back)
    result = total.astype(np.float32)
    beyond = (np.abs(result) > np.abs(total)) | ((result == total) & (np.sign(lost) == -np.sign(total)) & (lost != 0))
    return np.where(beyond, np.nextafter(result, np.float32(0)), result)


def downward_fma32(a, b, c):
    """Rounded down.  The sum in float64 lacks what the usual two differences find."""
    c, exact = c.astype(np.float64), np.multiply(a, b, dtype=np.float64)
    total = exact + c
    back = total - exact
    lost = (exact - (total - back)) + (c - back)
    result = total.astype(np.float32)
    above = (result > total) | ((result == total) & (lost < 0))
    return np.where(above, np.nextafter(result, np.float32(-np.inf)), result)


def fma64(a, b, c):
    return np.array(list(map(FMA[np.float64], a.tolist(), b.tolist(), c.tolist())))


def fma32(a, b, c):
    """The product is exact in float64; the sum is rounded there and again to float32, which differs only where it lies half way."""
    total = np.multiply(a, b, dtype=np.float64)
    total += c
    result = total.astype(np.float32)
    half_way = (total.view(np.uint64) & np.uint64(0x1FFFFFFF)) == 0x10000000
    half_way |= np.abs(total) < TINY
    if half_way.any():
        at = np.flatnonzero(half_way & (total != 0))
        result[at] = [FMA[np.float32](*each) for each in zip(a[at].tolist(), b[at].tolist(), c[at].tolist(), strict=True)]
    return result


def wide(kind):
    """The type of twice the bits."""
    return np.dtype(f"{np.dtype(kind).kind}{2 * np.dtype(kind).itemsize}").type


def high_product(a, b, kind):
    if np.dtype(kind).itemsize < 8:
        double = wide(kind)
        return (a.astype(double) * b.astype(double) >> double(8 * np.dtype(kind).itemsize)).astype(kind)
    return np.array([x * y >> 64 for x, y in zip(a.tolist(), b.tolist(), strict=True)], kind)


def product(words, kind):
    if "wide" in words:
        return lambda a, b: a.astype(wide(kind)) * b.astype(wide(kind))
    if "hi" in words:
        return lambda a, b: high_product(a, b, kind)
    return np.multiply


def product_and_sum(words, kind):
    if kind in FMA:
        return fma(words, kind)
    multiply = product(words, kind)
    return lambda a, b, c: multiply(a, b) + c


def truncated(words, kind):
    """`div`: integers are cut off towards zero."""
    if kind in FMA:
        return np.divide

    def divide(a, b):
        if (b == 0).any():
            raise FaultError("an integer divided by zero")
        return (a - np.fmod(a, b)) // b

    return divide


def remainder(words, kind):
    def rest(a, b):
        if (b == 0).any():
            raise FaultError("an integer divided by zero")
        return np.fmod(a, b)

    return rest


def extreme(choose, propagating, first_is_chosen):
    """`min` and `max`: the number where the other is NaN (both unless `.NaN` is asked for), and -0 below +0."""

    def build(words, kind):
        if kind not in FMA:
            return choose

        def of_numbers(a, b):
            result = (propagating if "NaN" in words else choose)(a, b)
            zeros = (a == 0) & (b == 0)
            return np.where(zeros, np.where(first_is_chosen(np.signbit(a), np.signbit(b)), a, b), result) if zeros.any() else result

        return of_numbers

    return build


def shifted(direction):
    """A shift by as many bits as the type has, or more, leaves zeros, or the sign."""

    def build(words, kind):
        bits = 8 * np.dtype(kind).itemsize

        def shift(a, n):
            past = n >= bits
            moved = direction(a, np.minimum(n, bits - 1).astype(kind))
            rest = moved if direction is operator.rshift and np.dtype(kind).kind == "i" else kind(0)
            return np.where(past, rest, moved)

        return shift

    return build


def funnel(words, kind):
    """`shf`: 32 bits out of 64."""

    def shift(low, high, n):
        both = high.astype(np.uint64) << np.uint64(32) | low
        n = (n & 31 if "wrap" in words else np.minimum(n, 32)).astype(np.uint64)
        return ((both << n) >> np.uint64(32) if "l" in words else both >> n).astype(np.uint32)

    return shift


def field(words, kind):
    """`bfe`: bits of a from `start`, as many as `count`, signed if the type is."""
    bits = 8 * np.dtype(kind).itemsize

    def one(a, start, count):
        start, count = start & 255, count & 255
        value = (a >> start) & ((1 << count) - 1)
        if words[-1].startswith("s") and count:
            top = a >> min(start + count - 1, bits - 1) & 1
            value |= -(top << min(count, max(bits - start, 0))) if top else 0
        return value & ((1 << bits) - 1)

    return lambda a, start, count: _each(one, kind, a.view(f"u{bits // 8}"), start, count)


def inserted(words, kind):
    """`bfi`: a put into b."""
    bits = 8 * np.dtype(kind).itemsize

    def one(a, b, start, count):
        mask = ((1 << (count & 255)) - 1) << (start & 255)
        return (b & ~mask | a << (start & 255) & mask) & ((1 << bits) - 1)

    return lambda *operands: _each(one, kind, *operands)


def permuted(words, kind):
    """`prmt`: four bytes chosen out of eight."""

    def one(a, b, choice):
        source = (b << 32 | a).to_bytes(8, "little")
        chosen = [(source[code & 7], code & 8) for code in (choice >> 4 * n & 15 for n in range(4))]
        return int.from_bytes(bytes(255 * (byte >> 7) if sign else byte for byte, sign in chosen), "little")

    return lambda *operands: _each(one, kind, *operands)


def looked_up(words, kind):
    """`lop3`: the bit of a table at the place that three bits name."""

    def one(a, b, c, table):
        result = 0
        for n in range(8):
            if table >> n & 1:
                result |= (a if n & 4 else ~a) & (b if n & 2 else ~b) & (c if n & 1 else ~c)
        return result & 0xFFFFFFFF

    return lambda *operands: _each(one, kind, *operands)


def _each(one, kind, *operands):
    numbers = zip(*(each.tolist() for each in operands), strict=True)
    return np.array([one(*each) for each in numbers], f"u{np.dtype(kind).itemsize}").view(kind)


def approximate(exact):
    def build(words, kind):
        if "approx" not in words and exact is not SINGLE["rcp"] and exact is not SINGLE["sqrt"]:
            raise FaultError(f"not known here: {'.'.join(words)}")
        if kind is np.float64 and "approx" in words:  # of the result only the upper half counts
            return lambda a: (exact(a).view(np.uint64) & np.uint64(0xFFFFFFFF00000000)).view(np.float64)
        if kind is np.float32 and "approx" in words:
            return lambda a: exact(a.astype(np.float64)).astype(np.float32)
        return exact

    return build


SINGLE = {
    "rcp": lambda a: np.divide(a.dtype.type(1), a),
    "sqrt": np.sqrt,
    "rsqrt": lambda a: 1 / np.sqrt(a),
    "ex2": np.exp2,
    "lg2": np.log2,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
}


def always(function):
    return lambda words, kind: function


FUNCTIONS = {
    "add": lambda words, kind: towards_zero_add32 if "rz" in words else np.add,
    "sub": always(np.subtract),
    "mul": product,
    "mad": product_and_sum,
    "fma": fma,
    "div": truncated,
    "rem": remainder,
    "min": extreme(np.fmin, np.minimum, operator.ge),
    "max": extreme(np.fmax, np.maximum, operator.le),
    "abs": always(np.abs),
    "neg": always(np.negative),
    "and": always(np.bitwise_and),
    "or": always(np.bitwise_or),
    "xor": always(np.bitwise_xor),
    "not": always(np.invert),
    "cnot": always(lambda a: (a == 0).astype(a.dtype)),
    "shl": shifted(operator.lshift),
    "shr": shifted(operator.rshift),
    "shf": funnel,
    "bfe": field,
    "bfi": inserted,
    "prmt": permuted,
    "lop3": looked_up,
    "popc": always(lambda a: _each(int.bit_count, np.uint32, a)),
    "clz": always(lambda a: _each(lambda n: 8 * a.itemsize - n.bit_length(), np.uint32, a.view(f"u{a.itemsize}"))),
    "brev": always(lambda a: _each(lambda n: int(f"{n:0{8 * a.itemsize}b}"[::-1], 2), a.dtype.type, a)),
    "copysign": always(lambda a, b: np.copysign(b, a)),
    **{name: approximate(exact) for name, exact in SINGLE.items()},
}
# Types of operands that are not the type of the instruction.
OPERANDS = {
    "shl": (None, np.uint32),
    "shr": (None, np.uint32),
    "bfe": (None, np.uint32, np.uint32),
    "bfi": (None, None, np.uint32, np.uint32),
}

ORDERED = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
ORDERED |= {"lo": np.less, "ls": np.less_equal, "hi": np.greater, "hs": np.greater_equal}


def comparison(word, kind):
    """`setp`: with `u` also true where a number is NaN; without it false there, `ne` too."""
    if word in ("num", "nan"):
        return lambda a, b: (np.isnan(a) | np.isnan(b)) == (word == "nan")
    if kind not in FMA:
        return ORDERED[word]
    if word in ORDERED:
        return ORDERED[word] if word != "ne" else lambda a, b: (a != b) & ~(np.isnan(a) | np.isnan(b))
    compare = ORDERED[word[:-1]]
    return lambda a, b: compare(a, b) | np.isnan(a) | np.isnan(b)


ROUNDED = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}


def conversion(words, target, source):
    """`cvt`: rounding is what the words ask for, to the nearest where a number does not fit; integers keep to their range."""
    to_float, from_float = target in FMA, source in FMA
    rounding = next((ROUNDED[word] for word in words if word in ROUNDED), None)
    if "sat" in words:
        return lambda a: np.fmin(np.fmax(a, 0), 1).astype(target)
    if from_float and to_float:
        return lambda a: (rounding(a) if rounding else a).astype(target)
    if to_float or not from_float:
        return lambda a: a.astype(target)
    least, most = np.iinfo(target).min, np.iinfo(target).max
    lost = 1 << (8 * np.dtype(target).itemsize - 1) if source is np.float64 or np.dtype(target).itemsize == 8 else 0

    def to_integer(a):
        whole = [None if np.isnan(each) else each for each in rounding(a).tolist()]
        numbers = [lost if each is None else least if each < least else most if each > most else int(each) for each in whole]
        return np.array([number & (most - least) for number in numbers], f"u{np.dtype(target).itemsize}").view(target)

    return to_integer
