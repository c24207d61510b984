"""Settings read from a run's file: each a value of its kind and within its range, before anything is made from them."""

from __future__ import annotations

import re
from typing import Any

from minicnn import schema
from minicnn.errors import CheckpointError, quoted
from minicnn.optimizers import OPTIMIZERS
from minicnn.train.schedule import SCHEDULES

WORDS = ("network", "data", "optimizer", "schedule", "augment", "decay")
PATHS = ("data_dir", "weights")  # or None
LEAST = {"epochs": 1, "batch_size": 1, "seed": 0, "accumulate": 1, "patience": 1}
RANGES: dict[str, dict[str, float]] = {
    "learning_rate": {},
    "weight_decay": {},
    "validation": {"below": 1},
    "momentum": {"below": 1},
    "warmup": {},
    "clip_norm": {},
    "ema": {"below": 1},
}
MAY_BE_NONE = ("patience", "momentum", "clip_norm", "ema")
SIZE = re.compile(r"[1-9]\d{0,4}(x[1-9]\d{0,4}){0,2}")


def check_values(values: dict[str, Any], source: str, to_train: bool = True) -> None:
    """A CheckpointError naming `source` if one of the settings is not what it must be.

    to_train : whether optimizer and schedule must be known, too
    """

    def said(name: str) -> str:
        return f"the setting {name}"

    for name in WORDS:
        schema.word(source, said(name), values[name])
    for name in PATHS:
        if values[name] is not None and "\0" in schema.text(source, said(name), values[name]):
            raise CheckpointError(f"{source}: the setting {name} is {quoted(values[name])}, but must be a path")
    for name, least in LEAST.items():
        if values[name] is not None or name not in MAY_BE_NONE:
            schema.whole(source, said(name), values[name], least)
    for name, limits in RANGES.items():
        if values[name] is not None or name not in MAY_BE_NONE:
            schema.real(source, said(name), values[name], least=0, **limits)
    for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
        if to_train and values[name] not in known:
            hint = (
                "\n  one of your own is known once its class is defined: import it before,"
                " or give its file again: minicnn train FILE.py --resume DIR"
            )
            raise CheckpointError(f"{source}: there is no {name} {quoted(values[name])}{hint}")
    for name in ("optimizer_settings", "loss", "architecture"):
        if not isinstance(values[name], dict) and not (name == "architecture" and values[name] is None):
            raise CheckpointError(f"{source}: the setting {name} is {quoted(values[name])}, but must be an object")
    if values["loss"]:
        schema.word(source, "the type of its loss", values["loss"].get("type"))
    for name, value in values["optimizer_settings"].items():
        if not isinstance(value, bool):
            schema.real(source, f"the setting {quoted(name)} of its optimizer", value)
    schema.items(source, said("freeze"), values["freeze"], schema.word)
    if not isinstance(values["select_on_test"], bool):
        raise CheckpointError(f"{source}: the setting select_on_test is {quoted(values['select_on_test'])}, but must be true or false")
    size, digest = values["size"], values["weights_sha256"]
    if size is not None and not SIZE.fullmatch(schema.text(source, said("size"), size)):
        raise CheckpointError(f"{source}: the setting size is {quoted(size)}, but must be rows and columns, as in '16x16'")
    if (digest is None) != (values["weights"] is None) or (digest is not None and not re.fullmatch("[0-9a-f]{64}", str(digest))):
        raise CheckpointError(f"{source}: the setting weights_sha256 is {quoted(digest)}, but must be the digest of its weights")
