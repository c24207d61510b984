"""The help of every command."""

import click
import pytest

from minicnn.cli.main import group


def contexts(context=None):
    """One for each command, those of a group after it."""
    context = context or group.make_context("minicnn", [], resilient_parsing=True)
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            yield from contexts(click.Context(context.command.get_command(context, name), info_name=name, parent=context))


@pytest.mark.parametrize("command", [each.command_path for each in contexts()])
def test_help_fits_into_80_columns(monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "80")
    context = next(each for each in contexts() if each.command_path == command)
    wide = [line for line in context.get_help().splitlines() if len(line) > 80]
    assert not wide, f"{len(wide)} lines of more than 80 columns, the first {wide[0]!r}"
