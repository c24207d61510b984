"""What a lab is: an experiment of the lectures that runs, and says for each claim what came out.

    def run(quick):
        net = minicnn.Graph(...)
        yield Progress("training the first network")
        ...
        yield Row("fits the training images perfectly", f"{percent(error)} training error", effect(smaller=error, larger=0.01))
        yield Chart(...)

    LAB = Lab("name", "What it shows", sources=("J57",), look="...", exercises=("...", "..."), run=run, seconds=60)

A file that defines LAB is a lab: `minicnn lab FILE.py` runs it as `minicnn lab NAME` runs those of the package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minicnn.errors import SettingError, quoted, suggestion

if TYPE_CHECKING:
    from minicnn.charts import Chart, PictureGrid

EQUAL, SAME_EFFECT, NOT_SEEN, DIFFERENT = "equal", "same effect", "not seen", "different"
VERDICTS = (EQUAL, SAME_EFFECT, NOT_SEEN, DIFFERENT)


@dataclass(frozen=True)
class Row:
    """A claim beside what came out.

    lecture : the claim, with the lecture's own figures
    ours : what came out, with our figures and the number of seeds
    verdict : computed from the figures, see `minicnn.labs.verdicts`

        "equal"         the numbers of the lecture
        "same effect"   other numbers, the effect is there
        "not seen"      no effect beyond chance, at the size of this experiment
        "different"     other numbers, or the opposite effect
    """

    lecture: str
    ours: str
    verdict: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise SettingError(
                f"Row: verdict is {quoted(self.verdict)}, but must be one of {', '.join(VERDICTS)}{suggestion(str(self.verdict), VERDICTS)}"
            )


@dataclass(frozen=True)
class Progress:
    """What happens now, for those who wait."""

    words: str


@dataclass(frozen=True)
class Lab:
    """An experiment.

    sources : where the claims are made, such as "Jeong, figure 1"
    look : what to look at, in a few sentences
    exercises : two, that change something and ask what follows
    run : function of `quick`
        Yields results as they come: rows, figures, and in between what it is doing.  quick: fewer images, epochs or seeds, in seconds;
        the same code.  The same rows each time, but for those about time.
    seconds : about how long it takes on two processors, not quick
    """

    name: str
    title: str
    sources: tuple[str, ...]
    look: str
    exercises: tuple[str, str]
    run: Callable[[bool], Iterator[Row | Progress | Chart | PictureGrid]]
    seconds: float

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", self.name):
            raise SettingError(
                f"Lab: name is {quoted(self.name)}, but must be up to 40 letters, digits, '-' and '_': files are called by it"
            )
