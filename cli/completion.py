"""What a shell may complete: a word is what its metavar says, as RUN or NETWORK, so that every verb's words are completed alike.

The shells' own part is Click's; 'minicnn completion bash' prints what to put into the shell's start-up file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

RUNS = Path("runs")  # where 'minicnn train' makes folders


def networks(ctx: click.Context) -> Iterable[str]:
    """Of the zoo."""
    from minicnn import zoo

    return zoo.names()


def runs(ctx: click.Context) -> Iterable[str]:
    """Folders of runs below here, in `runs` and in sets of it."""
    return sorted(str(found.parent) for depth in ("*", "*/*") for found in RUNS.glob(f"{depth}/run.json"))


def data_sets(ctx: click.Context) -> Iterable[str]:
    from minicnn.datasets import names

    return names()


def layers(ctx: click.Context) -> Iterable[str]:
    """Of the network or run that the line names before; none without one, or where no such network can be built."""
    from minicnn.cli.network_choice import find
    from minicnn.errors import MinicnnError

    words = [ctx.params.get("network"), ctx.params.get("run"), *ctx.args]  # Click leaves them in `args` where an option ends the line
    name = next((word for word in words if isinstance(word, str) and not word.startswith("-")), ".py")
    if name.endswith(".py"):  # no code is run for a completion
        return ()
    try:
        return [node.name for node in find(name).build().nodes]
    except (MinicnnError, OSError):
        return ()


def kernels(ctx: click.Context) -> Iterable[str]:
    """Textbook loops."""
    from minicnn.kernels import textbook

    return textbook.__all__


def image_kernels(ctx: click.Context) -> Iterable[str]:
    from minicnn.kernels import image_kernels as known

    return known


def losses(ctx: click.Context) -> Iterable[str]:
    from minicnn.losses import LOSSES

    return LOSSES


def recipes(ctx: click.Context) -> Iterable[str]:
    from minicnn import zoo

    return [*zoo.RECIPES, *(entry.name for entry in zoo.entries() if entry.recipe)]


def laws(ctx: click.Context) -> Iterable[str]:
    from minicnn.laws import LAWS

    return [law.name for law in LAWS]


def labs(ctx: click.Context) -> Iterable[str]:
    from minicnn.labs import LABS

    return [lab.name for lab in LABS]


def exercises(ctx: click.Context) -> Iterable[str]:
    from minicnn.exercises import EXERCISES

    return [exercise.name for exercise in EXERCISES]


def verbs(ctx: click.Context) -> Iterable[str]:
    root = ctx.find_root()
    return root.command.list_commands(root) if isinstance(root.command, click.Group) else ()


# By a word of a metavar: [NETWORK|RUN] is completed by both.  FILE, PATH, FOLDER and DIR are the shell's.
WORDS: dict[str, Callable[[click.Context], Iterable[str]]] = {
    "NETWORK": networks,
    "RUN": runs,
    "DATA": data_sets,
    "LAYER": layers,
    "KERNEL": kernels,
    "FILTER": image_kernels,
    "LOSS": losses,
    "RECIPE": recipes,
    "LAW": laws,
    "LAB": labs,
    "EXERCISE": exercises,
    "VERB": verbs,
}
FILES, FOLDERS = {"FILE", "PATH", "IMAGE", "RUN"}, {"FOLDER", "DIR"}


class Word(click.types.StringParamType):
    """Text of which a metavar says what it names."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self.tokens = tuple(tokens)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = [word for token in self.tokens for word in WORDS.get(token, lambda ctx: ())(ctx)]
        items = [CompletionItem(word) for word in dict.fromkeys(found) if word.startswith(incomplete)]
        files, folders = FILES.intersection(self.tokens), FOLDERS.intersection(self.tokens)
        if not items and (files or folders):
            items.append(CompletionItem(incomplete, type="file" if files else "dir"))
        return items


def completed(command: click.Command) -> click.Command:
    """The same command, and those in it; its words of text know what they name."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            completed(each)
    for parameter in command.params:
        if isinstance(parameter.type, click.types.StringParamType) and not isinstance(parameter.type, Word):
            parameter.type = Word(tokens(parameter))
    return command


def tokens(parameter: click.Parameter) -> list[str]:
    """The words of a parameter's metavar, as it is shown: FILE and NETWORK of "[FILE.svg|NETWORK]..."."""
    shown = parameter.metavar or str(parameter.name).upper()
    return re.findall("[A-Z]{2,}", shown)
