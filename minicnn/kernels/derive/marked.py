"""A definition as it was written, with what becomes of every loop beside it."""

from __future__ import annotations

import linecache
import textwrap

from minicnn.kernels.derive.threads import Threads

THREADS, CLEARED, IN_ORDER = "threads", "every thread clears its own part", "in order"


def marked(parallel: Threads) -> str:
    """The statements with their line numbers; a remark says "threads" of a loop, or "in order" and why.

    81  N, C, L = x.shape
    82  for n in range(N):          # threads
    83      for c in range(C):      # threads
    84          total = np.float64(0.0)
    85          for l in range(L):  # in order: total (line 86) is carried from one turn of l to the next
    86              total += x[n, c, l]
    87          y[n, c] = total / L
    """
    definition = parallel.definition
    remarks = {each.line: THREADS for each in parallel.levels}
    remarks |= {each.lineno: CLEARED for each in definition.clearings}
    remarks |= {each.line: f"{IN_ORDER}: {each.reason}" for each in parallel.kept}
    first, last = definition.body[0].lineno, definition.loop.end_lineno or 0
    whole = "".join(linecache.getline(definition.python.__code__.co_filename, n) for n in range(first, last + 1))
    lines = dict(enumerate(textwrap.dedent(whole).splitlines(), first))
    width = max(len(lines[n]) for n in remarks)
    shown = [
        f"{n:{len(str(last))}}  {text:{width}}  # {remarks[n]}" if n in remarks else f"{n:{len(str(last))}}  {text}"
        for n, text in lines.items()
    ]
    return "\n".join(shown)
