"""What can go wrong, by kind: every mistake of a user ends in one of these, never in a traceback of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable

SHOWN_LETTERS = 80  # of a foreign value that a message quotes

# What a terminal acts on instead of showing it: control characters, marks that change the direction of writing,
# Unicode's line ends, tags, and lone surrogates.
UNSHOWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


class MinicnnError(Exception):
    """Something a user can fix: the first line says where and what clashed, the rest shows the numbers."""

    @property
    def headline(self) -> str:
        """The first line, which stands alone."""
        return str(self).partition("\n")[0]


class ShapeError(MinicnnError, ValueError):
    """Arrays or layers whose sizes do not fit together."""


class SettingError(MinicnnError, ValueError):
    """A setting outside its range, of the wrong kind, or in conflict with another."""


class GraphError(MinicnnError, ValueError):
    """Layers that do not form a network."""


class DeviceError(MinicnnError, RuntimeError):
    """A device that is missing or cannot do the work."""


class DataError(MinicnnError, RuntimeError):
    """Data that is missing, broken or not what it claims to be."""


class CheckpointError(MinicnnError, RuntimeError):
    """A file of weights or a run folder that cannot be read back."""


class MinicnnWarning(UserWarning):
    """Something worth knowing that stops nothing, in one line."""


class CacheWarning(MinicnnWarning):
    """Compiled kernels that could not be read back or kept: the results are the same, the start takes longer."""


class LearningWarning(MinicnnWarning):
    """A training in which the network has not learnt, or stopped learning early."""


def one_line(text: str) -> str:
    """Text from a file, a server or a folder, safe to print on one line: control characters are written as escapes."""
    return UNSHOWABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def quoted(value: object) -> str:
    """A foreign value as a message quotes it: on one line, and cut if it is long."""
    text = one_line(repr(value))
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}..."


def raised(error: BaseException, file: str | None = None) -> str:
    """What a user's code raised, and in which line of its file: "raises NameError: name 'two' is not defined (line 3: two)"."""
    words, _, hints = str(error).strip().partition("\n")
    more = f"\n{hints}" if hints and isinstance(error, MinicnnError) else ""
    return f"raises {type(error).__name__}{f': {words}' if words else ''}{line_of(error, file)}{more}"


def line_of(error: BaseException, file: str | None = None) -> str:
    """The last line of a file (of any, without one) on the way to an error: " (line 3: two)", or nothing."""
    import traceback

    frames = [each for each in traceback.extract_tb(error.__traceback__) if file is None or each.filename == file]
    return f" (line {frames[-1].lineno}{f': {frames[-1].line}' if frames[-1].line else ''})" if frames else ""


def suggestion(word: object, known: Iterable[str], most: int = 3) -> str:
    """What a mistyped word may have meant: ": did you mean sgd or adam?", or "" if nothing comes close."""
    close = near(word, known, most)
    return f": did you mean {' or '.join(close)}?" if close else ""


def near(word: object, known: Iterable[str], most: int = 3) -> list[str]:
    """The known words that a mistyped one resembles, nearest first, ignoring case: a few letters differ, or it
    abbreviates them ("lr" for "learning-rate", "md" for "markdown").
    """
    import difflib  # here, because most programs make no mistake

    typed = _plain(word)
    words = {_plain(each): each for each in known}
    begun = [each for each in words if each.startswith(typed) and len(typed) > 1]
    likeness = {each: difflib.SequenceMatcher(None, each, typed).ratio() for each in words}
    least = max([*likeness.values(), 0.0]) - 0.1
    close = sorted((each for each in words if likeness[each] >= max(0.6, least)), key=lambda each: -likeness[each])
    longer = sorted((each for each in words if _abbreviates(typed, each) and len(typed) > 1), key=len)
    return [words[each] for each in dict.fromkeys([*begun, *close, *longer])][:most]


def _plain(word: object) -> str:
    return str(word).lower().replace("_", "-")


def _abbreviates(typed: str, word: str) -> bool:
    """Whether the letters occur in the word in this order, beginning with its first."""
    letters = iter(word)
    return word[:1] == typed[:1] and all(letter in letters for letter in typed)


def float_advice(name: str, kind: str) -> str:
    """How to turn an array of this NumPy `kind` into float32, to follow "use"; a complex one does not silently lose a half."""
    if kind == "c":
        return f"abs({name}), or {name}.real and {name}.imag as two channels, in float32"
    return f"{name}.astype('float32')"
