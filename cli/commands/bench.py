"""`minicnn bench`: how fast, measured here and now, alone or against PyTorch."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import click

from minicnn import bench as measuring
from minicnn.cli.options import format_option
from minicnn.errors import MinicnnError, SettingError

DEFAULT_SUITES = ("train", "infer")


class Words(click.ParamType):
    """Several words with commas; what they may be is checked where they are used."""

    name = "LIST"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        return value if isinstance(value, tuple) else tuple(word for word in (each.strip() for each in str(value).split(",")) if word)


@click.command()
@click.argument("suites", nargs=-1, type=click.Choice(measuring.SUITES), metavar="[kernels|train|infer|ladder]...")
@click.option("--against", type=click.Choice(measuring.PEERS), help="Do the same with this library and compare.")
@click.option("--threads", type=click.IntRange(min=1), help="Processors for us and for the other: all there are.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), metavar="X", help="Time for each row: 2; long calls take more.")
@click.option("--layers", default="*", metavar="PATTERN", help="Rows of these names alone, as in 'alexnet-*'.")
@click.option("--batch", "batches", type=click.IntRange(min=1), multiple=True, help="Images at once; may be given several times.")
@click.option("--passes", type=Words(), default=",".join(measuring.PASSES), show_default=True, help="Passes of the kernels to time.")
@click.option("--quick", is_flag=True, help="The smallest rows, a moment each: to see that it works.")
@format_option
def bench(suites: tuple[str, ...], against: str | None, threads: int | None, seconds: float | None, layers: str, batches: tuple[int, ...],
          passes: tuple[str, ...], quick: bool, form: str) -> None:
    """Time kernels, training and inference on this machine; train and infer unless told otherwise.

    What is compared is first checked to be the same: a row that differs is reported as wrong, not timed, and the status is 1.
    All of 'kernels' takes half an hour, and Ctrl-C shows what is there so far; 'ladder' climbs from the textbook loop to the engine.
    """
    many = threads or measuring.processors()
    protocol = measuring.QUICK if quick else measuring.Protocol()
    if seconds is not None:
        protocol = replace(protocol, seconds=seconds)
    options = measuring.Options(many, against, protocol, layers, batches or None, passes, quick)
    known = [name for suite in suites or DEFAULT_SUITES for name in measuring.names(suite, quick)]
    if not any(map(options.wants, known)):
        raise SettingError(f"bench: no row is called {layers!r}\n  known are {', '.join(dict.fromkeys(known))}")
    found: list[measuring.Row | measuring.Note] = []
    with measuring.pinned(many):
        machine, finished = _measured(suites or DEFAULT_SUITES, options, found)
    wrong = [row for row in found if isinstance(row, measuring.Row) and row.wrong]
    if form == "json":
        click.echo(json.dumps({
            "machine": asdict(machine),
            "records": [each.to_dict() if isinstance(each, measuring.Note) else measuring.row_record(each, machine) for each in found],
            "means": [mean.to_dict() for mean in measuring.means([each for each in found if isinstance(each, measuring.Row)])]}, indent=1))
    else:
        from minicnn.cli.render.bench import print_bench
        from minicnn.cli.render.console import stdout_console

        print_bench(stdout_console(), machine, found)
    if not finished:
        raise KeyboardInterrupt
    if wrong:
        listed = "\n".join(f"  {row.name} {row.work}, batch {row.batch}: error {row.agreement.error:.1e}, at most"
                           f" {row.agreement.tolerance:.1e}" for row in wrong if row.agreement)
        raise MinicnnError(f"bench: {len(wrong)} of {len(found)} rows have a result that differs from the peer's\n{listed}")


def _measured(suites: tuple[str, ...], options: measuring.Options, found: list[measuring.Row | measuring.Note]
              ) -> tuple[measuring.Machine, bool]:
    """Put the rows of the suites into `found`, telling on stderr how far it is; the machine, and whether nobody pressed Ctrl-C.

    The machine is measured before and after, and its better figures count.
    """
    from minicnn.cli.render.bench import Progress
    from minicnn.cli.render.console import stderr_console

    with Progress(stderr_console()) as progress:
        machine = measuring.measure_machine(options.threads, () if options.against is None else (options.against,))
        try:
            for suite in suites:
                for row in measuring.run(suite, options):
                    found.append(row)
                    progress.show(row)
            return measuring.better(machine, measuring.measure_machine(options.threads)), True
        except KeyboardInterrupt:
            return machine, False
