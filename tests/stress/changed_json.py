"""JSON, safetensors and plain bytes changed where it hurts."""

from __future__ import annotations

import copy
import json
import random
import struct
from collections.abc import Iterator
from typing import Any

NUMBERS = (
    0,
    -1,
    1,
    2,
    7,
    255,
    2**31 - 1,
    2**31,
    -(2**31),
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63),
    2**64,
    10**30,
    0.5,
    -0.5,
    1e-300,
    1e308,
    -1e308,
)
WORDS = (
    "",
    "a",
    "input",
    "Sequential",
    "Conv2D",
    "MaxPool2D",
    "unshared",
    "same",
    "full",
    "adam",
    "sgd",
    "shift=99999999999",
    "~nobody",
    "a\0b",
    "../../etc",
    "\x1b[31mred\x1b[0m",
    "[red]markup[/red]",
    "two\nlines",
    "\u202eleft",
    "\ud800",
    "x" * 5000,
)
RAW = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "9" * 400,
    "9" * 5000,
    "[" * 500 + "]" * 500,
    "[" * 60_000,
    '{"a":' * 400 + "1" + "}" * 400,
    "1.",
    "01",
    "'a'",
    "",
    "\x00",
)
HOLE = "\u2603 hole"  # stands for a piece of raw text until the JSON is written


def changed_bytes(content: bytes, chance: random.Random) -> bytes:
    """Flipped, cut, doubled, moved, poured over with zeros."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        if not changed:
            return b""
        at = chance.randrange(min(len(changed), chance.choice((16, 200, len(changed)))))
        length = min(len(changed) - at, chance.choice((1, 2, 8, 100)))
        way = chance.randrange(6)
        if way == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif way == 1:
            del changed[at:]
        elif way == 2:
            del changed[at : at + length]
        elif way == 3:
            changed[at:at] = changed[at : at + length] * chance.choice((1, 2, 50))
        elif way == 4:
            changed[at : at + length] = bytes([chance.choice((0, 255, 127))]) * length
        else:
            changed[at : at + length] = chance.randbytes(length)
    return bytes(changed)


def changed_safetensors(content: bytes, chance: random.Random) -> bytes:
    """Its header as JSON changed, or the JSON that lies inside as words."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    words = header["__metadata__"]
    inside = [key for key, value in words.items() if key not in ("format", "minicnn", "data")]
    if inside and chance.random() < 0.8:
        key = chance.choice(inside + [key for key in inside if key in ("architecture", "numbers")] * 4)
        value = json.loads(words[key])
        words[key] = shared_bomb(value, chance) if key == "architecture" and chance.random() < 0.15 else changed_json(value, chance)
        text = json.dumps(header)
    else:
        text = changed_json(header, chance)
    raw = text.encode("utf-8", "surrogatepass")
    stated = chance.choice((0, 1, len(raw) + 1, 2**32, 2**63, 2**64 - 1)) if chance.random() < 0.03 else len(raw)
    return struct.pack("<Q", stated) + raw + content[8 + length :]


def shared_bomb(architecture: Any, chance: random.Random) -> str:
    """Parts that stand in each other twice: few letters, 2**depth layers; or side by side, each a level deeper."""
    depth = chance.choice((3, 10, 22, 40, 300))
    part: Any = {"type": chance.choice(("ReLU", "Sequential")), "name": None, "shared part": 900}
    if part["type"] == "Sequential":
        part["items"] = []
    copies = chance.choice((1, 2, 3))
    outer = chance.choice(("Sequential", "Residual", "Concat"))
    for level in range(depth):
        again = {"shared part": 900 + level}
        items = [part, *[again] * (copies - 1)]
        part = {
            "Sequential": {"type": "Sequential", "items": items},
            "Residual": {"type": "Residual", "body": part, "shortcut": again},
            "Concat": {"type": "Concat", "branches": items},
        }[outer] | {"name": None, "shared part": 901 + level}
    if chance.random() < 0.5:
        architecture["network"] = part
    else:
        architecture["network"]["items"].insert(chance.randrange(3), part)
    return json.dumps(architecture)


def changed_json(value: Any, chance: random.Random) -> str:
    """A few places of a JSON value changed; as text, since not all of it is JSON any more."""
    root = [copy.deepcopy(value)]
    raw: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        places = list(_places(root))
        holder, key = chance.choice(places)
        way = chance.randrange(10)
        if way < 3:
            holder[key] = copy.deepcopy(chance.choice((None, True, False, [], {}, [[]], *NUMBERS)))
        elif way < 4:
            holder[key] = chance.choice(WORDS)
        elif way < 5:
            raw.append(chance.choice(RAW))
            holder[key] = HOLE
        elif way < 6 and holder is not root:
            del holder[key]
        elif way < 7:
            other, at = chance.choice(places)
            holder[key] = copy.deepcopy(other[at])
        elif way < 8:
            holder[key] = [holder[key]] if chance.random() < 0.5 else {"type": chance.choice(WORDS), "items": [holder[key]]}
        elif isinstance(holder[key], list):
            holder[key] = holder[key] * chance.choice((0, 2, 3, 1000)) if chance.random() < 0.7 else holder[key][:-1]
        elif isinstance(holder[key], dict):
            holder[key][chance.choice(WORDS)] = chance.choice((1, "a", None))
        elif isinstance(holder[key], (int, float)):
            holder[key] = holder[key] * chance.choice((-1, 2, 10, 1.5)) + chance.choice((0, 1, -1))
    text = json.dumps(root[0], ensure_ascii=chance.random() < 0.8)
    for piece in raw:
        for hole in (json.dumps(HOLE), f'"{HOLE}"'):
            text = text.replace(hole, piece, 1)
    return text


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place inside a JSON value: what holds it, and its key or index."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])
