"""The loss of a run, from its name and label smoothing as a user gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from minicnn import losses
from minicnn.errors import SettingError, quoted, suggestion
from minicnn.losses.base import build_loss

USUAL = "SoftmaxCrossEntropy"


def loss_name(word: str) -> str:
    """The name of a loss in any spelling: "mean-squared-error" is MeanSquaredError.

    Raises
    ------
    SettingError
        If there is none of that name.
    """
    known = [name for name in losses.LOSSES if name != losses.FunctionLoss.kind()]  # which is nothing without its function
    names = {_letters(name): name for name in known}
    if _letters(word) not in names:
        raise SettingError(f"there is no loss called {quoted(word)}{suggestion(word, known)}\n  use one of {', '.join(known)}")
    return names[_letters(word)]


def chosen_loss(name: str | None, label_smoothing: float | None, usual: Mapping[str, Any]) -> dict[str, Any]:
    """The description of a loss: of this name, with this label smoothing, else as `usual` describes it, {} for the network's own.

    Raises
    ------
    SettingError
        If there is no such loss, or it has no label smoothing.
    """
    kind = usual.get("type", USUAL) if name is None else loss_name(name)
    described = dict(usual) if kind == usual.get("type") else {} if name is None else {"type": kind}
    if label_smoothing is not None:
        if kind != USUAL:
            raise SettingError(
                f"label smoothing is a setting of {USUAL}, but the loss is {kind}\n  leave it out, or choose the loss {USUAL}"
            )
        described = {"type": kind, **described, "label_smoothing": label_smoothing}
    return build_loss(described).describe() if described else {}


def _letters(word: str) -> str:
    return re.sub("[-_ ]", "", word).lower()
