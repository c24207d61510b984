"""`minicnn derive`: what becomes of a textbook loop on another machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from minicnn.cli.mistakes import Choice
from minicnn.errors import suggestion

MACHINES = ("threads", "cuda", "javascript")


@click.command()
@click.argument("kernel")
@click.option("--for", "machine", type=Choice(MACHINES), default="threads", show_default=True, help="The machine to write it for.")
@click.option("--ptx", is_flag=True, help="With --for cuda: what the compiler makes of it, without a device.")
@click.option("--architecture", default="sm_90", show_default=True, metavar="sm_NN", help="With --ptx: the devices to compile for.")
def derive(kernel: str, machine: str, ptx: bool, architecture: str) -> None:
    """Show what becomes of a textbook loop on another machine.

    KERNEL is a name from minicnn.kernels.textbook, such as conv2d_forward, or a loop of your own as FILE.py:FUNCTION.

    \b
    threads     the loop, and which of its loops may turn at the same time
    cuda        a CUDA kernel in Python, for Numba
    javascript  the loop for a browser
    """
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.derive import print_code
    from minicnn.kernels import textbook
    from minicnn.kernels.derive import cuda, javascript, marked, read, threads

    if ptx and machine != "cuda":
        raise click.UsageError("--ptx is what the compiler makes of a CUDA kernel: add --for cuda")
    loop = definition_of(kernel)
    definition = read(loop)
    if ptx:
        from minicnn.kernels.derive.ptx import ptx_of

        forward = getattr(textbook, f"{definition.name.partition('_backward')[0]}_forward", loop)
        print_code(stdout_console(), ptx_of(definition, architecture, forward.__doc__), "text")
    elif machine == "javascript":
        print_code(stdout_console(), javascript(definition), "javascript")
    else:
        print_code(stdout_console(), cuda(definition) if machine == "cuda" else marked(threads(definition)), "python")


def definition_of(word: str) -> Callable[..., Any]:
    """The loop that a word on the command line means."""
    from minicnn.cli.python_file import own_function
    from minicnn.kernels import textbook

    if ".py" in word:
        return own_function(word)
    if word not in textbook.__all__:
        forward = [f"{word}_forward"] if f"{word}_forward" in textbook.__all__ else textbook.__all__
        close = suggestion(word, forward) or "\n  minicnn.kernels.textbook has them all; a loop of your own is FILE.py:FUNCTION"
        raise click.UsageError(f"there is no kernel {word!r}{close}")
    return getattr(textbook, word)  # type: ignore[no-any-return]
