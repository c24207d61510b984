"""Labs: the experiments of the lectures, each a file to read, copy and change.

    from minicnn import labs
    for result in labs.find("prior").run(quick=True):
        print(result)                  # Row(lecture, ours, verdict), Progress(words), or a figure of minicnn.charts

Data are embedded or generated, seeds fixed, and no lab takes more than five minutes on two processors.
"""

from minicnn.errors import SettingError, suggestion
from minicnn.labs import (
    arithmetic,
    batchnorm,
    cost,
    depth,
    detect,
    highway,
    invariance,
    mnist1d,
    norm,
    permuted,
    pooling,
    prior,
    receptive,
    recipe,
    relu,
    see,
    segment,
    transfer,
)
from minicnn.labs.lab import VERDICTS, Lab, Progress, Row
from minicnn.labs.verdicts import effect, percent, same, seeds_text

LABS: tuple[Lab, ...] = tuple(
    module.LAB
    for module in (
        invariance,
        prior,
        permuted,
        mnist1d,
        receptive,
        pooling,
        depth,
        norm,
        highway,
        cost,
        arithmetic,
        relu,
        batchnorm,
        recipe,
        see,
        segment,
        detect,
        transfer,
    )
)


def find(name: str) -> Lab:
    """The lab of that name; a SettingError if there is none."""
    names = [lab.name for lab in LABS]
    if name not in names:
        raise SettingError(f"there is no lab called {name!r}{suggestion(name, names)}\n  there are {', '.join(names)}")
    return LABS[names.index(name)]


__all__ = ["LABS", "VERDICTS", "Lab", "Progress", "Row", "effect", "find", "percent", "same", "seeds_text"]
