"""`minicnn completion bash|zsh|fish`: what makes a shell complete verbs, networks, runs, layers."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from minicnn.cli.mistakes import Choice

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
VARIABLE = "_MINICNN_COMPLETE"  # by which Click knows that a shell asks


@click.command()
@click.argument("shell", type=Choice(tuple(SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete verbs, options, networks, data sets, runs, layers and loops.

    \b
    bash, in ~/.bashrc:               eval "$(minicnn completion bash)"
    zsh, in ~/.zshrc after compinit:  eval "$(minicnn completion zsh)"
    fish, once:
      minicnn completion fish > ~/.config/fish/completions/minicnn.fish
    """
    maker = SHELLS[shell](ctx.find_root().command, {}, "minicnn", VARIABLE)
    click.echo(maker.source_template % maker.source_vars())
