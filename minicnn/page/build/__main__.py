"""Make the two modules that come with the package: `python -m minicnn.page.build`.  About two minutes; the same bytes every time.

textbook.wasm   every textbook loop that takes no function
engine.wasm     every step of plans
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zlib

from minicnn.page.modules import MODULES, path, source_stamp
from minicnn.page.plan import FOUR_LANES


def main() -> int:
    """Each module in a process of its own, which compiles for four lanes and shares no machine code with others."""
    if sys.argv[1:]:
        return build(sys.argv[1])
    for name in MODULES:
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                [sys.executable, "-m", __package__, name], env={**os.environ, **FOUR_LANES, "NUMBA_CACHE_DIR": folder}, check=False
            )
        if run.returncode:
            return run.returncode
    return 0


def build(name: str) -> int:
    from minicnn.page.build.link import link
    from minicnn.page.build.module import compile_object
    from minicnn.page.build.steps import derived_steps, step_loops, written_steps
    from minicnn.page.build.textbook import textbook_loops

    loops = textbook_loops() if name == "textbook" else step_loops([*written_steps().values(), *derived_steps().values()])
    module = link(compile_object(loops), list(loops), source_stamp())
    path(name).parent.mkdir(exist_ok=True)
    path(name).write_bytes(module.code)
    size, packed = len(module.code), len(zlib.compress(module.code, 9))
    print(f"{path(name).name}: {len(loops)} loops, {size:,} bytes, {packed:,} deflated; imports {', '.join(module.imports)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
