"""Steps that prepare what later steps read, such as transformed filters: done right before, so that their results can share memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Phase = tuple[int, int, int, int]  # kind, first step, stop, parts


def just_in_time(phases: Sequence[Phase], needed: Mapping[int, int]) -> tuple[list[int], list[Phase]]:
    """Move the steps of the first phase to where they are needed.

    Parameters
    ----------
    phases : in their order, without gaps
    needed : for each step of the first phase that may move, the first later step that reads its result

    Returns
    -------
    The steps in their new order, by their old numbers, and their phases: before each phase, one of the first's kind with what it needs.
    """
    kind, begin, end, parts = phases[0]
    order = [step for step in range(begin, end) if step not in needed]
    found: list[Phase] = [(kind, 0, len(order), parts)] if order else []
    for own_kind, first, stop, split in phases[1:]:
        moved = [step for step, reader in needed.items() if first <= reader < stop]
        if moved:
            found.append((kind, len(order), len(order) + len(moved), parts))
            order += moved
        found.append((own_kind, len(order), len(order) + stop - first, split))
        order += range(first, stop)
    return order, found
