"""`minicnn bench`: time and memory on this machine, alone or against PyTorch."""

from __future__ import annotations

from dataclasses import asdict, replace

import click

from minicnn import bench as measuring
from minicnn.cli.echo import json_text
from minicnn.cli.mistakes import Choice
from minicnn.cli.options import device_option, format_option
from minicnn.errors import MinicnnError, SettingError, suggestion

DEFAULT_SUITES = ("train", "infer")


class Words(click.ParamType):
    """Several words separated by commas; they are checked where they are used."""

    name = "LIST"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        return value if isinstance(value, tuple) else tuple(word for word in (each.strip() for each in str(value).split(",")) if word)


@click.command()
@click.argument("suites", nargs=-1, type=Choice(measuring.SUITES), metavar="[SUITE]...")
@click.option("--against", type=Choice(measuring.PEERS), help="Run the same with PyTorch and compare; on a GPU without TF32, or with it.")
@device_option
@click.option("--threads", type=click.IntRange(min=1), metavar="N", show_default="all", help="Processors to use, for both sides.")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), metavar="X", show_default="2", help="Time per row; long calls take more."
)
@click.option("--layers", default="*", metavar="PATTERN", help="Measure only rows with these names, as in 'alexnet-*'.")
@click.option(
    "--batch", "batches", type=click.IntRange(min=1), multiple=True, metavar="N", help="Images per batch; may be given several times."
)
@click.option("--passes", type=Words(), default=",".join(measuring.PASSES), show_default=True, help="Passes that 'kernels' times.")
@click.option("--quick", is_flag=True, help="A short trial, to see that it works.")
@click.option("--explain", is_flag=True, help="Time nothing: show which algorithm each convolution uses, and why.")
@format_option
def bench(
    suites: tuple[str, ...],
    against: str | None,
    device: str,
    threads: int | None,
    seconds: float | None,
    layers: str,
    batches: tuple[int, ...],
    passes: tuple[str, ...],
    quick: bool,
    explain: bool,
    form: str,
) -> None:
    """Measure time and memory on this machine, alone or against PyTorch.

    \b
    train    an update and an epoch of LeNet and ResNet-20
    infer    images in, logits out: LeNet, AlexNet, ResNet-20
    kernels  layers one by one, forward and backward; takes half an hour
    ladder   one layer, from the textbook loop to the engine in steps
    memory   the peak memory of training LeNet
    starts   whole commands, with and without compiling

    Without a SUITE: train and infer.  Ctrl-C shows the results so far.

    train, infer, kernels and ladder compare results before they time anything: a row that differs is reported as wrong, and the exit
    status is 1.  memory and starts run in separate processes, on the CPU only.
    """
    from minicnn.engine import checked_device

    device = checked_device(device)
    many = threads or measuring.processors()
    protocol = measuring.QUICK if quick else measuring.Protocol()
    if seconds is not None:
        protocol = replace(protocol, seconds=seconds)
    options = measuring.Options(many, against, protocol, layers, batches or None, passes, quick, device)
    if explain:
        _explain(options, form)
        return
    known = [name for suite in suites or DEFAULT_SUITES for name in measuring.names(suite, quick)]
    if not any(map(options.wants, known)):
        raise SettingError(
            f"bench: no row is called {layers!r}{suggestion(layers, known)}\n  choose from {', '.join(dict.fromkeys(known))}"
        )
    found: list[measuring.Record] = []
    with measuring.pinned(many):
        machine, finished = _measured(suites or DEFAULT_SUITES, options, found)
    wrong = [row for row in found if isinstance(row, measuring.Row) and row.wrong]
    if form == "json":
        click.echo(
            json_text(
                {
                    "machine": asdict(machine),
                    "records": [
                        measuring.row_record(each, machine) if isinstance(each, measuring.Row) else each.to_dict() for each in found
                    ],
                    "means": [mean.to_dict() for mean in measuring.means([each for each in found if isinstance(each, measuring.Row)])],
                },
                indent=1,
            )
        )
    else:
        from minicnn.cli.render.bench import print_bench
        from minicnn.cli.render.console import stdout_console

        print_bench(stdout_console(), machine, found)
    if not finished:
        raise KeyboardInterrupt
    if wrong:
        listed = "\n".join(
            f"  {row.name} {row.work}, batch {row.batch}: error {row.agreement.error:.1e}, at most {row.agreement.tolerance:.1e}"
            for row in wrong
            if row.agreement
        )
        raise MinicnnError(f"bench: {len(wrong)} of {len(found)} rows have a result that differs from the peer's\n{listed}")


def _explain(options: measuring.Options, form: str) -> None:
    """The choice of algorithm for every selected convolution."""
    if options.device != "cpu":
        raise SettingError("bench: --explain shows the ways of the CPU, and a GPU has one\n  leave out --device")
    from minicnn.bench.explain import explanations

    found = list(explanations(options))
    if not found:
        raise SettingError(
            f"bench: no convolution is called {options.layers!r}\n  choose from those of the kernels suite, and layers of"
            f" networks such as 'resnet20:*'"
        )
    if form == "json":
        click.echo(json_text([each.to_dict() for each in found], indent=1))
        return
    from minicnn.cli.render.console import stdout_console
    from minicnn.cli.render.explain import print_explanations

    print_explanations(stdout_console(), found)


def _measured(suites: tuple[str, ...], options: measuring.Options, found: list[measuring.Record]) -> tuple[measuring.Machine, bool]:
    """Put the rows of the suites into `found`, with progress on stderr; returns the machine, and False after Ctrl-C.

    The machine is measured before and after, and its better figures count.
    """
    from minicnn.cli.render.bench import Progress
    from minicnn.cli.render.console import stderr_console

    with Progress(stderr_console()) as progress:
        machine = measuring.measured(options)
        try:
            for suite in suites:
                for row in measuring.run(suite, options):
                    found.append(row)
                    progress.show(row)
            return measuring.better(machine, measuring.measured(options, whole=False)), True
        except KeyboardInterrupt:
            return machine, False
