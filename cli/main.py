"""The `minicnn` command: one verb per file under `commands/`, each imported only when used."""

from __future__ import annotations

import builtins
import importlib
import os
import sys
import warnings
from typing import TextIO

import click

import minicnn
from minicnn.cli import streams
from minicnn.cli.completion import completed
from minicnn.cli.echo import echo, echo_error, printable
from minicnn.cli.interrupts import ignore_at_exit
from minicnn.cli.mistakes import Group, explained
from minicnn.errors import MinicnnError, MinicnnWarning
from minicnn.launch import launched_rank

VERBS = {
    "summary": "Show a network layer by layer: shapes, parameters, operations.",
    "zoo": "List every network with its size and paper.",
    "draw": "Draw a network as a picture.",
    "show": "Look into a network: filters, maps, saliency, what excites a unit.",
    "facts": "Check the numbers in lectures and papers.",
    "train": "Train a network.",
    "lr-find": "Find a learning rate: a curve of the loss while the rate grows.",
    "play": "Write a page where a network trains in the browser, offline, and open it.",
    "recipes": "List how networks are trained, and how well they learn.",
    "compare": "Show runs side by side: curves, what was set differently, what came of it.",
    "evaluate": "Measure a trained network on a data set.",
    "report": "Write a page about a run: curves, mistakes, filters.",
    "convert": "Take in weights and networks of others, and write ours for them.",
    "predict": "Classify images with a trained network.",
    "data": "List, download and view data sets.",
    "bench": "Time kernels, training and inference.",
    "exercise": "Hand out loops to fill in, and grade them.",
    "trace": "Trace one number of a layer to its products.",
    "laws": "Check the identities between variants of convolution.",
    "lab": "Run an experiment of the lectures, and see what comes out.",
    "derive": "Show what becomes of a textbook loop on another machine.",
    "filter": "Filter a picture: edges, blur, emboss.",
    "doctor": "Show what works on this machine, what is missing, and the fix.",
    "completion": "Make your shell complete verbs, networks, runs and layers.",
    "help": "Explain a verb and its options.",
}


class LazyGroup(Group):
    """A group that knows its verbs by name and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"minicnn.cli.commands.{name}")
        return completed(getattr(module, f"{name}_" if hasattr(builtins, name) else name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=LazyGroup, subcommand_metavar="VERB ...", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(minicnn.__version__, "-V", "--version", prog_name="minicnn")
def group() -> None:
    """Convolutional networks as explicit loops: read them, check them, train them."""


def without_scipy() -> None:
    """Numba imports SciPy if installed, for linear algebra that is not used here: 14 MiB and 0.3 seconds of every start."""
    sys.modules.setdefault("scipy", None)  # type: ignore[arg-type]


def without_colorama() -> None:
    """Numba starts it if installed, and at exit it writes to a terminal what is no JSON.  Click needs it on Windows."""
    if os.name != "nt":
        sys.modules.setdefault("colorama", None)  # type: ignore[arg-type]


def show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
) -> None:
    """Our warnings are one line; others say where they come from, as in Python."""
    own = f"Warning: {message}" if issubclass(category, MinicnnWarning) else None
    echo(own or warnings.formatwarning(message, category, filename, lineno, line).rstrip(), err=True)


def main(arguments: list[str] | None = None) -> None:
    """Run one command.  Exit 0 done, 1 a MinicnnError (one `Error:` line), 2 bad usage, 130 interrupted."""
    without_scipy()
    without_colorama()
    warnings.showwarning = show_warning
    streams.prepare()
    if launched_rank() > 0:
        streams.silence()
    status = run(arguments)
    fault = streams.finish_stdout()
    if fault is not None and status == 0:
        echo_error(fault)
        status = 1
    ignore_at_exit()
    sys.exit(status)


def run(arguments: list[str] | None) -> int:
    """The exit status of one command, its errors reported."""
    try:
        status = group.main(args=arguments, prog_name="minicnn", standalone_mode=False)
    except click.ClickException as error:
        shown = explained(error) if isinstance(error, click.UsageError) else error
        shown.message = printable(shown.message)  # type: ignore[misc]   # click shows it as it is
        shown.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except MinicnnError as error:
        echo_error(str(error))
        return 1
    except MemoryError as error:
        echo_error(f"not enough memory: {error or 'the system refused'}")
        return 1
    except BrokenPipeError:  # the reader has seen enough
        return 0
    except OSError as error:
        echo_error(streams.explained(error))
        return 1
    return status if isinstance(status, int) else 0
