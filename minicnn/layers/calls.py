"""What to say when a layer is called in another order or with other names than its own: most often those of PyTorch or Keras.

Conv2D takes filters and window, and its settings by name, but gets 1, 6, 5
  input channels are inferred: use Conv2D(6, 5)
  or use Conv2D(1, 6, stride=5)
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from minicnn.errors import MinicnnError, SettingError, suggestion

FOREIGN_NAMES = {  # names of PyTorch and Keras, and what they are called here; None: follows from the input
    "out_channels": "filters",
    "kernel_size": "window",
    "strides": "stride",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "pool_size": "window",
    "out_features": "features",
    "units": "features",
    "scale_factor": "scale",
    "negative_slope": "slope",
    "p": "rate",
    "count_include_pad": "count_padding",
    "num_classes": "classes",
    "num_groups": "groups",
    "in_channels": None,
    "in_features": None,
    "num_features": None,
}
COMMON_ORDER = {"stride", "padding", "output_padding", "dilation", "ceil_mode", "bias", "mode", "eps", "momentum", "centres", "crop"}
COMMON_COUNT = 3  # so many of these stand in the same order in PyTorch, Keras and minicnn


class CallError(SettingError, TypeError):
    """A layer called with arguments that it does not take; a TypeError too, as such a call is in Python."""


@cache
def check_class(kind: Any) -> None:
    """Raise a SettingError if a class is not finished, or has settings that are none, for it is no dataclass."""
    if missing := ", ".join(sorted(getattr(kind, "__abstractmethods__", ()))):
        raise SettingError(f"{kind.__name__} has no {missing}: write it in its class")
    written = [name for name, what in inspect.get_annotations(kind).items() if "ClassVar" not in str(what)]
    if "__init__" in vars(kind) and "__dataclass_params__" not in vars(kind):
        written += [name for name in signature(kind).parameters if name not in {*kind.__dataclass_fields__, *written}]
    if written and "__dataclass_params__" not in vars(kind):
        raise SettingError(
            f"{kind.__name__}: {', '.join(written)} would be no setting\n  write @dataclass(frozen=True) before the class {kind.__name__}"
        )


@cache
def signature(kind: type) -> inspect.Signature:
    """What the constructor takes."""
    whole = inspect.signature(kind.__init__)  # type: ignore[misc]
    return whole.replace(parameters=list(whole.parameters.values())[1:])


class CallSignature:
    """What `inspect.signature` and editors see of a layer: the settings, not `Element.__new__`, which Python 3.10 would show."""

    def __get__(self, _: object, kind: type) -> inspect.Signature:
        return signature(kind)


def check_call(kind: type, given: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Raise a CallError that says what would fit if the constructor of `kind` does not take these arguments."""
    try:
        signature(kind).bind(*given, **named)
    except TypeError as error:
        raise CallError(_explained(kind, given, named) or f"{kind.__name__}: {error}") from None


def _explained(kind: type, given: tuple[Any, ...], named: dict[str, Any]) -> str:
    known = signature(kind).parameters
    orderly = [name for name, each in known.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    for name in named:
        if name not in known:
            return _unknown_name(kind, name, sorted(known, key="name".__eq__))
    if len(given) > len(orderly):
        return _too_many(kind, given, named, orderly, [name for name in known if name not in (*orderly, "name")])
    missing = [name for name in orderly[len(given) :] if known[name].default is inspect.Parameter.empty and name not in named]
    if missing:
        return f"{kind.__name__} needs its {' and '.join(missing)}: {kind.__name__}({', '.join(orderly)})"
    return ""


def _unknown_name(kind: type, name: str, known: list[str]) -> str:
    ours = FOREIGN_NAMES.get(name, "")
    if ours is None:
        return f"{kind.__name__} has no setting called {name!r}: it follows from the input, leave it out"
    close = f": use {ours}" if ours in known else suggestion(name, known)
    return f"{kind.__name__} has no setting called {name!r}{close}\n  it has {', '.join(known)}"


def _too_many(kind: type, given: tuple[Any, ...], named: dict[str, Any], orderly: list[str], by_name: list[str]) -> str:
    takes = [" and ".join(orderly)] * bool(orderly) + ["its settings by name" if by_name else "nothing else" if orderly else "no settings"]
    lines = [f"{kind.__name__} takes {', and '.join(takes)}, but gets {', '.join(map(repr, given))}"]
    inferred = getattr(kind, "inferred", "")
    if inferred and (call := _reading(kind, given[1:], named, orderly, by_name)):
        lines.append(f"{inferred} are inferred: use {call}")
    if (len(orderly) > 1 or not lines[1:]) and (call := _reading(kind, given, named, orderly, by_name)):
        lines.append(f"{'or ' if lines[1:] else ''}use {call}")
    return "\n  ".join(lines)


def _reading(kind: type, given: tuple[Any, ...], named: dict[str, Any], orderly: list[str], by_name: list[str]) -> str:
    """The call with later arguments by name, if it is one that works."""
    first, later = given[: len(orderly)], given[len(orderly) :]
    if len(orderly) == 1 and not by_name:
        first, later = (given,), ()  # several numbers for one setting
    if len(later) > min(COMMON_COUNT, len(by_name)) or not COMMON_ORDER.issuperset(by_name[: len(later)]):
        return ""
    settings = {**dict(zip(by_name, later, strict=False)), **named}
    try:
        kind(*first, **settings)
    except MinicnnError:
        return ""
    return f"{kind.__name__}({', '.join([*map(repr, first), *(f'{name}={value!r}' for name, value in settings.items())])})"
