"""What can go wrong, by kind: every mistake of a user ends in one of these, never in a traceback of ours."""

from __future__ import annotations

from collections.abc import Iterable


class MinicnnError(Exception):
    """Something a user can mend: the first line says where and what clashed, the rest shows the numbers."""

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


def suggestion(word: object, known: Iterable[str], most: int = 3) -> str:
    """What a mistyped word may have meant: ": did you mean sgd or adam?", or "" where nothing comes close.

    Close is what differs in a few letters, what goes on where the word ends, and what it abbreviates: "lr" for "learning-rate".
    """
    import difflib  # here, because most programs make no mistake

    typed = str(word).lower().replace("_", "-")
    plain = {each.lower().replace("_", "-"): each for each in known}
    longer = [each for each in plain if each.startswith(typed) or "".join(part[:1] for part in each.split("-")) == typed]
    close = difflib.get_close_matches(typed, plain, most, cutoff=0.6)
    found = list(dict.fromkeys((longer if len(typed) > 1 else []) + close))[:most]
    return f": did you mean {' or '.join(plain[each] for each in found)}?" if found else ""


def float_advice(name: str, kind: str) -> str:
    """How an array of NumPy's `kind` of numbers becomes one of float32, to stand after "use"; a complex one loses no half unasked."""
    if kind == "c":
        return f"abs({name}), or {name}.real and {name}.imag as two channels, in float32"
    return f"{name}.astype('float32')"
