"""`minicnn help VERB`: the same as `minicnn VERB --help`."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("verbs", nargs=-1, metavar="[VERB]...")
@click.pass_context
def help_(context: click.Context, verbs: tuple[str, ...]) -> None:
    """Explain a verb and its options, as in 'minicnn help train'; without one, list the verbs."""
    here = context.find_root()
    rest = list(verbs)
    while rest:
        if not isinstance(here.command, click.Group):
            raise click.UsageError(f"{here.info_name} has no verbs of its own: minicnn help {here.info_name}")
        name, command, rest = here.command.resolve_command(here, rest)
        if command is not None:  # an unknown verb is an error above
            here = click.Context(command, info_name=name, parent=here)
    click.echo(here.get_help())
