"""Every item of five lectures, checked: `python -m tests.lectures.coverage` prints the table and counts.

`items.tsv` lists them (a letter for the lecture, a number, a name); each has a check in the file of its lecture.  Checks compute now, but for
experiments: their rows come from full runs of labs, dated, under records/ (`python -m tests.lectures.record NAME` runs one again).
"""

from __future__ import annotations

import importlib
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.lectures.checking import VERDICTS, Check, outcome

LECTURES = {"J": "jeong", "B": "bonn", "C": "cmu", "S": "scarano", "L": "slides"}
ITEMS = Path(__file__).parent / "items.tsv"


class Item(NamedTuple):
    key: str
    name: str


def items() -> list[Item]:
    return [Item(*row.split("\t")) for row in ITEMS.read_text(encoding="utf-8").splitlines()]


def checks() -> dict[str, Check]:
    found: dict[str, Check] = {}
    for module in LECTURES.values():
        found |= importlib.import_module(f"tests.lectures.{module}").CHECKS
    return found


def main(wanted: list[str]) -> None:
    known, counts, begin = checks(), Counter[str](), time.perf_counter()
    for item in items():
        if wanted and item.key not in wanted and item.key[0] not in wanted:
            continue
        found = outcome(known.get(item.key))
        counts[found.verdict] += 1
        print(f"{item.key:4} {found.verdict:19} {item.name}\n{'':24} {found.words}", flush=True)
    print(
        f"\n{sum(counts.values())} items: {', '.join(f'{counts[each]} {each}' for each in VERDICTS)}; {time.perf_counter() - begin:.0f} s"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
