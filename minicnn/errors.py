"""What can go wrong, by kind: every mistake of a user ends in one of these, never in a traceback of ours."""

import re

SHOWN_LETTERS = 80   # of a value from elsewhere that a message quotes

# What a terminal obeys instead of showing it: control characters, marks that turn the direction of writing, line ends of
# Unicode's own, tags, and halves of characters that no encoding has.
UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
                        "\U000e0000-\U000e007f]")


class MinicnnError(Exception):
    """Something a user can mend: the first line says where and what clashed, the rest shows the numbers."""

    @property
    def headline(self) -> str:
        """The first line, which stands alone."""
        return str(self).partition("\n")[0]


class MinicnnWarning(UserWarning):
    """What goes on, but not as a user may think."""


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


def one_line(text: str) -> str:
    """A word from a file, a server or a folder as it may stand in a line: what a terminal would obey is written as an escape."""
    return UNSHOWABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def quoted(value: object) -> str:
    """A value from elsewhere as a message quotes it: on one line, and cut where it is long."""
    text = one_line(repr(value))
    return text if len(text) <= SHOWN_LETTERS else f"{text[:SHOWN_LETTERS]}..."
