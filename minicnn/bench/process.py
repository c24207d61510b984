"""Fresh Python processes: the cost of a whole program, without anything the calling process has loaded.

The work is a function that imports everything it needs; its source is sent, and its result comes back as JSON.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from minicnn.errors import MinicnnError

COMMAND = "from minicnn.cli.main import main; main()"  # what the installed `minicnn` runs
CALL = "import json, sys\nwith open(sys.argv[1], 'w', encoding='utf-8') as file:\n    json.dump({name}(*json.loads(sys.argv[2])), file)"


class Answer(NamedTuple):
    """What a function returned, and the seconds of the whole process."""

    value: Any
    seconds: float


def run_python(program: str, arguments: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> float:
    """Run a program in an empty folder; seconds from its start to its end.

    Raises
    ------
    MinicnnError
        If its exit status is not 0.
    """
    with TemporaryDirectory(prefix="minicnn-bench-") as folder:
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=folder,
            env=os.environ | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
        seconds = time.perf_counter() - begin
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["without a message"]
        raise MinicnnError(f"bench: a subprocess ended with status {done.returncode}\n  {last[0]}")
    return seconds


def call(
    function: Callable[..., Any], *arguments: Any, using: Sequence[Callable[..., Any]] = (), variables: Mapping[str, str] | None = None
) -> Answer:
    """Call a function in a fresh process.

    Parameters
    ----------
    function : its source uses no outside names but those of `using`
    arguments : values that JSON can hold
    using : functions of this kind that it calls
    variables : added to the environment
    """
    sources = [inspect.getsource(each) for each in (*using, function)]
    program = "\n\n".join(["from __future__ import annotations", *sources, CALL.format(name=function.__name__)])
    with TemporaryDirectory(prefix="minicnn-bench-") as folder:
        result = Path(folder) / "result.json"
        seconds = run_python(program, (str(result), json.dumps(arguments)), variables)
        return Answer(json.loads(result.read_text(encoding="utf-8")), seconds)


def peak_bytes() -> int:
    """The peak resident memory of this process.

    On Linux `getrusage` also counts what the parent process held; VmHWM starts again with every program.
    """
    import sys

    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    most: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
