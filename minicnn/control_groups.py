"""The control groups of this process: where Linux limits how much of the machine it may use, as containers and batch systems do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def control_groups(controller: str, root: Path = ROOT, own: Path = OWN) -> Iterator[Path]:
    """Folders of the groups that may limit what `controller` names ("cpu", "memory"), from the process's own to the outermost.

    Linux describes them in cgroups(7): a line of /proc/self/cgroup is number:controllers:path, controllers being empty in version 2.
    In a container, the path may be that of its own group as the root, or one that is not visible there.
    """
    for line in text(own).splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and controller not in controllers.split(","):
            continue
        top = root if not controllers else root / controller if (root / controller).is_dir() else root / controllers
        group = top / path.strip("/")
        yield from (each for each in (group, *group.parents) if each == top or top in each.parents)


def text(path: Path) -> str:
    """The content of a system file; empty if there is none."""
    try:
        with open(path, "rb", buffering=0) as file:  # half the time of read_text
            return file.read().decode("ascii", "replace")
    except OSError:
        return ""
