"""What an exercise is: a loop to write, the loop that is right, arrays to try it on, and mistakes that are often made.

A file with an exercise of one's own defines a function, as the textbook loops do (outputs first, every element written), and says

    EXERCISE = Exercise("halves", "Half of every number", halves, cases, outputs=("y",), reads="x")

`minicnn exercise --from FILE.py` knows it then as those here.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from minicnn.errors import SettingError
from minicnn.random import generator


class Case(NamedTuple):
    """One call to try: what it is about, and the arguments by name, without the outputs; `shapes` are those of the outputs."""

    name: str
    shapes: dict[str, tuple[int, ...]]
    arguments: dict[str, Any]


class Mistake(NamedTuple):
    """A mistake that is often made: its words ("the filter is flipped"), and what it writes where the right loop has another text."""

    words: str
    changes: dict[str, str]


@dataclass(frozen=True)
class Exercise:
    """A loop to fill in.

    Parameters
    ----------
    name, title : str
    solution : function
        The right loop in the grammar of `minicnn.kernels.derive.grammar`, with a docstring that has formula and shapes: both are handed
        out.  A submission is a function of the same name and arguments.
    cases : function of nothing
        Gives the cases, the easiest first.
    outputs : names
        The arguments that are written, in the order in which they are compared.
    taps, reads : names, optional
        The inputs whose products the output sums: `taps`, in the order of the sum, times numbers of `reads`.  Without `taps`, the outputs
        depend on `reads` in another way.
    copies : bool
        Every output is a number of `reads` itself.
    mistakes : sequence of Mistake
    around : function, optional
        The loop that calls the solution, if this is a part of one: it takes the outputs, the arguments, and last the function.
    """

    name: str
    title: str
    solution: Callable[..., Any]
    cases: Callable[[], Iterable[Case]]
    outputs: Sequence[str]
    taps: str | None = None
    reads: str | None = None
    copies: bool = False
    mistakes: Sequence[Mistake] = ()
    around: Callable[..., Any] | None = None

    @property
    def function(self) -> str:
        """The name that a submission has to define."""
        return self.solution.__name__

    @property
    def signature(self) -> tuple[str, ...]:
        """The arguments that it takes."""
        return tuple(inspect.signature(self.solution).parameters)

    @property
    def loop(self) -> Callable[..., Any]:
        """The loop that writes the outputs."""
        return self.around or self.solution

    @cached_property
    def tried(self) -> tuple[Case, ...]:
        """The cases, made once."""
        return tuple(self.cases())

    @cached_property
    def wanted(self) -> tuple[dict[str, np.ndarray], ...]:
        """The right outputs of every case."""
        return tuple(self.outputs_of(self.arguments_after(self.solution, self.arguments(case))) for case in self.tried)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The arguments of the loop, outputs first, without the function that it may call."""
        names = tuple(inspect.signature(self.loop).parameters)
        return names[:-1] if self.around else names

    def arguments(self, case: Case, fill: float = np.nan) -> dict[str, Any]:
        """All arguments of a call, as copies; the outputs hold nothing but `fill`."""
        outputs = {name: np.full(shape, fill) for name, shape in case.shapes.items()}
        given = outputs | {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in case.arguments.items()}
        return {name: given[name] for name in self.names}

    def arguments_after(self, function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments after a call, which changes them."""
        with np.errstate(all="ignore"):
            if self.around is None:
                function(*arguments.values())
            else:
                self.around(*arguments.values(), function)
        return arguments

    def outputs_of(self, arguments: dict[str, Any]) -> dict[str, np.ndarray]:
        """What was written, in the order in which it is compared."""
        return {name: arguments[name] for name in self.outputs}

    def with_mistake(self, mistake: Mistake) -> Callable[..., Any]:
        """The right loop with one mistake in it.

        Raises
        ------
        SettingError
            If the loop has not the text that the mistake changes.
        """
        missing = [each for each in mistake.changes if each not in self.text]
        if missing:
            raise SettingError(f"exercise {self.name}: its loop has no {missing[0]!r}, which is to be changed where {mistake.words}")
        text = re.sub("|".join(map(re.escape, mistake.changes)), lambda found: mistake.changes[found[0]], self.text)
        space = dict(self.solution.__globals__)
        exec(compile(text, f"<{mistake.words}>", "exec"), space)
        return space[self.function]  # type: ignore[no-any-return]

    @cached_property
    def with_mistakes(self) -> Mapping[tuple[str, int], dict[str, np.ndarray] | None]:
        """(words of a mistake, number of a case) -> the outputs that come of it, computed when first asked for; None if it fails."""
        return _Mistaken(self)

    @cached_property
    def text(self) -> str:
        """The right loop as it is written."""
        return textwrap.dedent(inspect.getsource(self.solution))


class _Mistaken(dict[tuple[str, int], dict[str, np.ndarray] | None]):
    def __init__(self, exercise: Exercise) -> None:
        super().__init__()
        self.exercise = exercise
        self.known = {mistake.words: mistake for mistake in exercise.mistakes}

    def __missing__(self, key: tuple[str, int]) -> dict[str, np.ndarray] | None:
        exercise, (words, number) = self.exercise, key
        function = exercise.with_mistake(self.known[words])
        try:
            after = exercise.arguments_after(function, exercise.arguments(exercise.tried[number]))
            self[key] = exercise.outputs_of(after)
        except Exception:  # an index outside its array, say
            self[key] = None
        return self[key]


def whole_numbers(name: str, *shape: int) -> np.ndarray:
    """Different whole numbers other than 0, of both signs, as floats: sums of their products are exact, and each tells where it is from.

    The same name draws the same numbers.
    """
    stream, count = generator(0, "exercise", name, *shape), int(np.prod(shape))
    signs = stream.choice([-1.0, 1.0], count)
    return (stream.permutation(np.arange(1.0, count + 1)) * signs).reshape(shape)
