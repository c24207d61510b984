"""`minicnn completion bash|zsh|fish`: what makes a shell complete verbs, networks, runs, layers."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from minicnn.cli.mistakes import Choice

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_MINICNN_COMPLETE"  # by which Click knows that a shell asks


@click.command()
@click.argument("shell", type=Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete verbs, options, networks, data sets, runs, layers and loops.

    \b
    bash, in ~/.bashrc:               eval "$(minicnn completion bash)"
    zsh, in ~/.zshrc after compinit:  eval "$(minicnn completion zsh)"
    fish, once:
      minicnn completion fish > ~/.config/fish/completions/minicnn.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    root = ctx.find_root()
    maker = made(root.command, {}, "minicnn", VARIABLE)
    click.echo(maker.source_template % maker.source_vars())
