"""`minicnn doctor`: what works on this machine, what is missing, and the fix."""

from __future__ import annotations

import time

import click

from minicnn.cli.echo import json_text
from minicnn.cli.options import format_option


@click.command()
@format_option
@click.option("--warm", is_flag=True, help="Compile all kernels now, so that no later run has to.")
def doctor(form: str, warm: bool) -> None:
    """Show what works on this machine, what is missing, and the fix: compiler, CPU, caches, CUDA, data, extras."""
    from minicnn.cli import machine

    if warm:
        click.echo("compiling all kernels for this machine", err=True)
        begin = time.perf_counter()
        count = machine.warm()
        click.echo(f"{count} kernels are ready after {time.perf_counter() - begin:.1f} s", err=True)
    found = machine.findings()
    if form == "json":
        click.echo(json_text([finding._asdict() for finding in found], indent=1))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.doctor import print_findings

    print_findings(stdout_console(), found)
