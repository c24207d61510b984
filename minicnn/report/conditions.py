"""Under which conditions a run was made, and how it is repeated: network, settings, machine, data, commands."""

from __future__ import annotations

from collections.abc import Sequence

from minicnn.graph.columns import cells
from minicnn.graph.table import not_counted
from minicnn.markup import shown, table
from minicnn.report.findings import Findings

OFF = ("validation", "warmup")  # settings that are off at 0
MOST_ROWS = 40  # of a summary that is not folded


def network(found: Findings) -> str:
    """The summary of the network."""
    summary = found.trained.net.sized(found.trained.preparation.input_shape).summary()
    whole = cells(summary)
    inner = f'<div class="scroll">{table(whole.headings, whole.lines, whole.right, foot=whole.totals)}</div>'
    below = f"<p>{shown(not_counted(summary))}</p>" if summary.uncounted else ""
    if len(whole.lines) > MOST_ROWS:
        return f"<details><summary>{len(whole.lines)} layers</summary>{inner}</details>{below}"
    return inner + below


def settings(found: Findings) -> str:
    """Every setting that says something."""
    return _pairs(
        [
            (name.replace("_", " "), _words(value))
            for name, value in found.settings.to_json().items()
            if not (value is None or value is False or value in ("", {}, ()) or name == "data_dir" or (name in OFF and value == 0))
        ]
    )


def environment(found: Findings) -> str:
    """Versions, machine, data: what the result to the last bit depends on, and what the time does."""
    data = found.part("data")
    preparation = found.trained.preparation
    pairs = [
        *((f"{name}", _words(version)) for name, version in found.part("versions").items()),
        ("processor", _words(found.description.get("cpu", "not recorded"))),
        ("device", _words(found.description.get("device", "-"))),
        ("threads", _words(found.description.get("threads", "-"))),
        ("seed", _words(found.settings.seed)),
        (
            "data",
            f"{found.settings.data}, {_count(data.get('train_images'))} images to train, {_count(data.get('test_images'))} to test",
        ),
        ("images", f"{_words(data.get('image_shape', '-'))}, as input {_words(list(preparation.input_shape))}"),
        ("mean, deviation", "; ".join(f"{mean:.6g}, {std:.6g}" for mean, std in zip(preparation.mean, preparation.std, strict=True))),
        ("SHA-256, training", _words(data.get("train_sha256", "-"))),
        ("SHA-256, test", _words(data.get("test_sha256", "-"))),
    ]
    if not found.own_test_images:
        pairs.append(("examined on", f"{found.data.name}, SHA-256 {found.data.digest}"))
    return _pairs(pairs)


def repeat(found: Findings, commands: Sequence[str], differing: Sequence[str]) -> str:
    """The commands that make this run and this page again; `differing` names settings that no option says."""
    lines = "\n".join(map(shown, commands))
    note = "The same versions and data give the same weights, to the last bit, on any number of threads."
    if differing:
        note += f" Not said by these options: {shown(', '.join(name.replace('_', ' ') for name in differing))}; see run.json."
    return f"<pre><code>{lines}</code></pre><p>{note}</p>"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return f'<div class="scroll pairs">{table((), pairs)}</div>'


def _words(value: object) -> str:
    """A value of run.json as text."""
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(each)}".replace("_", " ") for name, each in value.items())
    if isinstance(value, list):
        return "x".join(map(str, value))
    return str(value)


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "-"
