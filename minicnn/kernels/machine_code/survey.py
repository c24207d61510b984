"""The content and state of the cache of machine code, for `minicnn doctor`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from minicnn.kernels.machine_code.files import SUFFIX, cache_folder, made_generation, read
from minicnn.kernels.machine_code.trust import CacheError, DistrustError

PROBE_BYTES = 1 << 20  # about what the kernels of one network take


class Survey(NamedTuple):
    """The state of the cache.

    obstacle, fix : str
        Why nothing can be kept in it, and the fix; "" if it can.
    kernels, kernel_bytes : int
        Compiled kernels that this version of minicnn can use on this machine.
    damaged, distrusted : int
        Files among them that are not used because of their content, or because others own them or may write to them.
    stale, stale_bytes : int
        Files of other versions or machines, or obsolete ones.
    """

    folder: Path
    obstacle: str = ""
    fix: str = ""
    kernels: int = 0
    kernel_bytes: int = 0
    damaged: int = 0
    distrusted: int = 0
    stale: int = 0
    stale_bytes: int = 0


def survey(generation: str) -> Survey:
    """Open every file of a generation, count all others, and try whether something can be written."""
    folder = cache_folder()
    current = folder / generation
    obstacle, fix = _obstacle(current)
    found = Survey(folder, obstacle, fix)
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            size = 0 if path.is_dir() else path.lstat().st_size
            if path.parent == current and path.suffix == SUFFIX:
                payload = read(path)
                found = found._replace(kernels=found.kernels + (payload is not None), kernel_bytes=found.kernel_bytes + size)
            elif not path.is_dir():
                found = found._replace(stale=found.stale + 1, stale_bytes=found.stale_bytes + size)
        except DistrustError:
            found = found._replace(distrusted=found.distrusted + 1)
        except (CacheError, OSError):
            found = found._replace(damaged=found.damaged + 1)
    return found


def _obstacle(current: Path) -> tuple[str, str]:
    try:
        with made_generation(current), tempfile.TemporaryFile(dir=current) as file:
            file.write(bytes(PROBE_BYTES))
    except CacheError as error:
        return error.reason, error.fix
    return "", ""
