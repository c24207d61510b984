"""Run labs in full and keep what came out: `python -m tests.lectures.record NAME ...`, all without a name; minutes each."""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path

import minicnn
from minicnn import labs

RECORDS = Path(__file__).parent / "records"


def record(name: str) -> None:
    """Write records/NAME.json: the command, the date, the seconds, and the rows."""
    begin = time.perf_counter()
    rows = [row for row in labs.find(name).run(False) if isinstance(row, labs.Row)]
    found = {
        "command": f"minicnn lab {name}",
        "date": date.today().isoformat(),
        "version": minicnn.__version__,
        "seconds": round(time.perf_counter() - begin),
        "rows": [{"lecture": row.lecture, "ours": row.ours, "verdict": row.verdict} for row in rows],
    }
    (RECORDS / f"{name}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    minicnn.set_threads(1)  # results do not depend on it
    for each in sys.argv[1:] or [lab.name for lab in labs.LABS]:
        record(each)
        print(each, flush=True)
