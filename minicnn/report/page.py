"""The page: its parts in their order, in a frame that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence

import minicnn
from minicnn.markup import shown
from minicnn.report.answers import examples, mistakes
from minicnn.report.classes import classes
from minicnn.report.conditions import environment, network, repeat, settings
from minicnn.report.findings import Findings
from minicnn.report.inside import inside
from minicnn.report.outcome import cards, curves, lead, title
from minicnn.report.style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # a browser loads nothing, even if something here were wrong


def page(found: Findings, commands: Sequence[str] = (), differing: Sequence[str] = ()) -> str:
    """The whole text of the page.

    Parameters
    ----------
    commands : what repeats the run and the page
    differing : settings that these commands do not say
    """
    sections = [
        ("curves", "Curves", curves(found)),
        ("classes", "Class by class", classes(found)),
        ("examples", "The first test images", examples(found)),
        ("mistakes", "Worst mistakes", mistakes(found)),
        ("inside", "Looking inside", inside(found)),
        ("network", "Network", network(found)),
        ("settings", "Settings", settings(found)),
        ("environment", "Environment", environment(found)),
        ("repeat", "How to repeat it", repeat(found, commands, differing) if commands else ""),
    ]
    sections = [each for each in sections if each[2]]
    links = "".join(f'<a href="#{key}">{heading}</a>' for key, heading, _ in sections)
    body = "\n".join(
        f'<section id="{key}" aria-labelledby="{key}-heading"><h2 id="{key}-heading">{heading}</h2>{text}</section>'
        for key, heading, text in sections
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<link rel="icon" href="data:,">
<title>{shown(title(found))}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<header><h1>{shown(title(found))}</h1><p class="lead">{shown(lead(found))}</p>{cards(found)}<nav aria-label="Sections">{links}</nav></header>
{body}
<footer>Made by minicnn {shown(minicnn.__version__)} from {shown(found.run)}</footer>
</main>
</body>
</html>
"""
