"""Suggestions for mistyped verbs, options and choices."""

from __future__ import annotations

from typing import Any

import click

from minicnn.errors import near, suggestion

NUMBERS = {"a valid integer range": "a whole number", "a valid float range": "a number"}  # Click's words for a wrong number, and ours


class Choice(click.Choice):  # type: ignore[type-arg]   # generic in some versions of Click only
    """One of several words, ignoring case."""

    def __init__(self, choices: Any) -> None:
        super().__init__(choices, case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            close = suggestion(value, [str(each) for each in self.choices])
            self.fail(f"{error.message.removesuffix('.')}{close}" if close else error.message, param, ctx)


class OwnChoice(Choice):
    """One of several words, or what the Python file given as NAME defines: whether it does is known once that file has run.

    The argument `network` must be eager, so that it is read before the options.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        file = ctx and ctx.params.get("network")
        known = {str(each).lower() for each in self.choices}
        if file and file.endswith(".py") and str(value).lower() not in known:
            return value
        return super().convert(value, param, ctx)


class Group(click.Group):
    """A group that suggests verbs close to an unknown one."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            raise click.UsageError(f"there is no verb {word!r}{suggestion(word, self.list_commands(ctx))}", ctx)
        return super().resolve_command(ctx, args)


def explained(error: click.UsageError) -> click.UsageError:
    """A usage error: for an unknown option with close ones, for a wrong number in plain words."""
    if isinstance(error, click.BadParameter):
        for words, plain in NUMBERS.items():
            if words in error.message:
                return click.BadParameter(error.message.replace(words, plain), error.ctx, error.param, error.param_hint)
    if not isinstance(error, click.NoSuchOption) or error.ctx is None:
        return error
    known = [option for each in error.ctx.command.get_params(error.ctx) for option in each.opts]
    names = near(error.option_name.lstrip("-"), [option[2:] for option in known if option.startswith("--")])
    meant = f": did you mean {' or '.join(f'--{name}' for name in names)}?" if names else ""
    return click.UsageError(f"there is no option {error.option_name}{meant}", error.ctx)
