"""`minicnn laws`: identities between the variants of convolution, checked on this machine."""

from __future__ import annotations

import click

from minicnn.cli.echo import json_text
from minicnn.cli.options import format_option
from minicnn.errors import suggestion


@click.command()
@click.argument("names", nargs=-1, metavar="[LAW...]")
@click.option("--examples", type=click.IntRange(min=1), default=50, show_default=True, metavar="N", help="Random settings per law.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Seed of the settings.")
@format_option
def laws(names: tuple[str, ...], examples: int, seed: int, form: str) -> None:
    """Check the identities between the variants of convolution: on random settings, in float32 with the fast loops and in float64 with
    the textbook loops.

    LAW is a name from the table; without one, all are checked.  The exit status is 1 if one fails.
    """
    from minicnn.cli.render.console import stderr_console, stdout_console
    from minicnn.cli.render.laws import print_laws
    from minicnn.cli.render.waiting import Waiting
    from minicnn.laws import DTYPES, LAWS, check

    unknown = sorted(set(names) - {law.name for law in LAWS})
    if unknown:
        known = [law.name for law in LAWS]
        raise click.UsageError(f"no law is called {unknown[0]!r}{suggestion(unknown[0], known)}\n  there are {', '.join(known)}")
    wanted = [(law, dtype) for law in LAWS if not names or law.name in names for dtype in DTYPES]
    results = []
    with Waiting(stderr_console(), total=len(wanted)) as waiting:  # the first check of a kind compiles its loops
        for law, dtype in wanted:
            waiting.show(f"{law.name}, {dtype}")
            results.append(check(law, dtype=dtype, examples=examples, seed=seed))
    if form == "json":
        click.echo(json_text([result._asdict() for result in results], indent=1))
    else:
        print_laws(stdout_console(), results)
    if not all(result.holds for result in results):
        click.get_current_context().exit(1)
