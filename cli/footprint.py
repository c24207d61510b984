"""What a network takes in memory, asked of the planner in a process of its own: it needs the compiler, and `summary` goes without.

The process is this command again, with a hidden option that has it print footprints.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicnn.network import Graph

OPTION = "--footprints"


def footprints(nets: Sequence[Graph], batch: int) -> list[dict[str, Any]]:
    """Training and inference of each network: {"training": ..., "inference": ...}, or {"unknown": why}.  This imports the planner."""
    from minicnn.engine.footprint import inference_footprint, training_footprint
    from minicnn.errors import MinicnnError
    from minicnn.optimizers.usual import USUAL

    found: list[dict[str, Any]] = []
    for net in nets:
        optimizer = net.recipe.optimizer if net.recipe else USUAL
        try:
            own = training_footprint(net, batch, optimizer), inference_footprint(net, batch)
            found.append({each.purpose: each.to_dict() for each in own})
        except MinicnnError as error:
            found.append({"unknown": str(error).splitlines()[0]})
    return found


def asked_footprints(arguments: Sequence[str], count: int) -> list[dict[str, Any]]:
    """The same by another process, for what `minicnn summary` was given."""
    command = "import sys; from minicnn.cli.main import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", command, "summary", *arguments, OPTION],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["the process that was asked ended"])[-1]
        return [{"unknown": last.removeprefix("Error: ")}] * count
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers
