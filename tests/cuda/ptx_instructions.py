"""Instructions whose result depends on their operands only, as Python functions of who is active."""

import re

import numpy as np

from .ptx_arithmetic import FUNCTIONS, OPERANDS, comparison, conversion, wide
from .ptx_memory import LOCAL, SHARED
from .ptx_text import TYPES, FaultError

NOTHING = ("fence", "membar", "prefetch", "prefetchu", "bar", "barrier", "nanosleep")
UNUSUAL = {"rz", "rm", "rp", "sat", "ftz", "cc"}
KNOWN = {("fma", "rm", "f32"), ("add", "rz", "f32"), ("cvt", "sat", "f32")}
WINDOWS = {"global": 0, "const": 0, "shared": SHARED, "local": LOCAL}


def computation(frame, instruction):
    """A function of who is active: True for all, or one truth for every thread."""
    words, operands, text = instruction.words, instruction.operands, instruction.text
    name, kind = words[0], TYPES.get(words[-1])
    if name in NOTHING:
        return lambda mask: None
    unusual = UNUSUAL & set(words) - ({"ftz"} if "approx" in words else set())
    if kind is None or (unusual and (name, *unusual, words[-1]) not in KNOWN):
        raise FaultError(f"not known here: {text}")
    if name in SPECIAL:
        return SPECIAL[name](frame, words, operands, kind, text)
    if name not in FUNCTIONS:
        raise FaultError(f"not known here: {text}")
    kinds, result = [each or kind for each in OPERANDS.get(name, (None,) * (len(operands) - 1))], kind
    if "wide" in words:
        result = wide(kind)
        kinds[2:] = [result] * len(kinds[2:])
    if name in ("popc", "clz"):
        result = np.uint32
    sources = [frame.read(each, own) for each, own in zip(operands[1:], kinds, strict=True)]
    return stored(FUNCTIONS[name](words, kind), sources, frame.write(operands[0], result))


def stored(function, sources, out):
    """The function's result goes into `out` for those who are active; the others are not looked at."""
    if isinstance(function, np.ufunc):

        def step(mask):
            function(*sources, out=out, where=mask)

    else:

        def step(mask):
            if mask is True:
                out[:] = function(*sources)
            else:
                out[mask] = function(*(each[mask] for each in sources))

    return step


def compare(frame, words, operands, kind, text):
    """`setp.lt.f64 p, a, b`, or `setp.lt.and.f64 p, a, b, q`."""
    function, sources = comparison(words[1], kind), [frame.read(each, kind) for each in operands[1:3]]
    joined = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}.get(words[2])
    if joined is not None:
        first, other = function, frame.read(operands[3].lstrip("!"), np.bool_)
        wanted, sources = not operands[3].startswith("!"), [*sources, other]

        def function(a, b, p):
            return joined(first(a, b), p == wanted)

    if "|" in operands[0] or len(sources) != len(operands) - 1:
        raise FaultError(f"not known here: {text}")
    return stored(function, sources, frame.write(operands[0], np.bool_))


def select(frame, words, operands, kind, text):
    sources = [frame.read(operands[1], kind), frame.read(operands[2], kind), frame.read(operands[3], np.bool_)]
    return stored(lambda a, b, chosen: np.where(chosen, a, b), sources, frame.write(operands[0], kind))


def move(frame, words, operands, kind, text):
    if "{" not in text:
        return stored(np.logical_or if kind is np.bool_ else np.bitwise_or, *_doubled(frame, operands, kind))
    packed = operands[0].startswith("{")
    names = re.findall(r"[^{},\s]+", operands[0] if packed else operands[1])
    whole = (frame.read if packed else frame.write)(
        operands[1] if packed else operands[0], np.uint64 if np.dtype(kind).itemsize == 8 else np.uint32
    )
    part = np.dtype(f"u{whole.itemsize // len(names)}").type
    pieces = [whole.view(part)[n :: len(names)] for n in range(len(names))]
    moves = [
        (frame.write(name, part), piece) if packed else (piece, frame.read(name, part)) for name, piece in zip(names, pieces, strict=True)
    ]

    def step(mask):
        for out, source in moves:
            np.copyto(out, source, where=mask)

    return step


def _doubled(frame, operands, kind):
    """An operand or itself is itself: as integers, so that the bits of a NaN stay."""
    bits = kind if kind is np.bool_ else np.dtype(f"u{np.dtype(kind).itemsize}").type
    source = frame.read(operands[1], bits)
    return (source, source), frame.write(operands[0], bits)


def convert_address(frame, words, operands, kind, text):
    """`cvta.space`: a generic address of one in that space; `cvta.to.space`: the other way."""
    shift = WINDOWS[words[-2]] * (-1 if words[1] == "to" else 1)
    return stored(lambda a: a + np.uint64(shift % (1 << 64)), [frame.read(operands[1], kind)], frame.write(operands[0], kind))


def convert(frame, words, operands, kind, text):
    target = TYPES.get(words[-2])
    if target is None:
        raise FaultError(f"not known here: {text}")
    size = frame.register(operands[0]).itemsize
    out = target if target in (np.float32, np.float64) else np.dtype(f"{np.dtype(target).kind}{size}").type
    return stored(conversion(words[1:-2], target, kind), [frame.read(operands[1], kind)], frame.write(operands[0], out))


SPECIAL = {"setp": compare, "selp": select, "mov": move, "cvta": convert_address, "cvt": convert}
