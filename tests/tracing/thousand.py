"""`python -m tests.tracing.thousand [COUNT]`: traces drawn by chance; what a trace ends with, against textbook loop and fast engine."""

import sys
import time
from collections import Counter

from .drawn import traced


def main(count):
    start, kinds, worst, exact, wrong = time.perf_counter(), Counter(), (0.0, ""), 0, []
    for seed in range(count):
        try:
            table, number, asked = traced(seed)
        except Exception as error:
            wrong.append(f"seed {seed}: {type(error).__name__}: {error}")
            continue
        kinds[f"{table.kind} {'value' if table.wanted == 'y' else 'gradient'}"] += 1
        exact += table.difference == 0
        if number.tobytes() != number.dtype.type(table.value).tobytes():
            wrong.append(f"{asked}: traced {table.value!r}, textbook {number!r}")
        if not table.holds:
            wrong.append(f"{asked}: engine {table.engine!r}, textbook {table.value!r}, bound {table.bound:.3g} ({table.rule})")
        if table.bound:
            worst = max(worst, (abs(table.difference) / table.bound, asked))
    print(f"{count} traces in {time.perf_counter() - start:.0f} s: {len(wrong)} wrong; the engine has the same bits in {exact}")
    print(f"worst difference: {worst[0]:.2f} of its bound, {worst[1]}")
    print(", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())))
    print("\n".join(wrong))
    return len(wrong)


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
